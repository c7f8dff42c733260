"""The page's server: one page per language, in threads of its own."""

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from chatbot.errors import InputError
from chatbot.language import tr

ENDING = 3  # seconds for what is open; the server lets go of it before
BACKLOG = 128  # connections that are accepted before the first of them is counted
Wrap = Callable[[Any], Any]


class PageServer:
    """Serves pages from the moment it is made until it is closed.

    Args:
        pages: a `gr.Blocks` that is not served yet by its path, "/" among them.
        host: address to listen on.
        port: 0 takes a free one.
        routes: more addresses, of Starlette; they come before those of the pages.
        launch: what Gradio is told of every page: theme, style sheet, largest upload.
        heads: what goes into the head of each page, by its path.
        guards: ASGI applications around the whole, the outermost first.
        shared: whether one address may hold as many connections as all: that of a proxy, or of a whole school.

    Raises:
        InputError: the port is taken, or the host is not this machine.
    """

    def __init__(
        self,
        pages: Mapping[str, Any],
        *,
        host: str,
        port: int,
        launch: Mapping[str, Any],
        heads: Mapping[str, str],
        routes: Sequence[Any] = (),
        guards: Sequence[Wrap] = (),
        shared: bool = False,
    ):
        import uvicorn

        from app.page.connections import Connections, counted, room
        from app.page.ending import EndingServer, QuietEnd

        self._socket = listening(host, port)
        app, self._mounted = _app(pages, launch, heads, routes)
        for guard in reversed(guards):
            app = guard(app)
        most = room()
        self._connections = Connections(most, most if shared else most // 2)
        config = uvicorn.Config(
            QuietEnd(app, lambda: self._server.should_exit), http=counted(self._connections), ws="none", log_level="warning",
            access_log=False, timeout_graceful_shutdown=ENDING, server_header=False, proxy_headers=False, lifespan="on",
            backlog=BACKLOG,
        )  # fmt: skip
        self._server = EndingServer(config)
        self._thread = threading.Thread(target=self._run, name="page")
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}/"
        self._ended = threading.Event()
        self._thread.start()
        self._await_start()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended.set()

    def _await_start(self) -> None:
        while not self._server.started:
            if self._ended.wait(0.01):
                raise RuntimeError("the page's server did not start; its log says why")

    def close(self) -> None:
        """Ends all connections, frees the port."""
        self._server.should_exit = True
        for mounted in self._mounted:  # as `Blocks.close` does for a page that Gradio serves itself
            blocks = mounted.get_blocks()
            blocks._queue.close()
            blocks.is_running = False
            mounted.stop_event.set()
        self._thread.join(ENDING + 1)
        self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _app(
    pages: Mapping[str, Any], launch: Mapping[str, Any], heads: Mapping[str, str], routes: Sequence[Any]
) -> tuple[Any, list[Any]]:
    """All pages as one application, and Gradio's application of each; the page at "/" comes last, it takes every path."""
    import gradio as gr
    from fastapi import FastAPI
    from starlette.responses import RedirectResponse
    from starlette.routing import Route

    app, mounted = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, routes=list(routes)), []
    for path in sorted(pages, reverse=True):
        if path != "/":
            app.router.routes.append(Route(path, lambda _, path=path: RedirectResponse(f"{path}/")))
        gr.mount_gradio_app(
            app, pages[path], path, app_kwargs={"openapi_url": None}, ssr_mode=False, pwa=False, mcp_server=False,
            footer_links=[], run_history=False, enable_monitoring=False, show_error=False, head=heads[path], **launch,
        )  # fmt: skip
        mounted.append(app.router.routes[-1].app)  # type: ignore[attr-defined]
    return app, mounted


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; for port 0, at a free one.

    Raises:
        InputError: nothing can listen there.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # As servers do on POSIX: a port just closed is free. On Windows the option means something else.
        opened = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((host, port))
            opened.listen(512)
        except OSError:
            opened.close()
            raise
        return opened
    except OSError as error:
        raise InputError(
            tr(f"Impossible d'écouter sur {host}, port {port} : il est déjà pris, ou l'adresse n'est pas de cette machine.\n"
               "Fermez ce qui occupe le port, ou laissez-en choisir un libre : --port 0.",
               f"Cannot listen on {host}, port {port}: it is taken, or the address is not this machine's.\n"
               "Close what holds the port, or have a free one chosen: --port 0.")
        ) from error  # fmt: skip


def usable_port(host: str, port: int) -> int:
    """The port, once it is known to be free; for 0, one that is.

    Raises:
        InputError: nothing can listen there.
    """
    with listening(host, port) as opened:
        return opened.getsockname()[1]
