"""Memory: layers computed twice have the same gradients, `memory` chooses by measurement, and its end is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from chatbot.adapter import add_lora
from chatbot.errors import InputError, WorldError
from chatbot.model import load_model, weights_fingerprint
from tests.conftest import build_tiny
from tests.training.test_fit import config_of, data, interrupted  # noqa: F401
from tests.training.test_packed_lm import some_dialogues
from training.config import RunConfig, validated
from training.dry_run import Settings, Trial, fitting
from training.fit import train
from training.memory import bytes_of, in_words, peak_bytes
from training.optimizer import make_optimizer
from training.out_of_memory import is_out_of_memory, smaller_rows
from training.packed_lm import PackedCausalLM
from training.packing import PackedRows
from training.recorder import Watcher
from training.runs import working_folder
from training.state import Backup

ROOT = Path(__file__).resolve().parents[2]


def trained(tokenizer, *, checkpointing, dropout=0.0, lora=False, dtype="float32", xla=False, steps=2):
    """Trainable variables, seeds and losses after some steps on the same rows."""
    causal_lm = build_tiny(tokenizer, seed=3, dropout=dropout, dtype=dtype)
    if lora:
        add_lora(causal_lm.backbone, rank=4, alpha=8, targets=("query", "value"))
    model = PackedCausalLM(causal_lm, checkpointing=checkpointing, dtype=causal_lm.dtype_policy)
    optimizer = make_optimizer(model, weight_decay=0.01, clip_norm=1.0, accumulation=1)
    model.compile(optimizer=optimizer, jit_compile=xla or keras.backend.backend() == "jax")
    optimizer.build(model.trainable_variables)
    optimizer.learning_rate = 1e-3
    (batch, *_) = PackedRows.of(list(some_dialogues(tokenizer.vocabulary_size)), 64).batches(2)
    losses = [
        float(model.train_on_batch(batch.inputs, batch.targets, batch.weights / batch.weights.sum()))
        for _ in range(steps)
    ]
    # A gradient lost on the way would leave them at zero. Adam's first moments are the gradients, times a number: what weights hide behind their size shows in them.
    moments = [np.array(v) for v in optimizer.variables if "momentum" in v.path or v.path.endswith("_m")]
    seeds = [np.array(v) for v in model.variables if "seed_generator_state" in v.path]
    assert moments
    return losses, moments, [np.array(v, "float32") for v in model.trainable_variables], seeds


@pytest.mark.parametrize(
    "kind",
    [{}, {"dropout": 0.3}, {"lora": True, "dropout": 0.3}, {"dtype": "mixed_bfloat16"}, {"dropout": 0.3, "xla": True}],
    ids=["plain", "dropout", "lora", "bfloat16", "xla"],
)
def test_layers_computed_twice_train_the_same(tiny_tokenizer, kind):
    kept, twice = (trained(tiny_tokenizer, checkpointing=on, **kind) for on in (False, True))
    assert twice[0] == pytest.approx(kept[0], rel=1e-3 if "dtype" in kind else 1e-4)
    largest = max(np.abs(each).max() for each in kept[1])
    tolerance = 5e-2 if "dtype" in kind else 1e-3
    for left, right in zip(kept[1], twice[1], strict=True):
        scale = np.linalg.norm(left)
        if (
            scale > (3e-3 if "dtype" in kind else 1e-5) * largest
        ):  # but a key's bias: softmax does not see it, and its gradient is rounding alone
            assert np.linalg.norm(left - right) < tolerance * scale
    for left, right in zip(kept[2], twice[2], strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=4.1e-3)  # two steps of Adam, whatever the sign
    assert all(np.array_equal(left, right) for left, right in zip(kept[3], twice[3], strict=True))
    assert bool(kept[3]) == ("dropout" in kind)


def test_on_jax_too():
    """In a process of its own: the backend is chosen once."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", __file__,
         "-k", "train_the_same and (dropout or lora) and not xla"],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "2 passed" in done.stdout


PEAK = """
import sys
import numpy as np, keras, keras_hub
from benchmarks.gpt2 import random_gpt2
from training.memory import peak_bytes
from training.optimizer import make_optimizer
from training.packed_lm import PackedCausalLM
backbone = random_gpt2(layers=8, heads=2, width=128, vocabulary=300, context=128)
model = PackedCausalLM(keras_hub.models.GPT2CausalLM(backbone=backbone), checkpointing=sys.argv[1] == "on")
model.compile(optimizer=make_optimizer(model, weight_decay=0, clip_norm=1.0, accumulation=1), jit_compile=False)
rows = int(sys.argv[2])
ids, places = np.ones((rows, 128), "int32"), np.tile(np.arange(128, dtype="int32"), (rows, 1))
inputs = {"token_ids": ids, "positions": places, "segment_ids": ids}
model.train_on_batch(inputs, ids, np.full(ids.shape, 1 / ids.size, "float32"))
print(peak_bytes())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks of processes are read as Linux tells them")
def test_layers_computed_twice_take_less_memory():
    def peak_of(*words):
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *words], capture_output=True, text=True, check=True, cwd=ROOT
        )
        return int(done.stdout)

    assert peak_of("on", "48") < peak_of("off", "48") - 80e6


def test_it_is_refused_where_it_saves_nothing(data, tiny_preset, tmp_path):  # noqa: F811
    with pytest.raises(InputError, match=r"fit\.checkpointing.*sans effet"):
        train(config_of(data, tmp_path / "x", tiny_preset, checkpointing=True, compile=True))


def test_a_resumed_training_may_recompute_its_layers(data, tiny_preset, tmp_path):  # noqa: F811
    config = config_of(data, tmp_path / "run", tiny_preset)
    interrupted(config)
    resumed = train(config_of(data, tmp_path / "run", tiny_preset, checkpointing=True), resume=True)
    whole = train(config_of(data, tmp_path / "whole", tiny_preset))
    assert resumed.config.fit.checkpointing is True
    losses = [[row.validation_loss for row in run.history] for run in (resumed, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.parametrize(
    ("text", "size"),
    [("15GB", 15e9), ("15 Go", 15e9), ("12000MB", 12e9), ("12GiB", 12 * 2**30), ("1,5 to", 1.5e12), ("512 Mio", 2**29)],
)
def test_sizes_are_read(text, size):
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["15", "GB", "0GB", "-1GB", "15 Gb/s", "beaucoup", "1.2.3GB"])
def test_other_sizes_are_refused(text, data, tmp_path):  # noqa: F811
    with pytest.raises(InputError, match="comme 15GB"):
        validated({"data": data, "out": tmp_path, "memory": text}, "test")


def test_sizes_are_told():
    assert in_words(812_400_000) == "812 Mo" and in_words(11_240_000_000) == "11,24 Go"
    assert [smaller_rows(rows) for rows in (8, 6, 7, 2)] == [4, 3, 1, 1]


class Listener(Watcher):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def config_with(tmp_path, memory, **fit) -> RunConfig:
    return validated({"data": "d", "out": str(tmp_path / "run"), "memory": memory, "fit": fit}, "test")


def of_rows(per_row, fixed=1000, can_checkpoint=True, tried=None):
    """A process that takes so many MB, and so many for each row, a quarter of them when it recomputes them."""

    def measure(config):
        fit = config.fit
        if tried is not None:
            tried.append((fit.rows, fit.accumulation, fit.checkpointing))
        rows = fit.rows * per_row * (0.25 if fit.checkpointing is True else 1)
        return Trial(int((fixed + rows) * 1e6), can_checkpoint=can_checkpoint, row_length=512)

    return measure


def test_what_was_asked_is_kept_when_it_fits(tmp_path):
    tried = []
    config = config_with(tmp_path, "2GB", rows=8, accumulation=2)
    chosen = fitting(config, tmp_path, resume=False, watcher=Watcher(), measure=of_rows(100, tried=tried))
    assert tried == [(8, 2, False)] and Settings.of(chosen) == Settings(8, 2, False)


def test_rows_are_halved_and_accumulated(tmp_path):
    tried, listener = [], Listener()
    config = config_with(tmp_path, "1,5 Go", rows=16)
    chosen = fitting(config, tmp_path, resume=False, watcher=listener, measure=of_rows(100, tried=tried))
    assert Settings.of(chosen) == Settings(4, 4, False)
    assert tried == [(16, 1, False), (4, 4, False), (8, 2, False)]  # neither 2 rows nor 1
    assert listener.said[1].endswith("2,60 Go au plus haut (mémoire du processus), trop")
    assert listener.said[-1] == "Retenu\u00a0: fit.rows=4 fit.accumulation=4."
    # Resumed by the same call or by --out alone, it measures nothing and goes on with the same.
    for again in (config, chosen):
        assert fitting(again, tmp_path, resume=True, watcher=Watcher(), measure=None) == chosen


def test_layers_are_recomputed_only_when_one_row_does_not_fit(tmp_path):
    config = config_with(tmp_path, "1.5GB", rows=4)
    chosen = fitting(config, tmp_path, resume=False, watcher=Watcher(), measure=of_rows(1000))
    assert Settings.of(chosen) == Settings(2, 2, True)
    refused = config_with(tmp_path, "1.5GB", rows=4, checkpointing=False)
    for asked, measure in ((refused, of_rows(1000)), (config, of_rows(1000, can_checkpoint=False))):
        with pytest.raises(InputError, match=r"(?s)même fit.rows=1.*fit\.row_length=256.*method=lora.*plus petit"):
            fitting(asked, tmp_path, resume=False, watcher=Watcher(), measure=measure)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks of processes are read as Linux tells them")
def test_a_dry_run_leaves_no_trace_in_the_training(data, tiny_preset, tmp_path):  # noqa: F811
    """Real processes; the choice given by hand makes the very same weights, dropout and all."""
    listener = Listener()
    asked = config_of(data, tmp_path / "chosen", tiny_preset, rows=2, dropout=0.1, epochs=1)
    run = train(asked.model_copy(update={"memory": "40GB"}), watcher=listener)
    note = json.loads((run.path / "memory.json").read_text())
    assert note["chosen"] == {"rows": 2, "accumulation": 1, "checkpointing": False}
    assert 2e8 < note["measured"][0]["peak"] < 4e9
    assert run.config.memory == "40GB" and run.config.fit.checkpointing is False
    by_hand = train(config_of(data, tmp_path / "hand", tiny_preset, rows=2, dropout=0.1, epochs=1, checkpointing=False))
    left, right = (load_model(str(each.path)).causal_lm for each in (run, by_hand))
    assert weights_fingerprint(left) == weights_fingerprint(right)


def huge_in_tensorflow():
    import tensorflow as tf

    return tf.zeros((10**7, 10**7))


def huge_in_numpy():
    return np.empty(10**15)


class Greedy(Watcher):
    """Asks for more than any address space has, after a step."""

    def __init__(self, ask):
        self.ask = ask

    def step(self, report):
        if report.step == 3:
            self.ask()


@pytest.mark.parametrize("ask", [huge_in_tensorflow, huge_in_numpy])
def test_the_end_of_memory_is_told_and_loses_nothing(data, tiny_preset, tmp_path, ask):  # noqa: F811
    out = tmp_path / "run"
    with pytest.raises(WorldError) as told:
        train(config_of(data, out, tiny_preset, accumulation=3), watcher=Greedy(ask))
    text = str(told.value)
    assert told.value.exit_status == 1
    assert "2 ligne(s) de 64 jetons" in text
    assert f"causette train --out {out} --resume --set fit.checkpointing=true" in text
    order = ["fit.rows=1 --set fit.accumulation=6", "fit.checkpointing=true (", "method=lora", "plus petit"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert Backup(working_folder(out) / "backup").states
    run = train(config_of(data, out, tiny_preset, accumulation=3, checkpointing=True), resume=True)
    assert run.metrics["steps"] >= 3


def test_before_a_state_is_kept_nothing_is_left(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    import training.fit

    monkeypatch.setattr(training.fit, "load_model", lambda *_, **__: huge_in_tensorflow())
    with pytest.raises(WorldError, match=r"(?s)pour charger.*Relancez avec.*method=lora"):
        train(config_of(data, tmp_path / "run", tiny_preset))
    assert not working_folder(tmp_path / "run").exists()


LIMITED = """
import json, resource, sys
from app.main import main
import keras, tensorflow, keras_hub, training.fit
size = int(next(l for l in open("/proc/self/status") if l.startswith("VmSize")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (size + 3 * 10**9,) * 2)
sys.exit(main(json.loads(sys.argv[1])))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space of a process")
def test_a_training_that_is_too_large_ends_in_advice(data, tiny_preset, tmp_path):  # noqa: F811
    """A real one: 400,000 rows of 128 tokens need arrays of several GB, of which the process may have three."""
    words = ["train", "--data", str(data), "--model", str(tiny_preset), "--out", str(tmp_path / "run")]
    words += ["--set", "fit.rows=400000", "--set", "fit.row_length=128", "--set", "fit.compile=false"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, json.dumps(words)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 1, done.stderr[-2000:]
    assert "400000 ligne(s) de 128 jetons" in done.stderr and "Traceback" not in done.stderr
    assert "fit.rows=200000 --set fit.accumulation=2" in done.stderr
    assert not working_folder(tmp_path / "run").exists()


def test_other_errors_are_not_taken_for_it():
    assert is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes"))  # JAX's
    assert is_out_of_memory(OSError(12, "Cannot allocate memory")) and is_out_of_memory(MemoryError())
    assert not is_out_of_memory(OSError(28, "No space left")) and not is_out_of_memory(ValueError("shape"))


def test_the_process_knows_its_peak():
    before = peak_bytes()
    if before is None:
        pytest.skip("this system does not tell")
    held = np.ones(30_000_000)
    assert peak_bytes() >= before and held.nbytes == 240_000_000
    assert keras.backend.backend() in ("tensorflow", "jax")
