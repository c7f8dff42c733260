"""What a recipe takes on this machine: time, peak memory, loss before and after. The guide's table is made with it.

    python -m benchmarks.recipes --recipe petit --data data/faq [--json]
    python -m benchmarks.recipes --recipe gpt2 --data data/medquad --steps 3 --random-gpt2 gpt2_tokenizer [--json]

Runs `causette train` in a process of its own, into a folder that is thrown away. With `--steps` the training ends after
so many optimizer steps, and the whole of it is worked out from the median one, loading and validations left out.
`--random-gpt2` takes GPT-2 124M with random weights and the tokenizer of a folder with GPT-2's vocab.json and
merges.txt: it costs what the real one costs, and its loss says nothing.
"""

import argparse
import csv
import json
import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.gpt2 import random_gpt2_preset
from benchmarks.machine import describe
from benchmarks.watched import Failed, watched

WHILE_SHORT = 8  # dialogues of validation in a training that is cut short


def main() -> None:
    options = parser().parse_args()
    try:
        result = measure(options)
    except Failed as error:
        sys.exit(f"{options.recipe}: {error}")
    print(json.dumps(result, indent=None if options.json else 2))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--recipe", required=True)
    made.add_argument("--data", type=Path, required=True, help="a prepared set")
    made.add_argument("--steps", type=_three_or_more, help="end after so many optimizer steps, 3 or more")
    made.add_argument("--random-gpt2", type=Path, metavar="TOKENIZER", help="take GPT-2 124M with random weights")
    made.add_argument("--json", action="store_true", help="on one line")
    return made


def _three_or_more(text: str) -> int:
    if (steps := int(text)) < 3:
        raise argparse.ArgumentTypeError("3 or more: the first one traces the graph")
    return steps


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Trains, and reads the run folder.

    Raises:
        Failed: the training did.
    """
    from training.config import load_config

    recipe = load_config(options.recipe, {"data": options.data, "out": "unused"})
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "app", "train"]
        command += ["--recipe", options.recipe, "--data", options.data, "--out", out]
        if options.random_gpt2:
            command += ["--model", random_gpt2_preset(options.random_gpt2, Path(folder) / "gpt2")]
        if options.steps:
            short = {"max_steps": options.steps, "validation_dialogues": WHILE_SHORT, "evaluate_every": 1}
            command += [word for key, value in short.items() for word in ("--set", f"fit.{key}={value}")]
        run = watched(command)
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
        with (out / "history.csv").open(encoding="utf-8", newline="") as file:
            rows = [(int(row["step"]), float(row["seconds"])) for row in csv.DictReader(file)]
    # The first row is left out: its first step traces the graph.
    paces = [(after - before) / (end - start) for (start, before), (end, after) in pairwise(rows)]
    pace = statistics.median(paces) if paces else rows[-1][1] / rows[-1][0]
    steps = round(metrics["steps"] / metrics["epochs"]) * recipe.fit.epochs
    return {
        "machine": describe(),
        "recipe": options.recipe,
        "data": options.data.name,
        "weights": "random" if options.random_gpt2 else recipe.model,
        "steps_made": metrics["steps"],
        "steps_of_the_recipe": steps,
        "seconds_per_step": pace,
        "response_tokens_per_second": metrics["trained_tokens"] / metrics["steps"] / pace,
        "seconds_in_all": run.seconds,
        "worked_out_seconds": steps * pace if options.steps else None,
        "peak_mb": run.peak_mb,
        "loss_before": metrics["validation_loss_before"],
        "loss_after": metrics["validation_loss_after"],
        "precision": metrics["precision"],
    }


if __name__ == "__main__":
    main()
