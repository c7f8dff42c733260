"""Dialogues → token ids with their trainable flag → packed rows.

Example: two dialogues (■ = 9 is the end token) in a row of 8. A dialogue of n tokens takes n - 1 places, because its
last token is predicted but never read::

    dialogue 1       5 6 7 9      trainable  . . x x
    dialogue 2       4 8 9        trainable  . x x

    token_ids        5 6 7 | 4 8 | 0 0 0
    segment_ids      1 1 1 | 2 2 | 0 0 0
    positions        0 1 2 | 0 1 | 0 0 0
    targets          6 7 9 | 8 9 | 0 0 0
    weights          0 1 1 | 1 1 | 0 0 0
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from chatbot.errors import InputError
from chatbot.language import tr
from training.encoded import Encoded, EncodedDialogues, encode
from training.loop import Batch

__all__ = ["Encoded", "EncodedDialogues", "PackedRows", "cut_to", "encode", "fit_length", "pack"]


def fit_length(encoded: Sequence[Encoded], context: int, least: int = 256) -> int:
    """Shortest row (a multiple of 64, at least `least`, at most `context`) that holds every dialogue whole."""
    longest = int(EncodedDialogues.of(encoded).lengths.max(initial=2)) - 1
    return min(context, max(least, -(-longest // 64) * 64))


def cut_to(encoded: Sequence[Encoded], length: int) -> tuple[EncodedDialogues, int]:
    """Cuts dialogues to `length` places; returns them and how many were cut.

    Raises:
        InputError: nothing is trainable, or an answer was cut to nothing.
    """
    if not len(encoded):
        raise InputError(
            tr("Une partie du jeu est vide (train ou validation) : préparez-le avec d'autres --shares, ou plus de dialogues.",
               "A split of the set is empty (train or validation): prepare it with other --shares, or more dialogues.")
        )  # fmt: skip
    whole = EncodedDialogues.of(encoded)
    if not whole.trainable.any():
        raise InputError(
            tr("Aucun jeton à apprendre : les réponses sont vides. Vérifiez les colonnes avec « causette inspect ».",
               "No token to learn: the answers are empty. Check the columns with `causette inspect`.")
        )  # fmt: skip
    kept = whole.cut_after(length + 1)
    lost = np.flatnonzero(kept.learnt == 0)
    if len(lost):
        first = kept.names[lost[0]]
        raise InputError(
            tr(f"{len(lost)} dialogue(s) sans réponse une fois coupés à {length} jetons (le premier : {first}).\n"
               "Raccourcissez les questions, ou allongez les lignes (fit.row_length, au plus le contexte du modèle).",
               f"{len(lost)} dialogue(s) have no answer left once cut to {length} tokens (first: {first}).\n"
               "Shorten the questions, or lengthen the rows (fit.row_length, at most the model's context).")
        )  # fmt: skip
    return kept, kept.cut


def pack(encoded: Sequence[Encoded], length: int) -> list[list[int]]:
    """Puts dialogues into rows of `length` places: best fit, longest first.

    Returns:
        For each row the indices of its dialogues. Every dialogue is in exactly one row.
    """
    sizes = EncodedDialogues.of(encoded).lengths - 1
    rows: list[list[int]] = []
    open_rows: list[list[int]] = [[] for _ in range(length + 1)]  # by places left, each a heap of rows
    with_room = 0  # bit n: whether a row has n places left
    for index in np.argsort(-sizes, kind="stable").tolist():
        size = int(sizes[index])
        if enough := with_room >> size:
            left = size + (enough & -enough).bit_length() - 1  # the lowest bit: the fewest places that are enough
            row = heapq.heappop(open_rows[left])
            with_room ^= 0 if open_rows[left] else 1 << left
            rows[row].append(index)
        else:
            left, row = length, len(rows)
            rows.append([index])
        left -= size
        if left > 0:
            heapq.heappush(open_rows[left], row)
            with_room |= 1 << left
    return rows


@dataclass(frozen=True, kw_only=True)
class PackedRows:
    """All rows of a split. Their arrays, five numbers a place, are made batch by batch.

    Args:
        dialogues: cut to the rows' length.
        members: (dialogues,) the indices of the dialogues, row by row.
        offsets: (rows + 1,) where each row begins in `members`; at the end, the number of dialogues.
        length: places of a row.
    """

    dialogues: EncodedDialogues
    members: np.ndarray
    offsets: np.ndarray
    length: int

    @classmethod
    def of(cls, encoded: Sequence[Encoded], length: int) -> "PackedRows":
        """Cuts and packs.

        Args:
            encoded: the dialogues.
            length: places of a row.

        Raises:
            InputError: as `cut_to`.
        """
        kept, _ = cut_to(encoded, length)
        rows = pack(kept, length)
        members = np.fromiter(chain.from_iterable(rows), "int64", len(kept))
        return cls(dialogues=kept, members=members, offsets=np.cumsum([0, *map(len, rows)]), length=length)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def truncated(self) -> int:
        """How many dialogues are cut."""
        return self.dialogues.cut

    @property
    def trained_tokens(self) -> int:
        return int(self.dialogues.learnt.sum())

    def most_trained(self, size: int) -> int:
        """The most trained tokens that any `size` rows hold together."""
        of_rows = np.add.reduceat(self.dialogues.learnt[self.members], self.offsets[:-1])
        return int(np.sort(of_rows)[-size:].sum())

    def first(self, count: int) -> "PackedRows":
        """The first `count` rows."""
        offsets = self.offsets[: count + 1]
        return replace(self, members=self.members[: offsets[-1]], offsets=offsets)

    @property
    def filled(self) -> float:
        """Share of the places that hold text."""
        return float((self.dialogues.lengths - 1).sum() / (len(self) * self.length))

    def batch(self, rows: np.ndarray, size: int) -> Batch:
        """The rows of these indices, filled up with empty rows to `size` (compiled steps have one shape)."""
        counts = np.zeros(size, int)  # dialogues of each row
        counts[: len(rows)] = np.diff(self.offsets)[rows]
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)  # in its row, from 0
        members = self.members[np.repeat(self.offsets[rows], counts[: len(rows)]) + number]
        sizes = self.dialogues.lengths[members] - 1
        position = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        token = np.repeat(self.dialogues.offsets[members], sizes) + position  # its place in the flat arrays
        row = np.repeat(np.arange(size), counts)
        held = np.bincount(row, weights=sizes, minlength=size)
        is_text = np.arange(self.length) < held[:, None]  # (size, length); in its order, the places of `token`

        def filled(values: np.ndarray, kind: str = "int32") -> np.ndarray:
            array = np.zeros((size, self.length), kind)
            array[is_text] = values
            return array

        return Batch(
            token_ids=filled(self.dialogues.ids[token]),
            segment_ids=filled(np.repeat(number + 1, sizes)),
            positions=filled(position),
            targets=filled(self.dialogues.ids[token + 1]),
            weights=filled(self.dialogues.trainable[token + 1], "float32"),
        )

    def batches(self, size: int) -> Iterator[Batch]:
        """All rows in order, in batches of `size`."""
        for start in range(0, len(self), size):
            yield self.batch(np.arange(start, min(start + size, len(self))), size)

    def steps_per_epoch(self, size: int, accumulation: int) -> int:
        return -(-len(self) // (size * accumulation))

    def steps(self, size: int, accumulation: int, seed: int, start: int, stop: int) -> Iterator[list[Batch]]:
        """Micro-batches of the optimizer steps `start` … `stop` - 1, over as many shuffled epochs as it takes.

        Args:
            size: rows of a micro-batch.
            accumulation: micro-batches of a step.
            seed: draws the orders.
            start: first step.
            stop: one past the last step.

        The order depends on the seed and the epoch alone, so a resumed run goes on with the very rows it would have
        had. The last step of an epoch may be smaller; none is dropped.
        """
        per_epoch = self.steps_per_epoch(size, accumulation)
        order = np.empty(0, int)
        for step in range(start, stop):
            epoch, place = divmod(step, per_epoch)
            if place == 0 or step == start:
                order = np.random.default_rng([seed, epoch]).permutation(len(self))
            rows = order[place * size * accumulation : (place + 1) * size * accumulation]
            yield [self.batch(rows[i * size : (i + 1) * size], size) for i in range(accumulation)]
