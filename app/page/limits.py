"""How much one client may ask of the page, and how much all together: requests, streams, bytes, time."""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.page.look import words
from app.page.request import client_of, header, language_of, place_of, refuse
from chatbot.language import current_language, number, speaking

SLOWEST = 100_000  # bytes a second at which a large file may still come
CLIENTS = 10_000  # that are remembered; then those who asked longest ago are forgotten, about 2 MB in all
STREAMS = ("/gradio_api/heartbeat/", "/gradio_api/queue/data")


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What is allowed.

    Args:
        rate: requests a minute of one client that cost something: an event of the page, a file, a call of the API; 0
            for no limit.
        burst: how many of them at once.
        streams: open streams of one client; a tab has one, and another one while it waits for an answer.
        all_streams: open streams of all clients.
        body: bytes of an event.
        api_body: bytes of a call of the API.
        upload: bytes of a form with its file.
        patience: seconds in which a body must have come; a large file has more, see `SLOWEST`.
    """

    rate: float = 60
    burst: int = 30
    streams: int = 20
    all_streams: int = 200
    body: int = 256 * 1024
    api_body: int = 2**20
    upload: int = 0
    patience: float = 20

    def seconds_for(self, most: int) -> float:
        return max(self.patience, most / SLOWEST)


def allowance_of(rate: int, *, upload: int = 0) -> Allowance:
    """What goes with a rate: half of it at once, a third of it in streams, never less than by default. With 0 a client
    may do what all may: a whole class can be behind one address."""
    usual = Allowance()
    if rate == 0:
        return Allowance(rate=0, streams=usual.all_streams, upload=upload)
    burst = min(rate, max(usual.burst, rate // 2))
    streams = min(max(usual.streams, rate // 3), usual.all_streams)
    return Allowance(rate=rate, burst=burst, streams=streams, upload=upload)


class Purses:
    """A purse of tokens per client, which fills slowly: the token bucket.

    Args:
        rate: tokens a minute; 0 for purses that are never empty.
        size: tokens in a full purse.
        most: purses kept; that of who asked longest ago goes first.
        clock: seconds that never go back.
    """

    def __init__(self, rate: float, size: int, most: int = CLIENTS, clock: Callable[[], float] = time.monotonic):
        self._per_second, self._size, self._most, self._clock = rate / 60, size, most, clock
        self._purses: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when that was

    def __len__(self) -> int:
        return len(self._purses)

    def take(self, client: str, *, debt: int = 0) -> float:
        """Takes a token; returns 0, or the seconds until there is one.

        Args:
            client: whose purse.
            debt: how many tokens may be owed.
        """
        if not self._per_second:
            return 0
        now = self._clock()
        tokens, then = self._purses.pop(client, (float(self._size), now))
        tokens = min(self._size, tokens + (now - then) * self._per_second)
        enough = tokens - 1 >= -debt
        self._purses[client] = (tokens - 1 if enough else tokens, now)
        if len(self._purses) > self._most:
            self._purses.popitem(last=False)
        return 0 if enough else (1 - debt - tokens) / self._per_second


class Limits:
    """ASGI middleware.

    Args:
        app: what is protected.
        allowance: how much is allowed.
        behind_proxy: whether clients are told apart by what a proxy before the server says.
        purses: of the clients; by default new ones.
    """

    def __init__(
        self,
        app: Any,
        *,
        allowance: Allowance = Allowance(),  # noqa: B008
        behind_proxy: bool = False,
        purses: Purses | None = None,
    ):
        self._app, self._allowance, self._behind_proxy = app, allowance, behind_proxy
        self._purses = Purses(allowance.rate, allowance.burst) if purses is None else purses
        self._streams: Counter[str] = Counter()
        self._language = current_language()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        client, place = client_of(scope, behind_proxy=self._behind_proxy), place_of(scope)
        if wait := self._price(client, scope["method"], place):
            return await self._refuse_in_words(scope, send, wait)
        if scope["method"] == "GET" and place.startswith(STREAMS):
            return await self._streamed(client, scope, receive, send)
        await self._read(scope, receive, send, self._longest(place))

    def _price(self, client: str, method: str, place: str) -> float:
        """Takes what the request costs; returns the seconds to wait, when the client has it not.

        An answer is asked for by one event and listened to by a second, through the line. Who could pay the first may
        owe the second, or the question would stay without its answer.
        """
        if method != "POST":
            return 0
        if place.endswith("/queue/join"):
            return self._purses.take(client, debt=self._allowance.burst)
        costs = place.startswith(("/gradio_api/run/", "/gradio_api/upload", "/v1/"))
        return self._purses.take(client) if costs else 0

    async def _refuse_in_words(self, scope: Any, send: Any, wait: float) -> None:
        seconds = math.ceil(wait)
        with speaking(language_of(scope, self._language)):
            said = words(f"Trop de demandes depuis votre adresse : réessayez dans {number(seconds)} s.",
                       f"Too many requests from your address: try again in {number(seconds)} s.")  # fmt: skip
        await refuse(scope, send, 429, said, {"retry-after": str(seconds)})

    async def _streamed(self, client: str, scope: Any, receive: Any, send: Any) -> None:
        most = self._allowance
        if self._streams[client] >= most.streams or self._streams.total() >= most.all_streams:
            with speaking(language_of(scope, self._language)):
                said = words("Trop de pages sont ouvertes à la fois : fermez-en, ou réessayez plus tard.",
                           "Too many pages are open at once: close some, or try again later.")  # fmt: skip
            return await refuse(scope, send, 429, said, {"retry-after": "30"})
        self._streams[client] += 1
        try:
            await self._read(scope, receive, send, most.body)
        finally:
            self._streams[client] -= 1
            if not self._streams[client]:
                del self._streams[client]

    def _longest(self, place: str) -> int:
        if place.startswith("/v1/"):
            return self._allowance.api_body
        return self._allowance.upload if place == "/gradio_api/upload" else self._allowance.body

    async def _read(self, scope: Any, receive: Any, send: Any, most: int) -> None:
        """Lets the app read the body, as long as it is neither too long nor too slow."""
        told = header(scope, "content-length")
        if told.isdecimal() and int(told[:20]) > most:
            return await self._refuse_body(scope, send, 413, most)
        body = _Body(receive, send, most, self._allowance.seconds_for(most))
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.refused:
                raise
        if body.refused and not body.begun:
            await self._refuse_body(scope, send, body.refused, most)

    async def _refuse_body(self, scope: Any, send: Any, status: int, most: int) -> None:
        with speaking(language_of(scope, self._language)):
            size = number(most / 1024)
            said = words(f"C'est trop long : {size} Kio au plus.", f"That is too long: at most {size} KiB.")
            if status == 408:
                said = words("La demande n'est pas arrivée à temps.", "The request did not arrive in time.")
        await refuse(scope, send, status, said, {"connection": "close"})


class _Body:
    """A request's body on its way to the app: counted, and given up when it takes too long.

    For the app, a body that is refused is a client who went away: whatever it then answers is dropped.
    """

    def __init__(self, receive: Any, send: Any, most: int, seconds: float):
        self._receive, self._send, self._most = receive, send, most
        self._deadline = time.monotonic() + seconds
        self._bytes, self._complete = 0, False
        self.refused, self.begun = 0, False

    async def receive(self) -> Any:
        if self.refused:
            return {"type": "http.disconnect"}
        if self._complete:
            return await self._receive()
        try:
            left = self._deadline - time.monotonic()
            message = await asyncio.wait_for(self._receive(), max(left, 0))
        except TimeoutError:
            self.refused = 408
            return {"type": "http.disconnect"}
        self._bytes += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._bytes > self._most:
            self.refused = 413
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Any) -> None:
        if self.refused and not self.begun:
            return
        self.begun = True
        await self._send(message)
