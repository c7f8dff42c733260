"""Widths of a table's columns: what fits on the page keeps its own, what does not is shared out by what columns hold."""

import re
from typing import Any

from livrables.syntax_tree import Node, words_of

TYPST, WORD = 104, 84  # characters of a table's small print on a line; a word processor's font is not known: fewer
PADDING = 4
LONGEST = 48  # characters: longer cells wrap anyhow
HEAD = 3  # lines that a head may take
SHORT, LITTLE = 12, 1400  # rows and characters of a table that stays on one page
_BREAKS = re.compile(r"[ \t\n/-]")  # not at no-break blanks


def with_widths(table: Node, line: int, *, always: bool = False) -> Node:
    """The table with widths as shares of the line where its text is wider than that.

    Args:
        table: of pandoc's tree.
        line: characters that it has room for.
        always: whether columns that fit get theirs too: a word processor would make them all alike.
    """
    heads, columns = _texts(table)
    least = [max(map(_longest_word, [head, *cells])) + PADDING for head, cells in zip(heads, columns, strict=True)]
    natural = [max(fewest, _natural(head, cells) + PADDING) for fewest, head, cells in zip(least, heads, columns, strict=True)]  # fmt: skip
    if sum(natural) <= line:
        return _with(table, [one / line for one in natural]) if always else table
    return _with(table, _shared(least, natural, line))


def is_short(table: Node) -> bool:
    """Whether it should not be broken across pages."""
    _, columns = _texts(table)
    return len(columns[0]) <= SHORT and sum(len(cell) for cells in columns for cell in cells) <= LITTLE


def together(table: Node) -> Node:
    """A table whose rows a word processor keeps on one page."""
    attr, caption, specs, head, bodies, foot = table["c"]
    made = [[*body[:3], [*(_kept(row) for row in body[3][:-1]), *body[3][-1:]]] for body in bodies]
    return {"t": "Table", "c": [attr, caption, specs, [head[0], [_kept(row) for row in head[1]]], made, foot]}


def _shared(least: list[int], natural: list[int], line: int) -> list[float]:
    """Shares of the line: room for each column's longest word first, the rest to those that want more."""
    if sum(least) >= line:
        return [one / sum(least) for one in least]
    wanted = [more - one for one, more in zip(least, natural, strict=True)]
    part = (line - sum(least)) / sum(wanted)
    return [(one + part * want) / line for one, want in zip(least, wanted, strict=True)]


def _natural(head: str, cells: list[str]) -> int:
    """Characters that a column would like: its longest cell on one line, its head on several."""
    return min(LONGEST, max([len(head) // HEAD, *map(len, cells)]))


def _longest_word(text: str) -> int:
    return max(map(len, _BREAKS.split(text)))


def _kept(row: list[Any]) -> list[Any]:
    style = ["", [], [["custom-style", "Kept"]]]
    cells = [[*cell[:4], [{"t": "Div", "c": [style, cell[4]]}] if cell[4] else []] for cell in row[1]]
    return [row[0], cells]


def _with(table: Node, widths: list[float]) -> Node:
    attr, caption, specs, *rest = table["c"]
    made = [[spec[0], {"t": "ColWidth", "c": round(width, 4)}] for spec, width in zip(specs, widths, strict=True)]
    return {"t": "Table", "c": [attr, caption, made, *rest]}


def _texts(table: Node) -> tuple[list[str], list[list[str]]]:
    """The head's cells, and the cells of each column."""
    _, _, specs, head, bodies, _ = table["c"]
    rows = [[words_of([block["c"] for block in cell[4]]) for cell in row[1]] for body in bodies for row in body[3]]
    heads = [words_of([block["c"] for block in cell[4]]) for row in head[1] for cell in row[1]]
    return heads or [""] * len(specs), [[row[place] for row in rows] for place in range(len(specs))]
