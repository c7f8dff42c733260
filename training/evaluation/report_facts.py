"""What the report tells of one comparison beyond its measures, found once for text, figures and JSON."""

from dataclasses import dataclass
from typing import Any

from training.evaluation.asked import Training
from training.evaluation.by_category import QUOTING, CategoryRow, by_category
from training.evaluation.compare import Comparison
from training.evaluation.contamination import Contamination, contamination
from training.evaluation.failures import Failures, failures_of
from training.evaluation.measures import confusion_matrix, labels_in


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Of one comparison.

    Args:
        categories: see `by_category`.
        failures: side → kinds of its answers.
        contamination: None for learnt questions.
        labels: by name; empty for a set whose answers are no labels.
        confusion: side → counts (labels, labels + 1), the last column for none of them.
    """

    comparison: Comparison
    categories: dict[str, list[CategoryRow]]
    failures: dict[str, Failures]
    contamination: Contamination | None
    labels: list[str]
    confusion: dict[str, list[list[int]]]

    @property
    def groups(self) -> int:
        """How many groups were asked: what is resampled."""
        return len({answer.group for answer in self.comparison.evaluations[0].answers})

    def categories_shown(self, *, texts: bool = True) -> dict[str, list[CategoryRow]]:
        """Those that tables and figures show; without texts, none whose values are words of the questions."""
        return {name: rows for name, rows in self.categories.items() if texts or name not in QUOTING}

    def to_json(self) -> dict[str, Any]:
        """Keys that `comparison.json` holds beside those of the comparison."""
        return {
            "failures": {side: found.to_json() for side, found in self.failures.items()},
            "categories": {name: [row.to_json() for row in rows] for name, rows in self.categories.items()},
            "contamination": self.contamination.to_json() if self.contamination else None,
            "confusion": {"labels": self.labels, "sides": self.confusion} if self.labels else None,
        }


def facts_of(comparison: Comparison, training: Training) -> Facts:
    """Finds them."""
    labels = labels_in(comparison.evaluations[0])
    return Facts(
        comparison=comparison,
        categories=by_category(comparison),
        failures={side.model: failures_of(side, training.dialogues) for side in comparison.evaluations},
        contamination=contamination(comparison, training),
        labels=labels,
        confusion={side.model: confusion_matrix(side).tolist() for side in comparison.evaluations} if labels else {},
    )
