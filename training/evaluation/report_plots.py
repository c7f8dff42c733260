"""The figures of a report, as PNG files: likeness with intervals, categories, length against quality, confusion, failures.

Colours are those of Okabe & Ito (2008), which every kind of colour-blindness keeps apart, and two more for many models; the
main model is always blue and the reference always grey. What models wrote stands in no figure; names of models and of categories are plain text.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.files import write_whole
from chatbot.language import number, tr
from datasets_prep.atlas.look import INK, LINE, SOFT, WHITE
from training.evaluation.by_category import CategoryRow, category_name
from training.evaluation.compare import Comparison
from training.evaluation.confidence import Estimate
from training.evaluation.failures import FAILURES, failure_name
from training.evaluation.measures import label_of
from training.evaluation.plot_style import (
    errors,
    figure_of,
    legend,
    name_of_side,
    one_digit,
    plain_name,
    quiet,
    two_digits,
)
from training.evaluation.records import SEALED
from training.evaluation.report_facts import Facts
from training.evaluation.report_words import LIKENESS, OF_LABELS

BLUE, GREY = "#0072b2", "#8a8a8a"
OF_BASELINES = {"bm25": "#e69f00", "copied_question": "#cc79a7"}
OTHERS = (
    "#009e73",
    "#d55e00",
    "#56b4e9",
    "#f0e442",
    "#882255",
    "#b2e2d0",
)  # wine: Tol 2021; none hides a black interval
HATCHES, LINES = ("", "////", "....", "xxxx"), ("-", "--", ":", "-.")  # of others that share a colour
KINDS = ("bars", "length", "failures", "categories", "confusion")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
OF_FAILURES = ("#1a1a1a", "#cc79a7", "#d55e00", "#e69f00", "#f0e442", "#56b4e9", "#e3e8e8")
MOST_ROWS, MOST_CATEGORIES = 8, 3  # in one figure
MOST_SIDES, MOST_BARS = 5, 24  # with their values written: more would overlap
MOST_LABELS = 12  # with their counts written
BINS = 8  # of lengths
WIDE = 20  # longest to shortest answer, from which a linear scale would crowd the short ones


@dataclass(frozen=True)
class Figure:
    """A file, and what it shows for those who do not see it."""

    file: str
    text: str


def remove_figures(folder: Path) -> None:
    """Removes the figures of an earlier comparison, which may have asked more splits; nothing of another name."""
    for split in ("train", *SEALED):
        for kind in KINDS:
            (folder / f"{kind}-{split}.png").unlink(missing_ok=True)


def draw_figures(folder: Path, facts: Facts, *, texts: bool = True) -> dict[str, Figure]:
    """Draws what there is to draw of one split into `folder`: kind → figure; without texts no words of the questions."""
    drawn = {
        "bars": (_bars(facts), tr("Barres : ressemblance de chaque côté, avec intervalles à 95 %", "Bars: likeness of each side, with 95% intervals")),
        "length": (_length(facts), tr("Nuage : mots de la réponse et F1, avec la moyenne par longueur", "Scatter: words of the answer and F1, with the mean by length")),
        "failures": (_failures(facts), tr("Barres empilées : échecs de chaque côté", "Stacked bars: failures of each side")),
    }  # fmt: skip
    if categories := facts.categories_shown(texts=texts):
        text = tr("Points : spécialisé et générique par catégorie", "Dots: specialised and generic model by category")
        drawn["categories"] = (_categories(facts, categories), text)
    if facts.labels:
        text = tr(
            "Matrices de confusion du spécialisé et du générique",
            "Confusion matrices of the specialised and generic model",
        )
        drawn["confusion"] = (_confusion(facts), text)
    found = {}
    for kind, (figure, text) in drawn.items():
        file = f"{kind}-{facts.comparison.split}.png"
        write_whole(folder / file, lambda path, figure=figure: figure.savefig(path, format="png"))  # type: ignore[misc]
        found[kind] = Figure(file, text)
    return found


def colours_of(comparison: Comparison) -> dict[str, str]:
    """Side → colour."""
    baselines = {side.model: OF_BASELINES[side.kind] for side in comparison.evaluations if side.kind in OF_BASELINES}
    known = {comparison.main: BLUE, comparison.reference: GREY, **baselines}
    return {**known, **{name: OTHERS[place % len(OTHERS)] for place, name in enumerate(_others(comparison))}}


def rounds_of(comparison: Comparison) -> dict[str, int]:
    """Side → how often its colour was given before: its hatch, and its kind of line."""
    rounds = {name: place // len(OTHERS) % len(HATCHES) for place, name in enumerate(_others(comparison))}
    return {side.model: rounds.get(side.model, 0) for side in comparison.evaluations}


def _others(comparison: Comparison) -> list[str]:
    """The sides that have no colour of their own."""
    first = (comparison.main, comparison.reference)
    return [side.model for side in comparison.evaluations if side.model not in first and side.kind not in OF_BASELINES]


def _bars(facts: Facts) -> Any:
    comparison = facts.comparison
    figure = figure_of(
        4.4,
        tr(
            "Ressemblance avec la réponse attendue (plus haut : mieux)",
            "Likeness to the expected answer (higher is better)",
        ),
    )
    axes = quiet(figure.add_subplot())
    names = [name for name in (*OF_LABELS, *LIKENESS) if name in comparison.measures[comparison.main]]
    sides, colours, rounds = comparison.evaluations, colours_of(comparison), rounds_of(comparison)
    written = len(sides) <= MOST_SIDES and len(sides) * len(names) <= MOST_BARS
    width, top = 0.84 / len(sides), 0.0
    for place, side in enumerate(sides):
        found = [comparison.measures[side.model].get(name) or Estimate(0.0) for name in names]
        values, lefts = [one.value for one in found], np.arange(len(names)) + (place - (len(sides) - 1) / 2) * width
        axes.bar(lefts, values, width=0.92 * width, color=colours[side.model], yerr=errors(found), label=name_of_side(side),
                 hatch=HATCHES[rounds[side.model]], edgecolor=WHITE, linewidth=0, error_kw={"ecolor": INK, "elinewidth": 1.1, "capsize": 2.5})  # fmt: skip
        for left, one in zip(lefts, found, strict=True):
            high = one.value if one.high is None else max(one.value, one.high)
            top = max(top, high)
            if not written:
                continue
            axes.annotate(
                number(one.value, 2),
                (left, high),
                (0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
                color=SOFT,
            )
    axes.set_xticks(range(len(names)), [textwrap.fill(label_of(name), 16) for name in names], color=INK)
    axes.set_ylim(0, 1.12 * top or 1.0)
    axes.yaxis.set_major_formatter(two_digits)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    legend(figure, axes)
    return figure


def _length(facts: Facts) -> Any:
    from matplotlib.ticker import LogLocator, MaxNLocator

    comparison = facts.comparison
    figure = figure_of(4.6, tr("Longueur de la réponse et ressemblance", "Length of the answer and likeness"))
    axes = quiet(figure.add_subplot())
    colours, rounds = colours_of(comparison), rounds_of(comparison)
    main_last = sorted(comparison.evaluations, key=lambda side: side.model == comparison.main)
    markers = {side.model: MARKERS[place % len(MARKERS)] for place, side in enumerate(comparison.evaluations)}
    for side in main_last:
        spoken = [answer for answer in side.answers if answer.words]  # no word has no place on a logarithmic scale
        words = np.array([answer.words for answer in spoken], "float64")
        f1 = np.array([answer.token_f1 for answer in spoken])
        colour, marker = colours[side.model], markers[side.model]
        axes.scatter(words, f1, s=9, color=colour, marker=marker, alpha=0.22, linewidths=0)
        middles, means = _by_length(words, f1)
        axes.plot(
            middles,
            means,
            color=colour,
            marker=marker,
            markersize=5.5,
            linewidth=2,
            linestyle=LINES[rounds[side.model]],
            markeredgecolor=WHITE,
            label=name_of_side(side),
        )
    lengths = [answer.words for side in comparison.evaluations for answer in side.answers if answer.words]
    wide = lengths and max(lengths) >= WIDE * min(lengths)
    if wide:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.minorticks_off()
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(ylim=(-0.02, 1.02))
    scale = tr(" (échelle logarithmique)", " (logarithmic scale)") if wide else ""
    axes.set_xlabel(tr("Mots de la réponse", "Words of the answer") + scale)
    axes.set_ylabel(tr("F1 des mots", "Word F1"))
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.yaxis.set_major_formatter(one_digit)
    axes.grid(color=LINE, linewidth=0.8)
    legend(
        figure,
        axes,
        tr(
            "Un point : une réponse. Ligne : moyenne de réponses de longueur voisine.",
            "Dot: an answer. Line: mean of answers of like length.",
        ),
    )
    return figure


def _categories(facts: Facts, categories: Mapping[str, list[CategoryRow]]) -> Any:
    shown = list(categories.items())[:MOST_CATEGORIES]
    heights = [min(len(rows), MOST_ROWS) for _, rows in shown]
    measure = "accuracy" if facts.labels else "token_f1"
    title = tr(
        f"{label_of(measure)} par catégorie, intervalles à 95 %", f"{label_of(measure)} by category, 95% intervals"
    )
    figure = figure_of(1.5 + 0.36 * sum(heights) + 0.35 * len(shown), title)
    grid = figure.subplots(len(shown), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    for axes, (name, rows), height in zip(grid, shown, heights, strict=True):
        _category(quiet(axes), rows[:height], measure, facts.comparison)
        more = tr(f" ({height} sur {len(rows)})", f" ({height} of {len(rows)})") if height < len(rows) else ""
        axes.set_title(category_name(name) + more, loc="left", fontsize=10, color=SOFT)
    ends = [bound for _, rows in shown for row in rows for one in (row.main.get(measure), row.reference.get(measure)) if one
            for bound in (one.value, one.high or 0.0)]  # fmt: skip
    grid[-1].set_xlim(0, 1.05 * max(ends, default=0.0) or 1.0)
    grid[-1].xaxis.set_major_formatter(two_digits)
    legend(figure, grid[0])
    return figure


def _category(axes: Any, rows: Sequence[CategoryRow], measure: str, comparison: Comparison) -> None:
    sides = ((comparison.reference, "s", GREY, 0.16), (comparison.main, "o", BLUE, -0.16))
    for model, marker, colour, shift in sides:
        found = [
            (row.main if model == comparison.main else row.reference).get(measure) or Estimate(0.0) for row in rows
        ]
        axes.errorbar([one.value for one in found], np.arange(len(rows)) + shift, xerr=errors(found), fmt=marker, color=colour,
                      markersize=5, capsize=2.5, elinewidth=1.3, label=name_of_side(comparison.of(model)))  # fmt: skip
    axes.set_yticks(range(len(rows)), [f"{plain_name(row.title)} ({number(row.questions)})" for row in rows], color=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="x", color=LINE, linewidth=0.8)


def _confusion(facts: Facts) -> Any:
    comparison = facts.comparison
    names = [comparison.reference, comparison.main]
    many = len(facts.labels)
    figure = figure_of(2.2 + min(5.0, 0.55 * many), tr("Étiquettes attendues et données", "Labels wanted and given"))
    for axes, name in zip(figure.subplots(1, len(names)), names, strict=True):
        counts = np.array(facts.confusion[name], "float64")
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        labels = [plain_name(label, 18) for label in facts.labels]
        axes.set_xticks(range(many + 1), [*labels, tr("aucune", "none")], rotation=30, ha="right", fontsize=8.5)
        axes.set_yticks(range(many), labels, fontsize=8.5)
        for (row, column), count in np.ndenumerate(counts):
            if many <= MOST_LABELS:
                colour = WHITE if shares[row, column] > 0.55 else INK
                axes.text(column, row, number(count), ha="center", va="center", color=colour, fontsize=9)
        axes.tick_params(length=0, colors=INK)
        axes.set_title(plain_name(name), loc="left", fontsize=10, color=SOFT)
        axes.set_xlabel(tr("donnée", "given"), color=SOFT)
        for spine in axes.spines.values():
            spine.set_visible(False)
    figure.axes[0].set_ylabel(tr("attendue", "wanted"), color=SOFT)
    return figure


def _failures(facts: Facts) -> Any:
    sides = facts.comparison.evaluations
    figure = figure_of(1.7 + 0.42 * len(sides), tr("Comment les réponses échouent", "How answers fail"))
    axes = quiet(figure.add_subplot())
    lefts = np.zeros(len(sides))
    for kind, colour in zip(FAILURES, OF_FAILURES, strict=True):
        counts = np.array([len(facts.failures[side.model].ids(kind)) for side in sides], "float64")
        shares = 100 * counts / max(1, len(sides[0].answers))
        if counts.any():
            axes.barh(
                range(len(sides)),
                shares,
                left=lefts,
                color=colour,
                height=0.66,
                label=failure_name(kind),
                edgecolor=WHITE,
                linewidth=0.8,
            )
        for place in np.flatnonzero(shares >= 4):
            text = WHITE if colour in ("#1a1a1a", "#d55e00") else INK
            axes.text(
                lefts[place] + shares[place] / 2,
                place,
                number(counts[place]),
                ha="center",
                va="center",
                fontsize=8.5,
                color=text,
            )
        lefts += shares
    axes.set_yticks(range(len(sides)), [name_of_side(side) for side in sides], color=INK)
    axes.set(ylim=(len(sides) - 0.5, -0.5), xlim=(0, 100))
    axes.xaxis.set_major_formatter(lambda value, _: number(value) + tr(" %", "%"))
    axes.set_xlabel(tr("des réponses (nombres : réponses)", "of the answers (numbers: answers)"))
    legend(figure, axes)
    return figure


def _by_length(words: np.ndarray, f1: np.ndarray) -> tuple[list[float], list[float]]:
    """Geometric mean length and mean F1 of answers of like length, about as many in each bin."""
    if not len(words):
        return [], []
    edges = np.unique(np.quantile(words, np.linspace(0, 1, BINS + 1)))
    place = np.searchsorted(edges[1:-1], words, side="right")  # answers of one length share a bin
    bins = [place == number_ for number_ in np.unique(place)]
    return [float(np.exp(np.log(words[part]).mean())) for part in bins], [float(f1[part].mean()) for part in bins]
