"""Who may ask, in which language he is told, and what is said of addresses that there are not."""

import hmac
from collections.abc import Callable, Collection
from contextlib import nullcontext
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.errors import response_to
from app.api.wire import ApiError
from chatbot.language import LANGUAGES, speaking, tr


def admit(request: Request, key: str, hosts: Collection[str]) -> None:
    """Raises ApiError for a request without the key, or by another name of this server; see `app.api.routes.api`."""
    if hosts and request.url.hostname not in hosts:
        raise ApiError(403, tr("Ce serveur ne répond pas à ce nom.", "This server does not answer to this name."))
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    right = scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), key.encode())
    if key and not right:
        raise ApiError(401, tr("Clé absente ou fausse.", "Missing or wrong key."), code="invalid_api_key")


class InTheirLanguage:
    """ASGI middleware: errors are told in the first language that a client accepts, where it is one of ours."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope).get("accept-language", "").strip()[:2].lower() if scope["type"] == "http" else ""
        with speaking(asked) if asked in LANGUAGES else nullcontext():
            await self._app(scope, receive, send)


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return response_to(error)


async def _nobody(_: Request, __: Exception) -> Response:
    """The client went away while it was still sending."""
    return Response(status_code=400)


async def _http_error(_: Request, error: Exception) -> Response:
    """No such address, or not by this method."""
    assert isinstance(error, HTTPException)
    known = "/v1/models, /v1/chat/completions, /v1/completions"
    message = tr(f"Adresse ou méthode inconnue. Ici : {known}.", f"Unknown address or method. Here: {known}.")
    return response_to(ApiError(error.status_code, message), error.headers)


ERRORS: dict[Any, Callable[..., Any]] = {HTTPException: _http_error, ApiError: _api_error, ClientDisconnect: _nobody}
