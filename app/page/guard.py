"""What of the page can be reached, by which name, from where: the outermost middleware.

The addresses are a list of what the page needs, found by watching a whole visit in a browser (tests/app/test_abuse.py
watches again): all else that Gradio offers, or will offer, does not exist here.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from app.page.look import words
from app.page.request import host_of, is_from_elsewhere, is_json, language_of, place_of, refuse
from chatbot.language import current_language, speaking

# The browser itself then refuses to fetch anything from elsewhere, whatever a text may hold.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'"

# A part of a path: neither hidden nor "..", no backslash, no drive of Windows, nothing encoded twice.
PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
READ = re.compile(
    rf"/|/(theme\.css|favicon\.ico|robots\.txt)|/(assets|static)/({PART}/)*{PART}"
    r"|/gradio_api/(app_id|queue/data|heartbeat/[A-Za-z0-9-]{1,64})"
)
# Not Gradio's "cancel": whoever knows an event's number could end it, whosesoever it is; the page ends its own by itself.
WRITTEN = re.compile(r"/gradio_api/(queue/join|run/predict)")
UPLOADED = {"GET": "/gradio_api/upload_progress", "POST": "/gradio_api/upload"}
FILE = "/gradio_api/file="


class Guard:
    """ASGI middleware.

    Args:
        app: what is guarded.
        hosts: names by which requests may call this server; none for all. On a server of this machine alone they keep
            out a page from elsewhere whose own name suddenly leads here (DNS rebinding).
        upload: whether files may be sent.
        files: folder of the files that the page offers for download; without, none can be fetched.
        more: further addresses: the login's, the API's ("/v1/"). One that ends in a slash is a whole folder.
        framed_by: which sites may show the page in a frame, as "frame-ancestors" of CSP wants it.
        behind_proxy: whether a proxy of ours stands before the server, whose "X-Forwarded-…" can be believed.
    """

    def __init__(
        self,
        app: Any,
        *,
        hosts: Collection[str] = (),
        upload: bool = False,
        files: Path | None = None,
        more: Sequence[str] = (),
        framed_by: str = "'none'",
        behind_proxy: bool = False,
    ):
        self._app, self._hosts, self._upload, self._more = app, hosts, upload, tuple(more)
        self._files = files.resolve() if files else None
        self._behind_proxy, self._language = behind_proxy, current_language()
        self._headers = [
            (b"content-security-policy", f"{POLICY}; frame-ancestors {framed_by}".encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":  # the page has none
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, self._with_headers(send))

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        with speaking(language_of(scope, self._language)):
            if self._hosts and host_of(scope) not in self._hosts:
                said = words("Ce serveur ne répond pas à ce nom.", "This server does not answer to this name.")
                return await refuse(scope, send, 403, said)
            if not self._is_open(scope["method"], place_of(scope)):
                return await refuse(scope, send, 404, words("Cette adresse n'existe pas.", "There is no such address."))
            if scope["method"] == "POST" and is_from_elsewhere(scope, behind_proxy=self._behind_proxy):
                said = words("Cette demande vient d'un autre site.", "This request comes from another site.")
                return await refuse(scope, send, 403, said)
            if WRITTEN.fullmatch(place_of(scope)) and not is_json(scope):  # nor can a form of another site be one
                return await refuse(scope, send, 415, words("Il faut du JSON.", "JSON is expected."))
        await self._app(self._believed(scope), receive, send)

    def _is_open(self, method: str, place: str) -> bool:
        if any(place.startswith(more) if more.endswith("/") else place == more for more in self._more):
            return True
        if self._upload and UPLOADED.get(method) == place:
            return True
        if method in ("GET", "HEAD"):
            return bool(READ.fullmatch(place)) or self._is_offered(place)
        return method == "POST" and bool(WRITTEN.fullmatch(place))

    def _is_offered(self, place: str) -> bool:
        """Whether it is the address of a file that the page offers for download."""
        if self._files is None or not place.startswith(FILE):
            return False
        try:
            return Path(place.removeprefix(FILE)).resolve().is_relative_to(self._files)
        except (OSError, ValueError):  # no path at all
            return False

    def _believed(self, scope: Any) -> Any:
        """Without a proxy before it, nothing that only a proxy may say reaches the page."""
        if self._behind_proxy:
            return scope
        kept = [
            (name, value) for name, value in scope["headers"] if not name.startswith((b"x-forwarded-", b"forwarded"))
        ]
        return {**scope, "headers": kept}

    def _with_headers(self, send: Any) -> Any:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"server"]
                message["headers"] = [*kept, *((name, value) for name, value in self._headers if name not in given)]
            await send(message)

        return sending
