"""A comparison on disk, with the run and the set that it is of, as far as they lie in the work folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.language import tr
from livrables.checks.check import Check, Place
from livrables.checks.reading import below, dialogues_of, found, inside, json_of
from livrables.checks.trained import date_of, in_order
from training.evaluation.asked import Training
from training.evaluation.comparison_file import FILE, Compared, read_compared
from training.run_list import is_run

AGAIN = ("refaites la comparaison : causette compare RUN", "make the comparison again: causette compare RUN")


@dataclass(frozen=True)
class Stored:
    """`comparison.json` of a folder below the work folder."""

    folder: Path
    work: Path

    @property
    def where(self) -> str:
        return below(self.folder / FILE, self.work)

    @cached_property
    def value(self) -> dict[str, Any]:
        """The file as it is."""
        value: dict[str, Any] = json_of(inside(self.work, self.where))
        return value

    @cached_property
    def compared(self) -> Compared:
        """The file as Causette reads it: its records, from which all numbers come."""
        return read_compared(self.folder)

    @cached_property
    def data(self) -> Path | None:
        """The prepared set; None where it is not in the work folder."""
        return self._near(self.compared.data.get("folder", ""), "data", "manifest.json")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        assert self.data
        manifest: dict[str, Any] = json_of(self.data / "manifest.json")
        return manifest

    @cached_property
    def main(self) -> Path | None:
        """The run that it is about; None where it is not in the work folder."""
        if is_run(self.folder):
            return self.folder
        return self._near(self.compared.first.main, "runs", "config.yaml")

    @cached_property
    def training(self) -> Training:
        """What the models may have learnt; nothing where the set is not there."""
        return Training(self.split("train"))

    def split(self, name: str) -> list[Dialogue]:
        if self.data is None or not (file := self.data / f"{name}.jsonl").is_file():
            return []
        return list(dialogues_of(inside(self.work, below(file, self.work))))

    def _near(self, name: str, usual: str, marked: str) -> Path | None:
        """A folder by the name that it had: there, beside the comparison, or where such folders usually are."""
        last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        here = below(self.folder, self.work)
        for path in (name, f"{here}/{last}", f"{usual}/{last}"):
            if (folder := found(self.work, path)) and (folder / marked).is_file():
                return folder
        return None


def comparison_checks(stored: Stored) -> Iterator[Check]:
    """What a comparison is of: the set that is there, the run that is there, asked after it was trained."""
    place = Place(kind="run", where=stored.where)
    what = tr("le jeu comparé est celui qui est là (empreinte)", "the set compared is the one there (fingerprint)")
    if stored.data is None:
        yield place.unverified(
            what, tr("le jeu n'est pas dans le dossier du travail", "the set is not in the work folder")
        )
    else:
        yield place.equal(what, stored.compared.data["fingerprint"], fingerprint_of(stored.manifest), tr(*AGAIN))
    what = tr(
        "la comparaison est de ce run, après son entraînement", "the comparison is of this run, after its training"
    )
    if stored.main is None:
        yield place.unverified(what, tr(f"{stored.compared.first.main} n'est pas dans le dossier du travail",
                                        f"{stored.compared.first.main} is not in the work folder"))  # fmt: skip
        return
    metrics = json_of(inside(stored.work, below(stored.main / "metrics.json", stored.work)))
    yield from in_order(place, what, date_of(metrics["date"]), date_of(stored.compared.date))
    side = stored.compared.first.of(stored.compared.first.main)
    yield place.equal(
        tr("méthode du modèle comparé", "method of the model compared"), side.method, metrics["method"], tr(*AGAIN)
    )
    yield from _same_set(place, stored)


def _same_set(place: Place, stored: Stored) -> Iterator[Check]:
    """The run learnt the set that is asked; where it is another one, only the test may be."""
    assert stored.main
    noted = json_of(inside(stored.work, below(stored.main / "data_manifest.json", stored.work)))
    what = tr("le run a appris le jeu sur lequel il est comparé", "the run learnt the set that it is compared on")
    splits = [one.split for one in stored.compared.comparisons]
    elsewhere = (
        splits == ["test"] and stored.compared.remarks
    )  # of another set `compare` asks the test alone, and says so
    if fingerprint_of(noted) == stored.compared.data["fingerprint"] or elsewhere:
        yield place.holds(what)
    else:
        yield place.broken(what, tr("les empreintes diffèrent", "the fingerprints differ"), tr(*AGAIN))


def fingerprint_of(manifest: dict[str, Any]) -> str:
    """That of `PreparedSet`, without its files."""
    from datasets_prep.prepared import PreparedSet

    return PreparedSet(folder=Path(), manifest=manifest).fingerprint
