"""Requests for sets that have none: one of several phrasings, drawn from the row, so that a run can be repeated.

question_of({"en": ("Is it good?", "Good or bad?")}, "en", key="sentence 17")
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal
from zlib import crc32

RequestLanguage = Literal["en", "fr"]
# Characters of a text that comes with a request: about 500 tokens of GPT-2, half of its context; request and answer
# need the other half.
LONGEST_CONTEXT = 2_000
# A full stop after these ends no sentence.
ABBREVIATIONS = ("e.g", "i.e", "al", "cf", "dr", "eq", "eqs", "fig", "figs", "no", "ref", "refs", "vs")
SENTENCE_END = re.compile(
    "".join(rf"(?<!\b{re.escape(word)})" for word in ABBREVIATIONS) + r"[.!?][\"'”)\]]*\s+", re.IGNORECASE
)
Phrasings = Mapping[str, Sequence[str]]  # language → phrasings


def question_of(phrasings: Phrasings, language: str, key: str) -> str:
    """One of the phrasings, always the same for the same key."""
    choices = phrasings[language]
    return choices[crc32(key.encode()) % len(choices)]


def beginning(text: str, longest: int) -> str:
    """The text when it has at most `longest` characters, else its first sentences, else its first words and "…"."""
    text = text.strip()
    if longest < 1:  # no room, and a negative one would be counted from the end
        return ""
    if len(text) <= longest:
        return text
    ends = [end.end() for end in SENTENCE_END.finditer(text[: longest + 1])]
    if ends:
        return text[: ends[-1]].rstrip()
    return text[: longest - 1].rsplit(None, 1)[0].rstrip(" ,;:") + "…"
