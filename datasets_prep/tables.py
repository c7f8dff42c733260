"""From the text of a CSV file to its records, each one accounted for.

The csv module in its strict form, not pandas: pandas drops a row silently after an unclosed quote, and takes "NA" for
nothing. A record that cannot be read comes out with its fault, and reading goes on with the next one.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.rows import Rejected
from datasets_prep.text_files import read_text_file

SEPARATORS = (",", ";", "\t", "|")
EMPTY_CELLS = re.compile(r'([\s,;|]|"")*')
LONGEST_CELL = 2**31 - 1  # characters; the module's own 131,072 would cut a long answer


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record that has as many cells as the header.

    Args:
        number: 1 for the first record after the header.
        place: "ligne de données 17", "row 17".
        cells: column name → text.
    """

    number: int
    place: str
    cells: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A CSV file: its header, what was guessed about it, and its records."""

    header: tuple[str, ...]
    encoding: str
    separator: str
    records: Iterator[Record | Rejected]


def read_table(path: Path, is_header: Callable[[Sequence[str]], bool]) -> Table:
    """Opens a CSV file, gzipped or not; lines of empty cells before the header are skipped.

    Args:
        path: the file.
        is_header: whether these cells hold the columns that are looked for; it settles the separator.

    Raises:
        InputError: as `read_text_file`; a file of empty cells; a quote that is never closed (raised while reading the
            records).
    """
    csv.field_size_limit(LONGEST_CELL)
    text, encoding = read_text_file(path)
    lines = list(io.StringIO(text, newline=""))
    first = next((index for index, line in enumerate(lines) if not EMPTY_CELLS.fullmatch(line)), None)
    if first is None:
        raise InputError(tr(f"{path} : toutes les cellules sont vides.", f"{path}: all cells are empty."))
    headers = {separator: _header(lines[first:], separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda candidate: (is_header(headers[candidate]), len(headers[candidate])))
    header = headers[separator]
    records = _records(path, lines, first, separator, header)
    return Table(header=header, encoding=encoding, separator=separator, records=records)


def plain_name(column: str) -> str:
    """A column name for comparing: no case, no accent, no blank around. " Réponse" → "reponse"."""
    letters = unicodedata.normalize("NFKD", column.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def column_named(header: Sequence[str], names: Sequence[str]) -> str | None:
    """The column of `header` that bears the first of `names` that one bears, whatever case and accents."""
    columns = {plain_name(column): column for column in reversed(header)}
    return next((columns[plain_name(name)] for name in names if plain_name(name) in columns), None)


def wrong_columns(path: Path, header: Sequence[str], wanted: str, cure: tuple[str, str]) -> InputError:
    """The error for a file without the columns `wanted`: names those found, and the cure in both languages."""
    found = ", ".join(column or "∅" for column in header)
    return InputError(
        tr(
            f"{path} : colonnes attendues : {wanted} ; trouvées : {found}.\n{cure[0]}",
            f"{path}: columns expected: {wanted}; found: {found}.\n{cure[1]}",
        )
    )


def _header(lines: Sequence[str], separator: str) -> tuple[str, ...]:
    cells = next(csv.reader(lines, delimiter=separator))
    return tuple(cell.strip() for cell in cells)


def _records(
    path: Path, lines: Sequence[str], first: int, separator: str, header: tuple[str, ...]
) -> Iterator[Record | Rejected]:
    """The records after the header, which is that of `lines[first]`; places count all lines of the file."""
    reader = csv.reader(lines[first:], delimiter=separator, strict=True)
    number = -1  # the header, then, is record 0
    while True:
        first_line = first + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last_line = first + reader.line_num
            if last_line >= len(lines) and "unexpected end" in str(error):
                raise _unclosed_quote(path, first_line) from error
            number += 1
            yield _bad_quotes(number, first_line, last_line, lines)
            continue
        if not cells:  # a blank line is not a record
            continue
        number += 1
        if number > 0:
            yield _record(number, cells, header)


def _record(number: int, cells: list[str], header: tuple[str, ...]) -> Record | Rejected:
    place = _place(number)
    while len(cells) > len(header) and not cells[-1].strip():  # ";;" at the ends of lines, as Excel leaves them
        cells.pop()
    if len(cells) == len(header):
        by_column: dict[str, str] = {}
        for column, cell in zip(header, cells, strict=True):
            by_column.setdefault(column, cell)  # of two columns of one name the first counts, as in `column_named`
        return Record(number=number, place=place, cells=by_column)
    question, answer = (*cells, "", "")[:2]
    detail = f"{len(cells)} ≠ {len(header)}"
    return Rejected(place=place, reason="ragged_row", detail=detail, question=question, answer=answer)


def _bad_quotes(number: int, first_line: int, last_line: int, lines: Sequence[str]) -> Rejected:
    """A record that breaks the rules of quoting; it may have swallowed the lines after its first."""
    text = "".join(lines[first_line - 1 : last_line])
    where = tr(f"lignes {first_line}-{last_line} du fichier", f"lines {first_line}-{last_line} of the file")
    return Rejected(place=f"{_place(number)}, {where}", reason="bad_quotes", question=text)


def _place(number: int) -> str:
    return tr(f"ligne de données {number}", f"row {number}")


def _unclosed_quote(path: Path, line: int) -> InputError:
    return InputError(
        tr(
            f"{path}, ligne {line} : un guillemet ouvert dans cette ligne n'est jamais fermé ; "
            "tout ce qui suit serait perdu.\n"
            'Fermez-le, ou doublez les guillemets qui font partie du texte ("").',
            f"{path}, line {line}: a quote opened in this record is never closed; all that follows would be lost.\n"
            'Close it, or double the quotes that belong to the text ("").',
        )
    )
