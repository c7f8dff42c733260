"""Law and regulations: paragraphs → articles, each with the part, title, chapter and section above it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from datasets_prep.documents.headings import ANNEX, article_heading, is_heading, level_heading
from datasets_prep.documents.lines import SEPARATOR, Cleaned
from datasets_prep.documents.paragraphs import ITEM, SENTENCE_END, Paragraph, must_go_on
from datasets_prep.documents.passage import Passage

LONGEST_TITLE = 160
FEWEST_ENTRIES = 3  # titles without text that make a table of contents
TRAIL = re.compile(r"[^>\n]{3,800}(?:\s>\s[^>\n]{3,800})+")  # "PREMIÈRE PARTIE : … > TITRE Ier : …"
MARKDOWN = re.compile(r"^#{1,6}\s+")


def articles(paragraphs: Sequence[Paragraph], cleaned: Cleaned) -> list[Passage]:
    """The articles of a text, and between them what belongs to none (preamble, headings' own text, signatures).

    Args:
        paragraphs: of the whole document.
        cleaned: counts mended numerals.
    """
    reader = _LawReader(cleaned)
    texts = [MARKDOWN.sub("", paragraph.text) for paragraph in paragraphs]
    for paragraph, text, following in zip(paragraphs, texts, [*texts, ""][1:], strict=True):
        reader.read(paragraph, text, following)
    return reader.finish()


@dataclass(kw_only=True)
class _Open:
    """The passage being read."""

    kind: Literal["article", "outside"]
    label: str
    path: tuple[str, ...]
    pages: tuple[int, int]
    title: str = ""
    paragraphs: list[str] = field(default_factory=list)


class _LawReader:
    """Goes through the paragraphs once, with the headings in force and the passage being read."""

    def __init__(self, cleaned: Cleaned) -> None:
        self._cleaned = cleaned
        self._levels: dict[int, str] = {}
        self._trail: tuple[str, ...] = ()
        self._untitled: int | None = None  # the level whose title may be the next paragraph
        self._open: _Open | None = None
        self._entries: list[_Open] = []  # articles with nothing but a title, one after the other
        self._done: list[Passage] = []

    def read(self, paragraph: Paragraph, text: str, following: str) -> None:
        """Takes the next paragraph; `following` is the text of the one after it."""
        if text == SEPARATOR:
            self._separate()
        elif trail := _trail(text):
            self._close()
            self._levels, self._trail = {}, trail
        elif heading := level_heading(text):
            self._close()
            self._cleaned["numerals"] += heading.text != text
            self._set_level(heading.level, heading.text)
            self._untitled = heading.level if heading.bare else None
        elif self._untitled is not None and _is_title(text):
            self._set_level(self._untitled, f"{self._levels[self._untitled]} : {text}")
            self._untitled = None
        elif article := article_heading(text):
            self._begin(article.label, article.rest, paragraph, following)
        else:
            self._untitled = None
            self._add(text, paragraph)

    def finish(self) -> list[Passage]:
        self._close()
        self._settle_entries()
        return self._done

    @property
    def _path(self) -> tuple[str, ...]:
        return (*self._trail, *(self._levels[level] for level in sorted(self._levels)))

    def _set_level(self, level: int, text: str) -> None:
        self._levels = {one: words for one, words in self._levels.items() if one < level and level != ANNEX}
        self._levels[level] = text

    def _begin(self, label: str, rest: str, paragraph: Paragraph, following: str) -> None:
        self._close()
        self._untitled = None
        titled = bool(rest and following) and _is_title(rest)
        article = _Open(kind="article", label=label, path=self._path, pages=paragraph.pages)
        if titled and is_heading(following):
            article.paragraphs.append(rest)
            self._entries.append(article)
            return
        self._settle_entries(label)
        self._open = article
        if titled:
            self._open.title = rest.rstrip(" .")
        elif rest:
            self._open.paragraphs.append(rest)

    def _add(self, text: str, paragraph: Paragraph) -> None:
        if self._open is None:
            self._settle_entries()
            label = self._path[-1] if self._path else ""
            self._open = _Open(kind="outside", label=label, path=self._path, pages=paragraph.pages)
        one = self._open
        one.pages = (one.pages[0], paragraph.pages[1])
        if one.kind == "article" and not one.paragraphs and not one.title and _is_title(text):
            one.title = text  # "Article 12", its title on the next line
        else:
            one.paragraphs.append(text)

    def _separate(self) -> None:
        """A row of dots or dashes ends an article whose last sentence is complete."""
        if self._open and self._open.paragraphs and SENTENCE_END.search(self._open.paragraphs[-1]):
            self._close()

    def _close(self) -> None:
        one, self._open = self._open, None
        if one and one.title and not one.paragraphs:
            if one.title.isupper():  # an entry of a table of contents
                self._cleaned["contents_lines"] += 1
            else:  # what looked like a title was all its text
                one.paragraphs, one.title = [one.title], ""
        if one and one.paragraphs:
            self._keep(one)

    def _settle_entries(self, following: str = "") -> None:
        """Articles with a title and no text: entries of contents where three titles follow each other, else their text.

        "Article 2 : Abrogé" is all that the article says, and so it is when the next ones say the same. But right above
        the article of its own label (`following`) it is a heading printed twice.
        """
        entries, self._entries = self._entries, []
        contents = len({" ".join(entry.paragraphs) for entry in entries}) >= FEWEST_ENTRIES
        for entry in entries:
            if contents or entry.label == following:
                self._cleaned["contents_lines"] += 1
            else:
                self._keep(entry)

    def _keep(self, one: _Open) -> None:
        self._done.append(Passage(**{**vars(one), "paragraphs": tuple(one.paragraphs)}))


def _trail(text: str) -> tuple[str, ...] | None:
    """ "TITRE II : … > Chapitre Ier : …" as its parts; None when the text is no such thing."""
    parts = tuple(part.strip() for part in text.split(" > "))
    return parts if TRAIL.fullmatch(text) and any(map(level_heading, parts)) else None


def _is_title(text: str) -> bool:
    """Whether words after a heading are its title: short, not a sentence, not the start of a list."""
    if len(text) > LONGEST_TITLE or text.endswith((",", ";", ":")) or ITEM.match(text) or must_go_on(text):
        return False
    return text[:1].isupper() and not re.search(r"[.;:]\s|\.$", text.rstrip(" .") if text.isupper() else text)
