"""What came out of all steps of `prepare`, ready to be written and told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datasets_prep.boilerplate import Boilerplate
from datasets_prep.leak import Leak
from datasets_prep.sift import Duplicate
from datasets_prep.sifted import Sifted
from datasets_prep.spec import Splits


@dataclass(kw_only=True)
class Outcome:
    """The splits, and what there is to say of how they came about.

    Args:
        sifted: what came out of each source.
        splits: the dialogues of each split.
        merged_groups: groups that were joined to another because their answers are the same.
        boilerplate: the sentences that came back under many questions.
        duplicates: the rows rejected because an earlier one says the same.
        copies: number of a training dialogue → how many times it is written, where a weight says so.
        shared_answers: split → how many of its answers, labels left out, are in train too.
        several_answers: the requests that are kept with more than one answer, by their fingerprints.
        several_answers_shown: the first of them, as JSON objects.
        leak: test rows with a near neighbour in train, by kind of split, where that was asked for.
    """

    sifted: list[Sifted]
    splits: Splits
    merged_groups: int
    boilerplate: Boilerplate
    duplicates: list[Duplicate]
    copies: Mapping[int, int] = field(default_factory=dict)
    shared_answers: Mapping[str, int] = field(default_factory=dict)
    several_answers: frozenset[int] = frozenset()
    several_answers_shown: tuple[dict[str, Any], ...] = ()
    leak: Mapping[str, Leak] = field(default_factory=dict)

    def lines(self) -> dict[str, int]:
        """Split → how many lines it has, copies included."""
        return {
            split: sum(self.times(split, each.number) for each in dialogues) for split, dialogues in self.splits.items()
        }

    def times(self, split: str, number: int) -> int:
        """How many times the dialogue of that number is written in a split."""
        return self.copies.get(number, 1) if split == "train" else 1
