"""A model card as headings, paragraphs and tables: as much Markdown as cards like ours need, and no HTML."""

import re
from collections.abc import Iterator
from itertools import groupby

from app.page.trained import Block

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_RULE = re.compile(r"[|:\s-]+")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")


def blocks_of(markdown: str) -> tuple[Block, ...]:
    """The blocks of a card, without its front matter and its title; signs that are not known stand as they are."""
    lines = _FRONT.sub("", markdown.replace("\r\n", "\n")).splitlines()
    return tuple(_blocks(lines))


def _blocks(lines: list[str]) -> Iterator[Block]:
    for kind, group in groupby(lines, key=_kind):
        found = [line.strip() for line in group]
        if kind == "table":
            rows = (tuple(map(_plain, line.strip("|").split("|"))) for line in found if not _RULE.fullmatch(line))
            yield Block(kind="table", rows=tuple(rows))
        elif kind == "heading":
            yield from (
                Block(kind="heading", text=_plain(line.lstrip("#"))) for line in found if not line.startswith("# ")
            )
        elif kind == "item":
            yield from (Block(kind="item", text=_plain(line[2:])) for line in found)
        elif kind == "text":
            yield Block(kind="text", text=_plain(" ".join(found)))


def _kind(line: str) -> str:
    line = line.strip()
    if not line:
        return "blank"
    if line.startswith("#"):
        return "heading"
    if line.startswith("|"):
        return "table"
    return "item" if line.startswith(("- ", "* ")) else "text"


def _plain(text: str) -> str:
    """A line without the marks of Markdown; a link as its text and its address."""
    return _LINK.sub(r"\1 (\2)", text).replace("**", "").replace("`", "").strip()
