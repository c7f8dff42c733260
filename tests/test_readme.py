"""Every command that the two READMEs show is run, in a small form: what is changed is in the table `SMALL`, nothing else.

Two stories, each once: the demonstration, then the road in eight commands. The lines that install are those of the Makefile
(which made the environment of these tests) word by word.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from functools import cache
from pathlib import Path

import pytest

from docs.exemples.page import Command, read_command

ROOT = Path(__file__).resolve().parents[1]
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.en.md")}
# What is added to a command of the READMEs, that it may end in seconds and without a network; a later option wins.
SMALL = {
    "prepare medquad": ["--from", "medquad.csv"],  # instead of Kaggle: own words, in the columns of MedQuAD
    "inspect": [],
    "train": ["--recipe", "petit", "--set", "fit.max_steps=6"],  # shorter rows: the dialogues are short
    "compare": ["--split", "test", "--questions", "4", "--max-tokens", "12"],
    "chat": [],  # asked the questions of `ASKED`, from a pipe
    "serve": ["--port", "0"],  # a free one; asked for its page, then ended
    "push model": ["--no-transformers"],
    "livrables init": ["--team", str(ROOT / "docs" / "exemples" / "sante" / "team.yaml")],  # instead of questions
    "livrables build": ["--format", "md"],
    "data licences": [],
}
# `causette demo` as it is but for its recipe, and four questions, shortly answered; its page is the one of `serve`.
SMALL_DEMO = """
import sys
from app import demo
from app.main import main
from chatbot.sampling import Sampling
demo.RECIPE, demo.QUESTIONS, demo.SAMPLING = "small.yaml", 4, Sampling(temperature=0.0, max_new_tokens=8)
sys.exit(main([*sys.argv[1:], "--no-serve"]))
"""
ASKED = "What are the symptoms of asthma?\nHow is eczema treated?\n"


def blocks(text: str) -> list[list[str]]:
    """The fenced blocks, comments left out: POSIX, Windows, Colab, the road."""
    found = re.findall(r"^```\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [[re.sub(r"\s+#\s.*", "", line) for line in block.splitlines()] for block in found]


def in_sentences(text: str) -> list[str]:
    """The commands that stand in a sentence."""
    spans = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [
        " ".join(span.split())
        for span in spans
        if re.match(r"(causette|make|python -m docs\.\w+) [a-z]", " ".join(span.split()))
    ]


def call(command: Command) -> str:
    """The part of a command that `SMALL` names."""
    return next(name for name in SMALL if " ".join(command.words).startswith(name))


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(folder / "hf"), "NO_COLOR": "1"}


def causette(words: list[str], folder: Path, typed: str = "", program: tuple[str, ...] = ("-m", "app")) -> str:
    """Runs a command in a folder; what it printed on standard output."""
    done = subprocess.run(
        [sys.executable, *program, *words],
        cwd=folder, env=environment(folder), input=typed.encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done.stdout.decode("utf-8")


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory) -> Path:
    """The folder where the demonstration ran."""
    folder = tmp_path_factory.mktemp("demo")
    small = "model: mini\nmethod: full\nfit: {max_steps: 4, rows: 4, samples: 0, validation_dialogues: 4}\n"
    (folder / "small.yaml").write_text(small, encoding="utf-8")
    causette(["demo"], folder, program=("-c", SMALL_DEMO))
    return folder


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """Runs the road's commands in their order, once: what each printed, by its name in `SMALL`, and the folder."""

    @cache
    def go() -> tuple[Path, dict[str, str]]:
        folder = tmp_path_factory.mktemp("road")
        as_medquad(folder / "medquad.csv")
        said = {}
        for line in ["causette livrables init", *blocks(TEXTS["README.md"])[3]]:
            command = read_command(line)
            name = call(command)
            words = [*command.words, *SMALL[name]]
            said[name] = served(words, folder) if name == "serve" else causette(words, folder, ASKED)
        return folder, said

    return go


def as_medquad(file: Path) -> None:
    """The example's own questions on health in MedQuAD's columns: four to a disease."""
    _, *rows = (ROOT / "docs" / "exemples" / "sante" / "health.csv").read_text(encoding="utf-8").splitlines()
    named = [f"{row},own,disease {place // 4}" for place, row in enumerate(rows)]
    file.write_text("\n".join(["question,answer,source,focus_area", *named]) + "\n", encoding="utf-8")


def served(words: list[str], folder: Path) -> str:
    """Starts a page, and returns what it answers to a browser."""
    start = [sys.executable, "-m", "app", *words]
    with subprocess.Popen(start, cwd=folder, env=environment(folder), stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            lines = (line.decode("utf-8") for line in process.stderr)
            address = next(found[0] for line in lines if (found := re.search(r"http://\S+/(?=\s)", line)))
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.read().decode("utf-8")
        finally:
            process.terminate()


def test_both_languages_show_the_same_commands():
    french, english = (blocks(text) for text in TEXTS.values())
    address = "!git clone ADRESSE_DU_DÉPÔT causette", "!git clone ADDRESS_OF_THE_REPOSITORY causette"
    assert [[line.replace(*reversed(address)) for line in block] for block in english] == french
    assert len(french) == 4 and len(french[3]) == 8


def test_the_steps_of_the_road():
    steps = [call(read_command(line)) for line in blocks(TEXTS["README.md"])[3]]
    assert steps == [
        "prepare medquad", "inspect", "train", "compare", "chat", "serve", "push model", "livrables build",
    ]  # fmt: skip


def test_one_screen():
    for text in TEXTS.values():
        assert len(text.splitlines()) <= 80 and text.index("make demo") < 1500


@pytest.mark.parametrize("name", TEXTS)
def test_commands_in_sentences_are_run_too(name, tmp_path):
    shown = in_sentences(TEXTS[name])
    assert shown
    for line in shown:
        if line.startswith("make"):
            assert made(line), line
        elif line.startswith("python"):  # run by test_examples.py
            assert line.split()[2:] == ["docs.exemples", "boutique", "--small"]
        elif call(read_command(line)) not in ("livrables init",):  # the road begins with it
            assert causette([*read_command(line).words, *SMALL[call(read_command(line))]], tmp_path)


def made(line: str) -> list[str]:
    """The lines that make would run."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    program, target, *rest = line.replace('"', "").split(" ", 2)
    done = subprocess.run(
        [program, "--no-print-directory", "-nB", target, *rest], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def plain(line: str) -> str:
    """A line of any system's shell without what differs from one to the other."""
    line = re.sub(r"^!|\.venv/bin/|\.venv\\Scripts\\|\$\(BIN\)/", "", line)
    line = re.sub(r" (-q|--quiet|--disable-pip-version-check|--no-serve)\b", "", line).replace("--editable", "-e")
    return re.sub(r"^(py -3\.11|python3) -m venv", "python -m venv", line)


def test_windows_and_colab_run_what_make_runs():
    posix, windows, colab, _ = blocks(TEXTS["README.md"])
    lines = [plain(line.split("|| ")[-1].strip()) for line in made(posix[0])]
    steps = [line for line in lines if line.startswith(("python -m", "causette"))]
    assert [plain(line) for line in windows] == steps
    assert [plain(line) for line in colab[2:]] == steps[1:]  # Colab has its environment


def test_a_clone_has_what_the_next_lines_read(tmp_path):
    clone, enter, *_ = blocks(TEXTS["README.md"])[2]
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this folder is no clone of a repository, or git is not installed")
    program, verb, _, name = clone.removeprefix("!").split()
    subprocess.run([program, verb, "-q", str(ROOT), name], cwd=tmp_path, check=True)
    folder = tmp_path / enter.removeprefix("%cd ")
    assert (folder / "requirements.txt").is_file() and (folder / "pyproject.toml").is_file()


def test_the_demonstration(demonstrated):
    compared = json.loads((demonstrated / "runs" / "demo" / "comparison.json").read_text(encoding="utf-8"))
    assert compared["comparisons"]
    assert [line for line in blocks(TEXTS["README.md"])[1:3] for line in line if "causette demo" in line]


def test_talking_to_the_demonstration(demonstrated):
    line = blocks(TEXTS["README.md"])[0][1]
    words = read_command(line.removeprefix(".venv/bin/")).words
    assert causette(list(words), demonstrated, "Comment annuler ma commande ?\n").strip()


FILES = {
    "prepare medquad": "data/medquad/manifest.json",
    "inspect": "data/medquad/atlas.html",
    "train": "runs/medquad/metrics.json",
    "compare": "runs/medquad/comparison.md",
    "push model": "hub/medquad/README.md",
    "livrables init": "rendus/team.yaml",
    "livrables build": "rendus/7-comparaison/7-comparaison.md",
}


@pytest.mark.parametrize("name", FILES)
def test_a_step_of_the_road_leaves_its_file(name, road):
    assert (road()[0] / FILES[name]).stat().st_size > 100


def test_the_road_leads_to_answers(road):
    _, said = road()
    assert len(said["chat"].splitlines()) == 2 and all(line.strip() for line in said["chat"].splitlines())
    assert "Causette" in said["serve"] and "gradio" in said["serve"]
