"""Text files: the same lines as from a PDF, on a page as a typewriter would set it.

Line feeds are kept as they are until the paragraphs are formed; a form feed begins a page, as ``pdftotext`` writes it.
"""

import re

from datasets_prep.documents.lines import Box, Cleaned, Line, Page

LEADING, WIDTH = 12.0, 6.0  # points from line to line, and of a character
LONGEST_WRAPPED = 130  # characters: a text whose lines are longer was not wrapped by hand
MARKUP = re.compile(r"^\s*(?:<!-*|-*>|</?[a-z]{1,10}/?>)\s*$")
LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
# Compounds whose hyphen conversions lose; none of the joined forms is a word.
LOST_HYPHENS = {
    "ciaprès": "ci-après", "cidessus": "ci-dessus", "cidessous": "ci-dessous", "cijoint": "ci-joint",
    "accordcadre": "accord-cadre", "accordscadres": "accords-cadres", "soustraitance": "sous-traitance",
    "soustraitant": "sous-traitant", "soustraitants": "sous-traitants", "soustraiter": "sous-traiter",
    "procèsverbal": "procès-verbal", "procèsverbaux": "procès-verbaux", "audelà": "au-delà", "audessus": "au-dessus",
    "audessous": "au-dessous", "visàvis": "vis-à-vis", "estàdire": "est-à-dire",
    "luimême": "lui-même", "ellemême": "elle-même", "euxmêmes": "eux-mêmes", "ellesmêmes": "elles-mêmes",
    "dommagesintérêts": "dommages-intérêts", "maîtred'œuvre": "maître d'œuvre", "horstaxes": "hors-taxes",
}  # fmt: skip
UNREADABLE = re.compile("[\udc80-\udcff]")  # bytes that their encoding does not know, one lone surrogate each
LOST = re.compile(r"\b(" + "|".join(LOST_HYPHENS) + r")\b", re.IGNORECASE)


def pages_of_text(text: str, cleaned: Cleaned) -> list[Page]:
    """The pages of a text: one, unless form feeds part it.

    Args:
        text: as `read_text_file` gives it; a byte that was no text becomes what `json_line` shows of it, "\\xE9".
        cleaned: counts unreadable bytes, leftovers of markup, ligatures and lost hyphens.
    """
    readable, count = UNREADABLE.subn(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02X}", text)
    cleaned["unreadable_bytes"] += count
    texts = readable.split("\f")
    return [_page(page, number if len(texts) > 1 else 0, cleaned) for number, page in enumerate(texts, start=1)]


def is_wrapped(pages: list[Page]) -> bool:
    """Whether line feeds stand where a width made them, and not at the ends of paragraphs."""
    lengths = sorted(len(line.text) for page in pages for line in page.lines)
    return bool(lengths) and lengths[int(0.97 * (len(lengths) - 1))] <= LONGEST_WRAPPED


def _page(text: str, number: int, cleaned: Cleaned) -> Page:
    lines = []
    for row, raw in enumerate(text.splitlines()):
        if MARKUP.match(raw):
            cleaned["markup"] += 1
        elif content := _mended(raw.strip(), cleaned):
            left = WIDTH * (len(raw) - len(raw.lstrip()))
            box = Box(left, LEADING * row, left + WIDTH * len(content), LEADING * (row + 1))
            lines.append(Line(text=content, page=number, box=box, size=LEADING))
    width = max((line.box.right for line in lines), default=0.0)
    return Page(number=number, width=width, lines=tuple(lines))


def _mended(text: str, cleaned: Cleaned) -> str:
    for ligature, letters in LIGATURES.items():
        if ligature in text:
            cleaned["ligatures"] += text.count(ligature)
            text = text.replace(ligature, letters)
    mended, count = LOST.subn(_with_hyphen, text)
    cleaned["lost_hyphens"] += count
    return mended


def _with_hyphen(found: re.Match[str]) -> str:
    mended = LOST_HYPHENS[found[0].lower()]
    return mended[0].upper() + mended[1:] if found[0][0].isupper() else mended
