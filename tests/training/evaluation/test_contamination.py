"""What training has nearly seen of what was asked."""

import pytest

from chatbot.dialogue import Dialogue, assistant, user
from tests.training.evaluation.made_by_hand import compared_on, dialogue
from training.evaluation.asked import Training
from training.evaluation.contamination import contamination

LONG = (
    "Le syndrome se transmet selon un mode récessif, et les deux copies du gène de chaque cellule portent la mutation"
)
TRAINING = Training(
    [
        dialogue(100, "Quels sont les symptômes du glaucome chez les personnes âgées de France", "Une vision floue."),
        dialogue(101, "Comment soigner le diabète de type 1 chez un enfant", "Par des injections."),
        dialogue(102, "Que faire contre la toux", LONG + "."),
    ]
)
ASKED = [
    dialogue(
        1, "Quels sont les symptômes du glaucome chez les personnes âgées de France ?", "La vue baisse peu à peu."
    ),
    dialogue(2, "Comment soigner le diabète de type 2 chez un enfant", "Par un régime."),  # another type: not near
    dialogue(3, "Cette maladie est-elle héréditaire ?", LONG + " !"),
    dialogue(4, "Où dormir ?", "Dans un lit."),
]
ANSWERS = {"generic": ["Rien."] * 4, "special": ["La vue baisse peu à peu.", "Rien.", LONG, "Dans un lit."]}


def test_near_questions_and_near_answers():
    found = contamination(compared_on(ASKED, ANSWERS, TRAINING), TRAINING)
    assert (found.by_question, found.by_answer, found.either) == ({"1": "100"}, {"3": "102"}, ["1", "3"])
    assert [(one["side"], one["id"]) for one in found.examples] == [("question", "1"), ("answer", "3")]
    assert found.examples[1]["training"] == TRAINING.dialogues[2].answer


def test_the_score_with_and_without_them():
    found = contamination(compared_on(ASKED, ANSWERS, TRAINING), TRAINING)
    assert found.whole["special"]["token_f1"].value == pytest.approx(3 / 4)
    assert found.without["special"]["token_f1"].value == pytest.approx(1 / 2)  # 2 wrong, 4 right
    whole, without = found.gaps["token_f1"]
    assert (whole.value, without.value) == (pytest.approx(3 / 4), pytest.approx(1 / 2))
    saved = found.to_json()
    assert saved["gaps"]["token_f1"]["without"]["value"] == pytest.approx(1 / 2)
    assert (saved["either"], saved["near_question"], saved["near_answer"]) == (["1", "3"], 0.9, 0.85)


def test_nothing_near_leaves_nothing_to_tell():
    found = contamination(compared_on(ASKED[3:], {"generic": ["Ici."], "special": ["Là."]}, TRAINING), TRAINING)
    assert (found.either, found.without, found.gaps) == ([], {}, {})


def test_all_near_leaves_no_score_without():
    found = contamination(compared_on(ASKED[:1], {"generic": ["Ici."], "special": ["Là."]}, TRAINING), TRAINING)
    assert (found.either, found.without) == (["1"], {})


def test_learnt_questions_and_unknown_training_are_not_looked_at():
    learnt = compared_on(ASKED, ANSWERS, TRAINING, split="train")
    assert contamination(learnt, TRAINING) is None
    assert contamination(compared_on(ASKED, ANSWERS), Training()) is None
    assert contamination(compared_on(ASKED, ANSWERS, TRAINING, split="recall"), TRAINING).either == ["1", "3"]


def of_text(number: int, text: str, label: str) -> Dialogue:
    messages = [user("Quel est le sentiment de cette phrase ?", context=text), assistant(label)]
    return Dialogue(id=str(number), source="s", group=str(number), meta={}, messages=messages)


def test_a_label_is_near_no_label_and_the_text_is_what_is_compared():
    """31 sentences of each label, one question for all: only the sentence that training has is near."""
    training = Training(
        [
            of_text(1000 + n, f"La phrase {n} parle du chiffre d'affaires.", "Positif" if n % 2 else "Négatif")
            for n in range(62)
        ]
    )
    asked = [
        of_text(1, "La phrase 5 parle du chiffre d'affaires.", "Positif"),
        of_text(2, "La phrase 900 parle du chiffre d'affaires.", "Négatif"),
    ]
    found = contamination(
        compared_on(asked, {"generic": ["Négatif"] * 2, "special": ["Positif"] * 2}, training), training
    )
    assert (found.by_question, found.by_answer, found.labels) == ({"1": "1005"}, {}, 2)
