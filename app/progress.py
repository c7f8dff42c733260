"""What a training shows while it runs."""

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app.output import Output, advice
from chatbot.language import number, tr
from training.loop import StepReport
from training.recorder import Watcher
from training.runs import HistoryRow


class TrainingBar(Watcher):
    """The progress bar of a training: steps, loss, tokens per second, time left.

    Without a terminal it writes a line now and then instead.
    """

    def __init__(self, output: Output):
        self._output = output
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=advice,
        )
        self._task: TaskID | None = None
        self._total = 0
        self._first = 0
        self._seconds = 0.0
        self._tokens = 0
        self._said = 0.0

    def __enter__(self) -> "TrainingBar":
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self._output.say(text)

    def plan(self, total_steps: int, done: int) -> None:
        self._total = total_steps
        self.say(
            tr(
                "Premier pas : compilation de quelques dizaines de secondes…",
                "First step: compiling takes some tens of seconds…",
            )
        )
        if advice.is_terminal:
            self._progress.start()
            name = tr("Entraînement", "Training")
            self._task = self._progress.add_task(name, total=total_steps, completed=done, figures="")

    def step(self, report: StepReport) -> None:
        if not self._first:
            self._first = report.step  # its time is mostly compilation
        else:
            self._seconds += report.seconds
            self._tokens += report.tokens
        loss = f"{tr('perte', 'loss')} {number(report.loss, 3)}"
        rate = f"  {number(self._tokens / self._seconds)} " + tr("jetons/s", "tokens/s") if self._seconds else ""
        if self._task is not None:
            self._progress.update(self._task, completed=report.step, figures=loss + rate)
        elif report.step == self._first or self._seconds - self._said >= 15:
            self._said = self._seconds
            self.say(f"{report.step}/{self._total}  {loss}{rate}{self._left(report.step)}")

    def _left(self, step: int) -> str:
        """The time left, from the mean step so far."""
        if not self._seconds:
            return ""
        seconds = (self._total - step) * self._seconds / (step - self._first)
        return tr(f"  reste {number(seconds)} s environ", f"  about {number(seconds)} s left")

    def validation(self, row: HistoryRow) -> None:
        self.say(
            tr(f"  pas {row.step} (époque {number(row.epoch, 2)}) : perte {number(row.loss, 3)}, "
               f"validation {number(row.validation_loss, 3)}",
               f"  step {row.step} (epoch {number(row.epoch, 2)}): loss {number(row.loss, 3)}, "
               f"validation {number(row.validation_loss, 3)}")
        )  # fmt: skip
