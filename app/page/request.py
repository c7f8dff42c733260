"""What the page's middleware reads in a request, and how it refuses one. It knows nothing of Gradio."""

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PREFIX = re.compile(r"/(fr|en)(?=/|$)")  # a page that is there in two languages has the second one under its name


def header(scope: Mapping[str, Any], name: str) -> str:
    """The header's value; of several, the last; "" for none."""
    values = [value for key, value in scope["headers"] if key == name.encode()]
    return values[-1].decode("latin-1") if values else ""


def language_of(scope: Mapping[str, Any], at_root: str) -> str:
    """The reader's language: that of the address's prefix, else `at_root`."""
    found = PREFIX.match(scope["path"])
    return found[1] if found else at_root


def prefix_of(scope: Mapping[str, Any]) -> str:
    """ "", "/fr" or "/en"."""
    found = PREFIX.match(scope["path"])
    return found[0] if found else ""


def place_of(scope: Mapping[str, Any]) -> str:
    """The path without the language; it begins with a slash."""
    return scope["path"][len(prefix_of(scope)) :] or "/"


def client_of(scope: Mapping[str, Any], *, behind_proxy: bool) -> str:
    """Whose request it is: an IPv4 address, or the /64 network of an IPv6 one, of which one person has a whole network.

    Anybody can write "X-Forwarded-For"; it counts only behind a proxy, and then what that proxy wrote: the last.
    """
    text = header(scope, "x-forwarded-for").rpartition(",")[2].strip() if behind_proxy else ""
    text = text or (scope.get("client") or ("", 0))[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:45]  # a socket without addresses; as long as the longest of them
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def is_secure(scope: Mapping[str, Any], *, behind_proxy: bool) -> bool:
    """Whether the reader's browser speaks HTTPS."""
    told = header(scope, "x-forwarded-proto").rpartition(",")[2].strip() if behind_proxy else ""
    return (told or scope.get("scheme", "")) == "https"


def is_from_elsewhere(scope: Mapping[str, Any], *, behind_proxy: bool) -> bool | None:
    """Whether another site's page sends the request; None when nothing tells (a program, or no browser of today).

    Browsers tell it by "Sec-Fetch-Site", but not to http:// addresses of another machine; there "Origin" tells.
    """
    site, origin = header(scope, "sec-fetch-site"), header(scope, "origin")
    if site:
        return site not in ("same-origin", "none")
    if not origin:
        return None
    host = (header(scope, "x-forwarded-host") if behind_proxy else "") or header(scope, "host")
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:
        return True


def is_json(scope: Mapping[str, Any]) -> bool:
    """Whether the body is said to be JSON."""
    return header(scope, "content-type").partition(";")[0].strip().lower() == "application/json"


def host_of(scope: Mapping[str, Any]) -> str:
    """The name by which the server is called, without port and brackets."""
    try:
        return urlsplit(f"//{header(scope, 'host')}").hostname or ""
    except ValueError:
        return ""


async def refuse(
    scope: Mapping[str, Any], send: Any, status: int, words: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answers with an error that each client can show.

    Gradio's page shows "detail" (an event in the line) or "error" (one at once); OpenAI's clients want an object there.
    """
    value: dict[str, Any] = {"detail": words, "error": words}
    if scope["path"].startswith("/v1/"):
        kind = "rate_limit_error" if status == 429 else "invalid_request_error"
        value = {"error": {"message": words, "type": kind, "param": None, "code": None}}
    body = json.dumps(value, ensure_ascii=False).encode()
    told = {"content-type": "application/json; charset=utf-8", "content-length": str(len(body)), **(headers or {})}
    pairs = [(name.encode(), text.encode("latin-1")) for name, text in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
