"""The run folder: what a training leaves on disk, and the only place that knows its layout.

    runs/NAME/
        config.yaml          the whole configuration
        data_manifest.json   manifest of the prepared set it was trained on
        preset/              KerasHub preset with tokenizer and template, or
        adapter/             the adapter alone, for the methods that leave the base as it is
        history.csv          one row per validation
        metrics.json         what came out: losses before and after, weights moved, time, findings
        samples.jsonl        answers to the same questions before the training and at each validation
        tensorboard/         events
        tracking.json        names of the run at the services of `tracking`, if any
        memory.json          with `memory` only: what was asked, measured and chosen
        environment.json     versions, device, precision
        decoding.json        after `causette sweep` only: the way of decoding found best, for these weights
        sweep.json, .md      all that the sweep tried

While training, the same lies in ``runs/.NAME.training`` with a ``backup/`` to resume from; the folder gets its name
when it is complete.
"""

import csv
import importlib.metadata
import io
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.files import on_disk, read_json, write_json, write_text
from chatbot.language import tr
from training.config import RunConfig, save_config, validated
from training.state import STATE, Backup

PACKAGES = ("keras", "keras-hub", "tensorflow", "jax", "tokenizers", "numpy")
# Settings that a resumed training may change: the same sums in another order, and who is told of them.
MAY_CHANGE = ("fit.checkpointing", "tracking")
REQUIRED = ("config.yaml", "data_manifest.json", "metrics.json")
WEIGHTS = ("preset/config.json", "adapter/adapter.safetensors")  # one of them


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One validation. Losses are means over response tokens, in nats."""

    step: int
    epoch: float
    loss: float
    validation_loss: float
    learning_rate: float
    tokens_per_second: float
    seconds: float

    @property
    def curves(self) -> dict[str, float]:
        """What is drawn against the steps."""
        names = ("loss", "validation_loss", "learning_rate", "tokens_per_second")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class RunFolder:
    """A run that is complete on disk."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Opens a run.

        Raises:
            InputError: no such run, an unfinished one, or one that lost a file.
        """
        if not path.is_dir():
            if resumable(path):
                raise InputError(
                    tr(f"{path} : entraînement inachevé. Reprenez-le : causette train … --out {path} --resume",
                       f"{path}: unfinished training. Go on with: causette train … --out {path} --resume")
                )  # fmt: skip
            raise InputError(tr(f"{path} : ce dossier n'existe pas.", f"{path}: no such folder."))
        if lost := _lost(path):
            raise InputError(
                tr(f"{path} : dossier d'entraînement incomplet, il manque {', '.join(lost)}.\n"
                   "Copiez-le à nouveau en entier, ou relancez l'entraînement.",
                   f"{path}: incomplete run folder, {', '.join(lost)} is missing.\n"
                   "Copy the whole folder again, or train again.")
            )  # fmt: skip
        return cls(path)

    @property
    def config(self) -> RunConfig:
        return _config_in(self.path)

    @property
    def metrics(self) -> dict[str, Any]:
        return read_json(self.path / "metrics.json")

    @property
    def data_manifest(self) -> dict[str, Any]:
        return read_json(self.path / "data_manifest.json")

    @property
    def share_seen(self) -> float:
        """How much of the training rows the kept weights have read: 1 from the first whole epoch on."""
        metrics = self.metrics
        return min(1.0, round(metrics["epochs"] * metrics["best_step"] / metrics["steps"], 6))

    @property
    def decoding_file(self) -> Path:
        """What `training.decoding` reads and writes; there after `causette sweep` only."""
        return self.path / "decoding.json"

    @property
    def answering_files(self) -> list[Path]:
        """What its answers depend on, by name: weights, tokenizer, template."""
        folder = self.path / ("adapter" if (self.path / "adapter").exists() else "preset")
        files = (path for path in folder.rglob("*") if path.is_file())
        return sorted(path for path in files if path.suffix != ".md" and not path.name.startswith("."))

    @property
    def history(self) -> list[HistoryRow]:
        return read_history(self.path / "history.csv")


def working_folder(path: Path) -> Path:
    """Where a run lies while it trains."""
    return path.with_name(f".{path.name}.training")


def resumable(path: Path) -> bool:
    """Whether an unfinished training of this run can go on."""
    return bool(Backup(working_folder(path) / "backup").states)


def was_finishing(path: Path) -> bool:
    """Whether a training was killed in its last moment: the run has its name, and still (some of) its backup."""
    backup = path / "backup"
    ours = backup.is_dir() and all(STATE.fullmatch(each.name) for each in backup.iterdir())
    return ours and not _lost(path)


@contextmanager
def working(path: Path, *, resume: bool) -> Iterator[Path]:
    """The working folder of a run: made, or found again to resume.

    When the block ends with an exception before there is anything to resume from, the folder goes.

    Raises:
        InputError: the run exists already, there is nothing to resume, or there is and `resume` is False.
    """
    work = working_folder(path)
    if path.exists():
        raise InputError(
            tr(f"{path} existe déjà. Choisissez un autre --out, ou effacez ce dossier.",
               f"{path} exists already. Choose another --out, or delete that folder.")
        )  # fmt: skip
    if resume and not resumable(path):
        raise _nothing_to_resume(path)
    if not resume and resumable(path):
        raise InputError(
            tr(f"{path} : un entraînement inachevé est là. Ajoutez --resume pour le finir, ou effacez {work}.",
               f"{path}: an unfinished training is there. Add --resume to finish it, or delete {work}.")
        )  # fmt: skip
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    finally:
        if not resumable(path):
            shutil.rmtree(work, ignore_errors=True)


def saved_config(path: Path) -> RunConfig:
    """The configuration of an unfinished training, to go on with it.

    Raises:
        InputError: there is nothing to resume.
    """
    if was_finishing(path):
        return _config_in(path)
    if not resumable(path):
        raise _nothing_to_resume(path)
    return _config_in(working_folder(path))


def noted_precision(work: Path) -> str:
    """The dtype policy that an unfinished training began with."""
    return read_json(work / "environment.json")["precision"]


def note_beginning(work: Path, config: RunConfig, manifest: Mapping[str, Any]) -> None:
    """Writes what a training begins with; a resumed one must begin with the same, `MAY_CHANGE` apart.

    Raises:
        InputError: other settings, or the prepared set changed since.
    """
    if Backup(work / "backup").states:
        before, now = (flat(each.model_dump(mode="json")) for each in (_config_in(work), config))
        differ = [key for key, value in now.items() if before.get(key) != value and key not in MAY_CHANGE]
        if read_json(work / "data_manifest.json") != manifest:
            differ.append("data")
        if differ:
            names = ", ".join(sorted(set(differ)))
            raise InputError(
                tr(f"Reprise refusée, ce qui suit a changé depuis le début : {names}.\n"
                   "Reprenez avec les mêmes réglages (« causette train --out … --resume » suffit).",
                   f"Not resumed, this changed since the beginning: {names}.\n"
                   "Go on with the same settings (`causette train --out … --resume` is enough).")
            )  # fmt: skip
    save_config(config, work / "config.yaml")
    write_json(work / "data_manifest.json", dict(manifest))


def _lost(path: Path) -> list[str]:
    lost = [name for name in REQUIRED if not (path / name).exists()]
    whole = any((path / name).exists() for name in WEIGHTS)
    return lost if whole else [*lost, WEIGHTS[(path / "adapter").exists()]]


def _nothing_to_resume(path: Path) -> InputError:
    return InputError(
        tr(f"{path} : rien à reprendre. Relancez sans --resume.", f"{path}: nothing to resume. Run without --resume.")
    )


def _config_in(folder: Path) -> RunConfig:
    import yaml

    path = folder / "config.yaml"
    return validated(yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path))


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """{"fit": {"rows": 8}} → {"fit.rows": 8}."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= {f"{key}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {key: value}
    return flat


def finish(path: Path) -> RunFolder:
    """Gives the complete working folder of a run its name; goes on with that where it was interrupted."""
    if not was_finishing(path):
        work = working_folder(path)
        on_disk(work)
        work.rename(path)
    shutil.rmtree(path / "backup")  # after: a training killed here is whole, one killed before can be resumed
    return RunFolder.open(path)


def write_history(path: Path, rows: Sequence[HistoryRow]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(HistoryRow.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_text(path, text.getvalue())


def read_history(path: Path) -> list[HistoryRow]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            HistoryRow(**{name: int(value) if name == "step" else float(value) for name, value in row.items()})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        ]


def write_environment(path: Path, *, device: str, precision: str) -> None:
    """Versions, system and device; nothing that identifies the machine or its user."""
    import keras

    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    write_json(
        path,
        {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "backend": keras.backend.backend(),
            "device": device,
            "precision": precision,
            "packages": installed,
        },
    )
