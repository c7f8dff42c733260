"""From a model's name to a local folder that holds it, checked before anything is loaded.

A local folder is checked without importing Keras: a missing file is told within a second.
"""

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.adapter import Adapter
from chatbot.errors import InputError
from chatbot.hub_folder import from_hub, no_network
from chatbot.known_models import kaggle_handles
from chatbot.language import number, tr

EMBEDDED = {"mini": Path(__file__).parent / "presets" / "mini"}
KERAS_WEIGHTS = ("model.weights.h5", "model.weights.json")  # one file, or the index of several
PRESET_NOTE = "causette.json"  # our own note beside the preset: template, licence, languages


@dataclass(frozen=True, kw_only=True)
class Located:
    """Where a model lies.

    Args:
        name: as the user wrote it.
        folder: a KerasHub preset folder, or one in the transformers format; of the base, where there is an adapter.
        run: the run folder around it, if it is one.
        adapter: folder of the adapter to put beside the model in `folder`.
    """

    name: str
    folder: Path
    run: Path | None = None
    adapter: Path | None = None


def locate(name: str, *, revision: str | None = None) -> Located:
    """Finds a model: local folders first, the network only when nothing local has that name.

    Args:
        name: run folder, preset folder, folder in the transformers format, "mini", a KerasHub name
            ("gpt2_base_en"), "hf://owner/name" or "kaggle://owner/model/keras/variant".
        revision: commit, tag or branch for ``hf://``.

    Raises:
        InputError: no such model, or a folder that is not one.
        WorldError: it must be downloaded and there is no network.
    """
    found = _found(name, revision)
    if found.adapter:
        return _beside_its_base(found, found.adapter)
    check_folder(found.folder, name)
    return found


def _found(name: str, revision: str | None = None) -> Located:
    """The folder of a name, not looked into; with the adapter that it holds, whose base is still to be found."""
    path, run = Path(name), None
    if name in EMBEDDED and not path.exists():
        path = EMBEDDED[name]
    if path.is_dir():
        run = path if (path / "config.yaml").exists() else None
    elif name.startswith("hf://"):
        path = from_hub(name, revision)
    else:
        path = _from_kaggle(name, name if name.startswith("kaggle://") else _kaggle_handle(name))
    if (path / "adapter" / "adapter.json").exists():
        return Located(name=name, folder=path, run=run, adapter=path / "adapter")
    return Located(name=name, folder=path / "preset" if run else path, run=run)


def _beside_its_base(found: Located, adapter: Path) -> Located:
    """The base of an adapter, with the adapter's folder."""
    name, base = found.name, Adapter.read(adapter).base
    if name.startswith("hf://") and found.run is None:
        require_named_base(base, name)
    try:
        located = _found(base)
        if not located.adapter:
            check_folder(located.folder, base)
    except InputError as error:
        raise InputError(
            tr(f"{name} est un adaptateur, à poser sur le modèle {base}, qui manque :\n{error}\n"
               f"Remettez-le à cette place, ou corrigez « base » dans {adapter / 'adapter.json'}.",
               f"{name} is an adapter for the model {base}, which is missing:\n{error}\n"
               f"Put it back there, or mend `base` in {adapter / 'adapter.json'}.")
        ) from error  # fmt: skip
    if located.adapter:
        raise InputError(
            tr(f"{name} : son modèle de départ, {base}, est lui-même un adaptateur.\n"
               f"Fusionnez-le d'abord : causette merge {base} --out DOSSIER, puis entraînez sur ce dossier.",
               f"{name}: its base model, {base}, is an adapter itself.\n"
               f"Merge it first: causette merge {base} --out FOLDER, then train on that folder.")
        )  # fmt: skip
    return Located(name=name, folder=located.folder, run=found.run, adapter=adapter)


def require_named_base(base: str, name: str) -> None:
    """Refuses an adapter from elsewhere whose base is a place on its author's disk, which here may be anything.

    Raises:
        InputError: the base is no embedded, KerasHub, ``hf://`` or ``kaggle://`` name.
    """
    if base in EMBEDDED or base.startswith(("hf://", "kaggle://")) or base in kaggle_handles():
        return
    raise InputError(
        tr(f"{name} : cet adaptateur se pose sur « {base} », un dossier de la machine de son auteur.\n"
           "Demandez-lui le modèle entier (causette merge), ou un adaptateur sur un modèle que tous peuvent prendre.",
           f"{name}: this adapter lies beside “{base}”, a folder of its author's machine.\n"
           "Ask for the whole model (causette merge), or for an adapter of a model that everybody can get.")
    )  # fmt: skip


def check_folder(folder: Path, name: str) -> None:
    """Checks that a folder can be a model before Keras reads it: files there, sizes that agree.

    Raises:
        InputError: a file is missing or unreadable, or the configuration announces more than the weights hold.
    """
    config = _read_config(folder, name)
    weights = [p for p in folder.glob("*") if p.name in KERAS_WEIGHTS or p.suffix in (".safetensors", ".h5")]
    if not weights and (pickled := next(iter(sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pth"))), None)):
        raise InputError(
            tr(
                f"{name} : le dossier n'a que des poids PyTorch ({pickled.name}), qui peuvent exécuter du code.\n"
                "Convertissez-les avec transformers : AutoModelForCausalLM.from_pretrained(…).save_pretrained(…) écrit "
                "model.safetensors.",
                f"{name}: the folder has only PyTorch weights ({pickled.name}), which can run code.\n"
                "Convert them with transformers: AutoModelForCausalLM.from_pretrained(…).save_pretrained(…) writes "
                "model.safetensors.",
            )
        )
    if not weights:
        lost = "model.weights.h5 / model.safetensors"
        raise InputError(
            tr(
                f"{name} : le dossier ne contient pas de poids ({lost}).\n"
                "Copiez à nouveau le dossier entier, ou relancez l'entraînement.",
                f"{name}: the folder holds no weights ({lost}).\nCopy the whole folder again, or train again.",
            )
        )
    announced = _least_parameters(config, name)
    held = sum(p.stat().st_size for p in folder.glob("*") if p.suffix in (".safetensors", ".h5"))
    if announced > 2 * held:  # int4 weights take half a byte each
        raise InputError(
            tr(
                f"{name} : config.json annonce au moins {number(announced)} paramètres, les poids n'en contiennent pas tant.\n"
                "Le fichier est abîmé ou piégé : reprenez le modèle à sa source.",
                f"{name}: config.json announces at least {number(announced)} parameters, more than the weights can hold.\n"
                "The file is damaged or forged: get the model again from its source.",
            )
        )


def _read_config(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            tr(
                f"{name} : ce dossier n'est pas un modèle ({path.name} y manque).\n"
                "Donnez un dossier d'entraînement (runs/…), un préréglage KerasHub ou un modèle transformers.",
                f"{name}: not a model folder ({path.name} is missing).\n"
                "Give a run folder (runs/…), a KerasHub preset or a folder in the transformers format.",
            )
        ) from error
    except (ValueError, OSError) as error:
        raise InputError(tr(f"{path} : fichier illisible ({error}).", f"{path}: cannot be read ({error}).")) from error
    if not isinstance(config, dict):
        raise InputError(tr(f"{path} : un objet JSON est attendu.", f"{path}: a JSON object is expected."))
    return config


def _least_parameters(config: dict[str, Any], name: str) -> int:
    """A lower bound of the parameters: embeddings, and two feed-forward matrices per layer.

    Reads the names of KerasHub and of transformers; what has neither counts as nothing.
    """
    inner = config.get("config") if isinstance(config.get("config"), dict) else config
    assert isinstance(inner, dict)

    def size(*names: str) -> int:
        value = next((inner[key] for key in names if inner.get(key)), 0)
        if not isinstance(value, int):
            raise InputError(
                tr(f"{name} : config.json : {names[0]} n'est pas un entier ({value!r:.40}).",
                   f"{name}: config.json: {names[0]} is no integer ({value!r:.40}).")
            )  # fmt: skip
        return value

    width = size("hidden_dim", "hidden_size", "n_embd")
    layers = size("num_layers", "num_hidden_layers", "n_layer")
    inner_width = size("intermediate_dim", "intermediate_size", "n_inner") or 4 * size("n_embd")
    rows = size("vocabulary_size", "vocab_size") + size("max_sequence_length", "n_positions")
    return rows * width + layers * 2 * width * inner_width


def _kaggle_handle(name: str) -> str:
    """The Kaggle address of a KerasHub name.

    Raises:
        InputError: KerasHub knows no causal language model of that name.
    """
    handles = kaggle_handles()
    if name in handles:
        return handles[name]
    near = difflib.get_close_matches(name, [*EMBEDDED, *handles], n=3)
    hint = tr("Vouliez-vous dire : ", "Did you mean: ") + ", ".join(near) if near else ""
    hint = hint or tr(
        "Donnez un dossier, « mini », un nom KerasHub (gpt2_base_en), hf://… ou kaggle://…",
        "Give a folder, `mini`, a KerasHub name (gpt2_base_en), hf://… or kaggle://…",
    )
    raise InputError(
        tr(f"{name} : ni dossier, ni modèle connu.\n{hint}", f"{name}: neither a folder nor a known model.\n{hint}")
    )


def _from_kaggle(name: str, handle: str) -> Path:
    import kagglehub
    import requests

    try:
        return Path(kagglehub.model_download(handle.removeprefix("kaggle://")))
    except ValueError as error:
        raise InputError(tr(f"{name} : adresse Kaggle mal formée.", f"{name}: malformed Kaggle address.")) from error
    except (requests.RequestException, OSError) as error:
        raise no_network(name) from error
