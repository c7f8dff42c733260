"""`benchmarks.evaluate` in small: both ways give the same answers, and every stage has its time."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_cost_of_an_evaluation_is_measured(tiny_preset, parcels):

    command = [
        sys.executable,
        "-m",
        "benchmarks.evaluate",
        "--data",
        parcels,
        "--model",
        tiny_preset,
        "--split",
        "train",
    ]
    done = subprocess.run(
        [*command, "--questions", "6", "--alone", "4", "--rounds", "2", "--json"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["settings"]["questions"] == 6 and len(found["seconds_per_question"]) == 2
    assert set(found["seconds"]) == {"evaluate_first", "evaluate_again", "intervals"}
    assert all(
        one["alone"] > 0 and one["ratio"] == one["alone"] / one["batched"] for one in found["seconds_per_question"]
    )
