"""What both workers of `benchmarks.gpu` share: a round of measured steps for each line asked, and the texts of a job.

Standard library and numpy only: a worker may run in a virtual environment that has nothing of ours.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.lines import answering

Job = dict[str, Any]
Answer = dict[str, Any]


def serve(prepare: Callable[[Job], tuple[Answer, Callable[[], Answer]]]) -> None:
    """Prepares the job of the command line, then runs a round for each line of standard input."""
    tell = answering()
    about, run = prepare(json.loads(sys.argv[1]))
    tell(about)
    for _ in sys.stdin:
        tell(run())


def texts(job: Job, rows: int) -> list[np.ndarray]:
    """Random token ids of `documents` texts per row, all of one size; one id more than places, the last is predicted.

    Returns:
        ``rows * documents`` arrays of ``length // documents + 1`` ids.
    """
    chance = np.random.default_rng(job["seed"])
    size = job["length"] // job["documents"] + 1
    return list(chance.integers(1, job["vocabulary"], (rows * job["documents"], size)).astype("int32"))
