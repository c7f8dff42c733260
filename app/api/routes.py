"""The addresses: ``/v1/models``, ``/v1/chat/completions``, ``/v1/completions``.

Each answer is read in a thread of its own, which hands its pieces to the server's event loop. A client that goes away
takes its answers with it: they are given up at once, those that still wait in line too.
"""

import asyncio
import hmac
import json
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api.wire import DONE, ApiError, ChatRequest, CompletionRequest, Shape, event, usage_of
from chatbot.chat import Reply
from chatbot.errors import BusyError, CausetteError, InputError, TooLongError
from chatbot.language import tr
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from chatbot.session import followed

LONGEST_BODY = 2**20  # bytes

log = logging.getLogger(__name__)
Made = TypeVar("Made")


def api(chat: ChatModel, sampling: Sampling, key: str = "", hosts: Collection[str] = ()) -> Starlette:
    """The application to be mounted at ``/v1``.

    Args:
        chat: the model.
        sampling: how tokens are chosen where a request does not say.
        key: that every request must carry as a bearer token; "" for none.
        hosts: names by which requests may call this server; none for all. Without a key, they keep out a page from
            elsewhere whose own name suddenly leads to this machine (DNS rebinding).
    """
    return Starlette(
        routes=_Routes(chat, sampling, key, hosts).all(),
        exception_handlers={HTTPException: _http_error, ApiError: _api_error, ClientDisconnect: _nobody},
    )


def api_name(chat: ChatModel) -> str:
    """The model's name in the API: a folder's last part, so that nobody learns where it lies."""
    name = chat.name.rstrip("/\\")
    return Path(name).resolve().name if Path(name).exists() else name.split("://")[-1]


class _Routes:
    def __init__(self, chat: ChatModel, sampling: Sampling, key: str, hosts: Collection[str]):
        self._chat, self._sampling, self._key, self._hosts = chat, sampling, key.encode(), hosts
        self._name = api_name(chat)

    def all(self) -> list[Route]:
        return [
            Route("/models", self._models),
            Route("/models/{name:path}", self._model),
            Route("/chat/completions", self._chat_completions, methods=["POST"]),
            Route("/completions", self._completions, methods=["POST"]),
        ]

    async def _models(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def _model(self, request: Request) -> Response:
        self._admit(request)
        self._check_name(request.path_params["name"])
        return JSONResponse(self._card())

    def _card(self) -> dict[str, Any]:
        """`max_model_len` is vLLM's name for the context; `exchanges` ours for how much of a conversation it follows."""
        return {
            "id": self._name, "object": "model", "created": 0, "owned_by": "causette",
            "max_model_len": self._chat.context, "exchanges": self._chat.exchanges,
        }  # fmt: skip

    async def _chat_completions(self, request: Request) -> Response:
        self._admit(request)
        asked = ChatRequest.of(await _json_of(request))
        self._check_name(asked.model)
        turns = _told(asked.turns, "messages")
        *before, question = turns
        system = before[:1] if before[:1] and before[0].role == "system" else []
        messages = [*system, *followed(self._chat, before[len(system) :]), question]
        samplings = asked.samplings(self._sampling, self._chat.context)
        begin = partial(self._chat.replies, messages, samplings, asked.stop_texts)
        replies = await run_in_threadpool(_told, begin, "messages")
        shape = Shape("chat", self._name)
        return _Answering(replies, shape, asked.n, stream=bool(asked.stream), usage=asked.wants_usage)

    async def _completions(self, request: Request) -> Response:
        self._admit(request)
        asked = CompletionRequest.of(await _json_of(request))
        self._check_name(asked.model)
        prompts = _told(lambda: asked.prompts, "prompt")
        samplings = asked.samplings(self._sampling, self._chat.context)
        begin = partial(self._chat.continuations, prompts, samplings, asked.stop_texts)
        replies = await run_in_threadpool(_told, begin, "prompt")
        shape = Shape("text", self._name)
        return _Answering(replies, shape, asked.n, stream=bool(asked.stream), usage=asked.wants_usage)

    def _admit(self, request: Request) -> None:
        """Raises ApiError for a request without the key, or by another name of this server."""
        if self._hosts and request.url.hostname not in self._hosts:
            raise ApiError(403, tr("Ce serveur ne répond pas à ce nom.", "This server does not answer to this name."))
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._key)
        if self._key and not right:
            raise ApiError(401, tr("Clé absente ou fausse.", "Missing or wrong key."), code="invalid_api_key")

    def _check_name(self, name: str) -> None:
        if name != self._name:
            raise ApiError(
                404,
                tr(f"Modèle inconnu : « {name[:100]} ». Ce serveur a « {self._name} ».",
                   f"Unknown model: “{name[:100]}”. This server has “{self._name}”."),
                code="model_not_found", param="model",
            )  # fmt: skip


class _Answering(Response):
    """Writes the answers as they come, or all at once, for as long as the client is there.

    Args:
        replies: one per choice.
        shape: how they are written.
        per_prompt: how many are to the same prompt.
        stream: as they come.
        usage: whether a stream tells its tokens in the end.
    """

    def __init__(self, replies: Sequence[Reply], shape: Shape, per_prompt: int, *, stream: bool, usage: bool):
        super().__init__()
        self._replies, self._shape, self._per_prompt = replies, shape, per_prompt
        self._stream, self._usage = stream, usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with aclosing(_pieces_of(self._replies, receive)) as events:
                await (self._streamed(events, send) if self._stream else self._whole(events, scope, receive, send))
        except ClientDisconnect:
            pass  # nobody is there to be told
        finally:
            for reply in self._replies:
                reply.cancel()

    async def _whole(self, events: AsyncIterator[Any], scope: Scope, receive: Receive, send: Send) -> None:
        response: Response
        try:
            async for _ in events:
                pass
            response = JSONResponse(self._shape.whole([reply.answer for reply in self._replies], self._tokens()))
        except ApiError as error:
            response = _response(error)
        await response(scope, receive, send)

    async def _streamed(self, events: AsyncIterator[Any], send: Send) -> None:
        """The answer begins before its first word: a client that waits in line may see that it is in it."""
        begun: set[int] = set()
        await send({"type": "http.response.start", "status": 200, "headers": _EVENT_STREAM})
        await _send(send, b": in line\n\n")
        try:
            async for index, piece in events:
                if index not in begun and (first := self._shape.first(index)):
                    await _send(send, event(first))
                begun.add(index)
                if piece is None:
                    await _send(send, event(self._shape.last(index, self._replies[index].answer)))
                else:
                    await _send(send, event(self._shape.piece(index, piece)))
            if self._usage:
                await _send(send, event(self._shape.usage(self._tokens())))
            await _send(send, DONE)
        except ApiError as error:
            await _send(send, event(error.to_json()))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _tokens(self) -> dict[str, int]:
        return usage_of([reply.answer for reply in self._replies], self._per_prompt)


_EVENT_STREAM = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _pieces_of(replies: Sequence[Reply], receive: Receive) -> AsyncGenerator[tuple[int, str | None]]:
    """(choice, piece of its text) as they come; (choice, None) when it is over.

    Raises:
        ApiError: an answer failed.
        ClientDisconnect: the client is gone.
    """
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[tuple[int, Any]]()

    def pull(index: int, reply: Reply) -> None:
        def tell(item: Any) -> None:
            with suppress(RuntimeError):  # the server has ended, and this answer is given up
                loop.call_soon_threadsafe(queue.put_nowait, (index, item))

        try:
            for piece in reply:
                tell(piece)
            tell(None)
        except Exception as error:
            tell(error)

    for index, reply in enumerate(replies):
        threading.Thread(target=pull, args=(index, reply), name="api", daemon=True).start()
    gone = asyncio.create_task(_until_gone(receive))
    try:
        left = len(replies)
        while left:
            coming = asyncio.create_task(queue.get())
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                raise ClientDisconnect
            index, item = coming.result()
            if isinstance(item, Exception):
                raise _as_api_error(item)
            left -= item is None
            yield index, item
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _json_of(request: Request) -> Any:
    """The body's JSON.

    Raises:
        ApiError: it is too large, or not JSON.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # A page from elsewhere may post anything but JSON without asking: this keeps it out.
        raise ApiError(
            415, tr("Content-Type : application/json est attendu.", "Content-Type: application/json is expected.")
        )
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise ApiError(
                413,
                tr(f"La requête dépasse {LONGEST_BODY // 2**20} Mio.", f"The request is over {LONGEST_BODY // 2**20} MiB."),
                code="request_too_large",
            )  # fmt: skip
    try:
        value = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair, which JSON can hold, is no text
        return value
    except (ValueError, RecursionError) as error:
        raise ApiError(400, tr("Le corps n'est pas du JSON.", "The body is not JSON."), code="invalid_json") from error


def _told(make: Callable[[], Made], param: str) -> Made:
    """What `make` returns; its errors as those of the API, about that field."""
    try:
        return make()
    except Exception as error:
        raise _as_api_error(error, param) from error


def _as_api_error(error: Exception, param: str | None = None) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, TooLongError):
        return ApiError(400, str(error), code="context_length_exceeded", param=param)
    if isinstance(error, BusyError):
        return ApiError(429, str(error), code="server_busy")
    if isinstance(error, InputError):
        return ApiError(400, str(error), param=param)
    if isinstance(error, CausetteError):
        return ApiError(503, str(error))
    log.error("the answer failed", exc_info=error)
    return ApiError(
        500, tr("La réponse n'a pas pu être calculée : réessayez.", "The answer could not be computed: try again.")
    )


def _response(error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
    waits = {"retry-after": "1"} if error.status == 429 else {}
    return JSONResponse(error.to_json(), error.status, {**waits, **(headers or {})})


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _response(error)


async def _nobody(_: Request, __: Exception) -> Response:
    """The client went away while it was still sending."""
    return Response(status_code=400)


async def _http_error(_: Request, error: Exception) -> Response:
    """No such address, or not by this method."""
    assert isinstance(error, HTTPException)
    known = "/v1/models, /v1/chat/completions, /v1/completions"
    message = tr(f"Adresse ou méthode inconnue. Ici : {known}.", f"Unknown address or method. Here: {known}.")
    return _response(ApiError(error.status_code, message), error.headers)
