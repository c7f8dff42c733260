"""What is needed of a repository: the files of a model, of a prepared set, of another data set; or why there is none."""

from collections.abc import Callable
from pathlib import Path

from app.hub.choosing import PICKLES, WEIGHTS, Chosen, of_a_data_set, of_a_model, of_a_prepared_set
from app.hub.download import Pinned, RemoteFile, download
from app.hub.received_set import FOLDER
from app.hub.told import size_told
from app.output import short
from chatbot.errors import InputError
from chatbot.language import tr

LONGEST_JSON = 50 << 20  # bytes; such a file is read whole, and the longest tokenizer.json that people use has 34 MB


def needed(
    pinned: Pinned, files: list[RemoteFile], out: Path, stage: Path, say: Callable[[str], None]
) -> tuple[Chosen, bool | None]:
    """The files to take, and whether they are a prepared set (None: a model).

    Args:
        pinned: the repository.
        files: of it.
        out: the folder to write, which may have them already.
        stage: the folder beside it, where the manifest of a set comes first.
        say: what tells of new tries.

    Raises:
        InputError: no weights or no data that can be read, or a configuration that is too long.
        WorldError: the network or the Hub failed.
    """
    if pinned.kind == "model":
        chosen = of_a_model(files)
        _require_weights(chosen, pinned.repo)
        _require_short(chosen, pinned.repo)
        return chosen, None
    if _is_set_of_ours(pinned, files, out, stage, say):
        return of_a_prepared_set(files), True
    chosen = of_a_data_set(files)
    if all(file.path == "README.md" for file in chosen.taken):
        raise InputError(
            tr(f"{pinned.repo} : aucun fichier de données que Causette sache lire (.csv, .tsv, .json, .jsonl, .txt, .pdf).",
               f"{pinned.repo}: no data file that Causette can read (.csv, .tsv, .json, .jsonl, .txt, .pdf).")
        )  # fmt: skip
    return chosen, False


def _is_set_of_ours(
    pinned: Pinned, files: list[RemoteFile], out: Path, stage: Path, say: Callable[[str], None]
) -> bool:
    """Whether a manifest of ours lies among the files; it is read here if it is here, else it comes."""
    from datasets_prep.prepared import is_prepared

    manifest = next((file for file in files if file.path == "manifest.json" and file.size <= LONGEST_JSON), None)
    if manifest is None or not any(file.path.startswith(FOLDER) for file in files):
        return False
    here = manifest.is_at(out / manifest.path)
    return is_prepared(out if here else download(pinned, [manifest], stage, say))


def _require_short(chosen: Chosen, repo: str) -> None:
    """Refuses configurations that would fill the memory, before anything comes."""
    for file in chosen.taken:
        if file.path.endswith(".json") and file.size > LONGEST_JSON:
            raise InputError(
                tr(f"{repo} : {short(file.path)} a {size_told(file.size)} ; un fichier .json de modèle en a {size_told(LONGEST_JSON)} au plus.\n"
                   "Ce dépôt n'est pas un modèle que Causette sache lire : prenez-en un autre.",
                   f"{repo}: {short(file.path)} has {size_told(file.size)}; a model's .json file has {size_told(LONGEST_JSON)} at most.\n"
                   "This repository is not a model that Causette can read: take another one.")
            )  # fmt: skip


def _require_weights(chosen: Chosen, repo: str) -> None:
    """Refuses a model without weights that can be read without running code."""
    if any(file.path.endswith(WEIGHTS) for file in chosen.taken):
        return
    if pickled := chosen.has_left(*PICKLES):
        raise InputError(
            tr(f"{repo} : ce dépôt n'a que des poids qui peuvent exécuter du code ({pickled}).\n"
               "Cherchez-en une version en safetensors, ou demandez-la à son auteur.",
               f"{repo}: this repository has only weights that can run code ({pickled}).\n"
               "Look for a version of it in safetensors, or ask its author for one.")
        )  # fmt: skip
    raise InputError(
        tr(f"{repo} : ce dépôt n'a pas de poids que Causette sache lire (model.weights.h5, *.safetensors).\n"
           "Pour un jeu de données : --dataset.",
           f"{repo}: this repository has no weights that Causette can read (model.weights.h5, *.safetensors).\n"
           "For a data set: --dataset.")
    )  # fmt: skip
