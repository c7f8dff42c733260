"""Secrets of a Space: named on the command line, read from the environment, shown and stored nowhere."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from app.hub.client import client
from app.hub.patience import Patience, hasty_requests
from app.hub.refusals import Place, in_our_words
from app.output import Output
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.session import printable

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TOKEN = "HF_TOKEN"
SHORTEST_LINE = 4  # characters of a line that is masked by itself
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What may be repeated in an error: capitals, a number at most at the end of a word (JETON_LECTURE, KEY2). Anything else
# may be the secret itself, typed in the place of its variable.
PLAIN = re.compile(r"(?=.{1,40}\Z)_?[A-Z]{1,20}[0-9]{0,2}(?:_[A-Z]{1,20}[0-9]{0,2})*")
TOKEN_SIGNS = re.compile(r"hf_[A-Za-z0-9]{8,}")  # of the Hub's tokens, which are no names


def secrets_of(asked: Sequence[str]) -> dict[str, str]:
    """Name → value.

    Args:
        asked: "NAME", or "NAME=VARIABLE" where the environment has it under another name.

    Raises:
        InputError: no name, one given twice, or a variable that is not set. What may be a secret is not in it.
    """
    found: dict[str, str] = {}
    for text in asked:
        name, equals, variable = text.partition("=")
        variable = variable if equals else name
        if not _is_name(name) or not _is_name(variable):
            raise _value_given()
        if name in found:
            raise InputError(tr(f"--secret {name} : donné deux fois.", f"--secret {name}: given twice."))
        found[name] = _value(name, variable)
    return found


def _is_name(text: str) -> bool:
    return bool(NAME.fullmatch(text)) and not TOKEN_SIGNS.fullmatch(text)


def _value_given() -> InputError:
    """The error for what may be a secret in the place of a name; it repeats nothing of it."""
    return InputError(
        tr("--secret : donnez le NOM d'une variable d'environnement, pas sa valeur : --secret NOM, ou --secret NOM=VARIABLE.\n"
           "Si c'était un vrai jeton, il est resté dans l'historique du terminal : révoquez-le (Settings → Access Tokens).",
           "--secret: give the NAME of an environment variable, not its value: --secret NAME, or --secret NAME=VARIABLE.\n"
           "If it was a real token, the terminal's history has kept it: revoke it (Settings → Access Tokens).")
    )  # fmt: skip


def _value(name: str, variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if value:
        return value
    if not PLAIN.fullmatch(name) or not PLAIN.fullmatch(variable):
        raise _value_given()
    if name != variable:  # what follows "=" is not repeated, whatever it looks like
        raise InputError(
            tr(f"--secret {name}=… : la variable d'environnement nommée après « = » est vide ou absente. Donnez-lui la valeur :\n"
               "read -rs VARIABLE && export VARIABLE",
               f"--secret {name}=…: the environment variable named after “=” is empty or missing. Give it the value:\n"
               "read -rs VARIABLE && export VARIABLE")
        )  # fmt: skip
    raise InputError(
        tr(f"--secret {name} : la variable d'environnement {name} est vide ou absente. Donnez-lui la valeur :\n"
           f"read -rs {name} && export {name}",
           f"--secret {name}: the environment variable {name} is empty or missing. Give it the value:\n"
           f"read -rs {name} && export {name}")
    )  # fmt: skip


def without(text: str, secrets: Mapping[str, str]) -> str:
    """The text, in which no value of a secret stands any more."""
    for part in sorted(_parts(secrets.values()), key=len, reverse=True):  # one value may begin as another
        text = text.replace(part, "•••")
    return text


def _parts(values: Iterable[str]) -> set[str]:
    """The values and their lines, for logs come line by line, each also as it is shown. Short lines ("}") tell nothing."""
    found = set(values)
    found |= {part for value in values for line in value.splitlines() if len(part := line.strip()) >= SHORTEST_LINE}
    return {each for part in found for each in (part, printable(part)) if each}


def is_there(repo: str, say: Callable[[str], None]) -> bool:
    """Whether there is a Space of that name, which has its secrets already.

    Raises:
        InputError, WorldError: as `app.hub.deliver.deliver`.
    """
    api = client()
    with _patiently(api, repo, say, tr("Rien n'a été envoyé.", "Nothing was sent.")) as through:
        return through(lambda: api.repo_exists(repo, repo_type="space"))


def renew(repo: str, secrets: Mapping[str, str], output: Output) -> None:
    """Gives a Space that is there new values of its secrets, and tells their names.

    Raises:
        InputError, WorldError: as `app.hub.deliver.deliver`.
    """
    api = client()
    for name, value in secrets.items():
        stopped = tr(f"Les fichiers sont là-bas ; le secret {name} n'y est pas changé.",
                     f"The files are there; the secret {name} is not changed there.")  # fmt: skip
        with _patiently(api, repo, output.say, stopped) as through:
            through(partial(api.add_space_secret, repo, name, value))
        output.say(tr(f"Secret mis à jour : {name}", f"Secret updated: {name}"))


@contextmanager
def _patiently(
    api: "HfApi", repo: str, say: Callable[[str], None], stopped: str
) -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """What calls the Hub with the patience of a push, and fails in the words of one."""
    patience, place = Patience(say=say), Place(kind="space", repo=repo, token=str(api.token))
    with in_our_words(lambda: place, lambda: stopped, len(patience.waits) + 1), hasty_requests():
        yield patience.through


def check_readable(model: str, secrets: Mapping[str, str]) -> None:
    """Refuses a new Space that could not read its private model.

    Raises:
        InputError: there is no secret for it.
    """
    if TOKEN not in secrets:
        more = f"--secret {TOKEN}=JETON_LECTURE"
        raise InputError(
            tr(f"{model} est privé : le Space a besoin d'un jeton pour le lire. Créez-en un qui n'a que ce droit de lecture "
               f"(Settings → Access Tokens), puis :\nread -rs JETON_LECTURE && export JETON_LECTURE\net ajoutez à la commande : {more}",
               f"{model} is private: the Space needs a token to read it. Make one with that right of reading alone "
               f"(Settings → Access Tokens), then:\nread -rs JETON_LECTURE && export JETON_LECTURE\nand add to the command: {more}")
        )  # fmt: skip
