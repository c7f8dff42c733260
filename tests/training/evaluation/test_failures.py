"""Kinds of failures: each rule at its border, their order, and the counts."""

from dataclasses import replace

import pytest

from chatbot.language import set_language
from tests.training.evaluation.made_by_hand import compared_on, dialogue, record
from training.evaluation.asked import Training
from training.evaluation.confidence import wilson
from training.evaluation.failures import FAILURES, ends_in_loop, failure_name, failure_of, failures_of

LEARNT = dialogue(7, "Comment rendre un article ?", "Imprimez le bon de retour puis collez-le sur le colis.")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "none"),
        ({"answer": ""}, "empty"),
        ({"answer": " … !"}, "empty"),
        ({"language": "en", "wanted_language": "fr"}, "language"),
        ({"language": "", "wanted_language": "fr"}, "none"),
        ({"repetition": 0.5}, "loop"),
        ({"repetition": 0.49}, "none"),
        ({"answer": "Le délai est long, est long, est long"}, "loop"),
        ({"finish": "length"}, "cut"),
        ({"answer": "Nous sommes là pour vous.", "token_f1": 0.1}, "off_topic"),
        ({"answer": "Nous sommes là pour vous.", "token_f1": 0.2}, "none"),
        ({"answer": "Les livraisons sont rapides.", "token_f1": 0.0}, "none"),  # "livraison" is in the question
        ({"answer": "Un jour.", "token_f1": 0.1}, "none"),  # "jours" is in the expected answer
        ({"answer": "positif", "token_f1": 0.1, "label": "positive", "wanted_label": "negative"}, "none"),
        ({"question": "Et là ?", "expected": "Non.", "answer": "Camion", "token_f1": 0.0}, "none"),  # nothing to go by
        ({"nearness": 0.9, "nearest": "7", "token_f1": 0.3}, "copied"),
        ({"nearness": 0.89, "nearest": "7", "token_f1": 0.3}, "none"),
        ({"nearness": 1.0, "nearest": "1", "token_f1": 0.3}, "none"),  # its own answer, learnt
        ({"nearness": 1.0, "nearest": "7", "token_f1": 0.3, "wanted_label": "positive"}, "none"),
    ],
)
def test_each_rule(changes, kind):
    assert failure_of(record(**changes), LEARNT) == kind


def test_the_first_rule_that_fits_counts():
    everything = record(answer="a a a a a a", language="en", wanted_language="fr", repetition=1.0, finish="length",
                        token_f1=0.0, nearness=1.0, nearest="7")  # fmt: skip
    assert failure_of(everything) == "language"
    assert failure_of(replace(everything, language="")) == "loop"
    assert failure_of(record(finish="length", answer="Nous sommes là.", token_f1=0.0)) == "cut"


def test_a_copy_is_one_only_of_an_answer_to_something_else():
    copy = record(nearness=1.0, nearest="7", token_f1=0.3)
    same_answer = dialogue(7, "Comment rendre un article ?", copy.expected)
    same_question = dialogue(7, copy.question, "Trois semaines.")
    assert [failure_of(copy, learnt) for learnt in (LEARNT, same_answer, same_question)] == ["copied", "none", "none"]
    # Nothing known of training but how near it is: what is like the expected answer is no failure.
    assert (failure_of(copy), failure_of(replace(copy, token_f1=0.6))) == ("copied", "none")


@pytest.mark.parametrize(
    ("said", "loops"),
    [
        ("a a a a a a", True),
        ("a a a a a", False),  # five words
        ("x y a b a b a b", True),
        ("x y a b a b", False),
        ("a b c a b c a b c a", True),  # cut in the fourth
        ("a b c a b c a b", False),  # not yet three times
        ("a b c a b c a b c d", False),  # went on
        ("", False),
    ],
)
def test_a_loop_is_at_the_end_three_times(said, loops):
    assert ends_in_loop(said.split()) is loops


def test_counts_and_shares_of_a_side():
    dialogues = [dialogue(n, f"Quel est le prix du colis {n} ?", f"Le colis {n} coûte dix euros.") for n in range(4)]
    texts = {"generic": [""] * 4, "special": ["", "Le colis coûte dix euros.", "", "Le colis 3 coûte dix euros."]}
    comparison = compared_on(dialogues, texts)
    found = failures_of(comparison.of("special"))
    assert {kind: len(found.ids(kind)) for kind in FAILURES if found.ids(kind)} == {"empty": 2, "none": 2}
    assert found.ids("empty") == ["0", "2"]
    share = found.share("empty")
    assert (share.value, share.groups, share.dialogues) == (0.5, 4, 4)
    assert (share.low, share.high) == pytest.approx((0.15, 0.85), abs=0.005)
    assert found.to_json()["loop"] == {
        "count": 0,
        "share": 0.0,
        "low": 0.0,
        "high": pytest.approx(0.4899, abs=1e-3),
        "ids": [],
    }


def test_what_was_copied_is_looked_up_in_training():
    asked = [dialogue(1, "Où est mon colis ?", "Suivez-le dans votre compte.")]
    texts = {"generic": ["Je ne sais pas."], "special": [LEARNT.answer]}
    training = Training([LEARNT, dialogue(8, "Qui êtes-vous ?", "Un programme.")])
    comparison = compared_on(asked, texts, training)
    assert comparison.of("special").answers[0].nearest == "7"
    # It speaks of a "colis", as the question does, so that it is not off topic.
    assert failures_of(comparison.of("special"), training.dialogues).ids("copied") == ["1"]


@pytest.mark.parametrize(
    ("share", "count", "low", "high"),
    [(0.0, 20, 0.0, 0.161), (1.0, 20, 0.839, 1.0), (0.5, 10, 0.237, 0.763), (0.1, 100, 0.055, 0.174)],
)
def test_wilson_interval(share, count, low, high):
    # scipy.stats.binomtest(round(share * count), count).proportion_ci(method="wilson")
    assert wilson(share, count) == pytest.approx((low, high), abs=5e-4)


def test_every_kind_has_a_name_in_both_languages():
    french = [failure_name(kind) for kind in FAILURES]
    set_language("en")
    try:
        english = [failure_name(kind) for kind in FAILURES]
    finally:
        set_language("fr")
    assert len({*french, *english}) == 2 * len(FAILURES)
