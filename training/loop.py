"""The optimisation loop shared by fine-tuning and pre-training: batches in, one report per optimizer step out."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np


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


def make_optimizer(model, *, weight_decay: float, clip_norm: float, accumulation: int, beta_2: float = 0.999):
    """AdamW without decay on biases, normalisations and embeddings of positions."""
    import keras

    optimizer = keras.optimizers.AdamW(
        learning_rate=0.0,  # set before every step by `optimise`
        weight_decay=weight_decay,
        beta_2=beta_2,
        global_clipnorm=clip_norm or None,
        gradient_accumulation_steps=accumulation if accumulation > 1 else None,
    )
    flat = [
        variable
        for variable in model.trainable_variables
        if len(variable.shape) < 2 or variable.path.endswith("/bias") or "position_embedding" in variable.path
    ]
    optimizer.exclude_from_weight_decay(var_list=flat)
    return optimizer


def optimise(
    model, micro_batches: Iterable[list[Batch]], schedule: Schedule, *, start: int = 0
) -> Iterator[StepReport]:
    """Trains; yields after each optimizer step.

    Args:
        model: a compiled `PackedCausalLM`.
        micro_batches: for each step, its accumulated micro-batches.
        schedule: learning rates.
        start: steps already done (a resumed run).

    The mean is over the trained tokens of the *whole* step: weights are divided by their sum over all micro-batches
    (times their number, because Keras averages accumulated gradients).
    """
    for step, batches in enumerate(micro_batches, start=start):
        began = time.perf_counter()
        rate = schedule.at(step)
        model.optimizer.learning_rate = rate
        total = float(sum(batch.weights.sum() for batch in batches))
        scale = len(batches) / total
        model.reset_metrics()  # Keras reports a running mean: begun anew, it is the mean of this step
        for batch in batches:
            loss = model.train_on_batch(batch.inputs, batch.targets, (batch.weights * scale).astype("float32"))
        yield StepReport(
            step=step + 1,
            loss=float(loss),
            learning_rate=rate,
            tokens=int(sum((batch.segment_ids > 0).sum() for batch in batches)),
            trained_tokens=int(sum((batch.weights > 0).sum() for batch in batches)),
            seconds=time.perf_counter() - began,
        )


def total_loss(model, batches: Iterable[Batch]) -> tuple[float, float]:
    """Summed loss (nats) and summed weight over `batches`, without training."""
    loss = weight = 0.0
    for batch in batches:
        model.reset_metrics()
        loss += float(model.test_on_batch(batch.inputs, batch.targets, batch.weights.astype("float32")))
        weight += float(batch.weights.sum())
    return loss, weight
