"""A training in a process of its own, seen from the server: begun, followed, ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import app
from app.tuning.worker import Request

LOG = "log.txt"
ROOT = Path(app.__file__).resolve().parents[1]  # where the worker's package lies
Stopped = Literal["cancelled", "too_long", "closing"]
BELOW_NORMAL, NO_WINDOW, OWN_GROUP = 0x00004000, 0x08000000, 0x00000200  # of Windows


class Training:
    """One training that runs.

    Args:
        folder: of the job, for its request and its log.
        request: what is to be done.
        seconds: after which it is stopped.
        on_event: told each event, in a thread of this training.
        on_end: told once, in the same thread, when the process is no more.
    """

    def __init__(
        self,
        folder: Path,
        request: Request,
        *,
        seconds: float,
        on_event: Callable[[Mapping[str, Any]], None],
        on_end: Callable[["Training"], None],
    ):
        self.folder, self.request = folder, request
        self.stopped: Stopped | None = None
        self.last: Mapping[str, Any] = {}
        self._on_event, self._on_end = on_event, on_end
        request.write(folder)
        self._process = _begin(folder)
        self._clock = threading.Timer(seconds, self.stop, ("too_long",))
        self._clock.daemon = True
        self._clock.start()
        self._reader = threading.Thread(target=self._follow, daemon=True, name="tuning")
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Of the process; below 0 the signal that ended it; None while it runs."""
        return self._process.returncode

    @property
    def last_line(self) -> str:
        """Of the log; "" where there is none."""
        try:
            text = (self.folder / LOG).read_bytes()[-4000:].decode("utf-8", "replace")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")

    def stop(self, reason: Stopped) -> None:
        """Ends the process at once; `on_end` follows."""
        if self._process.poll() is not None:
            return
        self.stopped = self.stopped or reason
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)  # a group of its own: it leads it, so nobody else is hit
        else:
            self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Whether all of it was over within that time."""
        self._reader.join(seconds)
        return not self._reader.is_alive()

    def _follow(self) -> None:
        assert self._process.stdout
        with self._process:
            for line in self._process.stdout:
                try:
                    event = json.loads(line)
                except ValueError:  # cut short by the end of the process
                    continue
                self.last = event
                self._on_event(event)
        self._clock.cancel()
        self._on_end(self)


def _begin(folder: Path) -> "subprocess.Popen[str]":
    """Starts the worker. Nothing that a reader wrote stands in its command line."""
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "app.tuning.worker", str(folder)],  # -P: as in `app.model_child`
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            encoding="utf-8",
            errors="replace",
            start_new_session=os.name == "posix",  # Ctrl-C is the server's affair
            creationflags=0 if os.name == "posix" else BELOW_NORMAL | NO_WINDOW | OWN_GROUP,
        )
