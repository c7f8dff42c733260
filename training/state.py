"""The state of a training: what `--resume` needs to go on exactly.

    backup/state-000100.npz, backup/state-000120.npz

Keras' own `BackupAndRestore` restarts the epoch, and reloading a LoRA model through `load_weights` zeroes its
adapter. Here the raw values of the trainable, random-seed and optimizer variables are kept, next to the step reached.

Each state is one file that needs no other, written whole and on the disk before it gets its name, so there is no moment
at which a training cannot be killed. The one before is kept too: a file that is damaged all the same (a ZIP file has a
checksum for each of its parts) costs the steps between the two, not the training.
"""

import json
import lzma
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.errors import InputError
from chatbot.files import write_whole
from chatbot.language import tr
from training.distribution import assign, from_first, whole, writes_files

KEPT = 2  # states
STATE = re.compile(r"state-(\d+)\.npz")
# What a changed byte of a .npz raises: in the ZIP reader and its decompressors, in NumPy's parser of headers, in JSON's.
DAMAGED = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
           tokenize.TokenError, struct.error)  # fmt: skip


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Writes a .npz file, whole or not at all; one process of several does. What is no array yet becomes one when its
    turn comes."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)

    if writes_files():
        write_whole(path, write)


def values_of(variables: Sequence[Any]) -> dict[str, np.ndarray]:
    """Copies of variables under their place and path; bfloat16, which .npz does not know, as its float32 equal."""
    return {name: np.array(variable) for name, variable in _by_name(variables).items()}


def put_back(variables: Sequence[Any], values: Mapping[str, np.ndarray]) -> None:
    """Assigns what `values_of` took.

    Raises:
        ValueError: other variables, or other shapes.
    """
    _require_fit(variables, values)
    for variable, (_, value) in zip(variables, sorted(values.items()), strict=True):
        assign(variable, value)


def changing_variables(model: Any) -> list[Any]:
    """All that a training step changes: trainable, random-seed and optimizer variables (a loss scale among them)."""
    seeds = [variable for variable in model.variables if "seed_generator_state" in variable.path]
    return [*model.trainable_variables, *seeds, *model.optimizer.variables]


class Backup:
    """The last two states of a training, in a folder of their own.

    Args:
        folder: made with the first state.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def states(self) -> list[Path]:
        """The files, the newest last."""
        return sorted((path for path in self.folder.glob("*.npz") if STATE.fullmatch(path.name)), key=_step)

    def save(self, model: Any, progress: dict[str, Any], best: Mapping[str, np.ndarray] | None = None) -> None:
        """Writes all that training changes, and lets go of the state before the last. Collective.

        Args:
            model: a built model with a built optimizer.
            progress: JSON values; "step" among them.
            best: the weights to keep at the end, if they are not those of this step.
        """
        note = np.frombuffer(json.dumps(progress).encode(), dtype="uint8")
        members = {"progress": note, **_by_name(changing_variables(model))}
        members |= {f"best {name}": value for name, value in (best or {}).items()}
        save_arrays(self.folder / f"state-{progress['step']:06d}.npz", members)
        for old in self.states[:-KEPT]:
            old.unlink()

    def load(self, model: Any, say: Callable[[str], None] = lambda text: None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Puts the values of the newest whole state back; says so if that is not the newest. Collective.

        Returns:
            `progress`, and the best weights (those of this step where `save` was given no others).

        Raises:
            InputError: no state is whole, or they were written by another model or with other settings.
        """
        variables = changing_variables(model)
        values = from_first(lambda: self._newest(variables, say))
        progress = json.loads(values.pop("progress").tobytes())
        best = {name.removeprefix("best "): values.pop(name) for name in list(values) if name.startswith("best ")}
        put_back(variables, values)
        return progress, best or values_of(model.trainable_variables)

    def _newest(self, variables: Sequence[Any], say: Callable[[str], None]) -> dict[str, np.ndarray]:
        """What the newest whole state holds, all of it read, so that every checksum is compared."""
        for left_over in self.folder.glob(".*.part"):  # by a training killed while it wrote
            left_over.unlink()
        damaged: list[Path] = []
        for path in reversed(self.states):
            try:
                values = _read(path, variables)
            except DAMAGED as error:
                damaged.append(path)
                reason = error
                continue
            if damaged:
                last, step = _step(damaged[0]), _step(path)
                say(tr(f"Le dernier état (pas {last}) est abîmé : reprise au pas {step}.",
                       f"The last state (step {last}) is damaged: resuming at step {step}."))  # fmt: skip
            for useless in damaged:  # else it would be one of the two that are kept
                useless.unlink()
            return values
        if not damaged:
            raise FileNotFoundError(self.folder)
        raise InputError(
            tr(f"{self.folder} : aucun état ne peut être repris ({reason}).\n"
               f"Effacez {self.folder.parent} et relancez l'entraînement sans --resume.",
               f"{self.folder}: no state can be resumed ({reason}).\n"
               f"Delete {self.folder.parent} and train again without --resume.")
        ) from reason  # fmt: skip


def _read(path: Path, variables: Sequence[Any]) -> dict[str, np.ndarray]:
    """The arrays of a state.

    Raises:
        ValueError: they are of another model or of other settings; or any of `DAMAGED`.
    """
    with np.load(path, allow_pickle=False) as archive:
        values = {name: archive[name] for name in archive.files}
    json.loads(values["progress"].tobytes())
    _require_fit(
        variables, {name: v for name, v in values.items() if name != "progress" and not name.startswith("best ")}
    )
    return values


def _require_fit(variables: Sequence[Any], values: Mapping[str, np.ndarray]) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if [value.shape for _, value in sorted(values.items())] != shapes:
        raise ValueError("the saved values are of another model or of other settings")


def _by_name(variables: Sequence[Any]) -> dict[str, Any]:
    """Place and path → what NumPy can make an array of. Collective where they lie in several processes."""

    def known(variable: Any) -> Any:
        if variable.dtype == "bfloat16":
            return whole(variable).astype("float32")
        here = getattr(variable.value, "is_fully_addressable", True)
        return variable if here else whole(variable)

    return {f"{index:05d} {variable.path}": known(variable) for index, variable in enumerate(variables)}


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("state-"))
