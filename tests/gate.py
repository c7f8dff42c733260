"""Lets a test see a model write, or stop it in the middle, without racing against it."""

import threading
import time

PATIENCE = 30  # seconds that a step may take on a busy machine; none of them waits for nothing


class Gate:
    """Stands before each pass of a decoder: a prompt's, then one per token of the answer.

    Args:
        chat: a `ChatModel`, or anything with an `Engine` as its `generator`; or the engine itself.
    """

    def __init__(self, chat):
        decoder = getattr(chat, "generator", chat).decoder
        self._changed, self._forward = threading.Condition(), decoder.forward
        self.left, self.passes = float("inf"), 0
        self._error: Exception | None = None
        decoder.forward = self._passed

    def let(self, count: float = float("inf")) -> None:
        """Lets so many more passes through; all, by default."""
        with self._changed:
            self.left = count
            self._changed.notify_all()

    def spoil(self, error: Exception | None) -> None:
        """Makes each pass fail from now on; None makes all well again."""
        self._error = error

    def _passed(self, *arguments):
        with self._changed:
            assert self._changed.wait_for(lambda: self.left > 0, timeout=PATIENCE)
            self.left -= 1
            self.passes += 1
        if self._error:
            raise self._error
        return self._forward(*arguments)


def until(true, what="it"):
    """Waits until `true()`; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.005)
