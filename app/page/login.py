"""Nobody sees the page before they gave a name and a password of the house."""

import asyncio
import math
import re
import unicodedata
from typing import Any, Protocol
from urllib.parse import parse_qs

from app.page.login_page import login_page
from app.page.look import words
from app.page.request import (
    client_of,
    header,
    is_from_elsewhere,
    is_secure,
    language_of,
    place_of,
    prefix_of,
    refuse,
)
from app.page.sessions import IDLE, Lockout, Sessions
from chatbot.language import LANGUAGES, current_language, speaking

LOGIN, LOGOUT = "/login", "/logout"
ADDRESSES = (LOGIN, LOGOUT)  # to be let through by `Guard`
LONGEST_FORM = 16 * 1024  # bytes
IN_LINE = 8  # logins that may wait while one is looked at, which takes a third of a second and 128 MB

COOKIE = re.compile(r"(?:^|;)\s*([^=;\s]+)=([A-Za-z0-9_-]{1,128})(?=;|\s*$)")


class Accounts(Protocol):
    """Who may come in. The methods may take long; they are called one at a time."""

    def check(self, name: str, password: str) -> bool:
        """Whether that is the account's password; takes as long when there is no such account."""

    def mark(self, name: str) -> str:
        """What changes with the account's password; "" when there is no such account."""


class Login:
    """ASGI middleware: whoever has no session gets the login page, or a 401.

    Args:
        app: what is behind it.
        accounts: who may come in.
        title: of the page.
        two_languages: whether the page is there in both languages, each under its own prefix or at the root.
        api_has_key: whether the API ("/v1/") asks for a key of its own; then it needs no login.
        behind_proxy: see `Guard`.
        sessions: of who came in; by default new ones.
        lockout: of who gave wrong passwords; by default a new one.
    """

    def __init__(
        self,
        app: Any,
        *,
        accounts: Accounts,
        title: str = "Causette",
        two_languages: bool = False,
        api_has_key: bool = False,
        behind_proxy: bool = False,
        sessions: Sessions | None = None,
        lockout: Lockout | None = None,
    ):
        self._app, self._accounts, self._title = app, accounts, title
        self._two_languages, self._api_has_key, self._behind_proxy = two_languages, api_has_key, behind_proxy
        self._sessions = Sessions() if sessions is None else sessions
        self._lockout = Lockout() if lockout is None else lockout
        self._language, self._one_at_a_time, self._waiting = current_language(), asyncio.Lock(), 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            if self._is_known(scope):
                return await self._app(scope, receive, send)
            return await send({"type": "websocket.close", "code": 1008})
        with speaking(language_of(scope, self._language)):
            place, method = place_of(scope), scope["method"]
            if place == LOGIN and method == "POST":
                return await self._log_in(scope, receive, send)
            if place == LOGIN and method in ("GET", "HEAD"):
                return await self._show(scope, send, 200)
            if place == LOGOUT and method in ("GET", "POST"):
                return await self._log_out(scope, send)
            if not self._may_pass(scope):
                return await self._turn_away(scope, send)
        await self._app(scope, receive, send)

    def _may_pass(self, scope: Any) -> bool:
        return (self._api_has_key and scope["path"].startswith("/v1/")) or self._is_known(scope)

    def _is_known(self, scope: Any) -> bool:
        """Whether there is a session, of an account that is still there with the same password."""
        account = self._sessions.account_of(self._token(scope))
        return account is not None and account[1] != "" and self._accounts.mark(account[0]) == account[1]

    async def _turn_away(self, scope: Any, send: Any) -> None:
        if scope["method"] == "GET" and "text/html" in header(scope, "accept"):
            return await self._go(send, prefix_of(scope) + LOGIN)
        await refuse(
            scope, send, 401, words("Connectez-vous d'abord : rechargez la page.", "Log in first: reload the page.")
        )

    # -- coming in ----------------------------------------------------------------------------------------------------

    async def _log_in(self, scope: Any, receive: Any, send: Any) -> None:
        if is_from_elsewhere(scope, behind_proxy=self._behind_proxy) is not False:  # a browser of today tells
            notice = words("Cette demande ne vient pas de cette page.", "This request does not come from this page.")
            return await self._show(scope, send, 403, notice=notice)
        name, password = await _form(receive)
        if self._waiting >= IN_LINE:
            notice = words("Trop de connexions à la fois : réessayez dans un instant.",
                           "Too many logins at once: try again in a moment.")  # fmt: skip
            return await self._show(scope, send, 503, name=name, notice=notice)
        self._waiting += 1
        try:
            async with self._one_at_a_time:  # its failures are counted before the next one is looked at
                mark = self._accounts.mark(name)  # an account that changes while it is judged opens no session
                status, notice = await self._judge(name, password, scope)
        finally:
            self._waiting -= 1
        if status == 303 and not mark:
            status, notice = 401, _wrong()
        if status == 303:
            cookie = self._cookie(scope, self._sessions.begin(name, mark), IDLE)
            return await self._go(send, f"{prefix_of(scope)}/", cookie)
        await self._show(scope, send, status, name=name, notice=notice)

    async def _judge(self, name: str, password: str, scope: Any) -> tuple[int, str]:
        """Status and words; 303 for who may come in."""
        client = client_of(scope, behind_proxy=self._behind_proxy)
        if wait := self._lockout.wait(name, client):
            return 429, words(f"Trop d'essais : attendez encore {in_words(wait)}.",
                              f"Too many tries: wait another {in_words(wait)}.")  # fmt: skip
        is_right: bool = await asyncio.to_thread(self._accounts.check, name, password)
        if is_right:
            self._lockout.succeeded(name, client)
            return 303, ""
        self._lockout.failed(name, client)
        return 401, _wrong()

    async def _log_out(self, scope: Any, send: Any) -> None:
        """A link of ours may lead here, another site's may not."""
        if is_from_elsewhere(scope, behind_proxy=self._behind_proxy):
            return await refuse(scope, send, 403, words("Cette demande vient d'un autre site.", "This request comes from another site."))  # fmt: skip
        self._sessions.end(self._token(scope))
        await self._go(send, prefix_of(scope) + LOGIN, self._cookie(scope, "", 0))

    # -- cookie and answers -------------------------------------------------------------------------------------------

    def _token(self, scope: Any) -> str:
        return dict(COOKIE.findall(header(scope, "cookie"))).get(_cookie_name(scope), "")

    def _cookie(self, scope: Any, token: str, seconds: int) -> str:
        secure = "; Secure" if is_secure(scope, behind_proxy=self._behind_proxy) else ""
        return f"{_cookie_name(scope)}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

    async def _show(self, scope: Any, send: Any, status: int, *, name: str = "", notice: str = "") -> None:
        other = ""
        if self._two_languages:
            foreign = next(language for language in LANGUAGES if language != current_language())
            other = ("" if foreign == self._language else f"/{foreign}") + LOGIN
        page = login_page(self._title, prefix_of(scope) + LOGIN, name=name, notice=notice, other=other)
        # With "no-referrer" a browser would hide from us that its form comes from this page.
        headers = {"content-type": "text/html; charset=utf-8", "referrer-policy": "same-origin"}
        await _answer(send, status, headers, b"" if scope["method"] == "HEAD" else page.encode())

    async def _go(self, send: Any, where: str, cookie: str = "") -> None:
        await _answer(send, 303, {"location": where, **({"set-cookie": cookie} if cookie else {})})


def in_words(seconds: float) -> str:
    """ "25 s", "15 min"; never less than there is to wait."""
    return f"{math.ceil(seconds)} s" if seconds <= 90 else f"{math.ceil(seconds / 60)} min"


def _wrong() -> str:
    return words("Nom ou mot de passe inexact.", "Wrong name or password.")


def _cookie_name(scope: Any) -> str:
    """Cookies know no ports: each server of a machine needs a name of its own."""
    return f"causette_{(scope.get('server') or ('', 0))[1] or 0}"


async def _form(receive: Any) -> tuple[str, str]:
    """Name and password as they were typed; empty ones for what is no such form."""
    body, more = b"", True
    while more and len(body) <= LONGEST_FORM:
        message = await receive()
        if message["type"] == "http.disconnect":
            return "", ""
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if len(body) > LONGEST_FORM:
        return "", ""
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError:
        return "", ""
    name, password = (fields.get(field, [""])[0] for field in ("name", "password"))
    return unicodedata.normalize("NFC", name.strip())[:64], password[:1024]


async def _answer(send: Any, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    told = {"content-length": str(len(body)), "cache-control": "no-store", **headers}
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
