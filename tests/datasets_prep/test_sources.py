"""The sources: what each yields, what it guesses, and how the user's words find it."""

import json
from pathlib import Path

import pytest

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from datasets_prep.rows import Rejected
from datasets_prep.sources import SOURCES, chosen_sources, find_source
from datasets_prep.sources.csv_pairs import find_columns
from datasets_prep.sources.embedded import COURSE, FOLDER, SHOP, split_phrasings
from datasets_prep.sources.medquad import tidy_answer, tidy_question
from datasets_prep.spec import Given, Shares


def rows_of(name, **given):
    return list(SOURCES[name].read(Given(**given)).rows)


def test_every_source_is_declared_whole():
    for name, spec in SOURCES.items():
        assert spec.name == name
        assert all(spec.title) and spec.origin and spec.licence.stated and spec.licence.checked == "2026-11"
        assert spec.read.__doc__


# --- finding a source ---


def test_names_parts_and_files():
    assert find_source("medquad") == (SOURCES["medquad"], Given())
    assert find_source("embedded:boutique") == (SOURCES["embedded"], Given(part="boutique"))
    assert find_source("a:b/Faq.CSV.gz") == (SOURCES["csv"], Given(path=Path("a:b/Faq.CSV.gz")))
    assert find_source("talks.jsonl")[0] is SOURCES["jsonl"]
    assert [source.name for source in chosen_sources(["x/faq.csv.gz", "embedded:hub", "embedded:gradio"])] == ["faq", "embedded", "embedded"]  # fmt: skip


def test_from_file_goes_to_the_one_source_that_needs_it():
    embedded, medquad = chosen_sources(["embedded", "medquad"], from_file=Path("m.csv"))
    assert (embedded.given.path, medquad.given.path, medquad.name) == (None, Path("m.csv"), "medquad")
    assert chosen_sources(["csv"], from_file=Path("strange.txt"))[0].name == "strange"


def test_columns_go_to_csv_files():
    assert chosen_sources(["faq.csv"], columns=("q", "r"))[0].given.columns == ("q", "r")


# --- csv ---


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("instruction,response", {"question": "instruction", "answer": "response"}),
        ("Question,Réponse", {"question": "Question", "answer": "Réponse"}),
        ("prompt,completion", {"question": "prompt", "answer": "completion"}),
        ("instruction,input,output", {"question": "instruction", "context": "input", "answer": "output"}),
        ("consigne,entrée,sortie", {"question": "consigne", "context": "entrée", "answer": "sortie"}),
        ("id,THEME,question,answer", {"question": "question", "answer": "answer", "group": "THEME"}),
        ("a,b", {}),
    ],
)
def test_find_columns(header, columns):
    assert find_columns(header.split(",")) == columns


def test_chosen_columns_settle_it():
    header = ["question", "q_fr", "answer", "a_fr"]
    assert find_columns(header, ("Q_FR", "a_fr")) == {"question": "q_fr", "answer": "a_fr"}
    assert "question" not in find_columns(header, ("absent", "a_fr"))


def test_csv_rows(write):
    path = write("faq.csv", "theme;instruction;input;output\nlangue;Traduis;Bonjour;Hello\n;Salue;;Bonjour !\n")
    first, second = rows_of("csv", path=path)
    assert (first.key, first.place, first.question, first.context, first.answer) == ("1", "row 1", "Traduis", "Bonjour", "Hello")  # fmt: skip
    assert (first.group, second.group, second.context) == ("langue", "", "")


def test_real_cp1252_file(shared_data):
    reading = SOURCES["csv"].read(Given(path=shared_data / "messy_csv" / "bootcamp_faq_cp1252.csv"))
    rows = list(reading.rows)
    assert len(rows) == 75 and not any(isinstance(row, Rejected) for row in rows)
    assert reading.guessed == {"encoding": "cp1252", "separator": ",", "columns": {"question": "prompt", "answer": "response"}}  # fmt: skip
    assert any("’" in row.answer for row in rows)


def test_real_bilingual_file(shared_data):
    path = shared_data / "messy_csv" / "gc_infobase_faq_bilingual.csv"
    assert len(rows_of("csv", path=path, columns=("q_fr", "a_fr"))) == 13


# --- jsonl ---


def test_jsonl_rows(write):
    talk = [{"role": "system", "content": "Sois bref."}, {"role": "user", "content": "Salut"}, {"role": "assistant", "content": "Oui ?"},
            {"role": "user", "content": "Merci", "context": "c"}, {"role": "assistant", "content": "De rien", "weight": 1}]  # fmt: skip
    bad = ['{"messages": []}', '{"text": 1}', "[1]", "not json", json.dumps({"messages": talk[:4]}),
           '{"messages": [{"role": "user", "content": "\\ud800"}, {"role": "assistant", "content": "x"}]}',
           '{"messages": [{"role": "user", "content": 3}, {"role": "assistant", "content": "x"}]}']  # fmt: skip
    lines = [json.dumps({"id": "t1", "messages": talk, "group": "g", "meta": {"page": 3}}), "", *bad]
    row, *rejected = rows_of("jsonl", path=write("talks.jsonl", "\n".join(lines)))
    assert (row.key, row.place, row.question, row.context, row.answer, row.group) == ("1", "line 1", "Merci", "c", "De rien", "g")  # fmt: skip
    assert [turn.content for turn in row.history] == ["Sois bref.", "Salut", "Oui ?"]
    assert row.meta == {"line": 1, "original_id": "t1", "page": 3}
    assert [(one.place, one.reason) for one in rejected] == [(f"line {n}", "not_a_dialogue") for n in range(3, 10)]
    assert all(one.detail for one in rejected)


# --- medquad ---


@pytest.mark.parametrize(
    ("found", "tidy"),
    [
        ("What is (are) Glaucoma ?", "What is (are) Glaucoma?"),
        ("What causes Bell's palsy? ?", "What causes Bell's palsy?"),
        ("Do you have information about A1C", "Do you have information about A1C"),
    ],
)
def test_tidy_question(found, tidy):
    assert tidy_question(found) == tidy


def test_tidy_answer():
    found = "Surgery is  used.\n                \nGoals:\n                \n- one\t  - two\n"
    assert tidy_answer(found) == "Surgery is used.\nGoals:\n- one - two"


# --- embedded ---


def test_embedded_files_are_the_themes():
    assert sorted(path.stem for path in FOLDER.glob("*.jsonl")) == sorted((*COURSE, *SHOP))


def test_embedded_rows():
    rows = rows_of("embedded")
    assert len({row.group for row in rows}) == 470 and len(rows) == 470 * 6 + 47 * 16
    assert len({(row.question.casefold(), row.answer) for row in rows}) == len(rows)
    assert len({row.key for row in rows}) == len(rows)
    assert {row.meta["theme"] for row in rows_of("embedded", part="boutique")} == {
        "boutique_accueil",
        "boutique_commande",
        "boutique_livraison",
        "boutique_service",
    }
    assert rows[1].meta["phrasing"] == 1 and rows[1].group == rows[0].group


def embedded_dialogues():
    return [
        Dialogue.of_pair(f"{entry} {n}", "a", id=f"{theme}-{entry}-{n}", source="s", group=f"{theme}-{entry}", meta={"theme": theme, "phrasing": n})
        for theme in ("one", "two")
        for entry in range(20)
        for n in range(6)
    ]  # fmt: skip


def test_embedded_splits():
    rows = embedded_dialogues()
    splits = split_phrasings(rows, Shares(0.8, 0.1, 0.1), 0)
    assert {split: len(part) for split, part in splits.items()} == {"train": 144, "validation": 36, "test": 24, "recall": 36}  # fmt: skip
    unseen = {row.group for row in splits["test"]}
    assert sorted(group[:3] for group in unseen) == ["one", "one", "two", "two"]
    for split in ("train", "validation", "recall"):
        groups = {row.group for row in splits[split]}
        assert len(groups) == 36 and not groups & unseen
    assert sum(row.meta["phrasing"] == 0 for row in splits["train"]) == 36
    assert {row.meta["phrasing"] for row in splits["recall"]} == {1, 2, 3, 4, 5}


def test_entries_with_many_phrasings_set_a_tenth_of_them_aside_twice():
    rows = [Dialogue.of_pair(f"q{n}", "a", id=f"i{n}", source="s", group=f"g{n // 22}", meta={"theme": "t", "phrasing": n % 22}) for n in range(44)]  # fmt: skip
    splits = split_phrasings(rows, Shares(0.5, 0.1, 0.4), 0)
    assert {split: len(part) for split, part in splits.items()} == {"train": 18, "validation": 2, "test": 22, "recall": 2}  # fmt: skip


def test_embedded_splits_depend_on_the_seed_and_the_shares_alone():
    rows, shares = embedded_dialogues(), Shares(0.8, 0.1, 0.1)

    def homes(rows, shares, seed):
        return {row.id: split for split, part in split_phrasings(rows, shares, seed).items() for row in part}

    assert homes(rows, shares, 0) == homes(rows[::-1], shares, 0) != homes(rows, shares, 1)
    assert "test" not in homes(rows, Shares(0.9, 0.1, 0), 0).values()
    assert "validation" not in homes(rows, Shares(0.9, 0, 0.1), 0).values()


@pytest.mark.parametrize("text", ["medquod", "embedded:boutik", "medquad:x", "faq.xlsx", ""])
def test_unknown_sources(text):
    with pytest.raises(InputError, match="source inconnue"):
        find_source(text)
