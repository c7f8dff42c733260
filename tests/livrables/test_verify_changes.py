"""What is no fault: pictures of the team's own, documents built before a source changed; and what is one beside it."""

import shutil
from pathlib import Path

import pytest

from livrables.build import GANTT
from livrables.checks.check import Place
from tests.livrables.handed import change, fact_of, verified, wrong


@pytest.fixture
def folder(handed, tmp_path) -> Path:
    copy = tmp_path / "travail"
    shutil.copytree(handed, copy)
    return copy


def test_a_picture_of_the_team_in_its_own_place_is_not_verified(folder):
    """Anywhere below the team's folder, as a build takes it; what leads out, or is missing, is told and no more."""
    document = folder / "rendus" / "7-comparaison" / "7-comparaison.md"
    (folder / "rendus" / "figures").mkdir(exist_ok=True)
    picture = next((folder / "runs" / "faq" / "figures").glob("*.png"))
    shutil.copyfile(picture, folder / "rendus" / "figures" / "notre-schema.png")
    text = document.read_text(encoding="utf-8")
    begin, end = text.index("-->", text.index("<!-- équipe :")) + 3, text.index("<!-- /équipe :")
    own = "![a](../figures/notre-schema.png)\n\n![b](../../../dehors.png)\n\n![c](absente.png)"
    document.write_text(f"{text[:begin]}\n\n{own}\n\n{text[end:]}", encoding="utf-8")
    found = verified(folder)
    assert wrong(found, "pictures") == ""
    told = "\n".join(one.told() for one in found.checks if one.kind == "pictures" and one.state == "unverified")
    assert "notre-schema.png · figure d'une place de l'équipe : image de l'équipe\n" in told
    assert "dehors.png · figure d'une place de l'équipe : image de l'équipe, hors de rendus" in told
    assert "image de l'équipe, qui manque" in told


def test_a_picture_from_elsewhere_outside_of_the_places_is_refused(folder):
    document = folder / "rendus" / "7-comparaison" / "7-comparaison.md"
    text = document.read_text(encoding="utf-8")
    document.write_text(f"{text}\n![a](../figures/notre-schema.png)\n", encoding="utf-8")
    assert "mène hors de" in wrong(verified(folder), "pictures")


def test_documents_older_than_a_source_are_one_line_each_after_what_was_forged(folder):
    change(folder / "rendus" / "tasks.csv", "Zoé Martin", "Ali Benali")
    change(folder / "rendus" / "tasks.csv", "Zoé Martin", "Ali Benali")
    document = folder / "rendus" / "5-affinage" / "5-affinage.md"
    change(document, fact_of(document.with_suffix(".facts.json"), "loss_after")["text"], "0,9876")
    found = verified(folder)
    assert found.broken
    told = found.told()
    first = next(place for place, line in enumerate(told) if line.startswith("Ne tient pas"))
    lines = told[first + 1 : told.index("", first)]
    old = [place for place, line in enumerate(lines) if "à reconstruire : rendus/tasks.csv a changé depuis, " in line]
    forged = [place for place, line in enumerate(lines) if "modifié à la main" in line]
    assert old and forged and max(forged) < min(old)
    assert len(old) + 2 == len(lines)  # the changed line, and its fact that the document no longer says
    names = [lines[place].split(" · ")[0] for place in old]
    assert len(names) == len(set(names))
    assert lines[old[0]].endswith(" ; causette livrables build")
    assert any(
        check.to_json()["stale"] == {"document": names[0].strip(" -"), "sources": ("rendus/tasks.csv",)}
        for check in found.checks
    )


def test_a_figure_drawn_again_since_is_no_forgery(folder):
    """A build of another document draws the diagram of the changed tasks; without a change it was exchanged."""
    other = next((folder / "runs" / "faq" / "figures").glob("*.png"))
    shutil.copyfile(other, folder / "rendus" / GANTT)
    forged = [check for check in verified(folder).checks if check.kind == "pictures" and check.state == "broken"]
    assert forged and all(check.stale is None for check in forged)
    change(folder / "rendus" / "tasks.csv", "Zoé Martin", "Ali Benali")
    again = [check for check in verified(folder).checks if check.kind == "pictures" and check.state == "broken"]
    assert [check.where for check in again] == [check.where for check in forged]
    assert any(check.stale for check in again)


def test_one_value_is_told_in_the_singular(folder):
    metrics = folder / "runs" / "faq" / "metrics.json"
    metrics.write_text(metrics.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    told = "\n".join(check.told() for check in verified(folder).checks)
    assert "valeurs citées sont les mêmes : à reconstruire. Remède : causette" in told
    assert "les 1 valeurs" not in told


def test_a_full_stop_before_the_cure():
    place = Place(kind="run", where="a")
    assert place.broken("b", "c", "d").told() == "a · b : c. Remède : d"
    assert place.broken("b", "c.", "d").told() == "a · b : c. Remède : d"
    assert place.broken("b", "c").told() == "a · b : c"
