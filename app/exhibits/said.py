"""Sentences of the lower floors in both languages: a page is read in either."""

from collections.abc import Callable
from typing import Any

from app.page.exhibits import Said
from chatbot.language import LANGUAGES, speaking


def both(say: Callable[[], str]) -> Said:
    """What is said, asked for once in each language."""
    return Said(*_in_each(say))


def all_both(say: Callable[[], list[str]]) -> tuple[Said, ...]:
    """The same for several sentences, as many in each language."""
    return tuple(Said(*pair) for pair in zip(*_in_each(say), strict=True))


def alike(text: str) -> Said:
    """A text that is the same in both: a name, or what a file holds in one language only."""
    return Said(text, text)


def _in_each(say: Callable[[], Any]) -> list[Any]:
    found = []
    for language in LANGUAGES:
        with speaking(language):
            found.append(say())
    return found
