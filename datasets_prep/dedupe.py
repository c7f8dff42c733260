"""Duplicates: rows that say again what an earlier row said.

- *Exact*: the same request and the same answer, but for case and blanks.
- *Near*: the request is near that of one earlier row, **and** the answer is near that row's answer. So paraphrases
  with one answer survive, and so does one boilerplate answer under different diseases. "Type 1" and "type 2", "type A"
  and "type B" are two things, however alike the rest: requests that differ by such a label are never near.

Nearness is the Jaccard similarity of the sets of words and pairs of neighbouring words. Candidates come from
locality-sensitive hashing of MinHash signatures (Broder 1997; Leskovec, Rajaraman & Ullman, *Mining of Massive
Datasets*, section 3.4), so that no row is compared with all others; each candidate is then checked exactly. A band of
the index holds numbers of the request's signature beside numbers of the answer's::

    band 0                   band 1
    q0 q1 … q12 a0 a1 a2     q13 q14 … q25 a3 a4 a5     …

so two rows meet in a band only when both sides agree. The request's part is the deeper one: requests are short and
share their turns of phrase ("What are the symptoms of …"), and answers may be one boilerplate.
"""

import math
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

from chatbot.dialogue import Dialogue
from datasets_prep.rows import normalised

# Two rows just at both thresholds meet in a given band with probability 0.25 × 0.6, hence in one of 16 with 0.93.
BANDS, MEET_IN_REQUEST, MEET_IN_ANSWER = 16, 0.25, 0.6
DEEPEST = 16  # numbers of one signature in a band
WORD = re.compile(r"\w+")
LABEL = re.compile(r"\w*\d\w*|\w|[ivx]+")  # a word that only tells things apart: a figure, a letter, a Roman numeral


class Repeat(NamedTuple):
    """The earlier dialogue that one repeats: the reason of the rejection, and the id."""

    reason: str
    id: str


class SeenDialogues:
    """The dialogues met so far, in memory.

    Args:
        near_question: similarity from which two requests are near, in [0.5, 1].
        near_answer: the same for two answers.
    """

    def __init__(self, *, near_question: float, near_answer: float) -> None:
        from datasketch import MinHash, MinHashLSH

        self._near_question, self._near_answer = near_question, near_answer
        self._ids_by_text: dict[tuple[str, str], str] = {}
        self._dialogues: list[tuple[Dialogue, frozenset[str]]] = []
        depths = _depth(near_question, MEET_IN_REQUEST), _depth(near_answer, MEET_IN_ANSWER)
        self._sketches = [MinHash(num_perm=BANDS * depth, seed=1, hashfunc=crc32) for depth in depths]
        self._signature = MinHash(num_perm=BANDS * sum(depths), seed=1)
        self._index = MinHashLSH(num_perm=BANDS * sum(depths), params=(BANDS, sum(depths)))

    def repeat_of(self, dialogue: Dialogue) -> Repeat | None:
        """The earlier dialogue that this one repeats; None for a new one, which is remembered."""
        request = request_text(dialogue)
        text = normalised(request), normalised(dialogue.answer)
        if text in self._ids_by_text:
            return Repeat("exact_duplicate", self._ids_by_text[text])
        question = shingles(request)
        # Words alone will do to find candidates: two answers near by words and pairs are nearer still by words.
        signature = self._sign(question, words(dialogue.answer))
        for candidate in sorted(self._index.query(signature)):
            earlier, earlier_question = self._dialogues[candidate]
            if self._near_requests(question, earlier_question) and self._near_answers(dialogue, earlier):
                return Repeat("near_duplicate", earlier.id)
        self._ids_by_text[text] = dialogue.id
        self._index.insert(len(self._dialogues), signature)
        self._dialogues.append((dialogue, question))
        return None

    def _near_requests(self, left: frozenset[str], right: frozenset[str]) -> bool:
        return jaccard(left, right) >= self._near_question and not any(map(LABEL.fullmatch, left ^ right))

    def _near_answers(self, left: Dialogue, right: Dialogue) -> bool:
        return jaccard(shingles(left.answer), shingles(right.answer)) >= self._near_answer

    def _sign(self, *sides: Iterable[str]) -> Any:
        """The signatures of both sides, put together band by band."""
        import numpy

        parts = []
        for sketch, side in zip(self._sketches, sides, strict=True):
            sketch.clear()
            sketch.update_batch([shingle.encode() for shingle in set(side)])
            parts.append(sketch.hashvalues.reshape(BANDS, -1))  # (BANDS, depth)
        self._signature.hashvalues = numpy.hstack(parts).ravel()
        return self._signature


def request_text(dialogue: Dialogue) -> str:
    """All that comes before the answer, contexts included."""
    turns = (f"{message.content}\n{message.context}" for message in dialogue.messages[:-1])
    return "\n".join(turns).strip()


def words(text: str) -> list[str]:
    """The words of a text in their order, without case or punctuation."""
    return WORD.findall(text.casefold())


def shingles(text: str) -> frozenset[str]:
    """The words of a text and its pairs of neighbouring words. "Où est-il" → {où, est, il, "où est", "est il"}."""
    in_order = words(text)
    return frozenset(in_order) | {f"{left} {right}" for left, right in pairwise(in_order)}


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Size of the intersection over that of the union; 0 when either is empty."""
    return len(left & right) / len(left | right) if left and right else 0.0


def _depth(threshold: float, meet: float) -> int:
    """How many numbers of a signature make two sides just at the threshold agree with probability `meet`."""
    return DEEPEST if threshold >= 1 else min(DEEPEST, max(1, round(math.log(meet) / math.log(threshold))))
