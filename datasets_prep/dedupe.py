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
share their turns of phrase ("What are the symptoms of …"), and answers may be one boilerplate. A band is kept as one
number of 64 bits, into which the labels of the request go too: 128 bytes a row in all.
"""

import functools
import math
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, pairwise
from typing import Any
from zlib import crc32

from chatbot.dialogue import Dialogue
from datasets_prep.rows import normalised
from datasets_prep.spool import fingerprint

# Two rows just at both thresholds meet in a given band with probability 0.25 × 0.6, hence in one of 16 with 0.93.
BANDS, MEET_IN_REQUEST, MEET_IN_ANSWER = 16, 0.25, 0.6
# Two texts just at their threshold, a side alone: in one of 16 bands with 0.99.
MEET_ALONE = 0.25
DEEPEST = 16  # numbers of one signature in a band
WORD = re.compile(r"\w+")
NOT_IN_WORDS = {code: " " for code in range(128) if not WORD.match(chr(code))}  # for ASCII, the same thrice as fast
LABEL = re.compile(r"\w*\d\w*|\w|[ivx]+")  # a word that only tells things apart: a figure, a letter, a Roman numeral
REMEMBERED = 2_000  # texts whose shingles are kept while candidates are checked
MOST_IN_RUN = 200  # earlier rows of one band that a row is compared with: they are near one another, a few are enough


def exact_key(request: str, answer: str) -> int:
    """Equal for the same request and the same answer, but for case and blanks."""
    return fingerprint(f"{normalised(request)}\0{normalised(answer)}")


class NearRows:
    """The band keys of dialogues, from which those near one another are found; see the module's text.

    Args:
        near_question: similarity from which two requests are near, in [0.5, 1].
        near_answer: the same for two answers.
        request_of: what of a dialogue is compared as its request.
    """

    def __init__(
        self, *, near_question: float, near_answer: float, request_of: Callable[[Dialogue], str] | None = None
    ) -> None:
        self._near_question, self._near_answer = near_question, near_answer
        self._request_of = request_of or request_text
        depths = _depth(near_question, MEET_IN_REQUEST), _depth(near_answer, MEET_IN_ANSWER)
        self._sketches = [Sketch(depth) for depth in depths]
        self.bands = Bands()

    def add(self, dialogue: Dialogue) -> None:
        """Appends a dialogue, which gets the next number."""
        request = shingles(self._request_of(dialogue))
        answer = words(dialogue.answer)  # words alone will do: two answers near by words and pairs are nearer by words
        if not request or not answer:
            self.bands.add_none()
            return
        parts = [sketch.of(side) for sketch, side in zip(self._sketches, (request, answer), strict=True)]
        self.bands.add(parts, salt="\0".join(sorted(labels(request))))

    def repeats(self, look_up: Callable[[int], Dialogue]) -> dict[int, int]:
        """Number of each dialogue that repeats an earlier one → number of that one, itself no repeat.

        Args:
            look_up: number → the dialogue that was added under it.
        """
        sides = functools.lru_cache(REMEMBERED)(
            lambda number: tuple(map(shingles, (self._request_of(look_up(number)), look_up(number).answer)))
        )
        found: dict[int, int] = {}
        for later, candidates in sorted(self.bands.candidates().items()):
            mine = sides(later)
            for earlier in sorted(candidates):
                if earlier not in found and self._near(mine, sides(earlier)):
                    found[later] = earlier
                    break
        return found

    def _near(self, left: tuple[frozenset[str], ...], right: tuple[frozenset[str], ...]) -> bool:
        return near_requests(left[0], right[0], self._near_question) and jaccard(left[1], right[1]) >= self._near_answer


class Sketch:
    """MinHash signatures laid out in bands."""

    def __init__(self, depth: int) -> None:
        from datasketch import MinHash

        self._hash = MinHash(num_perm=BANDS * depth, seed=1, hashfunc=crc32)

    def of(self, side: Iterable[str]) -> Any:
        """The signature of a set of shingles: (BANDS, depth)."""
        self._hash.clear()
        self._hash.update_batch([shingle.encode() for shingle in set(side)])
        return self._hash.hashvalues.reshape(BANDS, -1)


class Bands:
    """One number a band for each row; rows that share one are candidates."""

    def __init__(self) -> None:
        self._keys = array("Q")  # BANDS numbers a row
        self._rows = array("Q")  # the number of each row that has keys
        self._count = 0

    def add(self, parts: list[Any], salt: str = "") -> None:
        """Appends a row: its signatures, side by side, and what must be equal for two rows to meet."""
        import numpy

        beside = numpy.hstack([part.astype(numpy.uint64) for part in parts])  # (BANDS, depth)
        keys = (beside * _odd_numbers(beside.shape[1])).sum(axis=1, dtype=numpy.uint64)
        keys ^= numpy.uint64(fingerprint(salt))
        self._keys.frombytes(keys.tobytes())
        self._rows.append(self._count)
        self._count += 1

    def add_none(self) -> None:
        """Appends a row that meets no other: a text without words."""
        self._count += 1

    def runs(self) -> Iterator[list[int]]:
        """Rows that share a band, in their order, band by band."""
        import numpy

        keys = numpy.frombuffer(self._keys, dtype=numpy.uint64).reshape(-1, BANDS)
        for band in range(BANDS):
            order = numpy.argsort(keys[:, band], kind="stable")
            ordered = keys[order, band]
            ends = numpy.flatnonzero(numpy.r_[ordered[1:] != ordered[:-1], True]) + 1
            for begin, end in pairwise((0, *ends[: len(order)].tolist())):
                if end - begin > 1:
                    yield [self._rows[place] for place in order[begin:end].tolist()]

    def candidates(self) -> dict[int, set[int]]:
        """Row → the earlier rows that it shares a band with, at most `MOST_IN_RUN` of each."""
        found: dict[int, set[int]] = {}
        for run in self.runs():
            first = run[:MOST_IN_RUN]
            for earlier, later in combinations(first, 2):
                found.setdefault(later, set()).add(earlier)
            for later in run[MOST_IN_RUN:]:
                found.setdefault(later, set()).update(first)
        return found


def request_text(dialogue: Dialogue) -> str:
    """All that comes before the answer, contexts included."""
    turns = (f"{message.content}\n{message.context}" for message in dialogue.messages[:-1])
    return "\n".join(turns).strip()


def given_text(dialogue: Dialogue) -> str:
    """The texts that come with the requests, where there are any; else the requests. What a label is about."""
    contexts = [message.context for message in dialogue.messages if message.context]
    return "\n".join(contexts) or request_text(dialogue)


def words(text: str) -> list[str]:
    """The words of a text in their order, without case or punctuation."""
    text = text.casefold()
    return text.translate(NOT_IN_WORDS).split() if text.isascii() else WORD.findall(text)


def shingles(text: str) -> frozenset[str]:
    """The words of a text and its pairs of neighbouring words. "Où est-il" → {où, est, il, "où est", "est il"}."""
    in_order = words(text)
    return frozenset(in_order) | {f"{left} {right}" for left, right in pairwise(in_order)}


def labels(request: frozenset[str]) -> set[str]:
    """The words of a request that only tell things apart: "type 2" → {"2"}."""
    return {shingle for shingle in request if LABEL.fullmatch(shingle)}


def near_requests(left: frozenset[str], right: frozenset[str], threshold: float) -> bool:
    """Whether two requests, as shingles, are near: alike enough, and with the same labels."""
    return jaccard(left, right) >= threshold and not labels(left ^ right)


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Size of the intersection over that of the union; 0 when either is empty."""
    return len(left & right) / len(left | right) if left and right else 0.0


def alone(threshold: float) -> Sketch:
    """The sketch for texts near by themselves, at `threshold`."""
    return Sketch(_depth(threshold, MEET_ALONE))


def _depth(threshold: float, meet: float) -> int:
    """How many numbers of a signature make two sides just at the threshold agree with probability `meet`."""
    return DEEPEST if threshold >= 1 else min(DEEPEST, max(1, round(math.log(meet) / math.log(threshold))))


@functools.cache
def _odd_numbers(count: int) -> Any:
    """Multipliers that turn a row of a band into one number of 64 bits."""
    import numpy

    return numpy.random.default_rng(1).integers(1, 2**63, size=count, dtype=numpy.uint64) * 2 + 1
