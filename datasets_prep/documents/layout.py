"""The reading order of a page: columns one after the other, pieces of one row put together."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from datasets_prep.documents.lines import LOST_IMAGE, Box, Cleaned, Line

FEWEST_LINES = 4  # on each side of a gutter: fewer are cells of a table, not columns
NARROWEST = 0.15  # of the page's width: the median line of a column is wider
CROSSING = 0.4  # share of lines that may run across the gutter (titles, tables)
STEP = 3.0  # points between two places tried for a gutter


def in_reading_order(lines: Sequence[Line], page_width: float, cleaned: Cleaned) -> list[Line]:
    """The lines as a reader meets them; those printed twice in one place come once.

    Args:
        lines: in any order.
        page_width: in points.
        cleaned: counts pages with columns and lines printed twice.
    """
    once = _once(lines)
    cleaned["doubled_lines"] += len(lines) - len(once)
    ordered = _columns(once, page_width)
    if ordered is None:
        return _rows(once)
    cleaned["columns"] += 1
    return ordered


def _once(lines: Sequence[Line]) -> list[Line]:
    """Fake bold is the same text printed again a hair's breadth away."""
    kept: list[Line] = []
    seen: dict[str, list[Box]] = {}
    for line in lines:
        places = seen.setdefault(line.text, [])
        if line.text != LOST_IMAGE and any(_same_place(line.box, box) for box in places):
            continue
        places.append(line.box)
        kept.append(line)
    return kept


def _same_place(left: Box, right: Box) -> bool:
    return abs(left.left - right.left) < 2 and abs(left.top - right.top) < 2


def _columns(lines: Sequence[Line], page_width: float) -> list[Line] | None:
    """The lines in the order of their columns; None when there is one column.

    Lines across the gutter cut the page into bands, read from top to bottom; in a band, the left side comes first.
    """
    gutter = _gutter(lines, page_width)
    if gutter is None:
        return None
    ordered: list[Line] = []
    band: list[Line] = []
    for line in sorted(lines, key=lambda line: line.box.top):
        if line.box.left < gutter < line.box.right:
            ordered += [*_sides(band, gutter, page_width), line]
            band = []
        else:
            band.append(line)
    return ordered + _sides(band, gutter, page_width)


def _sides(band: Sequence[Line], gutter: float, page_width: float) -> list[Line]:
    sides = [
        [line for line in band if line.box.right <= gutter],
        [line for line in band if line.box.right > gutter],
    ]
    return [line for side in sides for line in (_columns(side, page_width) or _rows(side))]


def _gutter(lines: Sequence[Line], page_width: float) -> float | None:
    """The place that the fewest lines cross, when both sides of it look like columns of text."""
    if len(lines) < 2 * FEWEST_LINES:
        return None
    left, right = min(line.box.left for line in lines), max(line.box.right for line in lines)
    tried = [left + 0.2 * (right - left) + STEP * step for step in range(int(0.6 * (right - left) / STEP) + 1)]
    crossed = [sum(line.box.left < place < line.box.right for line in lines) for place in tried]
    fewest = min(crossed)
    best = [place for place, count in zip(tried, crossed, strict=True) if count == fewest]
    gutter = best[len(best) // 2]
    if fewest > CROSSING * len(lines):
        return None
    sides = [[line for line in lines if line.box.right <= gutter], [line for line in lines if line.box.left >= gutter]]
    return gutter if all(_is_column(side, page_width) for side in sides) and _abreast(*sides) else None


def _is_column(side: Sequence[Line], page_width: float) -> bool:
    return len(side) >= FEWEST_LINES and median(line.box.width for line in side) > NARROWEST * page_width


def _abreast(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Whether the two sides stand beside each other for most of the shorter one's height."""
    tops, bottoms = (
        [min(line.box.top for line in side) for side in (left, right)],
        [max(line.box.bottom for line in side) for side in (left, right)],
    )
    heights = [bottom - top for top, bottom in zip(tops, bottoms, strict=True)]
    return min(bottoms) - max(tops) > 0.5 * min(heights)


def _rows(lines: Sequence[Line]) -> list[Line]:
    """From top to bottom; pieces that stand on one row become one line."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box.top + line.box.bottom) / 2):
        if rows and rows[-1][0].box.same_row(line.box) and not _overlaps(rows[-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_joined(sorted(row, key=lambda line: line.box.left)) for row in rows]


def _overlaps(row: Sequence[Line], line: Line) -> bool:
    return any(min(one.box.right, line.box.right) - max(one.box.left, line.box.left) > 2 for one in row)


def _joined(row: Sequence[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    boxes = [line.box for line in row]
    box = Box(boxes[0].left, min(b.top for b in boxes), max(b.right for b in boxes), max(b.bottom for b in boxes))
    text = " ".join(line.text for line in row).replace(f" {LOST_IMAGE} ", LOST_IMAGE)
    return replace(row[0], text=text, box=box, bold=all(line.bold for line in row))
