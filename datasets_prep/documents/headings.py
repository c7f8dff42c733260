"""The headings of law: "Article 12", "Art. R. 2-3", "Article premier", and above them parts, titles, chapters, sections.

French and English. What is understood here is a line or a paragraph; its place in the document is `law`'s business.
"""

import re
from typing import NamedTuple

NUMBER = (
    r"(?:[LRDA]\.?\s?\*?\s?)?\d{1,4}[A-Z]?(?:[-–.]\d{1,3})*(?:\s?(?:bis|ter|quater|quinquies|sexies|septies|octies)\b)?"
)
# The number's "er" or "°" may follow it; a heading ends there, or goes on after a mark or with a capital letter.
ARTICLE = re.compile(
    rf"\W{{0,3}}\s*(?P<word>Article|ARTICLE|Art\.|ART\.)\s*(?P<number>premier|PREMIER|1er|1ER|unique|UNIQUE|{NUMBER}|[IVX]{{1,7}})"
    r"(?:°|º)?(?P<mark>\s*(?:[:.]\s*[-–—]|[:.–—]|-(?=\s|[A-Z]))|(?=\s*$)|(?=\s+[A-ZÉÈÊÀÂÎÔÇ«“\"(]))\s*(?P<rest>.*)",
    re.DOTALL,
)
# The levels above an article, the highest first; what stands at one level ends all that stood at it or below.
LEVELS = (
    ("partie", "part"),
    ("livre", "book"),
    ("titre", "title"),
    ("sous-titre", "subtitle"),
    ("chapitre", "chapter"),
    ("section",),
    ("sous-section", "subsection", "sub-section"),
    ("paragraphe", "paragraph"),
)
ANNEX = len(LEVELS)
ORDINALS = "première|deuxième|troisième|quatrième|cinquième|sixième|septième|huitième|neuvième|dixième|seconde"
_WORDS = sorted((word for words in LEVELS for word in words), key=len, reverse=True)
_CAPITALISED = "|".join(f"{word.capitalize()}|{word.upper()}|{word.title()}" for word in _WORDS)
_END = r"(?P<mark>\s*[:.–—-]+|(?=\s*$)|(?=\s+[A-ZÉÈÊÀÂÎÔÇ«]))\s*(?P<rest>.*)"
PART = re.compile(
    rf"(?P<number>{ORDINALS}|{ORDINALS.upper()}|{ORDINALS.title()})\s+(?P<word>partie|PARTIE|Partie){_END}", re.DOTALL
)
LEVEL = re.compile(
    rf"(?P<word>{_CAPITALISED})\s+(?P<number>(?i:premier|première|préliminaire|unique)|[IVXLl1]{{1,7}}(?:er|ER)?|"
    rf"\d{{1,3}}(?:er|ère|[-.]\d+)?|[A-Z]\b){_END}",
    re.DOTALL,
)
ANNEXES = re.compile(
    r"(?:ANNEXES?|Annexes?|APPENDIX|Appendix|SCHEDULE|Schedule)(?:\s+[\dIVXA-Z][\w-]{0,5})?\s*(?:[:.–—-]\s*.{0,150})?",
    re.DOTALL,
)
MISREAD = re.compile(r"\b[IVX]*[Il1][IVXl1]*\b")
LONGEST_HEADING = 250


class ArticleHeading(NamedTuple):
    """ "Article 12 : Objet": its number, and what stands after it."""

    number: str
    rest: str

    @property
    def label(self) -> str:
        return f"Article {self.number}"


class LevelHeading(NamedTuple):
    """ "Chapitre II : Exclusions": its level (0 the highest) and its words."""

    level: int
    text: str
    bare: bool  # whether its title is still to come ("TITRE II", the title on the next line)


def article_heading(text: str) -> ArticleHeading | None:
    """The heading that a line or paragraph begins with; None for text, "Article 12 est abrogé" included."""
    if not (found := ARTICLE.match(text)):
        return None
    number = " ".join(found["number"].split())
    if number.lower() in ("1er", "premier"):
        number = "premier" if number.lower() == "premier" else "1er"
    return ArticleHeading(number, found["rest"].strip())


def level_heading(text: str) -> LevelHeading | None:
    """The heading that a paragraph is, its misread Roman numerals mended ("Titre Il" → "Titre II")."""
    if len(text) > LONGEST_HEADING:
        return None
    if ANNEXES.fullmatch(text):
        return LevelHeading(ANNEX, text, bare=False)
    if not (found := PART.fullmatch(text) or LEVEL.fullmatch(text)):
        return None
    word = found["word"].lower()
    level = next(place for place, words in enumerate(LEVELS) if word in words)
    return LevelHeading(level, mended_numeral(text, found), bare=not found["rest"])


def is_heading(text: str) -> bool:
    """Whether a line begins an article or stands above articles."""
    return article_heading(text) is not None or level_heading(text) is not None


def mended_numeral(text: str, found: re.Match[str]) -> str:
    """ "Chapitre IlI : …" → "Chapitre III : …": in machine-read text l and 1 stand for I."""
    number = found["number"]
    if not number or number.isdigit() or not MISREAD.fullmatch(number) or not {"l", "1"} & set(number):
        return text
    return text[: found.start("number")] + re.sub("[l1]", "I", number) + text[found.end("number") :]
