"""What happens beside the optimizer: progress counted, validation, best weights, state, curves.

Knows how a training is watched and written down, not what is trained.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chatbot.language import tr
from chatbot.model import LanguageModel
from training.config import RunConfig
from training.diagnosis import WINDOW, Finding, Known, LossNotFinite, Setup, findings
from training.loop import StepReport, total_loss
from training.packing import PackedRows
from training.runs import HistoryRow
from training.samples import Sample, Sampler
from training.state import Backup, values_of
from training.tracking import Tracker


class Watcher:
    """Looks at a training; this one says nothing. The command line's draws a progress bar."""

    def say(self, text: str) -> None:
        """A sentence for the user."""

    def finding(self, finding: Finding) -> None:
        """Something goes wrong; by default it is said."""
        self.say(finding.text)

    def prepared(self, model: LanguageModel, plan: "Plan") -> None:
        """The model is loaded and the rows are packed; nothing is trained yet."""

    def plan(self, total_steps: int, done: int) -> None:
        """How many steps there will be, and how many a resumed run has done already."""

    def step(self, report: StepReport) -> None:
        """After each optimizer step."""

    def start(self, loss: float, rows: Sequence[HistoryRow], samples: Sequence[Sample]) -> None:
        """Before the first step: the validation loss of the untrained model, and what a resumed run has seen already."""

    def validation(self, row: HistoryRow) -> None:
        """After each validation."""

    def samples(self, samples: Sequence[Sample]) -> None:
        """The answers at a validation."""

    def end(self) -> None:
        """After the last step."""


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
    recent: list[float] = field(default_factory=list)  # of the last steps, `WINDOW` at most
    rates: list[float] = field(default_factory=list)  # tokens per second of the same
    history: list[dict[str, float]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    stopped: Literal["patience", "nan"] | None = None  # why it ended before its last step

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
    cut: Finding | None = None


class Recorder:
    """After each step: counts, validates, asks the samples, keeps the best weights, writes the state and the curves.

    Args:
        trainer: the compiled model.
        plan: its data and sizes.
        config: its options.
        progress: where it stands.
        best: the weights of `progress.best_step`.
        work: folder of the training.
        watcher: is told everything.
        tracker: takes the curves.
        sampler: asks the model.
        setup: what the cures of the findings depend on.
        moved: how far the weights are from where they began.
    """

    def __init__(
        self,
        trainer: Any,
        plan: Plan,
        config: RunConfig,
        progress: Progress,
        best: Mapping[str, np.ndarray],
        work: Path,
        watcher: Watcher,
        *,
        tracker: Tracker,
        sampler: Sampler,
        setup: Setup,
        moved: Callable[[], float],
    ):
        self.trainer, self.plan, self.config = trainer, plan, config
        self.progress, self.best, self.watcher = progress, best, watcher
        self.backup = Backup(work / "backup")
        self.tracker, self.sampler, self.setup, self.moved = tracker, sampler, setup, moved
        self._measured = False

    def begin(self, *, resumed: bool) -> None:
        """The loss and the answers of the model before its first step, told and written down; those of a resumed
        training are drawn again, because the events of the killed one may know steps that were not kept."""
        if self.plan.cut:
            self.note(self.plan.cut)
        if resumed:
            for row in self.progress.rows:
                self.tracker.again(row.step, row.curves)
            self.tracker.samples_again(self.sampler.samples)
        else:
            self._ask(0)
            self.save()
        self.watcher.start(self.progress.first_loss, self.progress.rows, self.sampler.samples)

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
            LossNotFinite: so it is, or it was in float16 again and again; nothing of that step is noted.
        """
        self._require_sound(report)
        progress = self.progress
        progress.step = report.step
        progress.seconds += report.seconds
        progress.trained_tokens += report.trained_tokens
        if np.isfinite(report.loss):  # else the loss scale skipped it
            progress.losses.append(report.loss)
            progress.recent = [*progress.recent, report.loss][-WINDOW:]
        progress.rates.append(report.tokens / report.seconds)
        self.watcher.step(report)
        self.diagnose()
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
        require_finite(loss, report.step)
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
        self.tracker.scalars(report.step, row.curves)
        self.watcher.validation(row)
        self._ask(report.step)
        self.diagnose(measure=not self._measured and report.step >= self.plan.total_steps / 4)

    def _ask(self, step: int) -> None:
        if samples := self.sampler.ask(step):
            self.tracker.samples(step, samples)
            self.watcher.samples(samples)

    def diagnose(self, *, measure: bool = False, ended: bool = False) -> None:
        """Applies the rules to what is known now, and tells what they had not found before.

        Args:
            measure: whether to measure how far the weights moved, which reads them all.
            ended: whether no step will follow.
        """
        self._measured |= measure
        progress = self.progress
        known = Known(
            setup=self.setup,
            step=progress.step,
            total_steps=self.plan.total_steps,
            start=progress.first_loss,
            recent=progress.recent,
            history=progress.rows,
            moved=self.moved() if measure else None,
            ended=ended,
        )
        for finding in findings(known):
            self.note(finding)

    def note(self, finding: Finding) -> None:
        """Keeps and tells a finding, once."""
        if all(finding.key != noted["key"] for noted in self.progress.findings):
            self.progress.findings.append(asdict(finding))
            self.watcher.finding(finding)


def require_finite(loss: float, step: int) -> None:
    if np.isfinite(loss):
        return
    raise LossNotFinite(
        tr(f"La perte n'est plus un nombre fini au pas {step}. Baissez fit.learning_rate, ou prenez "
           "fit.precision=float32.",
           f"The loss is no longer finite at step {step}. Lower fit.learning_rate, or take fit.precision=float32.")
    )  # fmt: skip


def validation_loss(trainer: Any, plan: Plan, rows: int) -> float:
    loss, weight = total_loss(trainer, plan.validation.batches(rows))
    return loss / weight
