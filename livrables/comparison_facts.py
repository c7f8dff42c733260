"""A comparison as facts: the numbers that `causette compare` wrote, none computed again."""

import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any, get_args

from chatbot.language import number, tr
from livrables import told
from livrables.fact import Fact, unmeasured
from livrables.parts import ComparisonFacts, MeasureFacts, Picture, SplitFacts
from livrables.pointers import joined
from livrables.reading import UNREADABLE, Reader
from training.evaluation.baselines import name_of
from training.evaluation.by_category import QUOTING, CategoryRow, category_name
from training.evaluation.comparison_file import FILE, FORMAT
from training.evaluation.confidence import Difference
from training.evaluation.failures import FAILURES, failure_name
from training.evaluation.markdown import sample_told
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.records import Kind
from training.evaluation.report_words import MAIN, asked_told
from training.evaluation.tables import verdict, verdict_told
from training.run_list import beside

SHOWN = 5  # questions side by side
MOST_VALUES = 12  # of a category
Json = Mapping[str, Any]


def comparison_of(reader: Reader, run: Path) -> Path | None:
    """The newest comparison whose main model is that run, not older than it.

    It lies in the run, beside it (`causette demo`), or in a folder of the work (`causette compare --out`).
    """
    path = reader.folder / run
    near = beside(path)
    files = [path / FILE, *([near] if near else []), *sorted(reader.folder.glob(f"*/{FILE}"))]
    found = [
        (str(reader.content(file)["date"]), file)
        for file in dict.fromkeys(files)
        if _speaks_of(reader, file, path) and (file in (path / FILE, near) or not _of_another(reader, file, path))
    ]
    return max(found, key=lambda one: one[0])[1] if found else None


def _speaks_of(reader: Reader, file: Path, run: Path) -> bool:
    try:
        found = reader.content(file)
        ours = PureWindowsPath(found["main"]).name == run.name and found["format"] == FORMAT
        return bool(ours and found["date"] >= reader.content(run / "metrics.json").get("date", ""))
    except (*UNREADABLE, AttributeError):
        return False


def _of_another(reader: Reader, file: Path, run: Path) -> bool:
    """Whether its main model is another run of the folder with the same last name: runs/a/faq and runs/b/faq."""
    called = reader.folder / PureWindowsPath(reader.content(file)["main"]).as_posix()
    return reader.inside(called) and (called / "metrics.json").is_file() and called.resolve() != run.resolve()


def comparison_facts(reader: Reader, file: Path, name: str) -> ComparisonFacts:
    """What a comparison found.

    Args:
        reader: of the work.
        file: comparison.json.
        name: of the run, in keys.

    Raises:
        LookupError, ValueError, TypeError: the file is damaged.
    """
    found: Json = reader.content(file)
    run = str(found["main"])
    fact = partial(reader.fact, date=str(found["date"]), cure=_compare(run))
    return ComparisonFacts(
        folder=Path(reader.below(file.parent)),
        date=fact(f"comparison.{name}.date", file, "/date", told.day),
        main=_side(found["main"]),
        reference=_side(found["reference"]),
        remarks=tuple(found["remarks"]),
        splits=tuple(
            _Split(reader, file, found, place, f"comparison.{name}.{one['split']}", fact).facts()
            for place, one in enumerate(found["comparisons"])
        ),
    )


def no_comparison(run: Path) -> ComparisonFacts:
    """What stands where nothing was compared: nothing is measured."""
    date = unmeasured("comparison.date", _compare(run.as_posix()))
    return ComparisonFacts(folder=run, date=date, main=run.name, reference="", remarks=(), splits=())


def split_told(split: str) -> str:
    """What the questions of a split are to the model: "test (questions jamais vues)"."""
    words = {
        "test": tr("questions jamais vues", "unseen questions"),
        "recall": tr("questions apprises, posées avec d'autres mots", "learnt questions in other words"),
        "train": tr("questions apprises mot pour mot", "questions learnt word for word"),
        "validation": tr("questions de la validation", "validation questions"),
    }
    return f"{split} ({words[split]})" if split in words else split


def _compare(run: str) -> str:
    return f"causette compare {run}"


def _side(name: str) -> str:
    """A side as a column is called: a baseline in words, a folder without where it lies on this machine."""
    if name in get_args(Kind):
        return name_of(name)  # type: ignore[arg-type]
    whole = Path(name).is_absolute() or PureWindowsPath(name).is_absolute()
    return PureWindowsPath(name).name if whole else name


class _Split:
    """One split of a comparison, as it is read."""

    def __init__(self, reader: Reader, file: Path, found: Json, place: int, key: str, fact: Any):
        self.reader, self.file, self.key, self.fact = reader, file, key, fact
        self.one: Json = found["comparisons"][place]
        self.here = joined("comparisons", place)
        self.main, self.reference = str(found["main"]), str(found["reference"])
        self.sides: Sequence[Json] = self.one["evaluations"]
        pairs = [(gap["model"], gap["other"]) for gap in self.one["differences"]]
        self.gap = pairs.index((self.main, self.reference))
        self.gaps: Json = self.one["differences"][self.gap]["measures"]

    def facts(self) -> SplitFacts:
        split = str(self.one["split"])
        return SplitFacts(
            split=split,
            told=split_told(split),
            sealed=bool(self.one["sealed"]),
            questions=self.fact(f"{self.key}.questions", self.file, f"{self.here}/questions", told.count),
            sides=tuple(_side(side["model"]) for side in self.sides),
            measures=tuple(self._measure(name) for name in MEASURES if any(name in side["measures"] for side in self.sides)),
            conclusion=self._conclusion(split),
            caution=_caution(self.sides),
            failures=self._failures(),
            **self._categories(),
            side_by_side=self._side_by_side(),
            pictures=self._pictures(split),
        )  # fmt: skip

    def _measure(self, name: str) -> MeasureFacts:
        digits, higher = MEASURES[name].digits, MEASURES[name].higher
        values = []
        for place, side in enumerate(self.sides):
            found = side["measures"].get(name, {})
            how = told.estimate(found.get("low"), found.get("high"), digits)
            where = f"/evaluations/{place}/measures/{name}/value"
            values.append(self._optional(f"{name}.{side['model']}", where, how))
        gap = self.gaps.get(name)
        how = told.gap(gap["low"], gap["high"], digits) if gap else told.plain
        return MeasureFacts(
            key=name,
            name=label_of(name),
            better="" if higher is None else "higher" if higher else "lower",
            values=tuple(values),
            difference=self._optional(f"{name}.difference", f"/differences/{self.gap}/measures/{name}/value", how),
            verdict=verdict_told(verdict(name, Difference(**gap) if gap else None)),
        )

    def _optional(self, name: str, where: str, how: Any) -> Fact:
        """A number; "—" where there can be none: a looked-up answer has no perplexity, timings no difference."""
        key = f"{self.key}.{name}"
        found: Fact = self.fact(
            key, self.file, f"optional:{self.here}{where}", lambda value: "—" if value == "" else how(value)
        )
        return found

    def _conclusion(self, split: str) -> str:
        """By the measures that a report's own conclusion rests on; nothing is said that an interval does not carry."""
        told_as: dict[str, list[str]] = {}
        for name in (name for name in MAIN if name in self.gaps):
            label = _in_sentence(label_of(name))
            told_as.setdefault(verdict(name, Difference(**self.gaps[name])), []).append(label)
        words = {
            "better": tr("est meilleur pour", "is better by"),
            "worse": tr("est moins bon pour", "is worse by"),
            "unsure": tr("n'est ni meilleur ni moins bon, autant qu'on le voie, pour", "is neither better nor worse, as far as can be seen, by"),
        }  # fmt: skip
        clauses = [f"{words[kind]} {', '.join(told_as[kind])}" for kind in words if kind in told_as]
        asked = asked_told(split, int(self.one["questions"]))
        joined_clauses = tr("\u00a0; il ", "; it ").join(clauses)
        return tr(f"Sur {asked}, le modèle spécialisé, à côté du générique, {joined_clauses}.",
                  f"On {asked}, the specialised model, beside the generic one, {joined_clauses}.") if clauses else ""  # fmt: skip

    def _failures(self) -> tuple[tuple[str, tuple[Fact, ...]], ...]:
        noted = self.one.get("failures") or {}
        models = [side["model"] for side in self.sides if side["model"] in noted]
        return tuple(
            (
                failure_name(kind),
                tuple(
                    self.fact(
                        f"{self.key}.failures.{kind}.{model}",
                        self.file,
                        self.here + joined("failures", model, kind, "count"),
                        _with_share(noted[model][kind]),
                    )
                    for model in models
                ),
            )
            for kind in FAILURES
            if models
        )

    def _categories(self) -> dict[str, Any]:
        """The first table whose values are no words of the questions, else the first; main model, then reference."""
        noted: Json = self.one.get("categories") or {}
        names = sorted(noted, key=lambda name: name in QUOTING)
        if not names:
            return {"categories_of": "", "categories": ()}
        name = names[0]
        rows = noted[name][:MOST_VALUES]
        measure = "accuracy" if "accuracy" in rows[0]["main"] else "token_f1"
        return {
            "categories_of": f"{category_name(name)}, {label_of(measure)}",
            "categories": tuple(
                (
                    _category_title(row),
                    tuple(
                        self._optional(f"categories.{name}.{row['value']}.{side}",
                                       joined("categories", name, place, side, measure, "value"), _interval(row[side], measure))
                        for side in ("main", "reference")
                    ),
                )
                for place, row in enumerate(rows)
            ),
        }  # fmt: skip

    def _side_by_side(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        answers = [{one["id"]: one for one in side["answers"]} for side in self.sides]
        common = sorted(set.intersection(*map(set, answers)))
        drawn = random.Random(self.one["settings"].get("seed", 1)).sample(common, min(SHOWN, len(common)))
        return tuple(
            (
                answers[0][place]["question"],
                answers[0][place]["expected"],
                tuple(each[place]["answer"] for each in answers),
            )
            for place in drawn
        )

    def _pictures(self, split: str) -> tuple[Picture, ...]:
        captions = {
            "bars": tr("Ressemblance à la réponse attendue, intervalles à 95\u00a0%", "Likeness to the expected answer, 95% intervals"),
            "length": tr("Longueur de la réponse et F1 des mots", "Length of the answer and word F1"),
            "failures": tr("Ce qu'on voit des réponses de chaque côté", "What is seen of the answers of each side"),
            "categories": tr("Modèle spécialisé et générique, catégorie par catégorie", "Specialised and generic model, category by category"),
            "confusion": tr("Matrices de confusion", "Confusion matrices"),
        }  # fmt: skip
        drawn = {kind: self.file.parent / "figures" / f"{kind}-{split}.png" for kind in captions}
        source = self.reader.source(self.file)
        return tuple(
            Picture(file=drawn[kind], caption=f"{caption} – {split_told(split)}", source=source)
            for kind, caption in captions.items()
            if drawn[kind].is_file()
        )


def _in_sentence(label: str) -> str:
    """Étiquette juste (part) → étiquette juste; BLEU and F1 des mots stay."""
    label = label.partition(" (")[0]
    return label[0].lower() + label[1:] if label[1].islower() else label


def _interval(side: Json, measure: str) -> Any:
    found = side.get(measure, {})
    return told.estimate(found.get("low"), found.get("high"), MEASURES[measure].digits)


def _with_share(found: Json) -> Any:
    """12 (4 % [2 ; 7])."""
    share = told.share(found["low"], found["high"])(found["share"])
    return lambda count: f"{number(count)} ({share})"


def _category_title(row: Json) -> str:
    empty: dict[str, Any] = {"questions": 0, "groups": 0, "main": {}, "reference": {}, "difference": {}}
    return CategoryRow(value=row["value"], values=row["values"], **empty).title


def _caution(sides: Sequence[Json]) -> str:
    return sample_told(len({answer["group"] for answer in sides[0]["answers"]}))
