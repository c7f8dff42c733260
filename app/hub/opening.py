"""The repository of a push: created where it is not there; one that is there keeps what it is, and contradictions are told."""

from typing import TYPE_CHECKING, Any

from app.hub.asked import Asked
from app.hub.parcel import Kind
from app.hub.remote import Remote
from app.output import Output
from chatbot.errors import InputError
from chatbot.language import tr

if TYPE_CHECKING:
    from huggingface_hub import HfApi

EXISTS = 409  # status of what is there already


def create(api: "HfApi", kind: Kind, asked: Asked) -> None:
    """Creates a repository, private unless it is asked to be public; a Space with its secrets, before it first runs."""
    from huggingface_hub.errors import HfHubHTTPError

    more: dict[str, Any] = {}
    if asked.opening:
        more = {
            "space_sdk": asked.opening.sdk,
            "space_hardware": asked.opening.hardware,
            "space_secrets": _pairs(asked.opening.secrets),
            "space_variables": _pairs(asked.opening.variables),
        }
    try:
        api.create_repo(asked.repo, repo_type=kind, private=not asked.public, **more)
    except HfHubHTTPError as error:
        # It may be there although it was not seen: an earlier try reached its end, and only the answer was lost.
        if error.response.status_code != EXISTS:
            raise


def _pairs(values: dict[str, str]) -> list[dict[str, str]] | None:
    return [{"key": name, "value": value} for name, value in values.items()] or None


def tell_what_it_is(remote: Remote, asked: Asked, output: Output) -> None:
    """What of the options does not count for a repository that is there.

    Raises:
        InputError: it is public, and what is sent may not be.
    """
    repo = asked.repo
    if asked.must_be_private and not remote.private:
        raise InputError(
            tr(f"{repo} est public, et ce qui est envoyé ne peut être que privé. Rien n'a été envoyé.\n"
               "Donnez un autre --repo, ou rendez celui-là privé dans ses réglages (Settings).",
               f"{repo} is public, and what is sent may only be private. Nothing was sent.\n"
               "Give another --repo, or make that one private in its settings.")
        )  # fmt: skip
    if asked.public and remote.private:
        output.warn(
            tr(f"{repo} est privé et le reste : --public ne vaut qu'à la création. Changez-le dans ses réglages (Settings).",
               f"{repo} is private and stays so: --public counts at creation only. Change it in its settings.")
        )  # fmt: skip
    if not asked.public and not remote.private:
        output.warn(
            tr(f"{repo} est public et le reste : ce qui est envoyé sera vu de tous.",
               f"{repo} is public and stays so: what is sent will be seen by all.")
        )  # fmt: skip
    if asked.opening and asked.opening.secrets:
        output.warn(
            tr(f"{repo} existe déjà : ses secrets ne changent pas. Changez-les dans ses réglages (Settings).",
               f"{repo} exists already: its secrets do not change. Change them in its settings.")
        )  # fmt: skip


def ask_for_hardware(api: "HfApi", repo: str, hardware: str) -> bool:
    """Asks for a Space's hardware, unless it has it or waits for it; gives whether it had to."""
    runtime = api.get_space_runtime(repo)
    if hardware in (runtime.requested_hardware, runtime.hardware):
        return False
    api.request_space_hardware(repo, hardware)  # type: ignore[arg-type]
    return True


def unseen(repo: str) -> InputError:
    """The error for a repository that is there, and that the token does not see."""
    return InputError(
        tr(f"{repo} : ce dépôt existe, mais votre jeton ne le voit pas. Donnez-lui le droit de le lire, ou un autre --repo.",
           f"{repo}: this repository exists, but your token does not see it. Give it the right to read it, or another --repo.")
    )  # fmt: skip
