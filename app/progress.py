"""What a training shows while it runs."""

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app.output import Output, advice
from chatbot.language import number, tr
from training.recorder import Watcher
from training.loop import StepReport
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
        self._rate = 0.0
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
        rate = report.tokens / report.seconds
        self._rate = rate if not self._rate else 0.9 * self._rate + 0.1 * rate
        loss = tr("perte", "loss")
        figures = f"{loss} {number(report.loss, 3)}  {number(self._rate)} " + tr("jetons/s", "tokens/s")
        if self._task is not None:
            self._progress.update(self._task, completed=report.step, figures=figures)
            return
        self._said += report.seconds
        if self._said >= 15 or report.step == 1:
            self._said = 0.0
            left = (self._total - report.step) * report.tokens / self._rate
            remaining = tr(f"reste {number(left)} s environ", f"about {number(left)} s left")
            self.say(f"{report.step}/{self._total}  {figures}  " + (remaining if report.step > 1 else ""))

    def validation(self, row: HistoryRow) -> None:
        self.say(
            tr(f"  pas {row.step} (époque {number(row.epoch, 2)}) : perte {number(row.loss, 3)}, "
               f"validation {number(row.validation_loss, 3)}",
               f"  step {row.step} (epoch {number(row.epoch, 2)}): loss {number(row.loss, 3)}, "
               f"validation {number(row.validation_loss, 3)}")
        )  # fmt: skip
