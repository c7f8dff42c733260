"""Answers that many dialogues share: labels, not paraphrases.

    "Positif"                                          under 1,363 sentences     a label
    "Suivez-le dans la page « Mes commandes »."        under 22 wordings         one question, said in 22 ways

A label is short, and stands under more dialogues than one question has wordings. Questions of one label are not kept
together by a split, and a test row whose label is in training is no leak.
"""

from collections import Counter
from collections.abc import Iterable

from datasets_prep.spool import Kept

MOST_WORDINGS = 30  # dialogues: the embedded set has 22 wordings of a question at most
LONGEST_LABEL = 25  # words: those of financial_phrasebank, which say what they mean, have 16


def labels_among(dialogues: Iterable[Kept]) -> frozenset[int]:
    """Fingerprints of the answers that are labels."""
    counts = Counter(each.answer for each in dialogues if each.words <= LONGEST_LABEL)
    return frozenset(answer for answer, count in counts.items() if count > MOST_WORDINGS)
