"""The same generator on JAX: run in a process of its own, because Keras has one backend per process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from chatbot.generation import Generator, Sampling
from chatbot.model import load_model
model = load_model(sys.argv[1])
generator = Generator(model.causal_lm, model.tokenizer.end_id, model.context)
print(list(generator.stream([5, 6, 7, 8], Sampling(max_new_tokens=12))))
print(list(generator.stream([5, 6, 7, 8], Sampling(max_new_tokens=12, temperature=1.2, top_p=0.9, seed=4))))
print(generator.generate_batch([[5, 6, 7, 8], [9, 10]], Sampling(max_new_tokens=12, repetition_penalty=1.5)))
"""


def run(backend: str, preset: Path) -> str:
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(preset)],
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
    assert run("jax", tiny_preset) == run("tensorflow", tiny_preset)
