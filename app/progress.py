"""What a training shows while it runs."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.loss_chart import WIDEST, LossChart
from app.output import Output, advice, short
from chatbot.language import number, tr
from training.diagnosis import Finding
from training.loop import StepReport
from training.recorder import Watcher
from training.runs import HistoryRow
from training.samples import Sample

HIGH_ENOUGH = 22  # lines of a terminal; in a lower one the curve waits for the end


class _Panel(Progress):
    """A progress bar with lines above it that are drawn anew in their place."""

    lines: Sequence[Text] = ()

    def get_renderables(self) -> Iterable[Any]:
        yield from self.lines
        yield from super().get_renderables()


class TrainingBar(Watcher):
    """A training on a terminal: its curve and an answer, drawn anew at each validation, and a progress bar below.

    Without a terminal it writes a line now and then instead, and the curve once at the end.
    """

    def __init__(self, output: Output):
        self._output = output
        self._panel = _Panel(
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=advice,
        )
        self._task: TaskID | None = None
        self._chart = LossChart(total=1)
        self._samples: list[Sample] = []
        self._total = 0
        self._first = 0
        self._seconds = 0.0
        self._tokens = 0
        self._said = 0.0

    def __enter__(self) -> "TrainingBar":
        return self

    def __exit__(self, *exception: object) -> None:
        self._panel.stop()

    def say(self, text: str) -> None:
        self._output.say(text)

    def finding(self, finding: Finding) -> None:
        self._output.warn(finding.text)

    def plan(self, total_steps: int, done: int) -> None:
        self._total = self._chart.total = total_steps
        self.say(
            tr(
                "Premier pas : compilation de quelques dizaines de secondes…",
                "First step: compiling takes some tens of seconds…",
            )
        )
        if advice.is_terminal:
            self._panel.start()
            name = tr("Entraînement", "Training")
            self._task = self._panel.add_task(name, total=total_steps, completed=done, figures="")

    def start(self, loss: float, rows: Sequence[HistoryRow], samples: Sequence[Sample]) -> None:
        self._chart.validation = [(0, loss), *((row.step, row.validation_loss) for row in rows)]
        self._chart.training = [(row.step, row.loss) for row in rows]
        self._samples = list(samples)
        self._draw()

    def step(self, report: StepReport) -> None:
        self._chart.training.append((report.step, report.loss))
        if not self._first:
            self._first = report.step  # its time is mostly compilation
        else:
            self._seconds += report.seconds
            self._tokens += report.tokens
        loss = f"{tr('perte', 'loss')} {number(report.loss, 3)}"
        rate = f"  {number(self._tokens / self._seconds)} " + tr("jetons/s", "tokens/s") if self._seconds else ""
        if self._task is not None:
            self._panel.update(self._task, completed=report.step, figures=loss + rate)
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
        self._chart.validation.append((row.step, row.validation_loss))
        self._draw()
        if not self._panel.lines:
            self.say(
                tr(f"  pas {row.step} (époque {number(row.epoch, 2)}) : perte {number(row.loss, 3)}, "
                   f"validation {number(row.validation_loss, 3)}",
                   f"  step {row.step} (epoch {number(row.epoch, 2)}): loss {number(row.loss, 3)}, "
                   f"validation {number(row.validation_loss, 3)}")
            )  # fmt: skip

    def samples(self, samples: Sequence[Sample]) -> None:
        self._samples += samples
        self._draw()

    def end(self) -> None:
        shown = bool(self._panel.lines)
        self._panel.stop()
        if not shown:
            for line in self._lines():
                advice.print(line)

    def _draw(self) -> None:
        """The lines above the bar, made once per validation: the bar itself is drawn several times a second."""
        if self._task is not None and advice.height >= HIGH_ENOUGH:
            self._panel.lines = self._lines()
            self._panel.refresh()

    def _lines(self) -> list[Text]:
        width = min(advice.width, WIDEST)
        return [*self._chart.lines(width), *exchange(self._samples, width)]


def exchange(samples: Sequence[Sample], width: int) -> list[Text]:
    """The first question, what was expected, and the model's answers before the training and now; a line each."""
    if not samples:
        return []
    first = samples[0]
    now = [sample for sample in samples if sample.id == first.id][-1]
    parts = [
        (tr("Question", "Question"), "", first.question),
        (tr("Attendu", "Expected"), "", first.expected),
        (tr("Avant", "Before"), "", first.answer),
    ]
    if now.step > first.step:
        parts.append((tr(f"Pas {number(now.step)}", f"Step {number(now.step)}"), "bold", now.answer))
    longest = max(len(name) for name, _, _ in parts)
    lines = [Text()]
    for name, style, text in parts:
        line = Text(f"  {name:<{longest}}  ", style="bright_black")
        line.append(short(text) or "∅", style=f"default {style}".strip())
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    return lines
