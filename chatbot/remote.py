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

from chatbot.address import check_address, is_near
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
HEADERS = {  # what a request needs
    "accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent",
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

    parameters = None  # the API does not tell
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
        with self._told():
            cards = self._cards(model)
        self.name = _chosen(model, sorted(cards), url)
        self.context = _positive(cards[self.name], "max_model_len")  # vLLM's; others do not say
        self.exchanges = _positive(cards[self.name], "exchanges")  # ours

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
            raise self._unreadable()
        return {str(name): card for name, card in named.items() if printable(str(name)) == name}

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
        began, finish = time.perf_counter(), ""
        with (
            self._told(),
            stream.of(self._client.chat.completions.create(**self._request(messages, sampling))) as chunks,
        ):
            for chunk in chunks:
                text, finish, usage = self._read(chunk, finish)
                if usage:
                    answer.prompt_tokens, answer.new_tokens = usage
                if text:
                    answer.seconds = time.perf_counter() - began
                    answer.first_seconds = answer.first_seconds or answer.seconds
                    yield text
        answer.seconds = time.perf_counter() - began
        if stream.cancelled:
            return
        if not finish and not answer.first_seconds:
            raise self._unreadable()
        answer.finish = _FINISH.get(finish, "unknown")

    def _read(self, chunk: Any, finish: str) -> tuple[str, str, tuple[int, int] | None]:
        """A chunk's text, why the answer ended if that is known by now, and the tokens read and written if it tells."""
        try:
            usage = chunk.usage and (int(chunk.usage.prompt_tokens), int(chunk.usage.completion_tokens))
            texts = [choice.delta.content or "" for choice in chunk.choices]
            ends = [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
            return "".join(texts), ends[0] if ends else finish, usage
        except (AttributeError, TypeError, ValueError) as error:  # the client hands over whatever JSON there was
            raise self._unreadable() from error

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
            words = self._own_words(error) if refused else ""
            kind = InputError if refused else WorldError
            raise kind(
                tr(f"{self._url} : refus (HTTP {error.status_code}). {words}".rstrip(),
                   f"{self._url}: refused (HTTP {error.status_code}). {words}".rstrip())
            ) from error  # fmt: skip
        except openai.APIResponseValidationError as error:
            raise self._unreadable() from error
        except openai.APIError as error:  # told in the middle of a stream
            words = self._own_words(error)
            raise WorldError(
                tr(f"{self._url} : la réponse a échoué. {words}".rstrip(),
                   f"{self._url}: the answer failed. {words}".rstrip())
            ) from error  # fmt: skip
        except ValueError as error:  # what is sent is no JSON, or no text
            raise self._unreadable() from error

    def _unreadable(self) -> WorldError:
        return WorldError(
            tr(f"{self._url} : réponse illisible ; ce n'est peut-être pas une API d'OpenAI.",
               f"{self._url}: unreadable answer; it may not be OpenAI's API.")
        )  # fmt: skip

    def _own_words(self, error: Any) -> str:
        """What the server says, in one line, without the key."""
        body = error.body
        words = body.get("message") if isinstance(body, dict) else body
        if not isinstance(words, str):
            return ""
        words = " ".join(printable(words).split())
        return (words.replace(self._key, "…") if self._key else words)[:300]


class _Stream:
    """An answer read in a thread of its own: who draws slower than the server writes gets all that has come since.

    Giving it up ends the reader's wait at once and closes the connection, so that the server stops writing; one that has
    not begun to answer is left as soon as it does.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._arrived: SimpleQueue[Any] = SimpleQueue()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None  # while it is this answer's: it is then another's

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
            with self._lock:
                self._socket = chunks.response.extensions["network_stream"].get_extra_info("socket")
            try:
                yield () if self.cancelled else chunks
            except (openai.APIConnectionError, httpx.TransportError):
                if not self.cancelled:
                    raise
            finally:
                with self._lock:
                    self._socket = None

    def cancel(self) -> None:
        self.cancelled = True
        self._arrived.put(None)
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # closed already
                    self._socket.shutdown(socket.SHUT_RDWR)


def _sent(message: Message) -> Mapping[str, str]:
    content = f"{message.content}\n{message.context}" if message.context else message.content
    return {"role": message.role, "content": content}


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
