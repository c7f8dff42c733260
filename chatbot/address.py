"""The address of a model that a server computes, and the key to it: checked before anything is sent there."""

import ipaddress
from urllib.parse import urlsplit

from chatbot.errors import InputError
from chatbot.language import tr


def check_address(url: str, url_from: str, key: str, key_from: str) -> str:
    """Returns the host of an address; refuses what is no address, what may hold a secret, and a key that others could read on its way.

    Args:
        url: the base address, "https://api.example.org/v1".
        url_from: the option or variable that gives it, for the message.
        key: sent there as a bearer token; "" for none.
        key_from: the variable that gives it.

    Raises:
        InputError: it is refused, and why.
    """
    host = _host(url)
    if host is None:
        raise InputError(
            tr(f"{url_from} : une adresse http(s)://… est attendue, sans identifiants ni paramètres (« ? », « # ») : "
               f"la clé va dans {key_from}.",
               f"{url_from}: an http(s)://… address is expected, without credentials or parameters (“?”, “#”): "
               f"the key goes into {key_from}.")
        )  # fmt: skip
    check_key(key, key_from)
    if key and url.lower().startswith("http:") and not is_near(host):
        raise InputError(
            tr(f"{url_from} : la clé partirait en clair vers {host}. Prenez une adresse https://.",
               f"{url_from}: the key would travel unencrypted to {host}. Use an https:// address.")
        )  # fmt: skip
    return host


def check_key(key: str, key_from: str) -> None:
    """Refuses a key that no header can hold; the error of whoever tried would show it.

    Raises:
        InputError: it is refused.
    """
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InputError(
            tr(f"{key_from} : la clé contient une lettre accentuée, un blanc, un saut de ligne ou un caractère invisible. "
               "Recopiez-la.",
               f"{key_from}: the key holds an accented letter, a blank, a line break or an invisible character. "
               "Copy it again.")
        )  # fmt: skip


def _host(url: str) -> str | None:
    """The host of a base address; None when it is no address, or when it holds what may be a secret."""
    import httpx

    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and parts.port != 0  # ValueError for what is no port
        httpx.URL(url).raw_host.decode().encode("idna")  # UnicodeError, a ValueError, for what is no name of a host
    except (ValueError, httpx.InvalidURL):
        return None
    secret = parts.username or parts.password or "?" in url or "#" in url
    return parts.hostname if fit and not secret else None


def is_near(host: str) -> bool:
    """Whether a host is this machine or a private network's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
