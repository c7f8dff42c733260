"""A deck's tree for PowerPoint, which shows a table or a picture alone under a title: no slide is left without one.

A table of a single row becomes points; what stands beside a larger table goes onto a slide of the same title.
"""

from collections.abc import Iterator
from typing import Any

from chatbot.language import current_language, tr
from livrables.syntax_tree import Node, Pages, words_of
from livrables.table_widths import with_widths

LINE = 90  # characters of a table on a slide


def slides_of(pages: Pages) -> dict[str, Any]:
    """Metadata and blocks of the deck; what stands before the first section goes onto the title slide."""
    blocks = [block for block in pages.blocks if block["t"] != "HorizontalRule"]
    first = next((place for place, block in enumerate(blocks) if block["t"] == "Header"), len(blocks))
    opening = [block["c"] for block in blocks[:first] if block["t"] in ("Para", "Plain")]
    meta = {"title": _inlines(pages.title), "lang": {"t": "MetaString", "c": current_language()}}
    for name, inlines in zip(("subtitle", "date"), opening, strict=False):
        meta[name] = _inlines(inlines)
    return {"meta": meta, "blocks": [block for section in _sections(blocks[first:]) for block in _slides(section)]}


def _sections(blocks: list[Node]) -> Iterator[list[Node]]:
    """Runs of blocks that start with a heading."""
    section: list[Node] = []
    for block in blocks:
        if block["t"] == "Header" and section:
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _slides(section: list[Node]) -> Iterator[Node]:
    heading, *rest = section
    texts: list[Node] = []
    alone: list[Node] = []
    for block in rest:
        if block["t"] == "Table" and _rows(block) == 1:
            texts.append(_points(block))
        elif block["t"] in ("Table", "Figure"):
            alone.append(_wide(block) if block["t"] == "Table" else _captioned(block))
        elif alone and _is_source(block) and alone[-1]["t"] == "Table":
            alone[-1] = _with_caption(alone[-1], block["c"])
        else:
            texts.append(block["c"][1][0] if block["t"] == "Div" else block)
    for place, part in enumerate([*([block] for block in alone), *([texts] if texts else [])] or [[]]):
        yield heading if place == 0 else _again(heading)
        yield from part


def _rows(table: Node) -> int:
    return sum(len(body[3]) for body in table["c"][4])


def _points(table: Node) -> Node:
    """Head and cell of each column as a point."""
    heads = table["c"][3][1][0][1]
    cells = table["c"][4][0][3][0][1]
    colon = {"t": "Str", "c": tr("\N{NO-BREAK SPACE}: ", ": ")}
    points = [[{"t": "Plain", "c": [*_cell(head), colon, {"t": "Strong", "c": _cell(cell)}]}] for head, cell in zip(heads, cells, strict=True)]  # fmt: skip
    return {"t": "BulletList", "c": points}


def _cell(cell: Any) -> list[Node]:
    return [inline for block in cell[4] for inline in block["c"]]


def _wide(table: Node) -> Node:
    """The table over the whole slide."""
    attr, caption, specs, *rest = with_widths(table, LINE, always=True)["c"]
    total = sum(width["c"] for _, width in specs)
    return {"t": "Table", "c": [attr, caption, [[side, {"t": "ColWidth", "c": width["c"] / total}] for side, width in specs], *rest]}  # fmt: skip


def _captioned(figure: Node) -> Node:
    """A picture alone: PowerPoint shows its own words below it."""
    image = figure["c"][2][0]["c"][0]
    words = figure["c"][1][1][0]["c"]
    return {"t": "Para", "c": [{"t": "Image", "c": [["", [], []], words, [image["c"][2][0], "fig:"]]}]}


def _is_source(block: Node) -> bool:
    """The line below a table that names its source."""
    emphasis = block["t"] == "Para" and len(block["c"]) == 1 and block["c"][0]["t"] == "Emph"
    return bool(emphasis and words_of(block["c"]).startswith("Source"))


def _with_caption(table: Node, words: list[Node]) -> Node:
    attr, _, *rest = table["c"]
    return {"t": "Table", "c": [attr, [None, [{"t": "Plain", "c": words}]], *rest]}


def _again(heading: Node) -> Node:
    more = [{"t": "Space"}, {"t": "Str", "c": tr("(suite)", "(continued)")}]
    return {"t": "Header", "c": [heading["c"][0], ["", [], []], [*heading["c"][2], *more]]}


def _inlines(nodes: list[Node]) -> dict[str, Any]:
    return {"t": "MetaInlines", "c": nodes}
