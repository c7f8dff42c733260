"""What the Hub announces at a revision: the commit that it is now, and the files of that commit with sizes and hashes."""

from typing import TYPE_CHECKING

from app.hub.download import Pinned, RemoteFile, in_sentence
from app.hub.parcel import Kind
from app.hub.patience import Interrupted, reason_told
from app.hub.refusals import Place, cause
from chatbot.errors import InputError, WorldError
from chatbot.hub_folder import reading_refused
from chatbot.language import tr

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def resolved(api: "HfApi", repo: str, revision: str, kind: Kind) -> tuple[Pinned, list[RemoteFile]]:
    """The commit of a revision, and its files.

    Raises:
        InputError: no such repository or revision, no right to read it; an announcement that no Hub makes.
        WorldError: the network or the Hub failed.
    """
    from huggingface_hub.hf_api import RepoFile

    token = api.token if isinstance(api.token, str) else None
    try:
        commit = _commit(api, repo, revision, kind)
        entries = list(api.list_repo_tree(repo, repo_type=kind, revision=commit, recursive=True))
    except Interrupted as error:
        reason = in_sentence(reason_told(error))
        raise WorldError(
            tr(f"{repo} : {reason}. Rien n'a été téléchargé.\nRelancez la même commande plus tard.",
               f"{repo}: {reason}. Nothing was downloaded.\nRun the same command again later.")
        ) from error  # fmt: skip
    except InputError:
        raise
    except Exception as error:  # of the library, of its HTTP client, of the system
        raise reading_refused(repo, error) or WorldError(
            tr(f"{repo} : le Hugging Face Hub ne répond pas. Vérifiez la connexion, puis relancez.",
               f"{repo}: the Hugging Face Hub does not answer. Check the connection, then run again.")
        ) from cause(error, Place(kind=kind, repo=repo, token=token or ""))  # fmt: skip
    files = [
        RemoteFile(
            path=entry.path,
            size=entry.lfs.size if entry.lfs else entry.size,
            name=entry.lfs.sha256 if entry.lfs else entry.blob_id,
            large=bool(entry.lfs),
        )
        for entry in entries
        if isinstance(entry, RepoFile)
    ]
    return Pinned(kind=kind, repo=repo, commit=commit, token=token), files


def _commit(api: "HfApi", repo: str, revision: str, kind: Kind) -> str:
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return str(api.repo_info(repo, repo_type=kind, revision=revision).sha)
    except RepositoryNotFoundError as error:
        if other := _other_kind(api, repo, kind):
            raise other from error
        raise


def _other_kind(api: "HfApi", repo: str, kind: Kind) -> InputError | None:
    """The error for a data set that was asked for as a model, or the other way round."""
    if not api.repo_exists(repo, repo_type="model" if kind == "dataset" else "dataset"):
        return None
    if kind == "model":
        return InputError(
            tr(f"{repo} est un jeu de données : ajoutez --dataset.", f"{repo} is a data set: add --dataset.")
        )
    return InputError(tr(f"{repo} est un modèle : retirez --dataset.", f"{repo} is a model: leave --dataset out."))
