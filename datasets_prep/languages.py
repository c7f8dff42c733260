"""The language that a dialogue is written in, by py3langid (Lui & Baldwin 2012), where it is sure enough.

language_of("Suivez-le dans « Mon compte ».") == "fr"
language_of("42") == ""
"""

import functools
from typing import Any

LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "nl", "pt")  # among 97, a short text would be taken for any
SURE = 0.8  # probability from which a language is said
ENOUGH = 120  # characters that are read


def language_of(text: str) -> str:
    """The code of the language ("fr", "en"…), "" where it is not sure: a text too short, or of figures."""
    if not any(character.isalpha() for character in text[:ENOUGH]):
        return ""
    language, probability = _identifier().classify(text[:ENOUGH])
    return str(language) if probability >= SURE else ""


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
