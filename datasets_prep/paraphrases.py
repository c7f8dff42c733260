"""Paraphrases in sets without groups: questions that share their answer are one question in several wordings.

    question                    answer                       group as found               group
    Où est mon colis ?          Suivez-le dans le compte.    où est mon colis ?           comment suivre mon colis ?
    Comment suivre mon colis ?  Suivez-le dans le compte.    comment suivre mon colis ?   comment suivre mon colis ?

Only groups that a row got from its own request are joined; those that a source gives (MedQuAD's focus area, an entry of
the embedded set) stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chatbot.dialogue import Dialogue
from datasets_prep.rows import normalised
from datasets_prep.sift import Sifted, first_request
from datasets_prep.splits import group_key

FEWEST_WORDS = 2  # "Oui.", or a label, answers many questions that are no paraphrases of one another


def paraphrases_joined(sifted: Sequence[Sifted]) -> tuple[list[Sifted], int]:
    """The same dialogues, those that share their answer in one group, whatever file they come from.

    Returns:
        What was sifted, and how many groups went into another one.
    """
    answered: dict[tuple[str, ...], set[str]] = {}  # what is answered → the groups of the questions
    for dialogue in (each for one in sifted for each in one.kept if _is_ungrouped(each)):
        answered.setdefault(_answers(dialogue), set()).add(group_key(dialogue))
    leaders = _leaders(groups for answers, groups in answered.items() if _words(answers) >= FEWEST_WORDS)
    return [replace(one, kept=[_joined(dialogue, leaders) for dialogue in one.kept]) for one in sifted], len(leaders)


def _joined(dialogue: Dialogue, leaders: Mapping[str, str]) -> Dialogue:
    leader = leaders.get(group_key(dialogue))
    return replace(dialogue, group=leader) if leader and _is_ungrouped(dialogue) else dialogue


def _is_ungrouped(dialogue: Dialogue) -> bool:
    return dialogue.group == first_request(dialogue.messages)


def _answers(dialogue: Dialogue) -> tuple[str, ...]:
    """All that is answered, turn by turn, and the contexts: the same words about another text are another answer."""
    turns = (turn for turn in dialogue.messages if turn.role != "system")
    return tuple(normalised(turn.context if turn.role == "user" else turn.content) for turn in turns)


def _words(answers: tuple[str, ...]) -> int:
    return len(" ".join(answers[1::2]).split())


def _leaders(families: Iterable[set[str]]) -> dict[str, str]:
    """Group → the first in order of all groups that it belongs with, for those that are not that one (union-find)."""
    above: dict[str, str] = {}

    def top(group: str) -> str:
        while group in above:
            group = above[group]
        return group

    for family in families:
        first, *others = sorted({top(group) for group in family})
        above |= dict.fromkeys(others, first)
    return {group: top(group) for group in above}
