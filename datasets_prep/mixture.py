"""Weights: how often the training dialogues of a source are written into `train`.

    medquad financial_phrasebank:2 faq.csv:0.5

At 2 each dialogue stands twice, at 1.5 half of them (drawn by the seed) stand twice, at 0.5 half of them are left aside.
Only `train` is weighted: validation and test measure every dialogue once, whatever the mixture.
"""

from collections.abc import Mapping, Sequence

from datasets_prep.splits import seeded_order
from datasets_prep.spool import Kept


def copies(dialogues: Sequence[Kept], weight: float, seed: int) -> dict[int, int]:
    """Number of each training dialogue of one source → how many times it is written; one of them at least is.

    Args:
        dialogues: those of the source that are in `train`.
        weight: of the source, above 0.
        seed: what draws those of the fraction.
    """
    whole = int(weight)
    more = round((weight - whole) * len(dialogues)) or (not whole)
    drawn = sorted(dialogues, key=lambda each: seeded_order(each.id, seed))[:more] if more else []
    return {each.number: whole for each in dialogues} | {each.number: whole + 1 for each in drawn}


def written(train: Sequence[Kept], times: Mapping[int, int]) -> list[tuple[Kept, int]]:
    """The lines of `train`: every dialogue once, then those written again, with which copy each is (from 1)."""
    most = max(times.values(), default=1)
    return [(each, copy) for copy in range(1, most + 1) for each in train if times.get(each.number, 1) >= copy]
