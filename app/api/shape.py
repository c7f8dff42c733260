"""What goes out: answers as OpenAI's API writes them, whole or in chunks.

Source of names and shapes: https://platform.openai.com/docs/api-reference (chat, completions).
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import uuid4

from chatbot.chat import Answer, Likely, Written

NO_CHANCE = -9999.0  # what OpenAI writes for the logarithm of nothing
_FINISH = {"end": "stop", "stop": "stop", "length": "length"}


class Shape:
    """How answers of one request are written.

    Args:
        kind: "chat" or "text".
        model: the name they carry.
        top: see `_Request.top`.
    """

    def __init__(self, kind: Literal["chat", "text"], model: str, top: int | None = None):
        self._chat = kind == "chat"
        self._id = f"{'chatcmpl' if self._chat else 'cmpl'}-{uuid4().hex}"
        self._model, self._created, self._top = model, int(time.time()), top

    def whole(self, answers: Sequence[Answer], usage: Mapping[str, int]) -> dict[str, Any]:
        """All choices at once."""
        choices = []
        for index, answer in enumerate(answers):
            message = {"role": "assistant", "content": answer.text, "refusal": None}
            said = {"message": message} if self._chat else {"text": answer.text}
            told = {"logprobs": self._logprobs(answer.tokens), "finish_reason": _FINISH.get(answer.finish)}
            choices.append({"index": index, **said, **told})
        return {**self._head("chat.completion" if self._chat else "text_completion", choices), "usage": dict(usage)}

    def first(self, index: int) -> dict[str, Any] | None:
        """What comes before a choice's first piece."""
        return self._chunk(index, {"role": "assistant", "content": ""}) if self._chat else None

    def piece(self, index: int, text: str, tokens: Sequence[Written] = ()) -> dict[str, Any]:
        """A piece of a choice's text, with the tokens that have been written since the last one."""
        return self._chunk(index, {"content": text} if self._chat else text, tokens)

    def last(self, index: int, answer: Answer, tokens: Sequence[Written] = ()) -> dict[str, Any]:
        """What ends a choice, and says why it ended; the tokens that were left."""
        return self._chunk(index, {} if self._chat else "", tokens, _FINISH.get(answer.finish))

    def usage(self, usage: Mapping[str, int]) -> dict[str, Any]:
        """The chunk after the last one, of whoever asked to know."""
        return {**self._head(self._chunk_object, []), "usage": dict(usage)}

    @property
    def _chunk_object(self) -> str:
        return "chat.completion.chunk" if self._chat else "text_completion"

    def _logprobs(self, tokens: Sequence[Written]) -> dict[str, Any] | None:
        if self._top is None:
            return None
        content = [
            {**_logprob(token), "top_logprobs": [_logprob(each) for each in token.likeliest[: self._top]]}
            for token in tokens
        ]
        return {"content": content, "refusal": None}

    def _chunk(
        self, index: int, said: Any, tokens: Sequence[Written] = (), finish: str | None = None
    ) -> dict[str, Any]:
        name = "delta" if self._chat else "text"
        choice = {"index": index, name: said, "logprobs": self._logprobs(tokens), "finish_reason": finish}
        return self._head(self._chunk_object, [choice])

    def _head(self, kind: str, choices: list[Any]) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model, "choices": choices}


def _logprob(token: Written | Likely) -> dict[str, Any]:
    """A token and its log-probability. Which bytes of a character a part of it is, is not told."""
    return {
        "token": token.text,
        "logprob": math.log(token.probability) if token.probability > 0 else NO_CHANCE,
        "bytes": None if "\ufffd" in token.text else list(token.text.encode()),
    }


def usage_of(answers: Sequence[Answer], per_prompt: int) -> dict[str, int]:
    """Tokens read, each prompt once, and written; every `per_prompt` answers are to the same prompt. Ours, and only where
    there are some: how many of the oldest messages the context had no room for."""
    read = sum(answer.prompt_tokens for answer in answers[::per_prompt])
    written = sum(answer.new_tokens for answer in answers)
    dropped = max((answer.dropped_turns for answer in answers), default=0)
    figures = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return {**figures, "dropped_turns": dropped} if dropped else figures


def event(value: dict[str, Any]) -> bytes:
    """A line of the event stream."""
    return f"data: {json.dumps(value)}\n\n".encode()  # in ASCII: some readers end a line at U+2028


DONE = b"data: [DONE]\n\n"
