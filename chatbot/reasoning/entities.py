"""Step 3: what a request names, with values that can be compared."""

import functools
import re
from collections.abc import Iterator, Sequence

from chatbot.reasoning.domain import Domain, EntityRule
from chatbot.reasoning.fold import fold
from chatbot.reasoning.patterns import found
from chatbot.reasoning.thought import Entity
from chatbot.reasoning.values import VALUES, Found

LONGEST = 20_000  # characters that are read; a message has no more


def entities_of(domain: Domain, text: str, language: str) -> tuple[Entity, ...]:
    """All entities in a text, in their order.

    Args:
        domain: says which there are; of two that overlap, the one that stands first in its file is kept.
        text: a request or an answer.
        language: of what the reader is shown.
    """
    text, kept, taken = text[:LONGEST], [], set[int]()
    for rule in domain.entities:
        for start, end, value in _found(rule, text):
            if taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                label, shown = rule.title.said(language), _shown(rule, value, language)
                one = Entity(kind=rule.name, label=label, text=text[start:end], value=value, start=start, shown=shown)
                kept.append(one)
    return tuple(sorted(kept, key=lambda entity: entity.start))


def impossible(entities: Sequence[Entity]) -> list[Entity]:
    """Those that cannot be, like 31/02/2026."""
    return [entity for entity in entities if not entity.value]


def _found(rule: EntityRule, text: str) -> Iterator[Found]:
    if rule.type == "pattern":
        for match in found(rule.pattern, text):
            yield (*match.span(), _compared(match[1] if match.re.groups and match[1] else match[0]))
    elif rule.type == "list":
        for match in _spellings(rule).finditer(fold(text)):
            yield (*match.span(), _values(rule)[match[1]])
    else:
        yield from VALUES[rule.type](text)


def _shown(rule: EntityRule, value: str, language: str) -> str:
    return rule.values[value].said(value, language) if rule.type == "list" else ""


def _compared(text: str) -> str:
    """ "ml-2026 0042" and "ML20260042" are one number."""
    return re.sub(r"[\s\-_.]", "", fold(text)).upper()


def _values(rule: EntityRule) -> dict[str, str]:
    return {fold(word): value for value, known in rule.values.items() for word in (value, *known.also)}


def _spellings(rule: EntityRule) -> re.Pattern[str]:
    return _pattern_of(tuple(_values(rule)))


@functools.lru_cache(maxsize=256)
def _pattern_of(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)({longest_first})(?:s|x)?(?!\w)")
