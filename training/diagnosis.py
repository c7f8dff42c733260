"""What goes wrong in a training, told while it runs: rules on numbers, each with its cure for this very training.

    divergence          the training loss climbs well above where it began, or where it had come to
    not_finite          the loss is no number any more: the training ends, the best weights are kept
    no_movement         after a quarter of the steps the weights are where they were, or after half of them the losses
    validation_rising   the model learns its training dialogues by heart and gets worse at the others
    truncated           answers are cut by the length of the rows: their ends cannot be learnt

The rules are pure: a `Known` in, findings out, as kinds with their numbers; `finding_words` tells them. Whoever calls
them says each key once.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from chatbot.errors import WorldError
from training.finding_words import with_command
from training.runs import HistoryRow

WINDOW = 10  # last steps whose losses are kept
LEAST = 5  # of them whose mean is looked at; those before are something to compare with
SMALL = 50e6  # parameters; below, a model takes (and needs) the higher rates of our recipes
FEW_CUT = 0.01  # share of the dialogues; a few very long ones are nothing to worry about


class LossNotFinite(WorldError):
    """The loss is infinite or not a number."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that the user should know.

    Args:
        key: its kind, which is stable.
        step: at which it was found.
        text: in the language of the training, with the options that cure it.
        values: the numbers that it is told from, as JSON has them; see `finding_words`.
    """

    key: str
    step: int
    text: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the cures depend on.

    Args:
        method: of the training: "full", "lora", …
        parameters: of the whole model.
        learning_rate: at its peak.
        epochs: asked for.
        dropout: share of activations switched off.
    """

    method: str
    parameters: float
    learning_rate: float
    epochs: int
    dropout: float

    @property
    def usual_rate(self) -> float:
        """The learning rate of the recipe that is nearest to this training."""
        if self.method != "full":
            return 5e-4
        return 1e-3 if self.parameters < SMALL else 1e-4


@dataclass(frozen=True, kw_only=True)
class Known:
    """Where a training stands.

    Args:
        setup: its options.
        step: steps done.
        total_steps: planned.
        start: validation loss before the first step.
        recent: training losses of the last steps, `WINDOW` at most.
        history: its validations.
        moved: relative change of the trained weights; None where it was not measured.
        ended: whether no step will follow.
    """

    setup: Setup
    step: int
    total_steps: int
    start: float
    recent: Sequence[float]
    history: Sequence[HistoryRow]
    moved: float | None = None
    ended: bool = False

    @property
    def share(self) -> float:
        """Of the steps done; all of them when the training is over, however soon."""
        return 1.0 if self.ended else self.step / self.total_steps


def findings(known: Known) -> list[Finding]:
    """All that the rules find now."""
    return [
        _finding(key, known.step, known.setup, values)
        for key, rule in RULES.items()
        if (values := rule(known)) is not None
    ]


def _finding(key: str, step: int, setup: Setup | None, values: dict[str, Any]) -> Finding:
    found = {**values, **({"method": setup.method, "rate": setup.learning_rate} if setup else {})}
    return Finding(key=key, step=step, text=with_command(key, step, found), values=found)


def _divergence(known: Known) -> dict[str, Any] | None:
    """The last steps against what was before them, and not against a mean that holds some of them: a loss that falls
    steeply is lower at each validation than on average over the steps around it. One bad step is none."""
    late, early = known.recent[-LEAST:], known.recent[:-LEAST]
    if len(late) < LEAST:
        return None
    earlier = [row.loss for row in known.history if row.step <= known.step - LEAST]
    earlier += [fmean(early)] if len(early) == LEAST else []
    now, best = fmean(late), min(earlier, default=math.inf)
    low = min(now, median(late))
    if not (low > 1.5 * known.start or low > 2 * best + 1):
        return None
    better = min(known.setup.learning_rate / 10, known.setup.usual_rate)
    return {"now": now, "before": min(best, known.start), "steps": LEAST, "better_rate": better}


def _no_movement(known: Known) -> dict[str, Any] | None:
    still = known.moved is not None and known.moved < 1e-5 and known.share >= 0.25
    if not (still or (known.share >= 0.5 and _flat(known))):
        return None
    better = min(1.0, max(known.setup.learning_rate * 10, known.setup.usual_rate))
    return {"moved": known.moved if still else None, "better_rate": better}


def _flat(known: Known) -> bool:
    """Whether neither loss has changed by half a percent since the beginning."""
    rows = known.history
    if len(rows) < 2:
        return False
    measured = [(row.validation_loss, known.start) for row in rows] + [(row.loss, rows[0].loss) for row in rows]
    return all(abs(loss - before) <= 0.005 * before for loss, before in measured)


def _validation_rising(known: Known) -> dict[str, Any] | None:
    rows = known.history
    if len(rows) < 3:
        return None
    best = min(rows, key=lambda row: row.validation_loss)
    last, before = rows[-1], rows[-2]
    climbs = last.validation_loss > 1.02 * best.validation_loss and before.validation_loss > best.validation_loss
    if not (climbs and best.step < before.step and last.loss < best.loss):
        return None
    return {
        "loss": last.loss,
        "best_loss": best.validation_loss,
        "best_step": best.step,
        "last_loss": last.validation_loss,
        "last_step": last.step,
        "epochs": max(1, math.ceil(best.epoch)),
        "of_epochs": known.setup.epochs,
        "dropout": known.setup.dropout,
    }


RULES: dict[str, Callable[[Known], dict[str, Any] | None]] = {
    "divergence": _divergence,
    "no_movement": _no_movement,
    "validation_rising": _validation_rising,
}


def truncated(*, cut: int, dialogues: int, row_length: int, needed: int, context: int) -> Finding | None:
    """Before the training: whether answers are cut.

    Args:
        cut: dialogues that lose the end of their last answer.
        dialogues: all of them.
        row_length: places of a row.
        needed: places that the longest dialogue takes.
        context: places that the model has.
    """
    if cut < FEW_CUT * dialogues or not cut:
        return None
    values = {"cut": cut, "dialogues": dialogues, "row_length": row_length, "needed": needed, "context": context}
    return _finding("truncated", 0, None, values)


def not_finite(setup: Setup, *, step: int, best_step: int, precision: str) -> Finding:
    """The loss of the step after `step` was no number; the weights of `best_step` are kept."""
    better = min(setup.learning_rate / 10, setup.usual_rate)
    return _finding("not_finite", step, setup, {"best_step": best_step, "better_rate": better, "precision": precision})
