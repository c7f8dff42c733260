"""The load: hours of each member in each period, those above a limit marked."""

from chatbot.language import tr
from livrables.colours import HUES
from livrables.load import hours_in, planned
from livrables.workbook_book import Book, Sheet, cell, quoted
from livrables.workbook_team import calendar_row, of_member

LIMIT, FIRST = (2, 1), 6  # cell of the limit; row of the first member
A_WEEK = 10  # hours of a member, until the team writes its own limit


def load_sheet(book: Book) -> None:
    """A row per member and one for what nobody has taken; a column per period, and one for days outside them all."""
    team = book.team
    sheet = book.sheet(book.names.load, tr("Charge par membre et par période (heures prévues)", "Load per member and period (hours planned)"),
                       (24, *[10] * team.periods, 11, 11))  # fmt: skip
    sheet.text(LIMIT[0], 0, tr("Plafond par membre et par période (h)", "Limit per member and period (h)"), "label")
    sheet.page.set_row(LIMIT[0], 30)
    sheet.number(*LIMIT, A_WEEK * team.weeks, "input")
    heads = [tr("Membre", "Member"), *(f"{period.number}" for period in team.calendar),
             tr("Hors périodes", "Outside"), tr("Total", "Total")]  # fmt: skip
    sheet.head(FIRST - 1, heads)
    calendar = quoted(book.names.team)
    for period in team.calendar:
        source = f"{calendar}!{cell(calendar_row(team) + period.number - 1, 1)}"
        sheet.formula(FIRST - 2, period.number, f"={source}", period.first, "date")
    for place in range(len(team.members) + 1):
        _row(sheet, place)
    _total(sheet)
    last = FIRST + len(team.members) - 1
    over = book.shade(bg_color="#fde3e1", font_color="#8c1d18", bold=True)
    rule = {"type": "formula", "criteria": f"={cell(FIRST, 1)}>{cell(*LIMIT, absolute=True)}", "format": over}
    sheet.page.conditional_format(FIRST, 1, last, team.periods, rule)
    _draw(sheet)
    sheet.page.freeze_panes(FIRST, 1)


def _row(sheet: Sheet, place: int) -> None:
    book, team, row = sheet.book, sheet.book.team, FIRST + place
    nobody = place == len(team.members)
    mine = of_member(book.tasks, place, team)
    sheet.text(row, 0, tr("(personne)", "(nobody)") if nobody else team.members[place].name, "label")
    who = 'T_Qui=""' if nobody else f"T_Qui={cell(row, 0).replace('A', '$A')}"
    total = cell(row, team.periods + 2)
    for period in team.calendar:
        formula = f"=SUMPRODUCT(({who})*T_Prevu*{_overlap(book, period.number)}/T_Jours)"
        sheet.formula(row, period.number, formula, hours_in(mine, period), "hours")
    inside = f"SUM({cell(row, 1)}:{cell(row, team.periods)})"
    outside = planned(mine) - sum(hours_in(mine, period) for period in team.calendar)
    sheet.formula(row, team.periods + 1, f"=ROUND({total}-{inside},6)", round(outside, 6) + 0.0, "hours")
    sheet.formula(row, team.periods + 2, f"=SUMPRODUCT(({who})*T_Prevu)", planned(mine), "total")


def _overlap(book: Book, number: int) -> str:
    """Days that each task has in a period.

    MIN and MAX would take a whole column for one list: the lesser of a and b is (a + b - |a - b|) / 2.
    """
    row, sheet = calendar_row(book.team) + number - 1, quoted(book.names.team)
    first, last = (f"{sheet}!{cell(row, column, absolute=True)}" for column in (1, 2))
    end = f"(T_Fin+{last}-ABS(T_Fin-{last}))/2"
    begin = f"(T_Debut+{first}+ABS(T_Debut-{first}))/2"
    days = f"({end}-{begin}+1)"
    return f"({days}+ABS({days}))/2"


def _total(sheet: Sheet) -> None:
    book, team = sheet.book, sheet.book.team
    row = FIRST + len(team.members) + 1
    sheet.text(row, 0, tr("Total", "Total"), "total")
    values = [hours_in(book.tasks, period) for period in team.calendar]
    values += [round(planned(book.tasks) - sum(values), 6) + 0.0, planned(book.tasks)]
    for column, value in enumerate(values, start=1):
        sheet.formula(row, column, f"=SUM({cell(FIRST, column)}:{cell(row - 1, column)})", value, "total")


def _draw(sheet: Sheet) -> None:
    """Columns per period, a colour per member."""
    book, team = sheet.book, sheet.book.team
    chart = book.file.add_chart({"type": "column", "subtype": "stacked"})
    for place in range(len(team.members)):
        row = FIRST + place
        chart.add_series(
            {
                "name": [sheet.name, row, 0],
                "categories": [sheet.name, FIRST - 1, 1, FIRST - 1, team.periods],
                "values": [sheet.name, row, 1, row, team.periods],
                "fill": {"color": HUES[place % len(HUES)]},
                "border": {"none": True},
                "gap": 60,
            }
        )
    chart.set_title({"name": tr("Heures prévues par période", "Hours planned per period"), "name_font": {"size": 12}})
    chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#d9e0df"}}, "num_format": "0"})
    chart.set_legend({"position": "right"})
    chart.set_size({"width": 900, "height": 330})
    sheet.page.insert_chart(FIRST + len(team.members) + 3, 0, chart)
