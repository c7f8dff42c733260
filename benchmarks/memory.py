"""Where the memory of a training goes, by method, with layers recomputed and without.

    python -m benchmarks.memory [--shape small|gpt2] [--methods full,lora] [--rows 8] [--length 256] [--steps 3] [--json]
    python -m benchmarks.memory --shape llama2_7b         int4 and LoRA at rows of 512 and 1,024 tokens; a GPU only
    python -m benchmarks.memory --shape llama_tiny        a check of the same script on a CPU: nothing to be quoted

Random weights of the named shape and the data set that comes with Causette. Each line is a process of its own that
makes the first steps of a training (`training.fit.rehearse`, what `--memory` measures too): bytes of the weights as
they lie in memory, of the optimizer's slots, the highest memory (the allocator's on a GPU, the process's on a CPU, of
which `start` was there before the model), and the fastest step after the first. Methods are those that `RunConfig`
knows. Llama's base is built narrow, as `qlora-int4` reads it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, get_args

from benchmarks.gpt2 import SIZE, random_gpt2
from benchmarks.lines import ROOT
from benchmarks.machine import answer, describe
from chatbot.errors import InputError, WorldError
from chatbot.language import number, tr
from training.config import RunConfig
from training.memory import in_words

GPT2 = {
    "small": {"layers": 6, "heads": 6, "width": 384},
    "gpt2": {key: SIZE[key] for key in ("layers", "heads", "width")},
}
LLAMA = {
    # Touvron et al. 2023, table 1 and the configuration published with Llama 2
    "llama2_7b": {"vocabulary_size": 32_000, "num_layers": 32, "num_query_heads": 32, "num_key_value_heads": 32,
                  "hidden_dim": 4096, "intermediate_dim": 11_008},
    "llama_tiny": {"vocabulary_size": 500, "num_layers": 2, "num_query_heads": 4, "num_key_value_heads": 4,
                   "hidden_dim": 64, "intermediate_dim": 128},
}  # fmt: skip
LENGTHS = (512, 1024)
SIXTEEN = 16e9


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All lines of the table.

    Raises:
        InputError: the 7B shape without a GPU, or a method that is not known.
        WorldError: a process failed.
    """
    if options.shape in LLAMA:
        jobs = [{"shape": options.shape, "length": n, "rows": 1, "steps": options.steps, "checkpointing": on}
                for n in LENGTHS for on in (False, True)]  # fmt: skip
        return {"shape": options.shape, "lines": [_line(job, "") for job in jobs]}
    known = get_args(RunConfig.model_fields["method"].annotation)
    methods = options.methods.split(",") if options.methods else list(known)
    if unknown := set(methods) - set(known):
        raise InputError(f"--methods: {', '.join(sorted(unknown))}? Known: {', '.join(known)}.")
    with tempfile.TemporaryDirectory() as folder:
        # A state after each step: then each is waited for, and its seconds are its own.
        fit = {
            "save_every": 1,
            "rows": options.rows,
            "row_length": options.length,
            "validation_dialogues": options.rows,
        }
        _line({"build": folder, "shape": options.shape, "context": max(256, options.length)}, folder)
        jobs = [{"method": method, "fit": {**fit, "checkpointing": on}, "steps": options.steps}
                for method in methods for on in (False, True)]  # fmt: skip
        lines = [_line(job, folder) for job in jobs]
    return {"shape": options.shape, "rows": options.rows, "length": options.length, "lines": lines}


def _line(job: dict[str, Any], folder: str) -> dict[str, Any]:
    """What a worker answers."""
    command = [sys.executable, "-m", "benchmarks.memory", "--worker", json.dumps({**job, "folder": folder})]
    environment = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 2:
        raise InputError(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        raise WorldError("\n".join(done.stderr.strip().splitlines()[-3:]))
    return {key: value for key, value in job.items() if key not in ("fit", "steps")} | json.loads(
        done.stdout.splitlines()[-1]
    )


def work(job: dict[str, Any]) -> dict[str, Any]:
    """The worker."""
    if "build" in job:
        return _build(job)
    return _llama(job) if job.get("shape") in LLAMA else _rehearsed(job)


def _build(job: dict[str, Any]) -> dict[str, Any]:
    """Writes a preset of random weights, and a prepared set."""
    import keras_hub

    from chatbot.model import load_model, save_preset
    from datasets_prep.prepare import PrepareConfig, prepare

    folder, tokenizer = Path(job["build"]), load_model("mini").tokenizer
    words = keras_hub.models.GPT2Tokenizer(vocabulary=tokenizer.vocabulary, merges=tokenizer.merges)
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(words, sequence_length=job["context"])
    vocabulary = SIZE["vocabulary"] if job["shape"] == "gpt2" else tokenizer.vocabulary_size
    backbone = random_gpt2(**GPT2[job["shape"]], vocabulary=vocabulary, context=job["context"])
    task = keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=preprocessor)
    save_preset(task, folder / "preset", {"template": "human_assistant"})
    prepare(PrepareConfig(sources=("embedded:cours",), out=folder / "data"))
    return {}


def _rehearsed(job: dict[str, Any]) -> dict[str, Any]:
    from training.config import validated
    from training.fit import rehearse
    from training.memory import peak, peak_bytes
    from training.recorder import Watcher

    seconds: list[float] = []

    class Clock(Watcher):
        def step(self, report: Any) -> None:
            seconds.append(report.seconds)

    import keras_hub  # noqa: F401  what is there before any model counts as `start`

    start, folder = peak_bytes(), Path(job["folder"])
    values = {"data": folder / "data", "out": folder / "run", "model": str(folder / "preset"), "method": job["method"]}
    config = validated({**values, "fit": job["fit"]}, "job")
    with tempfile.TemporaryDirectory() as inside:
        trainer = rehearse(config, Path(inside), watcher=Clock(), steps=job["steps"])
    found = peak()
    return {
        "checkpointing": job["fit"]["checkpointing"],
        **_sizes(trainer),
        "start": None if found.on_gpu else start,
        "peak": found.bytes,
        "step_seconds": min(seconds[1:] or seconds),
        "machine": describe(),
    }


def _sizes(trainer: Any) -> dict[str, int]:
    """Bytes of the weights and of the optimizer's slots, as they lie in memory."""
    slots = {id(variable) for variable in trainer.optimizer.variables}
    own = [variable for variable in trainer.variables if id(variable) not in slots]
    return {"weights": sum(map(_bytes, own)), "slots": sum(map(_bytes, trainer.optimizer.variables))}


def _bytes(variable: Any) -> int:
    import numpy as np

    return np.asarray(variable).nbytes


def _llama(job: dict[str, Any]) -> dict[str, Any]:
    """One row at a time of int4 and LoRA, every place learnt."""
    import keras
    import keras_hub
    import numpy as np

    from chatbot.adapter import prepare
    from chatbot.narrowing import narrowed_while_read
    from training.memory import peak
    from training.optimizer import make_optimizer
    from training.packed_lm import PackedCausalLM
    from training.precision import choose_checkpointing, choose_compilation, gpu_at_hand

    tiny = job["shape"] == "llama_tiny"
    if not tiny and not gpu_at_hand():
        raise InputError(
            tr("--shape llama2_7b : il faut un GPU, et il n'y en a pas ici. --shape llama_tiny vérifie le script.",
               "--shape llama2_7b: a GPU is needed, and none is here. --shape llama_tiny checks the script.")
        )  # fmt: skip
    compiled = choose_compilation()
    checkpointing = choose_checkpointing(job["checkpointing"], compiled)
    keras.utils.set_random_seed(1)
    # As a file of 7 billion weights is read: no kernel ever lies in memory as floats. (Here they stay zeros, which cost
    # what other values cost.)
    with narrowed_while_read("int4"):
        backbone = keras_hub.models.LlamaBackbone(**LLAMA[job["shape"]], dtype="mixed_bfloat16")
    prepare(backbone, "qlora-int4", rank=8, alpha=16, targets=("query", "value"))
    task = keras_hub.models.LlamaCausalLM(backbone=backbone, preprocessor=None)
    model = PackedCausalLM(task, checkpointing=checkpointing, dtype="mixed_bfloat16")
    optimizer = make_optimizer(model, weight_decay=0.0, clip_norm=1.0, accumulation=1)
    model.compile(optimizer=optimizer, jit_compile=compiled)
    optimizer.build(model.trainable_variables)
    optimizer.learning_rate = 1e-4
    built = peak()
    length, seconds = job["length"], []
    ids = np.random.default_rng(1).integers(1, LLAMA[job["shape"]]["vocabulary_size"], (1, length + 1)).astype("int32")
    place = np.arange(length, dtype="int32")[None]
    inputs = {"token_ids": ids[:, :-1], "positions": place, "segment_ids": np.ones_like(place)}
    for _ in range(job["steps"]):
        began = time.perf_counter()
        model.train_on_batch(inputs, ids[:, 1:], np.full((1, length), 1 / length, "float32"))
        seconds.append(time.perf_counter() - began)
    found, step = peak(), min(seconds[1:] or seconds)
    return {
        **_sizes(model),
        "start": built.bytes,
        "peak": found.bytes,
        "step_seconds": step,
        "tokens_per_second": length / step,
        "fits_16_gb": bool(found.bytes and found.bytes <= SIXTEEN) if found.on_gpu else None,
        "machine": describe(),
    }


def in_text(result: dict[str, Any]) -> str:
    """The table, for a terminal."""
    machine = result["lines"][0]["machine"]
    head = ["method / length", "recomputed", "weights", "slots", "start", "peak", "s/step"]
    rows = [
        [
            str(line.get("method", line.get("length"))),
            "yes" if line["checkpointing"] else "no",
            *(in_words(line[key]) if line[key] is not None else "-" for key in ("weights", "slots", "start", "peak")),
            number(line["step_seconds"], 2),
            *([f"{number(line['tokens_per_second'])} tokens/s"] if "tokens_per_second" in line else []),
            *([f"fits 16 GB: {line['fits_16_gb']}"] if line.get("fits_16_gb") is not None else []),
        ]
        for line in result["lines"]
    ]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, [*widths, 0, 0], strict=False)) for row in [head, *rows]
    ]
    return "\n".join([", ".join(f"{key} {value}" for key, value in machine.items()), *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=[*GPT2, *LLAMA], default="small")
    parser.add_argument("--methods", help="separated by commas; by default all that there are")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is None:
        answer(measure, in_text, options)
        return
    try:
        print(json.dumps(work(options.worker)))
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
