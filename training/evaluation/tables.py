"""A comparison as rows of text, for the terminal and for the report; and what a difference allows to say."""

from typing import Literal

from chatbot.language import number, tr
from training.evaluation.baselines import name_of
from training.evaluation.compare import Comparison
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.records import Evaluation

Verdict = Literal["better", "worse", "different", "unsure", ""]


def verdict(name: str, gap: Difference | None) -> Verdict:
    """What the data show of a model beside another: "unsure" where the interval holds 0."""
    if gap is None:
        return ""
    if not gap.shown:
        return "unsure"
    higher = MEASURES[name].higher
    return "different" if higher is None else "better" if (gap.value > 0) == higher else "worse"


def verdict_told(found: Verdict) -> str:
    """A verdict in words."""
    return {
        "better": tr("meilleur", "better"),
        "worse": tr("moins bon", "worse"),
        "different": tr("différent", "different"),
        "unsure": tr("pas de différence montrée", "no difference shown"),
        "": "—",
    }[found]


def side_name(side: Evaluation) -> str:
    """What a column is called."""
    return side.model if side.kind == "model" else name_of(side.kind)


def told(estimate: Estimate | None, digits: int) -> str:
    """0,212 ± 0,018: half the interval's width after the value; the value alone where there is no interval."""
    if estimate is None:
        return "—"
    value = number(estimate.value, digits)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ± {number((estimate.high - estimate.low) / 2, digits)}"


def table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Head and rows: the measure, each side's value, and what is shown of the main model beside the reference."""
    gaps = comparison.differences[comparison.main, comparison.reference]
    head = [tr("Mesure", "Measure"), *(side_name(side) for side in comparison.evaluations)]
    head.append(tr(f"{comparison.main} est", f"{comparison.main} is"))
    rows = []
    for name, measure in MEASURES.items():
        found = [comparison.measures[side.model].get(name) for side in comparison.evaluations]
        if any(found):
            cells = [told(one, measure.digits) for one in found]
            rows.append([label_of(name), *cells, verdict_told(verdict(name, gaps.get(name)))])
    return head, rows
