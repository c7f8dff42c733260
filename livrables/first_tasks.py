"""The usual tasks, spread over a team's members and calendar."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from chatbot.language import tr, typeset
from livrables.deliverable import COURSE, Deliverable
from livrables.task import Task
from livrables.team import Member, Team
from livrables.usual_tasks import RUNNING, Usual, usual_tasks

DAY = timedelta(days=1)
FRIDAY = 4  # of `date.weekday`


def first_tasks(team: Team) -> list[Task]:
    """The course's usual tasks spread over the team and its calendar: what `init` writes, for the team to change.

    Whoever has the fewest hours takes the next task, so that all have about the same; managers have the follow-up of
    their period first.
    """
    load = dict.fromkeys((member.key for member in team.members), 0.0)
    led = [
        _task(RUNNING, None, period.first, period.last, period.manager, place=period.number) for period in team.calendar
    ]
    for task in led:
        load[_owner(task).key] += task.hours
    taken = list(_taken(team, load))
    tasks = sorted([*led, *taken], key=lambda task: (task.last, task.first, task.deliverable or 9))
    return [replace(task, number=number) for number, task in enumerate(tasks, start=1)]


def _taken(team: Team, load: dict[str, float]) -> Iterator[Task]:
    deliverables = {one.number: one for one in COURSE if one.number is not None}
    for number, usual in usual_tasks():
        first, last = _window(deliverables[number], team)
        owners = team.members if usual.each else (min(team.members, key=lambda one: load[one.key]),)
        for owner in owners:
            load[owner.key] += usual.hours
            yield _task(usual, number, first, last, owner)


def _window(deliverable: Deliverable, team: Team) -> tuple[date, date]:
    """From when to when a team works on a deliverable: since the one before was due, and one period at least."""
    due = deliverable.due(team)
    earlier = [one.due(team) for one in COURSE if one.number is not None and one.due(team) < due]
    since = max(earlier, default=team.start - DAY) + DAY
    return max(team.start, min(since, due - timedelta(weeks=team.weeks) + DAY)), due


def _task(usual: Usual, number: int | None, first: date, last: date, owner: Member, place: int = 0) -> Task:
    days = (last - first).days
    begin, end = first + round(usual.begin * days) * DAY, first + round(usual.end * days) * DAY
    begin, end = _working(begin, end)
    return Task(
        number=1, title=typeset(tr(*usual.title)).format(place), deliverable=number, owner=owner, hours=usual.hours, spent=None,
        first=begin, last=end, state="todo",
    )  # fmt: skip


def _working(begin: date, end: date) -> tuple[date, date]:
    """From Monday to Friday, where that leaves a day between them."""
    later, earlier = begin, end
    while later.weekday() > FRIDAY:
        later += DAY
    while earlier.weekday() > FRIDAY:
        earlier -= DAY
    return (later, earlier) if later <= earlier else (begin, end)


def _owner(task: Task) -> Member:
    assert task.owner is not None
    return task.owner
