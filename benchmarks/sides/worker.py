"""The driver's end of the line to a side: starts its process, asks for steps, ends it."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.lines import Lines


@dataclass(frozen=True, kw_only=True)
class Side:
    """What is measured.

    Args:
        name: its name in the results.
        module: of `benchmarks.sides`.
        python: the interpreter that has its packages.
        precision: Keras policy, or PyTorch's "float32" and "bfloat16".
        ratios: data set that it trains on → name of the ratio "ours over this".
        rows, context: rows of a step, and their length.
        dropout: share of the activations switched off.
        checkpointing: whether all activations are computed again in the backward pass (TRL's option).
        accumulated: whether the rows of a step pass one by one, their gradients added up (TRL's option).
        backend: Keras backend, instead of the driver's own.
    """

    name: str
    module: str
    python: str
    precision: str
    ratios: Mapping[str, str]
    rows: int
    context: int
    dropout: float = 0.0
    checkpointing: bool = False
    accumulated: bool = False
    backend: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all sides have in common: shape and tokenizer of the model, drawn dialogues, a bound for the steps."""

    layers: int
    width: int
    heads: int
    tokenizer: str
    seed: int
    files: Mapping[str, str] = field(default_factory=dict)
    steps: int = 1_000_000  # more than any run makes: how long a learning rate takes to fall


class Worker(Lines):
    """A running side.

    Raises:
        SideFailed: it could not be started, or ended by itself.
    """

    def __init__(self, side: Side, job: Job):
        began = time.perf_counter()
        self.side = side
        files = {data: job.files[data] for data in side.ratios}
        spec = {**asdict(job), **asdict(side), "files": files}
        super().__init__(
            [side.python, "-m", f"benchmarks.sides.{side.module}", json.dumps(spec)],
            {
                "HF_HUB_OFFLINE": "1",
                "HF_DATASETS_OFFLINE": "1",
                "KERAS_BACKEND": side.backend or os.environ.get("KERAS_BACKEND", "tensorflow"),
            },
        )
        self.facts = {**self.ready, "start_seconds": time.perf_counter() - began}

    def step(self, data: str) -> dict[str, Any]:
        """One optimizer step on rows of a data set: seconds, positions, response_tokens, peak_bytes."""
        return self.ask(data)
