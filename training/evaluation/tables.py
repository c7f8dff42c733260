"""A comparison as rows of text, for the terminal and for the report; and what a difference allows to say."""

from collections.abc import Sequence
from typing import Literal

from chatbot.language import number, tr
from training.evaluation.baselines import name_of
from training.evaluation.compare import Comparison
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.records import Evaluation

Verdict = Literal["better", "worse", "different", "unsure", ""]
SIGNS: dict[Verdict, str] = {"better": "★", "worse": "↓", "different": "≠", "unsure": "≈", "": ""}
SHORT = (
    "bits_per_byte",
    "token_f1",
    "exact_match",
    "bleu",
    "chrf",
    "rouge_l",
    "bertscore",
    "accuracy",
    "macro_f1",
    "repetition",
    "drift",
    "copied",
    "ended",
    "mean_words",
    "seconds",
    "tokens_per_second",
)  # for a terminal


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


def told(estimate: Estimate | None, digits: int, *, narrow: bool = False) -> str:
    """0,212 [0,193 ; 0,230]: the value, and its interval (narrow: without blanks); the value alone where there is none."""
    if estimate is None:
        return "—"
    value = number(estimate.value, digits)
    if estimate.low is None or estimate.high is None:
        return value
    low, high = (number(end, digits) for end in (estimate.low, estimate.high))
    between = ";" if narrow else tr(" ; ", "; ")
    return f"{value} [{low}{between}{high}]"


def table(
    comparison: Comparison, names: Sequence[str] = tuple(MEASURES), *, signs: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Head and rows: the measure, each side's value, and what is shown of the main model beside the reference.

    Args:
        comparison: of which.
        names: of the measures, as far as they were measured.
        signs: whether a sign tells what is shown, where words would need too much room.
    """
    gaps = comparison.differences[comparison.main, comparison.reference]
    head = [tr("Mesure", "Measure"), *(side_name(side) for side in comparison.evaluations)]
    head.append("" if signs else tr(f"{comparison.main} est", f"{comparison.main} is"))
    rows = []
    for name in names:
        found = [comparison.measures[side.model].get(name) for side in comparison.evaluations]
        if any(found):
            cells = [told(one, MEASURES[name].digits, narrow=signs) for one in found]
            shown = verdict(name, gaps.get(name))
            rows.append([label_of(name), *cells, SIGNS[shown] if signs else verdict_told(shown)])
    return head, rows


def signs_told() -> str:
    """What the signs mean, and the intervals."""
    return tr(
        "★ le modèle spécialisé est meilleur que le générique, ↓ moins bon, ≠ différent, ≈ pas de différence montrée. "
        "Entre crochets : l'intervalle à 95 %, sur les groupes de questions.",
        "★ the specialised model is better than the generic one, ↓ worse, ≠ different, ≈ no difference shown. "
        "In brackets: the 95% interval, over groups of questions.",
    )
