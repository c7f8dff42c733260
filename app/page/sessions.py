"""Who is logged in, and who has to wait because of wrong passwords; all of it in memory, none of it without bounds."""

import hashlib
import secrets
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Hashable

IDLE = 12 * 3600  # seconds without a request, after which a session is over
SESSIONS = 10_000
FREE_FAILURES, FIRST_DELAY, LONGEST_DELAY = 5, 30, 15 * 60
FREE_OF_CLIENT = 50  # a whole class can be behind one address
FORGOTTEN = 3600  # seconds after which failures no longer count
REMEMBERED = 20_000  # names and clients with failures

Clock = Callable[[], float]


class Sessions:
    """Sessions by their token, of which only a hash is kept: who reads this memory cannot take one over.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Clock = time.monotonic):
        self._clock = clock
        self._open: OrderedDict[bytes, tuple[str, str, float]] = OrderedDict()  # account, its mark, last request

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, name: str, mark: str) -> str:
        """A new session's token, of 256 random bits.

        Args:
            name: of the account.
            mark: what changes with the account's password.

        Raises:
            ValueError: there is no mark, and so no such account.
        """
        if not mark:
            raise ValueError("no account")
        token = secrets.token_urlsafe(32)
        self._open[_hashed(token)] = (name, mark, self._clock())
        if len(self._open) > SESSIONS:
            self._open.popitem(last=False)
        return token

    def account_of(self, token: str) -> tuple[str, str] | None:
        """Name and mark of the session's account; None when there is no such session any more."""
        key = _hashed(token)
        name, mark, last = self._open.pop(key, ("", "", 0.0))
        if not name or self._clock() - last > IDLE:
            return None
        self._open[key] = (name, mark, self._clock())
        return name, mark

    def end(self, token: str) -> None:
        self._open.pop(_hashed(token), None)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


class Lockout:
    """Growing delays after wrong passwords: five are free, then 30 s, doubled by each further one up to 15 minutes.

    Counted for each name from each client, so that nobody shuts an account for its owner; and for each client with all
    its names, where fifty are free: one password for many names is tried no faster, yet the mistakes of some do not shut
    out a class. Names that no account has count too, so that nothing tells them apart.
    """

    def __init__(self, clock: Clock = time.monotonic):
        self._clock = clock
        self._failures: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()  # how many, and when the last was

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, name: str, client: str) -> float:
        """Seconds until a password is looked at again; 0 for at once."""
        return max(self._wait(_pair(name, client), FREE_FAILURES), self._wait(client, FREE_OF_CLIENT))

    def failed(self, name: str, client: str) -> None:
        for key in (_pair(name, client), client):
            self._failures[key] = (self._count(key) + 1, self._clock())
            self._failures.move_to_end(key)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, client: str) -> None:
        """Forgets the failures with that name, for the client as well. Those with other names stay: an account of one's
        own frees nobody to guess at others."""
        forgiven = self._count(_pair(name, client))
        self._failures.pop(_pair(name, client), None)
        if client in self._failures:
            left = self._count(client) - forgiven
            if left > 0:
                self._failures[client] = (left, self._failures[client][1])
            else:
                del self._failures[client]

    def _count(self, key: Hashable) -> int:
        count, last = self._failures.get(key, (0, 0.0))
        return 0 if self._clock() - last > FORGOTTEN else count

    def _wait(self, key: Hashable, free: int) -> float:
        count, last = self._failures.get(key, (0, 0.0))
        if count < free:
            return 0
        delay = min(FIRST_DELAY * 2 ** min(count - free, 10), LONGEST_DELAY)
        return max(0.0, last + delay - self._clock())


def _pair(name: str, client: str) -> tuple[bytes, str]:
    """The same letters typed on two systems may be different characters; an account knows only one way (NFC)."""
    typed = unicodedata.normalize("NFC", name)
    return hashlib.sha256(typed.encode("utf-8", "replace")).digest(), client
