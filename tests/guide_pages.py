"""The pages of the guide as the tests of the documentation read them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = ("commandes.md", "cles.md", "en/commands.md")  # by docs.reference
APART = ("mini_sources.md",)  # no page: what `causette pretrain --sources` copies into the card of `mini`


def _pages(folder: Path) -> dict[str, str]:
    found = {path.relative_to(DOCS).as_posix(): path for path in sorted(folder.glob("*.md")) if path.name not in APART}
    return {name: path.read_text(encoding="utf-8") for name, path in found.items()}


FRENCH = _pages(DOCS)
ENGLISH = _pages(DOCS / "en")
ALL = {**FRENCH, **ENGLISH}
# What people wrote: a page that is made from the code names everything.
WRITTEN = {name: text for name, text in FRENCH.items() if name not in MADE}
GUIDE = "\n\n## \n".join(WRITTEN.values())


def fences(text: str, *languages: str) -> list[str]:
    """The fenced blocks of these languages ("" is a block that says none)."""
    found = re.findall(r"^```([\w{}-]*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [block for language, block in found if language in languages]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def links(text: str) -> list[str]:
    """Where the links and pictures of a page lead."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(text)))


def anchor(title: str) -> str:
    """The address of a section, as GitHub, GitLab and Sphinx (`myst_heading_anchors`) make it of its title."""
    return re.sub(r"[^\w\- ]", "", title.lower().replace("\u00a0", "")).strip().replace(" ", "-")


def anchors(text: str) -> set[str]:
    return {anchor(title) for title in re.findall(r"^#+ (.*)$", prose(text), flags=re.MULTILINE)}


def code_spans(text: str) -> Iterator[str]:
    """What stands between backticks, on one line."""
    for span in re.findall(r"`([^`]+)`", prose(text)):
        yield " ".join(span.split())
