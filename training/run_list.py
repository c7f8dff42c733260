"""The runs below a folder, read for a list: finished, unfinished and damaged ones, without Keras and without traces.

A loss is a mean over tokens that were looked at, so two of them compare only where the same tokens were: runs whose
validation dialogues gave the same ids, cut alike, share a `Row.measured_on`.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

import numpy as np
import yaml

from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import tr
from training.runs import RunFolder, flat, resumable, working_folder
from training.state import Backup

DEPTH = 3  # levels of folders that are looked through
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, yaml.YAMLError, zipfile.BadZipFile)
State = Literal["finished", "unfinished", "damaged"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run as a list shows it; None where nothing is known.

    Args:
        name: its folder below the one that is listed.
        path: its folder, or the one it will have.
        state: whether it is whole, can be resumed, or is neither.
        reason: what is wrong with a damaged one.
        date: when it ended, or when its state was written.
        model, method, data: what was trained how on what (a folder's name).
        steps, planned_steps, best_step: done, planned, and that of the weights kept.
        before, after: validation loss, in nats per token of an answer.
        measured_on: the same for runs whose losses compare.
        stopped: why it ended early: "patience", "nan".
        findings: keys of what went wrong.
        seconds: of training.
        tests: by split, the measures of the generic and of the specialised model, where they were compared.
        settings: the configuration as a flat table.
    """

    name: str
    path: str
    state: State
    reason: str | None = None
    date: str | None = None
    model: str | None = None
    method: str | None = None
    data: str | None = None
    steps: int | None = None
    planned_steps: int | None = None
    best_step: int | None = None
    before: float | None = None
    after: float | None = None
    measured_on: str | None = None
    stopped: str | None = None
    findings: Sequence[str] = ()
    seconds: float | None = None
    tests: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def test(self, measure: str = "token_f1", split: str = "test", side: str = "specialised") -> float | None:
        """A measure of the comparison; None where there is none."""
        return self.tests.get(split, {}).get(side, {}).get(measure)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def runs_below(folder: Path, depth: int = DEPTH) -> list[Row]:
    """All runs in `folder` and its sub-folders, by name.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            tr(f"{folder} : ce dossier n'existe pas. Entraînez d'abord : causette train --out {folder}/NOM …",
               f"{folder}: no such folder. Train first: causette train --out {folder}/NAME …")
        )  # fmt: skip
    return sorted((read_run(path, folder) for path in _found(folder, depth)), key=lambda row: row.name)


def _found(folder: Path, depth: int) -> Iterable[Path]:
    """The final folders of the runs, whether they have it already or not."""
    for path in sorted(folder.iterdir()):
        if not path.is_dir() or path.is_symlink():
            continue
        if path.name.startswith("."):
            if path.name.endswith(".training"):
                final = path.with_name(path.name.removeprefix(".").removesuffix(".training"))
                if working_folder(final) == path and not final.exists():
                    yield final
        elif is_run(path):
            yield path
        elif depth > 1:
            yield from _found(path, depth - 1)


def is_run(path: Path) -> bool:
    """Whether a folder is a run, whole or not: it has what a training alone writes."""
    return (path / "config.yaml").is_file() or (path / "metrics.json").is_file()


def read_run(path: Path, below: Path) -> Row:
    """One run, whatever its state."""
    name = path.relative_to(below).as_posix() if path.is_relative_to(below) else str(path)
    try:
        if path.is_dir():
            RunFolder.open(path)
            return _finished(name, path)
        if resumable(path):
            return _unfinished(name, path)
        reason = tr("interrompu avant son premier état : rien à reprendre", "interrupted before its first state")
    except InputError as error:
        reason = str(error).splitlines()[0].removeprefix(str(path)).lstrip(" \u00a0:")
    except UNREADABLE as error:
        reason = tr(f"illisible ({' '.join(str(error).split())[:120]})",
                    f"cannot be read ({' '.join(str(error).split())[:120]})")  # fmt: skip
    return Row(name=name, path=str(path), state="damaged", reason=reason)


def _finished(name: str, path: Path) -> Row:
    metrics = read_json(path / "metrics.json")
    return Row(
        name=name,
        path=str(path),
        state="finished",
        date=metrics.get("date") or _date_of(path / "metrics.json"),
        steps=int(metrics["steps"]),
        planned_steps=int(metrics["planned_steps"]),
        best_step=int(metrics["best_step"]),
        before=float(metrics["validation_loss_before"]),
        after=float(metrics["validation_loss_after"]),
        measured_on=metrics.get("measured_on") or _measured_on(path, metrics["row_length"]),
        stopped=metrics.get("stopped"),
        findings=tuple(str(finding["key"]) for finding in metrics.get("findings", ())),
        seconds=float(metrics["train_seconds"]),
        tests=_tests(path),
        **_settings(path),
    )


def _unfinished(name: str, path: Path) -> Row:
    work = working_folder(path)
    state = Backup(work / "backup").states[-1]
    with np.load(state, allow_pickle=False) as archive:  # reads this one array, not the weights beside it
        progress = json.loads(archive["progress"].tobytes())
    validated = progress["best_step"] > 0 or progress["history"]
    return Row(
        name=name,
        path=str(path),
        state="unfinished",
        date=_date_of(state),
        steps=int(progress["step"]),
        best_step=int(progress["best_step"]),
        before=float(progress["first_loss"]),
        after=float(progress["best_loss"]) if validated else None,
        findings=tuple(str(finding["key"]) for finding in progress.get("findings", ())),
        seconds=float(progress["seconds"]),
        **_settings(work),
    )


def _settings(folder: Path) -> dict[str, Any]:
    """Of the configuration as it was written: a newer version's keys are shown like any other."""
    values = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    model, data = str(values["model"]), str(values["data"])
    local = Path(model).is_absolute() or "://" not in model
    return {
        "model": Path(model).name if local else model,
        "method": str(values["method"]),
        "data": Path(data).name,
        "settings": {key: value for key, value in flat(values).items() if key != "out"},
    }


def _measured_on(path: Path, row_length: int) -> str:
    """For runs that did not note it: the same only where all that the tokens depend on is the same."""
    values = yaml.safe_load((path / "config.yaml").read_text(encoding="utf-8"))
    fit = values["fit"]
    fingerprint = read_json(path / "data_manifest.json")["fingerprints"]["validation"]
    content = [fingerprint, values["model"], values["template"], fit["validation_dialogues"], fit["seed"], row_length]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _tests(path: Path) -> dict[str, dict[str, dict[str, float]]]:
    """What `causette compare` wrote into the run; `causette demo` writes it beside, after the run.

    Files of earlier versions are not read: their measures had other definitions.
    """
    for file in (path / "comparison.json", beside(path)):
        if file is None or not file.exists():
            continue
        found = read_json(file)
        if found.get("format") != 2:
            continue
        sides = {"generic": found["reference"], "specialised": found["main"]}
        return {
            each["split"]: {side: _values(each["evaluations"], name) for side, name in sides.items()}
            for each in found["comparisons"]
        }
    return {}


def beside(run: Path) -> Path | None:
    """The comparison of a run in the folder around it, where `causette demo` writes it; None where there is none of it.

    It must be of a run of that name and later than the run: by the dates in the files, for copies have others.
    """
    file = run.parent / "comparison.json"
    try:
        found, metrics = read_json(file), read_json(run / "metrics.json")
        ours = PureWindowsPath(found["main"]).name == run.resolve().name and found["date"] >= metrics["date"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return file if ours else None


def _values(evaluations: Sequence[Mapping[str, Any]], model: str) -> dict[str, float]:
    measures: Mapping[str, Any] = next((each["measures"] for each in evaluations if each["model"] == model), {})
    return {name: float(estimate["value"]) for name, estimate in measures.items()}


def _date_of(file: Path) -> str:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")


def groups(rows: Sequence[Row]) -> dict[str, str]:
    """A letter for each `measured_on` of the rows, in their order: A, B, …, Z, then AA."""
    known = dict.fromkeys(row.measured_on for row in rows if row.measured_on)
    return {key: _letters(place) for place, key in enumerate(known) if key}


def _letters(place: int) -> str:
    head, tail = divmod(place, 26)
    return (_letters(head - 1) if head else "") + chr(ord("A") + tail)


def differing(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The settings that are not the same in all rows, with the value of each row; None where one has no such key."""
    keys = dict.fromkeys(key for row in rows for key in row.settings)
    table = {key: [row.settings.get(key) for row in rows] for key in keys}
    return {key: values for key, values in table.items() if any(value != values[0] for value in values)}
