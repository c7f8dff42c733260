"""Which words set two corpora apart: log-odds with an informative Dirichlet prior.

Monroe, Colaresi & Quinn, "Fightin' Words: Lexical Feature Selection and Evaluation for Identifying the Content of
Political Conflict", Political Analysis 16:372-403, 2008, equations 15, 16, 19, 20 and 22. A ratio of frequencies puts
the rarest words first, a difference the most frequent; the z-score weighs a difference by how sure it is.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

CHANCE = 0.05  # how likely chance alone is to name a word, among all that are compared


class LogOdds(NamedTuple):
    """Per word: the log-odds ratio, above 0 where the first corpus prefers the word, and its z-score."""

    delta: np.ndarray
    z: np.ndarray


class Telling(NamedTuple):
    """A word that one corpus prefers: its z-score (above 0), and how often it stands in that corpus and in the other."""

    word: str
    z: float
    here: int
    there: int


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Two corpora and the words that each prefers, the surest first.

    Args:
        kind: "questions_answers", "splits", "classes", "class" (one against all others) or "sets".
        names: of the two corpora.
        totals: words of each, repetitions counted.
        threshold: the z-score from which a word is named.
        first, second: the words that the first corpus prefers, and those that the second does.
    """

    kind: str
    names: tuple[str, str]
    totals: tuple[int, int]
    threshold: float
    first: tuple[Telling, ...]
    second: tuple[Telling, ...]


def log_odds(first: np.ndarray, second: np.ndarray, prior_words: float) -> LogOdds:
    """Weighted log-odds of two corpora over the same words.

    The prior has the frequencies of both corpora together: a word that is common everywhere needs much evidence, and a
    rare one is not made to look typical by two occurrences.

    Args:
        first: how often each word stands in the first corpus, (words,).
        second: how often it does in the second; no word may be absent from both.
        prior_words: weight of the prior, in words (its alpha 0).

    Example, a prior of two words: counts (8, 2) and (2, 8) give delta = (ln 9, -ln 9), sigma = 2/3, z = (3.296, -3.296).
    """
    both = first + second
    prior = prior_words * both / both.sum()
    a, b = first + prior, second + prior
    delta = np.log(a / (a.sum() - a)) - np.log(b / (b.sum() - b))
    return LogOdds(delta, delta / np.sqrt(1 / a + 1 / b))


def threshold_of(words: int) -> float:
    """The |z| that chance lets none of so many words pass, nineteen times in twenty (Bonferroni): 1.96 for one, 4.6 for
    10,000. With one threshold for a single word, five words in a hundred would pass by chance."""
    return NormalDist().inv_cdf(1 - CHANCE / 2 / words)


def contrast_of(
    kind: str,
    names: tuple[str, str],
    words: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    hidden: np.ndarray | None = None,
    count: int = 15,
) -> Contrast | None:
    """The telling words of two corpora; None where there is nothing to compare (an empty corpus, a single word).

    The prior weighs as many words as the smaller corpus has: enough to keep a word that is absent from the other from
    looking infinitely telling, and never so much that it drowns either.

    Args:
        kind: as in `Contrast`.
        names: of the two corpora.
        words: the words, (words,).
        first: how often each stands in the first corpus, (words,).
        second: how often it does in the second.
        hidden: whether a word is counted but not named, (words,).
        count: how many words are named for each corpus at most.
    """
    totals = int(first.sum()), int(second.sum())
    there = np.flatnonzero(first + second)
    if not all(totals) or len(there) < 2:
        return None
    threshold = threshold_of(len(there))
    z = np.zeros(len(words))
    z[there] = log_odds(first[there].astype(float), second[there].astype(float), min(totals)).z
    if hidden is not None:
        z[hidden] = 0
    order = np.argsort(-z, kind="stable")
    one = [
        Telling(str(words[i]), float(z[i]), int(first[i]), int(second[i])) for i in order[:count] if z[i] >= threshold
    ]
    other = [
        Telling(str(words[i]), -float(z[i]), int(second[i]), int(first[i]))
        for i in order[::-1][:count]
        if z[i] <= -threshold
    ]
    return Contrast(kind=kind, names=names, totals=totals, threshold=threshold, first=tuple(one), second=tuple(other))
