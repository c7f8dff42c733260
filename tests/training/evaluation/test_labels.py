"""Sets whose answers are labels: what an answer says, accuracy, macro-F1 and the confusion matrix."""

import numpy as np
import pytest

from chatbot.chat import Answer
from chatbot.dialogue import Dialogue
from training.evaluation.asked import Asked, Training
from training.evaluation.labels import Labels
from training.evaluation.measures import confusion_matrix, labels_in, measures_of
from training.evaluation.records import Evaluation, EvaluationSettings

SCALE = {"neg": "Négatif", "vneg": "Très négatif", "pos": "Positif"}


def dialogue(n, label, said=None, noted=True):
    return Dialogue.of_pair(
        "Quel sentiment ?", said or f"{SCALE[label]} : sur une échelle.", context=f"Phrase {n}", id=f"{n}", source="s",
        group=f"{n}", meta={"label": label} if noted else {},
    )  # fmt: skip


TRAIN = [dialogue(n, label) for n, label in enumerate(list(SCALE) * 40)]


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("Négatif : sur une échelle.", "neg"),
        ("négatif", "neg"),
        ("Très négatif", "vneg"),
        ("Je dirais très négatif.", "vneg"),
        ("positif ou négatif", ""),
        ("Ce n'est pas positif.", ""),
        ("Non positif", ""),
        ("negatif", "neg"),
        ("TRES NEGATIF", "vneg"),
        ("très", ""),
        ("", ""),
    ],
)
def test_what_an_answer_says(answer, label):
    assert Labels(TRAIN).given(answer) == label


def test_labels_need_no_note_where_many_share_an_answer():
    bare = [dialogue(n, label, noted=False) for n, label in enumerate(list(SCALE) * 40)]
    labels = Labels(bare)
    assert set(labels.wanted(bare).values()) == {"Négatif", "Très négatif", "Positif"}
    assert labels.given("c'est positif") == "Positif"


def test_a_noted_subject_is_no_label():
    subjects = [dialogue(n, "pos" if n % 2 else "neg", said=f"Réponse {n}, toute autre.") for n in range(80)]
    assert Labels(subjects).wanted(subjects) == {}
    assert Labels([]).wanted(subjects) == {}


def test_accuracy_macro_f1_and_confusion_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.metrics import confusion_matrix as theirs

    random = np.random.default_rng(1)
    wanted = random.choice(list(SCALE), 60)
    given = np.where(random.random(60) < 0.6, wanted, random.choice([*SCALE, "none"], 60))
    asked = Asked(
        [dialogue(n, label) for n, label in enumerate(wanted)], EvaluationSettings(questions=99), Training(TRAIN)
    )
    answers = tuple(
        asked.record(one, Answer(text=SCALE.get(label, "Bof"), finish="end"))
        for one, label in zip(asked.dialogues, given, strict=True)
    )
    evaluation = Evaluation(model="m", settings={}, answers=answers)
    found = measures_of(evaluation)
    assert found["accuracy"].value == pytest.approx(accuracy_score(wanted, given))
    names = labels_in(evaluation)
    assert found["macro_f1"].value == pytest.approx(f1_score(wanted, given, labels=names, average="macro"))
    assert found["macro_f1"].low < found["macro_f1"].value < found["macro_f1"].high
    assert (confusion_matrix(evaluation) == theirs(wanted, given, labels=[*names, "none"])[:3]).all()
