"""The sources: what each yields, what it guesses, and how the user's words find it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from datasets_prep.chosen import chosen_sources
from datasets_prep.columns import find_columns
from datasets_prep.rows import Rejected
from datasets_prep.sources import FILE_KINDS, SOURCES, embedded, find_source
from datasets_prep.sources.embedded import COURSE, FOLDER, SHOP, split_phrasings
from datasets_prep.sources.medquad import tidy_answer, tidy_question
from datasets_prep.spec import Given, Shares

ROOT = Path(__file__).resolve().parents[2]


def rows_of(name, **given):
    return list(SOURCES[name].read(Given(**given)).rows)


def test_every_source_is_declared_whole():
    for name, spec in SOURCES.items():
        assert spec.name == name
        assert spec.licence.checked == ("" if name in FILE_KINDS.values() else "2026-11") and len(spec.size) == 2
        for french, english in (spec.title, spec.origin, spec.licence.stated, spec.licence.personal_data):
            assert french and english
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
    assert chosen_sources(["faq.csv"], options={"columns": ("q", "r")})[0].given.columns == ("q", "r")


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
    assert (first.key, first.place, first.question, first.context, first.answer) == ("1", "ligne de données 1", "Traduis", "Bonjour", "Hello")  # fmt: skip
    assert (first.group, second.group, second.context) == ("langue", "", "")


def test_real_cp1252_file(shared_data):
    reading = SOURCES["csv"].read(Given(path=shared_data / "messy_csv" / "bootcamp_faq_cp1252.csv"))
    rows = list(reading.rows)
    assert len(rows) == 75 and not any(isinstance(row, Rejected) for row in rows)
    assert reading.guessed == {"encoding": "cp1252", "separator": ",", "header": True, "columns": {"question": "prompt", "answer": "response"}, "columns_told_by": "names", "repairs": {}}  # fmt: skip
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
    assert (row.key, row.place, row.question, row.context, row.answer, row.group) == ("1", "ligne 1", "Merci", "c", "De rien", "g")  # fmt: skip
    assert [turn.content for turn in row.history] == ["Sois bref.", "Salut", "Oui ?"]
    assert row.meta == {"line": 1, "original_id": "t1", "page": 3}
    assert [(one.place, one.reason) for one in rejected] == [(f"ligne {n}", "not_a_dialogue") for n in range(3, 10)]
    assert all(one.detail for one in rejected)


def test_jsonl_rows_of_pairs(write):
    """The names of the columns of CSV files do as keys."""
    records = [{"Question": "Où ?", "réponse": "Là.", "theme": "lieu", "id": 7}, {"prompt": "Qui ?", "completion": "Moi."},
               {"instruction": "Traduis", "input": "Bonjour", "output": "Hello"}, {"instruction": "Salue", "input": None, "output": "Salut"},
               {"question": "Où ?"}, {"question": "Combien ?", "answer": 3}]  # fmt: skip
    rows = rows_of("jsonl", path=write("faq.jsonl", "\n".join(map(json.dumps, records))))
    assert [(row.question, row.context, row.answer, row.group) for row in rows[:4]] == [
        ("Où ?", "", "Là.", "lieu"),
        ("Qui ?", "", "Moi.", ""),
        ("Traduis", "Bonjour", "Hello", ""),
        ("Salue", "", "Salut", ""),
    ]
    assert rows[0].meta == {"line": 1, "original_id": 7}
    assert [(row.place, row.reason) for row in rows[4:]] == [
        ("ligne 5", "not_a_dialogue"),
        ("ligne 6", "not_a_dialogue"),
    ]


def test_a_line_too_deep_to_be_read_is_rejected(write):
    """Python gives up with RecursionError."""
    good = json.dumps({"question": "Où ?", "answer": "Là."})
    deep, row = rows_of("jsonl", path=write("faq.jsonl", "[" * 100_000 + "\n" + good))
    assert (deep.reason, row.answer) == ("not_a_dialogue", "Là.")


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


def test_the_size_of_the_embedded_set_is_told_truly():
    rows, megabytes = rows_of("embedded"), sum(path.stat().st_size for path in FOLDER.glob("*.jsonl")) / 1e6
    entries = len({row.group for row in rows})
    told = f"{entries:,} entries, {len(rows):,} rows, {megabytes:.1f} MB"
    assert SOURCES["embedded"].size[1] == told and told in " ".join(embedded.__doc__.split())
    french = f"{entries:,} entrées, {len(rows):,} lignes".replace(",", "\u202f").replace("\u202f ", ", ")
    assert SOURCES["embedded"].size[0] == f"{french}, {megabytes:.1f} Mo".replace(".", ",")


def entries_of_the_embedded_set() -> list[dict]:
    return [json.loads(line) for path in sorted(FOLDER.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]  # fmt: skip


def test_embedded_entries_have_one_form():
    for entry in entries_of_the_embedded_set():
        many = entry["theme"] in ("boutique_accueil", "boutique_commande", "boutique_livraison")
        assert len(entry["questions"]) == len(set(entry["questions"])) == (22 if many else 6), entry["id"]
        for text in (*entry["questions"], entry["answer"]):
            assert not re.search(r"« | [»:;?!%€]|’", text), text  # no-break spaces, straight apostrophes


def test_embedded_texts_say_token_tokenizer_and_transformer():
    """The French variants stand once, in the definitions; "jeton d'accès" is the Hub's, always in full."""
    french: list[str] = []
    for entry in entries_of_the_embedded_set():
        text = " ".join([*entry["questions"], entry["answer"]])
        french += re.findall(r"(?i)\bjetons?\b(?! d'accès)|\btokeniseurs?\b|\btransformeurs?\b", text)
        if entry["theme"] == "hub":
            assert not re.search(r"(?i)\btokens?\b", text), entry["id"]
    assert sorted(french) == ["jeton", "tokeniseur", "transformeur"]


def test_embedded_texts_name_no_command_that_is_missing():
    commands = {name for entry in entries_of_the_embedded_set() for text in (*entry["questions"], entry["answer"])
                for name in re.findall(r"\bcausette ([a-z]+)", text)}  # fmt: skip
    help_of_it = subprocess.run([sys.executable, "-m", "app", "--help"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)  # fmt: skip
    assert commands and all(re.search(rf"\b{name}\b", help_of_it.stdout) for name in commands), commands


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("boutique_commande-013", "18 ans"),
        ("boutique_livraison-001", "week-end"),
        ("boutique_livraison-005", "loi du 30 décembre 2021, dite loi Darcos"),
        ("boutique_service-016", "l'interdit sur les livres expédiés"),
    ],
)
def test_embedded_answers_answer_their_phrasings(entry, says):
    (answer,) = {row.answer for row in rows_of("embedded") if row.group == entry}
    assert says in answer


@pytest.mark.parametrize(
    ("entry", "asks"), [("boutique_commande-003", "Combien de temps"), ("boutique_commande-008", "quand reviendra")]
)
def test_embedded_phrasings_ask_for_nothing_that_is_not_answered(entry, asks):
    assert not [row.question for row in rows_of("embedded") if row.group == entry and asks in row.question]


@pytest.mark.parametrize(
    ("taught", "entry"),
    [
        (r"bout à bout (plusieurs exemples|en les séparant)", "fine_tuning-026"),
        (r"commit (est un )?enregistre", "livrables-026"),
        (r"pré-entraînement (est la première phase|apprend)", "modeles_de_langue-032"),
        (r"graine aléatoire (fixe|ou)", "modeles_de_langue-028"),
        (r"adaptateur .* ne fonctionne (pas seul|qu'avec)", "fine_tuning-008"),
        (r"^Pour citer", "livrables-041"),
    ],
)
def test_a_fact_is_taught_by_one_entry(taught, entry):
    """What two entries teach, a split by entry cannot keep out of training."""
    answers = {row.group: row.answer for row in rows_of("embedded")}
    assert [name for name, answer in answers.items() if re.search(taught, answer)] == [entry]


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


def test_shares_rule_the_phrasings_set_aside():
    rows = [Dialogue.of_pair(f"q{n}", "a", id=f"i{n}", source="s", group=f"g{n // 22}", meta={"theme": "t", "phrasing": n % 22}) for n in range(44)]  # fmt: skip

    def counts(*shares):
        return [len(part) for part in split_phrasings(rows, Shares(*shares), 0).values()]

    assert counts(0.8, 0.1, 0.1) == [18, 2, 22, 2]  # train, validation, test, recall
    assert counts(0.5, 0.1, 0.4) == [11, 2, 22, 9]
    assert counts(0.5, 0.4, 0.1) == [11, 9, 22, 2]
    assert counts(0.98, 0.01, 0.01) == [20, 1, 22, 1]
    assert counts(0.5, 0.5, 0) == [22, 22, 0, 0]
    assert counts(0.5, 0, 0.5) == [11, 0, 22, 11]
    assert counts(1, 0, 0) == [44, 0, 0, 0]


def test_the_first_phrasing_always_trains_and_validation_gets_its_one():
    splits = split_phrasings(embedded_dialogues(), Shares(0.05, 0.05, 0.9), 0)
    assert {split: len(part) for split, part in splits.items()} == {"train": 4, "validation": 4, "test": 216, "recall": 16}  # fmt: skip


def test_embedded_splits_depend_on_the_seed_and_the_shares_alone():
    rows, shares = embedded_dialogues(), Shares(0.8, 0.1, 0.1)

    def homes(rows, shares, seed):
        return {row.id: split for split, part in split_phrasings(rows, shares, seed).items() for row in part}

    assert homes(rows, shares, 0) == homes(rows[::-1], shares, 0) != homes(rows, shares, 1)
    assert not {"test", "recall"} & set(homes(rows, Shares(0.9, 0.1, 0), 0).values())
    assert "validation" not in homes(rows, Shares(0.9, 0, 0.1), 0).values()


@pytest.mark.parametrize("text", ["medquod", "embedded:boutik", "medquad:x", "faq.doc", ""])
def test_unknown_sources(text):
    with pytest.raises(InputError, match="source inconnue"):
        find_source(text)


def test_a_file_does_not_bear_the_name_of_a_set_beside_it():
    with pytest.raises(InputError, match="deux sources portent ce nom"):
        chosen_sources(["embedded:boutique", "x/embedded.csv"])
    assert len(chosen_sources(["embedded:boutique", "embedded:cours"])) == 2


def test_two_dialogues_of_one_id_are_refused(write, prepared):
    talks = write("faq.jsonl", "\n".join(json.dumps({"questions": [{"question": f"Où est {n} {m} ?", "answer": f"Ici {n} {m}."} for m in range(3)]}) for n in range(5)))  # fmt: skip
    table = write("faq-3.csv", "question,answer\n" + "".join(f"Qui est {n} ?,Voici {n}.\n" for n in range(5)))
    with pytest.raises(InputError, match=r"«\sfaq-3-1\s».*deux dialogues"):
        prepared(talks, table)


@pytest.mark.parametrize("text", ["faq.csv:abc", "faq.csv:", "faq.csv:1e-9", "x/faq.csv.gz:nan"])
def test_a_wrong_weight_after_a_file_is_told_as_one(text):
    with pytest.raises(InputError, match=r"le poids doit être au-dessus de 0"):
        chosen_sources([text])


@pytest.mark.parametrize("text", [r"C:\data\faq.csv", "a:b.csv", "faq.csv:2", "medquad:2"])
def test_a_colon_in_a_path_is_no_weight(text):
    assert len(chosen_sources([text])) == 1
