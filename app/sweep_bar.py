"""What `causette sweep` shows while it runs."""

import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.output import Output, advice
from chatbot.language import number, tr
from training.evaluation.measures import MEASURES
from training.evaluation.sweep import SweepWatcher, Tried
from training.evaluation.tables import told
from training.evaluation.ways import choice_told


class SweepBar(SweepWatcher):
    """A line for each way of decoding, on a terminal a bar, and how long it will take once that can be told."""

    def __init__(self, output: Output, measure: str):
        self._output, self._measure = output, measure
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=advice, transient=True, disable=output.as_json or not advice.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task("…", total=None)
        self._ways = self._done = self._total = 0
        self._start: tuple[float, int] | None = None

    def begins(self, name: str) -> None:
        self._progress.update(self._task, description=name)

    def answered(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
        self._done, self._total = done, total

    def tried(self, one: Tried) -> None:
        value = told(one.value, MEASURES[self._measure].digits)
        self._output.say(f"  {choice_told(one.way)}{tr(' : ', ': ')}{value}")
        self._ways += 1
        if self._ways == 1:
            self._start = time.monotonic(), self._done  # what the first compiled would only mislead
        elif self._ways == 2 and self._start and self._done < self._total:
            seconds = (time.monotonic() - self._start[0]) / max(1, self._done - self._start[1])
            left = seconds * (self._total - self._done)
            self._output.say(
                tr(f"  encore {number(left / 60, 1)} min environ", f"  about {number(left / 60, 1)} min to go")
            )

    def __enter__(self) -> "SweepBar":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()
