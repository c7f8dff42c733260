"""How the figures of a report look: sizes, axes, a legend below, and names that matplotlib can write."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chatbot.language import number
from datasets_prep.atlas.look import INK, LINE, SOFT, WHITE
from training.evaluation.confidence import Estimate
from training.evaluation.records import Evaluation
from training.evaluation.tables import side_name

WIDTH, DPI = 8.0, 120  # 960 pixels
NAME = 40  # characters of a name


def figure_of(height: float, title: str) -> Any:
    """A figure that asks for no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Drawing

    figure = Drawing(figsize=(WIDTH, height), dpi=DPI, layout="constrained", facecolor=WHITE)
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.012, ha="left", color=INK, fontsize=12.5, fontweight="bold")
    return figure


def quiet(axes: Any) -> Any:
    axes.tick_params(colors=SOFT, length=0)
    axes.xaxis.label.set_color(SOFT)
    axes.yaxis.label.set_color(SOFT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    return axes


def legend(figure: Any, axes: Any, note: str = "") -> None:
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower left", ncols=min(3, len(names)), frameon=False, fontsize=9, title=note or None,
                  alignment="left", title_fontproperties={"size": 8.5})  # fmt: skip


def errors(found: Sequence[Estimate]) -> np.ndarray:
    """What an error bar reaches below and above: (2, values); 0 where there is no interval."""
    low = [0.0 if one.low is None else max(0.0, one.value - one.low) for one in found]
    high = [0.0 if one.high is None else max(0.0, one.high - one.value) for one in found]
    return np.array([low, high])


def name_of_side(side: Evaluation) -> str:
    return plain_name(side_name(side))


def plain_name(text: str, longest: int = NAME) -> str:
    from datasets_prep.atlas.figures import plain

    flat = " ".join(text.split())
    return plain(flat if len(flat) <= longest else flat[: longest - 1] + "…")


def one_digit(value: float, _: object) -> str:
    return number(value, 1)


def two_digits(value: float, _: object) -> str:
    return number(value, 2)
