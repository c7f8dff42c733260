"""`causette data`: the list of sets, the ledger, and the TFDS form, as a user sees them."""

import json

import pytest

from app.main import main
from datasets_prep.sources import SOURCES


@pytest.fixture(autouse=True)
def empty_caches(monkeypatch, tmp_path):
    for name in ("KAGGLEHUB_CACHE", "TFDS_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))


def shown(capsys, *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_list_fits_a_hundred_columns(language, capsys):
    text = shown(capsys, "data", "list", "--lang", language)
    assert max(map(len, text.splitlines())) <= 100
    for name, spec in SOURCES.items():
        assert (
            f"\n{name} " in text
            and spec.size[language == "en"] in text
            and spec.licence.stated[language == "en"] in text
        )
        assert spec.origin[language == "en"] in text
    assert ":allagree :75agree :66agree :50agree" in text


def test_the_list_says_what_is_on_disk(capsys, tmp_path):
    folder = tmp_path / "TFDS_DATA_DIR" / "downloads" / "extracted" / "ZIP.x" / "pubmed-dataset"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_bytes(b"x" * 1_500_000)
    sets = {one["name"]: one for one in json.loads(shown(capsys, "data", "list", "--json"))["sets"]}
    assert sets["scientific_papers"]["on_disk"] == {"complete": False, "paths": [str(folder)], "bytes": 1_500_000}
    assert sets["medquad"]["on_disk"] == {"complete": False, "paths": [], "bytes": 0} and sets["csv"]["on_disk"] is None
    text = shown(capsys, "data", "list")
    assert "en partie, 1,5 Mo" in text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_ledger(language, capsys):
    text = shown(capsys, "data", "licences", "--lang", language)
    table = text.split("À citer" if language == "fr" else "To be named")[0]
    assert max(map(len, table.splitlines())) <= 100
    for name, spec in SOURCES.items():
        assert not spec.upstreams or (name in text and spec.licence.link in text and spec.licence.checked in text)


def test_nobody_has_checked_the_licence_of_a_team_s_own_file(capsys, tmp_path):
    """Neither the ledger nor the manifest gives a date for it."""
    (tmp_path / "faq.csv").write_text("question;réponse\nOù est mon colis ?;Dans « Mon compte ».\n", encoding="utf-8")
    out = str(tmp_path / "set")
    assert main(["prepare", str(tmp_path / "faq.csv"), "--out", out, "--shares", "1,0,0"]) == 0
    capsys.readouterr()
    text = shown(capsys, "data", "licences", out)
    assert "faq (non vérifiée)" in text and "2026" not in text
    assert "faq (not checked)" in shown(capsys, "data", "licences", out, "--lang", "en")
    [source] = json.loads((tmp_path / "set" / "manifest.json").read_text(encoding="utf-8"))["sources"]
    assert source["licence"]["checked"] == ""


def test_the_ledger_of_a_mixture(capsys, tmp_path):
    phrases = tmp_path / "Sentences_50Agree.txt"
    phrases.write_text("".join(f"Profit number {letter} rose .@positive\n" for letter in "abcdefgh"))
    out = str(tmp_path / "mix")
    assert main(["prepare", "embedded:hub", "financial_phrasebank", "--from", str(phrases), "--out", out]) == 0
    capsys.readouterr()
    text = shown(capsys, "data", "licences", out).replace("\u00a0", " ")
    assert "usage commercial : non (financial_phrasebank)" in text and "redistribution : oui" in text
    value = json.loads(shown(capsys, "data", "licences", out, "--json"))
    assert value["terms"]["commercial_use"] == "no" and set(value["licences"]) == {
        "embedded:hub",
        "financial_phrasebank",
    }
    assert value["terms"] == json.loads((tmp_path / "mix" / "manifest.json").read_text(encoding="utf-8"))["terms"]
    assert "embedded:hub" in shown(capsys, "data", "licences", "embedded:hub")  # as the table names it
    assert main(["data", "licences", "embedded:hud"]) == 2 and "hub" in capsys.readouterr().err
    alone = json.loads(shown(capsys, "data", "licences", "embedded", "--json"))
    assert alone["terms"]["commercial_use"] == "yes"


def test_licences_of_nothing_known(capsys):
    assert main(["data", "licences", "medquod"]) == 2
    assert "Vouliez-vous dire «\u00a0medquad\u00a0»" in capsys.readouterr().err


def test_a_tfds_set_without_python(capsys, tmp_path):
    out = str(tmp_path / "hub")
    assert main(["prepare", "embedded:hub", "--out", out]) == 0
    capsys.readouterr()
    value = json.loads(shown(capsys, "data", "tfds", out, "--out", str(tmp_path / "tfds"), "--json"))
    assert value == {"folder": str(tmp_path / "tfds" / "hub" / "1.0.0")}
    assert main(["data", "tfds", out, "--out", str(tmp_path / "tfds")]) == 2
    capsys.readouterr()
    assert "tfds.builder_from_directory" in shown(
        capsys, "data", "tfds", out, "--out", str(tmp_path / "tfds"), "--name", "faq"
    )


def test_a_language_of_requests_that_is_none(capsys, tmp_path):
    assert main(["prepare", "cancer", "--out", str(tmp_path / "x"), "--requests", "de"]) == 2
    assert "--requests\u00a0: fr ou en" in capsys.readouterr().err
