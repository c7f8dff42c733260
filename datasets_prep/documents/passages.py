"""From a file to its passages: articles of law, rubrics of a notice, or sections of prose, with their pages.

document = read_document(Path("code.pdf"))
document.passages[11].label, document.passages[11].pages  # "Article 12", (34, 35)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from datasets_prep.documents.furniture import usual_leading, without_furniture
from datasets_prep.documents.headings import is_heading
from datasets_prep.documents.law import articles
from datasets_prep.documents.lines import Cleaned, Line, Page
from datasets_prep.documents.notices import is_notice, notice_name, rubrics
from datasets_prep.documents.paragraphs import Paragraph, must_go_on, paragraphs_of
from datasets_prep.documents.passage import Passage
from datasets_prep.documents.pdf import read_pdf
from datasets_prep.documents.plain_text import LEADING, is_wrapped, pages_of_text
from datasets_prep.documents.prose import sections, title_of
from datasets_prep.text_files import read_text_file

Kind = Literal["law", "notice", "prose"]
FEWEST_ARTICLES = 3
STOP_WORDS = {
    "fr": "le la les des du de un une et est dans pour par sur qui que aux au ne pas sont",
    "en": "the of and to in is that for with are be by on or shall as this which not an",
}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document that was read.

    Args:
        file: its file's name.
        title: its own name, "" when none was found.
        kind: what its passages are: articles, rubrics or sections.
        language: "fr" or "en".
        passages: in its order; those of the kind "outside" belong to no article, rubric or section.
        page_count: 0 for a text without pages.
        pages_without_text: numbers of the pages that hold nothing but images: scanned, most likely.
        blank_pages: numbers of the pages that hold nothing at all.
        cleaned: how often each repair was made.
    """

    file: str
    title: str
    kind: Kind
    language: Literal["fr", "en"]
    passages: tuple[Passage, ...]
    page_count: int = 0
    pages_without_text: tuple[int, ...] = ()
    blank_pages: tuple[int, ...] = ()
    cleaned: Cleaned = field(default_factory=Cleaned)


def read_document(path: Path, text: str | None = None) -> Document:
    """Reads a PDF or a text file.

    Args:
        path: the file; a text may be gzipped.
        text: that of a text file which was read already.

    Raises:
        InputError: it cannot be read as what its name says; the file, the fault and the cure are named.
    """
    cleaned = Cleaned()
    is_pdf = path.suffix.lower() == ".pdf"
    if is_pdf:
        pages = read_pdf(path, cleaned)
    else:
        pages = pages_of_text(read_text_file(path).text if text is None else text, cleaned)
    paragraphs = _paragraphs(pages, cleaned, is_pdf=is_pdf)
    kind, found = _passages(paragraphs, cleaned)
    counted = is_pdf or len(pages) > 1
    return Document(
        file=path.name,
        title=notice_name(paragraphs) if kind == "notice" else title_of(paragraphs),
        kind=kind,
        language=_language(paragraphs),
        passages=_placed(found),
        page_count=len(pages) if counted else 0,
        pages_without_text=tuple(page.number for page in pages if not page.lines and page.has_images),
        blank_pages=tuple(page.number for page in pages if counted and _is_blank(page)),
        cleaned=+cleaned,  # type: ignore[arg-type]  # without zeros
    )


def _is_blank(page: Page) -> bool:
    return not (page.lines or page.has_images or page.has_turned_text)


def _paragraphs(pages: Sequence[Page], cleaned: Cleaned, *, is_pdf: bool) -> list[Paragraph]:
    typed = any(line.page and line.size for page in pages for line in page.lines)
    if not typed and not is_wrapped(list(pages)):
        return _one_per_line(without_furniture(pages, cleaned))
    lines = [line for page in without_furniture(pages, cleaned) for line in page.lines]
    return paragraphs_of(lines, usual_leading(lines) if is_pdf else LEADING, cleaned)


def _one_per_line(pages: Sequence[Page]) -> list[Paragraph]:
    """Lines that no width cut: each is a paragraph, but for one that breaks off right before the next."""
    paragraphs: list[Paragraph] = []
    last: Line | None = None
    for line in (line for page in pages for line in page.lines):
        text = re.sub(r"\s+", " ", line.text)
        if last and must_go_on(last.text) and line.box.top <= last.box.bottom and not is_heading(text):
            paragraphs[-1] = replace(paragraphs[-1], text=f"{paragraphs[-1].text} {text}")
        else:
            paragraphs.append(Paragraph(text=text, pages=(line.page, line.page), size=line.size))
        last = line
    return paragraphs


def _passages(paragraphs: Sequence[Paragraph], cleaned: Cleaned) -> tuple[Kind, list[Passage]]:
    found = articles(paragraphs, cleaned)
    if sum(passage.kind == "article" for passage in found) >= FEWEST_ARTICLES:
        return "law", found
    if is_notice(paragraphs):
        return "notice", rubrics(paragraphs)
    return "prose", sections(paragraphs)


def _placed(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages with their number, their place among the characters of all, and which of its name each is."""
    placed, start = [], 0
    names: dict[str, int] = {}
    for number, passage in enumerate(passages, start=1):
        names[passage.label] = names.get(passage.label, 0) + 1
        end = start + len(passage.text)
        placed.append(replace(passage, number=number, start=start, end=end, occurrence=names[passage.label]))
        start = end + 2  # "\n\n" between two passages
    return tuple(placed)


def _language(paragraphs: Sequence[Paragraph]) -> Literal["fr", "en"]:
    words = re.findall(r"[a-zà-ÿ]+", " ".join(paragraph.text for paragraph in paragraphs[:400]).lower())
    known = {language: frozenset(stop_words.split()) for language, stop_words in STOP_WORDS.items()}
    french, english = (sum(word in known[language] for word in words) for language in ("fr", "en"))
    return "en" if english > french else "fr"
