"""A known table is written, damaged and read again: no row is lost, and what was not damaged comes back as it was."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from chatbot.errors import InputError
from datasets_prep.columns import is_header
from datasets_prep.csv_records import records
from datasets_prep.rows import Rejected
from datasets_prep.tables import read_table

WORDS = (
    "où", "l’été", "cœur", "déjà", "«\u00a0bien\u00a0»", "garçon", "à", "À", "naïf", "12 %", "prix", "été", "the",
    "dog", "5", "ça", "forêt", "…", "€", "hôtel", "DÉJÀ", "non", "« oui »", "l'eau", "août", "NA", "null",
)  # fmt: skip
NAMES = ("question", "réponse", "thème", "id")
MARKS = (", ", "; ", " | ", "\t", '"', '""', "\n", "\r\n", " ", " ", " ", "-")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6)


@st.composite
def cells(draw, marks=MARKS):
    words = draw(texts)
    return "".join(word + draw(st.sampled_from(marks)) for word in words[:-1]) + words[-1]


@st.composite
def tables(draw, marks=MARKS, most=12):
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(cells(marks), min_size=width, max_size=width), min_size=1, max_size=most))
    return [NAMES[:width], *rows]


def as_csv(row, separator, end, quoting=csv.QUOTE_MINIMAL):
    """The row as the csv module writes it; it quotes a line break only where the line ends have one of its signs."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, lineterminator="\r\n", quoting=quoting).writerow(row)
    return file.getvalue().removesuffix("\r\n") + end


def records_of(path: Path):
    return list(read_table(path, is_header, has_header=None).records)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "table.csv"


FORMS = {
    "separator": st.sampled_from(",;\t|"),
    "end": st.sampled_from(["\n", "\r\n", "\r"]),
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
}
many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(table=tables(), **FORMS, encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]))  # fmt: skip
def test_a_sound_table_comes_back_exactly(path, table, separator, end, quoting, encoding):
    """Whatever its separator, line ends, quoting and encoding; that French typography is never touched, too."""
    path.write_bytes("".join(as_csv(row, separator, end, quoting) for row in table).encode(encoding))
    found = records_of(path)
    assert [list(record.cells.values()) for record in found if not isinstance(record, Rejected)] == table[1:]
    assert not any(record.repairs for record in found)


ASIDE = {
    "blank line": lambda row, separator, end: end,
    "repeated header": None,
    "empty cells": lambda row, separator, end: separator * (len(row) - 1) + end,
    "too few": lambda row, separator, end: as_csv(row[:1] or [""], separator, end),
    # On one line: of several lines that read as records, nothing tells whether a quote was left open (the guide says so).
    "too many": lambda row, separator, end: as_csv(
        [*(" ".join(cell.split("\n")) for cell in row), "x", "y"], separator, end, csv.QUOTE_ALL
    ),
}
COUNTED = {"repeated header": "repeated_header", "empty cells": "empty_row", "too few": "ragged_row", "too many": "ragged_row"}  # fmt: skip


@many
@given(table=tables(), **FORMS, damages=st.lists(st.sampled_from(sorted(ASIDE)), max_size=12))
def test_rows_in_are_rows_out_plus_rejected(path, table, separator, end, quoting, damages):
    """Rows that cannot be read, put among sound ones: each is rejected with its reason, and nothing else is."""
    lines, expected = [as_csv(table[0], separator, end, quoting)], []
    for number, row in enumerate(table[1:]):
        lines.append(as_csv(row, separator, end, quoting))
        damage = damages[number] if number < len(damages) else ""
        if damage == "repeated header":
            lines.append(lines[0])
        elif damage:
            lines.append(ASIDE[damage](row, separator, end))
        expected += [COUNTED[damage]] if damage in COUNTED else []
    path.write_bytes("".join(lines).encode())
    found = records_of(path)
    assert [list(record.cells.values()) for record in found if not isinstance(record, Rejected)] == table[1:]
    assert [record.reason for record in found if isinstance(record, Rejected)] == expected


DAMAGES = ("nul", "bom", "mojibake", "other encoding")


def _damaged(line: str, encoding: str, damage: str) -> bytes:
    """The bytes of a line; those of a sound one where it has nothing that could suffer this damage."""
    if damage == "other encoding":
        return line.encode("cp1252" if encoding == "utf-8" else "utf-8")
    if damage == "mojibake" and "\ufffd" not in (mojibake := line.encode().decode("cp1252", "replace")):
        line = mojibake
    data = line.replace("e", "e\0").encode(encoding) if damage == "nul" else line.encode(encoding)
    return b"\xef\xbb\xbf" + data if damage == "bom" else data


@many
@given(table=tables(), encoding=st.sampled_from(["utf-8", "cp1252"]), data=st.data())
def test_letters_are_repaired_and_the_rest_is_left(path, table, encoding, data):
    """Mojibake, NUL, a byte-order mark in the middle, a row of another encoding."""
    head, *sound = (as_csv(row, ",", "\n") for row in table)
    lines = [_damaged(line, encoding, data.draw(st.sampled_from(["", "", *DAMAGES]))) for line in sound]
    path.write_bytes(b"".join([head.encode(encoding), *lines]))
    opened = read_table(path, is_header, has_header=None)
    found = list(opened.records)
    assert [list(record.cells.values()) for record in found if not isinstance(record, Rejected)] == table[1:]
    as_read = [line.encode("cp1252" if opened.encoding == "cp1252" else "utf-8") for line in sound]
    assert [bool(record.repairs) for record in found] == [
        one != other for one, other in zip(lines, as_read, strict=True)
    ]


ONE_LINE = tuple(mark for mark in MARKS if "\n" not in mark)


@many
@given(table=tables(marks=(*ONE_LINE, "\n")), **FORMS, data=st.data())
def test_an_unclosed_quote_costs_its_own_row_at_most(path, table, separator, end, quoting, data):
    victim = data.draw(st.integers(1, len(table) - 1))
    lines = [as_csv(row, separator, end, quoting) for row in table]
    plain = [data.draw(texts.map(" ".join)) for _ in table[0]]
    column = data.draw(st.integers(0, len(plain) - 1))
    lines[victim] = separator.join('"' * (place == column) + cell for place, cell in enumerate(plain)) + end
    path.write_bytes("".join(lines).encode())
    found = records_of(path)
    kept = [list(record.cells.values()) for record in found if not isinstance(record, Rejected)]
    assert kept == [*table[1:victim], plain, *table[victim + 1 :]]
    repairs = [repair.kind for record in found if not isinstance(record, Rejected) for repair in record.repairs]
    assert repairs == ["unclosed_quote"]


BLANKS = st.sampled_from(["", "", " ", "  ", "\u00a0", "\t"])
PIECES = st.lists(st.builds(lambda before, text, after: before + text + after, BLANKS, texts.map(" ".join), BLANKS), min_size=3, max_size=5)  # fmt: skip


@many
@given(lines=st.lists(PIECES, min_size=1, max_size=6), separator=st.sampled_from(",;|"))
def test_cells_put_together_again_are_what_stood_in_the_file(path, lines, separator):
    """Character for character, whatever blanks stand around the separator."""
    found = [separator.join(pieces) for pieces in lines]
    path.write_bytes("\n".join([separator.join(NAMES[:2]), separator.join(("un", "deux")), *found, ""]).encode())
    for record, line in zip(records_of(path)[1:], found, strict=True):
        if not isinstance(record, Rejected):
            event("put together")
            assert [repair.kind for repair in record.repairs] == ["separator_in_text"]
            assert separator.join(record.cells.values()) == line


@many
@given(data=st.binary(max_size=400) | st.text(alphabet='ab",;\n\r\0é\ufeff|\t?', max_size=200).map(str.encode))
def test_any_bytes_give_records_or_one_clear_error(path, data):
    path.write_bytes(b"question,answer\n" + data)
    try:
        found = records_of(path)
    except InputError as error:
        event(str(error).rpartition(":")[2])
        assert 1 <= len(str(error).splitlines()) <= 2
        return
    assert [record.number for record in found] == list(range(1, len(found) + 1))


@many
@given(
    text=st.text(alphabet='ab",;\n\r\0é\ufeff|\t ?', max_size=200),
    width=st.integers(1, 4),
    separator=st.sampled_from(",;|\t"),
)
def test_no_text_is_lost_between_the_lines_and_the_records(text, width, separator):
    """Whatever their quotes: the records' texts are the lines, in their order, each once; blank ones aside."""
    found = records(io.StringIO(text, newline=""), separator, width)
    assert _filled("".join(record.text for record in found)) == _filled(text)


def _filled(text: str) -> list[str]:
    return [line for line in io.StringIO(text, newline="") if line.strip()]
