"""`causette livrables build` and `slides`: a team's whole folder, written from a work folder in which things were really run."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from chatbot.errors import InputError
from livrables.build import build
from livrables.documents import noted
from livrables.slides import write_slides
from livrables.tasks import tasks_csv
from livrables.team import team_yaml
from livrables.workspace import Workspace
from tests.livrables.made import a_team, some_tasks

TODAY = date(2026, 9, 14)  # the first period has begun, the second has not


@pytest.fixture
def team_work(work, tmp_path) -> Path:
    """A copy of the work folder with a team's folder in it."""
    folder = shutil.copytree(work, tmp_path / "work")
    (folder / "rendus").mkdir()
    (folder / "rendus/team.yaml").write_text(team_yaml(a_team()), encoding="utf-8")
    (folder / "rendus/tasks.csv").write_text(tasks_csv(some_tasks(a_team())), encoding="utf-8")
    return folder


def built(folder: Path, *, numbers=(), formats=("md",), today=TODAY, said=None):
    said = [] if said is None else said
    return build(Workspace(folder / "rendus"), folder, numbers=numbers, formats=formats, today=today, say=said.append)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
    }


def test_all_documents_of_the_course_and_of_periods_that_have_begun(team_work):
    result = built(team_work)
    rendus = team_work / "rendus"
    assert len(result.written) == 7 + 2 + 2 + 1 and result.early == 2 * 3
    assert (rendus / "rapport-individuel/01-zoe-martin.md").is_file() and not (
        rendus / "rapport-manager/02.md"
    ).exists()
    assert {file.name for file in result.others} == {"suivi.xlsx", "gantt.png", "gantt.mmd"}
    told = "\n".join(result.told())
    assert "12 documents" in told and "6 rapports de quinzaine attendent" in told and not list(rendus.rglob("*.docx"))
    text = (rendus / "5-affinage/5-affinage.md").read_text(encoding="utf-8")
    assert "[S1]" in text and "figures/5-affinage-1-" in text and "metrics.json" in text
    whole = everything(rendus)
    built(team_work)
    assert everything(rendus) == whole  # the same material gives the same bytes


def test_numbers_choose_and_formats_are_written(team_work):
    said: list[str] = []
    result = built(team_work, numbers=(1, 2), formats=("md", "docx", "pdf"), said=said)
    names = {file.relative_to(team_work / "rendus").as_posix() for file in result.printed.made}
    assert names == {f"{stem}.{kind}" for stem in ("1-equipe/1-equipe", "2-donnees/zoe-martin", "2-donnees/ali-benali") for kind in ("docx", "pdf")}  # fmt: skip
    assert said[0] == "Mise en page : 6 fichiers à faire, 0 inchangé." and result.early == 0
    found = result.to_json()
    json.dumps(found)
    assert len(found["documents"]) == 3 and found["made"] and found["documents"][0]["to_write"]


def test_only_what_changed_is_laid_out_again(team_work):
    rendus = team_work / "rendus"
    built(team_work, numbers=(2,), formats=("md", "pdf"))
    zoe, ali = rendus / "2-donnees/zoe-martin.md", rendus / "2-donnees/ali-benali.md"
    again = built(team_work, numbers=(2,), formats=("md", "pdf"), today=date(2026, 9, 15))
    assert not again.printed.made and len(again.printed.same) == 2
    hint = next(line for line in zoe.read_text(encoding="utf-8").splitlines() if line.startswith("*À écrire"))
    zoe.write_text(zoe.read_text(encoding="utf-8").replace(hint, "Mon analyse."), encoding="utf-8")
    ali.with_suffix(".pdf").unlink()
    third = built(team_work, numbers=(2,), formats=("md", "pdf"))
    assert set(third.printed.made) == {zoe.with_suffix(".pdf"), ali.with_suffix(".pdf")} and not third.asides
    assert "Mon analyse." in zoe.read_text(encoding="utf-8") and True in noted(zoe)["places"].values()


def test_a_word_file_that_was_edited_is_kept(team_work):
    file = team_work / "rendus/1-equipe/1-equipe.md"
    built(team_work, numbers=(1,), formats=("md", "docx"))
    word = file.with_suffix(".docx")
    word.write_bytes(b"edited by hand")
    assert not built(
        team_work, numbers=(1,), formats=("md", "docx")
    ).printed.made  # nothing new to say: it is left alone
    assert word.read_bytes() == b"edited by hand"
    file.write_text(
        file.read_text(encoding="utf-8").replace("*À écrire", "Notre texte. *À écrire", 1), encoding="utf-8"
    )
    result = built(team_work, numbers=(1,), formats=("md", "docx"))
    assert (
        result.asides == (word.with_name("1-equipe.avant.docx"),) and result.asides[0].read_bytes() == b"edited by hand"
    )
    assert "1-equipe.avant.docx" in "\n".join(result.told())


def test_a_damaged_mark_leaves_every_file_as_it_is(team_work):
    built(team_work)
    file = team_work / "rendus/6-prototype/6-prototype.md"
    file.write_text(file.read_text(encoding="utf-8").replace("<!-- /équipe", "<!- /équipe", 1), encoding="utf-8")
    (team_work / "rendus/tasks.csv").write_text(tasks_csv(some_tasks(a_team())[:1]), encoding="utf-8")
    whole = everything(team_work / "rendus")
    with pytest.raises(InputError, match=r"6-prototype\.md, ligne \d+.*marque abîmée"):
        built(team_work)
    assert everything(team_work / "rendus") == whole


def test_a_picture_that_cannot_be_shown_is_told(team_work):
    file = team_work / "rendus/1-equipe/1-equipe.md"
    built(team_work, numbers=(1,))
    file.write_text(
        file.read_text(encoding="utf-8").replace("*À écrire", "![s](rien.png) *À écrire", 1), encoding="utf-8"
    )
    result = built(team_work, numbers=(1,), formats=("md", "pdf"))
    assert result.printed.refused == {file: ("rien.png",)} and "rien.png" in "\n".join(result.told())


def test_slides_of_the_same_facts_keep_the_team_s_text(team_work):
    space = Workspace(team_work / "rendus")
    first = write_slides(space, team_work, today=TODAY)
    file = team_work / "rendus/presentation.md"
    assert file.read_text(encoding="utf-8").startswith("---\nmarp: true\nlang: fr\n")
    assert (team_work / "rendus/presentation.pptx").is_file() and first.to_json()["to_write"]
    text = file.read_text(encoding="utf-8")
    hint = next(line for line in text.splitlines() if line.startswith("*À écrire"))
    file.write_text(text.replace(hint, "Notre besoin."), encoding="utf-8")
    second = write_slides(space, team_work, today=TODAY)
    assert "Notre besoin." in file.read_text(encoding="utf-8") and not second.asides
    file.write_text(file.read_text(encoding="utf-8").replace("# Les Bavards", "# Les Autres"), encoding="utf-8")
    (team_work / "rendus/presentation.pptx").write_bytes(b"edited")
    third = write_slides(space, team_work, today=TODAY)
    assert {one.name for one in third.asides} == {"presentation.avant.md", "presentation.avant.pptx"}
    assert "presentation.avant.md" in "\n".join(third.told())
