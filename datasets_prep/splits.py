"""Splits by group: what belongs together (focus area, document, a question and its paraphrases) is never cut.

The order of the groups is that of SHA-256(seed, group): it depends neither on the order of the rows nor on chance.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.common_answers import labels_among
from datasets_prep.rows import normalised
from datasets_prep.spec import Shares, SplitRule, Splits
from datasets_prep.spool import Kept


def split_by_group(dialogues: Sequence[Kept], shares: Shares, seed: int) -> Splits:
    """Whole groups to train, validation and test, as near the shares of the rows as groups allow.

    A split with a share gets at least one group; a split whose share is 0 stays empty.

    Raises:
        InputError: there are fewer groups than splits to fill.
    """
    groups = [group_key(dialogue) for dialogue in dialogues]
    homes = _homes(Counter(groups), shares, seed)
    splits: Splits = {"train": [], "validation": [], "test": []}
    for dialogue, group in zip(dialogues, groups, strict=True):
        splits[homes[group]].append(dialogue)
    return splits


def group_key(dialogue: Kept) -> str:
    """The group, whatever its case and blanks: "Glaucoma" and "glaucoma" are one."""
    return normalised(dialogue.group)


def seeded_order(key: str, seed: int) -> str:
    """A sort key that shuffles: the same for the same seed and key, always."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def shared_answers(splits: Splits) -> dict[str, int]:
    """Split → how many of its dialogues have an answer that is in train too, but for case and blanks.

    Labels do not count: that "Positive" stands in both says nothing.
    """
    known = {dialogue.answer for dialogue in splits["train"]} - labels_among(chain.from_iterable(splits.values()))
    return {
        split: sum(dialogue.answer in known for dialogue in dialogues)
        for split, dialogues in splits.items()
        if split != "train"
    }


def _homes(sizes: Counter[str], shares: Shares, seed: int) -> dict[str, str]:
    """Group → split."""
    to_fill = [split for split in ("test", "validation", "train") if getattr(shares, split) > 0]
    if len(sizes) < len(to_fill):
        raise _too_few_groups(len(sizes), len(to_fill))
    left = sorted(sizes, key=lambda group: seeded_order(group, seed))
    homes = {}
    for position, split in enumerate(to_fill[:-1], start=1):
        others = len(to_fill) - position  # splits after this one, each of which needs a group
        taken = _take(left, sizes, getattr(shares, split) * sizes.total(), at_most=len(left) - others)
        homes.update(dict.fromkeys(taken, split))
        left = [group for group in left if group not in homes]
    return homes | dict.fromkeys(left, to_fill[-1])


def _take(groups: Sequence[str], sizes: Counter[str], wanted: float, at_most: int) -> list[str]:
    """The first groups that bring the rows nearer to `wanted`, passing over those too large; one at least."""
    taken: list[str] = []
    rows = 0
    for group in groups:
        if len(taken) < at_most and rows + sizes[group] / 2 <= wanted:
            taken.append(group)
            rows += sizes[group]
    return taken or [min(groups, key=lambda group: sizes[group])]


def _too_few_groups(groups: int, splits: int) -> InputError:
    return InputError(
        tr(
            f"{groups} groupe(s) seulement pour {splits} parts : un groupe n'est jamais coupé, et les questions de même "
            "réponse en forment un.\n"
            "Ajoutez des données, ou demandez moins de parts : --shares 1,0,0 met tout dans train.",
            f"Only {groups} group(s) for {splits} splits: a group is never cut, and questions with one answer form one.\n"
            "Add data, or ask for fewer splits: --shares 1,0,0 puts everything in train.",
        )
    )


BY_GROUP = SplitRule(
    split=split_by_group,
    words=(
        "par groupe (sans groupe, les questions de même réponse en forment un), groupes rangés selon "
        "SHA-256(graine, groupe) : test, puis validation, jusqu'à leur part, puis train",
        "by group (without groups, questions with one answer form one), groups ordered by SHA-256(seed, group): test, "
        "then validation, up to their shares, then train",
    ),
)
