"""Tokens per second of our generator against KerasHub's own `generate`, same weights, same prompt, greedy.

    python -m benchmarks.generate [--model mini] [--tokens 100] [--rounds 5] [--json]

Both sides run in turn in one process, after one run each to compile; the ratio is taken round by round.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.machine import describe
from chatbot.generation import Generator
from chatbot.model import load_model
from chatbot.sampling import Sampling


def keras_hub_run(causal_lm, prompt: list[int], new: int) -> Callable[[], int]:
    """KerasHub's `generate` from ids to ids, without a stop token, so that every run writes as much."""
    causal_lm.compile(sampler="greedy")
    causal_lm.preprocessor = None
    length = len(prompt) + new
    ids, mask = np.zeros((1, length), "int32"), np.zeros((1, length), "int32")
    ids[0, : len(prompt)], mask[0, : len(prompt)] = prompt, 1

    def run() -> int:
        causal_lm.generate({"token_ids": ids, "padding_mask": mask}, stop_token_ids=None)
        return new

    return run


def our_run(causal_lm, prompt: list[int], new: int) -> Callable[[], int]:
    """Our stream, with an end token that no vocabulary has."""
    generator = Generator(causal_lm, end_id=-1, limit=causal_lm.backbone.max_sequence_length)
    sampling = Sampling(max_new_tokens=new)
    return lambda: sum(1 for _ in generator.stream(prompt, sampling))


def speed(run: Callable[[], int]) -> float:
    began = time.perf_counter()
    return run() / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mini")
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = load_model(options.model)
    prompt = model.tokenizer.encode("Bonjour, où en est ma commande ? Elle devait arriver hier.")
    sides = {
        "causette": our_run(model.causal_lm, prompt, options.tokens),
        "keras_hub": keras_hub_run(model.causal_lm, prompt, options.tokens),
    }
    for run in sides.values():
        run()
    rounds = [{name: speed(run) for name, run in sides.items()} for _ in range(options.rounds)]
    ratios = sorted(each["causette"] / each["keras_hub"] for each in rounds)
    result = {
        "machine": describe(),
        "model": options.model,
        "tokens": options.tokens,
        "tokens_per_second": {name: statistics.median(each[name] for each in rounds) for name in sides},
        "ratios": {"keras_hub": statistics.median(ratios)},
        "spread": {"keras_hub": [ratios[0], ratios[-1]]},
    }
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
