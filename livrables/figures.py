"""Figures that `livrables` draws itself: the curve of a training, from its `history.csv`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.files import write_whole
from chatbot.language import number, tr
from datasets_prep.atlas.look import LINE, ORANGE, SOFT, TEAL
from training.evaluation.plot_style import figure_of, quiet
from training.runs import HistoryRow

HEIGHT = 3.6  # inches; a report's page holds it with its caption


def draw_curve(file: Path, history: Sequence[HistoryRow], *, before: float, best_step: int) -> None:
    """Draws training and validation loss against the steps, the weights that were kept marked.

    Args:
        file: PNG to write.
        history: one row per validation, at least one.
        before: validation loss before the first step.
        best_step: that of the weights kept.
    """
    figure = figure_of(HEIGHT, tr("Perte sur les réponses, pas à pas", "Loss on the answers, step by step"))
    axes = quiet(figure.add_subplot())
    measured = [(0, before), *((row.step, row.validation_loss) for row in history)]
    _line(axes, _trained(history), ORANGE, tr("entraînement", "training"), marker="")
    _line(axes, measured, TEAL, tr("validation", "validation"), marker="o")
    kept = dict(measured).get(best_step)
    if kept is not None:
        axes.plot(
            [best_step], [kept], marker="o", markersize=13, markerfacecolor="none", color=TEAL, markeredgewidth=1.6
        )
        words = tr(f"poids gardés : {number(kept, 2)}", f"weights kept: {number(kept, 2)}")
        axes.annotate(
            words, (best_step, kept), (-4, 16), textcoords="offset points", ha="right", color=TEAL, fontsize=9
        )
    axes.set(xlabel=tr("pas", "step"), ylabel=tr("nats par jeton", "nats per token"), xlim=(0, None))
    axes.yaxis.label.set_color(SOFT)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 1))
    axes.legend(frameon=False, fontsize=9, labelcolor=SOFT)
    write_whole(file, lambda path: figure.savefig(path, format="png"))


def _trained(history: Sequence[HistoryRow]) -> list[tuple[float, float]]:
    """The mean training loss of each stretch between validations; of a last one of a few steps it would mean little."""
    stretches = np.diff([0, *(row.step for row in history)])
    whole = stretches >= np.median(stretches) / 4
    return [(row.step, row.loss) for row, kept in zip(history, whole, strict=True) if kept]


def _line(axes: Any, points: Sequence[tuple[float, float]], colour: str, label: str, marker: str) -> None:
    steps, losses = zip(*points, strict=True)
    axes.plot(steps, losses, color=colour, linewidth=2, marker=marker, markersize=5, label=label, clip_on=False)
