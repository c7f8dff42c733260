"""The main model beside the reference on each source, focus, language or type of question.

A mean over all questions hides that a model is good on one kind and bad on another. But each row is one more comparison:
of twenty, one differs by chance alone, and a row of few questions shows hardly anything.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chatbot.language import number, tr
from training.evaluation.categories import OTHER
from training.evaluation.compare import Comparison
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.measures import MEASURES

NAMES = ("source", "origin", "theme", "label", "focus", "language", "question_type")
QUOTING = ("focus", "question_type")  # whose values are words of questions, or what they are about
FEWEST = 5  # answers of a value, under which it goes with the others
MEASURED = ("token_f1", "accuracy")


@dataclass(frozen=True, kw_only=True)
class CategoryRow:
    """One value of a category.

    Args:
        value: of it; "" for all values of few answers, put together.
        values: how many values it is.
        questions, groups: how many were asked.
        main, reference: measure → value of the two models.
        difference: measure → the first less the second.
    """

    value: str
    values: int
    questions: int
    groups: int
    main: dict[str, Estimate]
    reference: dict[str, Estimate]
    difference: dict[str, Difference]

    @property
    def title(self) -> str:
        if self.value == OTHER:
            return tr("autre forme", "another form")
        return self.value or tr(f"autres ({number(self.values)} valeurs)", f"others ({number(self.values)} values)")

    def to_json(self) -> dict[str, Any]:
        sides = {key: {name: asdict(one) for name, one in getattr(self, key).items()} for key in ("main", "reference")}
        gaps = {name: {**asdict(gap), "shown": gap.shown} for name, gap in self.difference.items()}
        counts = {"value": self.value, "values": self.values, "questions": self.questions, "groups": self.groups}
        return {**counts, **sides, "difference": gaps}


def category_name(name: str) -> str:
    """What a category is called."""
    return {
        "source": tr("Source", "Source"),
        "origin": tr("Origine", "Origin"),
        "theme": tr("Thème", "Theme"),
        "label": tr("Étiquette", "Label"),
        "focus": tr("Sujet", "Focus area"),
        "language": tr("Langue", "Language"),
        "question_type": tr("Type de question", "Question type"),
    }.get(name, name)


def by_category(comparison: Comparison) -> dict[str, list[CategoryRow]]:
    """Category → its values, those of most questions first, the others last; only categories of two rows or more."""
    answers = comparison.of(comparison.main).answers
    found = {}
    for name in NAMES:
        ids: dict[str, list[str]] = {}
        for answer in answers:
            if value := answer.categories.get(name, ""):
                ids.setdefault(value, []).append(answer.id)
        large = sorted(
            (value for value in ids if len(ids[value]) >= FEWEST), key=lambda value: (-len(ids[value]), value)
        )
        small = [value for value in ids if len(ids[value]) < FEWEST]
        rows = [_row(comparison, value, 1, ids[value]) for value in large]
        if small and large:
            rows.append(_row(comparison, "", len(small), [place for value in small for place in ids[value]]))
        if len(rows) > 1:
            found[name] = rows
    return found


def _row(comparison: Comparison, value: str, values: int, ids: Sequence[str]) -> CategoryRow:
    one, other = (comparison.of(name).only(ids) for name in (comparison.main, comparison.reference))
    measured = {name: (MEASURES[name].of(one), MEASURES[name].of(other)) for name in MEASURED}
    gaps = {name: MEASURES[name].between(one, other) for name in MEASURED}
    return CategoryRow(
        value=value,
        values=values,
        questions=len(one.answers),
        groups=len({answer.group for answer in one.answers}),
        main={name: pair[0] for name, pair in measured.items() if pair[0]},
        reference={name: pair[1] for name, pair in measured.items() if pair[1]},
        difference={name: gap for name, gap in gaps.items() if gap},
    )
