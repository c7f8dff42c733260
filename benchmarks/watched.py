"""A process run to its end: what it printed, how long it took, and the most memory that it and its children held."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.2  # seconds between two looks at the memory


class Failed(Exception):
    """The process ended with an error; the message is its last line."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What came of a process.

    Args:
        output: its standard output.
        seconds: from start to end.
        peak_mb: None where the system does not tell (Linux does).
    """

    output: str
    seconds: float
    peak_mb: float | None


def watched(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Watched:
    """Runs a process and waits for its end.

    The memory is the sum over the process and its children of what is theirs, shared pages in equal parts (PSS): a
    page that two of them share counts once.

    Raises:
        Failed: it could not be started, or ended with an error.
    """
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **(environment or {})}
            )
        except OSError as error:
            raise Failed(str(error)) from error
        ended, peaks = threading.Event(), [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, ended, peaks))
        watcher.start()
        output, _ = process.communicate()
        seconds = time.perf_counter() - began
        ended.set()
        watcher.join()
        if process.returncode:
            errors.seek(0)
            lines = [line.strip() for line in errors if line.strip()]
            raise Failed(lines[-1] if lines else f"exit status {process.returncode}")
    return Watched(output=output, seconds=seconds, peak_mb=max(peaks) / 1e6 or None)


def _watch(root: int, ended: threading.Event, peaks: list[int]) -> None:
    while not ended.wait(EVERY):
        peaks.append(sum(map(_memory, _family(root))))


def _family(root: int) -> list[int]:
    """The process and all its descendants."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
    family = [root]
    for member in family:  # grows while it is read
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended meanwhile
        return 0


def _memory(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0
