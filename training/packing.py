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

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.template import ChatTemplate
from chatbot.tokenizer import TextTokenizer, encode_segments
from training.loop import Batch


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A dialogue as ids, cut to a row's length.

    Args:
        id: of the dialogue.
        ids: (n,) int32.
        trainable: (n,) bool.
        cut: tokens that did not fit.
    """

    id: str
    ids: np.ndarray
    trainable: np.ndarray
    cut: int = 0


def encode(dialogues: Iterable[Dialogue], template: ChatTemplate, tokenizer: TextTokenizer) -> list[Encoded]:
    """Ids and flags of each dialogue, whole."""
    encoded = []
    for dialogue in dialogues:
        ids, trainable = encode_segments(tokenizer, template.render(dialogue))
        encoded.append(Encoded(id=dialogue.id, ids=np.array(ids, "int32"), trainable=np.array(trainable, bool)))
    return encoded


def fit_length(encoded: Sequence[Encoded], context: int, least: int = 256) -> int:
    """Shortest row (a multiple of 64, at least `least`, at most `context`) that holds every dialogue whole."""
    longest = max((len(dialogue.ids) - 1 for dialogue in encoded), default=1)
    return min(context, max(least, -(-longest // 64) * 64))


def cut_to(encoded: Sequence[Encoded], length: int) -> tuple[list[Encoded], int]:
    """Cuts dialogues to `length` places; returns them and how many were cut.

    Raises:
        InputError: nothing is trainable, or an answer was cut to nothing.
    """
    kept = [
        Encoded(
            id=d.id, ids=d.ids[: length + 1], trainable=d.trainable[: length + 1], cut=max(0, len(d.ids) - length - 1)
        )
        for d in encoded
    ]
    if not encoded:
        raise InputError(
            tr("Une partie du jeu est vide (train ou validation) : préparez-le avec d'autres --shares, ou plus de dialogues.",
               "A split of the set is empty (train or validation): prepare it with other --shares, or more dialogues.")
        )  # fmt: skip
    if not any(dialogue.trainable.any() for dialogue in encoded):
        raise InputError(
            tr("Aucun jeton à apprendre : les réponses sont vides. Vérifiez les colonnes avec « causette inspect ».",
               "No token to learn: the answers are empty. Check the columns with `causette inspect`.")
        )  # fmt: skip
    lost = [dialogue.id for dialogue in kept if not dialogue.trainable[1:].any()]
    if lost:
        raise InputError(
            tr(f"{len(lost)} dialogue(s) sans réponse une fois coupés à {length} jetons (le premier : {lost[0]}).\n"
               "Raccourcissez les questions, ou allongez les lignes (fit.row_length, au plus le contexte du modèle).",
               f"{len(lost)} dialogue(s) have no answer left once cut to {length} tokens (first: {lost[0]}).\n"
               "Shorten the questions, or lengthen the rows (fit.row_length, at most the model's context).")
        )  # fmt: skip
    return kept, sum(dialogue.cut > 0 for dialogue in kept)


def pack(encoded: Sequence[Encoded], length: int) -> list[list[int]]:
    """Puts dialogues into rows of `length` places: best fit, longest first.

    Returns:
        For each row the indices of its dialogues. Every dialogue is in exactly one row.
    """
    rows: list[list[int]] = []
    open_rows: list[tuple[int, int]] = []  # (places left, row), sorted
    sizes = [len(dialogue.ids) - 1 for dialogue in encoded]
    for index in sorted(range(len(encoded)), key=lambda i: (-sizes[i], i)):
        at = bisect.bisect_left(open_rows, (sizes[index], -1))
        if at == len(open_rows):
            rows.append([index])
            left, row = length - sizes[index], len(rows) - 1
        else:
            left, row = open_rows.pop(at)
            rows[row].append(index)
            left -= sizes[index]
        if left > 0:
            bisect.insort(open_rows, (left, row))
    return rows


@dataclass(frozen=True, kw_only=True)
class PackedRows:
    """All rows of a split; arrays as in the module's example, each (rows, length)."""

    token_ids: np.ndarray
    segment_ids: np.ndarray
    positions: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    truncated: int = 0

    @classmethod
    def of(cls, encoded: Sequence[Encoded], length: int) -> "PackedRows":
        """Cuts and packs.

        Args:
            encoded: the dialogues.
            length: places of a row.

        Raises:
            InputError: as `cut_to`.
        """
        kept, truncated = cut_to(encoded, length)
        rows = pack(kept, length)
        arrays = {
            name: np.zeros((len(rows), length), "float32" if name == "weights" else "int32")
            for name in ("token_ids", "segment_ids", "positions", "targets", "weights")
        }
        for row, members in enumerate(rows):
            start = 0
            for number, index in enumerate(members, start=1):
                dialogue = kept[index]
                places = slice(start, start + len(dialogue.ids) - 1)
                arrays["token_ids"][row, places] = dialogue.ids[:-1]
                arrays["segment_ids"][row, places] = number
                arrays["positions"][row, places] = np.arange(len(dialogue.ids) - 1)
                arrays["targets"][row, places] = dialogue.ids[1:]
                arrays["weights"][row, places] = dialogue.trainable[1:]
                start = places.stop
        return cls(**arrays, truncated=truncated)

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def length(self) -> int:
        return self.token_ids.shape[1]

    @property
    def trained_tokens(self) -> int:
        return int((self.weights > 0).sum())

    def most_trained(self, size: int) -> int:
        """The most trained tokens that any `size` rows hold together."""
        return int(np.sort((self.weights > 0).sum(axis=1))[-size:].sum())

    @property
    def filled(self) -> float:
        """Share of the places that hold text."""
        return float((self.segment_ids > 0).mean())

    def batch(self, rows: np.ndarray, size: int) -> Batch:
        """The rows of these indices, filled up with empty rows to `size` (compiled steps have one shape)."""

        def chosen(array: np.ndarray) -> np.ndarray:
            filled = np.zeros((size, self.length), array.dtype)
            filled[: len(rows)] = array[rows]
            return filled

        return Batch(
            token_ids=chosen(self.token_ids),
            segment_ids=chosen(self.segment_ids),
            positions=chosen(self.positions),
            targets=chosen(self.targets),
            weights=chosen(self.weights),
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
