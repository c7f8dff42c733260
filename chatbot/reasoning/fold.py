"""Texts as the reasoning layer compares them: lower-case and without accents, for people who type "telephone" or "LIVRE".

fold("Où est l'Élève ?")   == "ou est l'eleve ?"
folded_words("Où est l'Élève ?") == ["ou", "est", "l", "eleve"]
"""

import functools
import unicodedata

from chatbot.words import words


def fold(text: str) -> str:
    """The text in lower case without accents, character by character: places in it are places in `text`."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


def folded_words(text: str) -> list[str]:
    """The words of `chatbot.words`, folded."""
    return [fold(word) for word in words(text)]


@functools.lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    if character.isascii():
        return character.lower()
    if character in "’‘ʼ′":
        return "'"
    if character in "\u00a0\u202f\u2009":
        return " "
    return unicodedata.normalize("NFD", character)[0].lower()[0]
