"""The models of a folder loaded again: what agrees with itself and was never said by the model is found."""

import shutil
from pathlib import Path

import pytest

from tests.livrables.handed import verified, wrong


@pytest.fixture
def folder(handed, tmp_path) -> Path:
    copy = tmp_path / "travail"
    shutil.copytree(handed, copy)
    return copy


def test_a_comparison_forged_as_a_whole_is_found_by_the_model(folder):
    """Answers and all that follows from them agree with one another: only the model says otherwise."""
    file = folder / "runs" / "faq" / "comparison.json"
    forge(file)
    found = verified(folder, model=True, sample=4)
    assert "mesure d'une réponse" not in wrong(found, "metrics")
    assert "réponse refaite par le modèle : écrit" in wrong(found, "model")


def forge(file: Path) -> None:
    """Gives the main model the expected answers, and computes all measures anew."""
    from dataclasses import replace

    from chatbot.chat import Answer
    from datasets_prep.prepared import PreparedSet
    from training.evaluation.asked import Asked, Training
    from training.evaluation.comparison_file import read_compared
    from training.evaluation.records import EvaluationSettings
    from training.evaluation.report import write_comparison

    data = PreparedSet.open(file.parents[2] / "data" / "faq")
    compared, training = read_compared(file), Training(list(data.split("train")))
    one = compared.first
    asked = Asked(
        list(data.split("test")),
        EvaluationSettings(questions=one.settings["questions"], seed=one.settings["seed"]),
        training,
    )
    known = {dialogue.id: dialogue for dialogue in asked.dialogues}
    answers = tuple(
        asked.record(known[each.id], Answer(text=each.expected, finish="end")) for each in one.of(one.main).answers
    )
    sides = tuple(replace(side, answers=answers) if side.model == one.main else side for side in one.evaluations)
    write_comparison(file.parent, replace(compared, comparisons=(replace(one, evaluations=sides),)), training)


def test_other_weights_are_found(folder):
    import h5py

    weights = folder / "runs" / "faq" / "preset" / "model.weights.h5"
    with h5py.File(weights, "r+") as file:
        places = []
        file.visititems(
            lambda name, item: places.append(name) if isinstance(item, h5py.Dataset) and item.ndim == 2 else None
        )
        file[places[0]][...] = file[places[0]][...] * 1.5
    told = wrong(verified(folder, model=True, sample=2), "model")
    assert (
        "runs/faq · empreinte des poids, contre la comparaison : ces poids ne sont pas ceux qui ont été comparés"
        in told
    )
    assert "coût d'une réponse attendue, à 0,1 % près : écrit" in told


def test_without_weights_it_is_told_that_nothing_could_be_computed(folder):
    shutil.rmtree(folder / "runs" / "faq" / "preset")
    found = verified(folder, model=True)
    told = "\n".join(check.told() for check in found.checks if check.state == "unverified" and check.kind == "model")
    assert "réponses et coûts du modèle : poids absents" in told


def test_sample_and_seed_choose_what_is_looked_up_again(folder):
    def looked_up(**options):
        found = verified(folder, **options)
        return sum(check.count for check in found.checks if "repères" in check.what)

    assert looked_up(sample=1) < looked_up(sample=4)


def test_the_seed_draws_other_answers(handed):
    from livrables.checks.answering import Questions
    from livrables.checks.comparison import Stored

    stored = Stored(handed / "runs" / "faq", handed)
    one = stored.compared.first
    several = {
        tuple(each.id for batch in Questions(one, one.main, stored.split("test"), batch=1).batches(1, seed) for each in batch)
        for seed in range(8)
    }  # fmt: skip
    assert len(several) > 1
