"""Step 1: which category a question belongs to, by its keywords and by the theme of each category's examples.

A theme is the mean TF-IDF vector (scikit-learn) of a category's example questions; a question's theme score is its cosine
with it. The terms are pieces of words of 3 to 5 characters, which see "rembourser" in "remboursement" and forgive typing
errors: on 2,992 questions of the embedded set they find the category 3 to 5 points more often than whole words.
Keywords then lift a score: 1 - (1 - theme) × (1 - 0.4)ᵏ for k keywords.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chatbot.reasoning.domain import Category, Domain
from chatbot.reasoning.fold import fold, folded_words
from chatbot.words import words

KEYWORD = 0.4  # how far one keyword lifts a score towards 1
TELLING = 5  # words that are told
LONGEST = 2_000  # characters of a question that are read
EMPTY_WORDS = frozenset(  # they tell no theme
    folded_words(
        "a ai au aux avec c ce cela ces cette d dans de des du elle en est et il ils j je l la le les leur m ma mais me mes moi "
        "mon n ne nos notre nous on ou par pas pour qu que quel quelle quelles quels qui quoi s sa se ses si son sont sur t ta te "
        "tu un une vos votre vous y comment pourquoi est-ce faire fait faut peut peux puis the of to and is are i my in for what "
        "how do does can an it you your on with this that"
    )
)


@dataclass(frozen=True, kw_only=True)
class Categorised:
    """What step 1 found.

    Args:
        name: the best category's; empty where none reaches the domain's threshold.
        score: its score, 0 to 1; the best one's below the threshold too.
        scores: by category name, best first.
        words: of the question, that decided it, most telling first.
    """

    name: str = ""
    score: float = 0.0
    scores: Mapping[str, float]
    words: tuple[str, ...] = ()


class Themes:
    """The themes of a domain's categories, computed when the first question comes; threads share them."""

    def __init__(self, domain: Domain):
        self.domain = domain
        self._lock = threading.Lock()
        self._vectors: _Vectors | None = None

    def of(self, question: str) -> Categorised:
        """The category of a question."""
        if not self.domain.categories:
            return Categorised(scores={})
        question = question[:LONGEST]
        vectors, said = self._ready(), words(question)
        near = vectors.scores(question)
        hits = {category.name: hits_of(category, said) for category in self.domain.categories}
        lifted = {name: 1 - (1 - near[name]) * (1 - KEYWORD) ** len(hits[name]) for name in hits}
        scores = dict(sorted(lifted.items(), key=lambda pair: -pair[1]))
        best = next(iter(scores))
        known = scores[best] >= self.domain.threshold
        telling = vectors.telling(question, best)
        return Categorised(
            name=best if known else "",
            score=scores[best],
            scores=scores,
            words=tuple(_first([*hits[best], *telling])) if known else (),
        )

    def _ready(self) -> "_Vectors":
        with self._lock:
            if self._vectors is None:
                self._vectors = _Vectors(self.domain.categories)
            return self._vectors


class _Vectors:
    """The themes as vectors of length 1, (categories, terms)."""

    def __init__(self, categories: Sequence[Category]):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.preprocessing import normalize

        self.names = [category.name for category in categories]
        self.vectorizer: Any = TfidfVectorizer(analyzer=_pieces, sublinear_tf=True)
        self.vectorizer.fit([example for category in categories for example in category.examples])
        means = [self.vectorizer.transform(category.examples).mean(axis=0).A1 for category in categories]
        self.themes = normalize(np.stack(means))

    def scores(self, question: str) -> dict[str, float]:
        """The cosine of a question with each theme."""
        cosines = self.vectorizer.transform([question]) @ self.themes.T  # (1, categories)
        return {name: float(min(1.0, cosine)) for name, cosine in zip(self.names, cosines[0], strict=True)}

    def telling(self, question: str, name: str) -> list[str]:
        """Words of the question whose pieces its category's theme holds, most telling first."""
        theme, places, idf = self.themes[self.names.index(name)], self.vectorizer.vocabulary_, self.vectorizer.idf_
        weights: dict[str, float] = {}
        for word in dict.fromkeys(words(question)):
            pieces = set(_pieces(word))
            known = [places[piece] for piece in pieces & places.keys() if theme[places[piece]]]
            if pieces and len(known) * 2 >= len(pieces):  # an ending in common tells nothing
                weights[word] = float(theme[known] @ idf[known])
        return sorted(weights, key=lambda word: -weights[word])


def _first(telling: Sequence[str]) -> list[str]:
    """The first ones, without those that only repeat another in other letters."""
    kept: dict[str, str] = {}
    for word in telling:
        kept.setdefault(" ".join(folded_words(word)), word)
    return list(kept.values())[:TELLING]


def hits_of(category: Category, said: Sequence[str]) -> list[str]:
    """For each of the category's keywords that stands in a question's words, singular or plural, the words themselves."""
    folded = [fold(word) for word in said]
    places = ((keyword, _place(keyword, folded)) for keyword in category.keywords)
    return [
        " ".join(said[place : place + len(folded_words(keyword))]) for keyword, place in places if place is not None
    ]


def _place(keyword: str, folded: Sequence[str]) -> int | None:
    """Where a keyword stands first."""
    *first, last = folded_words(keyword) or [""]
    for place in range(len(folded) - len(first) if last else 0):
        *others, end = folded[place : place + len(first) + 1]
        same = end.startswith(last) if keyword.endswith("*") else end in (last, last + "s")
        if same and others == first:
            return place
    return None


def _pieces(text: str) -> list[str]:
    """Pieces of 3 to 5 characters of each folded word that tells a theme, with the blanks around it."""
    padded = [f" {word} " for word in folded_words(text) if word not in EMPTY_WORDS]
    return [word[at : at + size] for word in padded for size in (3, 4, 5) for at in range(len(word) - size + 1)]
