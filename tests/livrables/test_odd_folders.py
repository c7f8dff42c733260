"""Odd but legal: names with pipes and brackets, folders from elsewhere, small numbers, dates of other millennia."""

import contextlib
import json
import shutil
from datetime import date
from pathlib import Path, PurePosixPath

import pytest

from app.main import main
from chatbot.errors import InputError
from chatbot.language import set_language
from livrables import told
from livrables.captures import captures_in
from livrables.checks.documents import Page, document_checks
from livrables.checks.pages import whole
from livrables.checks.pictures import picture_checks
from livrables.comparison_facts import comparison_of
from livrables.days import read_day
from livrables.drafting import _tidy
from livrables.escaping import block
from livrables.fact import Source
from livrables.first_steps import note, sampling_told, trials_in
from livrables.material import material_of
from livrables.office import without_comments
from livrables.press import _seen, pictures_in
from livrables.printing import Printer
from livrables.reading import Reader
from livrables.team import Work, team_from
from tests.livrables.made import RUN, measured
from training.evaluation.comparison_file import FORMAT

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("value", "text"), [(1e-5, "0,00001"), (1234.00001, "1\u202f234"), (3.5, "3,5"), (-0.25, "-0,25"), (2.0, "2")]
)
def test_a_small_number_is_neither_nothing_nor_cut_at_its_comma(value, text):
    assert told.plain(value) == text


def test_a_small_setting_of_a_trial_is_told():
    assert sampling_told({"temperature": 0.0001, "top_p": 0.9}) == "température 0,0001, top-p 0,9"


def test_days_are_told_alike_everywhere():
    assert told.day("2026-11-01T10:00:00") == "1er\u00a0novembre 2026"
    set_language("en")
    assert told.day("2026-11-22") == "22 November 2026"


@pytest.mark.parametrize("text", ["9999-12-31", "1026-09-07", "07/09/3026"])
def test_a_date_of_another_millennium_is_none(text):
    with pytest.raises(ValueError, match=text[:4]):
        read_day(text)
    with pytest.raises(InputError, match=r"ligne 1 : .*une date"):
        team_from(f"{{name: A, domain: b, members: [Zoé], start: {text}}}", "team.yaml")


def test_a_line_of_first_steps_holds_any_sign(tmp_path):
    for prompt in ("un\u2028deux\x85trois", "quatre"):
        note(tmp_path, model="mini", prompt=prompt, answer="x", sampling={}, tokens=3, seconds=1)
    trials, remarks = trials_in(Reader(tmp_path), tmp_path)
    assert remarks == [] and [trial.prompt for trial in trials] == ["un\u2028deux\x85trois", "quatre"]
    assert [trial.tokens.value for trial in trials] == [3, 3]


def test_deliverables_named_as_seen_from_elsewhere_are_read(tmp_path):
    note(tmp_path / "projet/rendus", model="mini", prompt="a", answer="b", sampling={}, tokens=3, seconds=1)
    capture = tmp_path / "projet/rendus/captures/01-page.png"
    capture.parent.mkdir()
    capture.write_bytes(PNG)
    with contextlib.chdir(tmp_path):
        found = material_of(Path("projet"), Work(), rendus=Path("projet/rendus"))
    assert found.trials[0].tokens.value == 3
    assert found.captures[0].source.path == PurePosixPath("rendus/captures/01-page.png")


def test_a_comparison_of_another_run_of_the_same_last_name_is_not_taken(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "runs" / name / "faq").mkdir(parents=True)
        (tmp_path / "runs" / name / "faq/metrics.json").write_text('{"date": "2026-01-01"}')
    (tmp_path / "comparaison").mkdir()
    file = tmp_path / "comparaison/comparison.json"
    file.write_text(json.dumps({"format": FORMAT, "main": "runs\\a\\faq", "date": "2026-02-01"}))
    reader = Reader(tmp_path)
    assert comparison_of(reader, Path("runs/a/faq")) == file.resolve()
    assert comparison_of(reader, Path("runs/b/faq")) is None
    shutil.rmtree(tmp_path / "runs/a")  # it was renamed since
    assert comparison_of(Reader(tmp_path), Path("runs/b/faq")) == file.resolve()


def test_a_pipe_in_a_name_breaks_no_table_of_sources(tmp_path):
    from livrables.drafting import _sources

    printer = Printer("x")
    printer.mark(Source(path=PurePosixPath("runs/a|b/metrics.json"), sha256="a" * 64))
    assert "| S1 | `runs/a\\|b/metrics.json` | — |" in _sources(printer)


def test_code_that_holds_fences_stays_as_it_is():
    shown = str(block("```\n#a\n#b\n\n\n\nc\n```\n```\nx"))
    assert _tidy(shown + "\n\n\nfin\n\n\n\nfin") == shown.strip("\n") + "\n\nfin\n\nfin\n"


def test_what_looks_like_a_comment_in_code_takes_no_text_with_it():
    text = (
        "Avec `<!--` on ouvre, ``x ` -->`` ferme.\n<!-- /équipe : a -->\n\nUn ` seul\n\n<!-- équipe : b -->fin ` \\` x"
    )
    assert without_comments(text) == "Avec `<!--` on ouvre, ``x ` -->`` ferme.\n\n\nUn ` seul\n\nfin ` \\` x"


def test_pictures_are_found_whatever_their_words_and_names(tmp_path):
    text = r"![Page \[1\]](a.png) ![x [y]](b(1).png) ![](<mon image.png> \"titre\") ![é](c%20d.png)"
    assert pictures_in(text) == ["a.png", "b(1).png", "mon image.png", "c d.png"]
    file = tmp_path / "x.md"
    file.write_text(text, encoding="utf-8")
    before = _seen(file)
    (tmp_path / "mon image.png").write_bytes(PNG)
    assert _seen(file) != before


def test_a_figure_whose_words_hold_brackets_is_verified(tmp_path):
    (tmp_path / "captures").mkdir()
    capture = tmp_path / "captures" / "01-page [a].png"
    capture.write_bytes(PNG)
    printer = Printer("x")
    text = str(printer.picture(captures_in(Reader(tmp_path), capture.parent)[0][0]))
    (name,) = printer.pictures
    (tmp_path / "figures").mkdir()
    (tmp_path / name).write_bytes(b"autre")
    page = Page(file=tmp_path / "x.md", name="x.md", text=text, noted={"facts": []})
    checks = picture_checks(page, printer.pictures, tmp_path / "drawn", root=tmp_path, changed={})
    assert [check.state for check in checks] == ["broken"]


@pytest.mark.parametrize(
    ("text", "page", "there"),
    [
        ("3", "3,5", False),
        ("107", "16\u202f107", False),
        ("5", "0.5", False),
        ("3", "de 3 à 5", True),
        ("5", "5.", True),
    ],
)
def test_a_number_is_not_found_within_a_longer_one(text, page, there):
    assert whole(text, page) is there


def test_a_number_of_the_deck_that_is_no_longer_there_is_told(tmp_path):
    fact = measured("run.faq.epochs", 3, "3", RUN)
    page = Page(
        file=tmp_path / "p.md", name="p.md", text="En 13 époques\n", noted={"facts": [fact.to_json()], "places": {}}
    )
    assert "run.faq.epochs" in [check.where.rpartition(" · ")[2] for check in document_checks(page, None) if check.state == "broken"]  # fmt: skip


def test_nothing_is_written_into_what_is_verified(handed, tmp_path):
    folder = tmp_path / "travail"
    shutil.copytree(handed, folder)
    curve = next((folder / "rendus/figures").glob("courbe-*.png"))
    curve.unlink()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with contextlib.chdir(folder):
        assert main(["livrables", "verify", "--no-model"]) == 0
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_folder_whose_run_is_gone_is_verified_all_the_same(handed, tmp_path, capsys):
    folder = tmp_path / "travail"
    shutil.copytree(handed, folder)
    shutil.rmtree(folder / "runs")
    with contextlib.chdir(folder):
        status = main(["livrables", "verify", "--no-model", "--json"])
    out, err = capsys.readouterr()
    counts = json.loads(out)["counts"]
    assert status in (0, 1) and counts["holds"] and counts["unverified"]
    assert "runs/faq" in err


def test_a_task_far_away_is_drawn_in_a_moment():
    from livrables.gantt import gantt_mermaid, gantt_png
    from livrables.task import Task

    team = team_from("{name: A, domain: b, start: 2026-09-07, members: [Zoé Martin]}", "team.yaml")
    task = Task(number=1, title="x", deliverable=None, owner=None, hours=1, spent=None, first=team.start,
                last=read_day("2099-12-31"), state="todo")  # fmt: skip
    assert gantt_png(team, [task], date(2026, 9, 7)).startswith(PNG)
    assert "2026-09-07, 2100-01-01" in gantt_mermaid(team, [task])
