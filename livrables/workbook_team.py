"""The workbook's first sheet: the team, its members, who leads when, and the day of the follow-up."""

from collections.abc import Sequence
from datetime import date

from chatbot.language import tr, typeset
from livrables.task import Task
from livrables.team import Team
from livrables.workbook_book import Book, Sheet, cell, quoted

FACTS = 3  # row of the first fact
START, WEEKS, PERIODS, TODAY = FACTS + 1, FACTS + 2, FACTS + 3, FACTS + 4
MEMBERS = FACTS + 12  # row of the first member


def calendar_row(team: Team) -> int:
    """Row of the first period."""
    return MEMBERS + len(team.members) + 3


def team_sheet(book: Book) -> None:
    """Writes the sheet and the names that formulas of the others use."""
    sheet = book.sheet(book.names.team, book.team.name, (24, 34, 22, 16, 14), portrait=True)
    note = tr("Fait de team.yaml et de tasks.csv : changez ces fichiers, puis « causette livrables build » refait ce classeur. Les cellules jaunes se changent ici.",
              "Made from team.yaml and tasks.csv: change these files, then “causette livrables build” makes this workbook again. Yellow cells are changed here.")  # fmt: skip
    sheet.page.merge_range(1, 0, 1, 4, "", book.style("note"))
    sheet.text(1, 0, typeset(note), "note")
    sheet.page.set_row(1, 30)
    _facts(sheet, book.team)
    _members(sheet, book.team)
    _calendar(sheet, book.team)
    _names(book)
    sheet.page.freeze_panes(1, 0)


def _facts(sheet: Sheet, team: Team) -> None:
    known = team.repositories
    rows: list[tuple[str, str | int | date]] = [
        (tr("Domaine", "Domain"), team.domain),
        (tr("Début", "Start"), team.start),
        (tr("Semaines par période", "Weeks of a period"), team.weeks),
        (tr("Périodes", "Periods"), team.periods),
        (tr("Jour du suivi", "Day of the follow-up"), sheet.book.today),
        (tr("Dépôt de code", "Code repository"), known.get("code", "")),
        (tr("Modèle", "Model"), known.get("model", "")),
        (tr("Jeu de données", "Data set"), known.get("dataset", "")),
        (tr("Espace (démo)", "Space (demo)"), known.get("space", "")),
    ]
    for row, (label, value) in enumerate(rows, start=FACTS):
        sheet.text(row, 0, label, "label")
        if isinstance(value, str):
            sheet.text(row, 1, value)
        elif isinstance(value, int):
            sheet.number(row, 1, value, "whole")
        else:
            sheet.day(row, 1, value, "input date")
    hint = tr("ou =AUJOURDHUI()", "or =TODAY()")
    sheet.text(TODAY, 2, hint, "note")


def _members(sheet: Sheet, team: Team) -> None:
    sheet.text(MEMBERS - 2, 0, tr("Membres", "Members"), "section")
    sheet.head(MEMBERS - 1, [tr("N°", "No."), tr("Nom", "Name"), "GitHub", tr("Périodes menées", "Periods led")])
    first = calendar_row(team)
    managers = f"{cell(first, 3, absolute=True)}:{cell(first + team.periods - 1, 3, absolute=True)}"
    for place, member in enumerate(team.members):
        row = MEMBERS + place
        sheet.number(row, 0, place + 1, "whole")
        sheet.text(row, 1, member.name)
        sheet.text(row, 2, member.github)
        led = sum(period.manager == member for period in team.calendar)
        sheet.formula(row, 3, f"=SUMPRODUCT(--({managers}={cell(row, 1)}))", led, "whole")


def _calendar(sheet: Sheet, team: Team) -> None:
    first = calendar_row(team)
    sheet.text(first - 2, 0, tr("Rotation des managers", "Rotation of managers"), "section")
    sheet.head(first - 1, [tr("Période", "Period"), tr("Début", "Start"), tr("Fin", "End"), tr("Manager", "Manager")])
    start, weeks = cell(START, 1, absolute=True), cell(WEEKS, 1, absolute=True)
    for period in team.calendar:
        row = first + period.number - 1
        sheet.number(row, 0, period.number, "whole")
        sheet.formula(row, 1, f"={start}+({cell(row, 0)}-1)*7*{weeks}", period.first, "date")
        sheet.formula(row, 2, f"={cell(row, 1)}+7*{weeks}-1", period.last, "date")
        sheet.text(row, 3, period.manager.name)
    options = {"validate": "list", "source": f"={_members_range(team)}"}
    sheet.page.data_validation(first, 3, first + team.periods - 1, 3, options)


def _members_range(team: Team) -> str:
    return f"{cell(MEMBERS, 1, absolute=True)}:{cell(MEMBERS + len(team.members) - 1, 1, absolute=True)}"


def _names(book: Book) -> None:
    sheet = quoted(book.names.team)
    book.file.define_name("Jour_du_suivi", f"={sheet}!{cell(TODAY, 1, absolute=True)}")
    book.file.define_name("Membres", f"={sheet}!{_members_range(book.team)}")


def of_member(tasks: Sequence[Task], place: int, team: Team) -> list[Task]:
    """The tasks of a member; past the last one, those of nobody."""
    owner = team.members[place] if place < len(team.members) else None
    return [task for task in tasks if task.owner == owner]
