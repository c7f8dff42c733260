"""What each choice of the training engine is worth: one optimizer step with it and without it, in turn.

    python -m benchmarks.step [--model gpt2|mini] [--rows 1] [--length 1024] [--trained 0.92] [--rounds 3] [--json]

Random weights and ids of the real shapes; dialogues of 320 tokens in a row. Variants, all but `ours` differing from it in
one thing: `keras_attention` (the layers' own attention), `kept` (activations and normalisations are kept for the
gradient, not computed again), `whole_head` (every place meets the vocabulary), `dropout` (0.1, as GPT-2 was
pre-trained; its layers then keep their own attention as well), `other_compilation` (with XLA where `fit.compile: auto`
does without it, and the reverse). The ratio says how many times longer a step is than ours.
"""

import argparse
import contextlib
import json
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.gpt2 import SIZE, random_gpt2
from benchmarks.machine import describe

SHAPES = {"gpt2": SIZE, "mini": {"layers": 4, "heads": 6, "width": 384, "vocabulary": 16_000}}
DIALOGUE = 320  # tokens; MedQuAD's mean after the cut at 1,024 is 288
VARIANTS = ("ours", "keras_attention", "kept", "whole_head", "dropout", "other_compilation")


def batch(rows: int, length: int, vocabulary: int, trained: float) -> tuple[dict[str, np.ndarray], ...]:
    """Inputs, targets and weights of one step; `trained` is the share of places that are learnt."""
    random = np.random.default_rng(0)
    place = np.tile(np.arange(length, dtype="int32"), (rows, 1))
    ids = random.integers(0, vocabulary, (rows, length + 1)).astype("int32")
    inputs = {"token_ids": ids[:, :-1], "positions": place % DIALOGUE, "segment_ids": 1 + place // DIALOGUE}
    weights = (place % DIALOGUE >= round((1 - trained) * DIALOGUE)).astype("float32")
    return inputs, ids[:, 1:], weights / weights.sum()


def step_of(variant: str, shape: dict[str, int], data: Any, compiled: bool) -> Callable[[], float]:
    """A step; calling it makes one and returns its seconds. The first call traces and compiles."""
    import keras_hub

    from training import packed_lm
    from training.optimizer import make_optimizer

    backbone = random_gpt2(**shape, context=1024, dropout=0.1 if variant == "dropout" else 0.0)
    task = keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=None)
    places = None if variant == "whole_head" else int(np.count_nonzero(data[2]))
    model = packed_lm.PackedCausalLM(task, places=places)
    optimizer = make_optimizer(model, weight_decay=0.01, clip_norm=1.0, accumulation=1)
    model.compile(optimizer=optimizer, jit_compile=compiled != (variant == "other_compilation"))
    optimizer.learning_rate = 1e-6
    own = {"keras_attention": "attention_in_blocks", "kept": "cheap_parts_recomputed"}.get(variant)

    def run() -> float:
        with mock.patch.object(packed_lm, own, contextlib.nullcontext) if own else contextlib.nullcontext():
            began = time.perf_counter()
            model.train_on_batch(*data)
            return time.perf_counter() - began

    return run


def measure(options: argparse.Namespace) -> dict[str, Any]:
    from training.precision import choose_compilation

    shape = SHAPES[options.model]
    data = batch(options.rows, options.length, shape["vocabulary"], options.trained)
    compiled = choose_compilation()
    steps = {variant: step_of(variant, shape, data, compiled) for variant in VARIANTS}
    first = {variant: step() for variant, step in steps.items()}
    rounds = [{variant: step() for variant, step in steps.items()} for _ in range(options.rounds)]
    gains = {variant: sorted(each[variant] / each["ours"] for each in rounds) for variant in VARIANTS[1:]}
    return {
        "machine": describe(),
        "settings": {**{key: vars(options)[key] for key in ("model", "rows", "length", "trained")}, "xla": compiled},
        "tokens_per_second": options.rows * options.length / min(each["ours"] for each in rounds),
        "seconds": {variant: [each[variant] for each in rounds] for variant in VARIANTS},
        "first_step_seconds": first,
        "ratios": {variant: statistics.median(ratios) for variant, ratios in gains.items()},
        "spread": {variant: [ratios[0], ratios[-1]] for variant, ratios in gains.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=SHAPES, default="gpt2")
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--trained", type=float, default=0.92, help="share of places that are learnt (MedQuAD: 0.92)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    print(json.dumps(measure(options), indent=None if options.json else 2))


if __name__ == "__main__":
    main()
