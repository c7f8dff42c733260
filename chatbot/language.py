"""French first, English by a switch.

Every sentence that a user of the product reads stands once, in both languages, where it is said::

    raise InputError(tr(f"{path} : fichier introuvable.", f"{path}: no such file."))

The language is that of ``--lang``, else of the environment variable ``CAUSETTE_LANG``, else French. A page that is
there in both languages speaks each reader's own (`speaking`).
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

Language = Literal["fr", "en"]
LANGUAGES: tuple[str, ...] = get_args(Language)

_language: str = "en" if os.environ.get("CAUSETTE_LANG") == "en" else "fr"
_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


def set_language(language: str) -> None:
    """Sets the language of all messages from now on.

    Raises:
        ValueError: `language` is neither "fr" nor "en".
    """
    global _language
    _language = _known(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, and for this thread or task alone, messages are in that language.

    Raises:
        ValueError: `language` is neither "fr" nor "en".
    """
    before = _spoken.get()
    _spoken.set(_known(language))
    try:
        yield
    finally:
        _spoken.set(before)


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"`language` must be one of {LANGUAGES}. Received: {language!r}")
    return language


def current_language() -> str:
    return _spoken.get() or _language


def tr(french: str, english: str) -> str:
    """The sentence in the current language."""
    return french if current_language() == "fr" else english


def typeset(text: str) -> str:
    """French signs keep their blank: nobody types U+00A0 into a file."""
    return re.sub(r"(?<=\S) (?=[:;?!»%€])|(?<=«) ", "\u00a0", text)


def number(value: float, digits: int = 0) -> str:
    """A number as the current language writes it: 16 107 and 3,5 in French, 16,107 and 3.5 in English."""
    text = f"{value:,.{digits}f}"
    if current_language() == "fr":
        return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace(".", ",")
    return text
