"""What can go wrong with a server elsewhere, in words for the reader."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chatbot.errors import BusyError, InputError, TooLongError, WorldError
from chatbot.language import tr
from chatbot.session import printable

TOO_LONG = "context_length_exceeded"  # OpenAI's code, and ours


@contextmanager
def told(url: str, key: str, patience: float, key_from: str) -> Iterator[None]:
    """The client's errors in our words; the server's own only where it refuses what the user asked for.

    Args:
        url: of the server.
        key: which no message shows.
        patience: seconds that the client waits.
        key_from: the variable that gives the key.
    """
    import httpx
    import openai

    try:
        yield
    except openai.APITimeoutError as error:
        raise WorldError(
            tr(f"{url} : pas de réponse en {patience:g}\u00a0s.", f"{url}: no answer in {patience:g} s.")
        ) from error
    except (openai.APIConnectionError, httpx.TransportError) as error:
        raise WorldError(
            tr(f"{url} : aucun serveur ne répond, ou la connexion s'est coupée. Vérifiez qu'il tourne.",
               f"{url}: no server answers, or the connection was cut. Check that it is running.")
        ) from error  # fmt: skip
    except openai.RateLimitError as error:
        raise BusyError(
            tr(f"{url} : trop de questions à la fois. Réessayez dans un instant.",
               f"{url}: too many questions at once. Try again in a moment.")
        ) from error  # fmt: skip
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise InputError(
            tr(f"{url} : clé refusée. Donnez-la dans la variable {key_from}.",
               f"{url}: key refused. Give it in the variable {key_from}.")
        ) from error  # fmt: skip
    except openai.NotFoundError as error:
        raise InputError(
            tr(f"{url} : adresse ou modèle inconnus du serveur. L'adresse finit d'ordinaire par /v1.",
               f"{url}: the server does not know the address or the model. Addresses mostly end in /v1.")
        ) from error  # fmt: skip
    except openai.APIStatusError as error:
        refused = 400 <= error.status_code < 500
        words = own_words(error, key) if refused else ""
        kind = _refusal(error) if refused else WorldError
        raise kind(
            tr(f"{url} : refus (HTTP {error.status_code}). {words}".rstrip(),
               f"{url}: refused (HTTP {error.status_code}). {words}".rstrip())
        ) from error  # fmt: skip
    except openai.APIResponseValidationError as error:
        raise unreadable(url) from error
    except openai.APIError as error:  # told in the middle of a stream
        words = own_words(error, key)
        kind = TooLongError if error.code == TOO_LONG else WorldError
        raise kind(
            tr(f"{url} : la réponse a échoué. {words}".rstrip(),
               f"{url}: the answer failed. {words}".rstrip())
        ) from error  # fmt: skip
    except ValueError as error:  # what is sent is no JSON, or no text
        raise unreadable(url) from error


def _refusal(error: Any) -> type[InputError]:
    return TooLongError if error.code == TOO_LONG else InputError


def unreadable(url: str) -> WorldError:
    """The error for what is no answer of OpenAI's API."""
    return WorldError(
        tr(f"{url} : réponse illisible ; ce n'est peut-être pas une API d'OpenAI.",
           f"{url}: unreadable answer; it may not be OpenAI's API.")
    )  # fmt: skip


def own_words(error: Any, key: str) -> str:
    """What the server says, in one line, without the key."""
    body = error.body
    words = body.get("message") if isinstance(body, dict) else body
    if not isinstance(words, str):
        return ""
    words = " ".join(printable(words).split())
    return (words.replace(key, "…") if key else words)[:300]
