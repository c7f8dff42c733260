"""The parts of the demonstration: what it says about its data, and that it deletes nothing but its own."""

import json
import re
from pathlib import Path

import pytest
import yaml

from app import demo
from app.main import main
from app.output import Output
from chatbot.errors import InputError
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import PreparedSet
from training.runs import working_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return PreparedSet.open(prepare(PrepareConfig(sources=(demo.DATA,), out=tmp_path_factory.mktemp("demo") / "data")))


def groups(data, split):
    return {dialogue.group for dialogue in data.split(split)}


def test_the_numbers_told_are_those_of_the_set(data):
    sizes = {split: len(list(data.split(split))) for split in data.splits}
    told = demo.what_is_learnt(data)
    assert told.startswith(f"{len(groups(data, 'train'))} questions apprises")
    assert f"sous {sizes['train']} formulations" in told and f"{sizes['recall']} autres formulations" in told
    assert groups(data, "recall") == groups(data, "train") and len(groups(data, "test")) == 1
    assert "une question jamais montrée" in told
    assert f"{sizes['test']} façons de poser une seule question" in demo.limits(data)


def test_the_readme_and_the_guide_tell_the_same(data):
    assert (len(groups(data, "train")), len(groups(data, "test"))) == (12, 1)
    assert len(list(data.split("train"))) == 12 * 18
    for page in ("README.md", "docs/introduction.md"):
        text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
        assert "treize questions" in text and "douze" in text and "treizième" in text, page
    assert "dix-huit formulations" in (ROOT / "docs" / "introduction.md").read_text(encoding="utf-8")


def begun(folder: Path, data: Path, model: str = demo.MODEL) -> Path:
    """What a training writes first."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(
        yaml.safe_dump({"data": str(data), "out": str(folder), "model": model}), encoding="utf-8"
    )
    (folder / "backup").mkdir()
    (folder / "backup" / "state-000000.npz").touch()
    return folder


def test_an_earlier_demonstration_is_replaced(tmp_path):
    prepare(PrepareConfig(sources=(demo.DATA,), out=tmp_path / "data"))
    begun(tmp_path / "run", tmp_path / "data")
    (tmp_path / "notes.txt").write_text("à moi", encoding="utf-8")
    demo.clear_earlier(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_interrupted_demonstration_starts_again(tmp_path):
    prepare(PrepareConfig(sources=(demo.DATA,), out=tmp_path / "data"))
    begun(working_folder(tmp_path / "run"), tmp_path / "data")
    (tmp_path / ".data.part").mkdir()
    (tmp_path / ".data.part" / "train.jsonl").touch()
    demo.clear_earlier(tmp_path)
    prepare(PrepareConfig(sources=(demo.DATA,), out=tmp_path / "data"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    working_folder(tmp_path / "run").mkdir()  # stopped before its first file
    demo.clear_earlier(tmp_path)
    assert list(tmp_path.iterdir()) == []


FOREIGN = {
    "a folder of data": lambda out: (out / "data").mkdir() or (out / "data" / "theses.csv").write_text("a,b"),
    "a file named data": lambda out: (out / "data").write_text("mes données"),
    "another set": lambda out: prepare(PrepareConfig(sources=("embedded:hub",), out=out / "data")),
    "a folder named run": lambda out: (out / "run").mkdir() or (out / "run" / "marathon.txt").write_text("42 km"),
    "a run on other data": lambda out: begun(out / "run", out / "medquad"),
    "a run of another model": lambda out: begun(out / "run", out / "data", model="gpt2_base_en"),
    "an unfinished training": lambda out: begun(out / ".run.training", out / "medquad"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_no_demonstration_wrote_is_left_alone(case, tmp_path, capsys):
    if case != "a file named data" and "set" not in case and "of data" not in case:
        prepare(PrepareConfig(sources=(demo.DATA,), out=tmp_path / "data"))  # a real one beside it is kept, too
    FOREIGN[case](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["demo", "--out", str(tmp_path), "--no-serve"]) == 2
    told = capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")
    assert "n'est pas une démonstration, rien n'est effacé. Choisissez un autre --out." in told
    assert sorted(tmp_path.rglob("*")) == before


def test_the_place_is_checked_first(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="un fichier est à la place d'un dossier"):
        demo.run_demo(tmp_path / "file" / "out", serve=False, port=0, output=Output())


GENERIC = [{"id": f"q{n}", "question": f"Question {n} ?", "answer": "Bof."} for n in range(7)]
SPECIALISED = [{"id": f"q{n}", "question": f"Question {n} ?", "answer": f"R{n}."} for n in (6, 5, 4, 3, 2, 1, 0)]
SIDES = [{"model": "mini", "answers": GENERIC}, {"model": "run", "answers": SPECIALISED}]
COMPARED = {"main": "run", "reference": "mini", "comparisons": [{"split": "recall", "evaluations": SIDES}]}


@pytest.mark.parametrize("as_json", [True, False])
def test_the_end_of_the_demonstration(as_json, tmp_path, monkeypatch, capsys):
    value = {**COMPARED, "report": "comparison.md"}
    monkeypatch.setattr(demo, "train", lambda config, watcher: None)
    monkeypatch.setattr(demo, "compare_run", lambda *_: (value, "TABLE"))
    demo.run_demo(tmp_path / "demo", serve=False, port=0, output=Output(as_json))
    out = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    if as_json:
        (line,) = out.splitlines()
        shown = json.loads(line)
        assert shown["report"] == "comparison.md" and shown["comparisons"] == COMPARED["comparisons"]
        assert shown["answers"][1] == {"id": "q2", "question": "Question 2 ?", "generic": "Bof.", "specialised": "R2."}
    else:
        assert re.search(r"TABLE\n.*un fait jamais appris ne se devine pas", out)
        assert "Question : Question 0 ?" in " ".join(out.split()) and "R4." in out
