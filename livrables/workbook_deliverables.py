"""The sheet of the deliverables: when each is due and how far its tasks are."""

from collections.abc import Sequence
from datetime import date

from chatbot.language import tr
from livrables.deliverable import COURSE, Who
from livrables.task import Task
from livrables.task_cells import state_name
from livrables.workbook_book import Book, Sheet, cell
from livrables.workbook_follow import ONCE

FIRST = 3


def handed_by(who: Who) -> str:
    """Who hands it in, told."""
    told = {
        "team": tr("équipe", "team"),
        "individual": tr("chaque membre", "each member"),
        "manager": tr("manager", "manager"),
    }
    return told[who]


def deliverables_sheet(book: Book) -> None:
    """The eight that are handed in once, then the reports of every period."""
    sheet = book.sheet(
        book.names.deliverables,
        tr("Livrables et échéances", "Deliverables and due dates"),
        (6, 48, 16, 13, 13, 9, 9, 14, 12),
    )
    heads = [tr("N°", "No."), tr("Livrable", "Deliverable"), tr("Rendu par", "Handed in by"), tr("Compétences", "Competences"),
             tr("Échéance", "Due"), tr("Tâches", "Tasks"), tr("Faites", "Done"), tr("État des tâches", "State of the tasks"),
             tr("Jours restants", "Days left")]  # fmt: skip
    sheet.head(FIRST - 1, heads)
    for place, one in enumerate(ONCE):
        row, mine = FIRST + place, [task for task in book.tasks if task.deliverable == one.number]
        sheet.number(row, 0, one.number, "whole")
        _common(sheet, row, tr(*one.title), handed_by(one.who), one.competences, one.due(book.team))
        done = sum(task.state == "done" for task in mine)
        which = f"T_Livrable={cell(row, 0)}"
        sheet.formula(row, 5, f"=SUMPRODUCT(--({which}))", len(mine), "whole")
        sheet.formula(row, 6, f'=SUMPRODUCT(({which})*(T_Etat="{state_name("done")}"))', done, "whole")
        sheet.formula(row, 7, _state_formula(row, which), _state(mine, one.due(book.team), book.today), "centre")
    _reports(sheet, FIRST + len(ONCE))
    _rules(sheet)
    sheet.page.freeze_panes(FIRST, 2)
    sheet.page.repeat_rows(FIRST - 1)


def _common(sheet: Sheet, row: int, title: str, who: str, competences: Sequence[int], due: date) -> None:
    sheet.text(row, 1, title)
    sheet.text(row, 2, who)
    sheet.text(row, 3, ", ".join(map(str, competences)), "centre")
    sheet.day(row, 4, due)
    left = (due - sheet.book.today).days
    sheet.formula(row, 8, f"={cell(row, 4)}-Jour_du_suivi", left, "whole")


def _reports(sheet: Sheet, first: int) -> None:
    running = [one for one in COURSE if one.number is None]
    rows = [(period, one) for period in sheet.book.team.calendar for one in running]
    for row, (period, one) in enumerate(rows, start=first):
        title = tr(*one.title) + f" ({period.number})"
        who = period.manager.name if one.who == "manager" else handed_by(one.who)
        sheet.text(row, 0, "")
        _common(sheet, row, title, who, one.competences, one.due(sheet.book.team, period))
        for column in (5, 6, 7):
            sheet.text(row, column, "")


def _words() -> tuple[str, str, str, str]:
    return tr("fait", "done"), tr("en retard", "late"), tr("en cours", "under way"), tr("à venir", "to come")


def _state(tasks: Sequence[Task], due: date, today: date) -> str:
    done, late, doing, later = _words()
    if tasks and all(task.state == "done" for task in tasks):
        return done
    if due < today:
        return late
    return doing if any(task.state != "todo" for task in tasks) else later


def _state_formula(row: int, which: str) -> str:
    done, late, doing, later = _words()
    begun = f'SUMPRODUCT(({which})*(T_Etat<>"{state_name("todo")}"))>0'
    return (f'=IF(AND({cell(row, 5)}>0,{cell(row, 5)}={cell(row, 6)}),"{done}",'
            f'IF({cell(row, 4)}<Jour_du_suivi,"{late}",IF({begun},"{doing}","{later}")))')  # fmt: skip


def _rules(sheet: Sheet) -> None:
    done, late, doing, _ = _words()
    looks = {done: ("#d7efe0", "#0b5130"), late: ("#fde3e1", "#8c1d18"), doing: ("#fff1cc", "#6b4a00")}
    for word, (paper, ink) in looks.items():
        look = sheet.book.shade(bg_color=paper, font_color=ink)
        rule = {"type": "formula", "criteria": f'={cell(FIRST, 7)}="{word}"', "format": look}
        sheet.page.conditional_format(FIRST, 7, FIRST + len(ONCE) - 1, 7, rule)
