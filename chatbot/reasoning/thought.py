"""What the reasoning layer thought about one request, step by step, as values; `steps_of` says it in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from chatbot.dialogue import Message

# How a request is answered: by a text of the domain, by the model, by the model with the nearest sources before the
# question, by a question back, or by pointing to a human.
Approach = Literal["template", "model", "model_with_sources", "ask_back", "decline"]


@dataclass(frozen=True, kw_only=True)
class Entity:
    """Something that the request names.

    Args:
        kind: its name in the domain file ("montant", "date", "medicament").
        label: the same for the reader.
        text: as it was written.
        value: in a form to compare ("1234.5 EUR", "2026-11-22"); empty for what cannot be, like 31/02/2026.
        start: its place in the request, in characters.
        shown: the value for the reader, where it has a name in words; else empty.
    """

    kind: str
    label: str
    text: str
    value: str
    start: int
    shown: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A text near to the request. It is shown as "source proche", never as a proof.

    Args:
        text: what may be put before the question.
        question: the question that it answers, where it is a dialogue; else empty.
        origin: where it comes from, for the reader: document, page, row.
        score: BM25's; comparable within one index alone.
        shared: telling words that it shares with the request, rarest first.
    """

    text: str
    question: str = ""
    origin: str = ""
    score: float = 0.0
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check of the answer.

    Args:
        check: its name in the domain file, in the reader's language.
        passed: whether the answer may stand as far as this check goes.
        told: what was found, for the reader.
    """

    check: str
    passed: bool
    told: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of the five steps in words: a title, the outcome in one line, and what it rests on."""

    title: str
    outcome: str
    details: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Thought:
    """All five steps about one request; the last one once the answer is over.

    Args:
        domain: the domain's title.
        category, category_label: the category's name and title; empty where none fits.
        scores: of the best categories, by title, 0 to 1.
        themes: the words that decided it, most telling first.
        conversation: what was found in the conversation so far, for the reader.
        entities: named in this request; those of earlier requests that it refers to come after.
        approach, reason: how it is answered, and the rule that says so.
        sources: nearest texts, best first.
        given: what the model was given, the question last; empty where it was not asked.
        findings: what the checks found; None before the answer is over.
        own: the model's own words, where the reader is shown others.
        replaced: whether the reader is shown none of them.
    """

    domain: str
    category: str = ""
    category_label: str = ""
    scores: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    themes: tuple[str, ...] = ()
    conversation: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    approach: Approach = "model"
    reason: str = ""
    sources: tuple[Source, ...] = ()
    given: tuple[Message, ...] = ()
    findings: tuple[Finding, ...] | None = None
    own: str | None = None
    replaced: bool = False
