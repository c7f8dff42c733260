"""Visitors of the page over real HTTP, as its script speaks with the server, and the page served with its guards."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager
from uuid import uuid4

from app.page.look import CSS, head, theme
from app.page.refusal import refusal_head
from tests.gate import until

HERE = ("127.0.0.1", "localhost", "::1")


@contextmanager
def guarded(page, middleware=(), routes=()):
    """The base address of a Gradio page on a server of its own.

    Args:
        page: of `build_page`.
        middleware: pairs of a class and its options, the outermost first.
        routes: more addresses, of Starlette.
    """
    import gradio as gr
    from fastapi import FastAPI

    inner = FastAPI(openapi_url=None, routes=list(routes))
    app = gr.mount_gradio_app(
        inner, page, path="", ssr_mode=False, footer_links=[], theme=theme(), css=CSS, head=head() + refusal_head(), max_file_size="1mb",
        run_history=False, enable_monitoring=False, app_kwargs={"openapi_url": None},
    )  # fmt: skip
    for layer, options in reversed(middleware):
        app = layer(app, **options)
    with running(app) as address:
        yield address


@contextmanager
def running(app):
    """The base address of an ASGI application, ending in a slash."""
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", server_header=False, proxy_headers=False, timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), "starting")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
        assert not thread.is_alive()


def function_of(page, name):
    """Gradio's number of the first event that calls the method of that name."""
    return next(number for number, fn in page.fns.items() if fn.fn is not None and fn.fn.__name__ == name)


class Visitor:
    """A browser tab on the page: a session of its own, its events, its stream.

    Args:
        client: an `httpx.AsyncClient` with the page's address as its base.
        page: of `build_page`; tells the numbers of its events.
        values: of the sliders.
    """

    def __init__(self, client, page, values):
        self.client, self.values, self.session = client, list(values), uuid4().hex[:11]
        self.ask_event, self.listen_event = function_of(page, "ask"), function_of(page, "listen")

    def body(self, event, data):
        return {"data": data, "event_data": None, "fn_index": event, "trigger_id": 0, "session_hash": self.session}

    async def at_once(self, event, data):
        """An event outside the line."""
        return await self.client.post("gradio_api/run/predict", json=self.body(event, data))

    async def join(self, event, data):
        return await self.client.post("gradio_api/queue/join", json=self.body(event, data))

    async def messages(self):
        """What the stream brings, until the server closes it."""
        async with self.client.stream("GET", "gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    message = json.loads(line.removeprefix("data: "))
                    yield message
                    if message["msg"] == "close_stream":
                        return

    async def heard(self):
        """What is shown when the stream ends; None when it brought nothing."""
        shown = None
        async for message in self.messages():
            if message["msg"] == "process_completed" and message["success"]:
                shown = message["output"].get("data") or shown
        return shown

    async def ask(self, text):
        """Asks and listens; returns what is shown in the end, and the seconds to the first piece of the answer."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        asked = await self.at_once(self.ask_event, [None, text, *self.values])
        asked.raise_for_status()
        joined = await self.join(self.listen_event, [None])
        joined.raise_for_status()
        shown, first = asked.json()["data"][1:], None
        async for message in self.messages():
            if message["msg"] in ("process_generating", "process_completed") and message["success"]:
                first = first or loop.time() - began
                if message["msg"] == "process_completed" and message["output"].get("data"):
                    shown = message["output"]["data"]
        return shown, first
