"""The figures of a search, as PNG files: parallel coordinates, history, importance."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatbot.files import write_whole
from chatbot.language import number, tr
from training.search_dimension import Dimension, Space, shown, spread
from training.search_folder import Trial, best_of

RECIPE, PRUNED, DONE = "#d1495b", "#b0b0b0", "#2a6f97"
TICKS = 4  # steps of an axis


def draw_all(folder: Path, trials: Sequence[Trial], space: Space, importance: dict[str, float]) -> dict[str, str]:
    """Draws what there is something to draw of; returns the name of each file, and its title.

    Args:
        folder: where they go.
        trials: all of them.
        space: of the trainings.
        importance: share by key; empty where none was computed.
    """
    complete = [trial for trial in trials if trial.bits_per_byte is not None]
    drawn: dict[str, str] = {}
    if len(complete) >= 2:
        drawn |= _saved(folder / "parallel.png", *_parallel(trials, complete, space))
        drawn |= _saved(folder / "history.png", *_history(trials, complete))
    if importance:
        drawn |= _saved(folder / "importance.png", *_importance(importance))
    return drawn


def _figure(width: float, height: float) -> tuple[Any, Any]:
    """A figure that asks for no screen, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _saved(path: Path, figure: Any, axes: Any) -> dict[str, str]:
    write_whole(path, lambda temporary: figure.savefig(temporary, format="png"))
    return {path.name: axes.get_title(loc="left")}


def _parallel(trials: Sequence[Trial], complete: Sequence[Trial], space: Space) -> tuple[Any, Any]:
    """One line per trial, one axis per option, the cost on the last; the darker, the better."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    figure, axes = _figure(2.1 * (len(space) + 1) + 1, 5)
    costs = [trial.bits_per_byte or 0.0 for trial in complete]
    # One trial that learnt nothing would push all others into a corner of the scale.
    low, high = min(costs), _without_outliers(costs)
    cost = Dimension(key="", low=low, high=high if high > low else low + 1e-9)
    colours, scale = colormaps["viridis"], Normalize(low, cost.high)
    best = best_of(list(complete))
    for trial in sorted(trials, key=lambda trial: -(trial.bits_per_byte or float("inf"))):
        heights = [_height(one, trial.values) for one in space]
        known = trial.bits_per_byte is not None
        if not known and trial.state != "pruned":
            continue
        last = min(1.0, spread(cost, trial.bits_per_byte)) if known else None
        colour = colours(scale(trial.bits_per_byte or 0.0)) if known else PRUNED
        is_best, is_recipe = trial is best, trial.number == 0
        axes.plot(
            range(len(space) + 1),
            [float("nan") if height is None else height for height in [*heights, last]],
            color=RECIPE if is_recipe else colour,
            linewidth=3 if is_best or is_recipe else 1.4,
            linestyle="-" if known and not is_recipe else "--",
            alpha=1.0 if known else 0.6,
            zorder=3 if is_best or is_recipe else 2,
            label=_name(is_best, is_recipe),
            clip_on=False,
        )
    for place, one in enumerate((*space, cost)):
        axes.axvline(place, color="#444444", linewidth=0.8, zorder=1)
        for height, text in _ticks(one):
            top = place == len(space) and height == 1 and high < max(costs)
            axes.annotate(("≥ " if top else "") + text, (place, height), xytext=(5, 0), textcoords="offset points",
                          fontsize=8, va="center", bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
                          zorder=4)  # fmt: skip
    axes.set_xticks(
        range(len(space) + 1),
        [*(one.key for one in space), tr("bits par octet\n(validation)", "bits per byte\n(validation)")],
    )
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(space) + 0.45)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=12)
    axes.set_title(tr("Les essais, réglage par réglage", "The trials, option by option"), loc="left")
    handles, labels = axes.get_legend_handles_labels()
    chosen = dict(zip(labels, handles, strict=True))
    if any(trial.state == "pruned" for trial in trials):
        chosen[tr("arrêté tôt", "ended early")] = axes.plot([], [], color=PRUNED, linestyle="--")[0]
    axes.legend(chosen.values(), chosen.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)
    bar = figure.colorbar(ScalarMappable(scale, colours), ax=axes, shrink=0.8, pad=0.02)
    bar.ax.yaxis.set_major_formatter(lambda value, place: number(value, 2))
    bar.set_label(tr("bits par octet (foncé : mieux)", "bits per byte (dark: better)"))
    return figure, axes


def _name(is_best: bool, is_recipe: bool) -> str:
    if is_best and is_recipe:
        return tr("recette de départ, la meilleure", "starting recipe, the best")
    if is_best:
        return tr("meilleur essai", "best trial")
    return tr("recette de départ", "starting recipe") if is_recipe else "_"  # matplotlib leaves "_" out of legends


def _without_outliers(costs: Sequence[float]) -> float:
    """The upper end of the scale: the highest cost, or where outliers begin (Tukey 1977: 1.5 times the middle half)."""
    import numpy as np

    quarter, three = np.percentile(costs, [25, 75])
    return float(min(max(costs), max(three + 1.5 * (three - quarter), costs[0])))


def _height(dimension: Dimension, values: dict[str, Any]) -> float | None:
    """Where a trial crosses an axis; None where the option has no part in it."""
    value = values.get(dimension.key)
    if value is None or not dimension.holds(value):  # the starting recipe may lie outside
        return None
    return spread(dimension, value)


def _ticks(dimension: Dimension) -> list[tuple[float, str]]:
    """Heights and texts of an axis."""
    if dimension.choices:
        return [(spread(dimension, choice), shown(choice)) for choice in dimension.choices]
    low, high = dimension.low, dimension.high
    assert low is not None and high is not None
    if isinstance(low, int) and high - low <= TICKS:
        return [(spread(dimension, value), shown(value)) for value in range(low, int(high) + 1)]
    if dimension.log:
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        between = [10.0**place for place in decades if 0.06 < spread(dimension, 10.0**place) < 0.94]
        values = [low, *between, high]
    else:
        values = [low + (high - low) * place / TICKS for place in range(TICKS + 1)]
    if isinstance(low, int):
        values = sorted({round(value) for value in values})
    if not dimension.key:  # the cost
        return [(spread(dimension, value), number(value, 3)) for value in values]
    return [(spread(dimension, value), shown(value)) for value in values]


def _history(trials: Sequence[Trial], complete: Sequence[Trial]) -> tuple[Any, Any]:
    figure, axes = _figure(8, 4)
    axes.scatter([t.number for t in complete], [t.bits_per_byte for t in complete], color=DONE, zorder=3,
                 label=tr("essai", "trial"))  # fmt: skip
    pruned = [trial for trial in trials if trial.state == "pruned" and trial.curve]
    if pruned:
        axes.scatter([t.number for t in pruned], [min(t.curve.values()) for t in pruned], facecolors="none",
                     edgecolors=PRUNED, zorder=2, label=tr("arrêté tôt (dernière mesure)", "ended early (last measure)"))  # fmt: skip
    lowest, steps = float("inf"), []
    for trial in complete:
        lowest = min(lowest, trial.bits_per_byte or lowest)
        steps.append((trial.number, lowest))
    steps.append((trials[-1].number, lowest))
    axes.step(
        *zip(*steps, strict=True),
        where="post",
        color=DONE,
        linewidth=1.5,
        label=tr("meilleur jusque-là", "best so far"),
    )
    if trials[0].bits_per_byte is not None:
        axes.axhline(trials[0].bits_per_byte, color=RECIPE, linestyle="--", linewidth=1, label=_name(False, True))
    axes.set_xlabel(tr("Numéro de l'essai", "Number of the trial"))
    axes.set_ylabel(tr("Bits par octet (validation)", "Bits per byte (validation)"))
    axes.set_title(tr("Au fil de la recherche (plus bas : mieux)", "Along the search (lower is better)"), loc="left")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.set_major_formatter(lambda value, place: number(value, 2))
    axes.legend(frameon=False)
    return figure, axes


def _importance(importance: dict[str, float]) -> tuple[Any, Any]:
    keys = list(importance)[::-1]
    figure, axes = _figure(8, 1.2 + 0.45 * len(keys))
    shares = [100 * importance[key] for key in keys]
    axes.barh(keys, shares, color=DONE, height=0.6)
    for place, share in enumerate(shares):
        axes.text(share + 1, place, f"{number(share)}{tr(' %', '%')}", va="center", fontsize=9)
    axes.set_xlim(0, 112)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(tr("Importance des réglages (PED-ANOVA)", "Importance of the options (PED-ANOVA)"), loc="left")
    return figure, axes
