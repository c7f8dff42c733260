"""team.yaml: what it says, and how a fault in it is told."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chatbot.errors import InputError
from chatbot.language import set_language
from livrables.names import keys_of
from livrables.team import read_team, team_from, team_yaml
from tests.livrables.a_team_file import TEXT, the_team, written


def test_a_file_is_read(tmp_path):
    team = read_team(written(tmp_path))
    assert [member.key for member in team.members] == [
        "zoe-martin", "ali-benali", "chloe-n-diaye", "noel-loevenbruck", "ines-garcia", "lukasz-nowak",
    ]  # fmt: skip
    assert team.members[0].github == "zoe" and team.remarks == ()
    assert [manager.key for manager in team.managers] == ["zoe-martin", "ali-benali", "chloe-n-diaye"]
    assert team.dates == {3: date(2026, 10, 19)}
    assert team.repositories == {"code": "https://forge.example/bavards", "model": "zoe/faq"}
    assert (team.work.run, team.work.data, team.work.runs) == (Path("runs/faq"), (Path("data/faq"),), Path("runs"))
    assert team.calendar[1].first == date(2026, 9, 21) and team.calendar[3].manager.name == "Zoé Martin"


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("domain:", "domaine:", 2, "clé inconnue « domaine » (« domain » ?)"),
        ("model:", "modle:", 14, "clé inconnue « modle » (« model » ?)"),
        ("domain: marchés publics\n", "", 1, "il manque « domain »"),
        ("2026-09-07", "2026-02-30", 3, "« start » : il faut une date"),
        ("2026-09-07", "20260907", 3, "« start » : il faut une date"),
        ("2026-09-07", "9999-12-01", 3, "il faut une date"),
        ("[Zoé,", "[Zoe Martn,", 12, "« Zoe Martn » n'est pas un membre de l'équipe (« Zoé Martin » ?)"),
        ("  - Ali Benali", "  - zoé  martin", 7, "deux membres s'appellent « zoé martin »"),
        ("  - Ali Benali", "  - 42", 7, "il faut un texte"),
        ("data/faq", "../faq", 15, "« ../faq » : il faut un chemin à l'intérieur"),
        ("runs/faq", "/etc", 15, "« /etc » : il faut un chemin à l'intérieur"),
        ("runs/faq", "'..\\faq'", 15, "il faut un chemin à l'intérieur"),
        ("runs/faq", "'C:\\faq'", 15, "il faut un chemin à l'intérieur"),
        ("{3:", "{9:", 13, "pas de livrable 9"),
        ("{3:", "{a:", 13, "« a » : il faut un nombre entier"),
        ("{3: 19/10/2026}", "{[1]: 2}", 13, ""),
        ("19/10/2026", "1/1/2020", 13, "avant le début (07/09/2026)"),
        ("start:", "weeks: 0\nstart:", 3, "un nombre ≥ 1"),
        ("start:", "name: Autre\nstart:", 3, "clé « name » en double"),
        ("Les Bavards", "Les: Bavards", 1, "se met entre guillemets"),
    ],
)
def test_faults_are_told_with_their_line(old, new, line, told):
    assert old in TEXT
    with pytest.raises(InputError) as error:
        team_from(TEXT.replace(old, new, 1), "team.yaml")
    lines = str(error.value).splitlines()
    assert any(one.startswith(f"team.yaml, ligne {line} : ") and told in one for one in lines), lines


def test_a_file_that_is_not_there_or_no_utf8(tmp_path):
    with pytest.raises(InputError, match="introuvable"):
        read_team(tmp_path / "team.yaml")
    (tmp_path / "team.yaml").write_bytes(TEXT.encode("cp1252", "replace"))
    with pytest.raises(InputError, match=r"team\.yaml, ligne 2 .*UTF-8"):
        read_team(tmp_path / "team.yaml")


def test_another_number_of_members_is_accepted_with_a_remark():
    team = team_from("{name: Duo, domain: santé, start: 2026-09-07, members: [Anna, Bob]}", "team.yaml")
    assert team.remarks == ("L'équipe a 2 membres ; le cours en attend 6 ou 7.",)
    assert team.managers == team.members
    set_language("en")
    assert (
        "the course expects 6 or 7"
        in team_from("{name: D, domain: d, start: 2026-09-07, members: [A]}", "t").remarks[0]
    )


def test_keys_are_ascii_and_unique():
    names = ["Zoé Martin", "Zoe Martin", "Δημήτρης", "Con", "Œdipe Ærø", "Jean-Noël d'Ÿs"]
    assert keys_of(names) == ["zoe-martin", "zoe-martin-2", "membre-3", "membre-4", "oedipe-aero", "jean-noel-d-ys"]


def test_what_is_written_is_read_again():
    team = the_team()
    hostile = replace(team, name="a: b # «c» 'd' \"e\"", domain="- no", repositories={"space": "yes"})
    for one in (team, hostile, replace(team, dates={}, repositories={})):
        assert team_from(team_yaml(one), "team.yaml") == one
    set_language("en")
    assert "# Name of the team." in team_yaml(team)
