"""How the hours of the tasks lie on members, periods and deliverables."""

from collections.abc import Iterable

from livrables.task import Task
from livrables.team import Period


def days_in(task: Task, period: Period) -> int:
    """Days of a task that lie in a period."""
    return max(0, (min(task.last, period.last) - max(task.first, period.first)).days + 1)


def hours_in(tasks: Iterable[Task], period: Period) -> float:
    """Estimated hours in a period, a task's spread evenly over its days."""
    return sum(task.hours * days_in(task, period) / task.days for task in tasks)


def planned(tasks: Iterable[Task]) -> float:
    return sum(task.hours for task in tasks)


def spent(tasks: Iterable[Task]) -> float:
    return sum(task.spent or 0.0 for task in tasks)


def share_done(tasks: Iterable[Task]) -> float:
    """How much is done, 0 to 1, each task weighed by its estimated hours; 0 without tasks."""
    tasks = list(tasks)
    whole = planned(tasks)
    return sum(task.share * task.hours for task in tasks) / whole if whole else 0.0


def mean_mark(tasks: Iterable[Task], *, weighed: bool = False) -> float | None:
    """The mean of the marks, or weighed by the estimated hours; None without any."""
    marked = [(task.mark, task.hours if weighed else 1.0) for task in tasks if task.mark is not None]
    weight = sum(hours for _, hours in marked)
    return sum(mark * hours for mark, hours in marked) / weight if weight else None
