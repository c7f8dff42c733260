"""The team's workbook: tasks, Gantt, load, follow-up, evaluation, due dates; all of it follows the sheet of the tasks."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from chatbot.files import write_whole
from livrables.documents import keep_aside
from livrables.task import Task
from livrables.team import Team
from livrables.workbook_book import Book
from livrables.workbook_deliverables import deliverables_sheet
from livrables.workbook_follow import follow_sheet, marks_sheet
from livrables.workbook_gantt import chart_sheet, gantt_sheet
from livrables.workbook_load import load_sheet
from livrables.workbook_tasks import tasks_sheet
from livrables.workbook_team import team_sheet

PROPERTIES = "docProps/custom.xml"
SHEETS = (team_sheet, tasks_sheet, gantt_sheet, chart_sheet, load_sheet, follow_sheet, marks_sheet, deliverables_sheet)


def write_workbook(path: Path, team: Team, tasks: Sequence[Task], today: date) -> Path | None:
    """Writes the workbook; the same team, tasks and day give the same bytes.

    Args:
        path: of the .xlsx file.
        team: whose it is.
        tasks: what it is made from.
        today: the day of the follow-up, which delays are counted to.

    Returns:
        Where the workbook that was there is kept, if somebody had changed and saved it; else None.
    """
    aside = keep_aside(path) if path.is_file() and changed_by_hand(path) else None
    write_whole(path, lambda temporary: _write(temporary, team, tasks, today))
    return aside


def changed_by_hand(path: Path) -> bool:
    """Whether a spreadsheet has saved the workbook since it was made: its sheets are no longer those we wrote."""
    try:
        with ZipFile(path) as parts:
            return PROPERTIES not in parts.namelist() or _fingerprint(path).encode() not in parts.read(PROPERTIES)
    except BadZipFile:
        return True


def _fingerprint(path: Path) -> str:
    found = sha256()
    with ZipFile(path) as parts:
        for name in sorted(
            name for name in parts.namelist() if name.startswith(("xl/worksheets/", "xl/sharedStrings"))
        ):
            found.update(parts.read(name))
    return found.hexdigest()


def _write(path: Path, team: Team, tasks: Sequence[Task], today: date) -> None:
    """Twice: the second one bears the fingerprint of the first one's sheets, which are the same."""
    _write_once(path, team, tasks, today, "")
    _write_once(path, team, tasks, today, _fingerprint(path))


def _write_once(path: Path, team: Team, tasks: Sequence[Task], today: date, fingerprint: str) -> None:
    from xlsxwriter import Workbook

    file = Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    made = datetime(today.year, today.month, today.day)
    file.set_properties({"title": team.name, "subject": team.domain, "created": made})
    file.set_custom_property("causette", fingerprint, "text")
    book = Book(file=file, team=team, tasks=tasks, today=today)
    for sheet in SHEETS:
        sheet(book)
    file.close()
