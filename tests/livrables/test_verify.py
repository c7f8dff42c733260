"""An honest folder holds; whatever is tampered with is found, and named."""

import json
import shutil
from pathlib import Path

import pytest

from tests.livrables.handed import change, fact_of, rewrite, verified, wrong


@pytest.fixture
def folder(handed, tmp_path) -> Path:
    copy = tmp_path / "travail"
    shutil.copytree(handed, copy)
    return copy


def test_an_honest_folder_holds_entirely(folder):
    found = verified(folder, model=True, sample=3)
    assert [check.told() for check in found.checks if check.state == "broken"] == []
    for kind in ("documents", "sources", "data", "run", "metrics", "model", "pictures"):
        assert found.count("holds", kind) > 0, kind


def test_a_number_changed_by_hand_in_a_document_is_found_with_its_line(folder):
    document = folder / "rendus" / "5-affinage" / "5-affinage.md"
    text = fact_of(document.with_suffix(".facts.json"), "loss_after")["text"]
    change(document, text, "0,9876")
    lines = document.read_text(encoding="utf-8").split("\n")
    line = next(place for place, one in enumerate(lines, 1) if "0,9876" in one)
    told = wrong(verified(folder), "documents")
    assert f"5-affinage.md, ligne {line} · texte hors des places de l'équipe : modifié à la main : écrit « " in told
    assert f"écrit « 0,9876 », devrait être « {text} »" in told
    assert "Remède : causette livrables build" in told


def test_a_number_changed_in_facts_and_document_alike_is_found(folder):
    document = folder / "rendus" / "5-affinage" / "5-affinage.md"
    beside = document.with_suffix(".facts.json")
    fact = fact_of(beside, "loss_after")

    def forge(value):
        for one in value["facts"]:
            if one["key"] == fact["key"]:
                one |= {"value": 0.01, "text": "0,01"}

    rewrite(beside, forge)
    document.write_text(document.read_text(encoding="utf-8").replace(fact["text"], "0,01"), encoding="utf-8")
    found = verified(folder)
    assert f"5-affinage/5-affinage.facts.json · {fact['key']}" in wrong(found, "documents")
    assert "écrit 0,01, recalculé" in wrong(found, "sources")


def test_numbers_of_the_team_are_counted_and_not_verified(folder):
    document = folder / "rendus" / "5-affinage" / "5-affinage.md"
    text = document.read_text(encoding="utf-8")
    begin = text.index("-->", text.index("<!-- équipe :")) + 3
    end = text.index("<!-- /équipe :")
    document.write_text(
        f"{text[:begin]}\n\nNous avons 42 clients et 17,5 % de retours.\n\n{text[end:]}", encoding="utf-8"
    )
    beside = document.with_suffix(".facts.json")
    rewrite(beside, lambda value: value["places"].update(dict.fromkeys(list(value["places"])[:1], True)))
    told = "\n".join(check.told() for check in verified(folder).checks if check.state == "unverified")
    assert "écrits par l'équipe : 42, 17,5 %" in told


def test_a_changed_source_says_that_documents_are_to_be_built_again(folder):
    metrics = folder / "runs" / "faq" / "metrics.json"
    metrics.write_text(metrics.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    found = verified(folder)
    assert wrong(found, "sources") == ""
    told = "\n".join(check.told() for check in found.checks if check.state == "unverified" and check.kind == "sources")
    assert "runs/faq/metrics.json · empreinte (sha256) de la source" in told
    assert "à reconstruire" in told


def test_a_metric_that_the_curve_does_not_say_is_found(folder):
    rewrite(folder / "runs" / "faq" / "metrics.json", lambda value: value.update(validation_loss_after=0.01))
    found = verified(folder)
    assert "runs/faq/metrics.json · perte après (minimum de history.csv) : écrit 0,01, recalculé" in wrong(found, "run")
    assert "loss_after" in wrong(found, "sources")


def test_a_row_removed_from_the_test_split_is_found(folder):
    test = folder / "data" / "faq" / "test.jsonl"
    lines = test.read_text(encoding="utf-8").splitlines(keepends=True)
    test.write_text("".join(lines[1:]), encoding="utf-8")
    told = wrong(verified(folder), "data")
    assert (
        f"data/faq/test.jsonl · lignes comptées contre le manifeste : écrit {len(lines)}, recalculé {len(lines) - 1}"
        in told
    )
    assert "le fichier a changé depuis la préparation" in told


def test_a_question_of_the_test_in_the_training_is_found(folder):
    data = folder / "data" / "faq"
    first = (data / "test.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[0]
    with (data / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write(first)
    told = wrong(verified(folder), "data")
    assert "aucune question mot pour mot dans l'entraînement" in told
    assert "aucun groupe aussi dans l'entraînement" in told


def test_counts_that_do_not_add_up_are_found(folder):
    rewrite(folder / "data" / "faq" / "manifest.json", lambda value: value["counts"].update(read=500))
    assert "lues = gardées + rejetées : écrit 500, recalculé 62" in wrong(verified(folder), "data")


def test_a_measure_changed_in_the_comparison_is_found(folder):
    def flatter(value):
        value["comparisons"][0]["evaluations"][1]["measures"]["token_f1"]["value"] = 0.987
        value["comparisons"][0]["differences"][0]["measures"]["chrf"]["low"] = 0.5

    rewrite(folder / "runs" / "faq" / "comparison.json", flatter)
    told = wrong(verified(folder), "metrics")
    assert "runs/faq/comparison.json · test · runs/faq · token_f1.value · mesures et intervalles : écrit 0,987" in told
    assert "chrf.low" in told


def test_an_answer_changed_in_the_comparison_is_found_without_a_model(folder):
    def flatter(value):
        answer = value["comparisons"][0]["evaluations"][1]["answers"][0]
        answer["answer"] = answer["expected"]

    rewrite(folder / "runs" / "faq" / "comparison.json", flatter)
    assert "(token_f1) · mesure d'une réponse, de son texte : écrit" in wrong(verified(folder), "metrics")


def test_an_expected_answer_changed_in_the_comparison_is_found(folder):
    def flatter(value):
        for side in value["comparisons"][0]["evaluations"]:
            side["answers"][0]["expected"] = "Oui."

    rewrite(folder / "runs" / "faq" / "comparison.json", flatter)
    assert "question, contexte et réponse attendue, contre le jeu : écrit « Oui. »" in wrong(
        verified(folder), "metrics"
    )


def test_a_figure_that_was_exchanged_is_found(folder):
    figures = sorted((folder / "rendus" / "7-comparaison" / "figures").glob("*.png"))
    shutil.copyfile(folder / "runs" / "faq" / "figures" / "length-test.png", figures[0])
    shutil.copyfile(folder / "runs" / "faq" / "figures" / "bars-test.png", figures[1])
    assert "figure, contre celle d'où elle est copiée : ce n'est pas la même image" in wrong(
        verified(folder), "pictures"
    )


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "C:\\Windows\\win.ini", "lien/secret.json"])
def test_paths_that_lead_out_of_the_folder_are_refused(folder, tmp_path, path):
    (tmp_path / "secret.json").write_text('{"secret": 7}', encoding="utf-8")
    (folder / "lien").symlink_to(tmp_path)
    beside = folder / "rendus" / "5-affinage" / "5-affinage.facts.json"
    rewrite(
        beside,
        lambda value: value["facts"][0].update(
            value=7, text="7", pointer="/secret", source={"path": path, "sha256": "0" * 64, "date": ""}
        ),
    )
    told = wrong(verified(folder), "sources")
    assert "mène hors de" in told
    assert "refusé" in told


def test_a_set_that_is_not_at_hand_is_not_verified(folder):
    shutil.rmtree(folder / "data")
    found = verified(folder)
    told = "\n".join(check.told() for check in found.checks if check.state == "unverified")
    assert "le jeu n'est pas dans le dossier du travail" in told


@pytest.mark.parametrize("name", ["runs/faq/comparison.json", "runs/faq/metrics.json", "data/faq/manifest.json",
                                  "rendus/5-affinage/5-affinage.facts.json", "runs/faq/history.csv", "data/faq/test.jsonl"])  # fmt: skip
def test_a_damaged_file_is_told_and_ends_nothing(folder, name):
    (folder / name).write_bytes(b'{"\xff[[[')
    found = verified(folder)
    assert found.broken
    assert found.count("holds") > 0


def test_the_verdict_and_its_table(folder):
    rewrite(folder / "runs" / "faq" / "metrics.json", lambda value: value.update(best_step=11))
    found = verified(folder)
    told = found.told()
    assert told[0].split() == ["tient", "ne", "tient", "pas", "non", "vérifié"]
    assert any(line.startswith("entraînements") for line in told)
    assert told[-1].endswith("n'ont pu l'être.")
    assert found.to_json()["kinds"]["run"]["broken"] >= 1
    assert json.loads(json.dumps(found.to_json()))["broken"] is True


def test_pages_that_say_another_number_are_found(folder):
    """A DOCX of which a number was changed in the word processor."""
    from livrables.press import press
    from tests.livrables.handed import TODAY

    document = folder / "rendus" / "5-affinage" / "5-affinage.md"
    press([document], ("docx", "pdf"), root=folder / "rendus", today=TODAY, say=lambda text: None)
    assert wrong(verified(folder), "documents") == ""
    text = fact_of(document.with_suffix(".facts.json"), "loss_after")["text"]
    docx_with(document.with_suffix(".docx"), text, "0,9876")
    told = wrong(verified(folder), "documents")
    assert "5-affinage/5-affinage.docx · " in told
    assert f"texte d'un fait, dans les pages : « {text} » n'y est pas" in told


def docx_with(file: Path, old: str, new: str) -> None:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts["word/document.xml"]
    parts["word/document.xml"] = parts["word/document.xml"].replace(old.encode(), new.encode())
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_the_command_ends_with_1_where_something_does_not_hold(folder, capsys):
    from app.main import main

    options = ["--out", str(folder / "rendus"), "--work", str(folder), "--no-model"]
    assert main(["livrables", "verify", *options]) == 0
    assert "tous tiennent" in capsys.readouterr().out
    rewrite(folder / "runs" / "faq" / "metrics.json", lambda value: value.update(best_step=11))
    assert main(["--lang", "en", "livrables", "verify", *options, "--json"]) == 1
    assert "best step (that of the minimum of history.csv)" in capsys.readouterr().out
