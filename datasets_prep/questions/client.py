"""A model behind an OpenAI-compatible address: one question, one answer, with patience for a busy server.

The address, the model's name and the key come from the environment, and the key goes nowhere but into the header of
the requests: it is in no message, no file, no ``repr``.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chatbot.address import check_address
from chatbot.errors import InputError, WorldError
from chatbot.language import tr

URL, MODEL, KEY = "CAUSETTE_LLM_URL", "CAUSETTE_LLM_MODEL", "CAUSETTE_LLM_KEY"
BUSY = {408, 409, 425, 429, 500, 502, 503, 504}  # statuses after which another try makes sense
LONGEST_WAIT = 60.0  # seconds before another try, whatever the server asks for
Messages = Sequence[Mapping[str, str]]


class Reply(NamedTuple):
    """What a model wrote, and the tokens it counted; None when the server does not say."""

    text: str
    tokens_read: int | None
    tokens_written: int | None


class _Fault(NamedTuple):
    """Why a request gave no answer, and the seconds that the server asks for before the next one."""

    words: str
    wait: float | None = None


@dataclass(frozen=True, kw_only=True)
class ModelAddress:
    """Where a model is.

    Args:
        url: base address, "https://api.example.org/v1"; "/chat/completions" is added.
        model: its name there.
        key: sent as a bearer token, "" for none.
        timeout: seconds to wait for an answer.
        tries: how often a call is tried in all.
        first_wait: seconds before the second try; each later wait is twice as long.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = 120.0
    tries: int = 5
    first_wait: float = 2.0


def address_from(environment: Mapping[str, str] = os.environ) -> ModelAddress:
    """The address that the environment gives.

    Raises:
        InputError: it is missing or is none, or the key is none or would travel unencrypted.
    """
    url, model, key = (environment.get(name, "").strip() for name in (URL, MODEL, KEY))
    if not url or not model:
        lacking = ", ".join(name for name, value in ((URL, url), (MODEL, model)) if not value)
        raise InputError(
            tr(
                f"--maker model : il manque {lacking} dans l'environnement.\n"
                f"Par exemple : {URL}=http://127.0.0.1:11434/v1 et {MODEL}=mistral ; {KEY} si le service veut une clé.",
                f"--maker model: {lacking} missing in the environment.\n"
                f"For example: {URL}=http://127.0.0.1:11434/v1 and {MODEL}=mistral; {KEY} if the service wants a key.",
            )
        )
    check_address(url, URL, key, KEY)
    return ModelAddress(url=url.rstrip("/"), model=model, key=key)


class ChatClient:
    """Asks a model; a busy or failing server is asked again, with growing waits.

    Args:
        address: where the model is.
        say: told of each wait, in the user's language.

    `sent` counts the requests, new tries too; `unanswered` those of them that the service took and may charge though no
    answer to read came back: too late, cut, or no chat completion. An HTTP error is none of these.
    """

    def __init__(self, address: ModelAddress, say: Callable[[str], object] = lambda line: None) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
        self._http = httpx.Client(timeout=address.timeout, headers=headers)
        self._address = address
        self._say = say
        self._answered = False
        self.sent = self.unanswered = 0

    def ask(self, messages: Messages, *, longest: int, most_tries: int | None = None) -> Reply:
        """The model's answer to `messages`, of at most `longest` tokens, in at most `most_tries` requests.

        Raises:
            WorldError: nobody is there, the service refuses, or it still fails after the last try.
        """
        body = {"model": self._address.model, "messages": list(messages), "temperature": 0, "max_tokens": longest}
        tries = self._address.tries if most_tries is None else min(most_tries, self._address.tries)
        fault = _Fault("")
        for attempt in range(1, tries + 1):
            outcome = self._send(body)
            if isinstance(outcome, Reply):
                return outcome
            fault = outcome
            if attempt < tries:
                self._say(tr(f"Modèle : {fault.words}, nouvel essai…", f"Model: {fault.words}, trying again…"))
                own = self._address.first_wait * 2 ** (attempt - 1)
                time.sleep(min(own if fault.wait is None else fault.wait, LONGEST_WAIT))
        raise WorldError(
            tr(
                f"{self._address.url} : {fault.words}, après {_tries_in_words(tries)}.\n"
                "Relancez la même commande plus tard : les réponses déjà reçues sont gardées et ne sont pas redemandées.",
                f"{self._address.url}: {fault.words}, after {_tries_in_words(tries)}.\n"
                "Run the same command again later: answers already received are kept and not asked for again.",
            )
        )

    def _send(self, body: Mapping[str, Any]) -> "Reply | _Fault":
        """One request; a fault after which another makes sense.

        Raises:
            WorldError: none does.
        """
        import httpx

        self.sent += 1
        try:
            response = self._http.post(f"{self._address.url}/chat/completions", json=body)
            self._answered = True
            if response.status_code == 200:
                return _reply(response.json())
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # nothing was sent
            if not self._answered:
                raise self._nobody_there() from error
            return _Fault(tr("connexion impossible", "no connection"))
        except httpx.TimeoutException:
            self.unanswered += 1
            return _Fault(tr("pas de réponse à temps", "no answer in time"))
        except httpx.TransportError:
            self.unanswered += 1
            return _Fault(tr("connexion coupée", "connection cut"))
        except (ValueError, KeyError, TypeError, IndexError):
            self.unanswered += 1
            return _Fault(tr("réponse illisible", "unreadable answer"))
        if response.status_code not in BUSY:
            raise self._refused(response.status_code)
        return _Fault(f"HTTP {response.status_code}", _asked_wait(response.headers.get("retry-after", "")))

    def close(self) -> None:
        self._http.close()

    def _nobody_there(self) -> WorldError:
        """A server that was there before may come back; one that never was is to be started first."""
        url = self._address.url
        return WorldError(
            tr(
                f"{url} : aucun modèle ne répond à cette adresse ({URL}).\n"
                f"Démarrez le serveur (ollama serve, par exemple), corrigez {URL}, ou prenez --maker rules, qui n'en a pas besoin.",
                f"{url}: no model answers at this address ({URL}).\n"
                f"Start the server (ollama serve, for example), mend {URL}, or take --maker rules, which needs none.",
            )
        )

    def _refused(self, status: int) -> WorldError:
        """The server's own words are not repeated: they may hold the key."""
        if status in (401, 403):
            cure = tr(f"vérifiez la clé ({KEY})", f"check the key ({KEY})")
        elif status in (404, 405) or 300 <= status < 400:
            cure = tr(
                f"vérifiez l'adresse ({URL}) et le modèle ({MODEL})",
                f"check the address ({URL}) and the model ({MODEL})",
            )
        else:
            cure = tr(f"vérifiez le nom du modèle ({MODEL})", f"check the model's name ({MODEL})")
        return WorldError(
            tr(
                f"{self._address.url} : refus (HTTP {status}) ; {cure}.",
                f"{self._address.url}: refused (HTTP {status}); {cure}.",
            )
        )


def _reply(answer: Any) -> Reply:
    """Raises KeyError, TypeError or IndexError for what is no chat completion."""
    text = answer["choices"][0]["message"]["content"]
    usage = answer.get("usage") or {}
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    read, written = (count if isinstance(count, int) and count >= 0 else None for count in counts)
    return Reply(text if isinstance(text, str) else "", read, written)


def _tries_in_words(tries: int) -> str:
    return tr("1 essai", "1 try") if tries == 1 else tr(f"{tries} essais", f"{tries} tries")


def _asked_wait(header: str) -> float | None:
    """The seconds that a server asks for; None where it asks for none."""
    try:
        return max(0.0, float(header))
    except ValueError:
        return None
