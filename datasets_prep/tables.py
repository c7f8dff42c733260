"""From a CSV file to its records, each one accounted for: read, repaired, or rejected with its fault.

The steps stand one below the other: the bytes and their encoding (`text_files`), the lines and their layout
(`csv_layout`), the records and their quotes (`csv_records`), the cells and their letters (`repairs`). The file is
read as a stream, twice: once for its encoding, once for its records.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.csv_layout import IsHeader, Layout, find_layout, spoken_separator, unlike
from datasets_prep.csv_records import RawRecord, records
from datasets_prep.encodings import Encoding
from datasets_prep.repairs import LOST, Repair, is_suspect, is_unreadable, mended, shown_bytes
from datasets_prep.rows import Rejected
from datasets_prep.text_files import LONGEST_LINE, encoding_of, lines_of, open_text

MOST_COLUMNS = 16_384  # those of an Excel sheet
MARK = re.compile("(\ufeff|ï»¿)+")  # a byte-order mark, and the same read as cp1252


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record that has as many cells as the header.

    Args:
        number: 1 for the first record after the header.
        cells: column name → text.
        line: of the file, where it begins, from 1.
        repairs: what was changed so that it can be read.
    """

    number: int
    cells: dict[str, str]
    line: int = 0
    repairs: tuple[Repair, ...] = ()

    @property
    def place(self) -> str:
        """ "ligne de données 17", "row 17"."""
        return place_of(self.number)


@dataclass(frozen=True, kw_only=True)
class RejectedRecord(Rejected):
    """A record that cannot be read.

    Args:
        number, line: as those of `Record`.
    """

    number: int
    line: int


@dataclass(frozen=True, kw_only=True)
class Table:
    """A CSV file: what was found out about it, and its records.

    Args:
        encoding: as shown to the user: "utf-8 (BOM)".
        records: its records, in its order, each once.
        layout: its header, its separator, and what else was found out about its lines.
        line_ends: the ends of the records read so far, counted: "CRLF", "LF", "CR".
    """

    encoding: str
    records: Iterator[Record | RejectedRecord]
    layout: Layout
    line_ends: Counter[str] = field(default_factory=Counter)


def read_table(
    path: Path,
    is_header: IsHeader,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    has_header: bool | None = True,
) -> Table:
    """Opens a CSV file, gzipped, zipped or neither; lines of empty cells before the header are skipped.

    Args:
        path: the file.
        is_header: whether these cells hold the columns that are looked for; it settles separator and header.
        encoding: instead of finding it out.
        separator: instead of finding it out; a character, or a word of `csv_layout.SPOKEN`.
        has_header: True: the first row that is not empty is one, if `is_header` knows none; False: there is none;
            None: to be found out.

    Raises:
        InputError: as `encoding_of` and `lines_of` (also while reading the records); a file of empty cells.
    """
    separator = spoken_separator(separator)
    found = encoding_of(path, encoding)
    with open_text(path, found) as text:
        layout = find_layout(lines_of(path, text), is_header, separator=separator, has_header=has_header)
    if layout is None:
        raise InputError(tr(f"{path} : toutes les cellules sont vides.", f"{path}: all cells are empty."))
    if len(layout.header) > MOST_COLUMNS:
        raise _too_wide(path, len(layout.header))
    ends: Counter[str] = Counter()
    return Table(
        encoding=found.shown,
        records=_records(path, found, layout, ends),
        layout=layout,
        line_ends=ends,
    )


def counted(records: Iterable[Record | RejectedRecord], repairs: Counter[str]) -> Iterator[Record | RejectedRecord]:
    """The records; `repairs` gets a count for each kind of repair in those that have passed."""
    for record in records:
        if isinstance(record, Record):
            repairs.update(repair.kind for repair in record.repairs)
        yield record


def repair_lines(records: Iterable[Record | RejectedRecord]) -> Iterator[dict[str, Any]]:
    """Each repair of these records, as a line of repairs.jsonl holds it."""
    for record in records:
        if isinstance(record, Record):
            for repair in record.repairs:
                yield {"row": record.number, "line": record.line, **repair.to_json()}


def wrong_columns(path: Path, header: Sequence[str], wanted: str, cure: tuple[str, str]) -> InputError:
    """The error for a file without the columns `wanted`: names those found, and the cure in both languages."""
    found = ", ".join(column or "∅" for column in header)
    return InputError(
        tr(
            f"{path} : colonnes attendues : {wanted} ; trouvées : {found}.\n{cure[0]}",
            f"{path}: columns expected: {wanted}; found: {found}.\n{cure[1]}",
        )
    )


def _too_wide(path: Path, columns: int) -> InputError:
    found, most = number(columns), number(MOST_COLUMNS)
    return InputError(
        tr(
            f"{path} : {found} colonnes, {most} au plus. Le séparateur est-il le bon ?\n"
            "Sinon, refaites l'export : une ligne par question et sa réponse.",
            f"{path}: {found} columns, {most} at most. Is the separator the right one?\n"
            "If so, export it again: one row per question and its answer.",
        )
    )


def _records(path: Path, encoding: Encoding, layout: Layout, ends: Counter[str]) -> Iterator[Record | RejectedRecord]:
    with open_text(path, encoding) as text:
        marked: set[int] = set()
        lines = islice(_without_marks(lines_of(path, text), marked), layout.skipped, None)
        found = records(
            lines, layout.separator, len(layout.header),
            first_line=layout.skipped + 1, needed=layout.needed, longest=LONGEST_LINE,
        )  # fmt: skip
        for place, raw in enumerate(found, start=1):
            ends[_line_end(raw.text)] += 1
            record = _record(place, raw, layout, encoding)
            if raw.line in marked and isinstance(record, Record):
                mark = Repair(kind="control_characters", before=f"\ufeff{raw.text}", after=raw.text)
                record = replace(record, repairs=(mark, *record.repairs))
            marked.discard(raw.line)
            yield record


def _without_marks(lines: Iterator[str], marked: set[int]) -> Iterator[str]:
    """The lines without byte-order marks before them, as files put end to end have; `marked` gets their numbers."""
    for line_number, line in enumerate(lines, start=1):
        if line[0] in "\ufeffï" and (mark := MARK.match(line)):
            marked.add(line_number)
            line = line[mark.end() :]
        yield line


def _line_end(text: str) -> str:
    if text.endswith("\r\n"):
        return "CRLF"
    return "LF" if text.endswith("\n") else "CR" if text.endswith("\r") else "–"


def _record(number: int, raw: RawRecord, layout: Layout, encoding: Encoding) -> Record | RejectedRecord:
    width = len(layout.header)
    if raw.cells is None:
        return _rejected(number, raw, "bad_quotes")
    if len(raw.cells) != width:
        return _rejected(number, raw, "ragged_row", f"{len(raw.cells)} ≠ {width}")
    if not "".join(raw.cells).strip():
        return _rejected(number, raw, "empty_row")
    cells, repairs = dict(zip(layout.header, raw.cells, strict=True)), []
    if is_suspect(raw.text):
        for column, cell in cells.items():
            cells[column], mends = mended(cell, column)
            repairs += mends
        if any(is_unreadable(cell) or (LOST in cell and not encoding.holds_lost) for cell in cells.values()):
            return _rejected(number, raw, "unreadable_bytes")
    if layout.has_header and _is_header_again(list(cells.values()), layout.header):
        return _rejected(number, raw, "repeated_header")
    if raw.repair:
        repairs.insert(0, Repair(kind=raw.repair, before=raw.text, after=written([raw.cells])))
    return Record(number=number, cells=cells, line=raw.line, repairs=tuple(repairs))


def _is_header_again(cells: Sequence[str], header: tuple[str, ...]) -> bool:
    """Whether a row bears the names of the columns, told apart as those of the header; a quick look comes first."""
    return cells[0].strip() == header[0] and unlike([cell.strip() for cell in cells]) == header


def _rejected(number: int, raw: RawRecord, reason: str, detail: str = "") -> RejectedRecord:
    where = place_of(number)
    if (count := len(raw.text.splitlines())) > 1:
        last = raw.line + count - 1
        where += tr(f", lignes {raw.line}-{last} du fichier", f", lines {raw.line}-{last} of the file")
    return RejectedRecord(
        place=where, reason=reason, detail=detail, text=shown_bytes(raw.text), number=number, line=raw.line
    )


def place_of(number: int) -> str:
    return tr(f"ligne de données {number}", f"row {number}")


def written(rows: Sequence[Sequence[str]]) -> str:
    """Rows as clean CSV (RFC 4180, but for the line ends, which are mere line feeds)."""
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()
