"""The language of a question or an answer, French or English, by py3langid (Lui & Baldwin 2012) where it is sure enough."""

import functools
from typing import Any

from chatbot.language import LANGUAGES
from chatbot.reasoning.fold import folded_words

SURE = 0.8  # probability from which a language is said
ENOUGH = 400  # characters that are read
# A short question is often settled by one word that is written in one of the languages alone.
TELLING = {
    "fr": frozenset(folded_words(
        "bonjour bonsoir salut merci oui non le la les un une des est mon ma mes je vous quel quelle quels quelles comment "
        "pourquoi pour avec dans sur qui que quoi c qu et ou ca aide")),
    "en": frozenset(folded_words(
        "hello hi hey thanks thank yes the an is are my i you what which how why for with when where who and help please does "
        "can it this of")),
}  # fmt: skip


def language_of(text: str) -> str:
    """ "fr" or "en"; "" where it is not sure: a text too short, or of figures."""
    told = set(folded_words(text[:ENOUGH]))
    counts = {language: len(told & telling) for language, telling in TELLING.items()}
    first, second = sorted(counts, key=lambda language: -counts[language])
    if counts[first] and not counts[second]:
        return first
    if not any(character.isalpha() for character in text):
        return ""
    language, probability = _identifier().classify(text[:ENOUGH])
    return str(language) if probability >= SURE else ""


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
