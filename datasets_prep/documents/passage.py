"""The passage: the piece of a document that a pair is made from, and that a split never cuts."""

import hashlib
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A piece of a document.

    Args:
        kind: what it is; "outside" is text of a law or a notice that is in no article or rubric.
        label: what people call it: "Article 12", "Date limite de réception des offres", "2.1 Installation".
        paragraphs: its text.
        title: the title of an article, "" for most.
        path: the headings above it, the highest first.
        pages: its first and last page; (0, 0) in a file without pages.
        number: from 1, its place in the document.
        start, end: its place among the characters of all passages, put together with an empty line between two.
        occurrence: 1, or 2 for the second passage of this label, and so on.
    """

    kind: Literal["article", "rubric", "section", "outside"]
    label: str
    paragraphs: tuple[str, ...]
    title: str = ""
    path: tuple[str, ...] = ()
    pages: tuple[int, int] = (0, 0)
    number: int = 0
    start: int = 0
    end: int = 0
    occurrence: int = 1

    @property
    def text(self) -> str:
        """Its paragraphs, one per line."""
        return "\n".join(self.paragraphs)

    @property
    def sha256(self) -> str:
        """Fingerprint of its text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """Its label, told apart from others of the same label: "Article 12 (2)"."""
        return self.label if self.occurrence == 1 else f"{self.label} ({self.occurrence})"
