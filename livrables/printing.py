"""What templates print: facts with the mark of their source, other people's texts escaped, tables and figures.

Jinja hands every ``{{ … }}`` to `printed` (its `finalize` hook). What our own functions made is `Markup` and passes as it
is; anything else is turned into harmless Markdown. Texts are therefore never glued together in a template (`~`, `join`):
``joined("de ", fact, " à ", other)`` does it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePath
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from chatbot.language import number, tr
from livrables.escaping import NO_BREAK, code, escaped
from livrables.fact import Fact, Source, unmeasured
from livrables.material import Picture
from livrables.team import Member
from livrables.wording import day

PRINTER = "_printer"
_NUMERIC = re.compile(r"[-+−]?\d[\d.,\s]*(%|‰)?")
_PIPE = re.compile(r"(?<!\\)\|")


@pass_context
def printed(context: Context, value: object) -> Markup:
    """Jinja's `finalize`: the value as Markdown, noted by the printer of this document."""
    return context[PRINTER].text(value)


@dataclass
class Printer:
    """Prints one document and notes what it printed.

    Args:
        stem: of the document's file: figures are named after it.
    """

    stem: str
    facts: list[Fact] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    pictures: dict[str, Path] = field(default_factory=dict)
    """Name below the document's folder → the file that is copied there."""

    def text(self, value: object) -> Markup:
        """Anything as Markdown: a fact with its mark, a text escaped, a number and a date in the reader's language."""
        if isinstance(value, Fact):
            return Markup(self._value(value) + (self.mark(value.source) if value.measured else ""))
        return _plain(value)

    def joined(self, *parts: object) -> Markup:
        """Several values as one text."""
        return Markup("").join(self.text(part) for part in parts)

    def bare(self, fact: Fact) -> Markup:
        """A fact without its mark, for a heading; it is noted all the same."""
        return self._value(fact)

    def mark(self, source: Source | None) -> Markup:
        """ " [S2]": the document's list of sources tells which file that is."""
        if source is None:
            return Markup("")
        if source not in self.sources:
            self.sources.append(source)
        return Markup(f"{NO_BREAK}[S{self.sources.index(source) + 1}]")

    def table(self, head: Sequence[object], rows: Sequence[Sequence[object]]) -> Markup:
        """A table; numbers stand to the right. A source that all its facts share is named once, below it."""
        cells = [list(row) for row in rows]
        if not cells:
            return Markup("\n*" + tr("Rien à montrer ici pour l'instant.", "Nothing to show here yet.") + "*\n")
        shared = _only_source(cells)
        lines = [self._row([Markup("") if one == "" else one for one in head]), _rule(head, cells)]
        lines += [self._row(row, marked=shared is None) for row in cells]
        below = f"\n*Source{tr(NO_BREAK, '')}:{self.mark(shared)}*\n" if shared else ""
        return Markup("\n" + "\n".join(lines) + "\n" + below)

    def picture(self, picture: Picture | None, cure: str = "") -> Markup:
        """A figure with its caption and source; its file is copied beside the document.

        Args:
            picture: None where there is none yet.
            cure: the command that would draw it.
        """
        if picture is None:
            place = f"figure.{sum(fact.key.startswith('figure.') for fact in self.facts) + 1}"
            line = self._value(unmeasured(place, cure))
            return Markup("\n") + line + Markup(tr(" : cette figure n'est pas encore dessinée.\n", ": this figure is not drawn yet.\n").replace(" :", f"{NO_BREAK}:"))  # fmt: skip
        caption = escaped(picture.caption)
        mark = self.mark(picture.source)
        name = self._named(picture.file)
        told = tr(f"Figure{NO_BREAK}{len(self.pictures)}. ", f"Figure {len(self.pictures)}. ")
        return Markup(f"\n![{caption}]({name})\n\n*{told}{caption}{mark}*\n")

    def _named(self, file: Path) -> str:
        stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in file.stem)
        name = f"figures/{self.stem}-{len(self.pictures) + 1}-{stem}{file.suffix.lower()}"
        self.pictures[name] = file
        return name

    def _value(self, fact: Fact) -> Markup:
        self.facts.append(fact)
        if not fact.measured:
            return Markup("**" + tr(f"non{NO_BREAK}mesuré", "not measured") + "**")
        return escaped(fact.text) if fact.text else _plain(fact.value)

    def _row(self, cells: Sequence[object], *, marked: bool = True) -> str:
        shown = (self.text(cell) if marked or not isinstance(cell, Fact) else self._value(cell) for cell in cells)
        return "| " + " | ".join(map(in_cell, shown)) + " |"


def in_cell(text: str) -> str:
    """Markdown as a table's cell holds it: on one line, with no sign that would end it."""
    return _PIPE.sub(r"\\|", " ".join(text.split("\n")).strip())


def _plain(value: object) -> Markup:
    """What is no fact, as Markdown."""
    if isinstance(value, Undefined):
        str(value)  # raises: the template names something that is not there
    if isinstance(value, Markup):
        return value
    if value is None or value == "":
        return Markup("—")
    if isinstance(value, bool):
        return Markup(tr("oui", "yes") if value else tr("non", "no"))
    if isinstance(value, int | float):
        return Markup(number(value, _digits(value)))
    if isinstance(value, date):
        return Markup(day(value))
    if isinstance(value, PurePath):
        return code(value.as_posix())
    return escaped(value.name if isinstance(value, Member) else str(value))


def _digits(value: float) -> int:
    """Two digits at most, no empty ones: 3, 3.5, 3.25."""
    rounded = f"{value:.2f}".rstrip("0").rstrip(".")
    return len(rounded.partition(".")[2])


def _only_source(rows: Sequence[Sequence[object]]) -> Source | None:
    found = [cell.source for row in rows for cell in row if isinstance(cell, Fact) and cell.source]
    return found[0] if found and all(source == found[0] for source in found) else None


def _rule(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    numeric = [all(_is_number(row[place]) for row in rows if place < len(row)) for place in range(len(head))]
    return "|" + "|".join("---:" if right else "---" for right in numeric) + "|"


def _is_number(cell: Any) -> bool:
    value = cell.value if isinstance(cell, Fact) else cell
    if isinstance(value, str):
        return bool(_NUMERIC.fullmatch(value))
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
