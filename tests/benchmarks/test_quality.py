"""`benchmarks.quality`: float32 agrees with itself and with the training's own loss, narrower weights stay near it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_perplexity_of_float32_is_that_of_the_evaluation(tiny_preset, parcels):
    from chatbot.model import load_model
    from chatbot.sampling import Sampling
    from datasets_prep.prepared import PreparedSet
    from training.evaluation.asked import Asked
    from training.evaluation.evaluate import Evaluator
    from training.evaluation.measures import measures_of
    from training.evaluation.records import EvaluationSettings

    command = [
        sys.executable,
        "-m",
        "benchmarks.quality",
        "--data",
        parcels,
        "--model",
        tiny_preset,
        "--split",
        "train",
    ]
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    widths = json.loads(done.stdout)["widths"]
    assert widths["float32"]["agreement"] == 1 and widths["float32"]["divergence"] == pytest.approx(0, abs=1e-9)
    exact = widths["float32"]["perplexity"]
    for width in ("bfloat16", "int8"):
        assert widths[width]["perplexity"] == pytest.approx(exact, rel=0.05)
        assert 0 < widths[width]["divergence"] < 0.05
    dialogues = list(PreparedSet.open(parcels).split("train"))
    settings = EvaluationSettings(split="train", questions=1, scored=40, sampling=Sampling(max_new_tokens=2))
    evaluation = Evaluator(load_model(str(tiny_preset))).evaluate(Asked(dialogues, settings))
    assert exact == pytest.approx(measures_of(evaluation)["perplexity"].value, rel=1e-4)
