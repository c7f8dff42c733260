"""An answer that a server elsewhere is sending: read as fast as it comes, given up at once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any

from chatbot.chat import Answer
from chatbot.stream import gathered


class ArrivingText:
    """An answer read in a thread of its own: who draws slower than the server writes gets all that has come since.

    Giving it up ends the reader's wait at once and closes the connection, so that the server stops writing; one that has
    not begun to answer is left as soon as it does.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._arrived: SimpleQueue[Any] = SimpleQueue()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None  # while it is this answer's: it is then another's

    def read(self, source: Iterator[str], answer: Answer) -> Iterator[str]:
        """The pieces of `source`, together where several have come; they are the text of `answer`."""
        if self.cancelled:
            return

        def pull() -> None:
            try:
                for piece in source:
                    self._arrived.put(piece)
                self._arrived.put(None)
            except Exception as error:  # the reader raises it
                self._arrived.put(error)

        run = copy_context().run  # an error is told in the reader's language
        threading.Thread(target=run, args=(pull,), name="remote", daemon=True).start()
        try:
            for pieces in gathered(self._arrived):
                text = "".join(pieces)
                answer.text += text
                yield text
        finally:
            self.cancel()

    @contextmanager
    def of(self, chunks: Any) -> Iterator[Any]:
        """The client's stream, closed in the end; no more of it once it is given up."""
        import httpx
        import openai

        with chunks:
            with self._lock:
                self._socket = chunks.response.extensions["network_stream"].get_extra_info("socket")
            try:
                yield () if self.cancelled else chunks
            except (openai.APIConnectionError, httpx.TransportError):
                if not self.cancelled:
                    raise
            finally:
                with self._lock:
                    self._socket = None

    def cancel(self) -> None:
        self.cancelled = True
        self._arrived.put(None)
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # closed already
                    self._socket.shutdown(socket.SHUT_RDWR)
