"""`causette livrables init`: what it writes, asks and refuses; it never overwrites what a team wrote."""

import json
import sys
from datetime import date

import pytest
from typer.testing import CliRunner

from app.livrables_asking import next_monday
from app.livrables_commands import livrables_app
from app.main import main
from chatbot.errors import InputError
from chatbot.language import set_language
from livrables.deliverable import COURSE
from livrables.lay_out import BEGIN, END, lay_out
from livrables.tasks import read_tasks
from livrables.team import read_team
from tests.livrables.a_team_file import TEXT, the_team, written


def call(*words, given=""):
    return CliRunner().invoke(livrables_app, [str(word) for word in words], input=given)


def test_a_folder_is_laid_out(tmp_path):
    out = tmp_path / "rendus"
    laid = lay_out(the_team(), out)
    assert read_team(out / "team.yaml") == the_team()
    assert len(read_tasks(out / "tasks.csv", the_team())) > 25
    assert (out / "captures" / "LISEZMOI.txt").read_text(encoding="utf-8")
    assert all((out / one.key).is_dir() for one in COURSE)
    table = (out / "README.md").read_text(encoding="utf-8")
    assert "| 3 | [Premiers pas avec GPT-2](3-premiers-pas/) | 19/10/2026 |" in table  # the team's own date
    assert "| chaque membre | 2, 3 |" in table and "| 4 | 19/10/2026 | 01/11/2026 | Zoé Martin |" in table
    assert laid.kept == () and "team.yaml" in laid.written and laid.to_json()["team"] == "Les Bavards"


def test_a_second_call_keeps_what_the_team_changed_and_adds_what_is_missing(tmp_path, capsys):
    out = tmp_path / "rendus"
    assert main(["livrables", "init", "--team", str(written(tmp_path)), "--out", str(out)]) == 0
    changed = (out / "team.yaml").read_text(encoding="utf-8").replace("2026-10-19", "2026-10-23") + "# à nous\n"
    (out / "team.yaml").write_text(changed, encoding="utf-8")
    (out / "tasks.csv").write_text("tâche;qui;heures prévues;début;fin\n", encoding="utf-8")
    read_me = (out / "README.md").read_text(encoding="utf-8")
    (out / "README.md").write_text("Notre mot.\n" + read_me, encoding="utf-8")
    (out / "captures" / "LISEZMOI.txt").unlink()
    capsys.readouterr()
    assert main(["livrables", "init", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["written"] == ["captures/LISEZMOI.txt"] and told["refreshed"] == ["README.md"]
    assert told["kept"] == ["team.yaml", "tasks.csv"]
    assert (out / "team.yaml").read_text(encoding="utf-8") == changed
    assert (out / "tasks.csv").read_text(encoding="utf-8") == "tâche;qui;heures prévues;début;fin\n"
    again = (out / "README.md").read_text(encoding="utf-8")
    assert again.startswith("Notre mot.\n") and "| 23/10/2026 |" in again


def test_a_read_me_of_the_teams_own_is_left_alone(tmp_path):
    (tmp_path / "README.md").write_bytes(b"Notre projet\r\n\xe9t\xe9")
    assert "README.md" in lay_out(the_team(), tmp_path).kept
    assert (tmp_path / "README.md").read_bytes() == b"Notre projet\r\n\xe9t\xe9"
    (tmp_path / "README.md").write_bytes(f"\xe9\r\n{BEGIN}x{END}".encode("latin-1"))
    assert "README.md" in lay_out(the_team(), tmp_path).refreshed
    assert (tmp_path / "README.md").read_bytes().startswith(b"\xe9\r\n" + BEGIN.encode())


def test_another_team_is_refused(tmp_path, capsys):
    out = tmp_path / "rendus"
    lay_out(the_team(), out)
    other = written(tmp_path, TEXT.replace("Les Bavards", "Les Autres"))
    before = (out / "team.yaml").read_bytes()
    assert main(["livrables", "init", "--team", str(other), "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert "rien n'a été changé" in told and "(sans --team)" in told
    assert (out / "team.yaml").read_bytes() == before
    assert main(["livrables", "init", "--team", str(out / "team.yaml"), "--out", str(out)]) == 0


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "rendus").write_text("x")
    with pytest.raises(InputError, match="il faut un dossier"):
        lay_out(the_team(), tmp_path / "rendus")


def test_english(tmp_path):
    set_language("en")
    lay_out(the_team(), tmp_path)
    assert "| 3 | [First steps with GPT-2](3-premiers-pas/) | 2026-10-19 |" in (tmp_path / "README.md").read_text(
        "utf-8"
    )


def test_piped_answers_make_a_team(tmp_path):
    answers = "Les Pipes\nsanté\nAnna B @anna\nBob\n\n7/9/2026\nhttps://forge.example/p\n"
    done = call("init", "--out", tmp_path / "rendus", given=answers)
    assert done.exit_code == 0, done.output
    team = read_team(tmp_path / "rendus" / "team.yaml")
    assert (team.name, team.domain, team.start) == ("Les Pipes", "santé", date(2026, 9, 7))
    assert [(one.name, one.github, one.key) for one in team.members] == [
        ("Anna B", "anna", "anna-b"),
        ("Bob", "", "bob"),
    ]
    assert team.repositories == {"code": "https://forge.example/p"}


def test_answers_that_end_early_take_the_defaults(tmp_path):
    assert call("init", "--out", tmp_path / "rendus", given="Les Pipes\nsanté\nAnna\n").exit_code == 0
    team = read_team(tmp_path / "rendus" / "team.yaml")
    assert team.start == next_monday(date.today()) and team.repositories == {}
    assert next_monday(date(2026, 11, 22)) == date(2026, 11, 23) == next_monday(date(2026, 11, 23))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("", "Nom de l'équipe ? Personne ne répond. Donnez --team team.yaml"),
        ("Les Pipes\nsanté\n", "Membre 1 ? Personne ne répond"),
        ("Les Pipes\nsanté\nAnna\nanna\n", "Membre 2 : « anna » est déjà là"),
        ("Les Pipes\nsanté\nAnna\n\nhier\n", "Premier jour : « hier » n'est pas une date"),
    ],
)
def test_answers_that_will_not_do(tmp_path, answers, told):
    done = call("init", "--out", tmp_path / "rendus", given=answers)
    assert isinstance(done.exception, InputError) and told in str(done.exception)
    assert not (tmp_path / "rendus").exists()


def test_no_input_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["livrables", "init", "--out", str(tmp_path / "rendus")]) == 2
