"""What of the deliverables is done, late, missing: read from the documents on disk and from the tasks."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from chatbot.errors import InputError
from chatbot.language import tr
from livrables.deliverable import Document, documents
from livrables.documents import noted, stands
from livrables.places import digest, is_written, places_of
from livrables.press import older_pages
from livrables.tasks import Task, read_tasks
from livrables.team import Team, read_team
from livrables.workspace import Workspace

Stage = Literal["done", "incomplete", "missing", "later"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a document is.

    Args:
        state: "done": nothing is left to write or to measure; "incomplete"; "missing": never built, and its time has
            come; "later": never built, and its time has not come.
        late: it was due before today and is not done.
        unwritten: names of the team's places that are empty.
        unmeasured: keys of facts that nobody has measured.
        problem: what hinders reading it; "".
        older: names of its Word and PDF files that were made of an older text.
    """

    document: Document
    state: Stage
    late: bool
    unwritten: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    problem: str = ""
    older: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        one, member, period = self.document.deliverable, self.document.member, self.document.period
        return {
            "document": f"{self.document.path.as_posix()}.md",
            "number": one.number,
            "title": tr(*one.title),
            "due": self.document.due.isoformat(),
            "member": member.name if member else None,
            "period": period.number if period else None,
            "state": self.state,
            "late": self.late,
            "to_write": list(self.unwritten),
            "to_measure": list(self.unmeasured),
            "problem": self.problem or None,
            "older_pages": list(self.older),
        }


@dataclass(frozen=True, kw_only=True)
class Status:
    """All documents and tasks of a team, on a day.

    Args:
        late_tasks: not done, and past their last day.
    """

    folder: Path
    team: Team
    today: date
    standings: tuple[Standing, ...]
    tasks: tuple[Task, ...]

    @property
    def late_tasks(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.late(self.today))

    @property
    def counts(self) -> dict[str, int]:
        """Documents in each state, and those that are late."""
        found = Counter(one.state for one in self.standings)
        names: tuple[Stage, ...] = ("done", "incomplete", "missing", "later")
        return {**{name: found[name] for name in names}, "late": sum(one.late for one in self.standings)}

    @property
    def next_due(self) -> tuple[Standing, ...]:
        """What is due next and not done yet: all of that day."""
        coming = [one for one in self.standings if one.document.due >= self.today and one.state != "done"]
        day = min((one.document.due for one in coming), default=None)
        return tuple(one for one in coming if one.document.due == day)

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "team": self.team.name,
            "today": self.today.isoformat(),
            "counts": self.counts,
            "documents": [one.to_json() for one in self.standings],
            "late_tasks": [
                {"number": task.number, "title": task.title, "owner": task.owner.name if task.owner else None,
                 "last": task.last.isoformat(), "days": task.late(self.today)}
                for task in self.late_tasks
            ],
            "next_due": [f"{one.document.path.as_posix()}.md" for one in self.next_due],
        }  # fmt: skip


def status_of(workspace: Workspace, *, today: date) -> Status:
    """Looks at every document and task.

    Args:
        workspace: the team's folder.
        today: what is late is counted to.

    Raises:
        InputError: team.yaml or tasks.csv cannot be read.
    """
    team = read_team(workspace.team_file)
    tasks = read_tasks(workspace.tasks_file, team) if workspace.tasks_file.exists() else []
    standings = tuple(_standing(document, workspace.path, team, today) for document in documents(team))
    return Status(folder=workspace.path, team=team, today=today, standings=standings, tasks=tuple(tasks))


def _standing(document: Document, folder: Path, team: Team, today: date) -> Standing:
    file = (folder / document.path).with_name(f"{document.path.name}.md")
    past = document.due < today
    if not file.is_file():
        begun = today > document.due - timedelta(weeks=team.weeks)
        return Standing(document=document, state="missing" if begun else "later", late=past)
    try:
        unwritten, unmeasured = _left(file)
        older = _older(file)
    except InputError as error:
        return Standing(document=document, state="incomplete", late=past, problem=str(error))
    done = not unwritten and not unmeasured
    return Standing(
        document=document,
        state="done" if done else "incomplete",
        late=past and not done,
        unwritten=unwritten,
        unmeasured=unmeasured,
        older=older,
    )


def _older(file: Path) -> tuple[str, ...]:
    """The Word and PDF files that do not show what the Markdown says now.

    Raises:
        InputError: the notes of the last build are damaged.
    """
    try:
        return tuple(file.with_suffix(f".{name}").name for name in older_pages(file))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(file) from error


def _left(file: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Places to write, as the Markdown stands now; facts to measure, as it was last built.

    Raises:
        InputError: a mark is damaged, or the notes of the last build are.
    """
    notes, stood = noted(file), stands(file)
    try:
        unmeasured = tuple(fact["key"] for fact in notes["facts"] if fact["value"] is None)
        known = dict(notes["blanks"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(file) from error
    found = places_of(stood.markdown, file)
    empty = [name for name, place in found.items() if not is_written(place.text, (), known.get(name, digest("")))]
    gone = [name for name in known if name not in found]  # a place that somebody deleted, marks and all
    return (*empty, *gone), unmeasured


def _damaged(file: Path) -> InputError:
    beside = file.with_suffix(".facts.json").name
    return InputError(
        tr(f"{beside} manque ou est abîmé : causette livrables build le refait",
               f"{beside} is missing or damaged: causette livrables build makes it again")
    )  # fmt: skip
