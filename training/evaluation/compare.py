"""Models side by side: on the same questions, with the same decoding, or not at all.

The guard is the point: a comparison in which two columns are the same model, or in which one side was asked other
questions, looks like a result and is none.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.measures import differences, measures_of
from training.evaluation.records import SEALED, Evaluation


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Models and baselines on the same questions of one split.

    Args:
        evaluations: of all sides, reduced to what every side answered; the reference first, the main model second.
        main: name of the model that the comparison is about.
        reference: name of the generic one.
        left_out: questions that were to be asked, and that not every side has room for.
    """

    evaluations: tuple[Evaluation, ...]
    main: str
    reference: str
    left_out: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        return self.evaluations[0].settings

    @property
    def split(self) -> str:
        return str(self.settings["split"])

    @property
    def sealed(self) -> bool:
        """Whether its questions were held out from training: they are never used for it later."""
        return self.split in SEALED

    @property
    def questions(self) -> int:
        return len(self.evaluations[0].answers)

    def of(self, name: str) -> Evaluation:
        """One side, by its name."""
        return next(side for side in self.evaluations if side.model == name)

    @cached_property
    def measures(self) -> dict[str, dict[str, Estimate]]:
        """Side → measure → value with its interval."""
        return {side.model: measures_of(side) for side in self.evaluations}

    @cached_property
    def differences(self) -> dict[tuple[str, str], dict[str, Difference]]:
        """(one, other) → measure → one less the other: the main model less each other side, then the others."""
        sides = [self.of(self.main), *(side for side in self.evaluations if side.model != self.main)]
        pairs = [(one, other) for place, one in enumerate(sides) for other in sides[place + 1 :]]
        return {(one.model, other.model): differences(one, other) for one, other in pairs}

    def only(self, ids: Sequence[str]) -> "Comparison":
        """The same on some of its dialogues."""
        return replace(self, evaluations=tuple(side.only(ids) for side in self.evaluations))

    def to_json(self) -> dict[str, Any]:
        own = ("model", "kind", "weights", "template", "method", "settings")
        return {
            "split": self.split,
            "sealed": self.sealed,
            "settings": self.settings,
            "questions": self.questions,
            "left_out": self.left_out,
            "evaluations": [
                {
                    "model": side.model,
                    "measures": {name: asdict(one) for name, one in self.measures[side.model].items()},
                    **{key: value for key, value in side.to_json().items() if key not in own},
                }
                for side in self.evaluations
            ],
            "differences": [
                {"model": one, "other": other, "measures": {name: asdict(gap) for name, gap in gaps.items()}}
                for (one, other), gaps in self.differences.items()
            ],
        }


def compare(evaluations: Sequence[Evaluation], main: str, reference: str) -> Comparison:
    """Puts evaluations side by side, reduced to the questions that every side answered.

    Raises:
        InputError: the same weights or the same name twice, other settings, other prompts, or no question in common.
    """
    first = evaluations[0]
    for side in evaluations[1:]:
        _check_settings(first, side)
    for place, side in enumerate(evaluations):
        check_different(side.model, side.weights, evaluations[:place])
    common = set.intersection(*({answer.id for answer in side.answers} for side in evaluations))
    if not common:
        raise InputError(
            tr(f"Comparaison refusée : aucune question de la partie « {first.settings['split']} » ne tient dans le contexte "
               "de tous les modèles.",
               f"Comparison refused: no question of the split `{first.settings['split']}` fits into every model's context.")
        )  # fmt: skip
    asked = max(len(side.answers) + side.left_out for side in evaluations)
    sides = _scored_alike([_reduced(side, common) for side in evaluations])
    for side in sides[1:]:
        if side.prompts != sides[0].prompts:
            raise InputError(
                tr(f"Comparaison refusée : {side.model} et {first.model} n'ont pas reçu les mêmes questions.",
                   f"Comparison refused: {side.model} and {first.model} did not get the same questions.")
            )  # fmt: skip
    return Comparison(evaluations=tuple(sides), main=main, reference=reference, left_out=asked - len(common))


def check_different(name: str, weights: str, others: Sequence[Evaluation]) -> None:
    """Refuses a model that is one of the others.

    Raises:
        InputError: the same name, or exactly the same weights.
    """
    for other in others:
        if name == other.model:
            raise InputError(
                tr(f"Comparaison refusée : {name} est donné deux fois.", f"Comparison refused: {name} is given twice.")
            )
        if weights and weights == other.weights:
            raise InputError(
                tr(f"Comparaison refusée : {other.model} et {name} ont exactement les mêmes poids.",
                   f"Comparison refused: {other.model} and {name} have exactly the same weights.")
            )  # fmt: skip


def _check_settings(one: Evaluation, other: Evaluation) -> None:
    if one.settings != other.settings:
        differ = ", ".join(key for key in one.settings if one.settings[key] != other.settings.get(key))
        raise InputError(
            tr(f"Comparaison refusée : les réglages de {one.model} et {other.model} diffèrent ({differ}).",
               f"Comparison refused: the settings of {one.model} and {other.model} differ ({differ}).")
        )  # fmt: skip


def _reduced(side: Evaluation, common: set[str]) -> Evaluation:
    answers = sorted((one for one in side.answers if one.id in common), key=lambda one: one.id)
    return replace(side, answers=tuple(answers), waits=tuple(one for one in side.waits if one.id in common))


def _scored_alike(sides: Sequence[Evaluation]) -> list[Evaluation]:
    """Only the expected answers of which every model scored the same bytes: contexts cut long ones in other places."""
    scored = [{one.id: one.octets for one in side.scores} for side in sides if side.kind == "model"]
    alike = (
        {name for name in scored[0] if all(each.get(name) == scored[0][name] for each in scored)} if scored else set()
    )
    return [replace(side, scores=tuple(one for one in side.scores if one.id in alike)) for side in sides]
