"""The state of a training, written whole: what `--resume` needs to go on exactly.

Keras' own `BackupAndRestore` restarts the epoch, and reloading a LoRA model through `load_weights` zeroes its
adapter. Here the raw values of the trainable, random-seed and optimizer variables are kept, next to the step reached.
"""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.errors import InputError
from chatbot.files import write_whole
from chatbot.language import tr
from training.distribution import assign, from_first, whole, writes_files


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes a .npz file, whole or not at all; one process of several does."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    if writes_files():
        write_whole(path, write)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz file; of several processes the first reads it for all."""

    def read() -> dict[str, np.ndarray]:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)

    return from_first(read)


def values_of(variables: Sequence[Any]) -> dict[str, np.ndarray]:
    """Copies of variables under their place and path; bfloat16, which .npz does not know, as its float32 equal."""
    values = {f"{index:05d} {variable.path}": whole(variable) for index, variable in enumerate(variables)}
    return {name: v.astype("float32") if v.dtype.name == "bfloat16" else v for name, v in values.items()}


def put_back(variables: Sequence[Any], values: dict[str, np.ndarray]) -> None:
    """Assigns what `values_of` took.

    Raises:
        ValueError: other variables, or other shapes.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    if [value.shape for _, value in sorted(values.items())] != shapes:
        raise ValueError("the saved values are of another model or of other settings")
    for variable, (_, value) in zip(variables, sorted(values.items()), strict=True):
        assign(variable, value)


def changing_variables(model: Any) -> list[Any]:
    """All that a training step changes: trainable, random-seed and optimizer variables."""
    seeds = [variable for variable in model.variables if "seed_generator_state" in variable.path]
    return [*model.trainable_variables, *seeds, *model.optimizer.variables]


def save_state(path: Path, model: Any, progress: dict[str, Any]) -> None:
    """Writes all that training changes, and `progress` (JSON values: step, best loss, …)."""
    note = np.frombuffer(json.dumps(progress).encode(), dtype="uint8")
    save_arrays(path, {"progress": note, **values_of(changing_variables(model))})


def load_state(path: Path, model: Any) -> dict[str, Any]:
    """Puts the values back and returns `progress`.

    Raises:
        InputError: the file is damaged, or was written by another model or with other settings.
    """
    try:
        values = load_arrays(path)
        progress = json.loads(values.pop("progress").tobytes())
        put_back(changing_variables(model), values)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            tr(f"{path} : cet état ne peut pas être repris ({error}).\nRelancez l'entraînement sans --resume.",
               f"{path}: this state cannot be resumed ({error}).\nTrain again without --resume.")
        ) from error  # fmt: skip
    return progress
