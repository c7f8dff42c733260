"""Sets whose answers are labels: sentiment, subject. An answer is right or wrong there, not more or less alike.

A dialogue's label is the one that its preparation noted; where none was, an answer that many dialogues share. Its name is
what its answer says before the first colon; an answer gives a label when it holds that name and no other::

    "Positif : pour un investisseur, …"  →  name "positif"; "Très positif : 5 sur …"  →  name "très positif"
    "positif"                        positive
    "Le sentiment est très positif"  very positive   (the longer name holds the shorter)
    "positif ou négatif"             none
    "Ce n'est pas positif"           none            (a negation before it)

Accents do not count: a model that writes "negatif" means it.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from chatbot.dialogue import Dialogue
from chatbot.words import words
from datasets_prep.common_answers import LONGEST_LABEL, MOST_WORDINGS

MOST_LABELS = 50
NEARLY_ALL = 0.9  # of the dialogues of a label must share its few answers; of those asked must have a label
NEGATIONS = frozenset({"ne", "n", "pas", "non", "ni", "jamais", "not", "no", "never", "neither", "nor"})
BEFORE = 3  # words before a name in which a negation is looked for
LANGUAGES = 2  # answers that a label may have: one in French, one in English

Words = tuple[str, ...]


class Labels:
    """The labels of a prepared set.

    Args:
        train: dialogues that they are known from.
    """

    def __init__(self, train: Sequence[Dialogue]):
        self._answers = _noted(train) or _common(train)  # what is said → its label
        self._names = {_name(answer): label for answer, label in self._answers.items()}

    def wanted(self, dialogues: Sequence[Dialogue]) -> dict[str, str]:
        """The label of each dialogue by its id; empty when the set is not one of labels."""
        found = {dialogue.id: self._answers.get(dialogue.answer, "") for dialogue in dialogues}
        named = {place: label for place, label in found.items() if label}
        return named if len(named) >= NEARLY_ALL * len(found) and len(set(named.values())) > 1 else {}

    def given(self, answer: str) -> str:
        """The label that an answer gives; "" for none, or for more than one."""
        said = _plain(answer)
        there = [name for name in self._names if _within(name, said)]
        longest = [name for name in there if not any(name != other and _within(name, other) for other in there)]
        labels = {self._names[name] for name in longest}
        return labels.pop() if len(labels) == 1 and not any(_denied(name, said) for name in longest) else ""


def _noted(train: Sequence[Dialogue]) -> Mapping[str, str]:
    """Answer → label as noted; none where the dialogues of a label have answers of their own: it is a subject then."""
    by_label: dict[str, Counter[str]] = {}
    for dialogue in train:
        if label := str(dialogue.meta.get("label") or ""):
            by_label.setdefault(label, Counter())[dialogue.answer] += 1
    if not 1 < len(by_label) <= MOST_LABELS:
        return {}
    few = {label: answers.most_common(LANGUAGES) for label, answers in by_label.items()}
    if any(sum(n for _, n in few[label]) < NEARLY_ALL * answers.total() for label, answers in by_label.items()):
        return {}
    return {answer: label for label, answers in few.items() for answer, _ in answers}


def _common(train: Sequence[Dialogue]) -> Mapping[str, str]:
    shared = shared_answers(train)
    return {said: said.partition(":")[0].strip(" .!") for said in shared} if 1 < len(shared) <= MOST_LABELS else {}


def shared_answers(train: Sequence[Dialogue]) -> list[str]:
    """Short answers that more dialogues share than a question has wordings: labels, whatever is noted."""
    counts = Counter(dialogue.answer for dialogue in train)
    return [said for said, n in counts.items() if n > MOST_WORDINGS and len(words(said)) <= LONGEST_LABEL]


def _name(answer: str) -> Words:
    return _plain(answer.partition(":")[0])


def _plain(text: str) -> Words:
    """The words of a text without their accents."""
    apart = unicodedata.normalize("NFD", text)
    return tuple(words("".join(sign for sign in apart if not unicodedata.combining(sign))))


def _denied(name: Words, said: Words) -> bool:
    """Whether a negation stands just before the name; one that is part of it does not count."""
    starts = [i for i in range(len(said) - len(name) + 1) if said[i : i + len(name)] == name]
    return any(NEGATIONS & set(said[max(0, start - BEFORE) : start]) for start in starts)


def _within(part: Words, whole: Words) -> bool:
    """Whether the words of `part` stand together in `whole`."""
    size = len(part)
    return bool(size) and any(whole[i : i + size] == part for i in range(len(whole) - size + 1))
