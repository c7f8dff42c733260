"""The Gantt as cells that colour themselves after the sheet of the tasks, and as a chart."""

from datetime import date, timedelta
from typing import Any

from chatbot.language import tr, typeset
from livrables.colours import HUES, LATE, NOBODY, tint
from livrables.days import short_day
from livrables.task import Task
from livrables.workbook_book import Book, Sheet, cell, quoted, serial
from livrables.workbook_tasks import FIRST as TASK_ROW
from livrables.workbook_team import calendar_row

PERIODS, WEEKS, DAYS, FIRST = 1, 2, 3, 4  # rows
ROW = 18  # height of a task's
NO, TITLE, WHO, SHARE, BEGIN, END, GRID = range(7)  # columns
MOST_DAYS = 183  # columns of days; a longer calendar has one per week


def gantt_sheet(book: Book) -> None:
    """A column per day (per week, where the calendar is very long): a rule colours those of a task's days."""
    sheet = book.sheet(book.names.gantt, "Gantt", (4, 47, 19, 6, 7, 7))
    step = 1 if (book.team.calendar[-1].last - book.team.start).days < MOST_DAYS else 7
    columns = (book.team.calendar[-1].last - book.team.start).days // step + 1
    sheet.page.set_column(GRID, GRID + columns - 1, 0.67 if step == 1 else 3)
    heads = [tr("N°", "No."), tr("Tâche", "Task"), tr("Qui", "Who"), "%", tr("Début", "Start"), tr("Fin", "End")]
    sheet.head(WEEKS, heads)
    _calendar(sheet, step, columns)
    for place, task in enumerate(book.tasks):
        _row(sheet, FIRST + place, TASK_ROW + place, task)
    _rules(sheet, step, columns)
    sheet.page.freeze_panes(FIRST, WHO)
    sheet.page.repeat_rows(PERIODS, DAYS)


def _row(sheet: Sheet, row: int, source: int, task: Task) -> None:
    tasks = quoted(sheet.book.names.tasks)
    sheet.formula(row, NO, f"={tasks}!{cell(source, 0)}", task.number, "whole")
    sheet.formula(row, TITLE, f"={tasks}!{cell(source, 1)}", task.title, "line")
    sheet.formula(row, WHO, f'={tasks}!{cell(source, 3)}&""', task.owner.name if task.owner else "", "line")
    sheet.formula(row, SHARE, f"={tasks}!{cell(source, 10)}", task.share, "share")
    sheet.formula(row, BEGIN, f"={tasks}!{cell(source, 5)}", task.first, "short date")
    sheet.formula(row, END, f"={tasks}!{cell(source, 6)}", task.last, "short date")
    sheet.page.set_row(row, ROW)


def _calendar(sheet: Sheet, step: int, columns: int) -> None:
    """Bands of periods with their managers, weeks, and the days themselves, which only the rules read."""
    book, page, team = sheet.book, sheet.page, quoted(sheet.book.names.team)
    band, week = book.style("band"), book.style("week")
    wide = 7 * book.team.weeks // step
    for period in book.team.calendar:
        row, left = calendar_row(book.team) + period.number - 1, GRID + (period.number - 1) * wide
        formula = f'={team}!{cell(row, 0)}&" · "&{team}!{cell(row, 3)}'
        if wide > 1:
            page.merge_range(PERIODS, left, PERIODS, left + wide - 1, "", band)
        page.write_formula(PERIODS, left, formula, band, f"{period.number} · {period.manager.name}")
    hidden = book.file.add_format({"num_format": ";;;", "font_size": 4})
    for place in range(columns):
        day = book.team.start + timedelta(days=place * step)
        formula = f"={team}!$B$5+{place * step}"
        page.write_formula(DAYS, GRID + place, formula, hidden, serial(day))
        if place * step % 7 == 0:
            _week(page, GRID + place, step, week, day)
    page.set_row(DAYS, 5)


def _week(page: Any, column: int, step: int, style: Any, day: date) -> None:
    if step == 1:
        page.merge_range(WEEKS, column, WEEKS, column + 6, short_day(day), style)
    else:
        page.write_string(WEEKS, column, short_day(day), style)


def _rules(sheet: Sheet, step: int, columns: int) -> None:
    """Each member's colour, full where it is done; today's line; weekends."""
    book, page = sheet.book, sheet.page
    area = FIRST, GRID, FIRST + book.rows - 1, GRID + columns - 1
    day, begin, end = "G$4", "$E5", "$F5"
    here = f"{day}<={end},{day}+{step - 1}>={begin}"
    done = f"{day}<{begin}+$D5*({end}-{begin}+1)"
    for place in range(len(book.team.members)):
        hue, mine = HUES[place % len(HUES)], f"$C5=INDEX(Membres,{place + 1})"
        for test, colour in ((f"{here},{mine},{done}", hue), (f"{here},{mine}", tint(hue))):
            look = book.shade(bg_color=colour)
            page.conditional_format(*area, {"type": "formula", "criteria": f"=AND({test})", "format": look})
        rule = {"type": "formula", "criteria": f"={mine}", "format": book.shade(bg_color=tint(hue))}
        page.conditional_format(FIRST, WHO, FIRST + book.rows - 1, WHO, rule)
    page.conditional_format(
        *area, {"type": "formula", "criteria": f'=AND({here},$C5="")', "format": book.shade(bg_color=NOBODY)}
    )
    # After the bars: LibreOffice takes the first rule alone, and would leave a hole in them.
    today = book.shade(left=5, left_color=LATE)
    page.conditional_format(
        *area,
        {"type": "formula", "criteria": f"=AND(Jour_du_suivi>={day},Jour_du_suivi<{day}+{step})", "format": today},
    )
    if step == 1:
        page.conditional_format(
            *area, {"type": "formula", "criteria": f"=WEEKDAY({day},2)>5", "format": book.shade(bg_color="#eceff0")}
        )


def chart_sheet(book: Book) -> None:
    """The same as stacked bars: an invisible one up to the first day, what is done, what is left."""
    sheet = book.sheet(book.names.chart, tr("Diagramme de Gantt", "Gantt chart"), (44, 12, 12, 12))
    sheet.text(1, 0, typeset(tr("Foncé : fait ; clair : à faire.", "Dark: done; light: to do.")), "line note")
    heads = [
        tr("Tâche", "Task"),
        tr("Début", "Start"),
        tr("Jours faits", "Days done"),
        tr("Jours à faire", "Days left"),
    ]
    sheet.head(2, heads)
    tasks = quoted(book.names.tasks)
    for place, task in enumerate(book.tasks):
        row, source = 3 + place, TASK_ROW + place
        days, share = cell(source, 7), cell(source, 10)
        sheet.formula(row, 0, f"={tasks}!{cell(source, 1)}", task.title, "line")
        sheet.formula(row, 1, f"={tasks}!{cell(source, 5)}", task.first, "date")
        sheet.formula(row, 2, f"={tasks}!{days}*{tasks}!{share}", task.days * task.share, "hours")
        sheet.formula(row, 3, f"={tasks}!{days}*(1-{tasks}!{share})", task.days * (1 - task.share), "hours")
    if book.tasks:
        _draw(sheet)
    sheet.page.freeze_panes(3, 1)


def _draw(sheet: Sheet) -> None:
    book, last = sheet.book, 2 + len(sheet.book.tasks)
    chart = book.file.add_chart({"type": "bar", "subtype": "stacked"})
    looks = ({"none": True}, {"color": HUES[0]}, {"color": tint(HUES[0])})
    for column, fill in enumerate(looks, start=1):
        chart.add_series(
            {
                "name": [sheet.name, 2, column],
                "categories": [sheet.name, 3, 0, last, 0],
                "values": [sheet.name, 3, column, last, column],
                "fill": fill,
                "border": {"none": True},
                "gap": 35,
            }
        )
    first = min([book.team.start, *(task.first for task in book.tasks)])
    end = max([book.team.calendar[-1].last, *(task.last for task in book.tasks)])
    chart.set_x_axis(
        {
            "min": serial(first), "max": serial(end) + 1, "num_format": "dd/mm", "major_unit": 7 * book.team.weeks,
            "major_gridlines": {"visible": True, "line": {"color": "#d9e0df"}}, "num_font": {"size": 8},
        }
    )  # fmt: skip
    chart.set_y_axis({"reverse": True, "num_font": {"size": 8}, "major_gridlines": {"visible": False}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 1050, "height": max(300, 110 + 21 * len(book.tasks))})
    chart.set_title({"none": True})
    sheet.page.insert_chart(2, 5, chart)
    sheet.page.print_area(0, 0, max(last, 4 + (110 + 21 * len(book.tasks)) // 20), 21)
