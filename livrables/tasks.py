"""`tasks.csv`: read as Excel or a text editor left it, and written for both."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import current_language, tr
from chatbot.yaml_model import Fault, faulty
from datasets_prep.columns import plain_name
from datasets_prep.rows import reason_in_words
from datasets_prep.tables import Record, RejectedRecord, read_table, wrong_columns
from livrables.first_tasks import first_tasks
from livrables.task import State, Task
from livrables.task_cells import (
    COLUMNS,
    NEEDED,
    Wrong,
    column_name,
    day_of,
    deliverable_of,
    hours_of,
    mark_of,
    owner_of,
    perhaps,
    state_name,
    state_of,
    title_of,
)
from livrables.team import Team

__all__ = ["State", "Task", "first_tasks", "read_tasks", "tasks_csv"]

MOST_TASKS = 500
BOM = "\ufeff"  # tells Excel that the file is UTF-8


def read_tasks(file: Path, team: Team) -> list[Task]:
    """Reads `tasks.csv` as Excel or a text editor left it (comma or semicolon, UTF-8 or cp1252, 12/10/2026 or 2026-10-12).

    Raises:
        InputError: no such file, a missing column, an unknown member, an end before its start: with the row and the cure.
    """
    table = read_table(file, lambda cells: len(_fields(cells).keys() & set(NEEDED)) >= 3)
    fields = _fields(table.layout.header)
    if any(name not in fields for name in NEEDED):
        raise _missing_columns(file, fields, table.layout.header)
    tasks: list[Task] = []
    faults: list[Fault] = []
    for record in table.records:
        if isinstance(record, RejectedRecord):
            faults += _rejection(record)
            continue
        task, found = _task(record, fields, team, len(tasks) + 1)
        faults += found
        tasks += [task] if task else []
    if len(tasks) > MOST_TASKS:
        raise InputError(tr(f"{file} : plus de {MOST_TASKS} tâches.", f"{file}: more than {MOST_TASKS} tasks."))
    if faults:
        raise faulty(file.name, faults)
    return tasks


def tasks_csv(tasks: Sequence[Task]) -> str:
    """The file that `read_tasks` reads; Excel opens it by a double click: semicolons and 3,5 in French."""
    french = current_language() == "fr"
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";" if french else ",", lineterminator="\n")
    writer.writerow([column_name(field) for field in COLUMNS])
    for task in tasks:
        writer.writerow(
            [
                task.title,
                task.deliverable or "",
                task.owner.name if task.owner else "",
                _figure(task.hours, french),
                _figure(task.spent, french),
                task.first.isoformat(),
                task.last.isoformat(),
                state_name(task.state),
                _figure(task.mark, french),
                task.remark,
            ]
        )
    return BOM + text.getvalue()


def _fields(header: Sequence[str]) -> dict[str, str]:
    """Field of a task → the file's column."""
    named = {plain_name(name): name for name in header}
    found = {field: next((named[plain_name(name)] for name in names if plain_name(name) in named), None)
             for field, names in COLUMNS.items()}  # fmt: skip
    return {field: column for field, column in found.items() if column is not None}


def _missing_columns(file: Path, fields: Mapping[str, str], header: Sequence[str]) -> InputError:
    lacking = ", ".join(column_name(name) for name in NEEDED if name not in fields)
    cure = (f"Il manque : {lacking}. La première ligne du fichier porte les noms des colonnes.",
            f"Missing: {lacking}. The file's first line bears the names of the columns.")  # fmt: skip
    return wrong_columns(file, header, ", ".join(map(column_name, COLUMNS)), cure)


def _rejection(record: RejectedRecord) -> list[Fault]:
    if record.reason == "empty_row":
        return []
    told = reason_in_words(record.reason) + (f" ({record.detail})" if record.detail else "")
    return [Fault(record.line, told)]


def _task(record: Record, fields: Mapping[str, str], team: Team, number: int) -> tuple[Task | None, list[Fault]]:
    """The task of a record, or its faults."""
    readers = {
        "title": title_of,
        "deliverable": deliverable_of,
        "owner": lambda cell: owner_of(cell, team),
        "hours": hours_of,
        "spent": perhaps(hours_of),
        "first": day_of,
        "last": day_of,
        "state": state_of,
        "mark": perhaps(mark_of),
        "remark": str.strip,
    }
    values: dict[str, Any] = {}
    faults = []
    for field, read in readers.items():
        cell = record.cells[fields[field]] if field in fields else ""
        try:
            values[field] = read(cell)
        except Wrong as wrong:
            faults.append(Fault(record.line, f"{fields.get(field, field)}, {wrong}"))
    if not faults and values["last"] < values["first"]:
        faults.append(Fault(record.line, tr(f"« {values['title']} » finit avant de commencer",
                                            f"`{values['title']}` ends before it begins")))  # fmt: skip
    return (None if faults else Task(number=number, **values)), faults


def _figure(value: float | None, french: bool) -> str:
    text = "" if value is None else f"{value:g}"
    return text.replace(".", ",") if french else text
