"""Ways of decoding: the default one, the same way written in one way, as values and in words, and a grid to try."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from chatbot.language import tr
from chatbot.sampling import Sampling
from training.search_dimension import shown

DEFAULT = Sampling(max_new_tokens=96, seed=1)  # how `causette evaluate` and `causette compare` ask
TEMPERATURES = (0.0, 0.3, 0.7, 1.0)
TOP_P = (0.9, 1.0)
GREEDY_PENALTIES = (
    1.0,
    1.1,
    1.2,
    1.3,
)  # where nothing is drawn only the penalty keeps a small model from turning in circles
DRAWN_PENALTIES = (1.0, 1.2)


def grid(
    temperatures: Sequence[float] = (),
    top_ps: Sequence[float] = (),
    penalties: Sequence[float] = (),
    *,
    longest: int = DEFAULT.max_new_tokens,
) -> list[Sampling]:
    """Ways to try, without seeds, the simplest first: plain greedy always is, for it is what the others must beat.

    Args:
        temperatures: values to try; none stands for `TEMPERATURES`, and likewise below.
        top_ps: tried with each temperature above 0.
        penalties: tried with each of them.
        longest: tokens of an answer.

    Raises:
        ValueError: a value is out of its range.
    """
    ways = [Sampling(max_new_tokens=longest)]
    for temperature in sorted(temperatures or TEMPERATURES):
        for top_p in sorted(top_ps or TOP_P, reverse=True):
            for penalty in sorted(penalties or (DRAWN_PENALTIES if temperature else GREEDY_PENALTIES)):
                way = Sampling(temperature=temperature, top_p=top_p, repetition_penalty=penalty, max_new_tokens=longest)
                ways.append(greedy(way))
    return list(dict.fromkeys(ways))


def greedy(sampling: Sampling) -> Sampling:
    """The same way of decoding, written in one way: where nothing is drawn, nothing limits the draw."""
    return replace(sampling, top_p=1.0, top_k=0) if sampling.temperature == 0 else sampling


def as_values(sampling: Sampling) -> dict[str, Any]:
    """A way of decoding as JSON values, without the seed."""
    return {name: value for name, value in asdict(sampling).items() if name != "seed"}


def choice_told(way: Sampling) -> str:
    """How the next token is chosen, in words."""
    if way.temperature == 0:
        drawn = tr("glouton", "greedy")
    else:
        top_k = f", top-k {way.top_k}" if way.top_k else ""
        drawn = f"T {shown(way.temperature)}, top-p {shown(way.top_p)}{top_k}"
    return drawn + f", {tr('pénalité', 'penalty')} {shown(way.repetition_penalty)}"


def way_told(way: Sampling) -> str:
    """A way of decoding in one line."""
    return f"{choice_told(way)}, {way.max_new_tokens} " + tr("jetons", "tokens")
