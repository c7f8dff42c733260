"""Talking to a model behind an OpenAI-compatible address: vLLM, llama.cpp, Ollama, another Causette.

chat = RemoteChat("http://127.0.0.1:8000/v1")
print(chat.reply([user("Bonjour ?")]).text())
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

from chatbot.address import check_address
from chatbot.chat import Answer, Finish, Reply
from chatbot.dialogue import Message
from chatbot.errors import BusyError, InputError, WorldError
from chatbot.language import tr
from chatbot.sampling import Sampling
from chatbot.session import printable
from chatbot.stream import gathered

URL_OPTION, URL, KEY = "--base-url", "OPENAI_BASE_URL", "OPENAI_API_KEY"  # the variables of OpenAI's own client
AT_ONCE = 32  # answers asked for at the same time: the server has a line of its own
PATIENCE = 120.0  # seconds without a sign from the server
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

    parameters = None  # the API tells of none of these
    exchanges = None
    at_once = AT_ONCE

    def __init__(self, url: str, model: str | None = None, key: str = ""):
        check_address(url, URL_OPTION, key, KEY)
        import openai

        self._url = url
        # Without a key the client would look for one itself, and send what was meant for another server.
        self._client = openai.OpenAI(base_url=url, api_key=key or "none", timeout=PATIENCE, max_retries=1)
        with self._told():
            cards = self._cards(model)
        self.name = _chosen(model, sorted(cards), url)
        context = getattr(cards[self.name], "max_model_len", None)  # vLLM's; others do not say
        self.context = context if isinstance(context, int) and context > 0 else None

    def _cards(self, model: str | None) -> dict[str, Any]:
        """What the server says of its models; of one that is named, nothing where it keeps no list."""
        import openai

        try:
            return {card.id: card for card in self._client.models.list() if printable(card.id) == card.id}
        except openai.NotFoundError:
            if model is None:
                raise
            return {model: None}

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None) -> Reply:
        """Streams the answer to the last message; the server is asked when the first piece is.

        Args:
            messages: turns so far, the last one the user's; a server may refuse more than its context holds.
            sampling: how tokens are chosen; greedy by default. `top_k` and `repetition_penalty`, which are not OpenAI's,
                are sent where they ask for something.

        Raises:
            WorldError: nobody is there, or the server fails; while iterating.
            BusyError: too many ask there; while iterating.
            InputError: the server refuses the request, in its own words; while iterating.
        """
        answer, stream = Answer(finish="cancelled"), _Stream()
        source = self._source(messages, sampling or Sampling(), stream, answer)
        return Reply(stream.read(source, answer), answer, stream.cancel)

    def _source(
        self, messages: Sequence[Message], sampling: Sampling, stream: "_Stream", answer: Answer
    ) -> Iterator[str]:
        """Pieces as the server sends them; fills all of `answer` but its text, which is what has been read."""
        began = time.perf_counter()
        finish: Finish | None = None
        with (
            self._told(),
            stream.of(self._client.chat.completions.create(**self._request(messages, sampling))) as chunks,
        ):
            for chunk in chunks:
                if chunk.usage:
                    answer.prompt_tokens = chunk.usage.prompt_tokens
                    answer.new_tokens = chunk.usage.completion_tokens
                for choice in chunk.choices:
                    finish = _FINISH.get(choice.finish_reason or "", finish)
                    if text := choice.delta.content:
                        answer.seconds = time.perf_counter() - began
                        answer.first_seconds = answer.first_seconds or answer.seconds
                        yield text
        answer.seconds = time.perf_counter() - began
        if stream.cancelled:
            return
        if not finish and not answer.first_seconds:
            raise self._unreadable()
        answer.finish = finish or "length"  # cut, as the server did not say how it ended

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if sampling.top_k:
            more["top_k"] = sampling.top_k
        if sampling.repetition_penalty != 1.0:
            more["repetition_penalty"] = sampling.repetition_penalty
        request: dict[str, Any] = {
            "model": self.name,
            "messages": [_sent(message) for message in messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if sampling.seed is not None:
            request["seed"] = sampling.seed
        return {**request, "extra_body": more}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The client's errors in our words; the server's own only where it refuses what the user asked for."""
        import httpx
        import openai

        try:
            yield
        except openai.APITimeoutError as error:
            raise WorldError(
                tr(f"{self._url} : pas de réponse en {PATIENCE:g} s.", f"{self._url}: no answer in {PATIENCE:g} s.")
            ) from error
        except (openai.APIConnectionError, httpx.TransportError) as error:
            raise WorldError(
                tr(f"{self._url} : aucun serveur ne répond, ou la connexion s'est coupée. Vérifiez qu'il tourne.",
                   f"{self._url}: no server answers, or the connection was cut. Check that it is running.")
            ) from error  # fmt: skip
        except openai.RateLimitError as error:
            raise BusyError(
                tr(f"{self._url} : trop de questions à la fois. Réessayez dans un instant.",
                   f"{self._url}: too many questions at once. Try again in a moment.")
            ) from error  # fmt: skip
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise InputError(
                tr(f"{self._url} : clé refusée. Donnez-la dans la variable {KEY}.",
                   f"{self._url}: key refused. Give it in the variable {KEY}.")
            ) from error  # fmt: skip
        except openai.NotFoundError as error:
            raise InputError(
                tr(f"{self._url} : adresse ou modèle inconnus du serveur. L'adresse finit d'ordinaire par /v1.",
                   f"{self._url}: the server does not know the address or the model. Addresses mostly end in /v1.")
            ) from error  # fmt: skip
        except openai.APIStatusError as error:
            refused = 400 <= error.status_code < 500
            words = _own_words(error.body).replace(self._client.api_key, "…") if refused else ""
            kind = InputError if refused else WorldError
            raise kind(
                tr(f"{self._url} : refus (HTTP {error.status_code}). {words}".rstrip(),
                   f"{self._url}: refused (HTTP {error.status_code}). {words}".rstrip())
            ) from error  # fmt: skip
        except (openai.OpenAIError, ValueError, AttributeError, TypeError) as error:
            raise self._unreadable() from error

    def _unreadable(self) -> WorldError:
        return WorldError(
            tr(f"{self._url} : réponse illisible ; ce n'est peut-être pas une API d'OpenAI.",
               f"{self._url}: unreadable answer; it may not be OpenAI's API.")
        )  # fmt: skip


class _Stream:
    """An answer read in a thread of its own: who draws slower than the server writes gets all that has come since.

    Giving it up ends the reader's wait at once and closes the connection, so that the server stops writing; one that has
    not begun to answer is left as soon as it does.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._arrived: SimpleQueue[Any] = SimpleQueue()
        self._socket: socket.socket | None = None

    def read(self, source: Iterator[str], answer: Answer) -> Iterator[str]:
        """The pieces of `source`, together where several have come; they are the text of `answer`."""
        if self.cancelled:
            return

        def pull() -> None:
            try:
                for piece in source:
                    self._arrived.put(piece)
                self._arrived.put(None)
            except Exception as error:  # the reader raises it
                self._arrived.put(error)

        threading.Thread(target=pull, name="remote", daemon=True).start()
        try:
            for pieces in gathered(self._arrived):
                text = "".join(pieces)
                answer.text += text
                yield text
        finally:
            self.cancel()

    @contextmanager
    def of(self, chunks: Any) -> Iterator[Any]:
        """The client's stream, closed in the end; no more of it once it is given up."""
        import httpx
        import openai

        with chunks:
            self._socket = chunks.response.extensions["network_stream"].get_extra_info("socket")
            try:
                yield () if self.cancelled else chunks
            except (openai.APIConnectionError, httpx.TransportError):
                if not self.cancelled:
                    raise

    def cancel(self) -> None:
        self.cancelled = True
        self._arrived.put(None)
        if self._socket is not None:
            with suppress(OSError):  # closed already
                self._socket.shutdown(socket.SHUT_RDWR)


def _sent(message: Message) -> Mapping[str, str]:
    content = f"{message.content}\n{message.context}" if message.context else message.content
    return {"role": message.role, "content": content}


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


def _own_words(body: object) -> str:
    """What the server says of its refusal, in one line."""
    words = body.get("message") if isinstance(body, dict) else body
    return " ".join(printable(words).split())[:300] if isinstance(words, str) else ""
