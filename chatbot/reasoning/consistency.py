"""Step 5: whether the model's answer holds together, and what is said where it does not."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatbot.language import current_language, tr
from chatbot.reasoning.domain import Check, Domain
from chatbot.reasoning.entities import entities_of
from chatbot.reasoning.fold import fold, folded_words
from chatbot.reasoning.loops import few_words_in_the_end, repeated_in_the_end, run_again_and_again
from chatbot.reasoning.patterns import found
from chatbot.reasoning.thought import Entity, Finding
from chatbot.reasoning.tongue import language_of
from chatbot.reasoning.values import decimal_of, plain

ENOUGH_WORDS = 6  # of an answer whose language can be told
_NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:[ .,]\d{3}){1,4}(?:[.,]\d{1,2})?(?![\w])|(?<![\w])\d+(?:[.,]\d+)?(?![\w])")
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|\n+")
# Numbers that count sentences, steps or things say nothing that a source could confirm.
SMALL = {str(number) for number in range(4)}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer, and what it is checked against.

    Args:
        text: the model's words.
        language: of the question.
        entities: of the request, those of earlier requests that it refers to after.
        read: the question, what was said before and the near sources: all that the answer may take from.
        sourced: whether there are sources to compare with.
    """

    text: str
    language: str
    entities: Sequence[Entity]
    read: str
    sourced: bool


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The outcome.

    Args:
        findings: one per check.
        instead: a text to be said in the answer's place; None where it may stand.
        after: texts to be added to it, in their order.
    """

    findings: tuple[Finding, ...]
    instead: str | None = None
    after: tuple[str, ...] = ()


def checked(domain: Domain, answered: Answered) -> Checked:
    """Makes all checks of the domain."""
    language = domain.spoken(answered.language)
    findings, instead, after = [], None, []
    for check in domain.checks:
        fault, told = _MADE[check.check](check, domain, answered)
        findings.append(Finding(check=check.title(current_language()), passed=not fault, told=told))
        text = check.said(language, sourced=answered.sourced) if fault else ""
        if check.then == "replace" and text and instead is None:
            instead = text
        elif check.then == "append" and text and text not in after:
            after.append(text)
    return Checked(findings=tuple(findings), instead=instead, after=() if instead is not None else tuple(after))


Outcome = tuple[bool, str]  # whether there is a fault, and what was found


def _empty(check: Check, domain: Domain, answered: Answered) -> Outcome:
    empty = not re.search(r"\w", answered.text)
    return empty, tr("réponse vide", "empty answer") if empty else tr("la réponse a un texte", "the answer has a text")


def _language(check: Check, domain: Domain, answered: Answered) -> Outcome:
    names = {"fr": tr("français", "French"), "en": tr("anglais", "English")}
    if len(folded_words(answered.text)) < ENOUGH_WORDS or not (spoken := language_of(answered.text)):
        return False, tr("réponse trop courte pour en dire la langue", "answer too short to tell its language")
    if spoken == answered.language:
        return False, tr(f"en {names[spoken]}, comme la question", f"in {names[spoken]}, as the question")
    return True, tr(f"en {names[spoken]}, la question est en {names[answered.language]}",
                    f"in {names[spoken]}, the question is in {names[answered.language]}")  # fmt: skip


def _loops(check: Check, domain: Domain, answered: Answered) -> Outcome:
    shown, times = run_again_and_again(answered.text, check.words, check.times)
    if not times:
        shown, times = repeated_in_the_end(answered.text)
    if times:
        return True, tr(f"« {shown} » revient {times} fois", f"“{shown}” comes {times} times")
    if few := few_words_in_the_end(answered.text):
        different, words = few
        return True, tr(f"{different} mots différents seulement dans les {words} derniers",
                        f"only {different} different words among the last {words}")  # fmt: skip
    return False, tr("aucune suite de mots ne revient sans cesse", "no run of words comes again and again")


def _contradiction(check: Check, domain: Domain, answered: Answered) -> Outcome:
    kinds = set(check.entities) or {rule.name for rule in domain.entities}
    asked = [entity for entity in answered.entities if entity.kind in kinds and entity.value]
    known = [*asked, *entities_of(domain, answered.read, current_language())]
    others = [
        entity
        for entity in entities_of(domain, answered.text, current_language())
        if entity.kind in {e.kind for e in asked} and not any(_same(entity, one) for one in known)
    ]
    if not others:
        return False, tr("rien n'y contredit la question", "nothing contradicts the question")
    other = others[0]
    mine = next(entity for entity in asked if entity.kind == other.kind)
    return True, tr(f"{other.label} : « {other.text} », la question dit « {mine.text} »",
                    f"{other.label}: “{other.text}”, the question says “{mine.text}”")  # fmt: skip


def _same(one: Entity, other: Entity) -> bool:
    """Whether they name one thing: 12 March is 12 March 2026."""
    without_year = "--" in (one.value[:2], other.value[:2]) and one.value[-5:] == other.value[-5:]
    return one.kind == other.kind and (one.value == other.value or without_year)


def _numbers(check: Check, domain: Domain, answered: Answered) -> Outcome:
    if not answered.sourced:
        return False, tr("aucune source proche à comparer", "no close source to compare with")
    known, written = _numbers_in(answered.read).keys() | SMALL, _numbers_in(answered.text)
    if not written:
        return False, tr("aucun nombre dans la réponse", "no number in the answer")
    unknown = [text for value, text in written.items() if value not in known]
    if not unknown:
        return False, tr(
            "tous les nombres viennent de la question ou d'une source", "all numbers come from question or source"
        )
    return True, tr(f"nombres qui ne sont ni dans la question ni dans une source proche : {', '.join(unknown)}",
                    f"numbers neither in the question nor in a close source: {', '.join(unknown)}")  # fmt: skip


def _numbers_in(text: str) -> dict[str, str]:
    """Numbers by value, as they were written."""
    return {plain(decimal_of(match[0])): match[0] for match in _NUMBER.finditer(fold(text))}


def _phrases(check: Check, domain: Domain, answered: Answered) -> Outcome:
    for sentence in _SENTENCES.split(answered.text):
        for phrase in check.phrases:
            if match := next(found(phrase, sentence), None):
                said = sentence[match.start() : match.end()]
                return True, tr(f"formule à ne pas dire : « {said} »", f"words not to be said: “{said}”")
    return False, tr("aucune formule à ne pas dire", "no words that are not to be said")


_MADE: dict[str, Callable[[Check, Domain, Answered], Outcome]] = {
    "empty": _empty, "language": _language, "loops": _loops, "contradiction": _contradiction, "numbers": _numbers,
    "phrases": _phrases,
}  # fmt: skip
