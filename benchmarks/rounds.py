"""Two processes that take turns on one device: a worker answers each line it reads with a round of measured steps.

Standard library and numpy only: a worker may run in a virtual environment that has nothing of ours.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Job = dict[str, Any]
Answer = dict[str, Any]


class NotMeasured(Exception):
    """A side could not run; the message says why."""


def serve(prepare: Callable[[Job], tuple[Answer, Callable[[], Answer]]]) -> None:
    """The worker's side: prepares the job of the command line, then runs a round for each line of standard input.

    Answers are lines of JSON on standard output; whatever libraries print goes to standard error.
    """
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)

        def say(answer: Answer) -> None:
            print(json.dumps(answer), file=answers, flush=True)

        about, run = prepare(json.loads(sys.argv[1]))
        say(about)
        for _ in sys.stdin:
            say(run())


class Side:
    """The driver's side of a worker, ready to measure.

    Raises:
        NotMeasured: it ended before it was ready, with the reason that it gave.
    """

    def __init__(self, command: Sequence[str], job: Job, environment: dict[str, str] | None = None):
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (for `close`)
        try:
            self._process = subprocess.Popen(
                [*command, json.dumps(job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                encoding="utf-8",
                env={**os.environ, **(environment or {})},
            )
        except OSError as error:
            raise NotMeasured(str(error)) from error
        self.about = self._answer()

    def round(self) -> Answer:
        """One round."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise NotMeasured(self._reason()) from None
        return self._answer()

    def close(self) -> None:
        """Ends the worker."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _answer(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotMeasured(self._reason())
        return json.loads(line)

    def _reason(self) -> str:
        """The last line of the worker's errors that names one."""
        status = self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit|Interrupt)\b", line)]
        return (named or lines or [f"the process ended with status {status}"])[-1][:300]


def texts(job: Job, rows: int) -> list[np.ndarray]:
    """Random token ids of `documents` texts per row, all of one size; one id more than places, the last is predicted.

    Returns:
        ``rows * documents`` arrays of ``length // documents + 1`` ids.
    """
    chance = np.random.default_rng(job["seed"])
    size = job["length"] // job["documents"] + 1
    return list(chance.integers(1, job["vocabulary"], (rows * job["documents"], size)).astype("int32"))


def peak_of_process() -> int | None:
    """Bytes of memory that this process held at its highest; None on Windows, which has no such figure at hand."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
