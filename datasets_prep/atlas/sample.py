"""Which dialogues of a prepared set an atlas looks at: all of them or, of a large set, so many drawn by the seed.

The rows are read one at a time, as often as asked for, and never all held in memory.
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from chatbot.dialogue import Dialogue
from datasets_prep.prepared import PreparedSet

MOST_DIALOGUES = (
    50_000  # of more, this many are drawn: about 70 MB of text, and every share within half a point, 95 times in 100
)

Item = TypeVar("Item")


class Placed(NamedTuple):
    """A dialogue and the split it is in."""

    split: str
    dialogue: Dialogue


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Dialogues of a prepared set, drawn once and read as often as needed.

    Args:
        data: the prepared set.
        sizes: split → how many dialogues it holds.
        places: split → the drawn places, from 0, in their order; None stands for all dialogues.
    """

    data: PreparedSet
    sizes: Mapping[str, int]
    places: Mapping[str, Sequence[int]] | None = None

    @classmethod
    def drawn(cls, data: PreparedSet, *, seed: int, most: int = MOST_DIALOGUES) -> "Sample":
        """All dialogues, or `most` of them, each as likely as any other; the same for the same seed."""
        sizes = {split: _lines(data.folder / f"{split}.jsonl") for split in data.splits}
        everything = cls(data=data, sizes=sizes)
        return everything if everything.total <= most else everything.few(most, seed)

    @property
    def total(self) -> int:
        """How many dialogues the set holds."""
        return sum(self.sizes.values())

    @property
    def size(self) -> int:
        """How many dialogues are looked at."""
        return self.total if self.places is None else sum(map(len, self.places.values()))

    def few(self, count: int, seed: int) -> "Sample":
        """At most `count` of these dialogues, each as likely as any other; the same for the same seed."""
        drawn = random.Random(seed).sample(range(self.size), min(count, self.size))
        begin, places = 0, {}
        for split, size in self.sizes.items():
            own = range(size) if self.places is None else self.places[split]
            places[split] = [own[place - begin] for place in sorted(drawn) if begin <= place < begin + len(own)]
            begin += len(own)
        return Sample(data=self.data, sizes=self.sizes, places=places)

    def __iter__(self) -> Iterator[Placed]:
        for split in self.sizes:
            if self.places is None:
                yield from (Placed(split, dialogue) for dialogue in self.data.split(split))
            elif self.places[split]:
                yield from self._chosen(split, frozenset(self.places[split]))

    def _chosen(self, split: str, places: frozenset[int]) -> Iterator[Placed]:
        """Only the lines that were drawn are parsed: of a million, most are passed over as bytes."""
        with (self.data.folder / f"{split}.jsonl").open("rb") as lines:
            for place, line in enumerate(islice(lines, max(places) + 1)):
                if place in places:
                    yield Placed(split, Dialogue.from_json(json.loads(line)))


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items, the last one shorter."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
