"""Paraphrases in sets without groups: questions that share their answer are one question in several wordings.

    question                    answer                       group as found               group
    Où est mon colis ?          Suivez-le dans le compte.    où est mon colis ?           comment suivre mon colis ?
    Comment suivre mon colis ?  Suivez-le dans le compte.    comment suivre mon colis ?   comment suivre mon colis ?

Only groups that a row got from its own request are joined; those that a source gives (MedQuAD's focus area, an entry of
the embedded set) stay as they are. Questions of one label ("Positif") are no wordings of one question.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from datasets_prep.common_answers import labels_among
from datasets_prep.sifted import Sifted
from datasets_prep.splits import group_key
from datasets_prep.spool import Kept


def join_paraphrases(sifted: Sequence[Sifted]) -> int:
    """Puts the dialogues that share their answer in one group, whatever source they come from.

    Returns:
        How many groups went into another one.
    """
    first: dict[int, str] = {}  # what is answered → the group of the first question
    pairs = []
    labels = labels_among(each for one in sifted for each in one.kept)
    for each in (each for one in sifted for each in one.kept if each.own_group and each.answers):
        if each.answer in labels:
            continue
        group = group_key(each)
        if (other := first.setdefault(each.answers, group)) != group:
            pairs.append((other, group))
    leaders = _leaders(pairs)
    for one in sifted if leaders else ():
        one.kept = [_joined(each, leaders) for each in one.kept]
    return len(leaders)


def _joined(each: Kept, leaders: Mapping[str, str]) -> Kept:
    leader = leaders.get(group_key(each)) if each.own_group else None
    return replace(each, group=leader) if leader else each


def _leaders(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Group → the first in order of all groups that it belongs with, for those that are not that one (union-find)."""
    above: dict[str, str] = {}

    def top(group: str) -> str:
        while group in above:
            group = above[group]
        return group

    for pair in pairs:
        first, *others = sorted({top(group) for group in pair})
        above |= dict.fromkeys(others, first)
    return {group: top(group) for group in above}
