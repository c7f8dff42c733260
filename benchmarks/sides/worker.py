"""The driver's end of the line to a side: starts its process, asks for steps, ends it."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


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


class SideFailed(Exception):
    """The process of a side ended before its time; the message says why, as far as it told."""


class Worker:
    """A running side. Between two steps it waits for a line and computes nothing.

    Raises:
        SideFailed: it could not be started, or ended by itself.
    """

    def __init__(self, side: Side, job: Job):
        began = time.perf_counter()
        self.side = side
        files = {data: job.files[data] for data in side.ratios}
        spec = {**asdict(job), **asdict(side), "files": files}
        # Closed by `close`, like the process.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [side.python, "-m", f"benchmarks.sides.{side.module}", json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=_environment(side),
        )
        try:
            self.facts = self._answer()
        except BaseException:
            self.close()
            raise
        self.facts["start_seconds"] = time.perf_counter() - began

    def step(self, data: str) -> dict[str, Any]:
        """One optimizer step on rows of a data set: seconds, positions, response_tokens, peak_bytes."""
        try:
            self._process.stdin.write(data + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: `_answer` says why
        return self._answer()

    def close(self) -> None:
        """Lets the side end; kills it where it does not."""
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._log.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        if line := self._process.stdout.readline():
            return json.loads(line)
        status = self._process.wait()
        self._log.seek(0)
        said = [line.strip() for line in self._log if line.strip()]
        raise SideFailed(f"{said[-1][:300] if said else 'nothing said'} (exit status {status})")


def _environment(side: Side) -> dict[str, str]:
    """Ours, without the network and without noise; the folder of the project is where modules are found."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    backend = side.backend or os.environ.get("KERAS_BACKEND", "tensorflow")
    return {**os.environ, **quiet, "KERAS_BACKEND": backend}
