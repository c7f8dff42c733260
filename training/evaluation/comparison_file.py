"""`comparison.json`: a comparison on disk, which reports, user tests and judges read again.

{"format": 2, "date", "main", "reference", "remarks": […], "data": {"folder", "fingerprint"},
 "models": [{"name", "kind", "weights", "template", "method"}],
 "comparisons": [one per split: settings, sealed or not, evaluations with measures and answers, differences]}
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.files import read_json, write_json
from chatbot.language import tr
from training.evaluation.compare import Comparison
from training.evaluation.records import Evaluation

FILE = "comparison.json"
FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Compared:
    """All that one call of `causette compare` found.

    Args:
        comparisons: one per split.
        remarks: sentences that belong beside the numbers.
        data: folder and fingerprint of the prepared set.
        date: ISO 8601, UTC.
    """

    comparisons: tuple[Comparison, ...]
    remarks: tuple[str, ...]
    data: dict[str, str]
    date: str

    @property
    def first(self) -> Comparison:
        return self.comparisons[0]

    def to_json(self) -> dict[str, Any]:
        sides = ("kind", "weights", "template", "method")
        return {
            "format": FORMAT,
            "date": self.date,
            "main": self.first.main,
            "reference": self.first.reference,
            "remarks": list(self.remarks),
            "data": self.data,
            "models": [
                {"name": side.model, **{key: getattr(side, key) for key in sides}} for side in self.first.evaluations
            ],
            "comparisons": [comparison.to_json() for comparison in self.comparisons],
        }


def write_compared(folder: Path, compared: Compared, more: Sequence[dict[str, Any]] = ()) -> None:
    """Writes the file; `more` holds further facts of each comparison, in their order."""
    value = compared.to_json()
    for comparison, facts in zip(value["comparisons"], more, strict=False):
        comparison.update(facts)
    write_json(folder / FILE, value)


def read_compared(path: Path) -> Compared:
    """Reads the file, or the one in a folder.

    Raises:
        InputError: there is none, or it is of another format.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise InputError(
            tr(f"{file} : pas de comparaison ici. Faites-la d'abord : causette compare RUN",
               f"{file}: no comparison here. Make one first: causette compare RUN")
        )  # fmt: skip
    try:
        value = read_json(file)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']}")
        return _compared(value)
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(
            tr(f"{file} : comparaison illisible, ou d'une autre version ({error}). Refaites-la : causette compare RUN",
               f"{file}: the comparison cannot be read, or is of another version ({error}). Make it again: causette compare RUN")
        ) from error  # fmt: skip


def _compared(value: dict[str, Any]) -> Compared:
    models = {model["name"]: model for model in value["models"]}
    comparisons = []
    for one in value["comparisons"]:
        sides = [
            Evaluation.from_json({**models[side["model"]], **side, "settings": one["settings"]})
            for side in one["evaluations"]
        ]
        comparisons.append(
            Comparison(
                evaluations=tuple(sides), main=value["main"], reference=value["reference"], left_out=one["left_out"]
            )
        )
    return Compared(
        comparisons=tuple(comparisons), remarks=tuple(value["remarks"]), data=value["data"], date=value["date"]
    )
