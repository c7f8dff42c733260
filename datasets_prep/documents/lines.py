"""What reading a document gives before anything is understood: lines of text with their place and type on the page."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

LOST_IMAGE = "\ufffc"  # stands where a small image replaces a character of a line: that character is lost

SEPARATOR = "⁂"  # stands for a row of dots or dashes: what follows it is no part of what came before


class Box(NamedTuple):
    """A rectangle in points (1/72 inch), y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def width(self) -> float:
        return self.right - self.left

    def same_row(self, other: "Box") -> bool:
        """Whether the two overlap by more than half of the lower one's height."""
        overlap = min(self.bottom, other.bottom) - max(self.top, other.top)
        return overlap > 0.5 * min(self.height, other.height)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of text.

    Args:
        text: its characters, without blanks around.
        page: from 1.
        box: where it stands.
        size: of its letters, in points.
        bold: whether all of it is bold.
        emphasised: how many of its first characters are bold or italic: the label of "*Lieu :* Briey".
    """

    text: str
    page: int
    box: Box
    size: float
    bold: bool = False
    emphasised: int = 0


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page.

    Args:
        number: from 1.
        width: in points.
        lines: in reading order.
        has_images: whether it holds images.
        has_turned_text: whether it holds text that does not stand upright, which is not read.
    """

    number: int
    width: float
    lines: tuple[Line, ...]
    has_images: bool = False
    has_turned_text: bool = False


class Printed(Protocol):
    """A line or a paragraph: its text, and the size of its letters in points."""

    @property
    def text(self) -> str: ...

    @property
    def size(self) -> float: ...


def body_size(pieces: Iterable[Printed]) -> float:
    """The size in which most characters of a document are printed; 0 when there are none."""
    sizes: Counter[float] = Counter()
    for piece in pieces:
        sizes[piece.size] += len(piece.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


class Cleaned(Counter[str]):
    """How often each repair was made; the keys are those of `CLEANED`."""


# Every repair, in French and in English.
CLEANED: dict[str, tuple[str, str]] = {
    "running_lines": ("lignes d'en-tête ou de pied de page", "running header or footer lines"),
    "page_numbers": ("numéros de page", "page numbers"),
    "contents_lines": ("lignes de table des matières", "lines of tables of contents"),
    "dotted_rows": ("lignes de points ou de tirets", "rows of dots or dashes"),
    "doubled_lines": ("lignes imprimées deux fois", "lines printed twice"),
    "doubled_letters": ("lignes aux lettres doublées", "lines with doubled letters"),
    "notes": ("lignes de notes de bas de page", "footnote lines"),
    "turned_lines": ("lignes tournées ou en marge", "turned or marginal lines"),
    "columns": ("pages remises dans l'ordre des colonnes", "pages put in the order of their columns"),
    "hyphens_joined": ("mots coupés en fin de ligne, recollés", "words cut at a line's end, joined"),
    "hyphens_kept": ("traits d'union gardés en fin de ligne", "hyphens kept at a line's end"),
    "lost_hyphens": ("traits d'union rétablis", "hyphens put back"),
    "numerals": ("chiffres romains mal lus, corrigés", "misread Roman numerals, mended"),
    "ligatures": ("ligatures défaites", "ligatures undone"),
    "mended_file": ("fichier abîmé, remis d'aplomb à l'ouverture", "damaged file, set right on opening"),
    "unreadable_bytes": ("octets illisibles, écrits « \\xE9 »", "unreadable bytes, written “\\xE9”"),
    "markup": ("restes de balises", "leftovers of markup"),
    "lost_images": ("petites images à la place d'un caractère", "small images in the place of a character"),
}
