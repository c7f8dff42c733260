"""A model of the Hugging Face Hub in the Hub's own cache, and in plain words what the Hub refuses to a reader."""

import os
from pathlib import Path

from chatbot.errors import CausetteError, InputError, WorldError
from chatbot.language import tr

# What a model needs. Weights in other formats (PyTorch pickles, ONNX, TFLite) stay where they are, and code does.
WANTED = ["*.json", "*.txt", "*.model", "tokenizer.model.v*", "*.spm", "*.weights.h5", "*.safetensors", "assets/**"]
# The weights a second time: Mistral's own format, and our export and notes beside a preset.
TWICE = ["consolidated*", "transformers/*", "causette/*"]


def from_hub(name: str, revision: str | None) -> Path:
    """The folder of ``hf://owner/name``, downloaded where it is not on this disk.

    Raises:
        InputError: no such repository or revision, or no right to read it.
        WorldError: the network or the Hub failed.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            name.removeprefix("hf://"),
            revision=revision,
            endpoint=os.environ.get("HF_ENDPOINT"),
            cache_dir=cache_folder(),
            allow_patterns=WANTED,
            ignore_patterns=TWICE,
        )
    except Exception as error:  # of the library, of its HTTP client, of the system; told apart below
        raise reading_refused(name, error) or no_network(name) from error
    return Path(folder)


def cache_folder() -> Path | None:
    """The Hub's cache, as the environment says now; None leaves it to the Hub's library, which read it when imported."""
    if cache := os.environ.get("HF_HUB_CACHE"):
        return Path(cache)
    home = os.environ.get("HF_HOME")
    return Path(home) / "hub" if home else None


def no_network(name: str) -> WorldError:
    """The error of a model that must be downloaded, and cannot be."""
    return WorldError(
        tr(
            f"{name} : le modèle n'est pas sur ce disque et le réseau ne répond pas.\n"
            "Connectez-vous une fois pour le télécharger, donnez un dossier local, ou prenez « mini » (fourni).",
            f"{name}: the model is not on this disk and the network does not answer.\n"
            "Go online once to download it, give a local folder, or take `mini` (included).",
        )
    )


def reading_refused(name: str, error: BaseException) -> CausetteError | None:
    """The error of ours for what the Hub's library raised while reading.

    Args:
        name: of the repository, as the user wrote it.
        error: as raised.

    Returns:
        None where no answer came: the network, or the Hub's own machine.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, CausetteError):
        return error
    if (
        isinstance(error, LocalEntryNotFoundError) and error.__cause__
    ):  # "not in the cache either": why not from the Hub
        return reading_refused(name, error.__cause__)
    if isinstance(error, HFValidationError):
        return InputError(
            tr(f"{name} : ce n'est pas le nom d'un dépôt du Hub. Écrivez-le ainsi : propriétaire/nom.",
               f"{name}: not the name of a repository of the Hub. Write it so: owner/name.")
        )  # fmt: skip
    if isinstance(error, GatedRepoError):
        return InputError(
            tr(f"{name} : ce dépôt ne s'ouvre qu'à ceux qui en acceptent les conditions.\n"
               "Acceptez-les sur sa page du Hub, puis « hf auth login » (ou HF_TOKEN), et relancez.",
               f"{name}: this repository opens only to those who accept its conditions.\n"
               "Accept them on its page of the Hub, then `hf auth login` (or HF_TOKEN), and run again.")
        )  # fmt: skip
    if isinstance(error, RevisionNotFoundError):
        return InputError(
            tr(f"{name} : ce dépôt n'a pas cette révision.\nDonnez un commit, une étiquette (v1) ou une branche (main).",
               f"{name}: this repository has no such revision.\nGive a commit, a tag (v1) or a branch (main).")
        )  # fmt: skip
    if isinstance(error, RepositoryNotFoundError):
        return InputError(
            tr(
                f"{name} : dépôt introuvable sur le Hugging Face Hub.\n"
                "Vérifiez le nom (propriétaire/nom) ; un dépôt privé demande « hf auth login ».",
                f"{name}: no such repository on the Hugging Face Hub.\n"
                "Check the name (owner/name); a private one needs `hf auth login`.",
            )
        )
    status = getattr(getattr(error, "response", None), "status_code", None)
    return None if status is None else _status_told(name, status)


def _status_told(name: str, status: int) -> CausetteError:
    """The error of ours for a refusal of which only the HTTP status is known."""
    if status == 401:
        return InputError(
            tr(f"{name} : le Hugging Face Hub ne reconnaît pas le jeton (401) : il est faux, expiré ou révoqué.\n"
               "Faites-en un autre sur sa page (Settings → Access Tokens), puis « hf auth login », ou HF_TOKEN.",
               f"{name}: the Hugging Face Hub does not know the token (401): it is wrong, expired or revoked.\n"
               "Make another on your page there (Settings → Access Tokens), then `hf auth login`, or HF_TOKEN.")
        )  # fmt: skip
    if status == 403:
        return InputError(
            tr(f"{name} : votre jeton n'a pas le droit de lire ce dépôt (403).\n"
               "Donnez-lui ce droit sur sa page (Settings → Access Tokens), ou demandez-le au propriétaire.",
               f"{name}: your token has no right to read this repository (403).\n"
               "Give it that right on your page there (Settings → Access Tokens), or ask the owner.")
        )  # fmt: skip
    if status == 429 or status >= 500:
        return WorldError(
            tr(f"{name} : le Hugging Face Hub ne répond pas comme il faut (HTTP {status}).\n"
               "Relancez la même commande plus tard.",
               f"{name}: the Hugging Face Hub does not answer as it should (HTTP {status}).\n"
               "Run the same command again later.")
        )  # fmt: skip
    return WorldError(
        tr(f"{name} : le Hugging Face Hub refuse (HTTP {status}).\n"
           "Vérifiez la révision demandée, ou réessayez plus tard.",
           f"{name}: the Hugging Face Hub refuses (HTTP {status}).\nCheck the revision, or try again later.")
    )  # fmt: skip
