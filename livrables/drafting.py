"""From a template to the Markdown of one document: what it prints, the team's places, its sources and what is to be done."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from chatbot.errors import InputError
from chatbot.language import current_language, number, tr
from livrables.escaping import NO_BREAK, address, block, code, escaped, excerpt, quote
from livrables.fact import Fact, unmeasured
from livrables.places import Place, blank, digest, generated, is_written, kept, place_text, places_of
from livrables.printing import PRINTER, Printer, in_cell, printed
from livrables.wording import day

TEMPLATES = Path(__file__).parent / "templates"
_FENCE = re.compile("(?:`{3,})?")
_HOLD = "\x00{}\x00"  # stands for a place while the text around it is tidied; no printed text can hold it


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A document before it is on disk.

    Args:
        markdown: all of it.
        facts: that it prints, in the order of the text.
        places: of the team's own text: name → whether something was written there.
        blanks: name → `places.digest` of what an unwritten place shows.
        pictures: name below the document's folder → the file to copy there.
    """

    markdown: str
    facts: tuple[Fact, ...]
    places: dict[str, bool]
    blanks: dict[str, str]
    pictures: dict[str, Path]

    @property
    def generated(self) -> str:
        """`places.digest` of what is not the team's."""
        return digest(generated(self.markdown))


@dataclass(frozen=True, kw_only=True)
class Before:
    """What stood there.

    Args:
        markdown: "" for nothing.
        file: for messages.
        blanks: `Draft.blanks` of when it was built.
    """

    markdown: str = ""
    file: Path = Path("document.md")
    blanks: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Places:
    """The places of one document while its template is rendered."""

    old: dict[str, Place]
    noted: Mapping[str, str]
    shown: dict[str, str] = field(default_factory=dict)
    blanks: dict[str, str] = field(default_factory=dict)
    written: dict[str, bool] = field(default_factory=dict)

    def place(self, name: str, hint: str, caller: Any) -> str:
        """``{% call place("contexte", "…") %}example{% endcall %}``."""
        assert name not in self.shown, f"the template has two places {name!r}"
        empty, old = blank(hint, str(caller())), self.old.get(name)
        self.blanks[name] = digest(empty)
        self.written[name] = old is not None and self._is_written(old, empty)
        self.shown[name] = old.text if old and self.written[name] else empty
        return f"\n{_HOLD.format(name)}\n"

    def left(self) -> dict[str, Place]:
        """Written places that the template does not have."""
        gone = {name: place for name, place in self.old.items() if name not in self.shown}
        return {name: place for name, place in gone.items() if self._is_written(place)}

    def put_back(self, text: str) -> str:
        for name, shown in self.shown.items():
            text = text.replace(_HOLD.format(name), place_text(name, shown))
        return text

    def _is_written(self, place: Place, *blanks: str) -> bool:
        return is_written(place.text, blanks, self.noted.get(place.name, ""))


def draft(template: str, *, stem: str, before: Before, scope: Mapping[str, Any], deck: bool = False) -> Draft:
    """Renders a template of the current language.

    Args:
        template: its name: "1-equipe".
        stem: of the document's file.
        before: what stood there.
        scope: what the template finds besides our functions.
        deck: whether it is shown on a screen: what follows the template stands on slides, without the work to do.

    Raises:
        InputError: a mark in `before` is damaged, or there is no such template.
    """
    places = _Places(places_of(before.markdown, before.file), before.blanks)
    printer = Printer(stem)
    text = _template(template).render({**scope, **_functions(printer), PRINTER: printer, "place": places.place})
    left = places.left()
    to_do = "" if deck else _to_do(printer, places.written, alone=_alone(scope))
    parts = [_tidy(text), to_do, kept(left) if left else "", _sources(printer)]
    return Draft(
        markdown=places.put_back(("\n---\n\n" if deck else "\n").join(part for part in parts if part)),
        facts=_once(printer.facts),
        places={**places.written, **dict.fromkeys(left, True)},
        blanks=places.blanks,
        pictures=printer.pictures,
    )


def _functions(printer: Printer) -> dict[str, Any]:
    return {
        "day": lambda when: Markup(day(when)),
        "number": lambda value, digits=0: _number(printer, value, digits),
        "table": printer.table,
        "picture": printer.picture,
        "joined": printer.joined,
        "bare": printer.bare,
        "mark": printer.mark,
        "missing": lambda key, cure: printer.text(unmeasured(key, cure)),
        "quote": quote,
        "excerpt": excerpt,
        "code": code,
        "block": block,
        "address": address,
    }


def _number(printer: Printer, value: Any, digits: int) -> Markup:
    if isinstance(value, Fact) or value is None:
        return printer.text(value)
    return Markup(number(value, digits))


@cache
def _environment(language: str) -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES / language),
        autoescape=True,  # what macros and calls give is Markup: not escaped twice
        finalize=printed,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )


def _template(name: str) -> Any:
    try:
        return _environment(current_language()).get_template(f"{name}.md.jinja")
    except TemplateNotFound as error:
        raise InputError(tr(f"{error.name} : ce modèle de document n'existe pas.", f"{error.name}: no such template.")) from error  # fmt: skip


def _tidy(text: str) -> str:
    """One empty line at most, none at the start, no blanks at line ends; code stays as it is."""
    lines: list[str] = []
    fence = ""
    for line in text.strip("\n").split("\n"):
        if not fence:
            fence = _FENCE.match(line)[0]  # type: ignore[index]
        elif not line.rstrip(" \t").strip("`") and len(line.rstrip(" \t")) >= len(fence):
            fence = ""
        fenced = bool(fence)
        shown = line if fenced else line.rstrip(" \t")
        heading = not fenced and shown.startswith("#")
        if lines and lines[-1] and (heading or (not fenced and lines[-1].startswith("#"))):
            lines.append("")
        if shown or fenced or (lines and lines[-1]):
            lines.append(shown)
    return "\n".join(lines).rstrip("\n") + "\n"


def _once(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    return tuple({fact.key: fact for fact in facts}.values())


def _alone(scope: Mapping[str, Any]) -> bool:
    """Whether one person hands the document in: a member, or the manager of the period."""
    document = scope.get("document")
    return document is not None and document.member is not None


def _to_do(printer: Printer, written: Mapping[str, bool], *, alone: bool) -> str:
    """What is still to be measured and to be written; "" for nothing."""
    missing = [fact for fact in _once(printer.facts) if not fact.measured]
    empty = [name for name, done in written.items() if not done]
    if not missing and not empty:
        return ""
    lines = [f"## {tr('Travail à faire', 'Work to do')}", ""]
    cures = list(dict.fromkeys(fact.cure or fact.key for fact in missing))
    if cures:
        lines += [tr(f"**À mesurer**{NO_BREAK}:", "**To measure**:"), "", *(f"- {_cure(cure, missing)}" for cure in cures), ""]  # fmt: skip
    if empty:
        who = tr("l'auteur", "the author") if alone else tr("l'équipe", "the team")
        heading = tr(f"**À écrire par {who}**{NO_BREAK}:", f"**To be written by {who}**:")
        lines += [heading, "", *(f"- {escaped(name)}" for name in empty), ""]
    return "\n".join(lines)


def _cure(cure: str, missing: Sequence[Fact]) -> str:
    """One line per cure: a command gives several numbers at once."""
    count = sum((fact.cure or fact.key) == cure for fact in missing)
    told = code(cure) if cure.startswith(("causette ", "python ")) else escaped(cure)
    what = tr(f"{count} valeurs", f"{count} values") if count > 1 else tr("1 valeur", "1 value")
    return f"{told} ({what})"


def _sources(printer: Printer) -> str:
    """The list of the files that numbers come from; "" for none."""
    if not printer.sources:
        return ""
    head = tr("| Marque | Fichier | Date | SHA-256 (début) |", "| Mark | File | Date | SHA-256 (start) |")
    rows = [f"| S{place} | {in_cell(code(source.path))} | {escaped(source.date[:10]) or '—'} | `{source.sha256[:12]}` |"
            for place, source in enumerate(printer.sources, start=1)]  # fmt: skip
    return "\n".join(["## Sources", "", head, "|---|---|---|---|", *rows]) + "\n"
