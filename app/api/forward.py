"""The addresses of `app.api.routes`, where the model is in a process of its own: requests are handed on to its API.

Who may ask is checked here. A client that goes away takes its answers with it: the connection to the model's process is
closed, and that one gives them up.
"""

import asyncio
import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api.admission import ERRORS, InTheirLanguage, admit
from app.api.answering import until_gone
from app.api.errors import as_api_error, as_api_tells, response_to
from app.api.routes import PATHS, json_of
from app.api.shape import event
from app.model_process import ModelProcess
from chatbot.language import current_language
from chatbot.sampling import Sampling

GIVEN = ("content-type", "cache-control", "retry-after", "content-length")  # of an answer's headers


def forwarded(process: ModelProcess, sampling: Sampling, key: str = "", hosts: Collection[str] = ()) -> Starlette:
    """The application to be mounted at ``/v1``; arguments as those of `app.api.routes.api`."""
    forward = _Forward(process, sampling, key, hosts)
    routes = [Route(path, forward.hand_on, methods=[method]) for path, method in PATHS]
    return Starlette(routes=routes, exception_handlers=ERRORS, middleware=[Middleware(InTheirLanguage)])


class _Forward:
    def __init__(self, process: ModelProcess, sampling: Sampling, key: str, hosts: Collection[str]):
        self._process, self._key, self._hosts = process, key, hosts
        self._default = asdict(sampling)
        self._default["max_tokens"] = self._default.pop("max_new_tokens")
        # As long as it takes, and as many as come: the model's process has a line of its own.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False)

    async def hand_on(self, request: Request) -> Response:
        admit(request, self._key, self._hosts)
        content = json.dumps(self._filled_in(await json_of(request))) if request.method == "POST" else None
        url, key = as_api_tells(self._process.address, None)
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        asked = self._client.build_request(
            request.method,
            url + quote(path),
            content=content,
            headers={
                "authorization": f"Bearer {key}", "accept-encoding": "identity", "accept-language": current_language(),
                **({"content-type": "application/json"} if content else {}),
            },
        )  # fmt: skip
        return _HandedOn(self._client, asked, self._process)

    def _filled_in(self, body: Any) -> Any:
        """With the page's own sampling where the request says nothing: the model's process has another default."""
        if not isinstance(body, dict):
            return body
        given = {name: value for name, value in body.items() if value is not None}
        length = {"max_tokens"} if "max_completion_tokens" in given else set()
        default = {name: value for name, value in self._default.items() if value is not None and name not in length}
        return {**body, **default, **given}


class _HandedOn(Response):
    """What the model's process answers, piece by piece, for as long as the client is there."""

    def __init__(self, client: httpx.AsyncClient, asked: httpx.Request, process: ModelProcess):
        super().__init__()
        self._client, self._asked, self._process = client, asked, process

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handing = asyncio.create_task(self._hand_on(scope, receive, send))
        gone = asyncio.create_task(until_gone(receive))
        try:
            await asyncio.wait({handing, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not handing.done():
                handing.cancel()
            await asyncio.gather(handing, gone, return_exceptions=True)
        if not handing.cancelled():
            handing.result()

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        try:
            answer = await self._client.send(self._asked, stream=True)
            try:
                headers = [(name.encode(), answer.headers[name].encode()) for name in GIVEN if name in answer.headers]
                await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
                begun = True
                async for piece in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            finally:
                await answer.aclose()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except httpx.TransportError:  # the model's process has ended
            error = as_api_error(self._process.gone())
            if begun:  # a stream, then: a whole answer comes at once
                await send({"type": "http.response.body", "body": event(error.to_json()), "more_body": False})
            else:
                await response_to(error)(scope, receive, send)
