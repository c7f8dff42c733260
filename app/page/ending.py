"""How the server ends: by Ctrl-C or by the system's word, and without complaints about those who still read."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

GRACE = 1.0  # seconds that answers have to end by themselves
GONE = 0.5  # seconds to notice that the reader is gone
SIGNALS = ("SIGTERM", "SIGBREAK", "SIGHUP")  # of the system, of Windows' consoles, of a terminal that is closed

log = logging.getLogger(__name__)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within it, what ends a service or its terminal is a Ctrl-C: all that is open is closed. In the main thread alone,
    the only one that signals reach; elsewhere it does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heard = {number for number, handler in before.items() if handler is signal.SIG_DFL}  # nohup's stays ignored

    def interrupt(*_: object) -> None:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)  # the closing is not interrupted
        raise KeyboardInterrupt

    try:
        for number in heard:
            signal.signal(number, interrupt)
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


class EndingServer(uvicorn.Server):
    """A server that lets go of its readers before it would have to complain about them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending = asyncio.create_task(self._let_go())
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()

    async def _let_go(self) -> None:
        await asyncio.sleep(GRACE)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(GONE)
        for task in list(self.server_state.tasks):
            task.cancel()


class QuietEnd:
    """ASGI application: what is broken off by the server's end is no error.

    Args:
        app: what is served.
        is_ending: whether the server is.
    """

    def __init__(self, app: Any, is_ending: Callable[[], bool]):
        self._app, self._is_ending = app, is_ending

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begun = ended = scope["type"] != "http"

        async def noting(message: Any) -> None:
            nonlocal begun, ended
            begun, ended = True, message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, send if ended else noting)
        except BaseException as error:
            if not self._is_ending():
                raise
            log.debug("broken off by the server's end: %r", error)
        if self._is_ending() and not ended:
            with suppress(Exception):  # it had announced more than came, or the reader is gone
                await _finish(send, begun)


async def _finish(send: Any, begun: bool) -> None:
    if not begun:
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
