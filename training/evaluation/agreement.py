"""How far a judge agrees with people who judged the same answers: share and Cohen's kappa, with intervals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.confidence import Estimate, bootstrap
from training.evaluation.groups import summed

CHOICES = ("one", "other", "tie")


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A judge beside people.

    Args:
        share: of the questions on which it says what most people say; None without questions.
        kappa: the same beyond chance; None where it is not defined.
        questions: with a majority of people and a verdict of the judge.
        no_majority: questions with votes, none of which more than half of the people gave.
        no_verdict: questions with a majority, on which the judge said nothing that counts.
    """

    share: Estimate | None
    kappa: Estimate | None
    questions: int
    no_majority: int
    no_verdict: int


def agreement(judged: Mapping[str, str], votes: Mapping[str, Sequence[str]]) -> Agreement:
    """Compares a judge's choices with those of people, question by question; intervals draw the questions again.

    Args:
        judged: question → one of `CHOICES`; any other value is no verdict.
        votes: question → what people chose, of `CHOICES`.
    """
    people = {question: majority(chosen) for question, chosen in votes.items() if chosen}
    clear = {question: choice for question, choice in people.items() if choice}
    both = {question: choice for question, choice in clear.items() if judged.get(question) in CHOICES}
    rows = {}
    for question, choice in both.items():
        cell = np.zeros((len(CHOICES), len(CHOICES)))
        cell[CHOICES.index(judged[question]), CHOICES.index(choice)] = 1.0
        rows[question] = (question, cell.ravel())
    sums = summed(rows)  # type: ignore[arg-type]
    defined = bool(both) and not np.isnan(cohen_kappa(sums.by_group.sum(axis=0)))
    return Agreement(
        share=bootstrap(sums, _share, bounded=True) if both else None,
        kappa=bootstrap(sums, cohen_kappa) if defined else None,
        questions=len(both),
        no_majority=len(people) - len(clear),
        no_verdict=len(clear) - len(both),
    )


def majority(votes: Sequence[str]) -> str:
    """What more than half of the voters chose; "" where there is no such thing."""
    choice, count = Counter(votes).most_common(1)[0]
    return choice if 2 * count > len(votes) else ""


def cohen_kappa(cells: np.ndarray) -> np.ndarray:
    """Cohen's kappa (1960) of flat confusion matrices, (…, k·k) → (…,); NaN where chance alone would always agree."""
    size = round(cells.shape[-1] ** 0.5)
    matrix = cells.reshape(*cells.shape[:-1], size, size)
    total = matrix.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.trace(matrix, axis1=-2, axis2=-1) / total
        chance = (matrix.sum(axis=-1) * matrix.sum(axis=-2)).sum(axis=-1) / total**2
        return np.where(chance < 1, (seen - chance) / (1 - chance), np.nan)


def _share(cells: np.ndarray) -> np.ndarray:
    size = round(cells.shape[-1] ** 0.5)
    matrix = cells.reshape(*cells.shape[:-1], size, size)
    return np.trace(matrix, axis1=-2, axis2=-1) / matrix.sum(axis=(-2, -1))
