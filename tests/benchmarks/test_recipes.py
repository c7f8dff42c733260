"""What a recipe takes: the figures come from the run that was made, and a short one is extrapolated to the whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """
model: {preset}
fit:
  epochs: 4
  rows: 2
  learning_rate: 0.01
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    from datasets_prep.prepare import PrepareConfig, prepare

    folder = tmp_path_factory.mktemp("recipes")
    rows = "\n".join(f"Où est le colis numéro {n} ?;Le colis {n} part du dépôt {n % 7} ce soir." for n in range(60))
    (folder / "colis.csv").write_text(f"question;answer\n{rows}\n", encoding="utf-8")
    sources = (str(folder / "colis.csv"),)
    return prepare(PrepareConfig(sources=sources, out=folder / "colis", near_question=1.0, near_answer=1.0))


def test_a_short_run_is_extrapolated(prepared, tiny_preset, tmp_path):
    recipe = tmp_path / "essai.yaml"
    recipe.write_text(RECIPE.format(preset=tiny_preset), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "benchmarks.recipes",
        "--recipe",
        recipe,
        "--data",
        prepared,
        "--steps",
        "3",
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result["steps_made"] == 3 and result["steps_of_the_recipe"] % 4 == 0
    assert result["steps_of_the_recipe"] > 3
    assert result["worked_out_seconds"] == pytest.approx(result["steps_of_the_recipe"] * result["seconds_per_step"])
    assert result["loss_after"] < result["loss_before"]
    # A tiny model's step, once traced, is far shorter than the start; and answers are less than all that fits in a step.
    assert 0 < 20 * result["seconds_per_step"] < result["seconds_in_all"]
    assert result["response_tokens_per_second"] * result["seconds_per_step"] < 2 * 64


def test_fewer_steps_than_tell_anything_are_refused(prepared):
    command = [sys.executable, "-m", "benchmarks.recipes", "--recipe", "petit", "--data", prepared, "--steps", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "3 or more" in done.stderr
