"""`causette livrables verify`: what a team handed in, against its work folder; what was measured, measured again."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chatbot.language import tr
from livrables.checks.answering import model_checks, unloaded
from livrables.checks.check import Check, Place, guarded
from livrables.checks.comparison import Stored, comparison_checks
from livrables.checks.handed import Handed
from livrables.checks.measured import measured_checks
from livrables.checks.prepared import prepared_checks
from livrables.checks.questions import question_checks
from livrables.checks.reading import below
from livrables.checks.searches import search_checks, sweep_checks
from livrables.checks.subjects import Subjects
from livrables.checks.trained import trained_checks
from livrables.verified import Verified
from livrables.workspace import Workspace

Say = Callable[[str], object]


def verify(
    workspace: Workspace,
    work: Path,
    *,
    sample: int = 20,
    seed: int = 0,
    model: bool = True,
    votes: Mapping[str, Any] | None = None,
    say: Say = print,
) -> Verified:
    """Looks at all of it.

    Args:
        workspace: the folder of the deliverables.
        work: the folder of the work, or the part of it that is at hand.
        sample: answers and dialogues computed again per measure.
        seed: which.
        model: whether the models are loaded again.
        votes: what `app.feedback.report.facts_of` says of the run's votes; None without.
        say: told what is being looked at.

    Raises:
        InputError: the team's own file cannot be read.
    """
    work = work.resolve()
    handed = Handed.read(workspace, work, votes)
    subjects = Subjects.of(work, handed.team.work, handed.cited)
    say(tr("Documents, sources, figures…", "Documents, sources, figures…"))
    checks = [*handed.checks()]
    say(tr("Données, entraînements, recherches…", "Data, trainings, searches…"))
    checks += _folders(subjects, work)
    for folder in subjects.comparisons:
        checks += _comparison(Stored(folder, work), sample, seed, model, say)
    return Verified(checks=tuple(checks))


def _folders(subjects: Subjects, work: Path) -> Iterator[Check]:
    for folder in subjects.sets:
        where = below(folder, work)
        yield from guarded(
            Place(kind="data", where=where), tr("jeu préparé", "prepared set"), prepared_checks(folder, work, where)
        )
    for folder in subjects.runs:
        where = below(folder, work)
        yield from guarded(
            Place(kind="run", where=where), tr("entraînement", "training"), trained_checks(folder, work, where)
        )
        if (folder / "sweep.json").is_file():
            yield from guarded(
                Place(kind="search", where=where), tr("balayage", "sweep"), sweep_checks(folder, work, where)
            )
    for folder in subjects.searches:
        where = below(folder, work)
        yield from guarded(
            Place(kind="search", where=where), tr("recherche", "search"), search_checks(folder, work, where)
        )


def _comparison(stored: Stored, sample: int, seed: int, model: bool, say: Say) -> Iterator[Check]:
    say(tr(f"{stored.where} : mesures recalculées…", f"{stored.where}: measures computed again…"))
    place, what = Place(kind="metrics", where=stored.where), tr("comparaison", "comparison")
    yield from guarded(place, what, comparison_checks(stored))
    yield from guarded(place, what, question_checks(stored, sample, seed))
    yield from guarded(place, what, measured_checks(stored))
    checks = model_checks(stored, sample, seed, say) if model else _unloaded(stored)
    yield from guarded(Place(kind="model", where=stored.where), tr("modèles", "models"), checks)


def _unloaded(stored: Stored) -> Iterator[Check]:
    for side in stored.compared.first.evaluations:
        if side.kind == "model":
            place = Place(kind="model", where=f"{stored.where} · {side.model}")
            yield unloaded(
                place, stored, side.model, tr("modèle non rechargé (--no-model)", "model not loaded (--no-model)")
            )
