"""Reads a workbook back by its own XML: what each cell shows, and which cells are formulas."""

import re
import zipfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Cell(NamedTuple):
    """A number or a text; the formula that gives it, or ""."""

    value: float | str
    formula: str


def sheets_of(path: Path) -> dict[str, dict[str, Cell]]:
    """Name of a sheet → its cells that are not empty: "B4" → value and formula."""
    with zipfile.ZipFile(path) as parts:
        texts = _shared(parts)
        links = {
            one.get("Id"): one.get("Target") for one in ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
        }
        book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
        return {
            sheet.get("name"): _cells(ElementTree.fromstring(parts.read(f"xl/{links[sheet.get(LINK)]}")), texts)
            for sheet in book.iter(f"{MAIN}sheet")
        }


def without_values(path: Path, target: Path) -> None:
    """A copy whose formulas have no values: whoever opens it must compute them."""
    with zipfile.ZipFile(path) as parts, zipfile.ZipFile(target, "w") as copy:
        for name in parts.namelist():
            content = parts.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"(<f>[^<]*</f>)<v>[^<]*</v>", rb"\1", content)
            copy.writestr(name, content)


def _shared(parts: zipfile.ZipFile) -> list[str]:
    root = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
    return ["".join(text.text or "" for text in one.iter(f"{MAIN}t")) for one in root]


def _cells(root: ElementTree.Element, texts: list[str]) -> dict[str, Cell]:
    found = {}
    for cell in root.iter(f"{MAIN}c"):
        value, formula = cell.find(f"{MAIN}v"), cell.find(f"{MAIN}f")
        said = value.text or "" if value is not None else ""
        if value is None and formula is None:
            continue
        kind = cell.get("t", "n")
        shown = texts[int(said)] if kind == "s" else float(said) if kind == "n" and said else said
        found[cell.get("r")] = Cell(shown, formula.text or "" if formula is not None else "")
    return found
