"""A model as the tab *À propos* shows it: its sizes from its configuration, its data's terms, versions, its base's card.

Nothing is downloaded: of a model that is not on this disk only the name is told.
"""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from app.exhibits.card import blocks_of
from app.exhibits.data import data_exhibit
from app.hub.own_paths import leaf
from app.page.trained import AboutExhibit
from chatbot.adapter import Adapter
from chatbot.errors import CausetteError
from chatbot.files import read_json
from chatbot.locate import EMBEDDED, PRESET_NOTE, locate
from training.runs import RunFolder

PACKAGES = ("keras", "keras-hub", "tensorflow", "jax", "gradio", "tokenizers")
LONGEST_CARD = 20_000  # characters
# Our name of a size → its names in KerasHub's configurations and in those of transformers.
SIZES = {
    "vocabulary": ("vocabulary_size", "vocab_size"),
    "layers": ("num_layers", "num_hidden_layers", "n_layer"),
    "width": ("hidden_dim", "hidden_size", "n_embd"),
    "heads": ("num_heads", "num_query_heads", "num_attention_heads", "n_head"),
    "context": ("max_sequence_length", "n_positions", "max_position_embeddings"),
}


def about_exhibit(model: str, run: RunFolder | None) -> AboutExhibit:
    """What is known of a model without loading it.

    Args:
        model: as it was given to the page.
        run: the same, where it is one.
    """
    known: dict[str, Any] = {"name": leaf(model), "versions": versions()}
    if run:
        known |= _of_run(run)
    folder = _folder(model)
    if folder is None:
        return AboutExhibit(**known)
    origin = _origin(run.config.model if run else model)
    sizes = _of_folder(folder)
    if run and (run.path / "adapter").is_dir():
        sizes["template"] = Adapter.read(run.path / "adapter").template
    return AboutExhibit(**known, **sizes, card_of=leaf(origin), card=_card(EMBEDDED.get(origin, Path(origin))))


def _origin(model: str, steps: int = 10) -> str:
    """What a model began as, where runs were trained on runs."""
    path = Path(model)
    if not steps or not (path / "config.yaml").is_file():
        return model
    return _origin(RunFolder(path).config.model, steps - 1)


def versions() -> tuple[tuple[str, str], ...]:
    """Of what answers here: name → version, as far as it is installed."""
    found = [("causette", _version("causette")), ("python", platform.python_version())]
    found += [(package, _version(package)) for package in PACKAGES]
    return tuple((name, number) for name, number in found if number)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _of_run(run: RunFolder) -> dict[str, Any]:
    config = run.config
    data = data_exhibit(run.data_manifest, config.data)
    environment = run.path / "environment.json"
    noted = read_json(environment) if environment.is_file() else {}
    with_ = [
        ("python", noted.get("python", "")),
        ("backend", noted.get("backend", "")),
        *noted.get("packages", {}).items(),
    ]
    return {
        "base": leaf(config.model),
        "method": config.method,
        "data": data.name,
        "data_licences": tuple(dict.fromkeys(source.licence for source in data.sources)),
        "attributions": tuple(dict.fromkeys(source.attribution for source in data.sources if source.attribution)),
        "trained_with": tuple((name, str(value)) for name, value in with_ if value),
    }  # fmt: skip


def _folder(model: str) -> Path | None:
    """Where the model, or its base, lies on this disk; None where that would take the network."""
    path = Path(model)
    try:
        if model in EMBEDDED or path.is_dir():
            adapter = path / "adapter"
            base = Adapter.read(adapter).base if (adapter / "adapter.json").is_file() else model
            return locate(model).folder if base in EMBEDDED or Path(base).is_dir() else None
    except (CausetteError, OSError):
        pass
    return None


def _of_folder(folder: Path) -> dict[str, Any]:
    """Names and sizes, from config.json and the notes beside it."""
    config = read_json(folder / "config.json")
    inner = config["config"] if isinstance(config.get("config"), dict) else config
    note = _json(folder / PRESET_NOTE)
    architecture = config.get("class_name") or next(iter(config.get("architectures") or ()), "")
    sizes = {name: _integer(inner, keys) for name, keys in SIZES.items()}
    return {
        "architecture": str(architecture),
        "template": str(note.get("template") or ""),
        "parameters": _json(folder / "metadata.json").get("parameter_count"),
        **sizes,
    }


def _integer(config: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((config[key] for key in keys if isinstance(config.get(key), int)), None)


def _json(file: Path) -> dict[str, Any]:
    try:
        value = read_json(file)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _card(folder: Path) -> tuple[Any, ...]:
    file = folder / "README.md"
    return blocks_of(file.read_text(encoding="utf-8")[:LONGEST_CARD]) if file.is_file() else ()
