"""The parts of a corpus that are drawn apart: the whole, its splits, its classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from chatbot.dialogue import Dialogue
from datasets_prep.atlas.sample import Placed

CLASS_KEYS = ("label", "theme", "source", "origin")  # what may tell the classes, the surest first
MOST_CLASSES = 12  # more than these are no classes but identifiers


class Part(NamedTuple):
    """Some dialogues of the corpus.

    Args:
        kind: "all", "split" or "class".
        name: of the split or class; "" for all.
        rows: whether a dialogue belongs to it, (dialogues,).
    """

    kind: str
    name: str
    rows: np.ndarray


@dataclass(kw_only=True)
class Labels:
    """The split of every dialogue, and what may be its class; filled while the dialogues stream by."""

    splits: list[str] = field(default_factory=list)
    candidates: dict[str, list[str]] = field(default_factory=lambda: {key: [] for key in CLASS_KEYS})

    def noting(self, placed: Iterable[Placed]) -> Iterable[Dialogue]:
        """Passes the dialogues on and notes their labels."""
        for split, dialogue in placed:
            self.splits.append(split)
            said: Mapping[str, object] = {**dialogue.meta, "source": dialogue.source}
            for key, values in self.candidates.items():
                values.append(str(said.get(key, "")).strip())
            yield dialogue

    @property
    def class_key(self) -> str:
        """The first key that every dialogue has and that tells 2 to 12 classes apart; "" when there is none."""
        for key, values in self.candidates.items():
            if 2 <= len(set(values)) <= MOST_CLASSES and all(values):
                return key
        return ""

    def parts(self) -> list[Part]:
        """The whole; its splits where there are two or more; its classes where there are some, the largest first."""
        whole = Part("all", "", np.ones(len(self.splits), bool))
        splits = _parts("split", self.splits, list(dict.fromkeys(self.splits)))
        values = self.candidates.get(self.class_key, [])
        return [whole, *(splits if len(splits) > 1 else []), *_parts("class", values, _by_size(values))]


def _by_size(values: Sequence[str]) -> list[str]:
    return sorted(set(values), key=lambda name: (-values.count(name), name))


def _parts(kind: str, values: Sequence[str], names: Sequence[str]) -> list[Part]:
    held = np.array(values, object)
    return [Part(kind, name, held == name) for name in names]
