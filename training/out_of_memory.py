"""When memory ends: which errors say so, and what to change, in which order, with the numbers of this training."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

from chatbot.errors import CausetteError, WorldError
from chatbot.language import tr
from training import runs
from training.config import RunConfig

_SAY_SO = ("RESOURCE_EXHAUSTED", "CUDA_ERROR_OUT_OF_MEMORY", "Out of memory")


@dataclass
class Stage:
    """How far a training had come."""

    row_length: int | None = None  # places of a row; None until the dialogues are packed
    can_checkpoint: bool = True  # whether recomputing layers saves anything here


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it is one of the many ways to say it: Python's, the system's, TensorFlow's, XLA's (so JAX's)."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return not isinstance(error, CausetteError) and any(words in str(error) for words in _SAY_SO)


@contextmanager
def told_with_advice(config: RunConfig) -> Iterator[Stage]:
    """Turns the end of memory within the block into advice; the block notes how far it is.

    Raises:
        WorldError: memory ended.
    """
    stage = Stage()
    try:
        yield stage
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise WorldError(_told(config, stage)) from error


def smaller_rows(rows: int) -> int:
    """The largest number below `rows` that divides it: 8 → 4, 6 → 3, 7 → 1."""
    return next((rows // part for part in range(2, rows + 1) if rows % part == 0), 1)


def ways_out(config: RunConfig, row_length: int | None) -> list[str]:
    """What holds less memory than one row that is recomputed layer by layer, the gentlest first."""
    ways = []
    if row_length and row_length > 128:
        ways.append(tr(f"--set fit.row_length={row_length // 2} (au lieu de {row_length} : les dialogues plus longs sont coupés)",
                       f"--set fit.row_length={row_length // 2} (instead of {row_length}: longer dialogues are cut)"))  # fmt: skip
    known = get_args(RunConfig.model_fields["method"].annotation)
    methods = [name for name in ("full", "lora", "qlora-int8", "qlora-int4") if name in known]
    below = methods[methods.index(config.method) + 1 :] if config.method in methods else []
    ways += [f"--set method={name}" for name in below]
    ways.append(tr("--model : un modèle de départ plus petit", "--model: a smaller base model"))
    return ways


def _told(config: RunConfig, stage: Stage) -> str:
    ways, fit = [], config.fit
    off = fit.checkpointing is not True and stage.can_checkpoint
    if stage.row_length:
        if fit.rows > 1 and config.distribute != "data":  # there, rows must divide by the devices
            rows = smaller_rows(fit.rows)
            ways.append(tr(f"--set fit.rows={rows} --set fit.accumulation={fit.accumulation * fit.rows // rows} (le même pas)",
                           f"--set fit.rows={rows} --set fit.accumulation={fit.accumulation * fit.rows // rows} (the same step)"))  # fmt: skip
        if off:
            ways.append(tr("--set fit.checkpointing=true (le même résultat, un tiers de temps en plus)",
                           "--set fit.checkpointing=true (the same result, a third more time)"))  # fmt: skip
    ways += ways_out(config, stage.row_length)
    lines = [_what(config, stage)]
    if runs.resumable(config.out):
        again = f"causette train --out {config.out} --resume"
        change = " --set fit.checkpointing=true" if off else ""
        lines.append(
            tr(f"L'état gardé n'est pas perdu : {again}{change}\n"
               f"Sinon effacez {runs.working_folder(config.out)} et recommencez avec, dans cet ordre :",
               f"The saved state is not lost: {again}{change}\n"
               f"Else delete {runs.working_folder(config.out)} and begin again with, in this order:")
        )  # fmt: skip
    else:
        lines.append(tr("Relancez avec, dans cet ordre :", "Run again with, in this order:"))
    return "\n".join([*lines, *(f"  {way}" for way in ways)])


def _what(config: RunConfig, stage: Stage) -> str:
    if stage.row_length is None:
        return tr(f"Mémoire insuffisante pour charger {config.model}.", f"Not enough memory to load {config.model}.")
    fit = config.fit
    return tr(
        f"Mémoire insuffisante : {fit.rows} ligne(s) de {stage.row_length} jetons à la fois, méthode {config.method}.",
        f"Not enough memory: {fit.rows} row(s) of {stage.row_length} tokens at a time, method {config.method}.",
    )
