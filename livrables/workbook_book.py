"""What all sheets of the workbook share: its names, its look, and cells that are text, dates or formulas.

A formula stands with its value, so that viewers that compute nothing show the right numbers. What the team wrote is
always text: "=HYPERLINK(…)" in a title is no formula.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from chatbot.language import tr, typeset
from livrables.task import Task
from livrables.team import Team

INK, HEAD, SOFT, LINE, BAND = "#14262a", "#0f5f68", "#5b6b6e", "#c9d3d3", "#eef3f3"
A4 = 9
DATES = ("dd/mm/yyyy", "yyyy-mm-dd")
HOURS = '0.0;-0.0;"–"'
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16, "font_color": HEAD},
    "note": {"italic": True, "font_color": SOFT, "text_wrap": True, "valign": "top"},
    "section": {"bold": True, "font_size": 12, "font_color": HEAD, "bottom": 2, "bottom_color": HEAD},
    "head": {
        "bold": True,
        "font_color": "#ffffff",
        "bg_color": HEAD,
        "text_wrap": True,
        "align": "center",
        "border": 1,
    },
    "band": {"bold": True, "font_color": "#ffffff", "bg_color": HEAD, "align": "center", "border": 1, "shrink": True},
    "text": {"text_wrap": True, "border": 1},
    "line": {"border": 1},
    "line note": {"italic": True, "font_color": SOFT},
    "week": {"align": "center", "border": 1, "font_size": 8},
    "short date": {"align": "center", "border": 1, "num_format": "dd/mm"},
    "centre": {"align": "center", "border": 1},
    "date": {"align": "center", "border": 1, "num_format": "date"},
    "hours": {"border": 1, "num_format": HOURS},
    "whole": {"border": 1, "num_format": "0", "align": "center"},
    "late": {"border": 1, "num_format": '0;-0;"–"', "align": "center"},
    "share": {"border": 1, "num_format": "0 %", "align": "center"},
    "mark": {"border": 1, "num_format": "0.0#", "align": "center"},
    "input": {"border": 1, "bg_color": "#fff8e1", "num_format": "0.0", "align": "center"},
    "input date": {"border": 1, "bg_color": "#fff8e1", "num_format": "date", "align": "center"},
    "label": {"bold": True, "border": 1, "bg_color": BAND, "text_wrap": True},
    "total": {"bold": True, "border": 1, "bg_color": BAND, "num_format": HOURS},
    "total share": {"bold": True, "border": 1, "bg_color": BAND, "num_format": "0 %", "align": "center"},
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of the sheets, in the current language."""

    team: str = field(default_factory=lambda: tr("Équipe et rotation", "Team and rotation"))
    tasks: str = field(default_factory=lambda: tr("Tâches", "Tasks"))
    gantt: str = "Gantt"
    chart: str = field(default_factory=lambda: tr("Diagramme", "Chart"))
    load: str = field(default_factory=lambda: tr("Charge", "Load"))
    follow: str = field(default_factory=lambda: tr("Suivi", "Follow-up"))
    marks: str = field(default_factory=lambda: tr("Évaluation", "Evaluation"))
    deliverables: str = field(default_factory=lambda: tr("Livrables", "Deliverables"))


@dataclass(frozen=True, kw_only=True)
class Book:
    """The workbook while it is written.

    Args:
        file: XlsxWriter's.
        today: day of the follow-up.
    """

    file: Any
    team: Team
    tasks: Sequence[Task]
    today: date
    names: Names = field(default_factory=Names)
    styles: dict[str, Any] = field(default_factory=dict)

    def style(self, name: str) -> Any:
        """A format of XlsxWriter, made once."""
        if name not in self.styles:
            values = {
                "valign": "vcenter",
                "font_color": INK,
                "border_color": LINE,
                "font_name": "Calibri",
                "font_size": 10,
            }
            values |= STYLES[name]
            if values.get("num_format") == "date":
                values["num_format"] = tr(*DATES)
            self.styles[name] = self.file.add_format(values)
        return self.styles[name]

    def shade(self, **values: Any) -> Any:
        """A format of a conditional rule."""
        return self.file.add_format(values)

    def sheet(self, name: str, title: str, widths: Sequence[float], *, portrait: bool = False) -> "Sheet":
        """A new sheet with its title, ready to print: A4, as wide as the page."""
        page = self.file.add_worksheet(name)
        page.hide_gridlines(2)
        page.set_paper(A4)
        if not portrait:
            page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        footer = self.team.name.replace("&", "&&")
        page.set_footer(f"&L&8{footer}&C&8{name}&R&8&P/&N")
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        sheet = Sheet(book=self, page=page, name=name)
        sheet.text(0, 0, title, "title")
        page.set_row(0, 24)
        return sheet

    @property
    def rows(self) -> int:
        """Rows of tasks, one at least: a range holds something even where there are no tasks yet."""
        return max(1, len(self.tasks))


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet while it is written: rows and columns from 0, as XlsxWriter counts."""

    book: Book
    page: Any
    name: str

    def text(self, row: int, column: int, text: str, style: str = "text") -> None:
        """Text, whatever it begins with."""
        if text:
            self.page.write_string(row, column, text, self.book.style(style))
        else:
            self.page.write_blank(row, column, None, self.book.style(style))

    def number(self, row: int, column: int, value: float | None, style: str) -> None:
        if value is None:
            self.page.write_blank(row, column, None, self.book.style(style))
        else:
            self.page.write_number(row, column, value, self.book.style(style))

    def day(self, row: int, column: int, value: date, style: str = "date") -> None:
        self.page.write_datetime(row, column, datetime(value.year, value.month, value.day), self.book.style(style))

    def formula(self, row: int, column: int, formula: str, value: Any, style: str) -> None:
        """A formula and what it gives; a date as its serial number, nothing as ""."""
        told = serial(value) if isinstance(value, date) else "" if value is None else value
        self.page.write_formula(row, column, formula, self.book.style(style), told)

    def head(self, row: int, names: Sequence[str], first: int = 0) -> None:
        self.page.set_row(row, 30)
        for place, name in enumerate(names):
            self.text(row, first + place, typeset(name), "head")


def serial(day: date) -> int:
    """Excel's number of a day."""
    return (day - date(1899, 12, 30)).days


def cell(row: int, column: int, *, absolute: bool = False) -> str:
    """ "C5", "$C$5"."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return xl_rowcol_to_cell(row, column, row_abs=absolute, col_abs=absolute)


def quoted(sheet: str) -> str:
    """A sheet's name in a formula."""
    return "'" + sheet.replace("'", "''") + "'"
