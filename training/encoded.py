"""Dialogues as token ids with their trainable flag, end to end in two arrays: 3 bytes a token for GPT-2.

dialogues       "a"        "b"
ids             5 6 7 9    4 8 9
trainable       . . x x    . x x
offsets         0          4     7
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

import numpy as np

from chatbot.dialogue import Dialogue
from chatbot.encoding import encode_many
from chatbot.template import ChatTemplate, Segment
from chatbot.tokenizer import TextTokenizer


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A dialogue as ids, cut to a row's length.

    Args:
        id: of the dialogue.
        ids: (n,) int.
        trainable: (n,) bool.
        cut: tokens that did not fit.
    """

    id: str
    ids: np.ndarray
    trainable: np.ndarray
    cut: int = 0


@dataclass(frozen=True, kw_only=True)
class EncodedDialogues(Sequence[Encoded]):
    """Many dialogues; see the module's example.

    Args:
        names: the id of each dialogue.
        ids: (tokens,) uint16 or int32.
        trainable: (tokens,) bool.
        offsets: (dialogues + 1,) int64, where each begins; at the end, the number of tokens.
        longest: tokens of a dialogue after which it is cut; None: nowhere.
    """

    names: Sequence[str]
    ids: np.ndarray
    trainable: np.ndarray
    offsets: np.ndarray
    longest: int | None = None

    @classmethod
    def of(cls, dialogues: Sequence[Encoded]) -> "EncodedDialogues":
        """The same dialogues, end to end; what was cut from them stays cut."""
        if isinstance(dialogues, EncodedDialogues):
            return dialogues
        return cls(
            names=[each.id for each in dialogues],
            ids=np.concatenate([np.empty(0, "int32"), *(each.ids for each in dialogues)]).astype("int32"),
            trainable=np.concatenate([np.empty(0, bool), *(each.trainable for each in dialogues)]),
            offsets=np.cumsum([0, *(len(each.ids) for each in dialogues)]),
        )

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Encoded: ...
    @overload
    def __getitem__(self, index: slice) -> list[Encoded]: ...
    def __getitem__(self, index: int | slice) -> Encoded | list[Encoded]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        index = range(len(self))[index]  # negative ones count from the end, others raise IndexError
        begin, size = int(self.offsets[index]), int(self.lengths[index])
        return Encoded(
            id=self.names[index],
            ids=self.ids[begin : begin + size],
            trainable=self.trainable[begin : begin + size],
            cut=int(self.offsets[index + 1]) - begin - size,
        )

    @cached_property
    def lengths(self) -> np.ndarray:
        """Tokens of each dialogue, what is cut not counted: (dialogues,) int64."""
        whole = np.diff(self.offsets)
        return whole if self.longest is None else np.minimum(whole, self.longest)

    def cut_after(self, tokens: int) -> "EncodedDialogues":
        """The same, no dialogue longer than so many tokens; nothing is copied."""
        return replace(self, longest=tokens if self.longest is None else min(tokens, self.longest))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is read and what is learnt of each dialogue: where two are alike, mean losses compare."""
        content = hashlib.sha256()
        for begin, size in zip(self.offsets, self.lengths, strict=False):
            content.update(np.int64(size).tobytes())
            content.update(self.ids[begin : begin + size].astype("int32").tobytes())
            content.update(self.trainable[begin : begin + size].tobytes())
        return content.hexdigest()

    @property
    def cut(self) -> int:
        """How many dialogues are cut."""
        return int((self.lengths < np.diff(self.offsets)).sum())

    @cached_property
    def learnt(self) -> np.ndarray:
        """Trainable tokens of each dialogue but the first, which nothing predicts: (dialogues,) int64."""
        begin = self.offsets[:-1]
        if not len(begin):
            return np.zeros(0, "int64")
        # `reduceat` sums from each bound to the next: the odd sums lie between two dialogues. A bound may be the end.
        bounds = np.stack([begin + 1, begin + self.lengths], axis=1).ravel().clip(max=len(self.trainable))
        sums = np.add.reduceat(np.append(self.trainable, False), bounds, dtype="int64")[::2]
        return np.where(self.lengths > 1, sums, 0)


def encode(dialogues: Iterable[Dialogue], template: ChatTemplate, tokenizer: TextTokenizer) -> EncodedDialogues:
    """Ids and flags of each dialogue, whole. The dialogues themselves are not kept."""
    names: list[str] = []

    def rendered() -> Iterator[tuple[Segment, ...]]:
        for dialogue in dialogues:
            names.append(dialogue.id)
            yield template.render(dialogue)

    kind = "H" if tokenizer.vocabulary_size <= 2**16 else "i"
    ids, trainable, lengths = array(kind), bytearray(), [np.zeros(1, "int64")]
    for some, flags, sizes in encode_many(tokenizer, rendered()):
        ids.frombytes(some.astype(kind).tobytes())
        trainable += flags.tobytes()
        lengths.append(sizes)
    return EncodedDialogues(
        names=names,
        ids=np.frombuffer(ids, kind),
        trainable=np.frombuffer(trainable, bool),
        offsets=np.cumsum(np.concatenate(lengths)),
    )
