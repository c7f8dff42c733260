"""A model as a repository of the Hub: KerasHub preset at the root, the transformers export beside it, the card.

    README.md  config.json  task.json  tokenizer.json  model.weights.h5  assets/…  causette.json
    transformers/…                  where the family can be exported
    .eval_results/…                 the measures, where the test set has a repository of its own

An adapter alone has ``adapter/`` in the place of the preset. A folder in the transformers format stays as it is, at the
root: so transformers, KerasHub and `load_model` all read it by the repository's name. Only what belongs to a model is
sent, and of its data nothing: neither dialogues nor the answers given to held-out questions. The same model gives the
same bytes each time, so that a second push has nothing to send.
"""

import json
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from app.hub.model_card import card_files
from app.hub.own_paths import json_without_paths, leaf
from app.hub.parcel import Item, Parcel, folder_items, item, parcel
from app.hub.pushed import RECORD, pushed
from chatbot.adapter import Adapter
from chatbot.errors import InputError
from chatbot.export import export_transformers
from chatbot.files import read_json
from chatbot.hub_folder import WANTED
from chatbot.known_models import kaggle_handles
from chatbot.language import tr
from chatbot.locate import EMBEDDED, PRESET_NOTE, locate
from chatbot.model import LanguageModel, load_model, merge
from datasets_prep.prepared import MANIFEST
from training.run_list import is_run
from training.runs import RunFolder

LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*")
TRANSFORMERS_FILES = (*WANTED, "*.jinja", *LICENCES)
KERAS_FILES = (
    "config.json", "task.json", "tokenizer.json", "preprocessor.json", "metadata.json", "*.weights.h5", "model.weights.json",
    "assets/**", PRESET_NOTE, "recipe.json", "curve.csv", *LICENCES,
)  # fmt: skip
OURS = ("README.md", RECORD)  # the card is written anew; where the folder was sent or came from is its owner's business
Say = Callable[[str], None]


def model_parcel(
    model: str,
    work: Path,
    *,
    repo: str,
    adapter: bool = False,
    transformers: bool = True,
    public: bool = False,
    say: Say = print,
) -> Parcel:
    """The files of a model.

    Args:
        model: a run, a preset folder, a folder in the transformers format, or "mini".
        work: an empty folder for what is written on the way; the parcel reads from it.
        repo: "owner/name", for the card.
        adapter: the adapter of a run alone.
        transformers: whether the transformers export is written where it can be.
        public: whether everybody is to read it: its card then names no private repository.
        say: where the steps are told.

    Raises:
        InputError: no such model, one that is on the Hub already, an adapter that is none or that others cannot load.
        WorldError: the base of an adapter must be downloaded, and the network fails.
    """
    check_model(model, adapter=adapter)
    if adapter:
        items, exported = _adapter_alone(model), False
    elif (located := locate(model)).adapter:
        items, exported = _merged(model, work, transformers, say)
    elif _in_transformers_format(located.folder):
        items, exported = _as_it_is(model, located.folder, say), False
    else:
        beside = _exported(load_model(model), work, say) if transformers else []
        items, exported = [*_preset(located.folder, say), *beside], bool(beside)
    say(tr("La fiche est écrite…", "The card is written…"))
    card = card_files(model, adapter=adapter, transformers=exported, repo=repo, public=public)
    return parcel("model", _title(model), *items, *(item(path, content) for path, content in card.items()))


def check_model(model: str, *, adapter: bool) -> None:
    """What can be told of a model within a second, without Keras.

    Raises:
        InputError: no such model, a damaged one, a prepared set, one that is on the Hub already, an adapter that is none
            or that others cannot load.
        WorldError: the base of an adapter must be downloaded, and the network fails.
    """
    _require_own(model)
    path = Path(model)
    if (path / MANIFEST).is_file() and not is_run(path) and not (path / "config.json").exists():
        raise InputError(
            tr(f"{model} est un jeu préparé, pas un modèle : causette push dataset {model}.",
               f"{model} is a prepared set, not a model: causette push dataset {model}.")
        )  # fmt: skip
    if is_run(path):
        RunFolder.open(path)
    if adapter:
        _adapter_alone(model)
    else:
        locate(model)


def record_of(model: str) -> Path | None:
    """The run that notes where it was sent; None for a model that is no run."""
    return Path(model) if is_run(Path(model)) else None


def known_public(model: str, repo: str) -> bool:
    """Whether a run was sent to that repository before, and everybody could read it: it stays what it is."""
    there = pushed(Path(model), "model") if is_run(Path(model)) else None
    return there is not None and there.repo == repo and there.public


def _require_own(model: str) -> None:
    """Raises InputError for what somebody else publishes already."""
    if not Path(model).exists() and model not in EMBEDDED and (
        model.startswith(("hf://", "kaggle://")) or model in kaggle_handles()
    ):  # fmt: skip
        raise InputError(
            tr(f"{model} est déjà publié : on envoie son propre modèle, un entraînement (runs/…) ou un préréglage.\n"
               "Pour l'avoir tel quel, son adresse suffit.",
               f"{model} is published already: what is sent is one's own model, a run (runs/…) or a preset.\n"
               "To have it as it is, its address is enough.")
        )  # fmt: skip


def _title(model: str) -> str:
    return f"Causette: {leaf(model)}"


def _adapter_alone(model: str) -> list[Item]:
    """The adapter's two files.

    Raises:
        InputError: there is none, or its base is on this disk only.
    """
    folder = Path(model) / "adapter"
    if not (folder / "adapter.json").exists():
        locate(model)  # which tells what is no model at all
        raise InputError(
            tr(f"--adapter : {model} n'a pas d'adaptateur, c'est un modèle entier. Retirez --adapter.",
               f"--adapter: {model} has no adapter, it is a whole model. Leave --adapter out.")
        )  # fmt: skip
    base = Adapter.read(folder).base
    if Path(base).exists() or not (base in EMBEDDED or "://" in base or base in kaggle_handles()):
        raise InputError(
            tr(f"--adapter : le modèle de départ de {model} est un dossier de cette machine ({leaf(base)}), que d'autres n'ont pas.\n"
               "Envoyez le modèle entier (sans --adapter) ; ou envoyez d'abord ce dossier, puis mettez son adresse hf://QUI/NOM à "
               "« base » dans adapter/adapter.json.",
               f"--adapter: the base model of {model} is a folder of this machine ({leaf(base)}), which others do not have.\n"
               "Send the whole model (without --adapter); or send that folder first, then put its address hf://WHO/NAME at "
               "`base` in adapter/adapter.json.")
        )  # fmt: skip
    return [item(f"adapter/{name}", folder / name) for name in ("adapter.json", "adapter.safetensors")]


def _merged(model: str, work: Path, transformers: bool, say: Say) -> tuple[list[Item], bool]:
    """The preset of an adapter and its base together, and whether the transformers export is beside it."""
    import keras

    say(tr("L'adaptateur est fondu dans son modèle de départ…", "The adapter is merged into its base model…"))
    keras.utils.clear_session(free_memory=False)  # layers are named by numbers that go on, and stand in the file
    whole = merge(model, work / "preset")
    metadata = read_json(work / "preset" / "metadata.json")
    metadata.pop("date_saved", None)  # of this moment: the run has its own
    preset = [one for one in _preset(work / "preset", say) if one.path != "metadata.json"]
    preset.append(item("metadata.json", json_without_paths(metadata)))
    beside = _exported(whole, work, say) if transformers else []
    return [*preset, *beside], bool(beside)


def _preset(folder: Path, say: Say) -> list[Item]:
    """A KerasHub preset, its base told as others may read it."""
    items = {one.path: one for one in _belonging(folder, KERAS_FILES, say)}
    for name in (PRESET_NOTE, "recipe.json"):
        if name in items:
            note = read_json(folder / name)
            if isinstance(note.get("base"), str):
                note["base"] = leaf(note["base"])
            cleaned = json_without_paths(note)
            if json.loads(cleaned) != read_json(folder / name):
                items[name] = item(name, cleaned)
    return list(items.values())


def _exported(model: LanguageModel, work: Path, say: Say) -> list[Item]:
    """The transformers export; nothing, and why, for a family that has none."""
    say(tr("L'export pour transformers est écrit…", "The export for transformers is written…"))
    try:
        export_transformers(model, work / "transformers")
    except InputError as error:
        say(tr(f"Sans export pour transformers. {error}", f"Without the export for transformers. {error}"))
        return []
    return folder_items(work / "transformers", "transformers")


def _in_transformers_format(folder: Path) -> bool:
    return "class_name" not in read_json(folder / "config.json")  # as every configuration of KerasHub has


def _as_it_is(model: str, folder: Path, say: Say) -> list[Item]:
    """A folder in the transformers format, without what can run code."""
    load_model(model)  # what `load_model` cannot read here it could not read from the Hub either
    say(tr("Ce modèle est au format de transformers : il est envoyé tel quel, à la racine, sans autre export.",
           "This model is in the transformers format: it is sent as it is, at the root, without another export."))  # fmt: skip
    return _belonging(folder, TRANSFORMERS_FILES, say)


def _belonging(folder: Path, patterns: tuple[str, ...], say: Say) -> list[Item]:
    """The files that a model is made of; the others are told by their names, and stay."""
    items = [one for one in folder_items(folder) if one.path not in OURS]
    left = [one for one in items if not _belongs(one.path, patterns)]
    if left:
        names = ", ".join(one.path for one in left)
        say(tr(f"Laissés de côté (ni poids sûrs, ni réglages) : {names}.",
               f"Left out (neither safe weights nor settings): {names}."))  # fmt: skip
    return [one for one in items if one not in left]


def _belongs(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a place is one of those; a `*` of them stays at the root."""
    return ("/" not in path or path.startswith("assets/")) and any(fnmatch(path, pattern) for pattern in patterns)
