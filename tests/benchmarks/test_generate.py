"""`benchmarks.generate`, small: real sides answer alike, and a peer that is not installed is said not to be measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def result(tiny_preset):
    command = [sys.executable, "-m", "benchmarks.generate", "--model", str(tiny_preset), "--prompt", "30"]
    command += ["--tokens", "8", "--rounds", "2", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_same_weights_give_the_same_answers(result):
    assert result["same_answers"]["keras_hub"] and result["same_answers"]["unstreamed"]


def test_sixteen_chats_give_the_answers_of_one(result):
    chats = result["chats"]
    assert chats["same_answers"]
    assert chats["first"] > 0 and chats["between"] > 0 and result["ratios"]["sixteen_chats"] > 0


def test_ratios_are_of_measured_sides_alone(result):
    installed = set(result["sides"])
    assert {"float32", "bfloat16", "int8", "unstreamed", "keras_hub"} <= installed
    for name in ("keras_hub", "transformers_float32", "ctranslate2_float32", "ctranslate2_int8"):
        assert (result["ratios"][name] is not None) == (name in installed)
        assert (name in result["not_measured"]) == (name not in installed)
    low, high = result["spread"]["keras_hub"]
    assert 0 < low <= result["ratios"]["keras_hub"] <= high
    assert all(side["peak_mb"] > 0 for side in result["sides"].values()) or sys.platform == "win32"


def test_a_tokenizer_that_is_not_there_is_told(tmp_path):
    command = [sys.executable, "-m", "benchmarks.generate", "--tokenizer", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert "vocab.json" in done.stderr and "Traceback" not in done.stderr
