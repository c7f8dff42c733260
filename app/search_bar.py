"""What a search shows while it runs: which trial, how far it is."""

from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.output import Output, advice
from chatbot.language import number, tr
from training.loop import StepReport
from training.search import SearchWatcher
from training.search_dimension import shown


class SearchBar(SearchWatcher):
    """A line for each trial, and on a terminal a bar for the one that runs."""

    def __init__(self, output: Output):
        self._output = output
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[figures]}"), TimeElapsedColumn(), console=advice, transient=True,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._name = ""

    def __enter__(self) -> "SearchBar":
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self._output.say(text)

    def trial(self, name: str, total: int, values: dict[str, Any]) -> None:
        self._name = name
        told = ", ".join(f"{key.rpartition('.')[2]} {shown(value)}" for key, value in values.items())
        self.say(f"{name} / {total}" + (f"{tr(' : ', ': ')}{told}" if told else ""))

    def plan(self, total_steps: int, done: int) -> None:
        self._show(total_steps, done)

    def step(self, report: StepReport) -> None:
        self._advance(report.step, f"{tr('perte', 'loss')} {number(report.loss, 3)}")

    def answers(self, done: int, total: int) -> None:
        if done <= 0 or self._task is None:
            self._show(total, done)
        self._advance(done, tr("réponses", "answers"), total)

    def _show(self, total: int, done: int) -> None:
        if not advice.is_terminal:
            return
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._progress.start()
        self._task = self._progress.add_task(self._name, total=total, completed=done, figures="")

    def _advance(self, done: int, figures: str, total: int | None = None) -> None:
        if self._task is not None:
            self._progress.update(self._task, description=self._name, completed=done, total=total, figures=figures)
