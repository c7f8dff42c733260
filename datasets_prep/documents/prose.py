"""Prose: paragraphs → sections, by headings (size, weight, numbering, Markdown, capitals); the title of any document."""

import re
from collections.abc import Sequence

from datasets_prep.documents.headings import is_heading
from datasets_prep.documents.lines import SEPARATOR, body_size
from datasets_prep.documents.paragraphs import Paragraph
from datasets_prep.documents.passage import Passage

Heading = tuple[float, str]  # its level, the smaller the higher, and its words
LONGEST_HEADING = 120
LARGER = 1.1  # times the body's size: a heading
NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5})\s?[.)–-]?\s+(?P<words>[^\W\d_].*)", re.DOTALL)
MARKDOWN = re.compile(r"(?P<marks>#{1,6})\s+(?P<words>\S.*)", re.DOTALL)
ENDS = re.compile(r"[.,;:…]$")


def sections(paragraphs: Sequence[Paragraph]) -> list[Passage]:
    """The sections of a document; text before the first heading is "outside".

    A heading with neither text nor a lower heading under it ("1. Branchez la machine" above "2. Attendez") is text.
    """
    paragraphs = [paragraph for paragraph in paragraphs if paragraph.text != SEPARATOR]
    body = body_size(paragraphs)
    headings = [_heading(paragraph, body) for paragraph in paragraphs]
    levels: dict[float, str] = {}
    passages: list[Passage] = []
    texts: list[str] = []
    pages = (0, 0)

    def close() -> None:
        if texts:
            path = tuple(levels[level] for level in sorted(levels))
            kind = "section" if path else "outside"
            passages.append(Passage(kind=kind, label=path[-1] if path else "", path=path[:-1], paragraphs=tuple(texts), pages=pages))  # type: ignore[arg-type]  # fmt: skip
            texts.clear()

    for place, (paragraph, heading) in enumerate(zip(paragraphs, headings, strict=True)):
        if heading is None or _is_empty(heading, headings[place + 1 : place + 2]):
            pages = (pages[0] if texts else paragraph.pages[0], paragraph.pages[1])
            texts.append(heading[1] if heading else paragraph.text)
            continue
        close()
        level, words = heading
        levels = {one: text for one, text in levels.items() if one < level} | {level: words}
    close()
    return passages


def title_of(paragraphs: Sequence[Paragraph]) -> str:
    """The document's name: the largest print of its first paragraphs, or the one line before all else in a text."""
    body = body_size(paragraphs)
    first = [paragraph for paragraph in paragraphs[:10] if paragraph.text != SEPARATOR]
    if not first:
        return ""
    largest = max(first, key=lambda paragraph: paragraph.size)
    if largest.size >= 1.2 * body:
        return largest.text if len(largest.text) <= 2 * LONGEST_HEADING else ""
    text = re.sub(r"^#+\s+", "", first[0].text)
    alone = len(text) <= LONGEST_HEADING and not re.search(r"[.;:,]$| > ", text) and not is_heading(text)
    return text if alone and text[:1].isupper() else ""


def _is_empty(heading: Heading, following: Sequence[Heading | None]) -> bool:
    """Whether nothing stands under a heading: the document ends there, or goes on with a heading no lower than it."""
    return not following or (following[0] is not None and following[0][0] <= heading[0])


def _heading(paragraph: Paragraph, body: float) -> Heading | None:
    """The level of a heading (the smaller the higher) and its words; None for text."""
    text = paragraph.text
    if found := MARKDOWN.fullmatch(text):
        return float(len(found["marks"])), found["words"].strip(" #")
    if len(text) > LONGEST_HEADING or ENDS.search(text) or not re.search(r"[^\W\d_]{2}", text):
        return None
    numbered = NUMBERED.fullmatch(text)
    depth = numbered["number"].count(".") if numbered else 0
    if paragraph.size >= LARGER * body and body:
        return -paragraph.size, text
    if paragraph.bold:
        return float(depth), text
    if numbered and numbered["words"][0].isupper() and len(text) <= 80:
        return 10.0 + depth, text
    return (20.0, text) if text.isupper() and len(text) > 5 else None
