"""`memory`: settings that fit, found by real training steps of the real model, not by a formula.

    fit.rows=8                        2.91 GB   too much
    fit.rows=2 fit.accumulation=4     1.86 GB   fits
    fit.rows=4 fit.accumulation=2     2.24 GB   too much       → rows 2 × 4

Each candidate is measured in a process of its own, on a GPU too: a process that runs out of memory, or is ended by the
system for it, takes nothing with it; what resident memory a process had never comes down again; and the training that
follows begins as if nothing had been measured. Rows × accumulation, so what a step learns from, stays the same. Layers
are computed again (`fit.checkpointing`) only when not even one row fits without that.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import CausetteError, InputError, WorldError
from chatbot.files import read_json, write_json
from chatbot.language import current_language, tr
from training.config import RunConfig, validated
from training.memory import bytes_of, in_words, peak
from training.out_of_memory import Stage, is_out_of_memory, smaller_rows, ways_out
from training.recorder import Watcher

ROOT = Path(__file__).resolve().parents[1]
# On a GPU neither backend may take all the memory at once: what is not needed must be seen.
ENVIRONMENT = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


@dataclass(frozen=True)
class Settings:
    """What a dry run may change."""

    rows: int
    accumulation: int
    checkpointing: str | bool

    @classmethod
    def of(cls, config: RunConfig) -> "Settings":
        fit = config.fit
        return cls(fit.rows, fit.accumulation, fit.checkpointing)

    def put_into(self, config: RunConfig) -> RunConfig:
        return config.model_copy(update={"fit": config.fit.model_copy(update=asdict(self))})

    def __str__(self) -> str:
        kept = f"fit.rows={self.rows} fit.accumulation={self.accumulation}"
        return f"{kept} fit.checkpointing=true" if self.checkpointing is True else kept


@dataclass(frozen=True)
class Trial:
    """What one dry run found."""

    peak: int | None  # bytes; None: memory ended before
    on_gpu: bool = False
    can_checkpoint: bool = True
    row_length: int | None = None


def fitting(
    config: RunConfig,
    work: Path,
    *,
    resume: bool,
    watcher: Watcher,
    measure: Callable[[RunConfig], Trial] | None = None,
) -> RunConfig:
    """`config` with settings that fit into its `memory`; as it is where it names none.

    Args:
        config: of the training.
        work: its working folder; memory.json there holds what was asked, measured and chosen.
        resume: whether it goes on; then nothing is measured, and what was chosen at its beginning is kept.
        watcher: is told each measurement.
        measure: what makes a dry run; by default a process.

    Raises:
        InputError: not even one row fits; or the system does not tell the memory of a process.
        WorldError: a dry run failed for another reason.
    """
    if config.memory is None:
        return config
    asked, note = Settings.of(config), work / "memory.json"
    if resume:
        before = read_json(note) if note.exists() else {}
        return Settings(**before["chosen"]).put_into(config) if before.get("asked") == asdict(asked) else config
    measure = measure or _in_a_process
    limit = bytes_of(config.memory)
    measured: list[dict[str, Any]] = []

    def fits(settings: Settings) -> Trial | None:
        trial = measure(settings.put_into(config))
        measured.append({**asdict(settings), **asdict(trial)})
        watcher.say(_told(settings, trial, limit))
        return trial if trial.peak is not None and trial.peak <= limit else None

    watcher.say(
        tr(f"Essais à blanc pour tenir dans {in_words(limit)} : quelques pas réels, mesurés.",
           f"Dry runs to stay within {in_words(limit)}: a few real steps, measured.")
    )  # fmt: skip
    chosen = _largest(asked, asked.checkpointing is True, fits)
    if chosen is None and asked.checkpointing == "auto" and measured[-1]["can_checkpoint"]:
        chosen = _largest(asked, True, fits)
    if chosen is None:
        raise _too_much(config, limit, measured)
    watcher.say(tr(f"Retenu : {chosen}.", f"Chosen: {chosen}."))
    write_json(note, {"limit": limit, "asked": asdict(asked), "chosen": asdict(chosen), "measured": measured})
    return chosen.put_into(config)


def _largest(asked: Settings, checkpointing: bool, fits: Callable[[Settings], Trial | None]) -> Settings | None:
    """The most rows that fit, by bisection of the halvings of what was asked; None: not even one row."""
    total = asked.rows * asked.accumulation
    halvings = [asked.rows]
    while halvings[-1] > 1:
        halvings.append(smaller_rows(halvings[-1]))
    candidates = [Settings(rows, total // rows, checkpointing) for rows in halvings]
    if fits(candidates[0]):
        return candidates[0]
    best, low, high = None, 1, len(candidates)  # candidates before `low` are too large, those from `high` on fit
    while low < high:
        middle = (low + high - 1) // 2
        if fits(candidates[middle]):
            best, high = candidates[middle], middle
        else:
            low = middle + 1
    return best


def _told(settings: Settings, trial: Trial, limit: int) -> str:
    if trial.peak is None:
        return tr(f"  {settings} : la mémoire n'a pas suffi", f"  {settings}: memory ran out")
    of = tr("mémoire du GPU", "GPU memory") if trial.on_gpu else tr("mémoire du processus", "memory of the process")
    word = tr("tient", "fits") if trial.peak <= limit else tr("trop", "too much")
    return tr(f"  {settings} : {in_words(trial.peak)} au plus haut ({of}), {word}",
              f"  {settings}: {in_words(trial.peak)} at its highest ({of}), {word}")  # fmt: skip


def _too_much(config: RunConfig, limit: int, measured: Sequence[dict[str, Any]]) -> InputError:
    ended = [each for each in measured if each["peak"] is not None]
    least = min(ended, key=lambda each: each["peak"]) if ended else measured[-1]
    needed = in_words(least["peak"]) if ended else tr("plus que la machine n'en a", "more than this machine has")
    lengths = [each["row_length"] for each in measured if each["row_length"]]
    ways = "\n".join(f"  {way}" for way in ways_out(config, lengths[-1] if lengths else None))
    best = Settings(least["rows"], least["accumulation"], least["checkpointing"])
    return InputError(
        tr(f"--memory {config.memory} : même {best} demande {needed}, pour {in_words(limit)} permis.\n"
           f"Relancez avec, dans cet ordre :\n{ways}",
           f"--memory {config.memory}: even {best} takes {needed}, of {in_words(limit)} allowed.\n"
           f"Run again with, in this order:\n{ways}")
    )  # fmt: skip


def _in_a_process(config: RunConfig) -> Trial:
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        import keras

        done = subprocess.run(
            # -P: a folder "training" where the user stands is not ours
            [sys.executable, "-P", "-m", "training.dry_run", json.dumps(config.model_dump(mode="json")), folder],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": path, "KERAS_BACKEND": keras.backend.backend(),
                 "CAUSETTE_LANG": current_language()},
        )  # fmt: skip
        result = Path(folder) / "result.json"
        if result.exists():
            found = read_json(result)
            if "error" in found:
                raise (InputError if found["status"] == InputError.exit_status else WorldError)(found["error"])
            return Trial(**found)
    if done.returncode in (-9, -6, 137, 134):  # ended by the system for its memory; or C++ found none and gave up
        return Trial(None)
    reason = (done.stderr.strip().splitlines() or ["?"])[-1]
    raise WorldError(tr(f"L'essai à blanc a échoué : {reason}", f"The dry run failed: {reason}"))


def _rehearse(config: RunConfig, folder: Path) -> dict[str, Any]:
    """Makes the dry run in this very process; to be called once in it."""
    from training.fit import rehearse
    from training.precision import can_checkpoint

    stage, ended = Stage(), False
    try:
        rehearse(config, folder, stage=stage)
    except CausetteError as error:
        return {"error": str(error), "status": error.exit_status}
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        ended = True
    found = peak()
    if found.bytes is None:
        told = tr("--memory : ce système ne dit pas la mémoire d'un processus ; réglez fit.rows vous-même.",
                  "--memory: this system does not tell the memory of a process; set fit.rows yourself.")  # fmt: skip
        return {"error": told, "status": InputError.exit_status}
    return {
        "peak": None if ended else found.bytes,
        "on_gpu": found.on_gpu,
        "can_checkpoint": can_checkpoint(config.fit.compile),
        "row_length": stage.row_length,
    }


def main() -> None:
    config, folder = validated(json.loads(sys.argv[1]), "dry run"), Path(sys.argv[2])
    with contextlib.suppress(OSError):  # should memory end, Linux is to take this process first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    write_json(folder / "result.json", _rehearse(config, folder))


if __name__ == "__main__":
    main()
