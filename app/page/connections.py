"""How many connections the server holds: counted as they are accepted, before anybody has said what is wanted.

Each takes an open file of this process, whose number the system bounds: a thousand connections that never say anything
would leave none for a model's pipe or an upload. What is asked over them is `app.page.limits`' affair.
"""

import asyncio
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.page.request import client_of

MOST = 2000  # connections of all clients
KEPT = 400  # open files that are no connections: libraries, pipes, uploads, those to be closed in an instant
FEWEST = 64
HURRY = 10.0  # seconds for a request's whole head
REFUSED = "Trop de connexions : réessayez dans un instant.\nToo many connections: try again in a moment.\n".encode()
ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 10\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n\r\n%b" % (len(REFUSED), REFUSED)
)


class Connections:
    """Those that are open, by client.

    Args:
        most: of all clients.
        per_client: of one. A class of forty can be behind one address, with six connections each.
    """

    def __init__(self, most: int, per_client: int):
        self._most, self._per_client = most, per_client
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    def enter(self, client: str) -> bool:
        """Whether there is room for one more, which then counts."""
        if self._open[client] >= self._per_client or len(self) >= self._most:
            return False
        self._open[client] += 1
        return True

    def leave(self, client: str) -> None:
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]


def room() -> int:
    """How many connections this process can hold; raises the system's limit of open files as far as it lets us."""
    if sys.platform == "win32":
        return MOST
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + KEPT if hard == resource.RLIM_INFINITY else min(hard, MOST + KEPT)
    if soft not in (resource.RLIM_INFINITY, -1) and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    unbounded = soft in (resource.RLIM_INFINITY, -1)
    return MOST if unbounded else max(FEWEST, min(MOST, soft - KEPT))


def counted(connections: Connections, hurry: float = HURRY) -> type[H11Protocol]:
    """uvicorn's protocol for connections that are counted, and whose requests' heads must come in time."""

    class Counted(H11Protocol):
        _entered: str | None = None
        _clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            client = client_of({"headers": [], "client": self.client}, behind_proxy=False)
            if connections.enter(client):
                self._entered = client
                self._hurry()
            else:
                transport.write(ANSWER)
                transport.close()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:  # the head is there
                self._rest()
            elif self._clock is None:
                self._hurry()

        def connection_lost(self, error: Exception | None) -> None:
            self._rest()
            if self._entered is not None:
                connections.leave(self._entered)
                self._entered = None
            super().connection_lost(error)

        def _should_upgrade(self) -> bool:
            """The page has no websocket, and what it would become were counted no more."""
            return False

        def _hurry(self) -> None:
            self._clock = self.loop.call_later(hurry, self.transport.abort)

        def _rest(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

    return Counted
