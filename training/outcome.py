"""What came out of a training: the numbers of `metrics.json`, and the two that a beginner must know."""

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np

from chatbot.language import number, tr
from training.config import RunConfig
from training.recorder import Plan, Progress
from training.state import values_of


def verdict(metrics: dict[str, Any]) -> str:
    """The two facts a beginner must know after a training: weights moved, response loss fell (or not)."""
    before, after = metrics["validation_loss_before"], metrics["validation_loss_after"]
    moved = number(100 * metrics["weights_moved"], 2)
    fell = tr("a baissé", "fell") if after < before else tr("N'A PAS baissé", "did NOT fall")
    return tr(
        f"Les poids entraînés ont bougé de {moved} % ; la perte sur les réponses de validation {fell} : "
        f"{number(before, 3)} → {number(after, 3)} (meilleur pas : {metrics['best_step']}).",
        f"Trained weights moved by {moved}%; the loss on validation answers {fell}: "
        f"{number(before, 3)} → {number(after, 3)} (best step: {metrics['best_step']}).",
    )


def weights_moved(trainer: Any, before: dict[str, np.ndarray]) -> float:
    """How far the trained weights are from `before`, as a share of their size (Euclidean norms)."""
    after = values_of(trainer.trainable_variables)
    change = sum(float(np.square(after[name] - before[name], dtype="float64").sum()) for name in before)
    size = sum(float(np.square(value, dtype="float64").sum()) for value in before.values())
    return (change / size) ** 0.5 if size else 0.0


def outcome(
    config: RunConfig, trainer: Any, plan: Plan, progress: Progress, before: dict[str, np.ndarray], precision: str
) -> dict[str, Any]:
    """The metrics of a run."""
    return {
        "validation_loss_before": progress.first_loss,
        "validation_loss_after": progress.best_loss,
        "best_step": progress.best_step,
        "steps": progress.step,
        "planned_steps": plan.total_steps,
        "skipped_steps": _skipped(trainer.optimizer, progress.step),
        "epochs": progress.step / plan.steps_per_epoch,
        "weights_moved": weights_moved(trainer, before),
        "trained_parameters": sum(math.prod(variable.shape) for variable in trainer.trainable_variables),
        "trained_tokens": progress.trained_tokens,
        "train_seconds": progress.seconds,
        "truncated_dialogues": plan.train.truncated + plan.validation.truncated,
        "row_length": plan.train.length,
        "row_filled": plan.train.filled,
        "method": config.method,
        "precision": precision,
        "stopped": progress.stopped,
        "findings": progress.findings,
        "measured_on": plan.validation.dialogues.fingerprint,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _skipped(optimizer: Any, steps: int) -> int:
    """Steps that the loss scale of float16 skipped."""
    from training.loss_scale import StepLossScale

    return steps - int(optimizer.iterations) if isinstance(optimizer, StepLossScale) else 0
