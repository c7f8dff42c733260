"""The cells of `tasks.csv`: columns by their names, and what each may hold."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NoReturn

from chatbot.language import tr
from livrables.days import read_day
from livrables.names import place_among, tidy
from livrables.task import State
from livrables.team import Member, Team
from livrables.team_file import DELIVERABLES, unknown_member

# Field of a task → its column, French and English, as `tasks_csv` writes it; then other names it may bear.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("tâche", "task", "titre", "title", "intitulé"),
    "deliverable": ("livrable", "deliverable"),
    "owner": ("qui", "who", "responsable", "owner", "membre", "member"),
    "hours": ("heures prévues", "hours planned", "prévu", "estimation", "estimate", "heures"),
    "spent": ("heures passées", "hours spent", "passé", "spent"),
    "first": ("début", "start", "first"),
    "last": ("fin", "end", "last"),
    "state": ("état", "state", "statut", "status"),
    "mark": ("note", "mark"),
    "remark": ("remarque", "remark", "remarques", "commentaire", "comment"),
}
NEEDED = ("title", "owner", "hours", "first", "last")
STATES: Mapping[State, tuple[str, ...]] = {
    "todo": ("à faire", "to do", "todo", "a faire", "prévu", ""),
    "doing": ("en cours", "under way", "doing", "commencé", "in progress"),
    "done": ("fait", "done", "fini", "faite", "finie", "terminé", "terminée", "ok"),
}
MOST_HOURS, BEST_MARK = 1000, 20
LONGEST_TITLE = 200


class Wrong(Exception):
    """A cell that says nothing that its column may hold; its text is told."""


def state_name(state: State) -> str:
    """ "à faire", "en cours", "fait"."""
    return tr(*STATES[state][:2])


def column_name(field: str) -> str:
    """A column's name as we write it."""
    return tr(*COLUMNS[field][:2])


def title_of(cell: str) -> str:
    title = re.sub("[ \t\r\n]+", " ", cell).strip()
    if not title:
        _wrong(cell, tr("il faut dire ce qu'il y a à faire", "say what is to be done"))
    if len(title) > LONGEST_TITLE:
        _wrong(title[:30] + "…", tr(f"{LONGEST_TITLE} caractères au plus", f"{LONGEST_TITLE} characters at most"))
    return title


def deliverable_of(cell: str) -> int | None:
    if not cell.strip():
        return None
    found = re.fullmatch(r"(?:livrable|deliverable|l|d)?\s*(\d)(?:[.,]0+)?", cell.strip().casefold())
    if not found or int(found[1]) not in DELIVERABLES:
        _wrong(cell, tr("un numéro de livrable, de 1 à 8, ou rien", "a deliverable's number, 1 to 8, or nothing"))
    return int(found[1])


def owner_of(cell: str, team: Team) -> Member | None:
    if not cell.strip():
        return None
    names = [member.name for member in team.members]
    if (place := place_among(cell, names)) is None:
        raise Wrong(unknown_member(tidy(cell), names))
    return team.members[place]


def hours_of(cell: str) -> float:
    hours = _number(cell)
    if hours is None or not 0 <= hours <= MOST_HOURS:
        _wrong(
            cell, tr(f"un nombre d'heures, de 0 à {MOST_HOURS} (3,5)", f"a number of hours, 0 to {MOST_HOURS} (3.5)")
        )
    return hours


def mark_of(cell: str) -> float:
    mark = _number(re.sub(r"\s*/\s*20$", "", cell.strip()))
    if mark is None or not 0 <= mark <= BEST_MARK:
        _wrong(cell, tr(f"une note de 0 à {BEST_MARK}", f"a mark from 0 to {BEST_MARK}"))
    return mark


def perhaps(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same, where an empty cell is nothing."""
    return lambda cell: read(cell) if cell.strip() else None


def day_of(cell: str) -> date:
    try:
        return read_day(cell)
    except ValueError:
        _wrong(cell, tr("une date, comme 12/10/2026", "a date such as 2026-10-12"))


def state_of(cell: str) -> State:
    said = tidy(cell).casefold()
    for state, words in STATES.items():
        if said in words:
            return state
    _wrong(cell, tr("à faire, en cours ou fait", "to do, under way or done"))


def _number(cell: str) -> float | None:
    """3,5 and 3.5; "3,5 h" too."""
    found = re.fullmatch(r"(-?\d{1,6}(?:[.,]\d{1,6})?)\s*h?(?:eures|ours)?", cell.strip().casefold())
    return float(found[1].replace(",", ".")) if found else None


def _wrong(cell: str, wanted: str) -> NoReturn:
    raise Wrong(tr(f"« {cell.strip()} » : il faut {wanted}", f"`{cell.strip()}`: {wanted} expected"))
