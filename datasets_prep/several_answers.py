"""Requests that are kept with more than one answer: a choice of the source, or a contradiction.

    "What is BPES?"    "A rare disease."    "A condition of the eyelids."       two answers, both may be true
    "Profit rose."     "Positif"            "Négatif"                           two labels: one of them is wrong

They are counted and shown, not rejected: which one is right, only a reader can tell.
"""

from collections.abc import Sequence
from typing import Any

from datasets_prep.dedupe import given_text
from datasets_prep.sifted import Sifted
from datasets_prep.spool import Spool

EXAMPLES = 3
SHOWN = 120  # characters of a request or an answer in an example


def several_answers(sifted: Sequence[Sifted], spool: Spool) -> tuple[frozenset[int], tuple[dict[str, Any], ...]]:
    """Fingerprints of the requests with several answers, and the first of them as JSON objects."""
    first: dict[int, tuple[int, int]] = {}  # request → its first answer, and the dialogue that holds it
    found: dict[int, tuple[int, int]] = {}  # request → two dialogues that answer it in two ways
    for each in (each for one in sifted for each in one.kept):
        answer, number = first.setdefault(each.request, (each.answer, each.number))
        if answer != each.answer:
            found.setdefault(each.request, (number, each.number))
    shown = []
    for pair in list(found.values())[:EXAMPLES]:
        one, other = (spool[number] for number in pair)
        answers = [dialogue.answer[:SHOWN] for dialogue in (one, other)]
        shown.append({"request": given_text(one)[:SHOWN], "answers": answers})
    return frozenset(found), tuple(shown)
