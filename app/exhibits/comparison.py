"""The comparison of a run, read from the file that `causette compare` wrote: nothing is measured again.

The sentences are those of the report; the names of models are cut to those of their folders, for a page is read elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from app.exhibits.said import all_both, both
from app.page.exhibits import Said
from app.page.trained import ComparedSplit, ComparisonExhibit, Measured, MeasureRow, Side
from chatbot.errors import InputError
from chatbot.files import read_json
from training.evaluation.compare import Comparison
from training.evaluation.comparison_file import FILE, FORMAT, read_compared
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.contamination import Contamination
from training.evaluation.measures import MEASURES, label_of, labels_in
from training.evaluation.report import split_title
from training.evaluation.report_facts import Facts
from training.evaluation.report_words import conclusion, limits
from training.evaluation.tables import SHORT, side_name, verdict, verdict_told


@dataclass(frozen=True, kw_only=True)
class Stored(Comparison):
    """A comparison whose measures are those of its file: computing their intervals again takes seconds."""

    found: Mapping[str, Any]

    @cached_property
    def measures(self) -> dict[str, dict[str, Estimate]]:
        """Side → measure → its value, as the file has it."""
        return {
            side["model"]: {name: Estimate(**one) for name, one in side["measures"].items() if name in MEASURES}
            for side in self.found["evaluations"]
        }

    @cached_property
    def differences(self) -> dict[tuple[str, str], dict[str, Difference]]:
        """(side, other side) → measure → the difference, as the file has it."""
        return {
            (pair["model"], pair["other"]): {
                name: Difference(**gap) for name, gap in pair["measures"].items() if name in MEASURES
            }
            for pair in self.found["differences"]
        }


def comparison_exhibit(run: Path) -> ComparisonExhibit | None:
    """The comparison of a run; None where there is none that can be read."""
    file = _file_of(run)
    if file is None:
        return None
    try:
        value, compared = read_json(file), read_compared(file)
        names = _short_names([model["name"] for model in value["models"]])
        sides = [
            _stored(one, _renamed(found, names), names)
            for one, found in zip(compared.comparisons, value["comparisons"], strict=True)
        ]
        facts = [_facts(one) for one in sides]
    except (InputError, ValueError, KeyError, TypeError):
        return None
    return ComparisonExhibit(
        date=compared.date,
        sides=_sides(sides[0]),
        splits=tuple(map(_split, facts)),
        limits=all_both(lambda: limits(facts)),
    )


def _file_of(run: Path) -> Path | None:
    """The run's own file, or that of a demonstration, which is written beside the run and after it."""
    if (run / FILE).is_file():
        return run / FILE
    beside = run.parent / FILE
    if not beside.is_file() or beside.stat().st_mtime < (run / "metrics.json").stat().st_mtime:
        return None
    try:
        value = read_json(beside)
        ours = value.get("format") == FORMAT and Path(value["main"]).resolve() == run.resolve()
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return beside if ours else None


def _short_names(names: list[str]) -> dict[str, str]:
    """Each model by its folder's name; whole where two would bear the same."""
    short = {name: Path(name).name or name for name in names}
    return {name: one if list(short.values()).count(one) == 1 else name for name, one in short.items()}


def _renamed(found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The sides of a comparison and their differences under their short names."""
    sides = [{**side, "model": names[side["model"]]} for side in found["evaluations"]]
    gaps = [{**gap, "model": names[gap["model"]], "other": names[gap["other"]]} for gap in found["differences"]]
    return {**found, "evaluations": sides, "differences": gaps}


def _stored(one: Comparison, found: Mapping[str, Any], names: Mapping[str, str]) -> Stored:
    sides = tuple(replace(side, model=names[side.model]) for side in one.evaluations)
    return Stored(
        evaluations=sides, main=names[one.main], reference=names[one.reference], left_out=one.left_out, found=found
    )


def _facts(one: Stored) -> Facts:
    """What the report's sentences ask for; its tables of categories and failures are not shown."""
    return Facts(
        comparison=one,
        categories={},
        failures={},
        contamination=_contamination(one.found.get("contamination")),
        labels=labels_in(one.evaluations[0]),
        confusion={},
    )


def _contamination(found: Mapping[str, Any] | None) -> Contamination | None:
    if found is None:
        return None
    gaps = {
        name: tuple(Difference(**{k: v for k, v in pair[key].items() if k != "shown"}) for key in ("whole", "without"))
        for name, pair in found["gaps"].items()
    }
    plain = {name: found[name] for name in ("split", "questions", "by_question", "by_answer", "labels")}
    return Contamination(**plain, examples=(), whole={}, without={}, gaps=gaps)  # type: ignore[arg-type]


def _sides(one: Stored) -> tuple[Side, ...]:
    def role(name: str, kind: str) -> str:
        known = {one.main: "main", one.reference: "reference"}
        return known.get(name, "other" if kind == "model" else "baseline")

    return tuple(
        Side(name=both(lambda side=side: side_name(side)), role=role(side.model, side.kind))  # type: ignore[misc]
        for side in one.evaluations
    )


def _split(facts: Facts) -> ComparedSplit:
    one = facts.comparison
    return ComparedSplit(
        split=one.split,
        title=both(lambda: split_title(one.split)),
        questions=one.questions,
        conclusion=_sentences(facts),
        rows=tuple(_row(one, name) for name in SHORT if any(name in side for side in one.measures.values())),
    )


def _sentences(facts: Facts) -> tuple[Said, ...]:
    return all_both(lambda: [sentence[0].upper() + sentence[1:] for sentence in conclusion(facts)])


def _row(one: Comparison, name: str) -> MeasureRow:
    measure, found = MEASURES[name], [one.measures[side.model].get(name) for side in one.evaluations]
    shown = verdict(name, one.differences[one.main, one.reference].get(name))
    return MeasureRow(
        name=name,
        label=both(lambda: label_of(name)),
        digits=measure.digits,
        higher=measure.higher,
        values=tuple(
            Measured(value=each.value, low=each.low, high=each.high, dialogues=each.dialogues) if each else None
            for each in found
        ),
        verdict=shown,
        told=both(lambda: verdict_told(shown)),
    )
