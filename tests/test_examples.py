"""The worked examples: `python -m docs.exemples` runs what their pages show, here in the small form, from end to end."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import app
from datasets_prep.prepared import PreparedSet
from docs.exemples import __main__ as script
from docs.exemples import page

ROOT = Path(__file__).resolve().parents[1]
NAMES = ["boutique", "marches_publics", "sante"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """An example's small form, run once: its work folder, and what the script and its commands printed."""

    @cache
    def run(name: str) -> tuple[Path, str]:
        work = tmp_path_factory.mktemp("examples") / name
        call = [sys.executable, "-m", "docs.exemples", name, "--small", "--work", str(work)]
        done = subprocess.run(
            call,
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = done.stdout.decode("utf-8")
        assert done.returncode == 0, said
        return work, said

    return run


def test_there_are_three():
    assert page.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_the_page_shows_is_what_is_run(name, ran):
    _, said = ran(name)
    shown = re.findall(r"^━━ (\d+)/\d+  \$ (.*)$", said, flags=re.MULTILINE)
    text = (ROOT / "docs" / "exemples" / name / page.PAGE).read_text(encoding="utf-8")
    assert [int(place) for place, _ in shown] == list(range(1, len(shown) + 1))
    assert [line for _, line in shown] == [re.sub(r"\s+#\s.*", "", line) for line in page.block(text, page.SMALL)]
    assert {"prepare", "train", "compare", "chat"} <= {line.split()[1] for _, line in shown}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_trained_and_compared_with_intervals(name, ran):
    work, _ = ran(name)
    (run,) = (work / "runs").iterdir()
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation_loss_after"] < metrics["validation_loss_before"]
    compared = json.loads((run / "comparison.json").read_text(encoding="utf-8"))
    unseen = next(each for each in compared["comparisons"] if each["split"] == "test")
    assert {side["model"] for side in unseen["evaluations"]} >= {"mini", f"runs/{run.name}"}
    report = (run / "comparison.md").read_text(encoding="utf-8")
    assert re.search(r"^\| F1 des mots \| \d,\d+ \\\[\d,\d+ ; \d,\d+\\\]", report, flags=re.MULTILINE)


def chatted(said: str) -> str:
    """What was printed while the example was chatting."""
    return re.split(r"^━━ .*\$ causette chat .*$", said, flags=re.MULTILINE)[1].split("━━")[0]


def test_the_shop_names_the_right_category_and_its_sources(ran):
    talk = chatted(ran("boutique")[1])
    assert re.findall(r"1\. Catégorie\s: (.*)", talk) == [
        "Livraison et suivi",
        "Paiement et factures",
        "Retours et remboursements",
        "Commande",
        "Compte et données",
    ]
    assert "Je n'ai pas accès au dossier de la commande ML-2024-00317" in talk  # the domain's own answer, by its rule
    assert re.search(r"Sources proches.*\n1\. boutique, ligne \d+\n +\S", talk)


def test_every_answer_on_procurement_is_the_text_itself(ran):
    import pymupdf

    work, _ = ran("marches_publics")
    own = work / "docs" / "exemples" / "marches_publics"
    with pymupdf.open(own / "avis.pdf") as document:
        notice = "".join(sheet.get_text() for sheet in document)
    texts = {"reglement.txt": (own / "reglement.txt").read_text(encoding="utf-8"), "avis.pdf": notice}
    data = PreparedSet.open(work / "data" / "marches")
    dialogues = [dialogue for split in data.splits for dialogue in data.split(split)]
    assert {dialogue.meta["document"] for dialogue in dialogues} == set(texts) and len(dialogues) > 100
    for dialogue in dialogues:
        answer = re.sub(r"\n?Référence\s: .*", "", dialogue.messages[-1].content)
        source = plain(texts[dialogue.meta["document"]])
        assert all(plain(line) in source for line in answer.split("\n")), answer


def plain(text: str) -> str:
    """Words alone: a rubric's first letter is made a capital, and a PDF breaks its lines."""
    return " ".join(text.replace("[…]", "").split()).casefold()


def test_the_health_example_ends_with_deliverables(ran):
    work, said = ran("sante")
    assert re.search(r"Modèle\s: runs/sante .* Domaine\s: Santé", chatted(said))  # its status is 0: all were answered
    report = (work / "rendus" / "7-comparaison" / "7-comparaison.md").read_text(encoding="utf-8")
    assert "runs/sante" in report


@pytest.mark.parametrize("name", NAMES)
def test_the_long_form_goes_the_same_way_and_its_options_exist(name):
    small, whole = page.commands(name, small=True), page.commands(name, small=False)
    steps = [command.words[0] for command in whole if command.words[0] in {each.words[0] for each in small}]
    assert steps == [command.words[0] for command in small]
    for command in [*small, *whole]:
        words, known = list(command.words), get_command(app)
        while hasattr(known, "commands"):
            known = known.commands[words.pop(0)]
        options = {option for each in known.params for option in [*each.opts, *each.secondary_opts]}
        assert {word for word in words if word.startswith("--")} <= options, command.line


def test_the_users_own_files_are_asked_for_by_name(tmp_path, capsys):
    assert script.main(["marches_publics", "--work", str(tmp_path / "work")]) == 2
    said = capsys.readouterr().err
    assert "code.txt" in said and "avis-1.pdf" in said and "docs/exemples/marches_publics/LISEZMOI.md" in said
    assert not (tmp_path / "work").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("à moi", encoding="utf-8")
    assert script.main(["boutique", "--small", "--work", str(tmp_path)]) == 2
    assert "pas vide" in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_first_failure_ends_the_story(tmp_path, monkeypatch, capfd):
    folder = tmp_path / "docs" / "exemples" / "fausse"
    folder.mkdir(parents=True)
    shown = "causette prepare fichiers/faq.csv --out data/faq\ncausette data list\n"
    (folder / page.PAGE).write_text(f"## En petit\n\n```\n{shown}```\n", encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "faq.csv").write_text("seule\nligne\n", encoding="utf-8")
    for module in (page, script):
        monkeypatch.setattr(module, "EXAMPLES", folder.parent)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(script, "ROOT", tmp_path)
    call = ["fausse", "--small", "--work", str(tmp_path / "work"), "--data", str(tmp_path / "mine")]
    assert script.main(call) == 2
    said = capfd.readouterr()
    assert "faq.csv" in said.err and "code de retour 2" in said.err
    assert "1/2" in said.out and "data list" not in said.out
    assert (tmp_path / "work" / "fichiers" / "faq.csv").is_file()  # the user's file was where the page names it
