"""What a split lets through: test rows that have a near neighbour in training, beside what chance would let through.

    split             question near    answer near    either
    by group               1.2 %          3.0 %        3.9 %
    at random             14.8 %          9.1 %       21.3 %

A row that training has nearly seen measures memory, not skill (Kapoor & Narayanan, *Leakage and the reproducibility
crisis*, Patterns 2023). Both splits have the same dialogues (duplicates are gone already) and the same sizes; nothing
is trained. Where a text comes with the request, the text is what is compared; an answer that is a label (see
`common_answers`) is not.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chatbot.dialogue import Dialogue
from datasets_prep.common_answers import labels_among
from datasets_prep.dedupe import (
    MOST_IN_RUN,
    REMEMBERED,
    Bands,
    Sketch,
    alone,
    given_text,
    jaccard,
    near_requests,
    shingles,
)
from datasets_prep.rows import normalised
from datasets_prep.spec import Splits
from datasets_prep.splits import seeded_order
from datasets_prep.spool import Kept, Spool, fingerprint

EXAMPLES = 3  # of each side
SHOWN = 200  # characters of an example


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Test rows with a near neighbour in train, of `test` rows in all, whose answers are labels in `labels` of them."""

    test: int
    question: int
    answer: int
    either: int
    labels: int = 0
    examples: tuple[dict[str, Any], ...] = ()

    def counts(self) -> dict[str, int]:
        """The figures, without the examples."""
        return {name: getattr(self, name) for name in ("test", "question", "answer", "either", "labels")}


def leaks(splits: Splits, spool: Spool, *, near_question: float, near_answer: float, seed: int) -> dict[str, Leak]:
    """The leak of the splits as they are (`by_group`), and of splits of the same sizes at random (`at_random`).

    Args:
        splits: those made; only train and test are looked at.
        spool: where the dialogues lie.
        near_question: similarity from which two requests are near.
        near_answer: the same for two answers.
        seed: what draws the random splits.
    """
    rows = [*splits["train"], *splits["test"]]
    labels = labels_among(rows)
    questions = _Neighbours(rows, spool, alone(near_question), given_text, _near_questions(near_question))
    answered = [each for each in rows if each.answer not in labels]
    answers = _Neighbours(
        answered, spool, alone(near_answer), _answer, lambda one, other: jaccard(one, other) >= near_answer
    )
    shuffled = sorted(rows, key=lambda each: seeded_order(f"random {each.id}", seed))
    size = len(splits["train"])
    tests = {"by_group": rows[size:], "at_random": shuffled[size:]}
    return {name: _leak(test, rows, questions, answers, spool) for name, test in tests.items()}


def _leak(
    test: Sequence[Kept], rows: Sequence[Kept], questions: "_Neighbours", answers: "_Neighbours", spool: Spool
) -> Leak:
    left_out = {each.number for each in test}
    train = [each for each in rows if each.number not in left_out]
    near = {"question": questions.in_train(test, train), "answer": answers.in_train(test, train)}
    sides = {"question": given_text, "answer": _answer}
    examples = [
        {"side": side, "test": sides[side](spool[one])[:SHOWN], "train": sides[side](spool[other])[:SHOWN]}
        for side, found in near.items()
        for one, other in list(found.items())[:EXAMPLES]
    ]
    return Leak(
        test=len(test),
        question=len(near["question"]),
        answer=len(near["answer"]),
        either=len(near["question"].keys() | near["answer"].keys()),
        labels=sum(not answers.knows(each) for each in test),
        examples=tuple(examples),
    )


class _Neighbours:
    """Which rows may be near which by one of their sides, and the check. Equal texts count as one."""

    def __init__(
        self,
        rows: Sequence[Kept],
        spool: Spool,
        sketch: Sketch,
        side: Callable[[Dialogue], str],
        near: Callable[[frozenset[str], frozenset[str]], bool],
    ) -> None:
        self._near = near
        self._shingles = functools.lru_cache(REMEMBERED)(lambda number: shingles(side(spool[number])))
        self._first: dict[int, int] = {}  # text → the number of the first row that has it
        self._text: dict[int, int] = {}  # number of a row → its text
        self._runs: dict[int, list[list[int]]] = {}  # text → the runs of texts that it is in
        bands = Bands()
        for each in rows:
            text = normalised(side(spool[each.number]))
            self._text[each.number] = key = fingerprint(text)
            if key not in self._first:
                self._first[key] = each.number
                found = shingles(text)
                bands.add([sketch.of(found)]) if found else bands.add_none()
        texts = list(self._first)
        for run in bands.runs():
            keys = [texts[place] for place in run]
            for key in keys:
                self._runs.setdefault(key, []).append(keys)

    def knows(self, each: Kept) -> bool:
        """Whether this row is among those compared."""
        return each.number in self._text

    def in_train(self, test: Sequence[Kept], train: Sequence[Kept]) -> dict[int, int]:
        """Number of each test row that has a near neighbour in train → that neighbour."""
        known = (each for each in reversed(train) if self.knows(each))
        homes = {self._text[each.number]: each.number for each in known}  # text → the first row that has it
        found = {}
        for each in filter(self.knows, test):
            neighbour = self._neighbour(self._text[each.number], homes)
            if neighbour is not None:
                found[each.number] = homes[neighbour]
        return found

    def _neighbour(self, text: int, homes: Mapping[int, int]) -> int | None:
        """A text of train that is the same or near."""
        if text in homes:
            return text
        runs = self._runs.get(text, ())
        candidates = {other for run in runs for other in islice((one for one in run if one in homes), MOST_IN_RUN)}
        mine = self._shingles(self._first[text])
        in_order = sorted(candidates, key=self._first.__getitem__)  # fingerprints differ from one process to the next
        return next((one for one in in_order if self._near(mine, self._shingles(self._first[one]))), None)


def _answer(dialogue: Dialogue) -> str:
    return dialogue.answer


def _near_questions(threshold: float) -> Callable[[frozenset[str], frozenset[str]], bool]:
    return lambda one, other: near_requests(one, other, threshold)
