"""Cleaning: what changes in a text, what must not, and every reason to reject a row."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.dialogue import assistant, user
from datasets_prep.cleaning import Limits, clean, clean_text
from datasets_prep.rows import REASONS, Rejected, Row, normalised, reason_in_words

LIMITS = Limits(shortest_question=3, longest_question=40, shortest_answer=2, longest_answer=60)
texts = st.text(
    st.sampled_from("aé7e\u0301 \u00a0\u202f\t\r\n\u2028\u200b\ufeff\x00«»:?!%") | st.characters(codec="utf-8")
)


def row(question="Où est mon colis ?", answer="En route.", **fields):
    return Row(key="1", place="row 1", question=question, answer=answer, **fields)


@pytest.mark.parametrize(
    ("found", "cleaned"),
    [
        ("  Bonjour \t le   monde  ", "Bonjour le monde"),
        ("cafe\u0301", "café"),
        ("un\ufeff deux\u200b\x00 trois\u00ad", "un deux trois"),
        ("un\r\ndeux\rtrois\u2028quatre  \n\n\n\ncinq", "un\ndeux\ntrois\nquatre\n\ncinq"),
        ("Prêt\u00a0? «\u00a0Oui\u00a0» : 10\u202f000\u00a0% à 9\u00a0h", "Prêt\u00a0? «\u00a0Oui\u00a0» : 10\u202f000\u00a0% à 9\u00a0h"),
        ("Prêt \u00a0 ?", "Prêt\u00a0?"),
        ("du\u00a0texte\u00a0copié", "du texte copié"),
        ("def f():\n    return 1", "def f():\n    return 1"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)  # fmt: skip
def test_clean_text(found, cleaned):
    assert clean_text(found) == cleaned


@given(texts)
@example("e\u200b\u0301")
@example("a\n \u00a0\nb")
def test_cleaning_twice_changes_nothing_more(text):
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not {"\x00", "\r", "\ufeff", "\u200b"} & set(cleaned)


@pytest.mark.parametrize(
    ("found", "reason", "detail"),
    [
        (row(question=" \u00a0\n"), "empty_question", ""),
        (row(answer="\u200b"), "empty_answer", ""),
        (row(question="Où"), "short_question", "2 < 3"),
        (row(question="o" * 41), "long_question", "41 > 40"),
        (row(answer="N"), "short_answer", "1 < 2"),
        (row(answer="n" * 61), "long_answer", "61 > 60"),
        (row(answer=" ... "), "no_answer", "..."),
        (row(answer="--"), "no_answer", "--"),
        (row(question="What causes Bell's palsy?", answer="what causes  Bell's palsy"), "answer_repeats_question", ""),
        (row(history=(user(" "), assistant("Oui."))), "empty_turn", ""),
    ],
)
def test_reasons(found, reason, detail):
    rejected = clean(found, LIMITS)
    assert isinstance(rejected, Rejected)
    assert (rejected.place, rejected.reason, rejected.detail) == ("row 1", reason, detail)
    assert (rejected.question, rejected.answer) != ("", "")


def test_all_texts_of_a_row_are_cleaned():
    cleaned = clean(row(question=" a  b c", answer="d\t e", context=" f ", group=" g  h", history=(user(" i "), assistant("j "))), LIMITS)  # fmt: skip
    assert isinstance(cleaned, Row)
    assert (cleaned.question, cleaned.answer, cleaned.context, cleaned.group) == ("a b c", "d e", "f", "g h")
    assert [turn.content for turn in cleaned.history] == ["i", "j"]


@pytest.mark.parametrize("answer", ["A", "7", "é", "oui", "%", "+", "[]", "42.", "non !", "👍", "Σ"])
def test_a_short_answer_is_an_answer(answer):
    assert isinstance(clean(row(answer=answer), Limits()), Row)


@pytest.mark.parametrize("answer", ["-", "–", "…", "...", "?", "? ?", ".", "!", "___"])
def test_a_sign_where_there_is_no_answer_is_none(answer):
    rejected = clean(row(answer=answer), Limits())
    assert isinstance(rejected, Rejected) and (rejected.reason, rejected.detail) == ("no_answer", answer)


def test_a_multiple_choice_is_not_lost(write, prepared):
    subjects = (
        "la Loire",
        "le Rhin",
        "le lin",
        "un octet",
        "Python",
        "le zinc",
        "Mars",
        "la TVA",
        "Molière",
        "le pH",
        "un bit",
        "Keras",
    )
    lines = [f"Que dire de {subject} ? A) {n} B) {n * n} C) rien;{'ABC'[n % 3]}" for n, subject in enumerate(subjects)]
    data = prepared(write("qcm.csv", "\n".join(["question;réponse", *lines, "Et après ?;-", "Et donc ?;"])))
    counts = data.manifest["counts"]
    assert (counts["kept"], counts["rejected"]) == (12, 2)
    assert {one.answer for split in data.splits for one in data.split(split)} == {"A", "B", "C"}


def test_limits_are_inclusive():
    assert isinstance(clean(row(question="Oùs", answer="n" * 60), LIMITS), Row)


def test_every_reason_has_words_in_both_languages():
    assert all(french and english and french != english for french, english in REASONS.values())
    assert reason_in_words("exact_duplicate") == "doublon exact"


def test_normalised():
    assert normalised(" Où  EST-il\u00a0?\n") == "où est-il ?"
