"""What stands on a page but is not its text: running headers and footers, page numbers, notes, rows of dots, contents.

Each line that is taken away is counted.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from itertools import pairwise
from statistics import median

from datasets_prep.documents.headings import is_heading
from datasets_prep.documents.lines import SEPARATOR, Cleaned, Line, Page, body_size

EDGE = 3  # lines at the top and at the bottom of a page among which headers and footers are looked for
SHARE = 0.2  # of the pages on which a running line stands at least, unless it runs over neighbouring pages
NEAR = 9.0  # points by which a running line may move from page to page
SMALL_PRINT = 0.85  # of the body's size: smaller print under the body is a note
LONGEST_ENTRY = 300  # characters of a line of contents

DIGITS = re.compile(r"\d+")
ROW = re.compile(r"[.…_\-–—*=~·\s]{5,}")
DOUBLED = re.compile(r"(?:(\S)\1)+")
LEADER = re.compile(
    r"^(?=.*[^\W\d_]{2}).*?(?:\.{4,}|…{2,}|(?:\s\.){4,}|(?:\s?…\s?){2,})[\s.]*(?:p(?:age)?\.?\s*)?\d{1,4}$",
    re.IGNORECASE,
)
CONTENTS_TITLE = re.compile(
    r"(?:sommaire|table\s+des\s+(?:matières|articles|chapitres)|(?:table\s+of\s+)?contents)\W*", re.IGNORECASE
)
ENTRY = re.compile(r"^(?=.*[^\W\d_]{2}).{3,}?\s\d{1,4}$")
LABELLED_NUMBER = re.compile(  # "page 3", "page 3page 3", "pagepage 33", "Page 3 sur 12"
    r"(?:\W*(?:page|p\.|pg\.?)\s*)+\d{1,8}\W*(?:(?:/|sur|of|de)\s*\d{1,4})?\W*|(?:page\s*\d{1,4}\s*)+", re.IGNORECASE
)
BARE_NUMBER = re.compile(r"[-–—\[(|\s]*(?P<number>\d{1,4})(?:\s*/\s*\d{1,4})?[-–—\])|\s]*")


def without_furniture(pages: Sequence[Page], cleaned: Cleaned) -> list[Page]:
    """The pages with nothing left on them but their text and its separators.

    Args:
        pages: as read.
        cleaned: counts what is taken away.
    """
    pages = [replace(page, lines=tuple(_undoubled(line, cleaned) for line in page.lines)) for page in pages]
    numbers = _page_numbers(pages)
    repeated = _running_lines(pages)
    no_text = repeated | numbers
    running = {one for page in pages for one in _at_the_edges(page, no_text)} - numbers
    body = body_size(line for page in pages for line in page.lines)
    kept = []
    for page in pages:
        lines = []
        for line in _by_height(page.lines):
            if id(line) in numbers:
                cleaned["page_numbers"] += 1
            elif id(line) in running:
                cleaned["running_lines"] += 1
            else:
                lines.append(line)
        notes = _notes(lines, body)
        cleaned["notes"] += len(notes)
        left = {id(line) for line in lines} - notes
        kept.append(replace(page, lines=tuple(line for line in page.lines if id(line) in left)))
    return _without_contents([_with_separators(page, cleaned) for page in kept], cleaned)


def undoubled(text: str) -> str:
    """ "AArrttiiccllee 1122" → "Article 12": each letter twice, as some fake bold extracts; other text as it is."""
    words = text.split()
    letters = sum(len(word) for word in words)
    if letters < 6 or not any(map(str.isalpha, text)) or not all(DOUBLED.fullmatch(word) for word in words):
        return text
    return " ".join(word[::2] for word in words)


def _undoubled(line: Line, cleaned: Cleaned) -> Line:
    text = undoubled(line.text)
    if text == line.text:
        return line
    cleaned["doubled_letters"] += 1
    return replace(line, text=text, emphasised=line.emphasised // 2)


def _by_height(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.box.top)


def _edges(page: Page) -> list[Line]:
    lines = _by_height(page.lines)
    return lines if len(lines) <= 2 * EDGE else lines[:EDGE] + lines[-EDGE:]


def _running_lines(pages: Sequence[Page]) -> set[int]:
    """The lines (by `id`) that stand in one place at the edge of many pages, figures aside.

    A heading ("Article 12" at the top of three pages) must be the same to the letter.
    """
    places: dict[str, list[Line]] = defaultdict(list)
    for page in pages:
        for line in _edges(page):
            text = line.text if is_heading(line.text) else DIGITS.sub("#", line.text)
            places[text.casefold()].append(line)
    return {
        id(line)
        for lines in places.values()
        for line, on in _with_neighbours(_by_height(lines))
        if _runs(on, line.page, len(pages))
    }


def _with_neighbours(lines: Sequence[Line]) -> Iterator[tuple[Line, Set[int]]]:
    """Each of the lines, sorted by height, with the pages on which one of them stands near its height."""
    on: Counter[int] = Counter()
    first = last = 0
    for line in lines:
        while last < len(lines) and lines[last].box.top - line.box.top < NEAR:
            on[lines[last].page] += 1
            last += 1
        while line.box.top - lines[first].box.top >= NEAR:
            on[lines[first].page] -= 1
            if not on[lines[first].page]:
                del on[lines[first].page]
            first += 1
        yield line, on.keys()


def _at_the_edges(page: Page, no_text: set[int]) -> set[int]:
    """The repeated lines and page numbers (by `id`) with nothing but such lines between them and the edge of the page.

    A sentence that ends right above or below the body, as close as its own lines, is the body's.
    """
    lines = _by_height(page.lines)
    found: set[int] = set()
    for inwards in (lines, lines[::-1]):
        block: list[Line] = []
        for line in inwards:
            if id(line) not in no_text:
                break
            block.append(line)
        while block and len(block) < len(inwards) and _belongs(block[-1], inwards[len(block)]):
            block.pop()
        found |= {id(line) for line in block}
    return found


def _belongs(line: Line, body: Line) -> bool:
    near = abs(line.box.top - body.box.top) < 1.6 * line.box.height
    return near and line.text.endswith((".", ";", ":", ","))


def _runs(on: Set[int], page: int, pages: int) -> bool:
    """Whether a line that stands on the pages `on` is a running one, seen from one of them."""
    if pages < 3:
        return False
    neighbours = any({page + first, page + first + step, page + first + 2 * step} <= on
                     for step in (1, 2) for first in (0, -step, -2 * step))  # fmt: skip
    return neighbours or (len(on) >= 3 and len(on) >= SHARE * pages)


def _page_numbers(pages: Sequence[Page]) -> set[int]:
    """The lines (by `id`) that are nothing but the number of their page."""
    labelled, bare = set(), []
    for page in pages:
        for line in {id(line): line for line in _edges(page)}.values():
            if len(line.text) > LONGEST_ENTRY:
                continue
            if LABELLED_NUMBER.fullmatch(line.text):
                labelled.add(id(line))
            elif found := BARE_NUMBER.fullmatch(line.text):
                bare.append((int(found["number"]) - page.number, line))
    shifts = Counter(shift for shift, _ in bare)
    usual = {shift for shift, count in shifts.items() if count >= 3 or (shift == 0 and count >= min(2, len(pages)))}
    return labelled | {id(line) for shift, line in bare if shift in usual}


def _notes(lines: Sequence[Line], body: float) -> set[int]:
    """The lines (by `id`) in small print at the foot of a page, under its last line of body."""
    notes: set[int] = set()
    for line in reversed(lines):
        if line.size > SMALL_PRINT * body:
            break
        notes.add(id(line))
    return notes if len(notes) < len(lines) else set()


def _with_separators(page: Page, cleaned: Cleaned) -> Page:
    lines = []
    for line in page.lines:
        if ROW.fullmatch(line.text):
            cleaned["dotted_rows"] += 1
            line = replace(line, text=SEPARATOR)
        lines.append(line)
    return replace(page, lines=tuple(lines))


def _without_contents(pages: Sequence[Page], cleaned: Cleaned) -> list[Page]:
    lines = [line for page in pages for line in page.lines]
    gone = contents_lines([line.text for line in lines])
    cleaned["contents_lines"] += len(gone)
    dropped = {id(lines[place]) for place in gone}
    return [replace(page, lines=tuple(line for line in page.lines if id(line) not in dropped)) for page in pages]


def contents_lines(texts: Sequence[str]) -> set[int]:
    """The places of the lines that belong to a table of contents.

    Lines with leaders ("Définitions ........ 4") are such wherever three of them stand near each other; after a title
    like "Sommaire", lines that end in a number that grows, and what lies between two of them.
    """
    leaders = [place for place, text in enumerate(texts) if len(text) <= LONGEST_ENTRY and LEADER.match(text)]
    gone = {place for place in leaders if bisect_right(leaders, place + 6) - bisect_left(leaders, place - 6) >= 3}
    end = -1
    for place, text in enumerate(texts):  # a title among the entries of the one before has no others than those
        if place > end and len(text) <= LONGEST_ENTRY and CONTENTS_TITLE.fullmatch(text):
            entries = _entries(texts, place + 1)
            if len(entries) >= 2 or not gone.isdisjoint(entries):
                end = entries[-1]
                gone |= set(range(place, end + 1))
    spread = sorted(gone)
    for before, after in pairwise(spread):
        if 1 < after - before <= 3:  # an entry on two lines, a page break
            gone |= set(range(before, after))
    return gone


def _entries(texts: Sequence[str], start: int) -> list[int]:
    """The places of the entries after a title of contents: each page number at least that before, gaps of two lines."""
    entries: list[int] = []
    highest = 0
    for place in range(start, len(texts)):
        if place - (entries[-1] if entries else start) > 2:
            break
        if (
            len(texts[place]) <= LONGEST_ENTRY
            and ENTRY.match(texts[place])
            and (page := int(re.findall(r"\d+$", texts[place])[0])) >= highest
        ):
            entries.append(place)
            highest = page
    return entries


def usual_leading(lines: Sequence[Line]) -> float:
    """Points from a line's top to the next one's, where text runs on; 0 when there is none."""
    steps = [
        below.box.top - above.box.top
        for above, below in pairwise(lines)
        if above.page == below.page and 0 < below.box.top - above.box.top < 3 * above.size
    ]
    # The lower half holds steps inside paragraphs; documents of one-line paragraphs have little else than the others.
    steps.sort()
    return median(steps[: max(1, len(steps) // 2)]) if steps else 0.0
