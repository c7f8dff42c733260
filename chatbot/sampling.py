"""How the next token is chosen: the settings, and the choice from a row of logits."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

FEW = 1024  # of the likeliest tokens are put in order; sorting a whole vocabulary takes longer than a small model


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is chosen.

    Args:
        temperature: 0 takes the likeliest token (greedy); higher is more varied.
        top_k: only the `top_k` likeliest tokens may be drawn; 0 for no limit.
        top_p: only the likeliest tokens that together reach this probability may be drawn (Holtzman et al. 2020).
        repetition_penalty: above 1, tokens already in the prompt or the answer become less likely (Keskar et al. 2019).
        seed: same seed, same answer; None draws one.
        max_new_tokens: longest answer.

    Raises:
        ValueError: a value is out of its range.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    max_new_tokens: int = 128

    def __post_init__(self):
        ranges = {
            "temperature": (0.0, 5.0),
            "top_k": (0, 1_000_000),
            "top_p": (1e-6, 1.0),
            "repetition_penalty": (0.1, 10.0),
            "max_new_tokens": (1, 1_000_000),
        }
        if self.seed is not None and self.seed < 0:
            raise ValueError(f"`seed` must be 0 or more. Received: {self.seed}")
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"`{name}` must be between {low} and {high}. Received: {getattr(self, name)}")

    def ordered(self, vocabulary: int) -> int:
        """How many of the likeliest tokens must be put in order to draw one; at least `top_k`, at most 1,024 else."""
        return vocabulary if not 1 <= self.top_k <= FEW else min(FEW, vocabulary)


def choose(logits: np.ndarray, sampling: Sampling, drawn: float, seen: Collection[int] = ()) -> int:
    """One id; the same numbers choose the same token as in the compiled step of `chatbot.generation`.

    Args:
        logits: (vocabulary,) float32; overwritten where a penalty is asked for.
        sampling: how.
        drawn: uniform in [0, 1); unused when greedy.
        seen: ids that the penalty makes less likely.
    """
    if sampling.repetition_penalty != 1.0 and seen:
        ids = np.fromiter(seen, "int64", len(seen))
        known = logits[ids]
        penalty = np.float32(sampling.repetition_penalty)
        logits[ids] = np.where(known > 0, known / penalty, known * penalty)
    if sampling.temperature == 0.0:
        return int(logits.argmax())
    scaled = logits / np.float32(sampling.temperature)
    count = sampling.ordered(len(scaled))
    ids = np.argpartition(-scaled, count - 1)[:count] if count < len(scaled) else np.arange(count)
    ids = ids[np.lexsort((ids, -scaled[ids]))]  # likeliest first, and of equals the lowest id
    top = scaled[ids[0]]
    likelihoods = np.exp(scaled[ids] - top) / np.exp(scaled - top).sum()
    before = np.cumsum(likelihoods) - likelihoods  # of all likelier tokens
    kept = before < sampling.top_p
    kept[sampling.top_k or len(kept) :] = False
    kept[0] = True
    cumulated = np.cumsum(likelihoods[kept])
    place = np.searchsorted(cumulated, drawn * cumulated[-1], side="right")
    return int(ids[kept][min(place, len(cumulated) - 1)])
