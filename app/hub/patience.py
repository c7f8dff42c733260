"""Patience with a network that fails for a while: several tries, each told, with growing waits.

The Hub's library retries by itself, in silence, up to half a minute for each of its requests, and waits for an answer
without end. While a push lasts its requests fail at once instead (`hasty_requests`), and the waiting is done here.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chatbot.language import number, tr

Found = TypeVar("Found")
WAITS = (2.0, 4.0, 8.0, 16.0, 32.0)  # seconds, between the tries
LONGEST_WAIT = 300.0  # that the Hub may ask for; past it the user is told when to come back
CONNECT, ANSWER = 10.0, 60.0  # seconds until a server is given up: to reach it, and for each answer
PASSING = (408, 429, 500, 502, 503, 504)  # statuses of what may pass by itself


class Interrupted(Exception):
    """The network or the Hub failed in a way that may pass.

    Args:
        reason: in a few words; no address, which may be a signed one.
        status: of HTTP; None where no answer came.
        wait: seconds that the Hub asks for; None where it does not.
    """

    def __init__(self, reason: str, *, status: int | None = None, wait: float | None = None):
        super().__init__(reason)
        self.reason, self.status, self.wait = reason, status, wait


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to go on.

    Args:
        say: where each new try is told.
        waits: seconds before each of the new tries.
        sleep: waits so many seconds.
    """

    say: Callable[[str], None]
    waits: tuple[float, ...] = field(default_factory=lambda: WAITS)
    sleep: Callable[[float], None] = time.sleep

    def through(self, act: Callable[[], Found], *, done: Callable[[], Found | None] | None = None) -> Found:
        """What `act` gives, tried again while it is interrupted.

        Args:
            act: may raise `Interrupted`.
            done: looks before each new try whether the last one reached its end, and only its answer was lost.

        Raises:
            Interrupted: it still was, at the last try.
        """
        for count in range(len(self.waits) + 1):
            try:
                if count and done and (found := done()) is not None:
                    return found
                return act()
            except Interrupted as error:
                self._wait(count, error)
        raise AssertionError("the last try returns or raises")

    def _wait(self, count: int, error: Interrupted) -> None:
        if count == len(self.waits):
            raise error
        wait = max(self.waits[count], error.wait or 0)
        if wait > LONGEST_WAIT:
            raise error
        which = tr(f"{count + 1} sur {len(self.waits)}", f"{count + 1} of {len(self.waits)}")
        seconds = number(wait, 0 if wait == int(wait) else 1)
        self.say(tr(f"{reason_told(error)} ; nouvel essai dans {seconds} s ({which}).",
                    f"{reason_told(error)}; trying again in {seconds} s ({which})."))  # fmt: skip
        self.sleep(wait)


def reason_told(error: Interrupted) -> str:
    """What failed, in words."""
    if error.status == 429:
        return tr("Le Hub reçoit trop de demandes (429)", "The Hub gets too many requests (429)")
    if error.status is not None:
        return tr(f"Le Hub est en panne ({error.status})", f"The Hub is out of order ({error.status})")
    return tr(f"La connexion au Hub a échoué ({error.reason})", f"The connection to the Hub failed ({error.reason})")


@contextmanager
def hasty_requests() -> Iterator[None]:
    """Within it the Hub's library raises `Interrupted` at once for what may pass, and waits for no answer for ever."""
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils._http import default_client_factory

    set_client_factory(_hasty_client)
    try:
        yield
    finally:
        set_client_factory(default_client_factory)


@contextmanager
def unwrapped() -> Iterator[None]:
    """Within it an upload fails with what made it fail; the library says `RuntimeError` for whatever happened.

    Raises:
        Interrupted: the network failed, or the library's other way of sending large files (Xet), which says no more.
        OSError: a file could not be read.
    """
    try:
        yield
    except Exception as error:
        raise (_made_by(error) or error) from None


def _made_by(error: BaseException) -> BaseException | None:
    """What made an upload fail; None where nothing is known but the error itself."""
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, Interrupted | HfHubHTTPError):
        return error
    passing = isinstance(error, ConnectionError | TimeoutError) or type(error).__module__.partition(".")[0] == "hf_xet"
    if passing:  # Xet's are PermissionError and FileNotFoundError by name, and of the Hub even so
        return Interrupted(tr("envoi interrompu", "sending interrupted"))
    if isinstance(error, OSError):
        return error
    if not isinstance(error, RuntimeError):
        return None
    known = _made_by(error.__cause__) if error.__cause__ else None
    return known or Interrupted(tr("envoi interrompu", "sending interrupted"))


@contextmanager
def bars_on_terminals() -> Iterator[None]:
    """Within it the library draws its progress on a terminal only; in a log each redrawing would be a line."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if sys.stderr.isatty() or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def _hasty_client() -> Any:
    """The library's own client (its proxies, its redirects), whose failures its retries do not know."""
    from huggingface_hub.utils._http import default_client_factory

    failures = connection_errors()
    client = default_client_factory()
    client.timeout = type(client.timeout)(ANSWER, connect=CONNECT)
    send = client.send

    def hasty(*args: Any, **options: Any) -> Any:
        try:
            response = send(*args, **options)
        except failures as error:
            raise Interrupted(_in_words(error)) from None
        if response.status_code in PASSING:
            response.close()
            raise Interrupted("HTTP", status=response.status_code, wait=_wait_asked(response.headers))
        return response

    client.send = hasty  # type: ignore[method-assign]
    return client


def connection_errors() -> tuple[type[BaseException], ...]:
    """What the Hub's library raises where no answer came: errors of httpx, or of httpx2, by the library's version.

    `HfHubHTTPError`, an answer that refuses, is one of them too: it is to be caught before them.
    """
    from huggingface_hub.errors import HfHubHTTPError

    return tuple(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")


def _in_words(error: BaseException) -> str:
    """Why no answer came, without the address."""
    kind = type(error).__name__
    if "Timeout" in kind:
        return tr("pas de réponse", "no answer")
    if kind == "ConnectError":
        return tr("serveur injoignable", "server not reached")
    return tr("connexion coupée", "connection cut")


def _wait_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that a refusal asks for, by either of the two headers."""
    from huggingface_hub.utils import parse_ratelimit_headers

    if (limit := parse_ratelimit_headers(headers)) is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.isdigit() else _until(text)


def _until(date: str) -> float | None:
    """Seconds until a date as HTTP writes it; None for what is none."""
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
