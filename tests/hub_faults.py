"""Faults of the local Hub that a test asks for: a refusal, a connection cut in the body of a request or of an answer."""

import re
import threading
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class Fault:
    """What happens to the next `times` requests of that method ("" for all) whose path has the pattern.

    Args:
        kind: "fail" answers with `status`; "cut" closes the connection after so many bytes of the request's body;
            "drop" closes it after so many bytes of the answer's.
    """

    kind: Literal["fail", "cut", "drop"]
    method: str
    path: str
    times: int
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    after: int = 0

    def meets(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("", method) and re.search(self.path, path) is not None


class Faults:
    """The faults to come; the first that meets a request is spent on it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def taken(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = next((fault for fault in self._faults if fault.meets(method, path)), None)
            if fault:
                fault.times -= 1
            return fault

    @property
    def left(self) -> int:
        """How many requests are still to fail."""
        with self._lock:
            return sum(fault.times for fault in self._faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
