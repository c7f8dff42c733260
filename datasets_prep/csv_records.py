"""From the lines of a CSV file to lists of cells, each line accounted for, whatever became of its quotes.

The csv module in its strict form reads what is well formed (pandas would drop a row silently after an unclosed quote).
Where it stops, or gives another number of cells than the header, the record is told apart anew here, from the raw text,
and reading goes on with the line after it::

    "Il a dit "oui", je crois",2         a stray quote: only a quote beside a separator opens or closes
    "Où est mon colis ?,Dans le hall.    an unclosed quote: the record ends where it began to swallow the next ones
    Où ?,Dans la rue, au 3.              an unquoted separator: a blank follows it, as no other separator of the record
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

LONGEST_CELL = 2**31 - 1  # characters; the module's own 131,072 would cut a long answer
MOST_PIECES = 100  # between separators, of a record whose quotes are told apart anew
MOST_LINES = 30  # of such a record
MOST_TRIES = 4  # ends that are tried for such a record
CLOSED = re.compile(r'\s*"[^"]*"\s*')  # a cell whose quotes are in order
UNCLOSED = 100  # cost of a quote that is never closed; a quote that should be doubled costs 1


class RawRecord(NamedTuple):
    """A record as found.

    Args:
        line: 1 for the first line of the file.
        text: its lines, as they are.
        cells: its cells; None where they cannot be told apart.
        repair: a key of `REPAIRS` when the record was not well formed, else "".
    """

    line: int
    text: str
    cells: list[str] | None
    repair: str = ""


def csv_reader(lines: Iterable[str], separator: str, *, strict: bool) -> Any:
    """The csv module's reader, without its limit on the length of a cell (one for the whole process, so set here)."""
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(lines, delimiter=separator, strict=strict)


def records(
    lines: Iterator[str], separator: str, width: int, *, first_line: int = 1, needed: int = 0, longest: int = 8 * 2**20
) -> Iterator[RawRecord]:
    """The records of these lines; blank lines are none.

    Args:
        lines: each with its end.
        separator: between two cells.
        width: cells of a record.
        first_line: number of the first of the lines in its file.
        needed: cells that a record must have at least; those after it are filled up with empty ones.
        longest: characters after which a record counts as one whose quote is never closed.
    """
    feed = _Feed(lines, longest)
    shape = _Shape(separator, width, needed or width)
    line = first_line
    while not feed.ended:
        reader = csv_reader(feed.read(), separator, strict=True)
        while (cells := _next_cells(reader, feed)) is not None:
            taken = feed.taken
            if cells is not BROKEN and (fitted := shape.fitted(cells)) is not None:
                text = taken[0] if len(taken) == 1 else "".join(taken)
                yield _well_formed(line, text, fitted, shape)
            elif len(taken) > 1 or taken[0].strip():
                record, count = _told_apart(feed, shape, None if cells is BROKEN else cells, line)
                yield record
                if cells is BROKEN or count < len(taken):
                    feed.give_back(taken[count:])
                    line += count
                    break
            line += len(taken)


BROKEN = ["a record that the csv module cannot read"]


def _next_cells(reader: Any, feed: "_Feed") -> list[str] | None:
    """The cells of the next record, `BROKEN`, or None at the end; its lines are then in `feed.taken`."""
    feed.taken.clear()
    try:
        return next(reader, None)
    except csv.Error:
        return BROKEN


def _well_formed(line: int, text: str, cells: list[str], shape: "_Shape") -> RawRecord:
    """A record with as many cells as the header; a quote after a blank, which opens no cell, is made to open one."""
    if f'{shape.separator} "' in text and any(cell.startswith(' "') for cell in cells):
        found, cost = _regrouped(text, shape)
        if found and not cost:
            return RawRecord(line=line, text=text, cells=found, repair="blank_before_quote")
    return RawRecord(line=line, text=text, cells=cells)


class _Feed:
    """The lines for a reader; those that a broken record has swallowed are given back for the next reader."""

    def __init__(self, lines: Iterator[str], longest: int) -> None:
        self._lines, self._longest = lines, longest
        self._returned: deque[str] = deque()
        self.taken: list[str] = []  # by the current record
        self.ended = False

    def read(self) -> Iterator[str]:
        """Lines until the end, or until one record has taken `longest` characters."""
        size = 0
        while (line := self._next()) is not None:
            size = size + len(line) if self.taken else len(line)
            if size > self._longest and self.taken:
                self._returned.appendleft(line)
                return
            self.taken.append(line)
            yield line

    def take_one_more(self) -> bool:
        """Whether the current record could be given another line."""
        line = self._next()
        if line is not None:
            self.taken.append(line)
        return line is not None

    def _next(self) -> str | None:
        line = self._returned.popleft() if self._returned else next(self._lines, None)
        self.ended = line is None
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.ended = self.ended and not self._returned


@dataclass(frozen=True)
class _Shape:
    """What a record looks like: its separator, its number of cells, and how many of them must be there."""

    separator: str
    width: int
    needed: int

    def fitted(self, cells: list[str]) -> list[str] | None:
        """The cells, as many as the header's, or None: Excel leaves ";;" at the ends of lines, or leaves it out."""
        while len(cells) > self.width and not cells[-1].strip():
            cells.pop()
        if self.needed <= len(cells) < self.width:
            cells = cells + [""] * (self.width - len(cells))
        return cells if len(cells) == self.width else None


def _told_apart(feed: _Feed, shape: _Shape, cells: list[str] | None, line: int) -> tuple[RawRecord, int]:
    """The record that begins with the first of the lines taken, and how many of them are its own.

    `cells` is what the csv module made of all of them, too few or too many; or None where it stopped.
    """
    taken, own = feed.taken, len(feed.taken)  # more may be taken, to look ahead
    if '"' not in taken[0]:
        return _without_quotes(taken[0], shape, line), 1
    tries = 0
    for count in range(1, MOST_LINES):
        if tries == MOST_TRIES:
            break
        if count > len(taken) and (cells or not feed.take_one_more()):
            break
        if count > 1 and _begins_record(feed, count - 1, shape):  # nothing well formed is swallowed
            break
        if '"' not in taken[count - 1]:
            continue
        tries += 1
        text = "".join(taken[:count])
        if text.count('"') % 2:
            continue
        found, cost = _regrouped(text, shape)
        most = 0 if cells and count == own else UNCLOSED - 1  # well quoted: of too many cells none is joined
        if found and cost <= most:
            repair = "stray_quote" if cost else "blank_before_quote"
            return RawRecord(line=line, text=text, cells=found, repair=repair), count
    whole = cells is not None and (own == 1 or not _begins_record(feed, 1, shape))  # swallowed nothing
    found, cost = (None, 0) if whole else _regrouped(taken[0], shape)
    if found:
        repair = "unclosed_quote" if cost >= UNCLOSED else "stray_quote"
        return RawRecord(line=line, text=taken[0], cells=found, repair=repair), 1
    count = _lines_of_broken(feed, shape, otherwise=own if cells else 1)
    return RawRecord(line=line, text="".join(taken[:count]), cells=cells if count == own else None), count


def _without_quotes(text: str, shape: _Shape, line: int) -> RawRecord:
    cells = text.rstrip("\r\n").split(shape.separator)
    joined = _rejoined(cells, shape)
    if joined is None:
        return RawRecord(line=line, text=text, cells=cells)
    return RawRecord(line=line, text=text, cells=joined, repair="separator_in_text")


def _rejoined(cells: list[str], shape: _Shape) -> list[str] | None:
    """Too many cells as many as the header's, where only one way of joining them makes sense; else None.

    A blank follows a comma or a semicolon of a text, but not one between two cells; or the cell before the last ends
    with a question mark, so that all after it is the answer.
    """
    surplus = len(cells) - shape.width
    if surplus <= 0:
        return None
    within = [place for place in range(1, len(cells)) if cells[place][:1] in (" ", "\u00a0")]
    if len(within) != surplus:
        ends = [place for place in range(len(cells) - 1) if cells[place].rstrip().endswith("?")]
        if ends != [shape.width - 2]:
            return None
        within = list(range(shape.width, len(cells)))
    joined: list[str] = []
    for place, cell in enumerate(cells):
        if place in within:
            joined[-1] += shape.separator + cell
        else:
            joined.append(cell)
    return joined


def _regrouped(text: str, shape: _Shape) -> tuple[list[str] | None, int]:
    """The cheapest way to see as many quoted and plain cells as the header's in a text, and its cost; None: no one way.

    The text is cut at every separator; a quoted cell may hold several pieces, a plain one holds one. Costs: 1 for each
    quote that should have been doubled, `UNCLOSED` for a cell that begins with a quote and does not end with one.
    """
    pieces = text.rstrip("\r\n").split(shape.separator)
    while len(pieces) > shape.width and not pieces[-1].strip():
        pieces.pop()
    if not shape.width <= len(pieces) <= MOST_PIECES:
        return None, 0
    spare = len(pieces) - shape.width
    # after `done` pieces in `count` cells: cost, ways of that cost, cells
    best: dict[int, tuple[int, int, list[str]]] = {0: (0, 1, [])}
    for _ in range(shape.width):
        reached: dict[int, tuple[int, int, list[str]]] = {}
        for done, (cost, ways, cells) in best.items():
            if done == len(pieces):
                continue
            quoted = pieces[done].lstrip().startswith('"')
            closed = CLOSED.fullmatch(pieces[done]) is not None
            for end in range(done + 1, min(done + (spare if quoted else 0) + 1, len(pieces)) + 1):
                seen = _cell(shape.separator.join(pieces[done:end]), plain=end == done + 1)
                if seen is None or (closed and seen[1] >= UNCLOSED):
                    continue
                total = cost + seen[1]
                known = reached.get(end)
                if known is None or total < known[0]:
                    reached[end] = total, ways, [*cells, seen[0]]
                elif total == known[0]:
                    reached[end] = total, known[1] + ways, known[2]
        best = reached
    cost, ways, cells = best.get(len(pieces), (0, 0, []))
    return (cells, cost) if ways == 1 else (None, cost)


def _cell(text: str, *, plain: bool) -> tuple[str, int] | None:
    """The text as one cell, and what that costs; None where it cannot be one."""
    stripped = text.strip()
    plain = plain and "\n" not in text and "\r" not in text
    if not stripped.startswith('"'):
        return (text, text.count('"')) if plain else None
    if len(stripped) >= 2 and stripped.endswith('"'):
        inner = stripped[1:-1]
        strays = inner.replace('""', "").count('"')
        if strays and inner.count('\\"') == strays:  # the quotes of the text as some databases write them
            inner = inner.replace('\\"', '"')
        return inner.replace('""', '"'), strays
    if plain and '"' in stripped[1:]:  # "fi"ve: a word in quotes, then more
        return text, stripped.count('"')
    return stripped[1:].replace('""', '"'), UNCLOSED


def _lines_of_broken(feed: _Feed, shape: _Shape, otherwise: int) -> int:
    """How many lines a record that cannot be told apart takes: up to the next line that begins a sound one."""
    following = range(1, min(len(feed.taken), MOST_LINES))
    return next((count for count in following if _begins_record(feed, count, shape)), otherwise)


def _begins_record(feed: _Feed, place: int, shape: _Shape) -> bool:
    """Whether a well-formed record begins with this one of the lines taken; lines after them are looked at, too."""
    used: list[str] = []

    def lines() -> Iterator[str]:
        while len(used) < MOST_LINES and (place + len(used) < len(feed.taken) or feed.take_one_more()):
            used.append(feed.taken[place + len(used)])
            yield used[-1]

    try:
        cells: list[str] = next(csv_reader(lines(), shape.separator, strict=True), [])
    except csv.Error:
        return False
    return shape.fitted(list(cells)) is not None and "".join(used).count('"') % 2 == 0
