"""From steps to figures: tokens per second of each side, ratios round by round, memory.

With so few steps, chance in which dialogues fall into them would move a ratio by tens of percent, although a step costs
the same whatever its rows hold: a rate is positions per second, times the share of response tokens among *all* positions
that the drawn dialogues take on that side. What the measured steps themselves held stands beside it.
"""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.sides.worker import Side


@dataclass(frozen=True, kw_only=True)
class Step:
    """One measured optimizer step.

    Args:
        group: what was compared then; rounds are counted within it.
        round: the round; steps of one group, round and data set were made one after the other.
        side, data: of whom, on what.
        seconds: from the call to the end of the update, the batch's preparation included.
        positions: rows × length.
        response_tokens: answer tokens trained.
        peak_bytes: of the process so far.
    """

    group: str
    round: int
    side: str
    data: str
    seconds: float
    positions: int
    response_tokens: int
    peak_bytes: int | None


def summary(side: Side, facts: dict[str, Any], steps: Sequence[Step]) -> dict[str, Any]:
    """All about one side: how it trained, how fast, in how much memory."""
    own = [step for step in steps if step.side == side.name]
    told = {name: value for name, value in facts.items() if name not in ("response_share", "device")}
    setting = {name: asdict(side)[name] for name in ("rows", "context", "dropout", "checkpointing", "accumulated")}
    per_data = {
        data: _rates([step for step in own if step.data == data], facts["response_share"][data])
        for data in dict.fromkeys(step.data for step in own)
    }
    return {**told, **setting, "peak_mb": _peak(own), "data": per_data}


def _rates(steps: Sequence[Step], share: float) -> dict[str, Any]:
    seconds = sum(step.seconds for step in steps)
    tokens_per_second = sum(step.positions for step in steps) / seconds
    return {
        "steps": len(steps),
        "seconds_per_step": [round(step.seconds, 3) for step in steps],
        "tokens_per_second": tokens_per_second,
        "response_share": share,
        "response_tokens_per_second": tokens_per_second * share,
        "response_tokens_of_these_steps": [step.response_tokens for step in steps],
        "response_tokens_per_second_of_these_steps": sum(step.response_tokens for step in steps) / seconds,
    }


def ratios_by_round(
    peer: Side, data: str, steps: Sequence[Step], shares: dict[str, dict[str, float]], ours: str = "ours"
) -> list[float]:
    """Our response tokens per second over the peer's, for each round in which both made a step on `data`."""
    speed: dict[tuple[str, int], dict[str, float]] = {}
    for step in steps:
        if step.data == data and step.side in (ours, peer.name):
            rate = step.positions / step.seconds * shares[step.side][data]
            speed.setdefault((step.group, step.round), {})[step.side] = rate
    return [both[ours] / both[peer.name] for both in speed.values() if len(both) == 2]


def compared(
    sides: Sequence[Side], facts: dict[str, dict[str, Any]], steps: Sequence[Step]
) -> dict[str, dict[str, Any]]:
    """`ratios` (medians of the rounds), `spread` (lowest and highest) and `memory` (our peak over theirs), by ratio."""
    shares = {name: fact["response_share"] for name, fact in facts.items()}
    peaks = {name: _peak([step for step in steps if step.side == name]) for name in facts}
    ratios, spread, memory = {}, {}, {}
    for side in sides:
        for data, name in side.ratios.items():
            rounds = ratios_by_round(side, data, steps, shares) if side.name in facts else []
            ratios[name] = statistics.median(rounds) if rounds else None
            spread[name] = [min(rounds), max(rounds)] if rounds else None
            known = rounds and peaks["ours"] and peaks[side.name]
            memory[name] = peaks["ours"] / peaks[side.name] if known else None
    return {"ratios": ratios, "spread": spread, "memory": memory}


def with_best(results: dict[str, dict[str, Any]], name: str, among: Sequence[str]) -> str | None:
    """Adds `name` to each table: the values of the fastest peer among several, of which it returns the ratio's name."""
    measured = [each for each in among if results["ratios"][each] is not None]
    best = min(measured, key=lambda each: results["ratios"][each], default=None)
    for table in results.values():
        table[name] = table[best] if best else None
    return best


def _peak(steps: Sequence[Step]) -> float | None:
    peaks = [step.peak_bytes for step in steps if step.peak_bytes]
    return max(peaks) / 1e6 if peaks else None
