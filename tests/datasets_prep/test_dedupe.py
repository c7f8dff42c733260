"""Duplicates: what repeats goes, what only resembles stays."""

import pytest

from chatbot.dialogue import Dialogue, assistant, user
from datasets_prep.dedupe import SeenDialogues, jaccard, shingles

LONG = (
    "Pour suivre une commande, ouvrez la page de votre compte, choisissez la commande dans la liste, puis cliquez sur "
    "le numéro de suivi du transporteur : il indique chaque étape du colis jusqu'à la livraison à votre adresse."
)
BOILERPLATE = (
    "This condition is inherited in an autosomal recessive pattern, which means both copies of the gene in each cell "
    "have mutations. The parents of an individual with the condition each carry one copy of the mutated gene."
)


def repeats(*pairs: tuple[str, str], near_question: float = 0.9, near_answer: float = 0.85) -> list[str | None]:
    """What each pair repeats: "reason id" or None."""
    seen = SeenDialogues(near_question=near_question, near_answer=near_answer)
    found = [
        seen.repeat_of(Dialogue.of_pair(question, answer, id=str(number), source="s", group="g"))
        for number, (question, answer) in enumerate(pairs)
    ]
    return [repeat and f"{repeat.reason} {repeat.id}" for repeat in found]


def test_exact_but_for_case_and_blanks():
    assert repeats(("Où est-il ?", "Ici."), ("où  est-il\u00a0?", "ICI.")) == [None, "exact_duplicate 0"]


def test_same_question_with_another_answer_stays():
    assert repeats(("What is BPES?", "A rare disease."), ("What is BPES?", "A condition of the eyelids.")) == [
        None,
        None,
    ]


def test_near_on_both_sides_goes():
    assert repeats(
        ("Comment suivre ma commande ?", LONG), ("Comment suivre ma commande", LONG.replace("Pour suivre", "Afin de suivre"))
    ) == [None, "near_duplicate 0"]  # fmt: skip


def test_paraphrases_with_one_answer_survive():
    phrasings = [
        "Comment suivre ma commande ?",
        "Où en est mon colis ?",
        "Comment puis-je suivre ma commande ?",
        "suivi commande",
    ]
    assert repeats(*((phrasing, LONG) for phrasing in phrasings)) == [None] * 4  # fmt: skip


def test_boilerplate_under_different_diseases_survives():
    diseases = ["galactosialidosis", "harlequin ichthyosis", "isovaleric acidemia", "Usher syndrome"]
    assert repeats(*((f"Is {disease} inherited?", BOILERPLATE) for disease in diseases)) == [None] * 4


@pytest.mark.parametrize(("one", "other"), [("1", "2"), ("A", "B"), ("II", "III"), ("", "2q37")])
def test_types_of_a_disease_are_different_things(one, other):
    question = "What are the symptoms of autosomal dominant intermediate Charcot Marie Tooth disease with early onset in adults, type {}?"
    assert repeats((question.format(one), BOILERPLATE), (question.format(other), BOILERPLATE)) == [None, None]


def test_the_other_side_of_the_talk_counts():
    """One question after two different openings is two dialogues; so is one instruction with two contexts."""
    seen = SeenDialogues(near_question=0.9, near_answer=0.85)
    for number, opening in enumerate(("Je veux rendre un livre acheté hier.", "Mon écran reste noir au démarrage.")):
        turns = (user(opening), assistant("D'accord."), user("Que faire ?"), assistant(LONG))
        assert seen.repeat_of(Dialogue(id=str(number), source="s", group="g", messages=turns)) is None
    for number, context in enumerate(("Un premier texte sur la mer.", "Une tout autre histoire de montagne.")):
        assert seen.repeat_of(Dialogue.of_pair("Résume.", "C'est fait.", context=context, id=f"c{number}", source="s", group="g")) is None  # fmt: skip


def test_thresholds_have_an_effect():
    pairs = ("How do I track the order that I placed?", LONG), ("How do I track the order that I placed today?", LONG)
    similarity = jaccard(shingles(pairs[0][0]), shingles(pairs[1][0]))
    assert 0.8 < similarity < 0.9
    assert repeats(*pairs, near_question=0.8) == [None, "near_duplicate 0"]
    assert repeats(*pairs, near_question=0.9) == [None, None]
    half = LONG[: len(LONG) // 2]
    assert repeats((pairs[0][0], LONG), (pairs[0][0], half), near_answer=0.95) == [None, None]
    assert repeats((pairs[0][0], LONG), (pairs[0][0] + "!", LONG[:-20]), near_answer=0.6) == [None, "near_duplicate 0"]


def test_texts_without_words_are_not_near():
    assert repeats(("???", "!!!"), ("!?!", "…"), ("???", "!!!")) == [None, None, "exact_duplicate 0"]


def test_jaccard_and_shingles():
    assert shingles("Où est-il") == {"où", "est", "il", "où est", "est il"}
    assert jaccard(shingles("a b"), shingles("a c")) == 1 / 5
    assert jaccard(frozenset(), frozenset()) == 0
