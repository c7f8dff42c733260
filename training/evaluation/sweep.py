"""Ways of decoding on the validation questions of a run, and which of them is worth using instead of plain greedy.

Every way answers the same questions, a drawn one with several seeds. The best mean is chosen; chosen among many, it is
good partly by luck. So it only takes the place of greedy when the paired interval of its gain does not hold 0 and the
probability of such a gain by chance, times the number of ways that tried (Bonferroni), is below 5%. What it is worth
on questions that had no part in the choice is for `causette compare` on the test split to tell.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.sampling import Sampling
from training.evaluation.asked import Asked, Training
from training.evaluation.confidence import RESAMPLES, Difference, Estimate, bootstrap, paired
from training.evaluation.evaluate import Evaluator
from training.evaluation.groups import Rows, in_common, summed
from training.evaluation.measures import MEASURES, Summed
from training.evaluation.records import Evaluation, EvaluationSettings
from training.evaluation.ways import as_values, choice_told

SPLIT = "validation"  # what nothing was learnt from; the test split is for those who look at what was chosen
LABELLED = ("accuracy", "macro_f1")  # measures of sets whose answers are labels
CHOSEN_BY = ("chrf", "rouge_l", "rouge_1", "rouge_2", "token_f1", "bleu", "exact_match", *LABELLED)
GUARDS = ("repetition", "ended", "drift", "mean_words")  # what a better value may cost
CERTAIN = 0.05
MOST_WAYS = int(CERTAIN * RESAMPLES)  # of more, no gain could ever be told from luck


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One way of decoding, and what came of it.

    Args:
        way: without a seed.
        passes: how often all questions were asked: once where nothing is drawn.
        value: of the measure, over all passes.
        gap: what it gains on plain greedy; None for that itself.
        guards: value of each of `GUARDS` that was measured.
        guard_gaps: the same less that of plain greedy.
    """

    way: Sampling
    passes: int
    value: Estimate
    gap: Difference | None = None
    guards: dict[str, Estimate] = field(default_factory=dict)
    guard_gaps: dict[str, Difference] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "way": as_values(self.way)}


@dataclass(frozen=True, kw_only=True)
class Swept:
    """All that a sweep tried, plain greedy first.

    Args:
        measure: by which the best is chosen.
        tried: one per way of decoding.
    """

    measure: str
    tried: tuple[Tried, ...]

    @property
    def greedy(self) -> Tried:
        return self.tried[0]

    @property
    def best(self) -> Tried:
        """The highest value; of equals (but for rounding) the simplest, which was tried first."""
        return max(self.tried, key=lambda one: round(one.value.value, 9))

    @property
    def chance(self) -> float | None:
        """The probability that the best of so many ways gains as much by chance; None where nothing tells it."""
        gap = self.best.gap
        return None if gap is None or gap.p is None else min(1.0, gap.p * (len(self.tried) - 1))

    @property
    def shown(self) -> bool:
        """Whether the best is shown to gain anything on plain greedy."""
        gap = self.best.gap
        return gap is not None and gap.value > 0 and gap.shown and (self.chance or 0.0) < CERTAIN

    @property
    def chosen(self) -> Tried:
        """What the run is to use: the best where a gain is shown, else plain greedy, which is simpler."""
        return self.best if self.shown else self.greedy

    @property
    def costs(self) -> dict[str, Difference]:
        """The guards by which what is chosen is shown to be worse than plain greedy."""
        worse = {}
        for name, gap in self.chosen.guard_gaps.items():
            higher = MEASURES[name].higher
            if gap.shown and higher is not None and (gap.value > 0) != higher:
                worse[name] = gap
        return worse

    def to_json(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "tried": [one.to_json() for one in self.tried],
            "best": as_values(self.best.way),
            "chosen": as_values(self.chosen.way),
            "shown": self.shown,
            "chance": self.chance,
        }


class SweepWatcher:
    """Looks at a sweep; this one says nothing."""

    def begins(self, name: str) -> None:
        """A way of decoding is asked for."""

    def answered(self, done: int, total: int) -> None:
        """Answers so far, and in all."""

    def tried(self, one: Tried) -> None:
        """A way of decoding is measured."""


def sweep(
    evaluator: Evaluator,
    dialogues: Sequence[Dialogue],
    ways: Sequence[Sampling],
    *,
    measure: str = CHOSEN_BY[0],
    questions: int = 60,
    seeds: int = 3,
    training: Training | None = None,
    watcher: SweepWatcher | None = None,
) -> Swept:
    """Tries ways of decoding.

    Args:
        evaluator: of the model; one that keeps its answers goes on with an interrupted sweep.
        dialogues: the whole validation split.
        ways: without seeds, plain greedy first.
        measure: one of `CHOSEN_BY`.
        questions: to ask each way, at most; the same for all.
        seeds: how often a drawn way is asked, with as many seeds.
        training: what was learnt, for the measures of labels.
        watcher: told what happens.

    Raises:
        InputError: the split is empty, none of it fits into the context, or it has no labels to measure.
    """
    watcher, measured = watcher or SweepWatcher(), _summed(measure)
    passes = {way: seeds if way.temperature else 1 for way in ways}
    all_passes, behind = sum(passes.values()), 0
    first: list[Evaluation] = []
    tried: list[Tried] = []
    for way, count in passes.items():
        watcher.begins(choice_told(way))
        evaluations = []
        for seed in range(1, count + 1):
            settings = EvaluationSettings(split=SPLIT, questions=questions, sampling=replace(way, seed=seed))
            asked = Asked(dialogues, settings, training)

            def told(done: int, of: int, before: int = behind) -> None:
                watcher.answered(before * of + done, all_passes * of)

            answers = evaluator.answers(asked, told)
            if not answers:
                raise InputError(
                    tr(f"Aucune question de la partie « {SPLIT} » ne tient dans le contexte ({evaluator.model.context} jetons).",
                       f"No question of the split `{SPLIT}` fits into the context ({evaluator.model.context} tokens).")
                )  # fmt: skip
            evaluations.append(
                Evaluation(model=evaluator.model.name, settings=asdict(settings), answers=tuple(answers))
            )
            behind += 1
        first = first or evaluations
        tried.append(_tried(way, evaluations, first, measured))
        watcher.tried(tried[-1])
    return Swept(measure=measure, tried=tuple(tried))


def pooled(measure: Summed, passes: Sequence[Evaluation]) -> Rows:
    """The sums of each dialogue over all passes: their mean, where the measure is a ratio of sums, as all of ours are."""
    sums: dict[str, tuple[str, Any]] = {}
    for one in passes:
        for name, (group, values) in measure.rows(one).items():
            before = sums[name][1] if name in sums else 0.0
            sums[name] = group, before + np.asarray(values, "float64")
    return sums


def check_ways(ways: Sequence[Sampling]) -> None:
    """Raises InputError for more ways than chance can be told apart from, or for none beside plain greedy."""
    if not 1 < len(ways) < MOST_WAYS:
        raise InputError(
            tr(f"{len(ways)} réglage(s) à essayer : il en faut de 2 à {MOST_WAYS - 1}. Au-delà, le meilleur ne se "
               "distinguerait plus d'un coup de chance.",
               f"{len(ways)} setting(s) to try: from 2 to {MOST_WAYS - 1} are needed. Of more, the best could not be told "
               "from a stroke of luck.")
        )  # fmt: skip


def _tried(way: Sampling, passes: Sequence[Evaluation], greedy: Sequence[Evaluation], measured: Summed) -> Tried:
    rows = pooled(measured, passes)
    if not rows:
        raise InputError(
            tr("--measure : les réponses de ce jeu ne sont pas des étiquettes. Prenez chrf, rouge_l ou token_f1.",
               "--measure: the answers of this set are no labels. Take chrf, rouge_l or token_f1.")
        )  # fmt: skip
    estimate, is_greedy = _estimate(measured, rows), passes is greedy
    guards: dict[str, Estimate] = {}
    gaps: dict[str, Difference] = {}
    for name in GUARDS:
        guard = _summed(name)
        if own := pooled(guard, passes):
            guards[name] = _estimate(guard, own)
            if not is_greedy and (gap := _gap(guard, own, pooled(guard, greedy))):
                gaps[name] = gap
    gain = None if is_greedy else _gap(measured, rows, pooled(measured, greedy))
    return Tried(way=way, passes=len(passes), value=estimate, gap=gain, guards=guards, guard_gaps=gaps)


def _estimate(measure: Summed, rows: Rows) -> Estimate:
    return bootstrap(summed(rows), measure.value, bounded=measure.bounded)


def _gap(measure: Summed, rows: Rows, others: Rows) -> Difference | None:
    left, right = in_common(rows, others)
    return paired(left, right, measure.value) if left.names else None


def _summed(name: str) -> Summed:
    measure = MEASURES[name]
    assert isinstance(measure, Summed)
    return measure
