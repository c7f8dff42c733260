"""What the Hub may refuse, in words for the reader: what, where, the cure. The token and a Space's secrets are in none."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any
from urllib.parse import quote

from app.hub.parcel import Kind
from app.hub.patience import LONGEST_WAIT, Interrupted, reason_told
from chatbot.errors import CausetteError, InputError, WorldError, disk_reason
from chatbot.language import number, tr

LONGEST = 300  # characters of the Hub's own words


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a push goes.

    Args:
        kind: of the repository.
        repo: "owner/name".
        token: that no message shows.
        secrets: values of a Space's that no message shows either.
        user: whose token it is; "" before that is known.
    """

    kind: Kind
    repo: str
    token: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    user: str = ""

    @property
    def hidden(self) -> tuple[str, ...]:
        """What is taken out of each text, the longest first: whole values, their lines, and as JSON and addresses write them."""
        values = [value for value in (self.token, *self.secrets) if value]
        lines = [line.strip() for value in values for line in value.splitlines()]
        forms = {form for value in (*values, *filter(None, lines)) for form in _forms(value)}
        return tuple(sorted(forms, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """A text without the token and the secrets, whoever wrote them there."""
        for value in self.hidden:
            text = text.replace(value, "…")
        return text


def _forms(value: str) -> set[str]:
    """A value as it may stand in an answer."""
    written = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        quote(value, safe=""),
    }
    return {value, " ".join(value.split()), *written} - {""}


class HubAnswer(Exception):
    """What the Hub or the network said, cleaned: the cause of an error of ours, for ``--debug``."""


def cause(error: BaseException, place: Place) -> HubAnswer:
    """An exception to raise from: that of the library may hold what the Hub was sent, and signed addresses."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    words = own_words(error, place) if status else place.clean(str(error))
    return HubAnswer(f"{type(error).__name__}: {' '.join(filter(None, (str(status or ''), words)))}")


def refusal(error: Any, place: Place) -> CausetteError:
    """The error of ours for an answer of the Hub.

    Args:
        error: `huggingface_hub.errors.HfHubHTTPError`.
        place: where it was.
    """
    status = error.response.status_code
    told = {
        401: _unknown_token, 402: _unpaid, 403: _forbidden, 404: _not_found, 409: _conflict, 412: _changed, 413: _too_large,
    }.get(status)  # fmt: skip
    if told is None:
        return _other(status, own_words(error, place), place)
    words = own_words(error, place)
    said = tr(f"\nLe Hub dit : « {words} »", f"\nThe Hub says: “{words}”") if words and status != 401 else ""
    return InputError(told(place) + said)


def own_words(error: Any, place: Place) -> str:
    """What the Hub says itself, on one line, without the token; "" where it says nothing."""
    words = getattr(error, "server_message", None)
    if not isinstance(words, str):
        return ""
    # Cleaned before, for a secret may hold what is no sign of a line, and after, for a line may have become one.
    printed = "".join(sign if sign.isprintable() else " " for sign in place.clean(words))
    return place.clean(" ".join(printed.split()))[:LONGEST]


def _unknown_token(place: Place) -> str:
    return tr(
        "Le Hugging Face Hub ne reconnaît pas le jeton (401) : il est faux, expiré ou révoqué.\n"
        "Faites-en un autre sur sa page (Settings → Access Tokens, droit d'écrire), puis « hf auth login », ou HF_TOKEN.",
        "The Hugging Face Hub does not know the token (401): it is wrong, expired or revoked.\n"
        "Make another on your page there (Settings → Access Tokens, right to write), then `hf auth login`, or HF_TOKEN.",
    )


def _unpaid(place: Place) -> str:
    if place.kind != "space":
        return tr(
            f"{place.repo} : le Hub demande un compte payant pour cela (402), souvent parce que la place privée est pleine.\n"
            "Supprimez d'anciens dépôts, envoyez avec --public, ou prenez le dépôt d'une organisation qui a la place.",
            f"{place.repo}: the Hub asks for a paid account for that (402), often because private storage is full.\n"
            "Delete old repositories, send with --public, or take the repository of an organisation that has the room.",
        )
    return tr(
        f"{place.repo} : un compte gratuit ne peut plus créer de Space Gradio ou Docker sur processeur (402). Trois chemins :\n"
        "- le compte d'une organisation qui paie (une école, par exemple) : --repo ORGANISATION/NOM, ou un compte PRO ;\n"
        "- un Space ZeroGPU, dont un compte gratuit peut avoir deux : --hardware zero-a10g ;\n"
        "- sans Space : « causette serve » sur votre machine ou dans Colab, le temps de la démonstration.\n"
        "Et toujours gratuite : une page statique, qui calcule dans le navigateur du visiteur : --static.",
        f"{place.repo}: a free account can no longer create a Gradio or Docker Space on a processor (402). Three ways:\n"
        "- the account of an organisation that pays (a school, say): --repo ORGANISATION/NAME, or a PRO account;\n"
        "- a ZeroGPU Space, of which a free account may have two: --hardware zero-a10g;\n"
        "- no Space: `causette serve` on your machine or in Colab, as long as the demonstration lasts.\n"
        "And always free: a static page, which computes in the visitor's browser: --static.",
    )


def _forbidden(place: Place) -> str:
    owner, who = place.repo.partition("/")[0], place.user or tr("ce compte", "this account")
    member = (
        ""
        if place.user == owner
        else tr(f", et {who} être membre de « {owner} »", f", and {who} be a member of “{owner}”")
    )
    return tr(
        f"{place.repo} : {who} n'a pas le droit d'y écrire (403).\nLe jeton doit avoir le droit d'écrire (« write »){member}.",
        f"{place.repo}: {who} has no right to write there (403).\nThe token must have the right to write{member}.",
    )


def _not_found(place: Place) -> str:
    return tr(
        f"{place.repo} : introuvable sur le Hub (404) : le dépôt n'existe plus, ou votre jeton ne le voit pas.\n"
        "Vérifiez le nom, puis relancez la même commande.",
        f"{place.repo}: not found on the Hub (404): the repository is gone, or your token does not see it.\n"
        "Check the name, then run the same command again.",
    )


def _conflict(place: Place) -> str:
    return tr(
        f"{place.repo} : un autre envoi est en cours là-bas, ou ce nom y est pris (409).\n"
        "Attendez une minute et relancez la même commande, ou choisissez un autre nom.",
        f"{place.repo}: another push is going on there, or that name is taken (409).\n"
        "Wait a minute and run the same command again, or choose another name.",
    )


def _changed(place: Place) -> str:
    return tr(
        f"{place.repo} : le dépôt a changé pendant l'envoi (412). Rien n'a été remplacé.\nRelancez la même commande : elle regardera de nouveau.",
        f"{place.repo}: the repository changed during the push (412). Nothing was replaced.\nRun the same command again: it will look again.",
    )


def _too_large(place: Place) -> str:
    cure = {
        "model": tr("Essayez --no-transformers (moitié moins), ou --adapter.", "Try --no-transformers (half of it), or --adapter."),
        "dataset": tr("Partagez le jeu en plusieurs dépôts.", "Split the set into several repositories."),
        "space": tr("Prenez un modèle plus petit.", "Take a smaller model."),
    }[place.kind]  # fmt: skip
    return tr(
        f"{place.repo} : ce qui est envoyé est trop gros pour le Hub (413). Rien n'en est visible.\n{cure}",
        f"{place.repo}: what is sent is too large for the Hub (413). Nothing of it is visible.\n{cure}",
    )


def _other(status: int, words: str, place: Place) -> CausetteError:
    kind = InputError if 400 <= status < 500 else WorldError
    return kind(
        tr(f"{place.repo} : le Hub refuse (HTTP {status}). {words}".rstrip(),
           f"{place.repo}: the Hub refuses (HTTP {status}). {words}".rstrip())
    )  # fmt: skip


def gave_up(error: Interrupted, tries: int, where_it_stopped: str) -> WorldError:
    """The error for a network or a Hub that did not come back."""
    if error.wait and error.wait > LONGEST_WAIT:
        minutes = number(-(-error.wait // 60))
        late = tr(f" ; il demande d'attendre {minutes} min", f"; it asks to wait {minutes} min")
    else:
        late = tr(f", après {tries} essais", f", after {tries} tries")
    return WorldError(
        tr(f"{reason_told(error)}{late}. {where_it_stopped}\nRelancez la même commande plus tard : elle reprendra là.",
           f"{reason_told(error)}{late}. {where_it_stopped}\nRun the same command again later: it will go on from there.")
    )  # fmt: skip


@contextmanager
def in_our_words(place: Callable[[], Place], stopped: Callable[[], str], tries: int) -> Iterator[None]:
    """The errors of the Hub and of the network as ours; what the library says itself may hold more than is shown.

    Args:
        place: where the push goes, as far as that is known by then.
        stopped: how far it came by then.
        tries: how often each step was tried.
    """
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except Interrupted as error:
        raise gave_up(error, tries, stopped()) from cause(error, place())
    except HfHubHTTPError as error:
        raise refusal(error, place()) from cause(error, place())
    except OfflineModeIsEnabled as error:
        raise InputError(
            tr("HF_HUB_OFFLINE est posé : rien ne part vers le Hub. Retirez cette variable, ou essayez --dry-run.",
               "HF_HUB_OFFLINE is set: nothing goes to the Hub. Unset that variable, or try --dry-run.")
        ) from cause(error, place())  # fmt: skip
    except OSError as error:  # after those of the Hub, which are such ones too
        file = f"{error.filename}" + tr(" : ", ": ") if error.filename else ""
        raise WorldError(
            tr(f"{file}ce qui est à envoyer n'a pas pu être lu ({disk_reason(error)}). {stopped()}\n"
               "Laissez ces fichiers en place pendant l'envoi, puis relancez la même commande.",
               f"{file}what is to be sent could not be read ({disk_reason(error)}). {stopped()}\n"
               "Leave these files where they are during the push, then run the same command again.")
        ) from cause(error, place())  # fmt: skip
    except ValueError as error:  # a card, or a large file, that the Hub does not take
        if not _of_the_library(error):
            raise
        words = " ".join(place().clean(str(error)).split())[:LONGEST]
        raise InputError(
            tr(f"{place().repo} : le Hub refuse ce qui est envoyé. {words}",
               f"{place().repo}: the Hub refuses what is sent. {words}")
        ) from cause(error, place())  # fmt: skip


def _of_the_library(error: BaseException) -> bool:
    """Whether the Hub's library raised it, or what it called; not code of ours."""
    names = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    parties = [name for name in names if name in ("huggingface_hub", "app", "chatbot")]
    return parties[-1:] == ["huggingface_hub"]
