"""The addresses: ``/v1/models``, ``/v1/chat/completions``, ``/v1/completions``."""

import json
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.api.admission import ERRORS, InTheirLanguage, admit
from app.api.answering import Answering
from app.api.errors import as_api_tells
from app.api.shape import Shape
from app.api.wire import ApiError, ChatRequest, CompletionRequest
from chatbot.chat import Chat
from chatbot.language import tr
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from chatbot.session import followed

LONGEST_BODY = 2**20  # bytes
PATHS = (
    ("/models", "GET"), ("/models/{name:path}", "GET"), ("/chat/completions", "POST"), ("/completions", "POST"),
)  # fmt: skip


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
        exception_handlers=ERRORS,
        middleware=[Middleware(InTheirLanguage)],
    )


def api_name(chat: Chat) -> str:
    """The model's name in the API: a folder's last part, so that nobody learns where it lies."""
    name = chat.name.rstrip("/\\")
    return Path(name).resolve().name if Path(name).exists() else name.split("://")[-1]


class _Routes:
    def __init__(self, chat: ChatModel, sampling: Sampling, key: str, hosts: Collection[str]):
        self._chat, self._sampling, self._key, self._hosts = chat, sampling, key, hosts
        self._name = api_name(chat)

    def all(self) -> list[Route]:
        answering = (self._models, self._model, self._chat_completions, self._completions)
        return [Route(path, one, methods=[method]) for (path, method), one in zip(PATHS, answering, strict=True)]

    async def _models(self, request: Request) -> Response:
        admit(request, self._key, self._hosts)
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def _model(self, request: Request) -> Response:
        admit(request, self._key, self._hosts)
        self._check_name(request.path_params["name"])
        return JSONResponse(self._card())

    def _card(self) -> dict[str, Any]:
        """`max_model_len` is vLLM's name for the context; `exchanges` ours for how much of a conversation it follows, and
        `parameters` for its size."""
        return {
            "id": self._name, "object": "model", "created": 0, "owned_by": "causette",
            "max_model_len": self._chat.context, "exchanges": self._chat.exchanges,
            "parameters": self._chat.parameters,
        }  # fmt: skip

    async def _chat_completions(self, request: Request) -> Response:
        admit(request, self._key, self._hosts)
        asked = ChatRequest.of(await json_of(request))
        self._check_name(asked.model)
        turns = as_api_tells(asked.turns, "messages")
        *before, question = turns
        system = before[:1] if before[:1] and before[0].role == "system" else []
        messages = [*system, *followed(self._chat, before[len(system) :]), question]
        samplings = asked.samplings(self._sampling, self._chat.context)
        likely = 0 if asked.top is None else max(1, asked.top)  # of the written token alone there is no telling
        begin = partial(self._chat.replies, messages, samplings, asked.stop_texts, likely)
        replies = await run_in_threadpool(as_api_tells, begin, "messages")
        shape = Shape("chat", self._name, asked.top)
        return Answering(replies, shape, asked.n, stream=bool(asked.stream), usage=asked.wants_usage)

    async def _completions(self, request: Request) -> Response:
        admit(request, self._key, self._hosts)
        asked = CompletionRequest.of(await json_of(request))
        self._check_name(asked.model)
        prompts = as_api_tells(lambda: asked.prompts, "prompt")
        samplings = asked.samplings(self._sampling, self._chat.context)
        begin = partial(self._chat.continuations, prompts, samplings, asked.stop_texts)
        replies = await run_in_threadpool(as_api_tells, begin, "prompt")
        shape = Shape("text", self._name)
        return Answering(replies, shape, asked.n, stream=bool(asked.stream), usage=asked.wants_usage)

    def _check_name(self, name: str) -> None:
        if name != self._name:
            raise ApiError(
                404,
                tr(f"Modèle inconnu : « {name[:100]} ». Ce serveur a « {self._name} ».",
                   f"Unknown model: “{name[:100]}”. This server has “{self._name}”."),
                code="model_not_found", param="model",
            )  # fmt: skip


async def json_of(request: Request) -> Any:
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
