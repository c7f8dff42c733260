"""`causette livrables status`: what is done, late, missing, next."""

import io
import json
import re
from datetime import date

import pytest
from rich.console import Console

from app.main import main
from chatbot.errors import InputError
from chatbot.language import set_language
from livrables.deliverable import documents
from livrables.documents import render, write
from livrables.lay_out import lay_out
from livrables.own import own_of
from livrables.press import press
from livrables.status import Standing, Status, status_of
from livrables.status_table import status_table
from livrables.tasks import read_tasks, tasks_csv
from livrables.workspace import Workspace
from tests.livrables.a_team_file import TODAY, tasks_under_way, the_team
from tests.livrables.all_facts import everything, nothing


@pytest.fixture
def space(tmp_path):
    folder = tmp_path / "rendus"
    lay_out(the_team(), folder)
    (folder / "tasks.csv").write_text(tasks_csv(tasks_under_way(the_team())), encoding="utf-8")
    return Workspace.open(folder)


def built(space: Workspace, path: str, material=nothing):
    """Builds one document; gives its Markdown."""
    team = the_team()
    tasks = read_tasks(space.tasks_file, team)
    document = next(one for one in documents(team) if one.path.as_posix() == path)
    own = own_of(space, space.path.parent, team, tasks, TODAY)
    drafted = render(document, team=team, tasks=tasks, material=material(space.path), before="", today=TODAY, own=own)
    drafted.pictures.clear()  # whose files these tests do not have
    return write(document, space.path, drafted, today=TODAY).files[0]


def written(file):
    """The team writes something into every place."""
    text = file.read_text(encoding="utf-8")
    file.write_text(
        re.sub(r"(<!-- équipe : [^>]*-->).*?(<!-- /)", r"\1\n\nNotre texte.\n\n\2", text, flags=re.DOTALL),
        encoding="utf-8",
    )


def standing(status: Status, path: str) -> Standing:
    return next(one for one in status.standings if one.document.path.as_posix() == path)


def shown(status: Status) -> str:
    console = Console(width=160, file=io.StringIO(), highlight=False)
    for one in status_table(status):
        console.print(one, markup=not isinstance(one, str))
    return console.file.getvalue()


def test_nothing_is_built_yet(space):
    status = status_of(space, today=TODAY)
    assert len(status.standings) == len(documents(the_team())) and status.counts["done"] == 0
    first, fifth, last = (
        standing(status, path)
        for path in ("1-equipe/1-equipe", "5-affinage/5-affinage", "8-optimisation/8-optimisation")
    )
    assert (first.state, first.late) == ("missing", True)
    assert (fifth.state, fifth.late) == ("missing", False)  # its two weeks have begun
    assert (last.state, last.late) == ("later", False)
    assert next(one.document.path.parts[0] for one in status.next_due) == "5-affinage"
    assert [task.number for task in status.late_tasks] == [13, 14, 15, 16, 17]


def test_a_document_is_done_when_its_places_are_written_and_its_numbers_measured(space):
    file = built(space, "3-premiers-pas/3-premiers-pas", everything)
    before = standing(status_of(space, today=TODAY), "3-premiers-pas/3-premiers-pas")
    assert before.state == "incomplete" and before.late and before.unwritten and not before.unmeasured
    written(file)
    after = standing(status_of(space, today=TODAY), "3-premiers-pas/3-premiers-pas")
    assert (after.state, after.late, after.unwritten) == ("done", False, ())


def test_what_nobody_measured_is_counted(space):
    written(built(space, "5-affinage/5-affinage"))
    one = standing(status_of(space, today=TODAY), "5-affinage/5-affinage")
    assert one.state == "incomplete" and not one.late and one.unmeasured and not one.unwritten
    assert f"{len(one.unmeasured)} mesures à faire" in shown(status_of(space, today=TODAY))


def test_a_place_that_was_deleted_is_still_to_write(space):
    file = built(space, "3-premiers-pas/3-premiers-pas", everything)
    written(file)
    text = file.read_text(encoding="utf-8")
    file.write_text(
        re.sub(r"<!-- équipe : ([^>]*) -->.*?<!-- /équipe : \1 -->", "", text, count=1, flags=re.DOTALL),
        encoding="utf-8",
    )
    assert len(standing(status_of(space, today=TODAY), "3-premiers-pas/3-premiers-pas").unwritten) == 1


def test_damage_is_told_and_does_not_stop_the_rest(space):
    first, second = built(space, "1-equipe/1-equipe"), built(space, "3-premiers-pas/3-premiers-pas")
    first.write_text(
        first.read_text(encoding="utf-8").replace("<!-- /équipe", "<!-- /equipe", 1).replace("-->", "--", 1),
        encoding="utf-8",
    )
    second.with_suffix(".facts.json").write_text("{", encoding="utf-8")
    status = status_of(space, today=TODAY)
    assert "ligne" in standing(status, "1-equipe/1-equipe").problem
    assert "causette livrables build" in standing(status, "3-premiers-pas/3-premiers-pas").problem
    assert "facts.json manque ou est abîmé" in shown(status)


def test_pages_older_than_the_text_are_told(space):
    file = built(space, "3-premiers-pas/3-premiers-pas", everything)
    press([file], ("docx",), root=space.path, today=TODAY, say=lambda text: None)
    assert standing(status_of(space, today=TODAY), "3-premiers-pas/3-premiers-pas").older == ()
    set_language("en")  # who looks at it makes no page older
    assert standing(status_of(space, today=TODAY), "3-premiers-pas/3-premiers-pas").older == ()
    set_language("fr")
    written(file)
    status = status_of(space, today=TODAY)
    assert standing(status, "3-premiers-pas/3-premiers-pas").older == ("3-premiers-pas.docx",)
    assert "Pages plus anciennes que le texte : 3-premiers-pas.docx. Relancez causette livrables build." in shown(
        status
    )
    assert [one["older_pages"] for one in status.to_json()["documents"] if one["older_pages"]] == [
        ["3-premiers-pas.docx"]
    ]
    press([file], ("docx",), root=space.path, today=TODAY, say=lambda text: None)
    assert "Pages plus anciennes" not in shown(status_of(space, today=TODAY))


def test_the_table(space):
    for member in ("zoe-martin", "ali-benali"):
        written(built(space, f"rapport-individuel/01-{member}", everything))
    text = shown(status_of(space, today=TODAY))
    assert re.search(r"1 +│ Équipe, rotation.* │ 20/09/2026 │ en retard \(pas construit\)", text)
    assert re.search(r"8 +│ Optimisation.* │ 27/12/2026 │ à venir", text)
    assert "Rapport individuel de la quinzaine (4)" in text and "Rapport individuel de la quinzaine (5)" not in text
    assert "en retard (2 sur 6 faits)" in text and "Chloé N'Diaye, Noël Lœvenbruck, Inès García, Łukasz Nowak" in text
    assert "Tâches en retard" in text and "Prochaine échéance, le 01/11/2026" in text
    set_language("en")
    assert "late (not built)" in shown(status_of(space, today=date(2026, 10, 21)))


def test_the_command(space, capsys):
    assert main(["livrables", "status", "--out", str(space.path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["documents"][0]["document"] == "1-equipe/1-equipe.md" and sum(told["counts"].values()) >= 69
    assert main(["livrables", "status", "--out", str(space.path)]) == 0
    assert main(["livrables", "status", "--out", str(space.path / "nowhere")]) == 2


def test_a_broken_task_file_is_an_error(space):
    space.tasks_file.write_text("a;b\n", encoding="utf-8")
    with pytest.raises(InputError, match="Il manque"):
        status_of(space, today=TODAY)
