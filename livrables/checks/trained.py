"""A run against itself: its curve, its measures, its configuration, its data and its dates."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from chatbot.language import tr
from livrables.checks.check import Check, Place, same, says
from livrables.checks.reading import found, inside, json_of
from training.runs import HistoryRow, RunFolder, read_history

AGAIN = ("ce fichier ne se modifie pas à la main : remettez-le, ou refaites l'entraînement",
         "this file is not to be changed by hand: put it back, or train again")  # fmt: skip


def trained_checks(folder: Path, work: Path, where: str) -> Iterator[Check]:
    """All of a run, its weights aside.

    Args:
        folder: of the run.
        work: that its files must lie in.
        where: it is told by.
    """
    for name in ("config.yaml", "metrics.json", "data_manifest.json", "history.csv"):
        inside(work, f"{where}/{name}")  # no link leads out
    place = Place(kind="run", where=f"{where}/metrics.json")
    if not (folder / "metrics.json").is_file():
        yield place.unverified(tr("entraînement", "training"), tr("metrics.json absent", "no metrics.json"))
        return
    metrics = json_of(folder / "metrics.json")
    yield from _history(place, folder, metrics)
    yield from _config(place, folder, where, metrics)
    yield from _data(work, folder, where)
    yield from _dates(place, folder, metrics)
    if metrics["validation_loss_after"] > metrics["validation_loss_before"]:
        yield place.broken(tr("la perte gardée n'est pas au-dessus de celle du départ", "the loss kept is not above that of the start"),
                           says(metrics["validation_loss_after"], metrics["validation_loss_before"]), tr(*AGAIN))  # fmt: skip


def _history(place: Place, folder: Path, metrics: dict[str, Any]) -> Iterator[Check]:
    """The curve's lowest validation loss is the one reported, at its step; the last row is the last step."""
    if not (folder / "history.csv").is_file():
        yield place.unverified(
            tr("mesures contre la courbe", "measures against the curve"),
            tr("history.csv absent", "no history.csv"),
            count=4,
        )
        return
    rows = read_history(folder / "history.csv")
    if not rows:
        yield place.unverified(tr("mesures contre la courbe", "measures against the curve"),
                               tr("aucune validation dans history.csv", "no validation in history.csv"), count=4)  # fmt: skip
        return
    best = min(rows, key=lambda row: row.validation_loss)
    loss, step = best.validation_loss, best.step
    if loss >= metrics["validation_loss_before"]:  # nothing was learnt: the weights of the start were kept
        loss, step = metrics["validation_loss_before"], 0
    yield place.equal(tr("perte après (minimum de history.csv)", "loss after (minimum of history.csv)"),
                      metrics["validation_loss_after"], loss, tr(*AGAIN))  # fmt: skip
    yield place.equal(tr("meilleur pas (celui du minimum de history.csv)", "best step (that of the minimum of history.csv)"),
                      metrics["best_step"], step, tr(*AGAIN))  # fmt: skip
    yield from _ends(place, rows, metrics)


def _ends(place: Place, rows: list[HistoryRow], metrics: dict[str, Any]) -> Iterator[Check]:
    last = rows[-1]
    steps, seconds = metrics["steps"], metrics["train_seconds"]
    what = tr("pas faits contre la fin de history.csv", "steps done against the end of history.csv")
    late = steps >= last.step and (metrics["stopped"] is not None or steps == last.step)
    yield place.holds(what) if late else place.broken(what, says(steps, last.step), tr(*AGAIN))
    what = tr("durée contre la fin de history.csv", "time against the end of history.csv")
    yield (
        place.holds(what)
        if seconds >= last.seconds - 1
        else place.broken(what, says(seconds, last.seconds), tr(*AGAIN))
    )
    what = tr("pas et secondes de history.csv croissants", "steps and seconds of history.csv increase")
    growing = all(one.step < two.step and one.seconds <= two.seconds for one, two in pairwise(rows))
    yield (
        place.holds(what, len(rows))
        if growing
        else place.broken(what, tr("ils ne le sont pas", "they do not"), tr(*AGAIN))
    )
    if last.epoch and steps == last.step:
        what = tr("époques contre history.csv", "epochs against history.csv")
        near = same(metrics["epochs"], last.epoch, 1e-3)
        yield place.holds(what) if near else place.broken(what, says(metrics["epochs"], last.epoch), tr(*AGAIN))


def _config(place: Place, folder: Path, where: str, metrics: dict[str, Any]) -> Iterator[Check]:
    if not (folder / "config.yaml").is_file():
        yield place.unverified(tr("méthode", "method"), tr("config.yaml absent", "no config.yaml"))
        return
    config = RunFolder(folder).config
    yield place.equal(
        tr("méthode, contre config.yaml", "method, against config.yaml"), metrics["method"], config.method, tr(*AGAIN)
    )
    environment = folder / "environment.json"
    if environment.is_file():
        yield place.equal(tr("précision, contre environment.json", "precision, against environment.json"),
                          metrics["precision"], json_of(inside(folder, "environment.json"))["precision"], tr(*AGAIN))  # fmt: skip


def _data(work: Path, folder: Path, where: str) -> Iterator[Check]:
    """The set that the run read is still the one that lies where its configuration says."""
    here = Place(kind="run", where=f"{where}/data_manifest.json")
    what = tr("le jeu appris est celui qui est là (empreintes)", "the set learnt is the one there (fingerprints)")
    noted = json_of(folder / "data_manifest.json")
    data = set_of(work, folder)
    if data is None:
        yield here.unverified(
            what, tr("le jeu n'est pas dans le dossier du travail", "the set is not in the work folder")
        )
        return
    there = json_of(data / "manifest.json")
    cure = tr(
        "entraînez sur le jeu tel qu'il est, ou remettez l'ancien", "train on the set as it is, or put the old one back"
    )
    if noted["fingerprints"] == there["fingerprints"]:
        yield here.holds(what, len(noted["fingerprints"]))
    else:
        yield here.broken(what, tr("le jeu a été préparé de nouveau depuis", "the set was prepared again since"), cure)
    yield here.equal(
        tr("comptes du jeu appris", "counts of the set learnt"),
        noted["counts"]["by_split"],
        there["counts"]["by_split"],
        cure,
    )


def set_of(work: Path, run: Path) -> Path | None:
    """The prepared set that a run was trained on, as far as it lies in the work folder: where it was, or under its name."""
    named = RunFolder(run).config.data
    beside = (run.parent / named.name).resolve()
    own = [beside.relative_to(work.resolve()).as_posix()] if beside.is_relative_to(work.resolve()) else []
    folder = found(work, named.as_posix(), f"data/{named.name}", *own)
    return folder if folder and (folder / "manifest.json").is_file() else None


def _dates(place: Place, folder: Path, metrics: dict[str, Any]) -> Iterator[Check]:
    made, ended = date_of(json_of(folder / "data_manifest.json").get("created")), date_of(metrics.get("date"))
    yield from in_order(place, tr("préparation, puis entraînement", "preparation, then training"), made, ended)
    what = tr("date qui n'est pas à venir", "date that is not to come")
    if ended and ended > datetime.now(UTC) + timedelta(days=1):
        yield place.broken(what, ended.isoformat(), tr(*AGAIN))
    elif ended:
        yield place.holds(what)


def in_order(place: Place, what: str, first: datetime | None, second: datetime | None) -> Iterator[Check]:
    """Whether one date is not after another."""
    if first is None or second is None:
        yield place.unverified(what, tr("date absente ou illisible", "no date, or one that cannot be read"))
    elif first <= second:
        yield place.holds(what)
    else:
        yield place.broken(what, f"{first.isoformat()} > {second.isoformat()}", tr(*AGAIN))


def date_of(text: Any) -> datetime | None:
    """A date as ISO 8601 writes it, UTC where it does not say; None for anything else."""
    try:
        date = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
