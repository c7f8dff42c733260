"""What happens beside the optimizer: progress counted, validation, best weights, state, curves.

Knows how a training is watched and written down, not what is trained.
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.errors import WorldError
from chatbot.language import tr
from training.config import RunConfig
from training.loop import StepReport, total_loss
from training.packing import PackedRows
from training.runs import HistoryRow
from training.state import Backup, values_of


class Watcher:
    """Looks at a training; this one says nothing. The command line's draws a progress bar."""

    def say(self, text: str) -> None:
        """A sentence for the user."""

    def plan(self, total_steps: int, done: int) -> None:
        """How many steps there will be, and how many a resumed run has done already."""

    def step(self, report: StepReport) -> None:
        """After each optimizer step."""

    def validation(self, row: HistoryRow) -> None:
        """After each validation."""


@dataclass
class Progress:
    """Where a training stands; written into the backup, read back by a resumed run."""

    step: int = 0
    best_step: int = 0
    best_loss: float = float("inf")
    first_loss: float = float("inf")
    without_progress: int = 0
    seconds: float = 0.0
    trained_tokens: int = 0
    losses: list[float] = field(default_factory=list)  # of the steps since the last validation
    rates: list[float] = field(default_factory=list)  # tokens per second of the same
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def rows(self) -> list[HistoryRow]:
        return [HistoryRow(**row) for row in self.history]  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The sizes of a training, known before it begins."""

    train: PackedRows
    validation: PackedRows
    total_steps: int
    steps_per_epoch: int
    evaluate_every: int


class Recorder:
    """After each step: counts, validates, keeps the best weights, writes the state and the curves."""

    def __init__(
        self,
        trainer,
        plan: Plan,
        config: RunConfig,
        progress: Progress,
        best: Mapping[str, np.ndarray],
        work: Path,
        watcher: Watcher,
    ):
        import tensorflow as tf

        self.trainer, self.plan, self.config = trainer, plan, config
        self.progress, self.best, self.watcher = progress, best, watcher
        self.backup = Backup(work / "backup")
        shutil.rmtree(work / "tensorboard", ignore_errors=True)  # a killed training's: it may know steps not kept
        self.events = tf.summary.create_file_writer(str(work / "tensorboard"))
        self.scalar = tf.summary.scalar
        for row in progress.rows:
            self._draw(row)

    def save(self) -> None:
        """Writes the state down. Where the best weights are those of this step, they are in it already."""
        progress = self.progress
        self.backup.save(self.trainer, asdict(progress), None if progress.best_step == progress.step else self.best)

    def looks_at(self, step: int) -> bool:
        """Whether the weights of that step are validated or written down."""
        return self._due(step) or step % self.config.fit.save_every == 0

    def _due(self, step: int) -> bool:
        return step % self.plan.evaluate_every == 0 or step == self.plan.total_steps

    def record(self, report: StepReport) -> None:
        """Takes a step in: its figures, and validation, backup and best weights when they are due.

        Raises:
            WorldError: the loss is infinite or not a number; in float16, again and again.
        """
        self._require_sound(report)
        progress = self.progress
        progress.step = report.step
        progress.seconds += report.seconds
        progress.trained_tokens += report.trained_tokens
        progress.losses += [report.loss] if np.isfinite(report.loss) else []  # a step skipped by the loss scale
        progress.rates.append(report.tokens / report.seconds)
        self.watcher.step(report)
        if self._due(report.step):
            self._validate(report)
        if self.looks_at(report.step):
            self.save()

    def _require_sound(self, report: StepReport) -> None:
        """In float16 a step may overflow (it is skipped, see `training.loss_scale`), but not step after step."""
        from training.loss_scale import StepLossScale, require_recovery

        if not isinstance(self.trainer.optimizer, StepLossScale):
            require_finite(report.loss, report.step)
        elif self.looks_at(report.step) or not np.isfinite(report.loss):
            require_recovery(self.trainer.optimizer, report.step)

    def _validate(self, report: StepReport) -> None:
        progress = self.progress
        loss = validation_loss(self.trainer, self.plan, self.config.fit.rows)
        row = HistoryRow(
            step=report.step,
            epoch=round(report.step / self.plan.steps_per_epoch, 4),
            loss=float(np.mean(progress.losses or np.nan)),
            validation_loss=loss,
            learning_rate=report.learning_rate,
            tokens_per_second=float(np.median(progress.rates)),
            seconds=progress.seconds,
        )
        progress.losses, progress.rates = [], []
        progress.history.append(asdict(row))
        if loss < progress.best_loss:
            progress.best_loss, progress.best_step, progress.without_progress = loss, report.step, 0
            self.best = values_of(self.trainer.trainable_variables)
        else:
            progress.without_progress += 1
        self._draw(row)
        self.watcher.validation(row)

    def _draw(self, row: HistoryRow) -> None:
        with self.events.as_default(step=row.step):
            for name in ("loss", "validation_loss", "learning_rate", "tokens_per_second"):
                self.scalar(name, getattr(row, name))
        self.events.flush()


def require_finite(loss: float, step: int) -> None:
    if np.isfinite(loss):
        return
    raise WorldError(
        tr(f"La perte n'est plus un nombre fini au pas {step}. Baissez fit.learning_rate, ou prenez "
           "fit.precision=float32.",
           f"The loss is no longer finite at step {step}. Lower fit.learning_rate, or take fit.precision=float32.")
    )  # fmt: skip


def validation_loss(trainer: Any, plan: Plan, rows: int) -> float:
    loss, weight = total_loss(trainer, plan.validation.batches(rows))
    return loss / weight
