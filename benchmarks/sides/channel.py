"""What a side says and hears: one line of JSON per step, over standard input and output.

    driver                       side
                                 {"precision": "float32", …}           ready: compiled, one step made
    medquad                      {"data": "medquad", "seconds": 11.2, "positions": 2048, …}
    (end of input)               ends

Needs nothing but the standard library and what stands in `benchmarks`, for the peers' Python has none of our packages.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.lines import answering
from benchmarks.machine import peak_bytes


class Channel:
    """The side's end of the line."""

    def __init__(self) -> None:
        self.spec: dict[str, Any] = json.loads(sys.argv[1])
        self._say = answering()
        self._asked, self._began = "", 0.0

    def rows(self, data: str) -> list[dict[str, Any]]:
        """The drawn dialogues of a data set, as `benchmarks.sides.data` wrote them."""
        lines = Path(self.spec["files"][data]).read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def ready(self, **facts: Any) -> None:
        """Tells that the next step is one like all that follow."""
        self._say(facts)

    def wait(self) -> str | None:
        """The data set that the next step is to be made of, or None at the end; the clock runs from here."""
        self._asked = sys.stdin.readline().strip()
        self._began = time.perf_counter()
        return self._asked or None

    def done(self, data: str, *, positions: int, response_tokens: int) -> None:
        """Tells what the step was made of; seconds are those since `wait`.

        Args:
            data: the data set that its rows came from.
            positions: rows × length, padding included.
            response_tokens: of these, how many were trained and belong to an answer.
        """
        seconds = time.perf_counter() - self._began
        if data != self._asked:
            raise RuntimeError(f"a step of {self._asked} was asked for, one of {data} was made")
        counts = {"data": data, "positions": positions, "response_tokens": response_tokens}
        self._say({**counts, "seconds": seconds, "peak_bytes": peak_bytes()})
