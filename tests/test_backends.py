"""The same generator and the same training on JAX: in processes of their own, because Keras has one backend in each."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

GENERATE = """
import sys
from chatbot.generation import Generator
from chatbot.sampling import Sampling
from chatbot.model import load_model
model = load_model(sys.argv[1])
generator = Generator(model.causal_lm, model.tokenizer.end_id, model.context)
print(list(generator.stream([5, 6, 7, 8], Sampling(max_new_tokens=12))))
print(list(generator.stream([5, 6, 7, 8], Sampling(max_new_tokens=12, temperature=1.2, top_p=0.9, seed=4))))
print(generator.generate_batch([[5, 6, 7, 8], [9, 10]], Sampling(max_new_tokens=12, repetition_penalty=1.5)))
"""


TRAIN = """
import sys
import numpy as np
from chatbot.model import load_model
from training.loop import Schedule, optimise
from training.optimizer import make_optimizer
from training.packed_lm import PackedCausalLM
from training.packing import Encoded, PackedRows
from training.precision import choose_compilation
random = np.random.default_rng(0)
rows = PackedRows.of(
    [Encoded(id=str(i), ids=random.integers(1, 60, 24).astype("int32"), trainable=np.arange(24) >= 6) for i in range(9)], 64
)
model = PackedCausalLM(load_model(sys.argv[1], dtype="float32").causal_lm, places=rows.most_trained(2))
optimizer = make_optimizer(model, weight_decay=0.01, clip_norm=1.0, accumulation=1)
model.compile(optimizer=optimizer, jit_compile=choose_compilation())
schedule = Schedule(peak=1e-2, warmup_steps=1, total_steps=8)
for report in optimise(model, rows.steps(2, 1, 0, 0, 8), schedule):
    print(report.loss)
"""


def run(script: str, backend: str, *arguments: Path | str) -> str:
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_jax_writes_the_same_tokens_as_tensorflow(tiny_preset):
    pytest.importorskip("jax")
    assert run(GENERATE, "jax", tiny_preset) == run(GENERATE, "tensorflow", tiny_preset)


def test_jax_learns_as_tensorflow_does(tiny_preset):
    pytest.importorskip("jax")
    losses, others = (np.array(run(TRAIN, backend, tiny_preset).split(), float) for backend in ("jax", "tensorflow"))
    assert len(losses) == 8 and losses[-1] < losses[0]
    np.testing.assert_allclose(losses, others, rtol=1e-3)  # rounding only, after eight updates
