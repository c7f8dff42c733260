"""Figures drawn with HTML, CSS and SVG: no library in the browser, letters that stay readable on a phone, day and night.

Lines are SVG stretched to the field; ticks, points and names are HTML, which does not stretch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.page.exhibit_parts import plain
from app.page.exhibits import Histogram, TellingWord
from app.page.look import words
from chatbot.language import number, tr

TICKS = 5  # about so many on an axis


@dataclass(frozen=True, kw_only=True)
class Line:
    """A curve: its name, its style ("one" or "two") and its points (step, value), finite or not."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]

    @property
    def finite(self) -> list[tuple[float, float]]:
        return [(x, y) for x, y in self.points if math.isfinite(y)]


def curves(
    lines: Sequence[Line], *, title: str, across: str, up: str, last: float, mark: tuple[float, str] | None = None
) -> str:
    """Lines over the steps.

    Args:
        lines: at least one finite point among them, or nothing is drawn.
        title: of the figure.
        across: name of the horizontal axis.
        up: name of the vertical one.
        last: where the horizontal axis ends.
        mark: a step to point at, with its words.
    """
    values = [y for line in lines for _, y in line.finite]
    if not values:
        return ""
    step = nice_step(max(values) - min(0.0, min(values)))
    top = step * max(1, math.ceil(max(values) / step))
    heights = [(100 * value / top, _tick(value, step)) for value in _range(0, top, step)]
    across_step = max(1, round(nice_step(last)))
    ticks = [(100 * value / last, number(value)) for value in _range(0, last, across_step)]
    drawn = "".join(_line(line, last, top) for line in lines)
    if mark:
        place = 100 * mark[0] / last
        side = " left" if place > 50 else ""
        drawn += f'<div class="mark{side}" style="left: {place:.2f}%"><span>{mark[1]}</span></div>'
    keys = "".join(f'<li class="{line.style}">{line.name}</li>' for line in lines)
    label = plain(f"{title}. " + " ".join(_told(line) for line in lines))
    return _figure(
        title, f'<ul class="keys">{keys}</ul>', _frame(drawn, heights, ticks, label), up=up, across=across
    )  # fmt: skip


def _line(line: Line, last: float, top: float) -> str:
    places = [(100 * x / last, 100 - 100 * min(y, top) / top) for x, y in line.finite]
    path = " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
    svg = (
        f'<svg class="line {line.style}" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{path}"/></svg>'
    )
    few = places if len(places) <= 60 else []
    return svg + "".join(
        f'<i class="dot {line.style}" style="left: {x:.2f}%; top: {y:.2f}%" title="{_point(line, place)}"></i>'
        for place, (x, y) in enumerate(few)
    )


def _point(line: Line, place: int) -> str:
    step, value = line.finite[place]
    return plain(f"{line.name}, {tr('pas', 'step')} {number(step)} : {number(value, 3)}")


def _told(line: Line) -> str:
    """A curve in a sentence, for those who do not see it."""
    points = line.finite
    if not points:
        return ""
    first, last = points[0], points[-1]
    return words(f"{line.name} : de {number(first[1], 3)} à {number(last[1], 3)}.",
                 f"{line.name}: from {number(first[1], 3)} to {number(last[1], 3)}.")  # fmt: skip


def histogram(lengths: Histogram, limit: int, *, title: str, across: str) -> str:
    """How many dialogues have which length; what the context cannot hold is warm."""
    reach, highest = lengths.width * len(lengths.counts), max(*lengths.counts, lengths.tail, 1)
    step = max(1, round(nice_step(highest)))
    top = step * math.ceil(highest / step)
    bars = "".join(
        f'<i class="{"over" if place * lengths.width >= limit else ""}" style="height: {100 * count / top:.2f}%" '
        f'title="{_bin(place, lengths.width, count)}"></i>'
        for place, count in enumerate(lengths.counts)
    )
    if lengths.tail:
        bars += (
            f'<i class="tail{" over" if lengths.tail_over else ""}" style="height: {100 * lengths.tail / top:.2f}%" '
            f'title="{words(f"plus de {number(reach)} jetons : {number(lengths.tail)}", f"over {number(reach)} tokens: {number(lengths.tail)}")}"></i>'
        )
    # The tail's bar, as wide as two others, stands after the last bin.
    whole = reach + (3 * lengths.width if lengths.tail else 0)
    drawn = f'<div class="bars">{bars}</div>'
    if limit <= reach:
        place = 100 * limit / whole
        name = words(f"contexte : {number(limit)}", f"context: {number(limit)}")
        drawn += (
            f'<div class="mark{" left" if place > 50 else ""}" style="left: {place:.2f}%"><span>{name}</span></div>'
        )
    across_step = max(1, round(nice_step(reach)))
    ticks = [
        (100 * value / whole, number(value)) for value in _range(0, reach * (0.82 if lengths.tail else 1), across_step)
    ]
    if lengths.tail:
        ticks.append((100 * (reach + 2 * lengths.width) / whole, f"&gt; {number(reach)}"))
    heights = [(100 * value / top, number(value)) for value in _range(0, top, step)]
    label = words(
        f"{title} : médiane {number(lengths.median)} jetons, neuf sur dix jusqu'à {number(lengths.p90)}, le plus long "
        f"{number(lengths.longest)}.",
        f"{title}: median {number(lengths.median)} tokens, nine in ten up to {number(lengths.p90)}, longest "
        f"{number(lengths.longest)}.",
    )
    frame = _frame(drawn, heights, ticks, plain(label))
    return _figure(
        title, f"<p>{plain(label.partition(':')[2])}</p>", frame, up=tr("dialogues", "dialogues"), across=across
    )


def _bin(place: int, width: int, count: int) -> str:
    first, last = number(place * width + 1), number((place + 1) * width)
    return words(f"de {first} à {last} jetons : {number(count)}", f"{first} to {last} tokens: {number(count)}")


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A value with its interval; `style` is main, reference, other or baseline."""

    name: str
    style: str
    value: float
    low: float | None
    high: float | None


def intervals(bars: Sequence[Bar], *, title: str, note: str, digits: int) -> str:
    """Values beside each other, each with its interval as a whisker."""
    ends = [end for bar in bars for end in (bar.value, bar.high or bar.value) if math.isfinite(end)]
    top = max(ends, default=0) or 1
    rows = "".join(_interval(bar, top, digits) for bar in bars)
    return f'<figure class="intervals"><figcaption><b>{title}</b> {note}</figcaption><ul>{rows}</ul></figure>'


def _interval(bar: Bar, top: float, digits: int) -> str:
    if not math.isfinite(bar.value):
        return (
            f'<li class="{bar.style}"><span class="who">{bar.name}</span><span class="track"></span><span>∞</span></li>'
        )
    whisker, told = "", number(bar.value, digits)
    if bar.low is not None and bar.high is not None:
        left, width = 100 * bar.low / top, 100 * (bar.high - bar.low) / top
        whisker = f'<i class="whisker" style="left: {left:.2f}%; width: {width:.2f}%"></i>'
        told += f" <small>{interval_told(bar.low, bar.high, digits)}</small>"
    track = f'<i class="fill" style="width: {100 * bar.value / top:.2f}%"></i>{whisker}'
    return (
        f'<li class="{bar.style}"><span class="who">{bar.name}</span><span class="track" aria-hidden="true">{track}</span>'
        f'<span class="value">{told}</span></li>'
    )


def interval_told(low: float, high: float, digits: int) -> str:
    """[0,213 ; 0,266]."""
    return words(f"[{number(low, digits)} ; {number(high, digits)}]", f"[{number(low, digits)}; {number(high, digits)}]").replace(
        " ", "\N{NO-BREAK SPACE}"
    )  # fmt: skip


def telling(found: Sequence[TellingWord], *, name: str, side: str, heaviest: float) -> str:
    """The words of one corpus, the surest first, with how often they are here and there."""
    rows = "".join(
        f'<li style="--share: {100 * one.z / (heaviest or 1):.1f}%"><span class="word">{plain(one.word)}</span>'
        f'<span class="counts">{number(one.here)}<i>/</i>{number(one.there)}</span><span class="z">{number(one.z, 1)}</span></li>'
        for one in found
    )
    none = f'<li class="none">{words("aucun mot sûrement distinctif", "no surely telling word")}</li>'
    return f'<div class="side {side}"><h4>{name}</h4><ol>{rows or none}</ol></div>'


def _figure(title: str, keys: str, frame: str, *, up: str, across: str) -> str:
    return (
        f'<figure class="plot"><figcaption><b>{title}</b>{keys}</figcaption><p class="axis">{up}</p>{frame}'
        f'<p class="axis across">{across}</p></figure>'
    )


def _frame(drawn: str, heights: Sequence[tuple[float, str]], ticks: Sequence[tuple[float, str]], label: str) -> str:
    up = "".join(f'<span style="bottom: {place:.2f}%">{name}</span>' for place, name in heights)
    grid = "".join(f'<hr style="bottom: {place:.2f}%">' for place, _ in heights)
    below = "".join(f'<span style="left: {place:.2f}%">{name}</span>' for place, name in ticks)
    return (
        f'<div class="frame" role="img" aria-label="{label}"><div class="up">{up}</div>'
        f'<div class="field">{grid}{drawn}</div><div class="below">{below}</div></div>'
    )


def nice_step(reach: float) -> float:
    """A round step (1, 2 or 5 times a power of ten) that gives about `TICKS` ticks up to `reach`."""
    if reach <= 0 or not math.isfinite(reach):
        return 1.0
    power = 10.0 ** math.floor(math.log10(reach / TICKS))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power * TICKS >= reach * 0.999)


def _range(first: float, last: float, step: float) -> list[float]:
    return [first + step * place for place in range(int((last - first) / step + 1e-9) + 1)]


def _tick(value: float, step: float) -> str:
    """With as many digits as the step needs; small steps as powers of ten would be no easier to read."""
    return number(value, max(0, -math.floor(math.log10(step))))
