"""The measures: what each is called, which way is better, and how it comes out of the records, with its interval.

A measure that needs something which was not measured (no label in the set, no score of a baseline) is left out: it is
never 0 by default.
"""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chatbot.language import tr
from training.evaluation import metrics
from training.evaluation.confidence import (
    Difference,
    Estimate,
    bootstrap,
    jackknife,
    jackknife_difference,
    paired,
)
from training.evaluation.groups import Rows, Value, in_common, summed
from training.evaluation.records import AnswerRecord, Evaluation

COPIED = 0.9  # share of an answer's 4-grams in one training answer, from which it is a copy


@dataclass(frozen=True)
class Measure(ABC):
    """One measure.

    Args:
        higher: whether higher is better; None: neither.
        digits: that are shown.
        french, english: its name.
    """

    higher: bool | None
    digits: int
    french: str
    english: str

    @abstractmethod
    def of(self, evaluation: Evaluation) -> Estimate | None:
        """The measure with its interval; None where it was not measured."""

    @abstractmethod
    def between(self, one: Evaluation, other: Evaluation) -> Difference | None:
        """One less the other, on the dialogues measured in both; None where there are none."""


@dataclass(frozen=True)
class Summed(Measure):
    """A measure that is a function of sums over dialogues."""

    rows: Callable[[Evaluation], Rows]
    value: Value
    bounded: bool = True  # in 0…1
    interval: bool = True  # False for what dialogues share: they are no observations of their own

    def of(self, evaluation: Evaluation) -> Estimate | None:
        rows = self.rows(evaluation)
        if not rows:
            return None
        estimate = bootstrap(summed(rows), self.value, bounded=self.bounded)
        return estimate if self.interval else replace(estimate, low=None, high=None)

    def between(self, one: Evaluation, other: Evaluation) -> Difference | None:
        left, right = in_common(self.rows(one), self.rows(other))
        return paired(left, right, self.value) if left.names else None


@dataclass(frozen=True)
class Distinct(Measure):
    """Share of different n-grams of words among all of them, over all answers."""

    n: int

    def of(self, evaluation: Evaluation) -> Estimate | None:
        if not evaluation.answers:
            return None
        return jackknife(*self._left_out(evaluation.answers), len(evaluation.answers))

    def between(self, one: Evaluation, other: Evaluation) -> Difference | None:
        common = {answer.id for answer in one.answers} & {answer.id for answer in other.answers}
        if not common:
            return None
        (left, without_left), (right, without_right) = (
            self._left_out([answer for answer in side.answers if answer.id in common]) for side in (one, other)
        )
        return jackknife_difference(left - right, without_left - without_right)

    def _left_out(self, answers: Sequence[AnswerRecord]) -> tuple[float, np.ndarray]:
        """The measure of all answers, and of all but those of each group, groups by name."""
        by_group: dict[str, Counter[tuple[str, ...]]] = {}
        for answer in answers:
            by_group.setdefault(answer.group, Counter()).update(metrics.ngrams(answer.answer, self.n))
        everywhere = Counter[tuple[str, ...]]()
        for grams in by_group.values():
            everywhere.update(grams)  # their sum would copy all of them each time
        total, types = everywhere.total(), len(everywhere)

        def share(gone: Counter[tuple[str, ...]]) -> float:
            lost = sum(count == everywhere[gram] for gram, count in gone.items())
            left = total - gone.total()
            return (types - lost) / left if left else 0.0

        without = [share(by_group[name]) for name in sorted(by_group)]
        return (types / total if total else 0.0), np.array(without)


def _each(read: Callable[[AnswerRecord], float | None]) -> Callable[[Evaluation], Rows]:
    """(value, 1) of each answer that has one."""

    def rows(evaluation: Evaluation) -> Rows:
        values = {answer.id: (answer.group, read(answer)) for answer in evaluation.answers}
        return {name: (group, (float(value), 1.0)) for name, (group, value) in values.items() if value is not None}

    return rows


def _scores(evaluation: Evaluation) -> Rows:
    return {one.id: (one.group, (one.nats, float(one.tokens), float(one.octets))) for one in evaluation.scores}


def _waits(evaluation: Evaluation) -> Rows:
    return {one.id: (one.group, (one.first_seconds, one.seconds, 1.0)) for one in evaluation.waits}


def _speed(evaluation: Evaluation) -> Rows:
    timed = [answer for answer in evaluation.answers if answer.seconds > 0 and answer.new_tokens > 0]
    return {answer.id: (answer.group, (float(answer.new_tokens), answer.seconds)) for answer in timed}


def _bleu(evaluation: Evaluation) -> Rows:
    return {answer.id: (answer.group, answer.bleu) for answer in evaluation.answers if len(answer.bleu)}


def _ended(answer: AnswerRecord) -> float | None:
    return None if answer.finish == "unknown" else float(answer.finish == "end")


def _copied(answer: AnswerRecord) -> float | None:
    return None if answer.nearness is None else float(answer.nearness >= COPIED)


def _right(answer: AnswerRecord) -> float | None:
    return float(answer.label == answer.wanted_label) if answer.wanted_label else None


def _confusion(evaluation: Evaluation) -> Rows:
    """Each answer as one cell of the confusion matrix, flat: wanted × (given, or none of the labels)."""
    labelled = [answer for answer in evaluation.answers if answer.wanted_label]
    labels = labels_in(evaluation)
    place, width = {label: number for number, label in enumerate(labels)}, len(labels) + 1
    rows = {}
    for answer in labelled:
        cell = np.zeros(len(labels) * width)
        cell[place[answer.wanted_label] * width + place.get(answer.label, len(labels))] = 1.0
        rows[answer.id] = (answer.group, cell)
    return rows  # type: ignore[return-value]


def labels_in(evaluation: Evaluation) -> list[str]:
    """The labels that were wanted, by name."""
    return sorted({answer.wanted_label for answer in evaluation.answers if answer.wanted_label})


def confusion_matrix(evaluation: Evaluation) -> np.ndarray:
    """Counts (labels, labels + 1): a row per wanted label, a column per given one, the last for none of them."""
    labels = labels_in(evaluation)
    cells = [np.asarray(cell) for _, cell in _confusion(evaluation).values()]
    return np.sum(cells, axis=0).reshape(len(labels), len(labels) + 1).astype(int)


def macro_f1(cells: np.ndarray) -> np.ndarray:
    """Mean of the labels' F1, over labels that were wanted: flat confusion matrices (…, labels × (labels + 1)) → (…,).

    That of scikit-learn over these labels; a label that a resample never wants does not count in it.
    """
    count = round((math.sqrt(1 + 4 * cells.shape[-1]) - 1) / 2)
    matrix = cells.reshape(*cells.shape[:-1], count, count + 1)
    hits = np.diagonal(matrix[..., :count], axis1=-2, axis2=-1)
    wanted, given = matrix.sum(axis=-1), matrix[..., :count].sum(axis=-2)
    there = wanted > 0
    f1 = np.where(there, 2 * hits / np.maximum(wanted + given, 1e-12), 0.0)
    return f1.sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)


def _ratio(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]


def _perplexity(sums: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(sums[..., 0] / sums[..., 1], 700.0))


def _bits_per_byte(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / math.log(2) / sums[..., 2]


MEASURES: dict[str, Measure] = {
    "bits_per_byte": Summed(False, 3, "Bits par octet de réponse", "Bits per byte of response", _scores, _bits_per_byte, bounded=False),
    "perplexity": Summed(False, 1, "Perplexité par jeton de réponse", "Perplexity per response token", _scores, _perplexity, bounded=False),
    "token_f1": Summed(True, 3, "F1 des mots", "Word F1", _each(lambda a: a.token_f1), _ratio),
    "exact_match": Summed(True, 3, "Réponse exacte (part)", "Exact match (share)", _each(lambda a: a.exact_match), _ratio),
    "bleu": Summed(True, 3, "BLEU", "BLEU", _bleu, metrics.bleu),
    "chrf": Summed(True, 3, "chrF", "chrF", _each(lambda a: a.chrf), _ratio),
    "rouge_1": Summed(True, 3, "ROUGE-1", "ROUGE-1", _each(lambda a: a.rouge_1), _ratio),
    "rouge_2": Summed(True, 3, "ROUGE-2", "ROUGE-2", _each(lambda a: a.rouge_2), _ratio),
    "rouge_l": Summed(True, 3, "ROUGE-L", "ROUGE-L", _each(lambda a: a.rouge_l), _ratio),
    "bertscore": Summed(True, 3, "BERTScore", "BERTScore", _each(lambda a: a.bertscore), _ratio),
    "accuracy": Summed(True, 3, "Étiquette juste (part)", "Right label (share)", _each(_right), _ratio),
    "macro_f1": Summed(True, 3, "Macro-F1 des étiquettes", "Macro-F1 of the labels", _confusion, macro_f1),
    "distinct_1": Distinct(None, 3, "Distinct-1", "Distinct-1", 1),
    "distinct_2": Distinct(None, 3, "Distinct-2", "Distinct-2", 2),
    "repetition": Summed(False, 3, "Redites (part des 4-grammes)", "Repetition (share of 4-grams)", _each(lambda a: a.repetition), _ratio),
    "drift": Summed(False, 3, "Réponses dans une autre langue (part)", "Answers in another language (share)", _each(lambda a: a.drifted), _ratio),
    "copied": Summed(None, 3, "Réponses copiées de l'entraînement (part)", "Answers copied from training (share)", _each(_copied), _ratio),
    "nearness": Summed(None, 3, "Proximité d'une réponse apprise", "Nearness to a training answer", _each(lambda a: a.nearness), _ratio),
    "ended": Summed(True, 3, "Réponses qui se terminent d'elles-mêmes (part)", "Answers that end by themselves (share)", _each(_ended), _ratio),
    "mean_words": Summed(None, 1, "Mots par réponse", "Words per answer", _each(lambda a: float(a.words)), _ratio, bounded=False),
    "first_seconds": Summed(False, 2, "Attente du premier texte, seul (s)", "Wait for the first text, alone (s)", _waits, lambda sums: sums[..., 0] / sums[..., 2], bounded=False),
    "seconds": Summed(False, 2, "Durée d'une réponse, seul (s)", "Time of an answer, alone (s)", _waits, lambda sums: sums[..., 1] / sums[..., 2], bounded=False),
    "tokens_per_second": Summed(None, 0, "Jetons par seconde (par lots)", "Tokens per second (in batches)", _speed, _ratio, bounded=False, interval=False),
}  # fmt: skip


def measures_of(evaluation: Evaluation) -> dict[str, Estimate]:
    """All measures that were measured, in their order."""
    found = {name: measure.of(evaluation) for name, measure in MEASURES.items()}
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def differences(one: Evaluation, other: Evaluation) -> dict[str, Difference]:
    """One less the other, for all measures of both.

    Timings are none: what else the machine did is in them. Perplexity per token is none between models that cut the same
    answers into other tokens.
    """
    left_out = {"first_seconds", "seconds", "tokens_per_second"}
    tokens = {each.id: each.tokens for each in one.scores}
    if any(tokens.get(each.id, each.tokens) != each.tokens for each in other.scores):
        left_out.add("perplexity")
    found = {name: measure.between(one, other) for name, measure in MEASURES.items() if name not in left_out}
    return {name: difference for name, difference in found.items() if difference is not None}


def label_of(name: str) -> str:
    """The measure's name in the current language."""
    return tr(MEASURES[name].french, MEASURES[name].english)
