"""All that a team's work folder tells, as facts: what the reports are written from.

Nothing is computed by a model here; files are read, rows counted. What is not there is a fact too: "not measured".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.prepared import is_prepared
from livrables.captures import captures_in
from livrables.comparison_facts import comparison_facts, comparison_of, no_comparison
from livrables.fact import unmeasured
from livrables.figures import draw_curve
from livrables.first_steps import trials_in
from livrables.parts import (
    ComparisonFacts,
    MeasureFacts,
    OneSource,
    Optimisation,
    Picture,
    RunFacts,
    SampleFacts,
    SearchFacts,
    SetFacts,
    SplitFacts,
    SweepFacts,
    TrialFacts,
    VoteFacts,
)
from livrables.pointers import leaf
from livrables.reading import UNREADABLE, Reader
from livrables.run_facts import HISTORY, run_facts
from livrables.search_facts import searches_in, sweep_facts
from livrables.set_facts import no_set, set_facts, set_of_run
from livrables.team import Work
from livrables.vote_facts import vote_facts
from training.run_list import Row, read_run, runs_below
from training.runs import RunFolder, read_history

__all__ = [
    "ComparisonFacts", "Material", "MeasureFacts", "OneSource", "Optimisation", "Picture", "RunFacts", "SampleFacts",
    "SearchFacts", "SetFacts", "SplitFacts", "SweepFacts", "TrialFacts", "VoteFacts", "material_of", "run_of",
]  # fmt: skip

FIGURES = "figures"


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything, of one work folder.

    Args:
        folder: of the work.
        sets, runs: what was found (never empty values); runs newest first, the team's own first of all.
        run, data, comparison: those the reports are about. Never None: where there is none yet, every fact of theirs is
            "not measured" with its cure, their tuples are empty and their `measured` is False.
        votes: facts are "not measured" without votes.
        trials: first steps with a generic model, noted by notebook 1; none where it was not run.
        captures: screenshots that the team has put into the deliverables' folder `captures/`.
        remarks: runs and files that could not be read, told; `build` says them, documents do not.
    """

    folder: Path
    sets: tuple[SetFacts, ...]
    runs: tuple[RunFacts, ...]
    run: RunFacts
    data: SetFacts
    comparison: ComparisonFacts
    optimisation: Optimisation
    votes: VoteFacts
    trials: tuple[TrialFacts, ...]
    captures: tuple[Picture, ...]
    remarks: tuple[str, ...] = ()


def material_of(
    folder: Path, work: Work, *, rendus: Path, votes: Mapping[str, Any] | None = None, figures: Path | None = None
) -> Material:
    """Reads all of it.

    Args:
        folder: of the work, where `runs/` and `data/` are.
        work: what the team's file says of it.
        rendus: the deliverables' folder: its `captures/` (PNG and JPEG) and `premiers-pas.jsonl` are read where they are
            there.
        votes: what `app.feedback.report.facts_of` says of the run's votes, which this floor cannot read; None without.
        figures: where curves are drawn; by default `figures/` of `rendus`.

    Raises:
        InputError: `work` names a run or a set that is not there, that is damaged or that lies outside the folder.
    """
    rendus = rendus.resolve()  # the reader takes other paths as seen from the work folder
    reader = Reader(folder, votes)
    runs, told = _runs(reader, work)
    main = _main(reader, work, runs)
    sets, lost = _sets(reader, work, runs, main)
    searches, unread = searches_in(reader, work.searches)
    trials, spoilt = trials_in(reader, rendus)
    captures, others = captures_in(reader, rendus / "captures")
    all_runs = _with_curve(reader, runs, main, figures or rendus / FIGURES)
    run = all_runs[0] if main else run_facts(reader, work.runs / tr("NOM", "NAME"), tr("NOM", "NAME"))
    comparison, broken = _comparison(reader, run)
    return Material(
        folder=folder,
        sets=sets,
        runs=all_runs,
        run=run,
        data=sets[0] if sets else no_set(reader),
        comparison=comparison,
        optimisation=_optimisation(work, run, tuple(searches), _sweeps(reader, all_runs)),
        votes=vote_facts(reader, run.folder),
        trials=tuple(trials),
        captures=tuple(captures),
        remarks=(*told, *lost, *broken, *unread, *spoilt, *others),
    )


def run_of(folder: Path, work: Work) -> Path | None:
    """The folder of the run that the reports are about, so that who can read its votes knows which; None without any.

    Raises:
        InputError: `work` names a run that is not there, that is damaged or that lies outside the folder.
    """
    reader = Reader(folder)
    main = _main(reader, work, _runs(reader, work)[0])
    return Path(main.path) if main else None


def _runs(reader: Reader, work: Work) -> tuple[list[Row], list[str]]:
    """The finished runs, newest first, the one that the team names first of all; and what is to be said of others.

    Raises:
        InputError: the one that it names is not there, not whole or outside the folder.
    """
    below = reader.folder / work.runs
    rows = runs_below(below) if below.is_dir() else []
    remarks = [_not_whole(reader, row) for row in rows if row.state != "finished"]
    runs = sorted((row for row in rows if row.state == "finished"), key=lambda row: row.date or "", reverse=True)
    if work.run is None:
        return runs, remarks
    named = reader.folder / reader.below(work.run)
    row = _named(named, below)
    return [row, *(one for one in runs if Path(one.path) != Path(row.path))], remarks


def _named(path: Path, below: Path) -> Row:
    RunFolder.open(path)
    row = read_run(path, below if path.is_relative_to(below) else path.parent)
    if row.state != "finished":
        raise InputError(
            tr(f"{path} : {row.reason}. C'est l'entraînement que nomme team.yaml (work: run).",
               f"{path}: {row.reason}. It is the run that team.yaml names (work: run).")
        )  # fmt: skip
    return row


def _not_whole(reader: Reader, row: Row) -> str:
    path = reader.below(Path(row.path))
    if row.state == "unfinished":
        return tr(f"{path} : entraînement inachevé, ignoré. Finissez-le : causette train --out {path} --resume",
                  f"{path}: unfinished training, ignored. Finish it: causette train --out {path} --resume")  # fmt: skip
    return tr(f"{path} : entraînement abîmé, ignoré ({row.reason}).", f"{path}: damaged run, ignored ({row.reason}).")


def _main(reader: Reader, work: Work, runs: Sequence[Row]) -> Row | None:
    """The run that the reports are about: the named one, else the newest compared one, else the newest."""
    if work.run is not None:
        return runs[0]
    compared = (row for row in runs if comparison_of(reader, Path(reader.below(Path(row.path)))))
    return next(compared, runs[0] if runs else None)


def _with_curve(reader: Reader, runs: Sequence[Row], main: Row | None, figures: Path) -> tuple[RunFacts, ...]:
    """All runs, the main one first and alone with its curve: drawing thirty would take longer than reading them."""
    if main is None:
        return ()
    path, others = Path(main.path), (row for row in runs if row is not main)
    first = run_facts(reader, Path(reader.below(path)), main.name, curve=_curve(reader, path, main, figures))
    return first, *(run_facts(reader, Path(reader.below(Path(row.path))), row.name) for row in others)


def _curve(reader: Reader, run: Path, row: Row, figures: Path) -> Picture | None:
    try:
        history = read_history(run / HISTORY)
        source = reader.source(run / HISTORY, row.date or "")
    except UNREADABLE:
        return None
    if not history or row.before is None or row.best_step is None:
        return None
    file = figures / f"courbe-{row.name.replace('/', '-')}.png"
    draw_curve(file, history, before=row.before, best_step=row.best_step)
    caption = tr(f"Perte de {row.name} sur les réponses d'entraînement et de validation",
                 f"Loss of {row.name} on the answers of training and validation")  # fmt: skip
    return Picture(file=file, caption=caption, source=source)


def _sets(reader: Reader, work: Work, runs: Sequence[Row], main: Row | None) -> tuple[tuple[SetFacts, ...], list[str]]:
    """The named sets; else that of the main run, those of the others, and what else was prepared in `data/`.

    Raises:
        InputError: one that is named is none, is damaged or lies outside the folder.
    """
    if work.data:
        return tuple(set_facts(reader, path) for path in work.data), []
    ordered = [main, *(row for row in runs if row is not main)] if main else []
    found: dict[str, SetFacts] = {}
    remarks = []
    for row in ordered:
        data = str(row.settings["data"])
        if (name := leaf(data)) not in found:
            found[name], remark = _learnt(reader, Path(row.path), data)
            remarks += remark
    for path in sorted((reader.folder / "data").glob("*")):
        if path.name not in found and not path.name.startswith(".") and is_prepared(path):
            try:
                found[path.name] = set_facts(reader, path)
            except InputError as error:
                remarks.append(str(error).splitlines()[0])
    return tuple(found.values()), remarks


def _learnt(reader: Reader, run: Path, data: str) -> tuple[SetFacts, list[str]]:
    """The set of a run as it lies in the folder; else as the run's copy of its manifest tells it."""
    try:
        found = set_facts(reader, Path(data))
        if (
            reader.content(run / "data_manifest.json")["fingerprints"]
            == reader.content(reader.folder / data / "manifest.json")["fingerprints"]
        ):
            return found, []
        why = tr("il a été préparé de nouveau depuis l'entraînement", "it was prepared again since the training")
    except (InputError, *UNREADABLE) as error:
        why = str(error).splitlines()[0]
    name = reader.below(run)
    remark = tr(f"Jeu de {name} : {why} ; ses comptes viennent du manifeste gardé par l'entraînement.",
                f"Set of {name}: {why}; its counts come from the manifest that the run keeps.")  # fmt: skip
    return set_of_run(reader, run, data), [remark]


def _comparison(reader: Reader, run: RunFacts) -> tuple[ComparisonFacts, list[str]]:
    file = comparison_of(reader, run.folder) if run.measured else None
    if file is None:
        return no_comparison(run.folder), []
    try:
        return comparison_facts(reader, file, run.name), []
    except UNREADABLE as error:
        path = reader.below(file)
        told = tr(f"{path} : comparaison illisible ({error!r:.80}), ignorée. Refaites-la : causette compare {run.folder.as_posix()}",
                  f"{path}: the comparison cannot be read ({error!r:.80}), ignored. Make it again: causette compare {run.folder.as_posix()}")  # fmt: skip
        return no_comparison(run.folder), [told]


def _optimisation(
    work: Work, run: RunFacts, searches: tuple[SearchFacts, ...], sweeps: tuple[SweepFacts, ...]
) -> Optimisation:
    name = run.name.rpartition("/")[2]
    undone = []
    if not searches:
        data = run.data.text if run.data.measured else tr("NOM", "NAME")
        cure = f"causette search --data data/{data} --out {(work.searches / name).as_posix()}"
        undone.append(unmeasured("optimisation.searches", cure))
    if not sweeps:
        undone.append(unmeasured("optimisation.sweeps", f"causette sweep {run.folder.as_posix()}"))
    return Optimisation(searches=searches, sweeps=sweeps, undone=tuple(undone))


def _sweeps(reader: Reader, runs: Sequence[RunFacts]) -> tuple[SweepFacts, ...]:
    found = (sweep_facts(reader, run.folder, run.name) for run in runs)
    return tuple(sweep for sweep in found if sweep)
