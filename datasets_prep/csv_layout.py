"""What a CSV file looks like, from its first lines: separator, header or none, lines above the header.

A header is recognised by the names of its columns. Where they say nothing, the first row is a header when its cells are
short labels, unlike the texts below them; in doubt it is data, so that no row is taken for a header and lost.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.csv_records import csv_reader
from datasets_prep.repairs import mended

SEPARATORS = (",", ";", "\t", "|")
# How a user may name them.
SPOKEN = {"tab": "\t", "\\t": "\t", "virgule": ",", "comma": ",", "point-virgule": ";", "semicolon": ";", "pipe": "|"}
SEP_LINE = re.compile("sep=(.)[\r\n]*")  # Excel's own first line
SAMPLE_LINES, SAMPLE_CHARACTERS = 300, 2**18
TITLES = 10  # lines above a header, at most
LONGEST_LABEL = 40  # characters of a column name that is not a known one
TEXT_RATIO = 2.5  # how much longer than its name the texts of a column are

IsHeader = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the file is laid out.

    Args:
        separator: between cells.
        header: the names of the columns, no two alike; "colonne 1", "colonne 2" where the file has none.
        has_header: whether the file has one.
        skipped: its lines above the first row of data, the header among them.
        titles: the texts of the lines above the header.
        needed: cells that a row must have at least: nameless columns at the end may be left out.
    """

    separator: str
    header: tuple[str, ...]
    has_header: bool
    skipped: int
    titles: tuple[str, ...]
    needed: int


@dataclass(frozen=True)
class _Row:
    """A record of the sample: its cells, how many lines of the file end with it, how many cells begin with a blank."""

    cells: tuple[str, ...]
    end: int
    loose: int

    @property
    def filled(self) -> int:
        return sum(bool(cell.strip()) for cell in self.cells)


def find_layout(
    lines: Iterator[str], is_header: IsHeader, *, separator: str | None = None, has_header: bool | None = None
) -> Layout | None:
    """The layout of a file from its first lines; None when all of them are empty.

    Args:
        lines: of the file; only a sample is taken.
        is_header: whether these names are columns that are looked for.
        separator: the one that the user chose.
        has_header: True: the first row is one; False: none is; None: to be found out.
    """
    sample = _sample(lines)
    directive = SEP_LINE.fullmatch(sample[0]) if sample else None
    above = 1 if directive else 0
    if directive and not separator:
        separator = directive[1]
    rows_by_separator = {one: _rows(sample, one, above) for one in ((separator,) if separator else SEPARATORS)}
    layouts = {one: _layout(one, rows, above, is_header, has_header) for one, rows in rows_by_separator.items() if rows}

    def merit(one: str) -> tuple[bool, float, int]:
        header = layouts[one].header
        return layouts[one].has_header and is_header(header), *_regularity(rows_by_separator[one])

    return layouts[max(layouts, key=merit)] if layouts else None


def spoken_separator(text: str | None) -> str | None:
    """The separator that a user names: ";", "tab", "point-virgule".

    Raises:
        InputError: it is neither one character nor a known word.
    """
    if text is None:
        return None
    separator = SPOKEN.get(text.lower(), text)
    if len(separator) != 1 or separator in '"\r\n':
        raise InputError(
            tr(
                f"--separator {text} : un seul caractère, ou tab, virgule, point-virgule.",
                f"--separator {text}: one character, or tab, comma, semicolon.",
            )
        )
    return separator


def _sample(lines: Iterator[str]) -> list[str]:
    sample, size = [], 0
    for line in islice(lines, SAMPLE_LINES):
        sample.append(line)
        size += len(line)
        if size > SAMPLE_CHARACTERS:
            break
    return sample


def _rows(sample: list[str], separator: str, skipped: int) -> list[_Row]:
    reader = csv_reader(sample[skipped:], separator, strict=False)
    rows: list[_Row] = []
    for cells in reader:
        if any(cell.strip('\0\ufeff \t\u00a0",;|') for cell in cells):
            loose = sum(cell.startswith(" ") for cell in cells[1:])
            rows.append(_Row(tuple(map(_tidy, cells)), skipped + reader.line_num, loose))
    return rows


def _tidy(cell: str) -> str:
    """The cell as it was meant, without blanks around, and quotes that stand after one."""
    cell = mended(cell)[0].strip()
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _regularity(rows: list[_Row]) -> tuple[float, int]:
    """How regular the rows are, and their commonest number of cells; a single cell proves nothing.

    The share of rows that have that number, less that of cells after a blank: in a text one follows a comma.
    """
    (width, count), *_ = Counter(len(row.cells) for row in rows).most_common(1)
    if width == 1:
        return 0.0, 1
    loose = sum(row.loose for row in rows) / max(1, sum(len(row.cells) - 1 for row in rows))
    return count / len(rows) - 0.5 * loose, width


def _layout(separator: str, rows: list[_Row], above: int, is_header: IsHeader, has_header: bool | None) -> Layout:
    known = None if has_header is False else _place_of_known_header(rows, is_header)
    first = 0 if has_header is False else _titles(rows) if known is None else known  # of header and data
    titles = tuple(" ".join(filter(None, row.cells)) for row in rows[:first])
    if known is not None or has_header or (has_header is None and _is_label_row(rows[first], rows[first + 1 :])):
        names, skipped = unlike(rows[first].cells), rows[first].end
        return Layout(
            separator=separator, header=names, has_header=True, skipped=skipped, titles=titles,
            needed=max(1, len(_trimmed(rows[first].cells))),
        )  # fmt: skip
    width = Counter(len(row.cells) for row in rows[first:]).most_common(1)[0][0]
    names = tuple(tr(f"colonne {number}", f"column {number}") for number in range(1, width + 1))
    skipped = rows[first - 1].end if first else above
    return Layout(separator=separator, header=names, has_header=False, skipped=skipped, titles=titles, needed=width)


def _place_of_known_header(rows: list[_Row], is_header: IsHeader) -> int | None:
    """The first row that bears the names looked for, with only poorer rows above it."""
    for place, row in enumerate(rows[: TITLES + 1]):
        if is_header(row.cells):
            return place if all(above.filled < row.filled for above in rows[:place]) else None
    return None


def _titles(rows: list[_Row]) -> int:
    """How many rows at the top hold a single text, in a file of several columns."""
    width = Counter(len(row.cells) for row in rows).most_common(1)[0][0]
    alone = (place for place, row in enumerate(rows[: TITLES + 1]) if row.filled > 1 or width == 1)
    return next(alone, 0)


def _is_label_row(row: _Row, others: Sequence[_Row]) -> bool:
    """Whether a row looks like names of columns above these others."""
    labels = _trimmed(row.cells)
    if len(set(labels)) < len(labels) or not all(_is_label(label) for label in labels):
        return False
    if not others:
        return True
    columns = [[other.cells[place] for other in others if place < len(other.cells)] for place in range(len(labels))]
    pairs = list(zip(labels, columns, strict=True))
    if any(label in column or (label.isdigit() and any(map(str.isdigit, column))) for label, column in pairs):
        return False
    return any(column and median(map(len, column)) >= TEXT_RATIO * max(len(label), 4) for label, column in pairs)


def _is_label(text: str) -> bool:
    return len(text) <= LONGEST_LABEL and not text.endswith(("?", "!", ".", "…"))


def _trimmed(cells: Sequence[str]) -> list[str]:
    """The cells without empty ones at the end."""
    last = max((place for place, cell in enumerate(cells) if cell), default=-1)
    return list(cells[: last + 1])


def unlike(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once: a second "texte" becomes "texte (2)", so that no column hides another."""
    seen: Counter[str] = Counter()
    unlike: dict[str, None] = {}
    for name in names:
        seen[name] += 1
        one = name
        while one in unlike:
            one = f"{name} ({seen[name]})".strip()
            seen[name] += 1
        unlike[one] = None
    return tuple(unlike)
