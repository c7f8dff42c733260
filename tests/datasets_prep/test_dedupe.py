"""Duplicates: what repeats goes, what only resembles stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue import Dialogue, assistant, user
from datasets_prep.dedupe import WORD, NearRows, exact_key, jaccard, request_text, shingles, words

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
    rows = [
        Dialogue.of_pair(question, answer, id=str(place), source="s", group="g")
        for place, (question, answer) in enumerate(pairs)
    ]
    return repeats_of(rows, near_question=near_question, near_answer=near_answer)


def repeats_of(dialogues: list[Dialogue], *, near_question: float = 0.9, near_answer: float = 0.85) -> list[str | None]:
    """As `prepare` does it: the exact repeats go first, and only what is left is looked at for near ones."""
    first: dict[int, str] = {}
    found = {each.id: f"exact_duplicate {first[key]}" for each in dialogues if first.setdefault(key := exact_key(request_text(each), each.answer), each.id) != each.id}  # fmt: skip
    left = [each for each in dialogues if each.id not in found]
    rows = NearRows(near_question=near_question, near_answer=near_answer)
    for each in left:
        rows.add(each)
    near = rows.repeats(left.__getitem__)
    found |= {left[later].id: f"near_duplicate {left[earlier].id}" for later, earlier in near.items()}
    return [found.get(each.id) for each in dialogues]


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

    def talk(number, opening):
        turns = (user(opening), assistant("D'accord."), user("Que faire ?"), assistant(LONG))
        return Dialogue(id=str(number), source="s", group="g", messages=turns)

    def work(number, context):
        return Dialogue.of_pair("Résume.", "C'est fait.", context=context, id=f"c{number}", source="s", group="g")

    openings = ("Je veux rendre un livre acheté hier.", "Mon écran reste noir au démarrage.")
    contexts = ("Un premier texte sur la mer.", "Une tout autre histoire de montagne.")
    assert repeats_of([*map(talk, range(2), openings), *map(work, range(2), contexts)]) == [None] * 4


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


@given(st.one_of(st.text(), st.text(alphabet=st.characters(max_codepoint=127))))
def test_words_are_those_of_the_pattern_for_any_text(text):
    assert words(text) == WORD.findall(text.casefold())
