"""The worker of `benchmarks.gpu` that trains with Causette's own loop, on Keras and JAX."""

import itertools
import math
import time
from collections.abc import Iterator

from benchmarks.gpt2 import random_gpt2
from benchmarks.machine import describe, peak_bytes
from benchmarks.rounds import Answer, Job, serve, texts

POOL = 4  # batches that are trained on in turn


def prepare(job: Job):
    """Builds, compiles and warms up.

    Raises:
        SystemExit: there is no GPU, and the job is not the small one.
    """
    import jax

    from training.loop import Schedule, optimise
    from training.precision import choose_precision, device_name

    gpu = jax.devices()[0].platform == "gpu"
    if not gpu and not job["small"]:
        raise SystemExit("SystemExit: no GPU here")
    precision = choose_precision(job["precision"])
    began = time.perf_counter()
    model = _trainer(job, precision)
    batches = _batches(job)
    schedule = Schedule(peak=1e-4, warmup_steps=0, total_steps=1_000_000)

    def train(steps: int) -> Answer:
        began = time.perf_counter()
        taken = itertools.islice(batches, steps)
        reports = list(optimise(model, taken, schedule, looks_at=lambda step: step == steps))
        jax.block_until_ready([variable.value for variable in model.trainable_variables])
        return {
            "seconds": time.perf_counter() - began,
            "tokens": sum(report.tokens for report in reports),
            "loss": reports[-1].loss,
            **_peak(),
        }

    train(3)
    about = {
        "machine": describe(),
        "device": device_name(),
        "gpu": gpu,
        "precision": precision,
        "seconds_to_start": time.perf_counter() - began,
        "trained_parameters": sum(math.prod(variable.shape) for variable in model.trainable_variables),
        "matrix_products": _matrix_products(precision, 8192 if gpu else 1024),
    }
    return about, lambda: train(job["steps"])


def _trainer(job: Job, precision: str):
    import keras
    import keras_hub

    from chatbot.adapter import add_lora
    from training.optimizer import make_optimizer
    from training.packed_lm import PackedCausalLM

    keras.utils.set_random_seed(job["seed"])
    shape = {"layers": job["layers"], "heads": job["heads"], "width": job["hidden"], "vocabulary": job["vocabulary"]}
    backbone = random_gpt2(**shape, context=job["length"], dtype=precision)
    if job["rank"]:
        add_lora(backbone, rank=job["rank"], alpha=2 * job["rank"], targets=("query", "value"))
    causal_lm = keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=None)
    model = PackedCausalLM(causal_lm, dtype=causal_lm.dtype_policy)
    model.compile(optimizer=make_optimizer(model, weight_decay=0.01, clip_norm=1.0, accumulation=1), jit_compile=True)
    model.optimizer.build(model.trainable_variables)
    return model


def _batches(job: Job) -> Iterator[list]:
    """Packed batches without end, made anew at each step, as in a training."""
    import numpy as np

    from training.packing import Encoded, PackedRows

    encoded = [
        Encoded(id=str(number), ids=ids, trainable=np.ones(len(ids), bool))
        for number, ids in enumerate(texts(job, job["rows"] * POOL))
    ]
    rows = PackedRows.of(encoded, job["length"])
    for step in itertools.count():
        first = step % POOL * job["rows"]
        yield [rows.batch(np.arange(first, first + job["rows"]), job["rows"])]


def _peak() -> Answer:
    """Bytes that JAX held on the GPU at its highest; on a CPU it does not count, and the process is measured."""
    import jax

    stats = jax.devices()[0].memory_stats()
    if stats:
        return {"peak_memory": stats["peak_bytes_in_use"], "memory_of": "allocator"}
    return {"peak_memory": peak_bytes(), "memory_of": "process"}


def _matrix_products(precision: str, size: int, repeats: int = 5) -> float:
    """Operations per second of square matrix products in the precision's half type: what this chip gives here."""
    import jax
    import jax.numpy as jnp

    matrix = jnp.ones((size, size), precision.removeprefix("mixed_"))
    product = jax.jit(jnp.matmul)
    product(matrix, matrix).block_until_ready()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        product(matrix, matrix).block_until_ready()
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times)


if __name__ == "__main__":
    serve(prepare)
