"""Who the token's owner is, asked before minutes of work: a wrong token, or one without the right, is told at once."""

from typing import TYPE_CHECKING, Any

from app.hub.asked import Asked
from app.hub.client import client
from app.hub.patience import Patience, hasty_requests
from app.hub.refusals import Place, in_our_words
from app.output import Output
from chatbot.errors import InputError
from chatbot.language import tr

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def greet(asked: Asked, *, patience: Patience | None = None) -> None:
    """One request: whether the token is known, may write, and is of the repository's owner or of a member.

    Raises:
        InputError: it is not.
        WorldError: the network or the Hub failed.
    """
    api, patience = client(), patience or Patience(say=Output().say)
    place = Place(kind="model", repo=asked.repo, token=str(api.token))
    nothing_sent = tr("Rien n'a été envoyé.", "Nothing was sent.")
    with in_our_words(lambda: place, lambda: nothing_sent, len(patience.waits) + 1), hasty_requests():
        who = whoami(api, patience)
    _check_right(who, asked.repo)


def whoami(api: "HfApi", patience: Patience) -> dict[str, Any]:
    """What the Hub says of the token's owner: "name", "orgs", "auth"."""
    return patience.through(lambda: api.whoami())


def _check_right(who: dict[str, Any], repo: str) -> None:
    user, owner = str(who.get("name", "")), repo.partition("/")[0]
    token = (who.get("auth") or {}).get("accessToken") or {}
    if token.get("role") == "read":
        raise InputError(
            tr(f"{repo} : le jeton de {user} ne donne que le droit de lire. Il en faut un avec le droit d'écrire (« write ») :\n"
               "faites-le sur sa page (Settings → Access Tokens), puis « hf auth login », ou HF_TOKEN.",
               f"{repo}: the token of {user} gives the right to read only. One with the right to write is needed:\n"
               "make it on your page there (Settings → Access Tokens), then `hf auth login`, or HF_TOKEN.")
        )  # fmt: skip
    known = [user, *(str(org.get("name", "")) for org in who.get("orgs") or [])]
    if owner.casefold() not in {name.casefold() for name in known}:
        raise InputError(
            tr(f"{repo} : le jeton est celui de {user}, qui n'est pas membre de « {owner} ».\n"
               f"Envoyez à l'un de ceux-ci : {', '.join(f'{name}/…' for name in known)}",
               f"{repo}: the token is that of {user}, who is no member of “{owner}”.\n"
               f"Send to one of these: {', '.join(f'{name}/…' for name in known)}")
        )  # fmt: skip
