"""A search and a sweep against their own trials: the best is the best of those stored."""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatbot.language import tr
from livrables.checks.check import Check, Place
from livrables.checks.reading import inside, json_of
from training.decoding import weights_of
from training.runs import RunFolder, flat
from training.search_folder import SearchFolder, Trial, best_of

AGAIN = (
    "refaites la recherche, ou son rapport : causette search … --resume",
    "search again, or report again: causette search … --resume",
)
SWEEP = ("refaites le balayage : causette sweep RUN", "sweep again: causette sweep RUN")


def search_checks(folder: Path, work: Path, where: str) -> Iterator[Check]:
    """Of a search: `trials.csv` and `best.yaml` against its database of trials."""
    place = Place(kind="search", where=where)
    for name in ("search.json", "search.db", "trials.csv", "best.yaml"):
        inside(work, f"{where}/{name}")
    if not (folder / "search.db").is_file():
        yield place.unverified(
            tr("essais d'une recherche", "trials of a search"), tr("search.db absent", "no search.db")
        )
        return
    trials = _trials(folder)
    yield place.holds(tr("essais lus", "trials read"), len(trials))
    if (folder / "trials.csv").is_file():
        with (folder / "trials.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = sum(1 for _ in csv.DictReader(file))
        yield place.equal(tr("lignes de trials.csv", "rows of trials.csv"), rows, len(trials), tr(*AGAIN))
    if (best := best_of(trials)) and (folder / "best.yaml").is_file():
        yield from _recipe(place.at("best.yaml"), folder / "best.yaml", best)


def _trials(folder: Path) -> list[Trial]:
    """The trials, read in a copy: who opens such a database may write into it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as copy:
        for name in ("search.json", "search.db"):
            shutil.copyfile(folder / name, Path(copy) / name)
        return SearchFolder.open(Path(copy)).trials()


def _recipe(place: Place, file: Path, best: Trial) -> Iterator[Check]:
    """The recipe found, which names no set and no folder, holds what the best trial was made with."""
    import yaml

    recipe = flat(yaml.safe_load(file.read_text(encoding="utf-8")))
    for key, value in best.values.items():
        what = tr(f"réglage du meilleur essai ({key})", f"setting of the best trial ({key})")
        yield place.equal(what, recipe.get(key), value, tr(*AGAIN))


def sweep_checks(run: Path, work: Path, where: str) -> Iterator[Check]:
    """Of a sweep: its best is the best of what it tried, and what it chose is that, or plain greedy."""
    place = Place(kind="search", where=f"{where}/sweep.json")
    swept = json_of(inside(work, f"{where}/sweep.json"))
    tried = swept["tried"]
    best = max(tried, key=lambda one: round(one["value"]["value"], 9))
    yield place.equal(
        tr("meilleur des décodages essayés", "best of the ways of decoding tried"),
        swept["best"],
        best["way"],
        tr(*SWEEP),
    )
    wanted = best["way"] if swept["shown"] else tried[0]["way"]
    yield place.equal(tr("décodage gardé : le meilleur si son gain est montré, sinon le glouton",
                         "decoding kept: the best where its gain is shown, else greedy"), swept["chosen"], wanted, tr(*SWEEP))  # fmt: skip
    if (run / "decoding.json").is_file():
        yield from _decoding(run, work, where, swept["chosen"])


def _decoding(run: Path, work: Path, where: str, chosen: dict[str, Any]) -> Iterator[Check]:
    place = Place(kind="search", where=f"{where}/decoding.json")
    noted = json_of(inside(work, f"{where}/decoding.json"))
    for name, value in noted["sampling"].items():
        what = tr(f"réglage du décodage gardé ({name})", f"setting of the decoding kept ({name})")
        yield place.equal(what, value, chosen.get(name), tr(*SWEEP))
    what = tr("décodage gardé pour ces poids-là", "decoding kept for these weights")
    if not (run / "preset").is_dir() and not (run / "adapter").is_dir():
        yield place.unverified(what, tr("poids absents", "no weights"))
    elif noted["weights"] == weights_of(RunFolder(run)):
        yield place.holds(what)
    else:
        yield place.broken(what, tr("les poids ont changé depuis", "the weights changed since"), tr(*SWEEP))
