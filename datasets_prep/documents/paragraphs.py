"""From lines to paragraphs: line breaks that only the page's width made are undone, words cut by a hyphen joined."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from datasets_prep.documents.headings import article_heading, is_heading
from datasets_prep.documents.lines import SEPARATOR, Cleaned, Line

ITEM = re.compile(
    r"(?:[-–—―•▪●■◦*→]\s*(?=\S)|\d{1,3}\s?[°º)]|[a-z]{1,2}\s?[)°]|\d{1,2}(?:[.\-]\d{1,2}){0,3}\s?[.)/-](?=\s)|[IVX]{1,5}\s?[.)°]|"
    r"[IVX]{1,5}\.?\s?[-–—―](?=[\sA-Z]))\s*"
)
WORD = re.compile(r"[^\W\d_]+(?:[-‐‑][^\W\d_]+)*")
LONGEST_WORD = 200  # characters at the end of a line that are searched for a cut word or address
ADDRESS = re.compile(r"(?:://|www\.|@)\S*$")  # a cut address keeps its hyphen
CUT = re.compile(r"([^\W_]+)[-‐‑]$")
# Words after which a sentence must go on, whatever the line looks like.
_OPEN_ENDS = (
    "à au aux avec ce ces cet cette chez comme dans de des dont du en entre et la le les leur leurs ne ni notamment nos notre "
    "ou par pour pourvu que qui sa sans se selon ses si son sous sur tout toute toutes tous un une vers "
    "a an and any as at by for from if in into is its of on or the their this that to under which with"
)
OPEN_ENDS = frozenset(_OPEN_ENDS.split())
# First halves of French compounds that end a line with their own hyphen.
_COMPOUND_STARTS = (
    "ci sous vis procès c'est là au par quasi demi non avant après contre entre semi ex vice sus non celui celle ceux celles "
    "lui elle eux elles soi même lieu chef chefs arrêté plus rez haut bas grand petite petit anti co auto inter socio médico "
    "audio télé porte garde mi presqu quelqu peut rendez savoir dommages dommage saisie saisies crédit accord accords mot"
)
COMPOUND_STARTS = frozenset(_COMPOUND_STARTS.split())
SENTENCE_END = re.compile(r"[.!?:;…][»\"”)\s]*$")


ORDINAL = re.compile(r"\b1\.e\.r\b")  # "1er", as BOAMP's notices print it


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """A paragraph.

    Args:
        text: its characters, without line breaks.
        pages: its first and last page; 0 in a file without pages.
        size: of its letters, in points; 0 in a plain text.
        bold: whether all of it is bold.
        emphasised: how many of its first characters are bold or italic.
    """

    text: str
    pages: tuple[int, int] = (0, 0)
    size: float = 0.0
    bold: bool = False
    emphasised: int = 0


class Joiner:
    """Joins lines, with the words of the whole document at hand to settle hyphens.

    Args:
        texts: all lines of the document.
        cleaned: counts hyphens joined and kept.
    """

    def __init__(self, texts: Iterable[str], cleaned: Cleaned) -> None:
        self._words: Counter[str] = Counter()
        self._cleaned = cleaned
        for text in texts:
            inside = text[:-LONGEST_WORD] + CUT.sub(
                "", text[-LONGEST_WORD:]
            )  # a word that is itself cut proves nothing
            self._words.update(word.casefold() for word in WORD.findall(inside))

    def join(self, before: str, after: str) -> str:
        """Two lines as one text. A word cut at the end of the first is put together.

        The hyphen goes when the joined word stands elsewhere in the document ("pu-" + "blic"), and stays when the
        compound does, when its first half makes compounds ("ci-" + "dessus"), when both halves are words of the
        document ("sous-" + "traitant"), and before a capital or a figure.
        """
        if before.endswith("\u00ad"):
            self._cleaned["hyphens_joined"] += 1
            return before.rstrip("\u00ad") + after
        cut, start = CUT.search(before[-LONGEST_WORD:]), WORD.match(after)
        if not cut or not after[:1].isalnum():
            return f"{before} {after}"
        if start and not ADDRESS.search(before[-LONGEST_WORD:]) and self._is_broken(cut[1].casefold(), start[0]):
            self._cleaned["hyphens_joined"] += 1
            return before[:-1] + after
        self._cleaned["hyphens_kept"] += 1
        return before[:-1] + "-" + after

    def _is_broken(self, left: str, right: str) -> bool:
        if right[0].isupper() or not left.isalpha() or re.search("[-‐‑]", right) or len(right) == 1:
            return False
        right = right.casefold()
        if self._words[f"{left}-{right}"]:
            return False
        if self._words[left + right]:
            return True
        return not (left in COMPOUND_STARTS or (self._words[left] and self._words[right] and len(left) > 1))


def paragraphs_of(lines: Sequence[Line], leading: float, cleaned: Cleaned) -> list[Paragraph]:
    """The paragraphs of a document read from pages.

    Args:
        lines: of the whole document, in reading order.
        leading: points from line to line inside a paragraph.
        cleaned: counts what happened to hyphens.
    """
    joiner = Joiner((line.text for line in lines), cleaned)
    margins = _right_margins(lines)
    groups: list[list[Line]] = []
    for line in lines:
        after_title = len(groups) > 1 and _is_bare_article(groups[-2][-1].text)
        if groups and not _begins(groups[-1], line, leading, margins, after_title=after_title):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [_paragraph(group, joiner) for group in groups]


def _paragraph(lines: Sequence[Line], joiner: Joiner) -> Paragraph:
    text = lines[0].text
    for line in lines[1:]:
        text = joiner.join(text, line.text)
    emphasised = lines[0].emphasised
    for before, line in pairwise(lines):  # a label over several lines
        if before.emphasised < len(before.text) or not line.emphasised:
            break
        emphasised += 1 + line.emphasised
    return Paragraph(
        text=ORDINAL.sub("1er", re.sub(r"\s+", " ", text)),
        pages=(lines[0].page, lines[-1].page),
        size=lines[0].size,
        bold=all(line.bold for line in lines),
        emphasised=emphasised,
    )


def _right_margins(lines: Sequence[Line]) -> dict[int, float]:
    margins: dict[int, float] = {}
    for line in lines:
        margins[line.page] = max(margins.get(line.page, 0.0), line.box.right)
    return margins


def _begins(group: Sequence[Line], line: Line, leading: float, margins: dict[int, float], *, after_title: bool) -> bool:
    """Whether `line` begins a paragraph after the lines of `group`, which may be the title under "Article 12"."""
    last = group[-1]
    if SEPARATOR in (line.text, last.text) or is_heading(line.text) or ITEM.match(line.text):
        return True
    if abs(line.size - last.size) > 1 or (line.bold != last.bold and not _same_sentence(last, line)):
        return True
    if _is_label(last) and line.text[0].isupper() and _ends_short(last, line, margins) and not must_go_on(last.text):
        return True
    if must_go_on(last.text):
        return False
    next_page = line.page != last.page or line.box.top < last.box.top  # or the next column
    if next_page:
        return SENTENCE_END.search(last.text[-LONGEST_WORD:]) is not None or is_heading(last.text)
    if leading and line.box.top - last.box.top > 1.35 * max(leading, last.box.height * 0.9):
        return True
    if _is_label(line) and last.emphasised < len(last.text):  # "Lieu d'exécution : …"
        return True
    # Of a paragraph's first line only a heading ends short without a full stop.
    return _ends_short(last, line, margins) and (
        SENTENCE_END.search(last.text[-LONGEST_WORD:]) is not None
        or (line.text[0].isupper() and (len(group) > 1 or after_title or is_heading(last.text)))
    )


def _is_bare_article(text: str) -> bool:
    found = article_heading(text)
    return found is not None and not found.rest


def _is_label(line: Line) -> bool:
    """Whether a line begins with emphasised words and a colon after or among the last of them."""
    return line.emphasised > 3 and line.text[0].isupper() and ":" in line.text[line.emphasised - 3 :]


def _same_sentence(last: Line, line: Line) -> bool:
    """A bold word that ends or begins a line is no heading."""
    return not SENTENCE_END.search(last.text[-LONGEST_WORD:]) and (line.text[0].islower() or must_go_on(last.text))


def must_go_on(text: str) -> bool:
    """Whether a line cannot be the end of a paragraph: it ends with "de", a comma, or a cut word."""
    if text.endswith((",", "-", "\u00ad", "(", "«")):
        return True
    last = re.split(r"[\s(«]", text[-LONGEST_WORD:])[-1]
    return bool(last) and (last.endswith(("'", "’")) or last in OPEN_ENDS)


def _ends_short(last: Line, line: Line, margins: dict[int, float]) -> bool:
    """Whether the next line's first word would have fitted: the break was meant."""
    width = last.box.width / max(1, len(last.text))
    first_word = len(line.text.split(maxsplit=1)[0])
    return last.box.right + (first_word + 1) * width < margins[last.page] - width
