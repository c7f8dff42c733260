"""The documents against what they are written from: every line outside the team's places, every fact, every page made of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from chatbot.language import number, tr
from livrables.checks.check import Check, Place, Stale, listed, plain, same, says
from livrables.drafting import Draft
from livrables.escaping import escaped
from livrables.fact import Fact, Source
from livrables.places import digest, generated, places_of

BUILD = "causette livrables build"
NUMBER = re.compile(r"\d+(?:[.,\s\u202f\xa0]\d+)*(?:[\s\u202f\xa0]?%)?")
WORD = re.compile(r"[^\W\d_]{4}")
BEFORE, AFTER = r"(?<!\d)(?<!\d[.,\u202f\xa0])", r"(?![.,\u202f\xa0]?\d)"  # of a number that is no part of a longer one
MARKS = re.compile(r"\[S\d+\]|<!--.*?-->|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|^\s*\d+\.\s", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One document as it stands.

    Args:
        file: its Markdown.
        name: below the deliverables' folder.
        text: of it.
        noted: of `facts.json` beside it.
    """

    file: Path
    name: str
    text: str
    noted: dict[str, Any]

    @property
    def facts(self) -> list[Fact]:
        return [Fact.from_json(one) for one in self.noted["facts"]]

    @property
    def place(self) -> Place:
        return Place(kind="documents", where=self.name)

    def at(self, line: int) -> Place:
        return Place(kind="documents", where=tr(f"{self.name}, ligne {line}", f"{self.name}, line {line}"))


def document_checks(
    page: Page, again: Callable[[], Draft] | None, reason: str = "", changed: frozenset[Source] = frozenset()
) -> Iterator[Check]:
    """All of a document.

    Args:
        page: the document.
        again: writes it again from the work folder; None where that cannot be done.
        reason: why not.
        changed: its sources that are no longer what was read.
    """
    yield from _own_numbers(page)
    yield from _printed(page)
    if again is None:
        what = tr("texte, récrit des mesures", "text, written again from what was measured")
        yield page.place.unverified(what, reason, count=len(page.facts))
        return
    draft = again()
    yield from _facts(page, draft, changed)
    yield from _lines(page, draft.markdown, changed)


def _facts(page: Page, draft: Draft, changed: frozenset[Source]) -> Iterator[Check]:
    """What `facts.json` says each fact is, against what the work folder tells today."""
    what = tr(
        "valeur et texte d'un fait, contre le dossier du travail", "value and text of a fact, against the work folder"
    )
    today = {fact.key: fact for fact in draft.facts}
    right = 0
    wrong: dict[Stale | None, list[tuple[str, str]]] = {}
    for fact in page.facts:
        now = today.get(fact.key)
        reasons = wrong.setdefault(older_than(page, changed & {fact.source}), [])
        if now is None:
            reasons.append(
                (fact.key, tr("ce fait n'est plus dans le document", "this fact is no longer in the document"))
            )
        elif same(fact.value, now.value) and fact.text == now.text:
            right += fact.measured
        else:
            reasons.append((fact.key, says(fact.text or fact.value, now.text or now.value)))
    if right:
        yield page.place.holds(what, right)
    for stale, reasons in wrong.items():
        yield from listed(Place(kind="documents", where=_facts_file(page)), what, reasons, BUILD, stale)


def _lines(page: Page, wanted: str, changed: frozenset[Source]) -> Iterator[Check]:
    """Each line that is not what a build would write, outside the team's places."""
    what = tr("texte hors des places de l'équipe", "text outside of the team's places")
    said, should = _settled(page.text).split("\n"), _settled(wanted).split("\n")
    own = _own_lines(page)
    by_hand = digest(generated(page.text)) != page.noted.get("generated")
    why = (
        tr("modifié à la main", "changed by hand")
        if by_hand
        else tr("une source a changé depuis", "a source changed since")
    )
    stale = None if by_hand else older_than(page, changed)
    wrong = []
    for sign, begin, end, first, last in SequenceMatcher(None, said, should, autojunk=False).get_opcodes():
        if sign == "equal" or (begin < end and all(line + 1 in own for line in range(begin, end))):
            continue
        for step in range(max(end - begin, last - first)):
            one = said[begin + step] if begin + step < end else ""
            other = should[first + step] if first + step < last else ""
            if (one or other) and begin + step + 1 not in own:
                wrong.append((min(begin + step, len(said) - 1) + 1, _apart(one, other)))
    if not wrong:
        yield page.place.holds(what, 0)
    for line, (one, other) in wrong[:20]:
        reason = tr(f"{why} : écrit « {one} », devrait être « {other} »", f"{why}: says “{one}”, should be “{other}”")
        yield page.at(line).broken(what, reason, BUILD, stale=stale)
    if more := len(wrong[20:]):
        yield page.place.broken(
            what,
            tr(f"et {number(more)} autres lignes", f"and {number(more)} more lines"),
            BUILD,
            count=more,
            stale=stale,
        )


def older_than(page: Page, changed: Iterable[Source | None]) -> Stale | None:
    """That a document was built before these changed; None for none."""
    names = sorted({str(source.path) for source in changed if source})
    return Stale(document=page.name, sources=tuple(names)) if names else None


def _printed(page: Page) -> Iterator[Check]:
    """The text of every fact stands in the document."""
    what = tr("texte d'un fait, dans le document", "text of a fact, in the document")
    wrong, right = [], 0
    for fact in page.facts:
        if not fact.measured or not fact.text:
            continue
        if whole(str(escaped(fact.text)), page.text) or whole(fact.text, page.text):
            right += 1
        else:
            wrong.append(
                (fact.key, tr(f"« {plain(fact.text, 60)} » n'y est pas", f"“{plain(fact.text, 60)}” is not in it"))
            )
    if right:
        yield page.place.holds(what, right)
    yield from listed(page.place, what, wrong, BUILD)


def _own_numbers(page: Page) -> Iterator[Check]:
    """Numbers that the team wrote itself: nothing tells where they come from."""
    lines: dict[int, list[str]] = {}
    written = page.noted.get("places", {})
    for place in places_of(page.text, page.file).values():
        if not written.get(place.name, True):
            continue
        for step, text in enumerate(place.text.split("\n")):
            if found := NUMBER.findall(MARKS.sub(" ", text)):
                lines[place.line + step] = found
    for line, found in lines.items():
        yield page.at(line).unverified(tr("nombres de l'équipe", "the team's numbers"),
                                       tr(f"écrits par l'équipe : {', '.join(found[:6])}", f"written by the team: {', '.join(found[:6])}"),
                                       count=len(found))  # fmt: skip


def _own_lines(page: Page) -> set[int]:
    return {
        place.line + step
        for place in places_of(page.text, page.file).values()
        for step in range(1, place.text.count("\n"))
    }


def _apart(one: str, other: str) -> tuple[str, str]:
    """Two lines without the words that both begin and end with."""
    first, second = one.split(" "), other.split(" ")
    begin = 0
    while begin < min(len(first), len(second)) - 1 and first[begin] == second[begin]:
        begin += 1
    end = 0
    while end < min(len(first), len(second)) - begin - 1 and first[-1 - end] == second[-1 - end]:
        end += 1
    return plain(" ".join(first[begin : len(first) - end]), 80), plain(" ".join(second[begin : len(second) - end]), 80)


def whole(text: str, page: str) -> bool:
    """Whether a text stands there, however it is broken into lines, and not within a longer number: "2,61" is not in "12,615", nor "3" in "3,5".

    Words may be hyphenated and quotation marks curled: of them only letters and digits count.
    """
    parts = r"\s*".join(map(re.escape, text.split()))
    before = BEFORE if text[:1].isdigit() else ""
    after = AFTER if text[-1:].isdigit() else ""
    if re.search(before + parts + after, page):
        return True
    return bool(WORD.search(text)) and _signs(text) in _signs(page)


def _signs(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _settled(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _facts_file(page: Page) -> str:
    return page.name.removesuffix(".md") + ".facts.json"
