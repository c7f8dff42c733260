"""The workbook: its formulas give the values that stand beside them, and what a team wrote stays text."""

import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import date

import pytest

from chatbot.language import set_language
from livrables.load import hours_in
from livrables.workbook import changed_by_hand, write_workbook
from livrables.workbook_book import serial
from tests.livrables.a_team_file import HOSTILE, TODAY, tasks_under_way, the_team
from tests.livrables.read_xlsx import sheets_of, without_values

SHEETS = ["Équipe et rotation", "Tâches", "Gantt", "Diagramme", "Charge", "Suivi", "Évaluation", "Livrables"]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "suivi.xlsx"
    team = the_team()
    write_workbook(path, team, tasks_under_way(team), TODAY)
    return path


@pytest.fixture(scope="module")
def bare_book(tmp_path_factory):
    """English, no tasks, one member, many periods."""
    path, team = tmp_path_factory.mktemp("bare") / "book.xlsx", the_team()
    alone = replace(team, members=team.members[:1], managers=team.members[:1], periods=30, name="A & B's")
    set_language("en")
    write_workbook(path, alone, [], TODAY)
    set_language("fr")
    return path


@pytest.fixture(scope="module")
def recalculated(book, bare_book, tmp_path_factory):
    """Both as LibreOffice computes them, from copies without our values."""
    office, folder = shutil.which("soffice"), tmp_path_factory.mktemp("office")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not on this machine: formulas cannot be computed again")
    copies = [folder / book.name, folder / bare_book.name]
    for path, copy in zip((book, bare_book), copies, strict=True):
        without_values(path, copy)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run([office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder / "out"), *map(str, copies)],
                   check=True, capture_output=True, timeout=180)  # fmt: skip
    return [sheets_of(folder / "out" / copy.name) for copy in copies]


def parts_of(path, pattern):
    with zipfile.ZipFile(path) as parts:
        return {name: parts.read(name).decode() for name in parts.namelist() if re.search(pattern, name)}


def test_the_sheets_hold_what_the_files_say(book):
    sheets = sheets_of(book)
    assert list(sheets) == SHEETS
    tasks, team = sheets["Tâches"], the_team()
    ours = tasks_under_way(team)
    assert [tasks[f"B{row}"].value for row in range(4, 4 + len(ours))] == [task.title for task in ours]
    assert tasks["K4"].value == 1 and tasks["K16"].value == 0.5 and tasks["M16"].value == (TODAY - ours[12].last).days
    assert tasks[f"I{4 + len(ours)}"].value == sum(task.hours for task in ours)
    load = sheets["Charge"]
    mine = [task for task in ours if task.owner == team.members[0]]
    assert [load[f"{column}7"].value for column in "BCD"] == pytest.approx(
        [hours_in(mine, one) for one in team.calendar[:3]]
    )
    assert [sheets["Livrables"][f"H{row}"].value for row in range(4, 12)] == ["fait", "fait", "en retard", "en retard", "à venir", "à venir", "à venir", "à venir"]  # fmt: skip
    assert sheets["Livrables"]["E6"].value == serial(date(2026, 10, 19))
    assert sheets["Évaluation"]["C5"].value > 0 and 12 <= sheets["Évaluation"]["D5"].value <= 16


def test_a_gap_is_told_only_where_hours_were_noted(book):
    follow, team = sheets_of(book)["Suivi"], the_team()
    rows = range(5, 6 + len(team.members))
    owners = [*team.members, None]
    noted = [any(task.spent is not None for task in tasks_under_way(team) if task.owner == owner) for owner in owners]
    assert [follow[f"H{row}"].value != "–" for row in rows] == noted and set(noted) == {True, False}


def test_every_formula_has_its_value_and_none_is_an_error(book):
    cells = [cell for sheet in sheets_of(book).values() for cell in sheet.values() if cell.formula]
    assert len(cells) > 500
    assert not [cell for cell in cells if str(cell.value).startswith("#")]


def test_text_of_the_team_is_never_a_formula(book):
    cells = [cell for sheet in sheets_of(book).values() for cell in sheet.values()]
    assert [cell for cell in cells if cell.value == HOSTILE]
    assert not [cell for cell in cells if "HYPERLINK" in cell.formula]
    assert "+1" in [cell.value for cell in cells] and "hyperlink" not in "".join(parts_of(book, "sheet2.xml$").values())


def test_lists_rules_charts_and_printing(book):
    (tasks,) = parts_of(book, r"worksheets/sheet2\.xml$").values()
    assert "<formula1>Membres</formula1>" in tasks and '"à faire,en cours,fait"' in tasks
    (gantt,) = parts_of(book, r"worksheets/sheet3\.xml$").values()
    assert "INDEX(Membres,6)" in gantt and "Jour_du_suivi" in gantt and 'state="frozen"' in gantt
    for name, sheet in parts_of(book, r"worksheets/sheet\d\.xml$").items():
        assert 'paperSize="9"' in sheet and "fitToPage" in sheet and "<pane" in sheet, name
        assert ('orientation="landscape"' in sheet) is not name.endswith("sheet1.xml")
    charts = parts_of(book, r"charts/chart\d\.xml$")
    assert len(charts) == 3 and any(
        '<c:grouping val="stacked"/>' in chart and 'barDir val="bar"' in chart for chart in charts.values()
    )
    (whole,) = parts_of(book, r"xl/workbook\.xml$").values()
    assert "Print_Titles" in whole and "T_Prevu" in whole


def test_the_same_input_gives_the_same_bytes(book, tmp_path):
    team = the_team()
    write_workbook(tmp_path / "again.xlsx", team, tasks_under_way(team), TODAY)
    assert (tmp_path / "again.xlsx").read_bytes() == book.read_bytes()


def test_a_workbook_that_somebody_changed_is_kept(book, tmp_path):
    team, path = the_team(), tmp_path / "suivi.xlsx"
    shutil.copy(book, path)
    assert not changed_by_hand(path)
    assert write_workbook(path, team, [], TODAY) is None
    without_values(book, path)  # as if a spreadsheet had saved it
    saved = path.read_bytes()
    kept = write_workbook(path, team, [], TODAY)
    assert kept == tmp_path / "suivi.avant.xlsx" and kept.read_bytes() == saved and path.read_bytes() != saved


def test_english_without_tasks_and_with_one_member(bare_book):
    sheets = sheets_of(bare_book)
    assert next(iter(sheets)) == "Team and rotation" and sheets["Load"]["A7"].value == "Zoé Martin"
    assert {cell.value for cell in sheets["Deliverables"].values()} >= {"to come", "late"}


@pytest.mark.parametrize(("which", "formulas"), [(0, 500), (1, 300)])
def test_libreoffice_computes_the_values_that_we_wrote(which, formulas, book, bare_book, recalculated):
    ours, theirs = sheets_of((book, bare_book)[which]), recalculated[which]
    compared = 0
    for name, cells in ours.items():
        for place, cell in cells.items():
            if not cell.formula:
                continue
            found = theirs[name][place].value if place in theirs[name] else ""
            near = pytest.approx(cell.value, abs=1e-9) if isinstance(cell.value, float) else cell.value
            assert found == near, (name, place, cell)
            compared += 1
    assert compared > formulas
