"""The folder of a Gradio Space: app.py, the part of our code that it needs, pinned requirements, and what it shows."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.hub.parcel import Item, Parcel, item, parcel
from app.hub.space_card import card, header
from app.hub.space_imports import ROOT, imported_by
from app.hub.space_model import ModelAt
from app.hub.space_requirements import requirements
from app.hub.space_shown import Shown
from chatbot.language import current_language
from chatbot.locate import EMBEDDED

PROGRAM = ROOT / "app" / "space" / "app.py"
DOMAINS = "chatbot/domains"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a Space is made for.

    Args:
        title: of the Space and of its page.
        model: that answers there.
        shown: what is known of it.
        hardware: asked for; None leaves it to the Hub.
    """

    title: str
    model: ModelAt
    shown: Shown
    hardware: str | None = None


def space_parcel(page: Page) -> Parcel:
    """All the files of the Space; the same page gives the same bytes."""
    needed = imported_by(PROGRAM)
    values = header(page.title, page.model, version("gradio"), page.hardware)
    about = json.loads(page.shown.exhibits)["about"]
    items = [
        item("README.md", card(values, page.model, about, page.hardware).encode()),
        item("app.py", program(page).encode()),
        item("requirements.txt", requirements(needed.others, page.hardware).encode()),
        item("exhibits.json", page.shown.exhibits),
        *(item(place, file) for place, file in needed.files.items()),
        *(item(f"{DOMAINS}/{file.name}", file) for file in sorted((ROOT / DOMAINS).glob("*.yaml"))),
        *_weights(page.model),
        *_licence(),
    ]
    if page.shown.domain is not None:
        items.append(item("domain.yaml", page.shown.domain))
    return parcel("space", page.title, *items)


def program(page: Page) -> str:
    """app.py with the page's values at its top."""
    values: dict[str, Any] = {
        "MODEL": page.model.repo,
        "REVISION": page.model.revision,
        "TITLE": page.title,
        "LANGUAGE": current_language(),
        "SAMPLING": dict(page.shown.sampling),
        "EXAMPLES": list(page.shown.examples),
        "HARDWARE": page.hardware or "cpu-basic",
    }
    text = PROGRAM.read_text(encoding="utf-8").replace("  # noqa: E402", "")  # for our own checks alone
    return filled(text, values)


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The program with other values of its constants, each of which has a line of its own."""
    for name, value in values.items():
        written = json.dumps(value, ensure_ascii=False, indent=4 if isinstance(value, list) and value else None)
        line = re.compile(rf"^({name}(?:: [^=]+)?) = .*?(  # .*)?$", re.MULTILINE)
        found = line.search(text)
        if found is None:
            raise ValueError(f"`{name}` must have a line in {PROGRAM.name}.")
        text = f"{text[: found.start()]}{found[1]} = {written}{found[2] or ''}{text[found.end() :]}"
    return text


def _weights(model: ModelAt) -> list[Item]:
    """The model that comes with us, where it is the one; its curve and recipe stay here."""
    if not model.embedded:
        return []
    folder = EMBEDDED[model.repo]
    place = folder.relative_to(ROOT).as_posix()
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix != ".csv")
    return [item(f"{place}/{file.relative_to(folder).as_posix()}", file) for file in files]


def _licence() -> list[Item]:
    """The licence of our code; in an installed package it lies elsewhere."""
    file: Path = ROOT / "LICENSE"
    return [item("LICENSE", file)] if file.is_file() else []
