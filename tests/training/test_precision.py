"""Arithmetic and compilation are chosen by the device; what the user asks for wins."""

import os
import subprocess
import sys

import pytest

from training.precision import choose_compilation, choose_precision, device_name


@pytest.mark.parametrize(("backend", "compiled"), [("tensorflow", False), ("jax", True)])
def test_a_processor_compiles_with_jax_only(backend, compiled):
    environment = {**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    code = "from training.precision import choose_compilation as c; print(c(), c(True), c(False))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(compiled), "True", "False"]


def test_what_is_asked_for_is_kept():
    assert choose_precision("mixed_float16") == "mixed_float16"
    assert choose_compilation(True) is True


@pytest.mark.parametrize(
    ("device", "capability", "chosen"),
    [
        ("NVIDIA A100", (8, 0), "mixed_bfloat16"),
        ("NVIDIA H200", (9, 0), "mixed_bfloat16"),
        ("Tesla T4", (7, 5), "mixed_float16"),
        ("Tesla V100", (7, 0), "mixed_float16"),
    ],
)
def test_half_precision_on_a_gpu_is_what_it_computes_fast(monkeypatch, device, capability, chosen):
    monkeypatch.setattr("training.precision._gpu", lambda: (device, capability))
    assert choose_precision() == chosen
    assert choose_precision("float32") == "float32"
    assert choose_compilation() is True


@pytest.mark.skipif(not device_name().startswith("CPU"), reason="this machine has a GPU")
def test_half_precision_on_a_processor_needs_units_and_a_measured_gain(monkeypatch):
    monkeypatch.setattr("training.precision._cpu_has_bfloat16", lambda: True)
    monkeypatch.setattr("training.precision._bfloat16_gain", lambda: 1.9)
    assert choose_precision() == "float32"
    monkeypatch.setattr("training.precision._bfloat16_gain", lambda: 2.1)
    assert choose_precision() == "mixed_bfloat16"
    monkeypatch.setattr("training.precision._cpu_has_bfloat16", lambda: False)
    assert choose_precision() == "float32"
