"""Answers that go round in circles, as small models write them, and good ones that only look a little like it."""

import pytest

from chatbot.reasoning.consistency import Answered, checked
from chatbot.reasoning.domain import Domain
from chatbot.reasoning.loops import few_words_in_the_end, repeated_in_the_end, run_again_and_again

CHOPPED = " ".join(
    f"{word} Lung Disease Institute"
    for word in [
        "the",
        "of",
        "National",
        "Heart",
        "and",
        "a",
        "in",
        "U.S.",
        "for",
        "to",
        "by",
        "with",
        "at",
        "on",
        "from",
    ]
)
SENTENCE = "Le traitement dépend de la cause de la maladie et de son stade. "
GOOD = (
    "L'institut national du cancer publie un guide. Il est gratuit. Une infirmière de l'institut national du cancer "
    "répond au téléphone le matin, et un médecin vous rappelle si besoin. Le site de l'institut national du cancer donne "
    "aussi des adresses près de chez vous, avec les horaires de chaque hôpital."
)


def loops(text: str) -> bool:
    domain = Domain.model_validate({"title": "t", "checks": [{"check": "loops"}]})
    answered = Answered(text=text, language="fr", entities=(), read="", sourced=False)
    return not checked(domain, answered).findings[0].passed


@pytest.mark.parametrize(
    "text",
    [
        "It is a tumor of the uret" + "hrah" * 20,
        "La gorge, puis haha" + "ha" * 20 + "!",
        SENTENCE * 4,
        "D'abord, rien à dire de ce qui précède, qui est bien écrit. " + SENTENCE * 4 + "Le traitement dép",
        CHOPPED,
    ],
)
def test_loops(text):
    assert loops(text)


@pytest.mark.parametrize(
    "text", [GOOD, "Ha ha ha !", "Voir la liste : a, b, c, d.\n" + "-" * 60, "…" * 50, "1 000 000 000 €", ""]
)
def test_good_answers_are_no_loops(text):
    assert not loops(text)


def test_a_name_that_comes_three_times_is_no_loop_unless_it_fills_the_text():
    assert GOOD.count("institut national du cancer") == 3
    assert run_again_and_again(GOOD, 4, 3) == ("", 0)
    assert run_again_and_again("le grand chat gris. " * 3, 4, 3) == ("le grand chat gris", 3)
    assert run_again_and_again("le grand chat gris. " * 3, 4, 4) == ("", 0)


def test_what_is_repeated_is_told():
    assert repeated_in_the_end("urethra" + "rah" * 10) == ("rah", 10)
    assert repeated_in_the_end("rah" * 7) == ("", 0)  # 21 characters
    few, words = few_words_in_the_end(CHOPPED)
    assert few < words * 0.45 and words == 60
    assert few_words_in_the_end(" ".join(CHOPPED.split()[:36])) is None
