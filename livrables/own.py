"""What the team's own two files tell, as facts: `own` in the templates, from `team.yaml` and `tasks.csv`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from chatbot.language import number, tr
from livrables.fact import Fact, Source, unmeasured
from livrables.tasks import Task
from livrables.team import Member, Period, Team
from livrables.workspace import TASKS, TEAM, Workspace

HOW = "own:"
"""Before a fact's name in its pointer: what `own_value` follows."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """Some of the tasks, counted: of a member, of a period, of a deliverable, or all.

    Args:
        hours, spent: estimated and noted so far; `spent` is not measured while nobody noted any.
        mark: mean of the manager's evaluations.
    """

    tasks: tuple[Task, ...]
    count: Fact
    done: Fact
    doing: Fact
    todo: Fact
    late: Fact
    hours: Fact
    spent: Fact
    mark: Fact


@dataclass(frozen=True, kw_only=True)
class Own(Load):
    """All of the team's tasks, and parts of them."""

    team: Team
    today: date
    members: Fact
    source: Source | None

    def of(self, *, member: Member | None = None, period: Period | None = None, deliverable: int | None = None) -> Load:
        """The tasks of a member, that touch a period, of a deliverable; or of several of these together."""
        names = [f"member={member.key}"] if member else []
        names += [f"period={period.number}"] if period else []
        names += [f"deliverable={deliverable}"] if deliverable else []
        chosen = [task for task in self.tasks if _chosen(task, member, period, deliverable)]
        return Load(**_facts(chosen, "tasks" + "".join(f"[{name}]" for name in names), self.source, self.today))


def own_of(workspace: Workspace, work: Path, team: Team, tasks: Sequence[Task], today: date) -> Own:
    """The facts of the team's files.

    Args:
        workspace: their folder.
        work: sources are named below it.
        team: as `workspace` has it.
        tasks: as `workspace` has them.
        today: a task of before that is not done is late.
    """
    roster = _source(workspace.team_file, work)
    planned = _source(workspace.tasks_file, work)
    members = Fact(key="own.members", value=len(team.members), text=number(len(team.members)), source=roster,
                   pointer="own:members") if roster else unmeasured("own.members", tr(f"remplissez {TEAM}", f"fill {TEAM}"))  # fmt: skip
    return Own(team=team, today=today, members=members, source=planned, **_facts(tasks, "tasks", planned, today))


def own_value(pointer: str, team: Team, tasks: Sequence[Task], today: date) -> float | int | None:
    """Computes a fact of the team's files again from its pointer, as of the day it was built: for `verify`."""
    if pointer == f"{HOW}members":
        return len(team.members)
    scope, _, name = pointer.removeprefix(HOW).rpartition(".")
    wanted = dict(part.split("=", 1) for part in scope.removeprefix("tasks").strip("[]").split("][") if part)
    member = next((one for one in team.members if one.key == wanted.get("member")), None)
    period = next((one for one in team.calendar if str(one.number) == wanted.get("period")), None)
    deliverable = int(wanted["deliverable"]) if "deliverable" in wanted else None
    return _MEASURES[name]([task for task in tasks if _chosen(task, member, period, deliverable)], today)


def _facts(tasks: Sequence[Task], scope: str, source: Source | None, today: date) -> dict[str, Any]:
    made: dict[str, Any] = {"tasks": tuple(tasks)}
    for name, measure in _MEASURES.items():
        value = measure(tasks, today) if source else None
        key = f"own.{scope}.{name}"
        made[name] = unmeasured(key, _cure(name)) if value is None else Fact(
            key=key, value=value, text=number(value, 1 if isinstance(value, float) and value % 1 else 0), source=source,
            pointer=f"{HOW}{scope}.{name}")  # fmt: skip
    return made


def _chosen(task: Task, member: Member | None, period: Period | None, deliverable: int | None) -> bool:
    return (
        (member is None or (task.owner is not None and task.owner.key == member.key))
        and (period is None or (task.first <= period.last and task.last >= period.first))
        and (deliverable is None or task.deliverable == deliverable)
    )


def _in_state(state: str) -> Callable[[Sequence[Task], date], int]:
    return lambda tasks, today: sum(task.state == state for task in tasks)


def _spent(tasks: Sequence[Task], today: date) -> float | None:
    noted = [task.spent for task in tasks if task.spent is not None]
    return round(sum(noted), 2) if noted or not tasks else None


def _mark(tasks: Sequence[Task], today: date) -> float | None:
    marks = [task.mark for task in tasks if task.mark is not None]
    return round(sum(marks) / len(marks), 1) if marks else None


_MEASURES: dict[str, Callable[[Sequence[Task], date], float | int | None]] = {
    "count": lambda tasks, today: len(tasks),
    "done": _in_state("done"),
    "doing": _in_state("doing"),
    "todo": _in_state("todo"),
    "late": lambda tasks, today: sum(task.state != "done" and task.last < today for task in tasks),
    "hours": lambda tasks, today: round(sum(task.hours for task in tasks), 2),
    "spent": _spent,
    "mark": _mark,
}


def _cure(name: str) -> str:
    column = {"spent": tr("les heures passées", "the hours spent"), "mark": tr("les évaluations", "the evaluations")}
    return tr(
        f"notez {column.get(name, 'les tâches')} dans {TASKS}", f"note {column.get(name, 'the tasks')} in {TASKS}"
    )


def _source(file: Path, work: Path) -> Source | None:
    if not file.is_file():
        return None
    inside = file.resolve().is_relative_to(work.resolve())
    path = file.resolve().relative_to(work.resolve()) if inside else Path(file.name)
    return Source(path=PurePosixPath(path.as_posix()), sha256=sha256(file.read_bytes()).hexdigest())
