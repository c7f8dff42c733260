"""The one look at the test split: the starting recipe and the run that was chosen, on dialogues nothing was chosen on.

A search tries many settings and keeps what did best on validation, partly by luck; only questions that had no part in
the choice tell the gain. They are used once: who looks again after more trials chooses on them, too.

The interval is a paired bootstrap (Efron & Tibshirani 1993, §16) over *groups* of dialogues, the unit that the splits
never cut: the same question in other words is no second observation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.dialogue import drawn
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.model import load_model
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from training.evaluation.confidence import paired
from training.evaluation.evaluate import Evaluator
from training.evaluation.groups import summed
from training.evaluation.records import EvaluationSettings
from training.packing import encode
from training.response_bits import ResponseBits, answer_bytes
from training.search_trial import BATCH, likeness
from training.search_worker import Channel

SCORED = 1_000  # dialogues whose expected answers are scored, at most


@dataclass(frozen=True, kw_only=True)
class Side:
    """A model to look at, with its way of decoding.

    Args:
        name: "recipe", "best" or "decoding" (the best with the decoding found).
        run: its folder.
        sampling: how it answers.
    """

    name: str
    run: Path
    sampling: Sampling


def look_at_test(
    channel: Channel, sides: Sequence[Side], data: Path, questions: int, seed: int, measure: str
) -> dict[str, Any]:
    """Measures all sides on the same dialogues, and the difference of each to the first with its interval.

    Returns:
        JSON values; see `compared` for those of a measure.

    Raises:
        InputError: the set has no test split, or none of its dialogues fits into every model.
    """
    dialogues = list(PreparedSet.open(data).split("test"))
    scored: dict[str, dict[str, tuple[float, float]]] = {}
    answered: dict[str, dict[str, tuple[float, float]]] = {}
    for run in dict.fromkeys(side.run for side in sides):
        model = load_model(str(run))
        some = drawn(dialogues, SCORED, seed)
        # One token more than it reads: the last is predicted only.
        encoded = [one for one in encode(some, model.template, model.tokenizer) if len(one.ids) <= model.context + 1]
        bits = ResponseBits(model).of(encoded)
        costs = {
            one.id: (float(cost), float(answer_bytes(one, model))) for one, cost in zip(encoded, bits, strict=True)
        }
        evaluator = Evaluator(model)
        for side in (side for side in sides if side.run == run):
            if side.name != "decoding":  # what the expected answers cost has nothing to do with it
                scored[side.name] = costs
            settings = EvaluationSettings(
                split="test", questions=questions, sampling=side.sampling, seed=seed, batch=BATCH
            )
            records = evaluator.answer(dialogues, settings, lambda *done: channel.tell("answers", done))
            answered[side.name] = {name: (value, 1.0) for name, value in likeness(records, measure).items()}
    groups = {dialogue.id: dialogue.group for dialogue in dialogues}
    return {
        "dialogues_in_test": len(dialogues),
        "bits_per_byte": compared(scored, groups, min(len(dialogues), SCORED), seed, same_weight=True),
        measure: compared(answered, groups, min(len(dialogues), questions), seed),
    }


def compared(
    sides: dict[str, dict[str, tuple[float, float]]],
    groups: dict[str, str],
    drawn_ones: int,
    seed: int,
    *,
    same_weight: bool = False,
) -> dict[str, Any]:
    """Each side's mean, and its difference to the first side.

    Args:
        sides: for each, (sum, weight) of each dialogue by its id: bits and bytes, or a likeness and 1.
        groups: the group of each dialogue.
        drawn_ones: dialogues that were to be measured; those that a side could not take are left out of all.
        seed: of the resampling.
        same_weight: whether the first side's weights hold for all (bytes of an answer that a tokenizer spells
            otherwise are still the same answer's).

    Returns:
        `dialogues`, `groups`, `left_out`, `values` (by side) and `differences` (by side but the first): each `value`,
        `low`, `high` (95%; None with one group).

    Raises:
        InputError: no dialogue was measured on every side.
    """
    first = next(iter(sides))
    common = [name for name in sides[first] if all(name in side for side in sides.values())]
    if not common:
        raise InputError(
            tr("Aucun dialogue de la partie « test » ne tient dans le contexte des modèles.",
               "No dialogue of the test split fits into the context of the models.")
        )  # fmt: skip
    sums = {
        side: summed(
            {name: (groups[name], (each[name][0], (sides[first] if same_weight else each)[name][1])) for name in common}
        )
        for side, each in sides.items()
    }
    result: dict[str, Any] = {
        "dialogues": len(common),
        "groups": len(sums[first].names),
        "left_out": drawn_ones - len(common),
        "values": {side: float(_ratio(each.by_group.sum(axis=0))) for side, each in sums.items()},
        "differences": {},
    }
    for side in [side for side in sides if side != first]:
        gap = paired(sums[side], sums[first], _ratio, seed)
        result["differences"][side] = {"value": gap.value, "low": gap.low, "high": gap.high}
    return result


def _ratio(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]
