"""CSV files: encodings, separators, quoting; every record comes out, read or with its fault."""

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.errors import InputError
from chatbot.language import set_language
from datasets_prep import columns
from datasets_prep.columns import column_named, plain_name
from datasets_prep.csv_layout import unlike
from datasets_prep.csv_records import records as raw_records
from datasets_prep.rows import Rejected
from datasets_prep.tables import Record, read_table
from datasets_prep.text_files import describe_file, read_text_file

cells = st.text(st.sampled_from('ab é",;\n|\t') | st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)


def cells_of(path, is_header=lambda header: "q" in header):
    return [tuple(record.cells.values()) for record in read_table(path, is_header).records]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("q,a\nété,là\n".encode(), "utf-8"),
        ("q,a\nété,là\n".encode("utf-8-sig"), "utf-8 (BOM)"),
        ("q,a\nété,là\n".encode("cp1252"), "cp1252"),
        ("q,a\nété,là".encode("cp1252").replace(b"\n", b"\r\n"), "cp1252"),
        (gzip.compress("q,a\nété,là\n".encode(), mtime=0), "utf-8"),
    ],
)
def test_encodings(write, data, encoding):
    path = write("faq.csv", data)
    assert read_text_file(path).encoding == encoding
    assert cells_of(path) == [("été", "là")]


def test_cp1252_that_holds_valid_utf8_by_chance(write):
    """ "communauté »" with a no-break space is, in cp1252, three bytes that UTF-8 would take for one character."""
    text = "q;a\nLa «\u00a0communauté\u00a0»;Voilà l'été déjà à sa fin\n"
    assert read_text_file(write("faq.csv", text.encode("cp1252"))).text == text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(write, separator):
    path = write("faq.csv", f"id{separator}q{separator}a\n1{separator}x, y; z | w{separator}b\n".replace("x, y; z | w", '"x, y; z | w"'))  # fmt: skip
    table = read_table(path, lambda header: "q" in header)
    assert (table.layout.separator, table.layout.header) == (separator, ("id", "q", "a"))
    assert [record.cells for record in table.records] == [{"id": "1", "q": "x, y; z | w", "a": "b"}]


@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_what_csv_writes_is_read_back(rows):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("q", "a"), *rows])
    lines = list(io.StringIO(file.getvalue(), newline=""))
    header, *found = raw_records(iter(lines), ",", 2)
    assert header.cells == ["q", "a"]
    assert [(record.cells, record.repair) for record in found] == [([*row], "") for row in rows]


def test_every_record_is_accounted_for(write):
    path = write("faq.csv", 'q,a\n\none,1\ntwo\nthree,3,x\nfour,4,,\n"fi"ve,5\n"six\nlines",6\nNA,null\n,\n')
    records = list(read_table(path, lambda header: "q" in header).records)
    kept = [(record.number, record.cells["q"], record.cells["a"]) for record in records if isinstance(record, Record)]
    assert kept == [(1, "one", "1"), (4, "four", "4"), (5, '"fi"ve', "5"), (6, "six\nlines", "6"), (7, "NA", "null")]
    rejected = [(record.place, record.reason, record.detail) for record in records if isinstance(record, Rejected)]
    assert rejected == [
        ("ligne de données 2", "ragged_row", "1 ≠ 2"),
        ("ligne de données 3", "ragged_row", "3 ≠ 2"),
        ("ligne de données 8", "empty_row", ""),
    ]


@pytest.mark.parametrize("blank", ["   \n", ",\n", "\n \t\n,,\n", '"",""\r\n', "\u00a0;\n"])
def test_what_is_blank_before_the_header_is_skipped(write, blank):
    path = write("faq.csv", blank + 'q,a\none,1\n"t"wo,2\nthree,3\n"x"y"z\n')
    table = read_table(path, lambda header: "q" in header)
    assert table.layout.header == ("q", "a")
    first, repaired, third, broken = table.records
    assert (first.number, first.cells, third.cells) == (1, {"q": "one", "a": "1"}, {"q": "three", "a": "3"})
    above = blank.count("\n")
    assert [one.line for one in (first, repaired, third, broken)] == [above + 2, above + 3, above + 4, above + 5]
    assert (broken.reason, broken.text) == ("bad_quotes", '"x"y"z\n')


def test_places_are_told_in_the_users_language(write):
    path = write("faq.csv", 'q,a\none\n"two\nlines"\n')
    set_language("en")
    places = [record.place for record in read_table(path, lambda header: True).records]
    assert places == ["row 1", "row 2, lines 3-4 of the file"]


def test_a_quote_never_closed_swallows_nothing(write):
    path = write("faq.csv", 'q,a\none,1\n"two,2\nthree,3\n"four","4"\n')
    assert cells_of(path) == [("one", "1"), ("two", "2"), ("three", "3"), ("four", "4")]
    assert [repair.kind for record in read_table(path, lambda header: "q" in header).records for repair in record.repairs] == ["unclosed_quote"]  # fmt: skip


def test_a_very_long_cell(write):
    csv.field_size_limit(131_072)  # the module's own, which an earlier test may have lifted
    path = write("faq.csv", f"q,a\none,{'x' * 200_000}\n")
    assert cells_of(path) == [("one", "x" * 200_000)]


def test_of_two_columns_of_one_name_none_hides_the_other(write):
    table = read_table(write("faq.csv", "q,q,a\none,two,three\n"), lambda header: "q" in header)
    assert [record.cells for record in table.records] == [{"q": "one", "q (2)": "two", "a": "three"}]


@pytest.mark.parametrize("header", ["question;answer;note;note", "Question;Réponse;;", " question ;answer;;"])
def test_a_repeated_header_is_known_however_its_names_were_told_apart(write, header):
    path = write("faq.csv", f"{header}\na ?;b;1;2\n{header}\nquestion;b;1;2\n")
    first, again, last = read_table(path, columns.is_header).records
    assert (again.reason, again.text) == ("repeated_header", f"{header}\n")
    assert [next(iter(one.cells.values())) for one in (first, last)] == ["a ?", "question"]


def test_a_rejected_record_is_shown_as_it_stands(write):
    """Its first two cells may be anything: no question, no answer."""
    path = write("faq.csv", "id;thème;question;answer\n1;t;a ?;b\n2;t;c ?\n")
    rejected = list(read_table(path, columns.is_header).records)[1]
    assert (rejected.question, rejected.answer, rejected.text) == ("", "", "2;t;c ?\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_character_lost_before_us_is_kept_in_every_unicode(write, encoding):
    path = write("faq.csv", "question;answer\nOù ?;L\ufffd\nQui ?;Moi\n".encode(encoding))
    assert cells_of(path, columns.is_header) == [("Où ?", "L\ufffd"), ("Qui ?", "Moi")]


def test_bytes_that_a_chosen_encoding_does_not_know_are_no_text(write):
    path = write("faq.csv", b"question;answer\nQui ?;Mo\x98\nO\xf9 ?;Ici\n")
    first, second = read_table(path, columns.is_header, encoding="cp1251").records
    assert first.reason == "unreadable_bytes" and isinstance(second, Record)


def test_of_very_many_columns_none_is_compared_with_all_the_others(growth):
    names = [["texte"] * count for count in (40_000, 80_000)]
    assert growth(unlike, *names) < 3
    assert unlike(["a", "a", "a (2)", "", "", "a"]) == ("a", "a (2)", "a (2) (1)", "", "(2)", "a (4)")


def test_too_many_columns(write):
    path = write("faq.csv", ",".join(["question", "answer", *["x"] * 20_000]) + "\n")
    with pytest.raises(InputError, match=r"20\u202f002 colonnes, 16\u202f384 au plus"):
        read_table(path, lambda header: "question" in header)


def test_a_text_is_not_looked_into_for_a_name(monkeypatch):
    """Names are compared letter by letter, texts are not."""
    read = []
    monkeypatch.setattr(columns.unicodedata, "normalize", lambda form, text: read.append(len(text)) or text)
    assert not columns.is_header(["où " * 50_000, "là " * 50_000])
    assert sum(read) < 10_000
    monkeypatch.undo()
    assert columns.is_header(["  " * 200 + "question", "re\u0301ponse"])
    assert columns.is_header(["q", "La réponse que nous attendons " * 3], ("q", "la reponse que nous attendons " * 3))


def test_column_names():
    assert plain_name(" Réponse ") == "reponse"
    assert column_named(("ID", "Réponse", "reponse"), ("answer", "REPONSE")) == "Réponse"
    assert column_named(("id",), ("answer",)) is None


def test_describe_file_names_no_folder(write):
    path = write("a.csv", b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert describe_file(path) == {"name": "a.csv", "bytes": 3, "sha256": digest}
