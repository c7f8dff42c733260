"""What an evaluation costs: answers in batches beside one question at a time, and the time of each stage.

    python -m benchmarks.evaluate --data data/medquad [--model mini] [--questions 300] [--rounds 3] [--json]

Each round asks the same questions both ways, in turn, in one process; `ratio` is the time one at a time over the time in
batches, of each round and their median. One at a time is asked of the first `--alone` questions only, and both times are
per question. The stages are those of `causette evaluate`: the answers with their measures, what the expected answers cost,
and the intervals.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.machine import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a prepared set")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", default="mini", help="what `causette evaluate` takes")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--alone", type=int, default=40, help="questions that are asked one at a time, too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    options = parser.parse_args()
    print(json.dumps(measure(options), indent=None if options.json else 2))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    from chatbot.model import load_model
    from datasets_prep.prepared import PreparedSet
    from training.evaluation.asked import Asked, Training
    from training.evaluation.evaluate import Evaluator
    from training.evaluation.measures import measures_of
    from training.evaluation.records import EvaluationSettings

    data = PreparedSet.open(options.data)
    dialogues, training = list(data.split(options.split)), Training(list(data.split("train")))
    settings = EvaluationSettings(split=options.split, questions=options.questions)
    evaluator = Evaluator(load_model(options.model))
    asked = Asked(dialogues, settings, training)
    whole, evaluation = timed(lambda: evaluator.evaluate(asked))  # compiles, and builds the indexes
    stages = {"evaluate_first": whole}
    stages["evaluate_again"], evaluation = timed(lambda: evaluator.evaluate(asked))
    stages["intervals"], _ = timed(lambda: measures_of(evaluation))

    alone = replace(settings, questions=options.alone, batch=1)
    together = replace(settings, questions=options.alone)
    rounds = []
    for _ in range(options.rounds):
        seconds, answers = timed(lambda: evaluator.answer(dialogues, alone))
        batched, same = timed(lambda: evaluator.answer(dialogues, together))
        if {one.id: one.answer for one in answers} != {one.id: one.answer for one in same}:
            raise SystemExit("the answers in batches are not those one at a time")
        count = len(answers)
        rounds.append({"alone": seconds / count, "batched": batched / count, "ratio": seconds / batched})
    return {
        "machine": describe(),
        "settings": {
            "model": options.model,
            "data": options.data.name,
            "split": options.split,
            "questions": len(evaluation.answers),
        },
        "seconds": stages,
        "seconds_per_question": rounds,
        "ratio": statistics.median(one["ratio"] for one in rounds),
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that some work took, and what it gave."""
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value


if __name__ == "__main__":
    main()
