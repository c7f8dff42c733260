"""The commands on documents, as a user meets them: what was read, pairs made, a split as one file."""

import json

import pytest

from app.main import main

LAW = "Code des essais\n\n" + "\n\n".join(
    f"Article {n}\n\nLe marché numéro {n} est signé par le maire. Lorsque le prix dépasse {n} 000 euros HT en tout, le conseil délibère."
    for n in range(1, 13)
)


@pytest.fixture
def law(tmp_path):
    path = tmp_path / "code.txt"
    path.write_text(LAW, encoding="utf-8")
    return path


def test_passages_are_shown_before_pairs_are_made(law, tmp_path, capsys):
    assert main(["data", "passages", str(law), "--show", "2", "--seed", "3", "--out", str(tmp_path / "p.jsonl")]) == 0
    shown = capsys.readouterr().out
    assert "12 articles" in shown and "Couples par règle" in shown and shown.count("❓") == 2
    records = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (
        len(records) == 13
        and records[1]["passage"] == "Article 1"
        and records[1]["text"].startswith("Le marché numéro 1")
    )
    assert main(["data", "passages", str(law), "--json", "--show", "0"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (
        value["passages"]["article"] == 12
        and value["pairs"] == sum(value["pairs_by_rule"].values())
        and value["sample"] == []
    )


def test_a_document_becomes_a_set_and_a_split_becomes_a_file(law, tmp_path, capsys):
    assert main(["prepare", str(law), "--out", str(tmp_path / "set"), "--maker", "rules"]) == 0
    capsys.readouterr()
    assert (
        main(["data", "export", str(tmp_path / "set"), "--out", str(tmp_path / "d.txt"), "--split", "test", "--json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["split"] == "test"
    assert (tmp_path / "d.txt").read_text(encoding="utf-8").startswith("###human: ")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["data", "passages", "absent.pdf"], "absent.pdf\u00a0: fichier introuvable."),
        (["data", "passages", "{law}", "--out", "p.txt"], ".jsonl"),
        (["prepare", "{law}", "--out", "o", "--maker", "magie"], "rules ou model"),
        (["prepare", "{law}", "--out", "o", "--max-calls", "3"], "--maker model"),
        (["prepare", "{law}", "--out", "o", "--maker", "model", "--max-cost", "1"], "--max-cost demande les prix"),
        (["prepare", "{law}", "--out", "o", "--maker", "model", "--prices", "cher"], "--prices"),
        (["prepare", "{law}", "--out", "o", "--maker", "model", "--prices", "1,nan"], "--prices"),
        (["prepare", "embedded", "--out", "o", "--maker", "rules"], "document (.pdf, .txt)"),
        (["data", "export", "absent", "--out", "d.txt"], "n'est pas un jeu préparé"),
    ],
)
def test_wrong_calls_are_told_in_two_lines(call, said, law, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([word.replace("{law}", str(law)) for word in call]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) <= 2, told
    assert said in "\n".join(told) and "Traceback" not in "\n".join(told)
    assert not (tmp_path / "o").exists()


def test_files_that_cannot_be_written_are_told(law, tmp_path, capsys):
    """By both commands in the same words: a folder is the user's slip, a disk that refuses is not."""
    assert main(["prepare", str(law), "--out", str(tmp_path / "set"), "--maker", "rules"]) == 0
    (tmp_path / "folder.jsonl").mkdir()
    for call in (["data", "passages", str(law)], ["data", "export", str(tmp_path / "set")]):
        for name, status, said in (
            ("folder.jsonl", 2, "folder.jsonl\u00a0: c'est un dossier, pas un fichier."),
            ("p.csvx", 2, "terminaison attendue"),
            ("code.txt/p.jsonl", 1, "Rien n'a été écrit."),
        ):
            capsys.readouterr()
            assert main([*call, "--out", str(tmp_path / name), "--replace"]) == status
            assert said in capsys.readouterr().err
    assert law.read_text(encoding="utf-8") == LAW


def test_passages_overwrite_no_file_unasked(law, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.jsonl").write_text("à garder", encoding="utf-8")
    assert main(["data", "passages", str(law), "--out", "p.jsonl"]) == 2
    assert "--replace" in capsys.readouterr().err and (tmp_path / "p.jsonl").read_text(encoding="utf-8") == "à garder"
    assert main(["data", "passages", str(law), "--out", "p.jsonl", "--replace"]) == 0
    assert (tmp_path / "p.jsonl").read_text(encoding="utf-8").startswith("{")
