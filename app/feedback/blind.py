"""Who sees which question next, and which model stands on the left: balanced by construction, not by luck.

Questions have a hidden place (a permutation drawn once per study), persons a parity (the one that fewer persons have).

    main on the left  ⇔  (parity + place + flip) is even

    place          0  1  2  3
    parity 0       L  R  L  R      flip = 0; L: the main model is on the left
    parity 1       R  L  R  L

Along a row: a person sees each model on the left half of the time, at every moment, because questions of even and of
odd places take turns. Down a column: of two persons in a row one sees a question one way, the other the other way.
When both cannot be had (persons who stop early), the balance of a person wins, for a habit of the left hand is the
person's; among the questions that keep it, those seen least come first, so that votes spread, and of those the one
whose sides this showing evens out.

Everybody begins with the same `BLOCK` questions by place: agreement between persons shows only on questions that
several have judged. The next block comes when a person is through with one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

# Questions: few, so that three persons who stop after five have some in common; even, so that both sides come equally often.
BLOCK = 10


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A question of a study.

    Args:
        id: unique in the study.
        place: hidden, from 0.
        shown: how often it was shown to anybody.
        main_left: how often of these the main model stood on the left.
        seen: whether this person was shown it.
    """

    id: str
    place: int
    shown: int = 0
    main_left: int = 0
    seen: bool = False


def main_is_left(parity: int, place: int, flip: int) -> bool:
    """Whether this person sees the main model's answer on the left."""
    return (parity + place + flip) % 2 == 0


def next_question(candidates: Sequence[Candidate], person: str, parity: int, flip: int) -> Candidate | None:
    """The question that a person is shown next; None when all were.

    Args:
        candidates: every question of the study.
        person: any name of the person; it shuffles what is otherwise equal.
        parity: of the person, 0 or 1.
        flip: drawn once per study, 0 or 1.
    """
    balance = sum(1 if c.place % 2 else -1 for c in candidates if c.seen)
    unseen = [c for c in candidates if not c.seen]
    block = min((c.place // BLOCK for c in unseen), default=0)
    left = [c for c in unseen if c.place // BLOCK == block]
    wanted = [c for c in left if not balance or (c.place % 2 == 0) == (balance > 0)]

    def key(candidate: Candidate) -> tuple[int, int, bytes]:
        now = 1 if main_is_left(parity, candidate.place, flip) else -1
        uneven = abs(2 * candidate.main_left - candidate.shown + now)
        return candidate.shown, uneven, hashlib.sha256(f"{person} {candidate.id}".encode()).digest()

    return min(wanted or left, key=key, default=None)
