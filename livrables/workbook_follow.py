"""The follow-up: planned against spent, per member and per deliverable; and the manager's evaluation of tasks."""

from collections.abc import Sequence

from chatbot.language import tr, typeset
from livrables.colours import HUES, tint
from livrables.deliverable import COURSE
from livrables.load import mean_mark, planned, share_done, spent
from livrables.task import Task
from livrables.task_cells import state_name
from livrables.workbook_book import Book, Sheet, cell, quoted
from livrables.workbook_tasks import FIRST as TASK_ROW
from livrables.workbook_team import of_member

FIRST = 4  # row of the first member
ONCE = tuple(one for one in COURSE if one.number is not None)


def follow_sheet(book: Book) -> None:
    """Counts, hours and progress, by formulas over the tasks."""
    sheet = book.sheet(
        book.names.follow, typeset(tr("Suivi : prévu et passé", "Follow-up: planned and spent")), (6, 44, *[11] * 7)
    )
    sheet.text(FIRST - 2, 1, tr("Par membre", "Per member"), "section")
    sheet.head(FIRST - 1, [tr("N°", "No."), tr("Membre", "Member"), *_heads()])
    team = book.team
    for place in range(len(team.members) + 1):
        row, nobody = FIRST + place, place == len(team.members)
        sheet.number(row, 0, None if nobody else place + 1, "whole")
        sheet.text(row, 1, tr("(personne)", "(nobody)") if nobody else team.members[place].name)
        _sums(sheet, row, 'T_Qui=""' if nobody else f"T_Qui={cell(row, 1)}", of_member(book.tasks, place, team))
    first = FIRST + len(team.members) + 4
    sheet.text(first - 2, 1, tr("Par livrable", "Per deliverable"), "section")
    sheet.head(first - 1, [tr("N°", "No."), tr("Livrable", "Deliverable"), *_heads()])
    for place, one in enumerate(ONCE):
        row = first + place
        sheet.number(row, 0, one.number, "whole")
        sheet.text(row, 1, tr(*one.title))
        mine = [task for task in book.tasks if task.deliverable == one.number]
        _sums(sheet, row, f"T_Livrable={cell(row, 0)}", mine)
    row = first + len(ONCE)
    sheet.text(row, 0, "")
    sheet.text(row, 1, tr("Tâches courantes (sans livrable)", "Running tasks (of no deliverable)"))
    _sums(sheet, row, 'T_Livrable=""', [task for task in book.tasks if task.deliverable is None])
    _draw(sheet, row + 2)
    sheet.page.freeze_panes(2, 2)


def _heads() -> list[str]:
    return [tr("Tâches", "Tasks"), tr("Faites", "Done"), tr("En retard", "Late"), tr("Prévu (h)", "Planned (h)"),
            tr("Passé (h)", "Spent (h)"), tr("Écart (h)", "Gap (h)"), tr("Avancement", "Progress")]  # fmt: skip


def _sums(sheet: Sheet, row: int, which: str, tasks: Sequence[Task]) -> None:
    """The seven numbers of some tasks: `which` is their condition; a row without title is no task."""
    today, done = sheet.book.today, state_name("done")
    late = [task for task in tasks if task.late(today)]
    hours = planned(tasks), spent(tasks)
    sheet.formula(row, 2, f'=SUMPRODUCT(({which})*(T_Tache<>""))', len(tasks), "whole")
    sheet.formula(
        row, 3, f'=SUMPRODUCT(({which})*(T_Etat="{done}"))', sum(task.state == "done" for task in tasks), "whole"
    )
    sheet.formula(row, 4, f"=SUMPRODUCT(({which})*(T_Retard>0))", len(late), "late")
    sheet.formula(row, 5, f"=SUMPRODUCT(({which})*T_Prevu)", hours[0], "hours")
    sheet.formula(row, 6, f"=SUMPRODUCT(({which})*T_Passe)", hours[1], "hours")
    noted = any(task.spent is not None for task in tasks)  # before that, a gap would be all that was planned
    gap = f'=IF(SUMPRODUCT(({which})*(T_Passe<>""))=0,"–",{cell(row, 6)}-{cell(row, 5)})'
    sheet.formula(row, 7, gap, hours[1] - hours[0] if noted else "–", "hours")
    share = f"=IF({cell(row, 5)}=0,0,SUMPRODUCT(({which})*T_Avancement*T_Prevu)/{cell(row, 5)})"
    sheet.formula(row, 8, share, share_done(tasks), "share")


def _draw(sheet: Sheet, row: int) -> None:
    last = FIRST + len(sheet.book.team.members) - 1
    chart = sheet.book.file.add_chart({"type": "column"})
    for column, colour in ((5, tint(HUES[0])), (6, HUES[0])):
        chart.add_series(
            {
                "name": [sheet.name, FIRST - 1, column],
                "categories": [sheet.name, FIRST, 1, last, 1],
                "values": [sheet.name, FIRST, column, last, column],
                "fill": {"color": colour},
                "gap": 80,
            }
        )
    chart.set_title({"name": tr("Heures prévues et passées", "Hours planned and spent"), "name_font": {"size": 12}})
    chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#d9e0df"}}, "num_format": "0"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 860, "height": 300})
    sheet.page.insert_chart(row, 1, chart)


def marks_sheet(book: Book) -> None:
    """Means per member, then the marks task by task, which stand in the sheet of the tasks."""
    sheet = book.sheet(
        book.names.marks, tr("Évaluation des tâches", "Evaluation of tasks"), (6, 50, 22, 11, 11, 11, 13)
    )
    sheet.head(FIRST - 1, [tr("N°", "No."), tr("Membre", "Member"), tr("Tâches notées", "Tasks marked"),
                           tr("Moyenne", "Mean"), tr("Pondérée par heures", "Weighed by hours")])  # fmt: skip
    for place, member in enumerate(book.team.members):
        row, mine = FIRST + place, of_member(book.tasks, place, book.team)
        sheet.number(row, 0, place + 1, "whole")
        sheet.text(row, 1, member.name)
        marked = f'(T_Qui={cell(row, 1)})*(T_Note<>"")'
        sheet.formula(row, 2, f"=SUMPRODUCT({marked})", sum(task.mark is not None for task in mine), "whole")
        mean = f'=IF({cell(row, 2)}=0,"",SUMPRODUCT({marked}*T_Note)/{cell(row, 2)})'
        sheet.formula(row, 3, mean, mean_mark(mine), "mark")
        weight = f"SUMPRODUCT({marked}*T_Prevu)"
        weighed = f'=IF({weight}=0,"",SUMPRODUCT({marked}*T_Prevu*T_Note)/{weight})'
        sheet.formula(row, 4, weighed, mean_mark(mine, weighed=True), "mark")
    _each(sheet, FIRST + len(book.team.members) + 2)
    sheet.page.freeze_panes(1, 0)


def _each(sheet: Sheet, head: int) -> None:
    sheet.head(head, [tr("N°", "No."), tr("Tâche", "Task"), tr("Qui", "Who"), tr("Note /20", "Mark /20"),
                      tr("Prévu (h)", "Planned (h)"), tr("Passé (h)", "Spent (h)"), tr("Passé / prévu", "Spent / planned")])  # fmt: skip
    sheet.page.repeat_rows(head)
    tasks = quoted(sheet.book.names.tasks)
    for place, task in enumerate(sheet.book.tasks):
        row, source = head + 1 + place, TASK_ROW + place
        mark, used = f"{tasks}!{cell(source, 13)}", f"{tasks}!{cell(source, 9)}"
        ratio = task.spent / task.hours if task.spent is not None and task.hours else None
        sheet.formula(row, 0, f"={tasks}!{cell(source, 0)}", task.number, "whole")
        sheet.formula(row, 1, f"={tasks}!{cell(source, 1)}", task.title, "text")
        sheet.formula(row, 2, f'={tasks}!{cell(source, 3)}&""', task.owner.name if task.owner else "", "text")
        sheet.formula(row, 3, f'=IF({mark}="","",{mark})', task.mark, "mark")
        sheet.formula(row, 4, f"={tasks}!{cell(source, 8)}", task.hours, "hours")
        sheet.formula(row, 5, f'=IF({used}="","",{used})', task.spent, "hours")
        empty = f'OR({cell(row, 5)}="",{cell(row, 4)}=0)'
        sheet.formula(row, 6, f'=IF({empty},"",{cell(row, 5)}/{cell(row, 4)})', ratio, "share")
