"""A folder that came from elsewhere, checked before anything of it is loaded: no code asked for, every weight a number.

The files are read array by array, some of its rows at a time: a model of any size is checked in little memory, without
Keras.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.output import short
from chatbot.adapter import Adapter
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.locate import check_folder, require_named_base

# What a preset may name, as "module:class": the parts of a model of KerasHub (keras_nlp: its name before 2024), and the
# values of Keras that configure them. No layer, no function: both can be made to do anything.
KNOWN = re.compile(
    r"(?:keras_hub|keras_nlp)\.(?:src\.)?(?:models|tokenizers)(?:\.[a-z]\w*)*:[A-Z]\w*(?:Backbone|CausalLM|Preprocessor|Tokenizer)"
    r"|keras(?:\.dtype_policies)?:(?:[A-Z]\w*)?DTypePolicy(?:Map)?"
    r"|keras\.(?:initializers|regularizers|constraints|quantizers):[A-Z]\w*",
    re.ASCII,
)
AT_ONCE = 1 << 24  # values in memory
# Of a kind of number in safetensors: the integer it is read as, and the bits that are all ones where it is not finite.
EXPONENTS = {
    "F64": ("<u8", 0x7FF0000000000000), "F32": ("<u4", 0x7F800000), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80),
    "F8_E5M2": ("u1", 0x7C), "F8_E4M3": ("u1", 0x7F),
}  # fmt: skip
LONGEST_HEADER = 100 << 20


def check_model(folder: Path, name: str) -> None:
    """Checks a folder with a model or an adapter.

    Raises:
        InputError: it asks for code, its sizes do not agree, a weight is no finite number, or the base of an adapter is
            a place on somebody's disk.
    """
    check_no_code(folder, name)
    if (folder / "adapter" / "adapter.json").is_file():
        require_named_base(Adapter.read(folder / "adapter").base, name)
        check_weights(folder / "adapter", name)
        return
    check_folder(folder, name)
    check_weights(folder, name)


def check_no_code(folder: Path, name: str) -> None:
    """Checks that the configurations at a folder's root name only the classes that a model of KerasHub is made of.

    Raises:
        InputError: one asks for code that lies in the repository, or for a class from elsewhere.
    """
    for path in sorted(folder.glob("*.json")):
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
            wanted = next(_foreign(config), None)
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                tr(f"{name} : {path.name} est illisible ({type(error).__name__}).", f"{name}: {path.name} cannot be read ({type(error).__name__}).")
            ) from error  # fmt: skip
        if path.name == "config.json" and isinstance(config, dict) and config.get("auto_map"):
            wanted = "auto_map"
        if wanted:
            raise InputError(
                tr(f"{name} : {path.name} demande d'exécuter autre chose qu'un modèle de KerasHub ({short(wanted, 80)}).\n"
                   "Causette n'exécute pas le code d'un dépôt : prenez un modèle GPT-2, Llama, Mistral ou Qwen 2 sans code.",
                   f"{name}: {path.name} asks to run something else than a model of KerasHub ({short(wanted, 80)}).\n"
                   "Causette runs no code of a repository: take a GPT-2, Llama, Mistral or Qwen 2 model without code.")
            )  # fmt: skip


def _foreign(config: Any) -> Iterator[str]:
    """What a configuration of Keras names beside the known classes, at any depth."""
    if isinstance(config, list):
        for value in config:
            yield from _foreign(value)
    elif isinstance(config, dict):
        if not isinstance(config.get("class_name", 0), int) and not _is_known(config):  # a vocabulary gives it a number
            yield ".".join(str(config[key]) for key in ("module", "class_name") if config.get(key))
        for value in config.values():
            yield from _foreign(value)


def _is_known(named: dict[str, Any]) -> bool:
    """Whether Keras would find a known class, by the place or by the registered name, which goes first."""
    name, registered = named["class_name"], named.get("registered_name")
    ours = registered in (f"keras_hub>{name}", f"keras_nlp>{name}")
    module = named.get("module") or ("keras_hub.models" if ours else "")
    return bool(KNOWN.fullmatch(f"{module}:{name}")) and (ours or registered in (None, name))


def check_weights(folder: Path, name: str) -> None:
    """Checks the arrays of the files of weights in a folder.

    Raises:
        InputError: a file cannot be read, announces more than it holds, or holds a number that is not finite; a file
            that an index names is missing.
    """
    for path in sorted(folder.iterdir()):
        try:
            if path.name.endswith(".weights.h5"):
                found = _spoiled_in_h5(path)
            elif path.suffix == ".safetensors":
                found = _spoiled_in_safetensors(path)
            elif path.name.endswith((".index.json", ".weights.json")):
                found = _missing(path)
            else:
                continue
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
            found = " ".join(f"{tr('illisible', 'cannot be read')} ({error})".split())[:200]
        if found:
            raise InputError(
                tr(f"{name} : {path.name} : {found}.\nLe fichier est abîmé ou piégé : reprenez le modèle à sa source.",
                   f"{name}: {path.name}: {found}.\nThe file is damaged or forged: get the model again from its source.")
            )  # fmt: skip


def _missing(index: Path) -> str | None:
    """What an index of several files names that is not beside it."""
    files = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
    named = {file for each in files for file in ([each] if isinstance(each, str) else each)}
    lost = sorted(file for file in named if Path(file).name != file or not (index.parent / file).is_file())
    return tr(f"il manque {lost[0]}", f"{lost[0]} is missing") if lost else None


def _spoiled_in_h5(path: Path) -> str | None:
    import h5py

    with h5py.File(path, "r") as file:
        return next(_spoiled_below(file, path.stat().st_size), None)


def _spoiled_below(group: Any, most: int) -> Iterator[str]:
    """What is wrong with the arrays below a group; links that lead out of the file are refused, never followed."""
    import h5py

    for key in group:
        link = group.get(key, getlink=True)
        if not isinstance(link, h5py.HardLink):
            yield tr(f"{group.name}/{key} mène hors du fichier", f"{group.name}/{key} leads out of the file")
            return
        held = group[key]
        if isinstance(held, h5py.Group):
            yield from _spoiled_below(held, most)
        elif held.external or held.is_virtual or held.nbytes > most:
            yield tr(
                f"{held.name} annonce plus que le fichier ne contient",
                f"{held.name} announces more than the file holds",
            )
        elif not all(_finite(rows, held.attrs.get("dtype")) for rows in _rows(held)):
            yield _no_number(held.name)


def _rows(held: Any) -> Iterator[np.ndarray]:
    """The values of an array, some rows at a time."""
    if held.ndim == 0:
        yield np.asarray(held[()])
        return
    step = max(1, AT_ONCE // max(1, held.size // max(1, len(held))))
    for start in range(0, len(held), step):
        yield held[start : start + step]


def _finite(values: np.ndarray, noted: Any) -> bool:
    if noted == "bfloat16":  # Keras writes its bits as integers
        bits = np.ascontiguousarray(values).view("<u2")
        return bool(((bits & 0x7F80) != 0x7F80).all())
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def _spoiled_in_safetensors(path: Path) -> str | None:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size, LONGEST_HEADER):
            return tr("en-tête plus long que le fichier", "a header longer than the file")
        header = json.loads(file.read(length))
    held = np.memmap(path, "u1", mode="r", offset=8 + length) if size > 8 + length else np.zeros(0, "u1")
    arrays = {key: about for key, about in header.items() if key != "__metadata__"}
    for key, about in arrays.items():
        start, end = about["data_offsets"]
        if not 0 <= start <= end <= len(held):
            return tr(
                f"{key:.80} annonce plus que le fichier ne contient", f"{key:.80} announces more than the file holds"
            )
        if about["dtype"] in EXPONENTS and not _finite_bits(held[start:end], *EXPONENTS[about["dtype"]]):
            return _no_number(f"{key:.80}")
    return None


def _finite_bits(held: np.ndarray, kind: str, exponent: int) -> bool:
    step = AT_ONCE * 8  # a multiple of every width
    mask = np.array(exponent, kind)
    blocks = (np.array(held[start : start + step]).view(kind) for start in range(0, len(held), step))
    return all(bool(((block & mask) != mask).all()) for block in blocks)


def _no_number(array: str) -> str:
    return tr(
        f"{array} a des valeurs qui ne sont pas des nombres finis", f"{array} has values that are not finite numbers"
    )
