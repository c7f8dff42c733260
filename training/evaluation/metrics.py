"""Measures of one answer against the expected one: pure functions, values in 0…1 unless said.

All of them see the words of `chatbot.words`, so that French and English are treated alike; what libraries measure
(BLEU and chrF of sacrebleu, ROUGE of rouge-score) gets those words, or the characters, from here.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from chatbot.words import words

BLEU_ORDER = 4
REPEATED = 4  # words of the n-grams whose repetition is counted (Welleck et al. 2020)


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


def rouge(answer: str, expected: str) -> dict[str, float]:
    """F-measures of shared words, of shared pairs, and of the longest common subsequence (Lin 2004)."""
    scores = _rouge().score(expected, answer)
    return {
        "rouge_1": float(scores["rouge1"].fmeasure),
        "rouge_2": float(scores["rouge2"].fmeasure),
        "rouge_l": float(scores["rougeL"].fmeasure),
    }


def chrf(answer: str, expected: str) -> float:
    """chrF of one answer: character 6-grams, β = 2 (Popović 2015), divided by 100."""
    import sacrebleu

    return float(sacrebleu.sentence_chrf(answer, [expected]).score) / 100


def bleu_counts(answer: str, expected: str) -> tuple[int, ...]:
    """What BLEU is computed from: words of the answer, words expected, then matches and n-grams of orders 1 to 4.

    They add up over answers: BLEU of a whole set is `bleu` of their sum.
    """
    score = _bleu().corpus_score([" ".join(words(answer))], [[" ".join(words(expected))]])
    return (score.sys_len, score.ref_len, *score.counts, *score.totals)


def bleu(counts: np.ndarray) -> np.ndarray:
    """Corpus BLEU (Papineni et al. 2002) of summed counts, (…, 10) → (…,): 0 where an order has no match."""
    counts = np.asarray(counts, "float64")
    length, expected = counts[..., 0], counts[..., 1]
    matches, totals = counts[..., 2 : 2 + BLEU_ORDER], counts[..., 2 + BLEU_ORDER :]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(totals > 0, matches / totals, 0.0)
        brevity = np.where(length >= expected, 1.0, np.exp(1 - expected / length))
        return np.where(length > 0, brevity * np.exp(np.log(precision).mean(axis=-1)), 0.0)


def repetition(answer: str) -> float | None:
    """Share of the 4-grams of words that stood before in the same answer; None where there is no 4-gram."""
    grams = ngrams(answer, REPEATED)
    return 1 - len(set(grams)) / len(grams) if grams else None


def ngrams(text: str, n: int) -> list[tuple[str, ...]]:
    """All n-grams of words of a text, in their order."""
    found = words(text)
    return [tuple(found[i : i + n]) for i in range(len(found) - n + 1)]


def distinct(answers: Sequence[str], n: int) -> float:
    """Share of different word n-grams among all n-grams of all answers (Li et al. 2016); 0 when there is none."""
    grams = [gram for answer in answers for gram in ngrams(answer, n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


class _Words:
    """rouge-score asks for an object with a `tokenize` method."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


@cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=_Words())


@cache
def _bleu() -> Any:
    """Words are ours already; no smoothing and all orders, so that the counts are those of the text."""
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize="none", smooth_method="none", effective_order=False)
