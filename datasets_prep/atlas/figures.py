"""The charts as PNG files for reports and slides; the page draws the same numbers itself, to fit a phone and the dark."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from chatbot.language import number, tr
from datasets_prep.atlas.clouds import has_glyph
from datasets_prep.atlas.look import INK, LINE, ORANGE, SOFT, TEAL, WHITE

COLUMNS = 3  # charts of classes side by side
BOX = "\N{WHITE SQUARE}"


def histogram_png(histogram: Mapping[str, Any], *, title: str, limit: int, unit: str) -> bytes:
    """Lengths as bars: orange where the context is too short, its limit drawn.

    Args:
        histogram: as atlas.json holds it.
        title: of the figure.
        limit: the context, in tokens.
        unit: the name of the horizontal axis.
    """
    width, counts, tail = histogram["width"], histogram["counts"], histogram["tail"]
    reach = len(counts) * width
    figure = _figure(8, 4, title)
    axes = _axes(figure.add_subplot())
    lefts = [place * width for place in range(len(counts))]
    colours = [ORANGE if left >= limit else TEAL for left in lefts]
    axes.bar(lefts, counts, width=width * 0.92, align="edge", color=colours)
    axes.set(xlabel=plain(unit), ylabel=tr("dialogues", "dialogues"), xlim=(0, reach))
    if tail:
        _draw_tail(axes, tail, limit=limit, reach=reach)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    text, align = (
        tr(f"contexte : {number(limit)}", f"context: {number(limit)}"),
        "left" if 2 * limit < reach else "right",
    )
    if limit <= reach:
        axes.axvline(limit, color=ORANGE, linewidth=1.6)
    else:
        text += tr(", plus à droite →", ", further right →")
    place = min(limit, reach)
    axes.text(place, 1.02, text, color=ORANGE, fontweight="bold", ha=align, transform=axes.get_xaxis_transform())
    return _png(figure)


def _draw_tail(axes: Any, tail: Sequence[int], *, limit: int, reach: int) -> None:
    """A last bar, set apart, for all that is longer than the others; its upper part is what the context cannot hold."""
    middle, over = 1.06 * reach, sum(length > limit for length in tail)
    axes.axvline(1.015 * reach, color=SOFT, linewidth=1.2, linestyle=":")
    axes.bar(middle, len(tail) - over, width=0.04 * reach, color=TEAL)
    axes.bar(middle, over, width=0.04 * reach, bottom=len(tail) - over, color=ORANGE)
    end, count = number(reach), number(len(tail))
    text = tr(f"plus de\n{end} :\n{count}", f"over\n{end}:\n{count}")
    axes.annotate(text, (middle, len(tail)), (0, 3), textcoords="offset points", ha="center", color=SOFT, fontsize=9)
    axes.set_xlim(0, 1.1 * reach)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= reach])


def contrast_png(contrast: Mapping[str, Any], *, names: tuple[str, str], title: str) -> bytes:
    """The telling words of two corpora: to the left those of the first, to the right those of the second."""
    rows = max(len(contrast["first"]), len(contrast["second"]), 1)
    figure = _figure(8, 1.8 + 0.3 * rows, title)
    axes = _axes(figure.add_subplot())
    for side, sign, colour, align in (("first", -1, ORANGE, "right"), ("second", 1, TEAL, "left")):
        heights = [sign * word["z"] for word in contrast[side]]
        axes.barh(range(len(heights)), heights, color=colour, height=0.68)
        for row, word in enumerate(contrast[side]):
            axes.text(sign * word["z"], row, f"  {plain(word['word'])}  ", ha=align, va="center", color=INK)
    reach = max((word["z"] for side in ("first", "second") for word in contrast[side]), default=1) * 1.5
    unit = tr("z : sûreté de la différence", "z: sureness of the difference")
    axes.set(xlim=(-reach, reach), ylim=(rows - 0.4, -0.6), xlabel=unit, yticks=[])
    axes.xaxis.set_major_formatter(lambda value, _: number(abs(value)))
    axes.axvline(0, color=SOFT, linewidth=1)
    for place, name, colour, align in ((0, names[0], ORANGE, "left"), (1, names[1], TEAL, "right")):
        axes.text(place, 1.01, plain(name), color=colour, fontweight="bold", ha=align, transform=axes.transAxes)
    return _png(figure)


def classes_png(contrasts: Sequence[Mapping[str, Any]], *, title: str, words: int) -> bytes:
    """The telling words of each class against all others, a small chart for each, with room for so many words."""
    rows = -(-len(contrasts) // COLUMNS)
    height = 0.7 + 2.1 * rows
    figure = _figure(9, height, title, layout=None)  # laying so many axes out would take seconds
    figure.subplots_adjust(0.12, 0.3 / height, 0.98, 1 - 0.75 / height, wspace=0.55, hspace=0.25)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes, contrast in zip(grid.flat, contrasts, strict=False):
        named = contrast["first"]
        _axes(axes).barh(range(len(named)), [word["z"] for word in named], color=TEAL, height=0.7)
        axes.set_title(plain(contrast["names"][0]), loc="left", color=TEAL, fontsize=10, fontweight="bold")
        axes.set_yticks(range(len(named)), [plain(word["word"]) for word in named], fontsize=8, color=INK)
        axes.set_ylim(words - 0.4, -0.6)
        axes.set_xticks([])  # each chart has its own scale: only the order is read
    for axes in grid.flat[len(contrasts) :]:
        axes.set_visible(False)
    return _png(figure)


def _figure(width: float, height: float, title: str, layout: Literal["constrained"] | None = "constrained") -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=140, layout=layout, facecolor=WHITE)
    figure.suptitle(plain(title), x=0.012, ha="left", color=INK, fontsize=13, fontweight="bold")
    return figure


def _axes(axes: Any) -> Any:
    axes.tick_params(colors=SOFT, length=0)
    axes.xaxis.label.set_color(SOFT)
    axes.yaxis.label.set_color(SOFT)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    return axes


def plain(text: str) -> str:
    """What matplotlib can write: a box for each letter that it lacks or would not join, no formula after a dollar."""
    return "".join(letter if has_glyph(letter) else BOX for letter in text).replace("$", r"\$")


def _png(figure: Any) -> bytes:
    written = io.BytesIO()
    figure.savefig(written, format="png", pil_kwargs={"compress_level": 1})  # the next levels take long for little
    return written.getvalue()
