"""What was tried after the comparison, as facts: searches for settings, and sweeps of decodings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.sampling import Sampling
from livrables import told
from livrables.fact import Fact
from livrables.parts import Picture, SearchFacts, SweepFacts
from livrables.pointers import joined
from livrables.reading import UNREADABLE, Reader
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.ways import choice_told

SEARCH, TRIALS, SWEEP = "search.json", "search.db", "sweep.json"
FIGURES = {
    "parallel.png": ("Les essais, un trait par essai", "The trials, a line for each"),
    "history.png": ("Les essais, dans leur ordre", "The trials, in their order"),
    "importance.png": ("Ce que pèse chaque réglage", "What each option weighs"),
}


def searches_in(reader: Reader, folder: Path) -> tuple[list[SearchFacts], list[str]]:
    """All searches of a folder, by name, and what is to be said of those that cannot be read."""
    found, remarks = [], []
    for settings in sorted((reader.folder / folder).glob(f"*/{SEARCH}")):
        try:
            found.append(_search(reader, settings.parent))
        except (InputError, *UNREADABLE) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            name = reader.below(settings.parent)
            remarks.append(tr(f"{name} : recherche illisible ({why}).", f"{name}: the search cannot be read ({why})."))
    return found, remarks


def _search(reader: Reader, folder: Path) -> SearchFacts:
    from training.search_folder import SearchFolder
    from training.search_report import conclusion

    path, file = Path(reader.below(folder)), folder / TRIALS
    source = reader.source(file)  # hashed before anything opens the database
    key, cure = f"search.{folder.name}", f"causette search --resume --out {path.as_posix()}"
    numbers: Mapping[str, Any] = reader.content(file, "search:/")

    def fact(name: str, pointer: str, how: Any = told.count) -> Fact:
        return reader.fact(f"{key}.{name}", file, f"search:{pointer}", how, cure=cure)

    best = numbers["best"] or {"values": {}}
    return SearchFacts(
        folder=path,
        trials=fact("trials", "/trials"),
        finished=fact("finished", "/complete"),
        pruned=fact("pruned", "/pruned"),
        best=tuple(
            (option, fact(f"best.{option}", joined("best", "values", option), _setting)) for option in best["values"]
        ),
        best_value=fact("best_value", "/best/bits_per_byte", told.digits(4)),
        recipe_value=fact("recipe_value", "/recipe_bits_per_byte", told.digits(4)),
        conclusion=conclusion(SearchFolder(folder)),
        importance=tuple(
            (option, fact(f"importance.{option}", joined("importance", option), told.share(None, None)))
            for option in numbers["importance"]
        ),
        pictures=tuple(
            Picture(file=folder / "figures" / name, caption=tr(*words), source=source)
            for name, words in FIGURES.items()
            if (folder / "figures" / name).is_file()
        ),
    )


def sweep_facts(reader: Reader, run: Path, name: str) -> SweepFacts | None:
    """The sweep of a run; None where none was made.

    Args:
        reader: of the work.
        run: its folder, below that of the work.
        name: of it, in keys.
    """
    file = reader.folder / run / SWEEP
    try:
        found = reader.content(file)
        tried, measure = found["tried"], found["measure"]
        best = next(place for place, one in enumerate(tried) if one["way"] == found["best"])
        way, gap = Sampling(**found["best"], seed=1), tried[best]["gap"]
    except (*UNREADABLE, StopIteration):
        return None

    def fact(what: str, pointer: str, how: Any) -> Fact:
        cure = f"causette sweep {run.as_posix()}"
        return reader.fact(f"sweep.{name}.{what}", file, pointer, how, date=str(found.get("date", "")), cure=cure)

    digits = MEASURES[measure].digits
    how = told.gap(gap["low"], gap["high"], digits) if gap else told.plain
    value = tried[best]["value"]
    return SweepFacts(
        run=name,
        tried=fact("tried", "count:/tried", told.count),
        best=fact("best", f"join:/tried/{best}/way/temperature,/tried/{best}/way/top_p,/tried/{best}/way/repetition_penalty",
                  lambda _: choice_told(way)),
        best_value=fact("best_value", f"/tried/{best}/value/value", told.estimate(value["low"], value["high"], digits)),
        measure=label_of(measure),
        gain=fact("gain", f"optional:/tried/{best}/gap/value", lambda one: "—" if one == "" else how(one)),
        conclusion=_conclusion(found, way),
    )  # fmt: skip


def _conclusion(found: Mapping[str, Any], way: Sampling) -> str:
    """What the sweep itself concluded: the best way takes greedy's place only where its gain is shown."""
    if found["shown"]:
        return tr(f"Gain montré : ce décodage ({choice_told(way)}) est celui du modèle désormais.",
                  f"A gain is shown: this way of decoding ({choice_told(way)}) is the model's from now on.")  # fmt: skip
    if found["best"] == found["tried"][0]["way"]:
        return tr("Aucun autre décodage ne fait mieux que le glouton : il est gardé.",
                  "No other way of decoding does better than greedy: it is kept.")  # fmt: skip
    return tr("Aucun gain montré : le décodage glouton, plus simple, est gardé.",
              "No gain is shown: greedy decoding, which is simpler, is kept.")  # fmt: skip


def _setting(value: Any) -> str:
    from training.search_dimension import shown

    return shown(value)
