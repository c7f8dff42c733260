"""A task: who does what, how long it should take and how far it is."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from livrables.team import Member

State = Literal["todo", "doing", "done"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task of the team.

    Args:
        number: from 1, the row's place.
        title: what is to be done.
        deliverable: 1 to 8; None for none.
        owner: a member; None while nobody has taken it.
        hours: estimated.
        spent: hours so far; None where nobody noted them.
        first, last: planned days, both included.
        state: "à faire", "en cours" or "fait" in the file.
        mark: the manager's evaluation of what was done, 0 to 20; None before.
        remark: free text of the team.
    """

    number: int
    title: str
    deliverable: int | None
    owner: Member | None
    hours: float
    spent: float | None
    first: date
    last: date
    state: State
    mark: float | None = None
    remark: str = ""

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1: of a task under way, the hours spent of those estimated, 0.95 at most."""
        if self.state == "done":
            return 1.0
        if self.state == "todo" or not self.hours:
            return 0.0
        return min(0.95, (self.spent or 0.0) / self.hours)

    @property
    def remaining(self) -> float:
        """Hours that are left of the estimate."""
        return 0.0 if self.state == "done" else max(0.0, self.hours - (self.spent or 0.0))

    def late(self, today: date) -> int:
        """Days since it should have been done; 0 for none."""
        return 0 if self.state == "done" else max(0, (today - self.last).days)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1
