"""What the votes of a file show: one dictionary of facts, and the same as sentences and tables.

A win rate stands among the votes that decided for one of the two; ties are counted apart. That a model is preferred is
said only where the sign test, the interval over votes and the one over persons all agree. Questions never seen, learnt
ones and learnt ones in other words are counted apart: they ask three different things of a model.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.feedback.ballot import HIGHEST, LOWEST, SCALES
from app.feedback.statistics import (
    Estimate,
    clustered_mean,
    krippendorff_alpha,
    rate_of,
    sign_test,
    votes_for_power,
    votes_for_width,
)
from app.feedback.store import NAME, FeedbackStore

VOTES = """
SELECT shown.person, shown.item, split, sealed, main_left, vote.*, person.training,
  CASE WHEN choice NOT IN ('left', 'right') THEN choice
       WHEN (choice = 'left') = main_left THEN 'main' ELSE 'reference' END AS verdict
FROM vote JOIN shown USING (ticket) JOIN person ON person.id = shown.person
JOIN item ON item.study = person.study AND item.id = shown.item
WHERE person.study = ? ORDER BY vote.rowid
"""


def facts_of(store: FeedbackStore) -> dict[str, Any]:
    """All that a report says, as JSON values.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    studies = store.rows("SELECT * FROM study ORDER BY began, rowid")
    return {
        "file": str(store.path),
        "studies": [_study(store, study) for study in studies],
        "thumbs": _thumbs(store.rows("SELECT model, liked, comment FROM opinion ORDER BY model")),
    }


def _study(store: FeedbackStore, study: dict[str, Any]) -> dict[str, Any]:
    votes = store.rows(VOTES, study["id"])
    items = store.rows("SELECT id FROM item WHERE study = ?", study["id"])
    seconds = store.rows(
        "SELECT AVG(main_seconds) AS main, AVG(reference_seconds) AS reference FROM item WHERE study = ?", study["id"]
    )[0]
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for vote in votes:
        parts[vote["split"]].append(vote)
    return {
        "main": study["main"],
        "reference": study["reference"],
        "began": study["began"],
        "comparison": json.loads(study["facts"]),
        "questions": len(items),
        "identical": study["identical"],
        "missing": study["missing"],
        "seconds": seconds,
        "overall": _preference(votes),
        "splits": {split: _preference(chosen) for split, chosen in sorted(parts.items())},
        "scales": {
            side: {scale: _scale(votes, side, scale) for scale in SCALES} for side in ("main", "reference")
        },
        "agreement": _agreement(votes),
        "left": _json(rate_of(_count(votes, "choice", "left"), _count(votes, "choice", "left", "right"))),
        "comments": sum(bool(vote["comment"]) for vote in votes),
    }  # fmt: skip


def _preference(votes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Wins, losses, ties, the win rate of the main model with its two intervals, and what could still be learnt."""
    wins, losses = _count(votes, "verdict", "main"), _count(votes, "verdict", "reference")
    decided = wins + losses
    by_person: dict[str, list[float]] = defaultdict(list)
    for vote in votes:
        if vote["verdict"] in ("main", "reference"):
            by_person[vote["person"]].append(float(vote["verdict"] == "main"))
    rate, over_persons, p = rate_of(wins, decided), _over_persons(by_person), sign_test(wins, losses)
    return {
        "votes": len(votes),
        "persons": len({vote["person"] for vote in votes}),
        "questions": len({vote["item"] for vote in votes}),
        "wins": wins,
        "losses": losses,
        "both_good": _count(votes, "verdict", "both_good"),
        "both_bad": _count(votes, "verdict", "both_bad"),
        "win_rate": _json(rate),
        "win_rate_over_persons": _json(over_persons),
        "p": p,
        "shown": bool(
            rate and over_persons and p is not None and p < 0.05 and rate.excludes(0.5) and over_persons.excludes(0.5)
        ),
        "needed": _needed(rate, len(votes), p),
    }


def _over_persons(by_person: dict[str, list[float]]) -> Estimate | None:
    """The win rate, its interval over persons.

    Where these do not vary at all there is no such interval: if they are unanimous each counts as one vote, else their
    votes hang together no more than independent ones do.
    """
    mean = clustered_mean(by_person, 0, 1)
    if mean is None or mean.low is not None or len(by_person) < 2:
        return mean
    count = len(by_person) if mean.value in (0, 1) else mean.count
    alike = rate_of(round(mean.value * count), count)
    return alike and replace(alike, count=mean.count)


def _needed(rate: Estimate | None, votes: int, p: float | None) -> dict[str, Any] | None:
    """Decided votes that are lacking, and votes in all at the present share of ties.

    Votes whose sign test is not significant are never enough, whatever power as many had beforehand.
    """
    if rate is None or p is None:
        return None
    power = votes_for_power(rate.value, 0 if p < 0.05 else rate.count)
    lacking = {"power": None if power is None else max(0, power - rate.count),
               "width": max(0, votes_for_width(rate.value) - rate.count)}  # fmt: skip
    in_all = {
        f"{name}_in_all": None if count is None else -(-count * votes // rate.count) for name, count in lacking.items()
    }
    return {**lacking, **in_all}


def _scale(votes: Iterable[dict[str, Any]], side: str, scale: str) -> dict[str, Any] | None:
    """The mean of a five-point scale for one of the models, interval over persons."""
    by_person: dict[str, list[float]] = defaultdict(list)
    for vote in votes:
        place = "left" if bool(vote["main_left"]) == (side == "main") else "right"
        if (value := vote[f"{place}_{scale}"]) is not None:
            by_person[vote["person"]].append(value)
    return _json(clustered_mean(by_person, LOWEST, HIGHEST))


def _agreement(votes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Krippendorff's alpha over the four verdicts, and over the model preferred where one was."""
    verdicts: dict[str, list[str]] = defaultdict(list)
    for vote in votes:
        verdicts[vote["item"]].append(vote["verdict"])
    preferred = [[one for one in given if one in ("main", "reference")] for given in verdicts.values()]
    return {
        "verdicts": krippendorff_alpha(verdicts.values()),
        "verdicts_questions": sum(len(given) > 1 for given in verdicts.values()),
        "preferred": krippendorff_alpha(preferred),
        "preferred_questions": sum(len(given) > 1 for given in preferred),
    }


def _thumbs(opinions: Iterable[dict[str, Any]]) -> dict[str, Any]:
    by_model: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for opinion in opinions:
        by_model[opinion["model"]].append(opinion)
    return {
        model: {
            "up": (up := sum(bool(one["liked"]) for one in given)),
            "down": len(given) - up,
            "comments": sum(bool(one["comment"]) for one in given),
            "share_up": _json(rate_of(up, len(given))),
        }
        for model, given in by_model.items()
    }


def _count(votes: Iterable[dict[str, Any]], key: str, *values: str) -> int:
    return sum(vote[key] in values for vote in votes)


def _json(estimate: Estimate | None) -> dict[str, Any] | None:
    return estimate.to_json() if estimate else None


def file_of(path: Path) -> Path:
    """The file of votes that a path means: itself, or that of a run folder."""
    return path / NAME if path.is_dir() else path
