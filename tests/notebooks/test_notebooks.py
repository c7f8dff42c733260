"""The five notebooks: committed as their sources make them, without outputs; run whole in their small form, without a network."""

import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from notebooks.make import FOLDER, NAMES, file_text, notebook

ROOT = FOLDER.parent
PLACES = {"2_donnees_et_nuages": FOLDER}  # where Jupyter starts; the others start where no Causette is
SECONDS = 420  # for one cell, on a machine that does much else
NUMBER = r"(\d+(?:[.,]\d+)?)"


@pytest.fixture(scope="module")
def kernels(tmp_path_factory) -> Path:
    """A folder of Jupyter with one kernel: the Python that runs the tests."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}), encoding="utf-8")
    return folder


def run(name: str, kernels: Path, work: Path, monkeypatch) -> "Ran":
    """A notebook after its last cell."""
    settings = {
        "JUPYTER_PATH": str(kernels),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "CAUSETTE_LANG": "fr",
        "PYTHONFAULTHANDLER": "1",  # a kernel that dies says where
        "MPLCONFIGDIR": str(work),
        "HF_HUB_OFFLINE": "1",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work)),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),  # nobody is there
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
    }
    place = PLACES.get(name, work)
    if place == work:
        settings["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    read = nbformat.reads(file_text(name), as_version=4)
    client = NotebookClient(
        read, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(place)}}, record_timing=False
    )
    return Ran(client.execute())


class Ran:
    """A notebook with its outputs."""

    def __init__(self, read):
        self.outputs = [output for cell in read.cells if cell.cell_type == "code" for output in cell.outputs]

    @property
    def text(self) -> str:
        """All that was printed or shown as a table, on plain blanks."""
        shown = [
            output.get("text", "") + str(output.get("data", {}).get("text/html", ""))
            + str(output.get("data", {}).get("text/markdown", ""))
            for output in self.outputs
        ]  # fmt: skip
        return re.sub("[\u00a0\u202f]", " ", "\n".join(shown))

    @property
    def pictures(self) -> int:
        return sum("image/png" in output.get("data", {}) for output in self.outputs)

    def numbers(self, pattern: str) -> list[float]:
        """The numbers that a pattern's groups found in the text."""
        found = re.search(pattern, self.text)
        assert found, f"nothing like {pattern!r} in:\n{self.text[-3000:]}"
        return [float(each.replace(",", ".")) for each in found.groups()]


@pytest.mark.parametrize("name", NAMES)
class TestFile:
    def test_it_is_what_its_source_makes(self, name):
        committed = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
        assert committed == file_text(name), "run `python -m notebooks.make`"

    def test_it_is_a_notebook_without_outputs(self, name):
        read = nbformat.reads(file_text(name), as_version=4)
        nbformat.validate(read)
        assert (read.nbformat, read.nbformat_minor) == (4, 5)
        assert len({cell.id for cell in read.cells}) == len(read.cells)
        code = [cell for cell in read.cells if cell.cell_type == "code"]
        assert len(code) > 5 and not any(cell.outputs or cell.execution_count for cell in code)

    def test_its_code_is_python_on_every_system(self, name):
        for cell in notebook(name)["cells"]:
            if cell["cell_type"] == "code":
                source = "".join(cell["source"])
                compile(source, f"{name} {cell['id']}", "exec")  # no magics
                assert "/tmp" not in source

    def test_it_begins_with_a_badge_and_the_preparation_and_ends_with_exercises(self, name):
        cells = notebook(name)["cells"]
        texts = ["".join(cell["source"]) for cell in cells]
        assert texts[0].startswith(f"# {name[0]}. ") and f"notebooks/{name}.ipynb" in texts[0]
        assert "colab-badge.svg" in texts[0]
        first = next(text for cell, text in zip(cells, texts, strict=True) if cell["cell_type"] == "code")
        assert 'find_spec("google.colab")' in first and "requirements.txt" in first
        assert 'MODELE = "mini"' in first and "PETIT = True" in first
        assert "Sur un T4" in first
        exercises = texts[-1]
        assert exercises.startswith("## Exercices")
        count = len(re.findall(r"^\*\*\d\.\*\*", exercises, re.MULTILINE))
        assert 4 <= count <= 6 and exercises.count("<details>") == exercises.count("</details>") == count

    def test_its_french_has_no_break_before_high_punctuation(self, name):
        for cell in notebook(name)["cells"]:
            if cell["cell_type"] == "markdown":
                prose = re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$|\|[-| :]+\|", "", "".join(cell["source"]), flags=re.DOTALL)
                assert not re.search(r" [:;?!»%]|« ", prose), re.findall(r".{20} [:;?!»%]|« .{20}", prose)


def test_elsewhere_than_in_colab_nothing_is_installed(monkeypatch, tmp_path):
    import subprocess

    monkeypatch.setattr(subprocess, "run", lambda *args, **options: pytest.fail("something was started"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = next(cell for cell in notebook(NAMES[0])["cells"] if cell["cell_type"] == "code")
    names: dict = {}
    exec("".join(first["source"]), names)
    assert names["TRAVAIL"].parent == tmp_path and names["RENDUS"] == names["TRAVAIL"]


def test_first_steps(kernels, tmp_path, monkeypatch):
    from livrables.first_steps import FILE

    (tmp_path / "rendus").mkdir()
    ran = run("1_premiers_pas", kernels, tmp_path, monkeypatch)
    assert ran.pictures == 6
    assert re.findall(r"somme (\d\.\d+)", ran.text) == ["1.000000"] * 3
    assert ran.numbers("vers l'avenir : " + NUMBER) == [0.0]  # attention looks back only
    assert ran.numbers(f"Le français prend ici {NUMBER} fois")[0] > 1
    lines = [json.loads(line) for line in (tmp_path / "rendus" / FILE).read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 9 and lines[1]["sampling"] == {"repetition_penalty": 1.3} and lines[0]["answer"]


def test_data_and_clouds(kernels, tmp_path, monkeypatch):
    ran = run("2_donnees_et_nuages", kernels, tmp_path, monkeypatch)
    assert ran.pictures == 6
    assert "usage commercial : non" in ran.text and "lues 11 = lisibles 10" in ran.text
    assert (
        "doublon exact" in ran.text and "[courriel]" in ran.text and "durand@" not in ran.text.rpartition("[train]")[2]
    )
    assert "groupes communs à train et test : 0" in ran.text
    assert "z : [ 3.296 -3.296]" in ran.text


def test_fine_tuning(kernels, tmp_path, monkeypatch):
    ran = run("3_affinage", kernels, tmp_path, monkeypatch)
    assert ran.pictures == 5
    before, after = ran.numbers(f"perte de validation : {NUMBER} → {NUMBER}")
    assert after < before - 1
    assert "151 552" in ran.text  # LoRA of rank 8: 8 layers × (384 × 6 × 8 + 8 × 64)
    assert "vaut zéro" in ran.text and "APPRIS" in ran.text and "■" in ran.text


def test_evaluation(kernels, tmp_path, monkeypatch):
    ran = run("4_evaluation", kernels, tmp_path, monkeypatch)
    assert ran.pictures == 3
    assert "exactement les mêmes poids" in ran.text
    by_hand = ran.numbers(r"à la main : (-?\d\.\d+) \[(-?\d\.\d+) ; (-?\d\.\d+)\]")
    ours = ran.numbers(r"Causette  : (-?\d\.\d+) \[(-?\d\.\d+) ; (-?\d\.\d+)\]")
    assert by_hand == pytest.approx(ours, abs=0.03) and by_hand[0] == ours[0]
    assert "Retenu : " in ran.text and "en boucle" in ran.text and "★" in ran.text


def test_gradio_and_the_hub(kernels, tmp_path, monkeypatch):
    ran = run("5_gradio_et_hub", kernels, tmp_path, monkeypatch)
    assert "Réponse par l'API : " in ran.text and ran.text.count("200 http://127.0.0.1") == 2
    assert "model.safetensors" in ran.text and "Rien n'a été envoyé" in ran.text
    assert "# boutique" in ran.text and "license: apache-2.0" in ran.text  # the card
    assert "données envoyées : aucune" in ran.text and "dans la fiche : non" in ran.text
    assert "dans le brouillon : ['brouillon.py']" in ran.text and "serait envoyé : []" in ran.text
    assert "gradio==" in ran.text
