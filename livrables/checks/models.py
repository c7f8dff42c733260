"""Loading a model that a comparison names out of a team's folder, with what it may lead to looked at before.

The weights themselves are checked by `chatbot` when it loads them. Here it is seen to that nothing outside the work folder
is read, and that nothing is fetched but what everybody knows: an embedded model, or one of KerasHub's own names.
"""

import contextlib
from pathlib import Path
from typing import Any

from chatbot.adapter import Adapter, bits_of
from chatbot.errors import CausetteError, InputError, WorldError
from chatbot.known_models import kaggle_handles
from chatbot.language import tr
from chatbot.locate import EMBEDDED
from livrables.checks.comparison import Stored
from livrables.checks.reading import below, found, inside
from training.evaluation.records import Evaluation
from training.runs import RunFolder


class NotHere(Exception):
    """The model cannot be loaded here, for a reason that is no fault of the team's; told."""


def load_side(stored: Stored, side: Evaluation) -> Any:
    """The model of a side, as `causette compare` loaded it.

    Raises:
        NotHere: its weights are not in the folder, or its base would have to be fetched from an unknown place.
        InputError: it cannot be loaded.
        LeadsOut: one of its files is a link that leads out of the folder.
    """
    from chatbot.model import load_model

    name, options = side.model, {}
    if side.model == stored.compared.first.main:
        if stored.main is None:
            raise NotHere(tr("le run n'est pas dans le dossier du travail", "the run is not in the work folder"))
        name = below(stored.main, stored.work)
    if folder := found(stored.work, name):
        _look_at(stored.work, folder)
    elif not _known(name):
        raise NotHere(
            tr(
                f"{name} n'est ni dans le dossier du travail, ni un modèle connu",
                f"{name} is neither in the work folder nor a known model",
            )
        )
    if side.model != stored.compared.first.main:
        options = {"template": side.template, "bits": _bits(stored, side)}
    with contextlib.chdir(stored.work):  # an adapter names its base as seen from there
        try:
            return load_model(name, **options)
        except WorldError as error:
            raise NotHere(_line(error)) from error
        except InputError as error:
            if folder is None or _of_known_base(folder, stored.work):  # of a known model, another version may be here
                raise NotHere(_line(error)) from error
            raise


def _of_known_base(folder: Path, work: Path) -> bool:
    """Whether it is an adapter of a model that does not lie in the work folder."""
    adapter = folder / "adapter"
    return adapter.is_dir() and found(work, Adapter.read(adapter).base) is None


def _line(error: CausetteError) -> str:
    return str(error).replace("\n", " ")


def _look_at(work: Path, folder: Path) -> None:
    for file in folder.rglob("*"):
        inside(work, below(file, work))
    if not (adapter := folder / "adapter").is_dir():
        if not (folder / "preset").is_dir() and not (folder / "config.json").is_file():
            raise NotHere(tr("poids absents", "no weights"))
        return
    if not (adapter / "adapter.safetensors").is_file():
        raise NotHere(tr("poids absents", "no weights"))
    base = Adapter.read(adapter).base
    if there := found(work, base):
        for file in there.rglob("*"):
            inside(work, below(file, work))
    elif not _known(base):
        raise NotHere(tr(f"son modèle de départ, {base}, n'est ni dans le dossier du travail, ni un modèle connu",
                         f"its base model, {base}, is neither in the work folder nor a known model"))  # fmt: skip


def _known(name: str) -> bool:
    return name in EMBEDDED or name in kaggle_handles()


def _bits(stored: Stored, side: Evaluation) -> Any:
    """Beside a narrowed run its base was narrowed too."""
    if stored.main is None or side.model != RunFolder(stored.main).config.model:
        return None
    return bits_of(RunFolder(stored.main).config.method)
