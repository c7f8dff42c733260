"""Counting words: one pass over the corpus gives the table from which clouds and contrasts are drawn.

    rows = dialogues, columns = words, questions and answers apart

A word is two letters or more, in any script: "l'élève" gives "élève", "qu'il" gives "il", "IRM-3" gives "IRM". Case is joined, plurals are
not, and a word is shown in its commonest case ("RGPD", not "rgpd").
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from chatbot.dialogue import Dialogue
from datasets_prep.atlas.stop_words import FRAGMENTS, STOP_WORDS, languages_of

NONE_PHRASED: Mapping[str, str] = MappingProxyType({})
WORD = r"[^\W\d_]{2,}"
_WORDS = re.compile(WORD)


class Weighed(NamedTuple):
    """A word and its weight: how often it stands, or its mean TF-IDF."""

    word: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class WordTable:
    """How often each word stands in each dialogue.

    Args:
        keys: the words in lower case, sorted: (words,).
        shown: the same words in their commonest case.
        questions, answers: sparse counts, (dialogues, words).
        languages: those whose function words were found, and are left out of the clouds.
        stop: whether a word is one of these: (words,).
    """

    keys: np.ndarray
    shown: np.ndarray
    questions: Any
    answers: Any
    languages: tuple[str, ...]
    stop: np.ndarray

    @classmethod
    def of(cls, dialogues: Iterable[Dialogue], phrased: Mapping[str, str] = NONE_PHRASED) -> "WordTable":
        """Counts the words of dialogues, read once and not kept.

        Args:
            dialogues: what is read.
            phrased: as in `texts_of`, each with the language of its texts, "" where that is not known.
        """
        noted: Counter[str] = Counter()  # by their language

        def texts() -> Iterator[str]:
            for dialogue in dialogues:
                # What `prepare` found is the language of our phrasings, where there are some.
                noted[phrased.get(dialogue.source) or dialogue.meta.get("language", "")] += 1
                yield from texts_of(dialogue, phrased)

        surface, counts = _counted(texts())
        keys, column = np.unique([word.lower() for word in surface], return_inverse=True)
        totals = np.asarray(counts.sum(axis=0)).ravel()
        joined = counts @ _indicator(column, len(keys))
        keep = np.array([key not in FRAGMENTS for key in keys], bool)
        shown = _commonest_case(surface, column, totals, len(keys))[keep]
        by_word = dict(zip(keys.tolist(), np.bincount(column, totals, len(keys)).astype(int).tolist(), strict=True))
        languages = languages_of(by_word, noted)
        stopped = frozenset().union(*(STOP_WORDS[language] for language in languages))
        return cls(
            keys=keys[keep], shown=shown, questions=joined[0::2][:, keep], answers=joined[1::2][:, keep],
            languages=languages, stop=np.array([word in stopped for word in keys[keep]], bool),
        )  # fmt: skip

    @property
    def dialogues(self) -> Any:
        """Counts of questions and answers together, (dialogues, words)."""
        return self.questions + self.answers

    def tfidf(self) -> Any:
        """TF-IDF of every word that is no function word, a dialogue being a document: (dialogues, words).

        The inverse document frequency is ln((1 + dialogues) / (1 + those with the word)): scikit-learn's smoothed one
        less 1, so that a word of all dialogues weighs nothing. Rows have length 1, so that a long answer weighs no more
        than a short one. (scikit-learn itself takes two seconds to import: a test compares.)
        """
        weights = self.dialogues.astype(float)
        weights.data[self.stop[weights.indices]] = 0
        weights.eliminate_zeros()
        holding = np.bincount(weights.indices, minlength=weights.shape[1])
        weights.data *= np.log((1 + weights.shape[0]) / (1 + holding))[weights.indices]
        row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        lengths = np.sqrt(np.bincount(row, weights.data**2, weights.shape[0]))
        weights.data /= np.where(lengths, lengths, 1)[row]
        return weights

    def commonest(self, rows: np.ndarray, count: int) -> list[Weighed]:
        """The most frequent words of some dialogues, function words left out."""
        totals = total(self.dialogues, rows)
        return self.heaviest(np.where(self.stop, 0, totals), count)

    def heaviest(self, weights: np.ndarray, count: int) -> list[Weighed]:
        """The words of the greatest weights above 0, ties in alphabetical order."""
        order = np.argsort(-weights, kind="stable")[:count]
        return [Weighed(str(self.shown[i]), float(weights[i])) for i in order if weights[i] > 0]


def texts_of(dialogue: Dialogue, phrased: Container[str] = ()) -> tuple[str, str]:
    """All requests of a dialogue with the texts that come with them, and all its answers.

    Args:
        dialogue: what is read.
        phrased: the sources whose requests Causette phrases. Of these only what the data say is given: neither the
            requests, nor the answers that put a label into words.
    """
    ours = dialogue.source in phrased
    asked = [
        text
        for turn in dialogue.messages
        if turn.role == "user"
        for text in ("" if ours else turn.content, turn.context)
        if text
    ]
    labels = ours and "label" in dialogue.meta
    answered = [turn.content for turn in dialogue.messages if turn.role == "assistant" and not labels]
    return "\n".join(asked), "\n".join(answered)


def total(counts: Any, rows: np.ndarray) -> np.ndarray:
    """Sums of some rows of sparse counts: (words,)."""
    return np.asarray(counts.T @ rows.astype(counts.dtype)).ravel()


def _counted(texts: Iterable[str]) -> tuple[list[str], Any]:
    """The words as written, in their order, and their counts in each text, (texts, words)."""
    from scipy.sparse import csr_matrix

    place: defaultdict[str, int] = defaultdict()
    place.default_factory = place.__len__  # each new word gets the next place
    places, counts, ends = array("i"), array("i"), [0]
    for text in texts:
        found = Counter(_WORDS.findall(text))
        places.extend(place[word] for word in found)
        counts.extend(found.values())
        ends.append(len(places))
    words = sorted(place)
    rank = np.empty(len(words), np.int32)
    rank[[place[word] for word in words]] = np.arange(len(words))
    columns = rank[np.array(places, np.int32)]
    return words, csr_matrix((np.array(counts, np.int32), columns, ends), (len(ends) - 1, len(words)))


def _indicator(column: np.ndarray, columns: int) -> Any:
    """(words as written, words): 1 where a form belongs to a word."""
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(column), np.int32), (np.arange(len(column)), column)), (len(column), columns))


def _commonest_case(surface: list[str], column: np.ndarray, totals: np.ndarray, columns: int) -> np.ndarray:
    shown = np.empty(columns, object)
    for place in np.argsort(totals, kind="stable"):  # the most frequent form is written last
        shown[column[place]] = surface[place]
    return shown
