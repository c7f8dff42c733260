"""The optimisation loop shared by fine-tuning and pre-training: batches in, one report per optimizer step out."""

import math
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.ahead import ahead


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Packed rows of one micro-batch; every array is (rows, length). See `training.packing` for an example."""

    token_ids: np.ndarray
    segment_ids: np.ndarray
    positions: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        return {"token_ids": self.token_ids, "positions": self.positions, "segment_ids": self.segment_ids}


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Learning rate by step: linear warm-up, then half a cosine down to `floor` × peak."""

    peak: float
    warmup_steps: int
    total_steps: int
    floor: float = 0.1

    def at(self, step: int) -> float:
        """The learning rate of step `step`, counted from 0."""
        if step < self.warmup_steps:
            return self.peak * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, self.total_steps - self.warmup_steps)
        return self.peak * (self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@dataclass(frozen=True, kw_only=True)
class StepReport:
    step: int  # optimizer steps done so far
    loss: float  # mean over the trained tokens of this step
    learning_rate: float
    tokens: int  # positions that hold text, trained or read
    trained_tokens: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A step that was handed to the device; its loss may still be on the way."""

    step: int
    learning_rate: float
    batches: list[Batch]
    loss: Any  # scalar of the backend, or float

    def report(self, began: float) -> StepReport:
        """Waits for the loss."""
        return StepReport(
            step=self.step,
            loss=float(self.loss),
            learning_rate=self.learning_rate,
            tokens=int(sum((batch.segment_ids > 0).sum() for batch in self.batches)),
            trained_tokens=int(sum((batch.weights > 0).sum() for batch in self.batches)),
            seconds=time.perf_counter() - began,
        )


def optimise(
    model,
    micro_batches: Iterable[list[Batch]],
    schedule: Schedule,
    *,
    start: int = 0,
    looks_at: Callable[[int], bool] = lambda step: True,
) -> Generator[StepReport, None, None]:
    """Trains; yields a report of each optimizer step, in order.

    Args:
        model: a compiled `PackedCausalLM`.
        micro_batches: for each step, its accumulated micro-batches; a thread makes them one or two steps ahead.
        schedule: learning rates.
        start: steps already done (a resumed run).
        looks_at: whether the caller looks at the model after that step (validates it, writes it down). After any other
            step the next one is handed to the device before the loss is asked for, so that an accelerator does not
            wait for Python: the report is the same, but the model may be one step further.

    Close it (`contextlib.closing`) when leaving early: that ends the thread.
    """
    waiting: _Sent | None = None
    began = time.perf_counter()
    with closing(ahead(micro_batches)) as steps:
        for step, batches in enumerate(steps, start=start):
            sent = _send(model, batches, step, schedule.at(step))
            if waiting is not None:
                report, began = waiting.report(began), time.perf_counter()
                yield report
            waiting = sent
            if looks_at(sent.step):
                yield sent.report(began)
                # The device had nothing to do meanwhile: what the caller did is no step's time.
                waiting, began = None, time.perf_counter()
    if waiting is not None:
        yield waiting.report(began)


def _send(model, batches: list[Batch], step: int, rate: float) -> _Sent:
    """Hands step `step` (from 0) to the device.

    The mean is over the trained tokens of the *whole* step: weights are divided by their sum over all micro-batches
    (times their number, because Keras averages accumulated gradients).
    """
    model.optimizer.learning_rate = rate
    scale = len(batches) / float(sum(batch.weights.sum() for batch in batches))
    for batch in batches:
        model.require_places(batch.weights)
    micro = [(batch.inputs, batch.targets, (batch.weights * scale).astype("float32")) for batch in batches]
    loss = model.strategy.step(model, micro)
    return _Sent(step=step + 1, learning_rate=rate, batches=batches, loss=loss)


def total_loss(model, batches: Iterable[Batch]) -> tuple[float, float]:
    """Summed loss (nats) and summed weight over `batches`, without training."""
    loss = weight = 0.0
    for batch in batches:
        model.require_places(batch.weights)
        loss += model.strategy.loss(model, (batch.inputs, batch.targets, batch.weights.astype("float32")))
        weight += float(batch.weights.sum())
    return loss, weight
