"""Which model a Space shows: its repository and its commit, from the options, or from what the last push noted."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.hub.patience import connection_errors
from app.hub.pushed import pushed
from chatbot.errors import InputError, WorldError
from chatbot.hub_folder import TWICE, WANTED
from chatbot.language import tr
from chatbot.locate import EMBEDDED

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

COMMIT = re.compile(r"[0-9a-f]{40}")
HF = "hf://"


@dataclass(frozen=True, kw_only=True)
class ModelAt:
    """A model that will not change.

    Args:
        repo: its repository; "mini" for the model that comes with us.
        revision: its commit; "" for mini.
        ahead: places of the files that a page reads, where the Hub may fetch them while it builds the Space: everybody
            may read them. None for a closed model, and where nobody looked.
    """

    repo: str
    revision: str = ""
    ahead: tuple[str, ...] = ()

    @property
    def embedded(self) -> bool:
        return self.repo in EMBEDDED


def model_of(run: str, model: str | None, revision: str | None) -> ModelAt:
    """The model and its revision as they are named, which need not be a commit yet.

    Args:
        run: run or preset folder, "mini" or hf://owner/name.
        model: of ``--model``.
        revision: of ``--revision``.

    Raises:
        InputError: there is no such folder, or it was not sent anywhere.
    """
    folder, noted = Path(run), None
    if folder.is_dir():
        noted = pushed(folder, "model")
    elif run not in EMBEDDED and not run.startswith(HF):
        raise InputError(
            tr(f"{run} : pas de dossier de ce nom. Donnez un entraînement (runs/…), mini ou hf://propriétaire/modèle.",
               f"{run}: no such folder. Give a run (runs/…), mini or hf://owner/model.")
        )  # fmt: skip
    repo = model or (noted.repo if noted else run.removeprefix(HF) if run.startswith(HF) else "")
    if repo:
        last = noted.commit if noted and noted.repo == repo else "main"
        return ModelAt(repo=repo, revision=revision or last)
    if run in EMBEDDED:
        return ModelAt(repo=run)
    raise InputError(
        tr(f"{run} n'est pas encore sur le Hub, où le Space le prend. D'abord : causette push model {run} --repo QUI/NOM\n"
           "S'il y est déjà : --model QUI/NOM.",
           f"{run} is not on the Hub yet, where the Space takes it from. First: causette push model {run} --repo WHO/NAME\n"
           "If it is there already: --model WHO/NAME.")
    )  # fmt: skip


def pinned(model: ModelAt, *, look: bool) -> tuple[ModelAt, bool | None]:
    """The model at a commit, and whether it is private (None: nobody looked).

    Args:
        model: as it is named.
        look: whether to ask the Hub even where the commit is known: that it is there, and can be read.

    Raises:
        InputError: there is no such model or revision, this token cannot read it, or a page cannot load it.
        WorldError: the Hub does not answer.
    """
    if model.embedded or (COMMIT.fullmatch(model.revision) and not look):
        return model, None
    found = _asked(model)
    files = [file.rfilename for file in found.siblings or ()]
    _check_loadable(model.repo, set(files))
    ahead = () if found.private or found.gated else read_of(files)
    return ModelAt(repo=model.repo, revision=found.sha or model.revision, ahead=ahead), bool(found.private)


def read_of(files: list[str]) -> tuple[str, ...]:
    """Which files of a repository loading its model reads. The Space's header parts their names by commas and blanks."""
    from huggingface_hub.utils import filter_repo_objects

    wanted = filter_repo_objects(sorted(files), allow_patterns=WANTED, ignore_patterns=TWICE)
    return tuple(name for name in wanted if not set(name) & set(", "))


def _asked(model: ModelAt) -> "ModelInfo":
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    from app.hub.client import client

    try:
        return client(needs_token=False).model_info(model.repo, revision=model.revision)
    except RevisionNotFoundError as error:
        raise InputError(
            tr(f"{model.repo} n'a pas de révision {model.revision}. Voyez son historique sur le Hub, ou renvoyez le modèle.",
               f"{model.repo} has no revision {model.revision}. See its history on the Hub, or push the model again.")
        ) from error  # fmt: skip
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise InputError(
            tr(f"{model.repo} : pas de modèle de ce nom sur le Hub, ou votre jeton ne peut pas le lire.\n"
               f"Vérifiez --model (QUI/NOM), ou envoyez-le : causette push model … --repo {model.repo}",
               f"{model.repo}: no such model on the Hub, or your token cannot read it.\n"
               f"Check --model (WHO/NAME), or send it: causette push model … --repo {model.repo}")
        ) from error  # fmt: skip
    except connection_errors() as error:
        where = os.environ.get("HF_ENDPOINT") or "huggingface.co"
        raise WorldError(
            tr(f"{model.repo} : le Hub ({where}) ne répond pas comme attendu ({type(error).__name__}). Réessayez plus tard.",
               f"{model.repo}: the Hub ({where}) does not answer as expected ({type(error).__name__}). Try again later.")
        ) from error  # fmt: skip


def _check_loadable(repo: str, files: set[str]) -> None:
    if "config.json" in files:
        return
    if "adapter/adapter.json" in files:
        raise InputError(
            tr(f"{repo} ne contient que l'adaptateur : une page demande le modèle entier.\n"
               f"Envoyez-le ailleurs, sans --adapter : causette push model … --repo QUI/AUTRE-NOM",
               f"{repo} holds the adapter alone: a page needs the whole model.\n"
               f"Send it elsewhere, without --adapter: causette push model … --repo WHO/OTHER-NAME")
        )  # fmt: skip
    raise InputError(
        tr(f"{repo} : ce dépôt n'est pas un modèle que la page sait charger (config.json y manque).",
           f"{repo}: this repository is no model that the page can load (config.json is missing).")
    )  # fmt: skip
