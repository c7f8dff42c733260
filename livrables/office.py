"""A document as Word and PDF files, from its Markdown: pandoc for the first, pandoc and Typst for the second.

No network, no LaTeX and no fonts of the system are needed: Typst brings its own, Matplotlib those for signs that it lacks.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chatbot.errors import WorldError
from chatbot.language import current_language, tr
from livrables.pandoc import read_tree, write_tree
from livrables.slide_tree import slides_of
from livrables.styles.powerpoint import reference_pptx
from livrables.styles.word import reference_docx
from livrables.syntax_tree import Node, Pages, words_of
from livrables.table_widths import TYPST, WORD, is_short, together, with_widths

PAGE = Path(__file__).parent / "styles" / "page.typ"
# A piece of code first, which no paragraph's end and no comment's own line cuts: what looks like a comment in it is text.
_COMMENT = re.compile(
    r"(?P<code>(?<![`\\])(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*(?:\n|<!--)).)*?(?<!`)(?P=ticks)(?!`))|<!--.*?-->", re.DOTALL
)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_FENCE = re.compile(r"(^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z))", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A document laid out.

    Args:
        content: bytes of the file, by format.
        refused: pictures that were left out.
    """

    content: dict[str, bytes]
    refused: tuple[str, ...]


def lay_out(file: Path, formats: tuple[str, ...], *, root: Path, today: date) -> Laid:
    """The Word and PDF files of a Markdown file.

    Args:
        file: Markdown.
        formats: "docx", "pdf".
        root: the team's folder, which pictures may not come from outside of.
        today: noted in the files as their date.

    Raises:
        WorldError: pandoc or Typst failed.
    """
    tree = read_tree(without_comments(file.read_text(encoding="utf-8-sig")))
    pages = Pages.of(tree, file.parent, root)
    makers = {"docx": _docx, "pdf": _pdf}
    with _workplace(pages) as folder:
        made = {name: makers[name](pages, tree["pandoc-api-version"], folder, today) for name in formats}
    return Laid(content=made, refused=tuple(pages.refused))


def lay_out_slides(file: Path, *, root: Path, today: date) -> Laid:
    """The PowerPoint file of a deck in Markdown.

    Args:
        file: Markdown: a title, then sections of the second level with rules between them.
        root: the team's folder.
        today: noted in the file.

    Raises:
        WorldError: pandoc failed.
    """
    text = _FRONT_MATTER.sub("", file.read_text(encoding="utf-8-sig"), count=1)
    tree = read_tree(without_comments(text))
    pages = Pages.of(tree, file.parent, root)
    with _workplace(pages) as folder:
        (folder / "reference.pptx").write_bytes(reference_pptx())
        deck = {"pandoc-api-version": tree["pandoc-api-version"], **slides_of(pages)}
        made = write_tree(deck, "pptx", "--slide-level=1", "--reference-doc", "reference.pptx", folder=folder, today=today)  # fmt: skip
    return Laid(content={"pptx": made}, refused=tuple(pages.refused))


def without_comments(markdown: str) -> str:
    """Markdown without HTML comments, which no page shows; code keeps its own."""
    parts, last = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [_uncommented(markdown[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*parts, _uncommented(markdown[last:])])


def _uncommented(text: str) -> str:
    return _COMMENT.sub(lambda found: found["code"] or "", text)


@contextmanager
def _workplace(pages: Pages) -> Iterator[Path]:
    """A folder that holds the pictures and nothing else."""
    with tempfile.TemporaryDirectory(prefix="causette-") as name:
        folder = Path(name)
        for picture, file in pages.pictures.items():
            shutil.copyfile(file, folder / picture)
        yield folder


def _docx(pages: Pages, version: list[int], folder: Path, today: date) -> bytes:
    reference = folder / "reference.docx"
    reference.write_bytes(reference_docx(words_of(pages.title), team_of(pages)))
    front = [_front_table(pages)] if pages.front else []
    body = [_word_table(block) if block["t"] == "Table" else block for block in pages.blocks]
    tree = {"pandoc-api-version": version, "meta": _meta(pages), "blocks": [*front, *body]}
    return write_tree(tree, "docx", "--reference-doc", reference.name, folder=folder, today=today)


def _pdf(pages: Pages, version: list[int], folder: Path, today: date) -> bytes:
    import typst

    rows = [{"t": "MetaMap", "c": {"label": _inlines(label), "value": _inlines(value)}} for label, value in pages.front]
    body = [_page_table(block) if block["t"] == "Table" else block for block in pages.blocks]
    more = {"rows": {"t": "MetaList", "c": rows}, "team": _text(team_of(pages)), "footer": _text("")}
    tree = {"pandoc-api-version": version, "meta": {**_meta(pages), **more}, "blocks": body}
    source = write_tree(tree, "typst-smart", "--template", str(PAGE), folder=folder, today=today)
    main = folder / "document.typ"
    main.write_bytes(
        source.replace(b"align(center)[#table(", b"align(left)[#table(")
    )  # tables start where the text does
    try:
        return bytes(typst.compile(main, root=folder, font_paths=_fonts(), ignore_system_fonts=True, timestamp=0))
    except RuntimeError as error:
        raise WorldError(tr(f"Typst n'a pas pu mettre le document en page : {error}. Le Markdown est écrit.",
                            f"Typst could not lay the document out: {error}. The Markdown is written.")) from error  # fmt: skip


def _word_table(table: Node) -> Node:
    shared = with_widths(table, WORD, always=True)
    return together(shared) if is_short(table) else shared


def _page_table(table: Node) -> Node:
    shared = with_widths(table, TYPST)
    if not is_short(table):
        return shared
    return {"t": "Div", "c": [["", [], [["typst:breakable", "false"]]], [shared]]}


def _fonts() -> list[Path]:
    """Matplotlib's fonts: signs and arrows that Typst's own do not have."""
    import matplotlib

    return [Path(matplotlib.get_data_path()) / "fonts" / "ttf"]


def team_of(pages: Pages) -> str:
    """The first row under the title says who the team is."""
    return words_of(pages.front[0][1]) if pages.front else ""


def _front_table(pages: Pages) -> dict[str, Any]:
    """The rows under the title as a table without a head."""
    nothing = ["", [], []]
    left = [{"t": "AlignLeft"}, {"t": "ColWidth", "c": 0.25}]
    right = [{"t": "AlignLeft"}, {"t": "ColWidth", "c": 0.75}]
    rows = [[nothing, [_cell([{"t": "Strong", "c": label}]), _cell(value)]] for label, value in pages.front]
    return {"t": "Table", "c": [nothing, [None, []], [left, right], [nothing, []], [[nothing, 0, [], rows]], [nothing, []]]}  # fmt: skip


def _cell(inlines: list[Any]) -> list[Any]:
    return [["", [], []], {"t": "AlignDefault"}, 1, 1, [{"t": "Plain", "c": inlines}]]


def _meta(pages: Pages) -> dict[str, Any]:
    return {"title": _inlines(pages.title), "lang": _text(current_language())}


def _inlines(nodes: list[Any]) -> dict[str, Any]:
    return {"t": "MetaInlines", "c": nodes}


def _text(text: str) -> dict[str, Any]:
    return {"t": "MetaString", "c": text}
