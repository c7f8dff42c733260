"""The GPU benchmark: its count of operations, and the whole script in its small form on a CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.flops import Shape, peak_of, per_token

ROOT = Path(__file__).resolve().parents[2]
TINY = Shape(layers=2, hidden=4, heads=2, vocabulary=10)


def test_operations_are_those_counted_by_hand():
    """Each layer: query, key, value, output 4×4, feed-forward 4×16 and 16×4; the head 10×4."""
    layer = 4 * 16 + 64 + 64
    kernels = 2 * layer + 40
    assert TINY.kernels == kernels == 424
    # Forward, each of 2 layers: 6 places × 4 columns, multiplied and added, for scores and again for values.
    attention = 2 * (2 * 6 * 4 + 2 * 6 * 4)
    assert per_token(TINY, 6) == 3 * (2 * kernels + attention) == 3120
    # LoRA of rank 3: (4, 3) and (3, 4) beside the query and the value of 2 layers.
    adapter = 2 * 2 * (12 + 12)
    assert TINY.adapter(3) == adapter
    assert per_token(TINY, 6, rank=3) == (2 + 2) * kernels + 6 * adapter + 3 * attention == 2848


def test_gpt2_takes_its_known_number_of_operations():
    assert Shape().kernels == pytest.approx(124e6, rel=0.01)
    assert per_token(Shape(), 1024) == pytest.approx(0.855e9, rel=0.01)


@pytest.mark.parametrize(
    ("device", "precision", "peak"),
    [
        ("NVIDIA H200", "mixed_bfloat16", 989e12),
        ("NVIDIA H100 80GB HBM3", "mixed_bfloat16", 989e12),
        ("NVIDIA H100 PCIe", "mixed_bfloat16", 756e12),
        ("NVIDIA A100-SXM4-40GB", "mixed_bfloat16", 312e12),
        ("NVIDIA L4", "mixed_bfloat16", 121e12),
        ("NVIDIA L40S", "mixed_bfloat16", 362e12),
        ("Tesla T4", "mixed_float16", 65e12),
        ("Tesla V100-SXM2-16GB", "mixed_float16", 125e12),
        ("Tesla T4", "mixed_bfloat16", None),  # it has no units for it
        ("NVIDIA H200", "float32", None),
        ("NVIDIA H200 MIG 1g.18gb", "mixed_bfloat16", None),  # a seventh of the chip
        ("NVIDIA T400", "mixed_float16", None),
        ("NVIDIA GeForce GTX 1650", "mixed_float16", None),
    ],
)
def test_peaks_of_chips(device, precision, peak):
    assert peak_of(device, precision) == peak


def run(*words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmarks.gpu", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False, timeout=600)


@pytest.fixture(scope="module")
def small():
    """The small form, packed; the peer is another Python if CAUSETTE_PEER_PYTHON names one, else one without torch."""
    pytest.importorskip("jax")
    peer = os.environ.get("CAUSETTE_PEER_PYTHON", sys.executable)
    done = run("--small", "--method", "lora", "--documents", "3", "--rounds", "2", "--json", "--peer-python", peer)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_small_form_measures_ours_and_calls_itself_a_check(small):
    ours = small["methods"]["lora"]["causette"]
    assert "nothing here is a measurement" in small["note"]
    assert 0 < ours["spread"][0] <= ours["tokens_per_second"] <= ours["spread"][1]
    assert ours["peak_memory"] > 1e8 and ours["memory_of"] == "process"
    assert small["methods"]["lora"]["peak_source"].startswith("measured")
    cost = per_token(Shape(layers=2, hidden=64, heads=2, vocabulary=512), 128 // 3, rank=16)
    peak = small["methods"]["lora"]["peak_flops"]
    assert ours["mfu"] == pytest.approx(ours["tokens_per_second"] * cost / peak)
    # Keras adapts a kernel (hidden, heads, head) by (hidden, heads, rank) and (rank, head), for query and value.
    assert ours["trained_parameters"] == 2 * 2 * (64 * 2 * 16 + 16 * 32)
    assert ours["loss"] == pytest.approx(6.2, abs=0.3)  # log(512): random texts cannot be learnt
    assert small["machine"]["jax"] and "cores" in small["machine"]


def test_the_peer_is_measured_or_said_not_to_be(small):
    peer, ratio = small["methods"]["lora"]["torch"], small["ratios"]["lora"]
    if "not_measured" in peer:
        assert "torch" in peer["not_measured"] and ratio is None and small["spread"]["lora"] is None
    else:
        assert ratio == pytest.approx(small["methods"]["lora"]["ratio"]) and peer["torch"]
        assert peer["trained_parameters"] == Shape(layers=2, hidden=64).adapter(16)
        assert peer["loss"] == pytest.approx(small["methods"]["lora"]["causette"]["loss"], abs=0.3)


def test_wrong_calls_are_told():
    done = run("--method", "ful")
    assert done.returncode == 2 and "neither full nor lora" in done.stderr
    assert run("--documents", "0", "--small").returncode == 2


def test_without_a_gpu_the_full_size_is_refused():
    pytest.importorskip("jax")
    import jax

    if jax.default_backend() == "gpu":
        pytest.skip("there is a GPU here")
    done = run("--method", "full")
    assert done.returncode == 1 and done.stderr.count("\n") == 2 and "--small" in done.stderr
