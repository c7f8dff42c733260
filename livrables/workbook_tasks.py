"""The sheet of the tasks: what the other sheets follow, by formulas over its named columns."""

from chatbot.language import tr
from livrables.load import planned, share_done, spent
from livrables.task import Task
from livrables.task_cells import STATES, state_name
from livrables.workbook_book import Book, Sheet, cell, quoted

FIRST = 3  # row of the first task
# Columns, and the names that formulas call them by.
COLUMNS = {"No": 0, "Tache": 1, "Livrable": 2, "Qui": 3, "Etat": 4, "Debut": 5, "Fin": 6, "Jours": 7, "Prevu": 8,
           "Passe": 9, "Avancement": 10, "Reste": 11, "Retard": 12, "Note": 13, "Remarque": 14}  # fmt: skip


def tasks_sheet(book: Book) -> None:
    """Writes the sheet; its columns are then known as T_Qui, T_Prevu…"""
    widths = (5, 46, 8, 20, 10, 12, 12, 7, 9, 9, 11, 9, 9, 8, 30)
    sheet = book.sheet(book.names.tasks, tr("Tâches de l'équipe", "Tasks of the team"), widths)
    sheet.head(FIRST - 1, _heads())
    for place, task in enumerate(book.tasks):
        _row(sheet, FIRST + place, task)
    if not book.tasks:
        sheet.number(FIRST, COLUMNS["Jours"], 1, "whole")  # which the load divides by
    _total(sheet)
    _names(book)
    _choices(sheet)
    _rules(sheet)
    sheet.page.freeze_panes(FIRST, 2)
    sheet.page.repeat_rows(FIRST - 1)
    sheet.page.autofilter(FIRST - 1, 0, FIRST + book.rows - 1, max(COLUMNS.values()))


def _heads() -> list[str]:
    return [
        tr("N°", "No."), tr("Tâche", "Task"), tr("Livrable", "Deliverable"), tr("Qui", "Who"), tr("État", "State"),
        tr("Début", "Start"), tr("Fin", "End"), tr("Jours", "Days"), tr("Prévu (h)", "Planned (h)"),
        tr("Passé (h)", "Spent (h)"), tr("Avancement", "Progress"), tr("Reste (h)", "Left (h)"),
        tr("Retard (j)", "Late (d)"), tr("Note /20", "Mark /20"), tr("Remarque", "Remark"),
    ]  # fmt: skip


def _row(sheet: Sheet, row: int, task: Task) -> None:
    at = {name: cell(row, column) for name, column in COLUMNS.items()}
    done, todo = state_name("done"), state_name("todo")
    sheet.number(row, 0, task.number, "whole")
    sheet.text(row, 1, task.title)
    sheet.number(row, 2, task.deliverable, "whole")
    sheet.text(row, 3, task.owner.name if task.owner else "")
    sheet.text(row, 4, state_name(task.state), "centre")
    sheet.day(row, 5, task.first)
    sheet.day(row, 6, task.last)
    sheet.formula(row, 7, f"={at['Fin']}-{at['Debut']}+1", task.days, "whole")
    sheet.number(row, 8, task.hours, "hours")
    sheet.number(row, 9, task.spent, "hours")
    under_way = f'IF(OR({at["Etat"]}="{todo}",{at["Prevu"]}=0),0,MIN(0.95,{at["Passe"]}/{at["Prevu"]}))'
    sheet.formula(row, 10, f'=IF({at["Etat"]}="{done}",1,{under_way})', task.share, "share")
    left = f'=IF({at["Etat"]}="{done}",0,MAX(0,{at["Prevu"]}-{at["Passe"]}))'
    sheet.formula(row, 11, left, task.remaining, "hours")
    late = f'=IF({at["Etat"]}="{done}",0,MAX(0,Jour_du_suivi-{at["Fin"]}))'
    sheet.formula(row, 12, late, task.late(sheet.book.today), "late")
    sheet.number(row, 13, task.mark, "mark")
    sheet.text(row, 14, task.remark)


def _total(sheet: Sheet) -> None:
    book, row = sheet.book, FIRST + sheet.book.rows
    for column in COLUMNS.values():
        sheet.text(row, column, tr("Total", "Total") if column == 1 else "", "total")
    sums = {
        "Prevu": planned(book.tasks),
        "Passe": spent(book.tasks),
        "Reste": sum(task.remaining for task in book.tasks),
    }
    for name, value in sums.items():
        sheet.formula(row, COLUMNS[name], f"=SUM(T_{name})", value, "total")
    share = "=IF(SUM(T_Prevu)=0,0,SUMPRODUCT(T_Avancement*T_Prevu)/SUM(T_Prevu))"
    sheet.formula(row, COLUMNS["Avancement"], share, share_done(book.tasks), "total share")


def _names(book: Book) -> None:
    for name, column in COLUMNS.items():
        ends = cell(FIRST, column, absolute=True), cell(FIRST + book.rows - 1, column, absolute=True)
        book.file.define_name(f"T_{name}", f"={quoted(book.names.tasks)}!{ends[0]}:{ends[1]}")


def _choices(sheet: Sheet) -> None:
    """Lists to choose from, and values that a cell refuses."""
    last = FIRST + sheet.book.rows - 1
    sheet.page.data_validation(FIRST, 3, last, 3, {"validate": "list", "source": "=Membres"})
    states = [tr(*words[:2]) for words in STATES.values()]
    sheet.page.data_validation(FIRST, 4, last, 4, {"validate": "list", "source": states})
    for column, (low, high) in {2: (1, 8), 8: (0, 1000), 9: (0, 1000), 13: (0, 20)}.items():
        kind = "integer" if column == 2 else "decimal"
        rule = {"validate": kind, "criteria": "between", "minimum": low, "maximum": high}
        sheet.page.data_validation(FIRST, column, last, column, rule)


def _rules(sheet: Sheet) -> None:
    book, last = sheet.book, FIRST + sheet.book.rows - 1
    done, doing = state_name("done"), state_name("doing")
    late = book.shade(bg_color="#fde3e1", font_color="#8c1d18", bold=True)
    sheet.page.conditional_format(
        FIRST, 12, last, 12, {"type": "formula", "criteria": f"={cell(FIRST, 12)}>0", "format": late}
    )
    for state, look in (
        (done, {"bg_color": "#d7efe0", "font_color": "#0b5130"}),
        (doing, {"bg_color": "#fff1cc", "font_color": "#6b4a00"}),
    ):
        rule = {"type": "formula", "criteria": f'={cell(FIRST, 4)}="{state}"', "format": book.shade(**look)}
        sheet.page.conditional_format(FIRST, 4, last, 4, rule)
    bar = {"type": "data_bar", "bar_color": "#7fb8bd", "bar_solid": True, "min_type": "num", "max_type": "num",
           "min_value": 0, "max_value": 1}  # fmt: skip
    sheet.page.conditional_format(FIRST, 10, last, 10, bar)
