"""A process that is asked by lines and answers by lines of JSON: the sides of a benchmark take turns so.

    driver                       side
                                 {…}                 ready: compiled, warmed up
    a line                       {…}                 one answer
    (end of input)               ends

Standard library only: a side may run in a Python that has none of our packages.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class SideFailed(Exception):
    """The process of a side could not be started, or ended before its time; the message says why, as far as it told."""


class Lines:
    """The driver's end. Between two questions the side computes nothing.

    Args:
        command: what starts the side; the project is on its path.
        environment: variables beside ours.

    Raises:
        SideFailed: it ended before it was ready.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]):
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        # Closed by `close`, like the process.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                encoding="utf-8",
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
            )
        except OSError as error:
            self._log.close()
            raise SideFailed(str(error)) from error
        try:
            self.ready = self._answer()
        except BaseException:
            self.close()
            raise

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to a line that is not empty.

        Raises:
            SideFailed: it has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
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

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return json.loads(line)
        status = self._process.wait()
        self._log.seek(0)
        said = [line.strip() for line in self._log if line.strip()]
        named = [line for line in said if re.match(r"[\w.]*(Error|Exception|Exit|Interrupt)\b", line)]
        raise SideFailed(f"{(named or said or ['nothing said'])[-1][:300]} (exit status {status})")


def answering() -> Callable[[dict[str, Any]], None]:
    """The side's end: what tells an answer. Whatever libraries print goes to standard error from now on."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(answer: dict[str, Any]) -> None:
        out.write(json.dumps(answer) + "\n")
        out.flush()

    return tell
