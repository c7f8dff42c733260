"""Dialogues as text with marks: what is written is read back, whatever the texts hold."""

import csv
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue import Dialogue, assistant, user
from chatbot.errors import InputError
from datasets_prep.export import export
from datasets_prep.sources import SOURCES
from datasets_prep.spec import Given
from datasets_prep.turns_text import has_marks, read_turns, write_turns

PIECES = st.sampled_from(
    ["###human:", "###assistant:", "### Human :", "###system:", "\\", "#", "\n", "\n\n", " ", "\r\n", "\t", ":", "a", "é", "\u00a0", "\u2028", "###"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=8).map("".join) | st.text(st.characters(codec="utf-8"), max_size=30)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)


def dialogue(pairs) -> Dialogue:
    messages = tuple(turn for question, answer in pairs for turn in (user(question), assistant(answer)))
    return Dialogue(id="d", source="s", group="g", messages=messages)


@given(st.lists(PAIRS, min_size=1, max_size=4))
def test_whatever_is_written_is_read_back(conversations):
    dialogues = [dialogue(pairs) for pairs in conversations]
    text = "".join(write_turns(dialogues))
    assert has_marks(text)
    assert [turns.messages for turns in read_turns(text)] == [one.messages for one in dialogues]


def test_the_form_as_people_see_it():
    text = "".join(
        write_turns(
            [dialogue([("Bonjour", "Oui ?"), ("Merci", "De rien\n\nÀ bientôt")]), dialogue([("Fin", "###human: non")])]
        )
    )
    assert text == (
        "###human: Bonjour\n###assistant: Oui ?\n###human: Merci\n###assistant: De rien\n\nÀ bientôt\n\n"
        "###human: Fin\n###assistant: \\###human: non\n\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        lambda size: "".join(write_turns([dialogue([(f"Question {n} ?", "Réponse.")]) for n in range(size // 4)])),
        lambda size: "###human: a\n###assistant: " + "\\" * size,
        lambda size: "###human: a\n###assistant: b" + "\n" * size + "c" + "\n" * size + "###human: d",
    ],
    ids=["dialogues", "backslashes", "empty lines"],
)
def test_time_grows_with_the_text_and_not_with_its_square(growth, text):
    small, large = text(20_000), text(40_000)
    assert growth(lambda given: list(read_turns(given)), small, large) < 3


def rows_of(path):
    return list(SOURCES["document"].read(Given(path=path)).rows)


def test_forms_of_others_are_read(write):
    path = write(
        "talk.txt",
        "### Human: Où est mon colis ?### Assistant: En route.\r\n\r\n###HUMAN : Merci\r\n###Assistant: De rien.\r\n",
    )
    first, second = rows_of(path)
    assert (first.question, first.answer.strip(), first.place) == ("Où est mon colis ?", "En route.", "ligne 1")
    assert (second.question.strip(), second.answer, second.place) == ("Merci", "De rien.", "ligne 3")


def test_turns_out_of_order_are_rejected_not_mended(write):
    path = write(
        "talk.txt", "Titre\n###human: a\n###human: b\n###assistant: c\n\n###human: d\n###assistant: e\n\n###human: f\n"
    )
    outcomes = rows_of(path)
    assert [getattr(one, "reason", "kept") for one in outcomes] == [
        "not_a_dialogue",
        "not_a_dialogue",
        "kept",
        "not_a_dialogue",
    ]
    assert outcomes[1].place == "ligne 2" and "b" in outcomes[1].question


@pytest.fixture
def talks(write, prepared):
    lines = [json.dumps({"messages": dialogue([(f"Où est la page {n} ?", f"Ici, page {n}.\nVoilà."), ("Et puis ?", f"Plus loin {n}")]).to_json()["messages"]})
             for n in range(12)]  # fmt: skip
    return prepared(write("talks.jsonl", "\n".join(lines)))


def test_a_split_goes_out_and_comes_back(talks, tmp_path, prepared):
    out = tmp_path / "dialogues.txt"
    count = export(talks.folder, out, "train")
    back = prepared(out, out=tmp_path / "back", shares=(1, 0, 0))
    assert count == len(list(talks.split("train"))) == len(list(back.split("train")))
    assert [one.messages for one in back.split("train")] == [one.messages for one in talks.split("train")]


def test_csv_and_jsonl(talks, tmp_path):
    assert export(talks.folder, tmp_path / "t.csv", "test") == export(talks.folder, tmp_path / "t.jsonl", "test")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["answer"] for row in rows] == [one.answer for one in talks.split("test")]


def test_a_csv_keeps_the_texts_beside_a_question(write, prepared, tmp_path):
    """The text that came with the request and the system message; read again, the dialogues are the same."""
    system, text = "Tu es l'assistant du dépôt.", "Rayon {n} ; « fermé »,\nle lundi."
    lines = [
        json.dumps({"messages": [{"role": "system", "content": system}] * (n % 2) + [
            {"role": "user", "content": f"Où est l'objet numéro {n} ?", "context": text.format(n=n) if n % 3 else ""},
            {"role": "assistant", "content": f"Au rayon {n * 7}, sans doute."}]})
        for n in range(24)
    ]  # fmt: skip
    data = prepared(write("talks.jsonl", "\n".join(lines)), shares=(1, 0, 0))
    out = tmp_path / "t.csv"
    assert export(data.folder, out, "train") == 24
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(bool(row["context"]) for row in rows) == {True: 16, False: 8}
    assert Counter(row["system"] for row in rows) == {system: 12, "": 12}
    back = prepared(out, out=tmp_path / "back", shares=(1, 0, 0))
    assert [one.messages for one in back.split("train")] == [one.messages for one in data.split("train")]


def test_wrong_exports_are_refused(talks, tmp_path):
    with pytest.raises(InputError, match=r"terminaison attendue\s: \.txt, \.csv, \.jsonl"):
        export(talks.folder, tmp_path / "d.docx", "train")
    with pytest.raises(InputError, match=r"pas de partie .*essai"):
        export(talks.folder, tmp_path / "d.txt", "essai")
    (tmp_path / "d.txt").write_text("à moi")
    with pytest.raises(InputError, match="existe déjà"):
        export(talks.folder, tmp_path / "d.txt", "train")
    export(talks.folder, tmp_path / "d.txt", "train", replace=True)
    assert (tmp_path / "d.txt").read_text(encoding="utf-8").startswith("###human: ")
