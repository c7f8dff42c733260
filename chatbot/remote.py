"""Talking to a model behind an OpenAI-compatible address: vLLM, llama.cpp, Ollama, another Causette.

chat = RemoteChat("http://127.0.0.1:8000/v1")
print(chat.reply([user("Bonjour ?")]).text())
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from chatbot.address import check_address, is_near
from chatbot.arriving import ArrivingText
from chatbot.chat import Answer, Finish, Likely, Reply, Written
from chatbot.dialogue import Message
from chatbot.errors import InputError
from chatbot.language import current_language, tr
from chatbot.likelihood import check_likely
from chatbot.remote_errors import told, unreadable
from chatbot.sampling import Sampling
from chatbot.session import printable

URL_OPTION, URL, KEY = "--base-url", "OPENAI_BASE_URL", "OPENAI_API_KEY"  # the variables of OpenAI's own client
AT_ONCE = 32  # answers asked for at the same time: the server has a line of its own
PATIENCE = 120.0  # seconds without a sign from the server
HEADERS = {  # what a request needs, and the reader's language, in which a Causette tells of errors
    "accept", "accept-language", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent",
}  # fmt: skip
_FINISH: dict[str, Finish] = {"stop": "end", "length": "length"}


class RemoteChat:
    """A model that a server computes.

    Args:
        url: base address, "http://127.0.0.1:8000/v1".
        model: its name there; by default the only one that the server has.
        key: sent as a bearer token, "" for none.

    Raises:
        InputError: the address or the key is none, no such model, or several to choose from.
        WorldError: nobody is there, or the server refuses.
    """

    at_once = AT_ONCE

    def __init__(self, url: str, model: str | None = None, key: str = ""):
        host = check_address(url, URL_OPTION, key, KEY)
        import openai

        self._url, self._key = url, key
        # A machine nearby is reached without a proxy, which would read the key. No second try: the first one may still
        # be computed, and the reader knows better whether to ask again.
        http = openai.DefaultHttpxClient(trust_env=not is_near(host), event_hooks={"request": [self._bare]})
        self._client = openai.OpenAI(
            base_url=url, api_key=key or "none", timeout=PATIENCE, max_retries=0, http_client=http
        )
        with self.told():
            cards = self._cards(model)
        self.name = _chosen(model, sorted(cards), url)
        self.context = _positive(cards[self.name], "max_model_len")  # vLLM's; others do not say
        self.exchanges = _positive(cards[self.name], "exchanges")  # ours, and so is the next one
        self.parameters = _positive(cards[self.name], "parameters")

    def _bare(self, request: Any) -> None:
        """Leaves out what the client adds by itself: headers of the environment, meant for OpenAI, and its statistics."""
        for name in [name for name in request.headers if name.lower() not in HEADERS]:
            del request.headers[name]
        if not self._key:
            request.headers.pop("authorization", None)

    def _cards(self, model: str | None) -> dict[str, Any]:
        """What the server says of its models; of one that is named, nothing where it keeps no list."""
        import openai

        try:
            listed = list(self._client.models.list())
        except openai.NotFoundError:
            if model is None:
                raise
            return {model: None}
        named = {getattr(card, "id", None): card for card in listed}
        if not all(isinstance(name, str) for name in named):
            raise unreadable(self._url)
        return {str(name): card for name, card in named.items() if printable(str(name)) == name}

    def told(self) -> AbstractContextManager[None]:
        """Within it, the client's errors are ours, in words for the reader."""
        return told(self._url, self._key, PATIENCE, KEY)

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None, *, likely: int = 0) -> Reply:
        """Streams the answer to the last message; the server is asked when the first piece is.

        Args:
            messages: turns so far, the last one the user's; a server may refuse more than its context holds.
            sampling: how tokens are chosen; greedy by default. `top_k` and `repetition_penalty`, which are not OpenAI's,
                are sent where they ask for something.
            likely: as in `Chat.reply`; a server that gives no probabilities leaves `answer.tokens` empty.

        Raises:
            WorldError: nobody is there, or the server fails; while iterating.
            BusyError: too many ask there; while iterating.
            TooLongError: the server has no room for the messages; while iterating.
            InputError: the server refuses the request, in its own words; while iterating.
            ValueError: `likely` is out of its range.
        """
        check_likely(likely)
        answer, stream = Answer(finish="cancelled"), ArrivingText()
        source = self._source(self._request(messages, sampling or Sampling(), likely), stream, answer)
        return Reply(stream.read(source, answer), answer, stream.cancel)

    def _source(self, request: dict[str, Any], stream: ArrivingText, answer: Answer) -> Iterator[str]:
        """Pieces as the server sends them; fills all of `answer` but its text, which is what has been read."""
        began, finish = time.perf_counter(), ""
        with self.told(), stream.of(self._client.chat.completions.create(**request)) as chunks:
            for chunk in chunks:
                text, finish, usage, tokens = self._read(chunk, finish)
                if usage:
                    answer.prompt_tokens, answer.new_tokens, answer.dropped_turns = usage
                answer.tokens += tokens
                if text:
                    answer.seconds = time.perf_counter() - began
                    answer.first_seconds = answer.first_seconds or answer.seconds
                    yield text
        answer.seconds = time.perf_counter() - began
        if stream.cancelled:
            return
        if not finish and not answer.first_seconds:
            raise unreadable(self._url)
        answer.finish = _FINISH.get(finish, "unknown")

    def _read(self, chunk: Any, finish: str) -> tuple[str, str, tuple[int, int, int] | None, list[Written]]:
        """A chunk's text, why the answer ended if that is known by now, the sizes if it tells, and tokens if it does."""
        try:
            usage = chunk.usage and _sizes(chunk.usage)
            tokens = [_written(token) for choice in chunk.choices for token in _logprobs(choice)]
            texts = [choice.delta.content or "" for choice in chunk.choices]
            ends = [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
            return "".join(texts), ends[0] if ends else finish, usage, tokens
        except (AttributeError, TypeError, ValueError) as error:  # the client hands over whatever JSON there was
            raise unreadable(self._url) from error

    def _request(self, messages: Sequence[Message], sampling: Sampling, likely: int) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if sampling.top_k:
            more["top_k"] = sampling.top_k
        if sampling.repetition_penalty != 1.0:
            more["repetition_penalty"] = sampling.repetition_penalty
        request: dict[str, Any] = {
            "model": self.name,
            "messages": [self.sent(message) for message in messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if sampling.seed is not None:
            request["seed"] = sampling.seed
        if likely:
            request.update(logprobs=True, top_logprobs=likely)
        return {**request, "extra_headers": {"accept-language": current_language()}, "extra_body": more}

    def sent(self, message: Message) -> dict[str, str]:
        """A message as the server gets it."""
        content = f"{message.content}\n{message.context}" if message.context else message.content
        return {"role": message.role, "content": content}


def _sizes(usage: Any) -> tuple[int, int, int]:
    """Tokens read, tokens written, oldest messages left out; only a Causette tells of the last."""
    dropped = getattr(usage, "dropped_turns", 0)
    return int(usage.prompt_tokens), int(usage.completion_tokens), dropped if isinstance(dropped, int) else 0


def _logprobs(choice: Any) -> Sequence[Any]:
    logprobs = getattr(choice, "logprobs", None)
    return (logprobs and logprobs.content) or ()


def _written(token: Any) -> Written:
    likeliest = tuple(Likely(text=str(each.token), probability=_probability(each)) for each in token.top_logprobs or ())
    return Written(text=str(token.token), probability=_probability(token), likeliest=likeliest)


def _probability(token: Any) -> float:
    """A server may round a little beyond what is certain."""
    return math.exp(min(0.0, float(token.logprob)))


def _positive(card: Any, name: str) -> int | None:
    value = getattr(card, name, None)
    return value if isinstance(value, int) and value > 0 else None


def _chosen(model: str | None, known: Sequence[str], url: str) -> str:
    """The model asked for, or the only one there is."""
    shown = ", ".join(known[:20]) or tr("aucun", "none")
    if model is None and len(known) != 1:
        raise InputError(
            tr(f"{url} : nommez un modèle de ce serveur : {shown}.", f"{url}: name a model of this server: {shown}.")
        )
    if model is not None and model not in known:
        raise InputError(
            tr(f"{url} : pas de modèle « {model} ». Modèles du serveur : {shown}.",
               f"{url}: no model “{model}”. Models of the server: {shown}.")
        )  # fmt: skip
    return model or known[0]
