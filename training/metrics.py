"""Measures of answers against expected ones: pure functions, values in 0…1 (chrF too) unless said.

Words are runs of letters and digits, lower-cased, accents kept, elisions split ("l'élève" → l, élève), so that French
and English are treated alike.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words of a text, as all measures here see them."""
    return _WORD.findall(text.lower())


class _Words:
    """rouge-score asks for an object with a `tokenize` method."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


@cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words())


def token_f1(answer: str, expected: str) -> float:
    """Harmonic mean of precision and recall over shared words, repeats counted (Rajpurkar et al. 2016)."""
    got, wanted = words(answer), words(expected)
    shared = sum((Counter(got) & Counter(wanted)).values())
    if not got or not wanted:
        return float(got == wanted)
    return 2 * shared / (len(got) + len(wanted))


def exact_match(answer: str, expected: str) -> float:
    """1 when both have the same words in the same order."""
    return float(words(answer) == words(expected))


def rouge_l(answer: str, expected: str) -> float:
    """F-measure of the longest common subsequence of words (Lin 2004)."""
    return float(_rouge().score(expected, answer)["rougeL"].fmeasure)


def chrf(answers: Sequence[str], expected: Sequence[str]) -> float:
    """Corpus chrF of character 6-grams, β = 2 (Popović 2015), divided by 100."""
    import sacrebleu

    return sacrebleu.corpus_chrf(list(answers), [list(expected)]).score / 100


def answer_chrf(answer: str, expected: str) -> float:
    """chrF of one answer, divided by 100. The mean over answers is not the corpus' chrF, which counts all n-grams at once."""
    import sacrebleu

    return float(sacrebleu.sentence_chrf(answer, [expected]).score) / 100


def distinct(answers: Sequence[str], n: int) -> float:
    """Share of different word n-grams among all n-grams of all answers (Li et al. 2016); 0 when there is none."""
    grams = [tuple(w[i : i + n]) for w in map(words, answers) for i in range(len(w) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
