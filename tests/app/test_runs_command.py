"""`causette runs`: finished, unfinished and damaged trainings in one list; only what compares is ranked; and it is fast."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from app.main import main
from training import runs as run_folder
from training.run_list import groups, runs_below

PROJECT = Path(__file__).resolve().parents[2]
SIDE = {"token_f1": 0.1, "exact_match": 0.0, "bits_per_byte": 2.0}


def a_run(folder: Path, *, after=1.0, rate=1e-3, validation="v", tested=None, **metrics) -> Path:
    """The small files of a finished run; those that a list does not read are empty."""
    for name in (*run_folder.REQUIRED, run_folder.WEIGHTS[0]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    fit = {"learning_rate": rate, "validation_dialogues": 256, "seed": 1}
    config = {
        "data": "/x/data/faq",
        "out": str(folder),
        "model": "mini",
        "template": None,
        "method": "full",
        "fit": fit,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "data_manifest.json").write_text(json.dumps({"fingerprints": {"train": "t", "validation": validation}}))
    outcome = {
        "validation_loss_before": 6.0, "validation_loss_after": after, "best_step": 20, "steps": 30, "planned_steps": 40,
        "train_seconds": 75.0, "row_length": 256, "date": "2026-11-20T10:00:00+00:00", **metrics,
    }  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(outcome))
    if tested is not None:
        values = {"mini": SIDE, str(folder): {**SIDE, "token_f1": tested}}
        sides = [
            {"model": name, "measures": {measure: {"value": value} for measure, value in measures.items()}}
            for name, measures in values.items()
        ]
        compared = {"format": 2, "date": "2026-11-20T10:05:00+00:00", "main": str(folder), "reference": "mini"}
        compared["comparisons"] = [{"split": "test", "evaluations": sides}]
        (folder / "comparison.json").write_text(json.dumps(compared))
    return folder


def unfinished(folder: Path, **progress) -> None:
    work = run_folder.working_folder(a_run(folder))
    folder.rename(work)
    (work / "metrics.json").unlink()
    (work / "backup").mkdir()
    known = {
        "step": 7,
        "best_step": 5,
        "first_loss": 6.0,
        "best_loss": 4.5,
        "history": [{}],
        "seconds": 12.0,
        **progress,
    }
    note = np.frombuffer(json.dumps(known).encode(), dtype="uint8")
    np.savez(work / "backup" / "state-000004.npz", **{"progress": note, "00000 kernel": np.zeros(4)})


@pytest.fixture
def folder(tmp_path) -> Path:
    place = tmp_path / "runs"
    a_run(place / "best", after=0.5, date="2026-03-02T10:00:00+00:00", tested=0.75)
    a_run(
        place / "worse",
        after=2.0,
        rate=1e-4,
        date="2026-03-03T10:00:00+00:00",
        stopped="nan",
        findings=[{"key": "not_finite"}],
    )
    a_run(place / "search" / "other", after=0.1, validation="w", date="2026-03-01T10:00:00+00:00")
    unfinished(place / "going")
    (place / "broken").mkdir()
    (place / "broken" / "metrics.json").write_text("{")
    garbled = a_run(place / "garbled")
    (garbled / "metrics.json").write_text('{"steps": "\x1b[2J"}')
    (place / "notes").mkdir()
    (place / "notes" / "todo.txt").touch()
    return place


def rows_of(capsys, *words) -> list[dict]:
    assert main(["runs", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["runs"]


def test_every_run_is_a_row_in_whatever_state(folder, capsys):
    rows = {row["name"]: row for row in rows_of(capsys, folder)}
    assert {name: row["state"] for name, row in rows.items()} == {
        "best": "finished", "worse": "finished", "search/other": "finished", "going": "unfinished", "broken": "damaged",
        "garbled": "damaged",
    }  # fmt: skip
    assert "config.yaml" in rows["broken"]["reason"] and "illisible" in rows["garbled"]["reason"]
    going = rows["going"]
    assert (going["steps"], going["before"], going["after"], going["data"]) == (7, 6.0, 4.5, "faq") and going["date"]
    assert rows["best"]["tests"]["test"]["specialised"]["token_f1"] == 0.75
    assert rows["worse"]["stopped"] == "nan" and rows["worse"]["findings"] == ["not_finite"]


def test_only_runs_measured_on_the_same_are_ranked_together(folder, capsys):
    rows = runs_below(folder)
    by_name = {row.name: row for row in rows}
    assert by_name["best"].measured_on == by_name["worse"].measured_on != by_name["search/other"].measured_on
    assert sorted(groups(rows).values()) == ["A", "B"]
    names = [row["name"] for row in rows_of(capsys, folder, "--sort", "loss") if row["state"] == "finished"]
    assert names in (["best", "worse", "search/other"], ["search/other", "best", "worse"])  # not by 0.1, 0.5, 2.0
    assert main(["runs", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "lettre égale (A, B)" in shown and shown.count("★") == 1
    starred = next(line for line in shown.splitlines() if "★" in line)
    assert "best" in starred and "0,10 → 0,75" in starred.replace("\u00a0", " ")


def test_what_the_tokens_depend_on_makes_another_group(tmp_path):
    a_run(tmp_path / "a", measured_on="x")
    a_run(tmp_path / "b", measured_on="x", rate=1e-5)
    a_run(tmp_path / "c", measured_on="y")
    a_run(tmp_path / "d")
    a_run(tmp_path / "e", row_length=64)
    assert len(groups(runs_below(tmp_path))) == 4


ORDERS = {
    "date": ["worse", "best", "search/other"],
    "name": ["best", "search/other", "worse"],
    "test": ["best", "search/other", "worse"],
    "time": ["best", "search/other", "worse"],
}


@pytest.mark.parametrize("key", [*ORDERS, "loss", "gain", "steps"])
def test_each_order(key, folder, capsys):
    rows = rows_of(capsys, folder, "--sort", key)
    names = [row["name"] for row in rows if row["state"] == "finished"]
    assert names == ORDERS.get(key, names) and len(names) == 3
    assert {row["name"] for row in rows[-2:]} == {"broken", "garbled"}
    if key in ("loss", "gain"):
        assert names.index("best") < names.index("worse")


def test_side_by_side(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["runs", "best", "runs/worse", "going"]) == 0  # below `runs`, where they usually are
    shown = capsys.readouterr().out
    lines = [line for line in shown.splitlines() if line.startswith("│")]
    rate = next(line for line in lines if "fit.learning_rate" in line)
    assert "0.001" in rate and "0.0001" in rate and "fit.seed" not in shown
    after = next(line for line in lines if "après" in line)
    assert "0,500" in after and "2,000" in after and "4,500" in after
    assert "not_finite" in shown and "0,750" in shown
    assert main(["runs", "best", "worse", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differ"] == {"fit.learning_rate": [1e-3, 1e-4]}
    assert main(["runs", "best", "search/other"]) == 0
    assert "lettre égale" in capsys.readouterr().out
    assert main(["runs", "best"]) == 0 and "Mêmes réglages" in capsys.readouterr().out


def test_a_comparison_written_beside_the_run_is_found(tmp_path):
    run = a_run(tmp_path / "demo" / "run", tested=0.5)
    beside = tmp_path / "demo" / "comparison.json"
    (run / "comparison.json").rename(beside)
    os.utime(beside, (1, 1))  # as a copy may have it: what counts are the dates in the files
    (row,) = runs_below(tmp_path)
    assert row.name == "demo/run" and row.test() == 0.5 and row.test(side="generic") == 0.1
    a_run(tmp_path / "demo" / "second")  # another run beside it was not compared
    assert [row.test() for row in runs_below(tmp_path)] == [0.5, None]
    found = json.loads(beside.read_text())
    beside.write_text(json.dumps({**found, "date": "2026-11-19T10:05:00+00:00"}))  # of an earlier training of that name
    assert runs_below(tmp_path)[0].test() is None
    beside.rename(run / "comparison.json")
    assert runs_below(tmp_path)[0].test() == 0.5
    broken = json.loads((run / "comparison.json").read_text())
    (run / "comparison.json").write_text(json.dumps({**broken, "reference": "gone"}))
    assert runs_below(tmp_path)[0].test() == 0.5 and runs_below(tmp_path)[0].test(side="generic") is None
    (run / "comparison.json").write_text('{"format": 1, "comparisons": []}')  # of an earlier version
    assert runs_below(tmp_path)[0].test() is None and runs_below(tmp_path)[0].state == "finished"


def test_csv_has_the_settings_and_the_measures(folder, tmp_path):
    assert main(["runs", str(folder), "--csv", str(tmp_path / "runs.csv"), "--sort", "name"]) == 0
    table = list(csv.DictReader(io.StringIO((tmp_path / "runs.csv").read_text(encoding="utf-8"))))
    assert [row["name"] for row in table] == ["best", "going", "search/other", "worse", "broken", "garbled"]
    assert (table[0]["after"], table[0]["set.fit.learning_rate"], table[0]["test.token_f1"]) == ("0.5", "0.001", "0.75")
    assert table[3]["findings"] == "not_finite" and "\x1b" not in "".join(map(str, table))


def test_wrong_calls(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    assert main(["runs", str(tmp_path / "nowhere")]) == 2
    assert "ce dossier n'existe pas" in capsys.readouterr().err
    assert main(["runs", str(folder / "best"), str(folder / "notes")]) == 2
    assert "pas un dossier d'entraînement" in capsys.readouterr().err
    assert main(["runs", str(folder / "notes")]) == 0 and "Aucun entraînement" in capsys.readouterr().out


def test_it_is_told_without_control_characters_and_in_a_narrow_terminal_without_dates(folder, capsys, monkeypatch):
    config = (folder / "best" / "config.yaml").read_text()
    (folder / "best" / "config.yaml").write_text(config.replace("model: mini", 'model: "[red]\\e[2Jmini"'))
    assert main(["runs", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "[red][2Jmini" in shown and "Date" in shown and "Durée" in shown
    monkeypatch.setattr("app.output.Output.width", 80)
    assert main(["runs", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "Perte" in shown and "Date" not in shown and "Durée" not in shown


def test_it_loads_neither_keras_nor_tensorflow(folder):
    code = (
        "import sys; from app.main import main; status = main(sys.argv[1:])\n"
        "heavy = {'tensorflow', 'jax', 'keras', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy or status else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "runs", str(folder)], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert done.returncode == 0, done.stderr
