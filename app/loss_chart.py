"""The curve of a training in characters: the loss of its steps as a line, its validations as points.

    Perte
    6,43 ┤○┐
         │ └─┐○
    3,25 ┤   └──┐ ○
         │      └────┐●
    0,07 ┤           └──────
         └┬─────────┬───────┬
          0        120    240 pas
     ─ entraînement 0,07   ○ validation 0,41   ● la meilleure : 0,41 au pas 180

All signs are in the fonts of Windows' consoles too (WGL4), which braille is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from chatbot.language import number, tr

WIDEST = 80
LINE, POINT, BEST, FAINT = "cyan", "yellow", "bold green", "bright_black"


@dataclass
class LossChart:
    """A rich renderable; it draws what it has been given when it is drawn.

    Args:
        total: steps of the whole training: where the axis ends.
        height: lines of the curve, the axis and the legend not counted.
        training: (step, loss) of the steps.
        validation: (step, loss) of the validations, the one before the first step included.
    """

    total: int
    height: int = 10
    training: list[tuple[int, float]] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.lines(min(options.max_width, WIDEST))

    def lines(self, width: int) -> list[Text]:
        """The chart, each line at most `width` wide; none before the first validation of the training."""
        losses = [loss for _, loss in (*self.training, *self.validation) if math.isfinite(loss)]
        if len(self.validation) < 2 or not losses:
            return []
        low, high = min(losses), min(max(losses), 2 * self.validation[0][1])
        if high - low < 1e-6:
            low, high = low - 0.5, high + 0.5
        digits = 2 if high - low >= 0.1 else 4
        margin = max(len(number(value, digits)) for value in (low, high)) + 2
        columns = max(10, width - margin - 1)
        grid = _Grid(columns, self.height, low, high)
        grid.draw_line(_binned(self.training, self.total, columns))
        best = min(self.validation, key=lambda point: point[1] if math.isfinite(point[1]) else math.inf)
        for step, loss in self.validation:
            here = (step, loss) == best
            grid.draw_point(_column(step, self.total, columns), loss, *(("●", BEST) if here else ("○", POINT)))
        middle = self.height // 2
        ticks = {0: high, middle: high - (high - low) * middle / (self.height - 1), self.height - 1: low}
        rows = [_axis(number(ticks[row], digits) if row in ticks else "", margin) + grid.row(row)
                for row in range(self.height)]  # fmt: skip
        title = Text(tr("Perte sur les réponses", "Loss on the answers"), style="bold")
        return [title, *rows, *_below(self.total, columns, margin, width), self._legend(best, width)]

    def _legend(self, best: tuple[int, float], width: int) -> Text:
        parts = []
        if self.training:
            mean = fmean(loss for _, loss in self.training[-max(1, len(self.training) // 20) :])
            parts.append(("─ ", LINE, tr("entraînement ", "training ") + number(mean, 3)))
        parts.append(("○ ", POINT, tr("validation ", "validation ") + number(self.validation[-1][1], 3)))
        where = tr(f"au pas {best[0]}", f"at step {best[0]}")
        parts.append(("● ", BEST, tr("la meilleure : ", "the best: ") + f"{number(best[1], 3)} {where}"))
        legend = Text("  ")
        for place, (sign, style, text) in enumerate(parts):
            legend.append("   " if place else "").append(sign, style=style).append(text)
        legend.truncate(width, overflow="ellipsis")
        return legend


class _Grid:
    """Signs with their style, by row (0 is the top) and column."""

    def __init__(self, columns: int, rows: int, low: float, high: float):
        self._signs = [[(" ", "")] * columns for _ in range(rows)]
        self._low, self._high = low, high

    def row(self, row: int) -> Text:
        line = Text()
        for sign, style in self._signs[row]:
            line.append(sign, style=style)
        line.rstrip()
        return line

    def _height(self, loss: float) -> int:
        """The row of a loss; what is off the chart (or no number) is at its edge."""
        last = len(self._signs) - 1
        if not math.isfinite(loss):
            return 0
        return min(last, max(0, round((self._high - loss) / (self._high - self._low) * last)))

    def draw_line(self, losses: Sequence[float | None]) -> None:
        """One loss per column, joined by steps; a column without one is crossed level."""
        before: int | None = None
        for column, loss in enumerate(losses):
            if loss is None:
                continue
            here = self._height(loss)
            if before is None or before == here:
                self._set(here, column, "─", LINE)
            else:
                top, bottom = min(before, here), max(before, here)
                for row in range(top + 1, bottom):
                    self._set(row, column, "│", LINE)
                falls = here > before
                self._set(before, column, "┐" if falls else "┘", LINE)
                self._set(here, column, "└" if falls else "┌", LINE)
            before = here

    def draw_point(self, column: int, loss: float, sign: str, style: str) -> None:
        self._set(self._height(loss), column, "▲" if loss > self._high else sign, style)

    def _set(self, row: int, column: int, sign: str, style: str) -> None:
        self._signs[row][column] = (sign, style)


def _column(step: int, total: int, columns: int) -> int:
    return min(columns - 1, round(step / total * (columns - 1)))


def _binned(points: Sequence[tuple[int, float]], total: int, columns: int) -> list[float | None]:
    """The mean loss of each column; between two columns that have some, the line between them."""
    bins: list[list[float]] = [[] for _ in range(columns)]
    for step, loss in points:
        bins[_column(step, total, columns)].append(loss)
    known = {column: fmean(losses) for column, losses in enumerate(bins) if losses}
    line: list[float | None] = [known.get(column) for column in range(columns)]
    for left, right in zip(list(known), list(known)[1:], strict=False):
        for column in range(left + 1, right):
            share = (column - left) / (right - left)
            line[column] = known[left] + share * (known[right] - known[left])
    return line


def _axis(label: str, margin: int) -> Text:
    return Text(f"{label:>{margin - 2}} {'┤' if label else '│'}", style=FAINT)


def _below(total: int, columns: int, margin: int, width: int) -> list[Text]:
    """The axis of the steps: its line, and its numbers."""
    places = {_column(round(total * quarter / 4), total, columns): round(total * quarter / 4) for quarter in range(5)}
    line = "".join("┬" if column in places else "─" for column in range(columns))
    labels = [" "] * (columns + margin + 1)
    for column, step in places.items():
        text = number(step) + (tr(" pas", " steps") if step == total else "")
        begin = min(max(0, margin + column - len(text) // 2), width - len(text))
        labels[begin : begin + len(text)] = text
    return [Text(" " * (margin - 1) + "└" + line, style=FAINT), Text("".join(labels).rstrip(), style=FAINT)]
