"""A question with its text and its conversation: shown whole, exported whole, sealed as the question it is."""

import json
import sqlite3
from contextlib import closing

import pytest

from app.feedback.export import export
from app.feedback.sealed import sealed_key
from app.feedback.store import NAME
from app.feedback.study import read_study, sealed_in
from app.page.user_test import UserTestTab
from chatbot.chat import Answer
from chatbot.dialogue import Dialogue, Message, assistant, read_dialogues, user
from chatbot.errors import InputError
from tests.app.votes import begun, comparison, opinion, prefer, written
from training.evaluation.asked import record_of
from training.evaluation.records import AnswerRecord

ASKED = "Quel est le sentiment de ce tweet ?"
QUESTION = 8  # of what the tab returns


def one_question(**more):
    """A comparison in which every question is the same one, about another text each."""
    value = comparison((("train", 3), ("test", 3)), same=0)
    for part in value["comparisons"]:
        for one in part["evaluations"]:
            for number, given in enumerate(one["answers"]):
                given.update({"question": ASKED, "context": f"tweet {part['split']} {number}", **more})
    return value


def voted(folder, value):
    test = begun(folder, value)
    person = test.join(training=True)
    while test.next(person):
        prefer(test, person)
    return test


def test_a_record_keeps_what_was_said_before_the_question():
    turns = (Message(role="system", content="Sois bref."), user("Bonjour", "une lettre"), assistant("Bonjour !"))
    dialogue = Dialogue(
        id="1", source="s", group="g", messages=(*turns, user("Et alors ?", "un tweet"), assistant("Oui."))
    )
    record = record_of(dialogue, Answer(text="Oui.", finish="end"))
    assert record.history == tuple(turn.to_json() for turn in turns) and record.context == "un tweet"
    old = {"id": "1", "question": "?", "expected": "", "answer": "", "finish": "end", "new_tokens": 1, "token_f1": 0.0,
           "rouge_l": 0.0}  # fmt: skip
    assert AnswerRecord(**old).history == ()


def test_one_question_on_many_texts_is_many_questions(tmp_path):
    """The test split's texts are sealed, not the question that all texts share."""
    test = voted(tmp_path, one_question())
    assert len(test.study.sealed) == 3 and sealed_in(tmp_path) == test.study.sealed
    done = export(test.store, tmp_path / "votes.jsonl", "dialogues")
    assert done.left_out == {"sealed": 3} and done.used == 3
    exported = [dialogue.messages[0] for dialogue in read_dialogues(tmp_path / "votes.jsonl")]
    assert sorted(exported, key=str) == [user(ASKED, f"tweet train {number}") for number in range(3)]


def test_a_sealed_text_typed_after_its_question_stays_out(tmp_path):
    test = begun(tmp_path, one_question())
    reader = test.store.agree(training=True)
    for turn, text in enumerate([f"{ASKED} Tweet test 1 !", f"{ASKED}\ntweet train 1", ASKED]):
        test.store.keep(reader, opinion(turn=f"{turn}", messages=(user(text),)))
    done = export(test.store, tmp_path / "votes.jsonl", "dialogues")
    assert done.left_out == {"sealed": 1} and done.used == 2
    assert sealed_key("Où est-il ?", "") == sealed_key("Où est-il ?") != sealed_key("Où est-il ?", "Ici")


def test_both_forms_hold_the_text_and_the_earlier_turns(tmp_path):
    history = [
        {"role": "user", "content": "Lis ceci.", "context": "une lettre"},
        {"role": "assistant", "content": "Lue."},
    ]
    test = voted(tmp_path, one_question(history=history))
    export(test.store, tmp_path / "votes.jsonl", "dialogues")
    dialogue = next(read_dialogues(tmp_path / "votes.jsonl"))
    assert dialogue.messages[:2] == (user("Lis ceci.", "une lettre"), assistant("Lue."))
    assert dialogue.question == ASKED and dialogue.messages[2].context.startswith("tweet train")
    export(test.store, tmp_path / "pairs.jsonl", "preferences")
    prompt = json.loads((tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()[0])["prompt"]
    assert [turn["role"] for turn in prompt] == ["user", "assistant", "user"]
    assert prompt[0]["content"] == "Lis ceci.\nune lettre" and prompt[2]["content"].startswith(f"{ASKED}\ntweet train")


def test_the_voter_sees_the_text_below_the_question_and_the_conversation_above(tmp_path):
    nasty = "<img src=x> ${alert(1)}"
    history = [{"role": "user", "content": f"Bonjour {nasty}"}, {"role": "assistant", "content": "Je vous écoute."}]
    test = begun(tmp_path, one_question(history=history, context=f"le tweet {nasty}"))
    shown = UserTestTab(test).begin(None, True, False)[QUESTION]["value"]
    assert shown.index("Je vous écoute.") < shown.index(ASKED) < shown.index("le tweet")
    assert "<img" not in shown and "${" not in shown and shown.count("&lt;img") == 2 and "<details" not in shown


def test_a_long_text_can_be_folded_and_a_bare_question_is_bare(tmp_path):
    long = UserTestTab(begun(tmp_path / "a", one_question(context="mot " * 400))).begin(None, True, False)
    assert "<details open" in long[QUESTION]["value"]
    bare = UserTestTab(begun(tmp_path / "b")).begin(None, True, False)[QUESTION]["value"]
    assert bare.startswith("<h2") and bare.endswith("</h2>")


def test_texts_are_part_of_the_study_and_must_be_those_of_both_answers(tmp_path):
    plain, told = (read_study(written(tmp_path / name, one_question(context=name))) for name in ("a", "b"))
    assert plain.id != told.id
    for change in ({"context": "un autre"}, {"history": [{"role": "assistant", "content": "Seul."}]}):
        value = one_question()
        value["comparisons"][0]["evaluations"][0]["answers"][0].update(change)
        with pytest.raises(InputError, match="pas une comparaison entière"):
            read_study(written(tmp_path / "c", value))


def test_a_file_of_the_version_before_is_brought_up(tmp_path):
    test = begun(tmp_path)
    with closing(sqlite3.connect(tmp_path / NAME)) as db:
        db.executescript(
            "ALTER TABLE item DROP COLUMN context; ALTER TABLE item DROP COLUMN history; PRAGMA user_version = 1"
        )
    person = test.join(training=True)
    shown = test.next(person)
    assert (shown.context, shown.history) == ("", ())
    assert test.store.rows("PRAGMA user_version") == [{"user_version": 2}]
    begun(tmp_path, one_question())
    assert len(test.store.rows("SELECT id FROM item WHERE context LIKE 'tweet%'")) == 6
