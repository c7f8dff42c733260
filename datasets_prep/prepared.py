"""A prepared folder, from the reading side: what training, evaluation and reports open.

    data = PreparedSet.open(Path("data/medquad"))
    for dialogue in data.split("train"): …

A folder that lost a file, or in which one was changed by hand, is refused: a run must be able to say what it read.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue, read_dialogues
from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import tr
from datasets_prep.manifest_shape import fault_of
from datasets_prep.text_files import sha256_of

MANIFEST = "manifest.json"
REJECTED = "rejected.jsonl"
CLEANING = "cleaning.json"
REPORT = "report.md"
REPAIRS = "repairs.jsonl"  # only where something was repaired
FORMAT = "causette-prepared-set"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class PreparedSet:
    """A folder written by `prepare`, its files checked against its manifest.

    Args:
        folder: where it lies.
        manifest: sources, licences, counts, seed, split rule and fingerprints.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "PreparedSet":
        """Opens a prepared folder.

        Raises:
            InputError: it is not one, or one of its files is missing or was changed since.
        """
        manifest = _read_manifest(folder)
        for split, fingerprint in manifest["fingerprints"].items():
            _check(folder / f"{split}.jsonl", fingerprint)
        return cls(folder=folder, manifest=manifest)

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits: train, validation, test, and recall where there is one."""
        return tuple(self.manifest["fingerprints"])

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the splits: the same for the same dialogues in the same splits, wherever and whenever made."""
        return hashlib.sha256("".join(self.manifest["fingerprints"].values()).encode()).hexdigest()

    def split(self, name: str) -> Iterator[Dialogue]:
        """The dialogues of a split, in their order.

        Raises:
            InputError: there is no such split; those there are listed.
        """
        if name not in self.splits:
            known = ", ".join(self.splits)
            raise InputError(
                tr(
                    f"{self.folder} : pas de partie « {name} ». Parties présentes : {known}.",
                    f"{self.folder}: no split “{name}”. Splits there: {known}.",
                )
            )
        return read_dialogues(self.folder / f"{name}.jsonl")


def is_prepared(folder: Path) -> bool:
    """Whether `folder` bears the manifest of a prepared set, of whatever version."""
    try:
        manifest = read_json(folder / MANIFEST)
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("format") == FORMAT


def _read_manifest(folder: Path) -> dict[str, Any]:
    if folder.is_file():
        raise InputError(
            tr(
                f"{folder} : c'est un fichier, et non un jeu préparé.\n"
                f"Préparez-le d'abord : causette prepare {folder} --out data/{folder.stem}",
                f"{folder}: this is a file, and no prepared set.\n"
                f"Prepare it first: causette prepare {folder} --out data/{folder.stem}",
            )
        )
    if not is_prepared(folder):
        raise InputError(
            tr(
                f"{folder} : ce n'est pas un jeu préparé ({MANIFEST} absent ou illisible).\n"
                f"Préparez-le : causette prepare embedded --out {folder}",
                f"{folder}: not a prepared set ({MANIFEST} missing or unreadable).\n"
                f"Prepare it: causette prepare embedded --out {folder}",
            )
        )
    manifest: dict[str, Any] = read_json(folder / MANIFEST)
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise InputError(
            tr(
                f"{folder} : jeu préparé au format {version}, cette version de Causette lit le format "
                f"{FORMAT_VERSION}.\nPréparez-le de nouveau (--replace).",
                f"{folder}: prepared in format {version}, this version of Causette reads format {FORMAT_VERSION}.\n"
                "Prepare it again (--replace).",
            )
        )
    if fault := fault_of(manifest):
        raise InputError(
            tr(
                f"{folder / MANIFEST} : « {fault} » manque ou n'a pas la forme attendue ; ce fichier ne se modifie pas à la "
                "main.\nPréparez de nouveau le jeu (--replace).",
                f"{folder / MANIFEST}: “{fault}” is missing or not of the shape expected; this file is not to be changed by "
                "hand.\nPrepare the set again (--replace).",
            )
        )
    return manifest


def _check(path: Path, fingerprint: str) -> None:
    if not path.is_file():
        what = tr("fichier manquant", "missing file")
    elif sha256_of(path) != fingerprint:
        what = tr("fichier modifié depuis la préparation", "file changed since it was prepared")
    else:
        return
    raise InputError(
        tr(
            f"{path} : {what}.\nPréparez de nouveau le jeu avec les sources de {MANIFEST} (--replace).",
            f"{path}: {what}.\nPrepare the set again from the sources in {MANIFEST} (--replace).",
        )
    )
