"""Answers written as they come, or all at once, for as long as the client is there.

Each answer is read in a thread of its own, which hands its pieces to the server's event loop. A client that goes away
takes its answers with it: they are given up at once, those that still wait in line too.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.api.errors import as_api_error, response_to
from app.api.shape import DONE, Shape, event, usage_of
from app.api.wire import ApiError
from chatbot.chat import Reply


class Answering(Response):
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
            response = response_to(error)
        await response(scope, receive, send)

    async def _streamed(self, events: AsyncIterator[Any], send: Send) -> None:
        """The answer begins before its first word: a client that waits in line may see that it is in it."""
        begun: set[int] = set()
        told = [0] * len(self._replies)  # tokens
        await send({"type": "http.response.start", "status": 200, "headers": _EVENT_STREAM})
        await _send(send, b": in line\n\n")
        try:
            async for index, piece in events:
                if index not in begun and (first := self._shape.first(index)):
                    await _send(send, event(first))
                begun.add(index)
                answer = self._replies[index].answer
                tokens = answer.tokens[told[index] :]
                told[index] += len(tokens)
                if piece is None:
                    await _send(send, event(self._shape.last(index, answer, tokens)))
                else:
                    await _send(send, event(self._shape.piece(index, piece, tokens)))
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
        run = partial(copy_context().run, pull, index, reply)
        threading.Thread(target=run, name="api", daemon=True).start()
    gone = asyncio.create_task(until_gone(receive))
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
                raise as_api_error(item)
            left -= item is None
            yield index, item
    finally:
        gone.cancel()


async def until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
