"""Several devices give the losses and the weights of one: rows split, weights split, one process or two."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chatbot.errors import InputError
from datasets_prep.prepare import PrepareConfig, prepare
from training.distribution import Strategy, distributed
from training.layouts import axes_of, layout_rules, require_divisible
from training.runs import RunFolder

QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"  # compiling is most of the time
LOSS = 1e-5
WEIGHT = 2e-5  # the gradient of a key's bias is nothing but rounding, and AdamW makes whole steps of it


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    file = folder / "faq.csv"
    pairs = [(f"Question {'bcdfghjklmnpqrst'[n]} ?", f"Réponse {n}.") for n in range(16)]
    file.write_text("question,answer\n" + "\n".join(",".join(pair) for pair in pairs) + "\n", encoding="utf-8")
    prepare(PrepareConfig(sources=(str(file),), out=folder / "faq", seed=2, near_question=1.0, near_answer=1.0))
    return folder / "faq"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("distributed")


@pytest.fixture(scope="module")
def preset(tiny_tokenizer, tmp_path_factory) -> Path:
    """One layer: half as much to compile."""
    from chatbot.model import save_preset
    from tests.conftest import build_tiny

    folder = tmp_path_factory.mktemp("presets") / "one_layer"
    save_preset(build_tiny(tiny_tokenizer, layers=1), folder, {"template": "human_assistant"})
    return folder


@pytest.fixture(scope="module")
def case(data, preset, place):
    def make(name: str, method: str, distribute: str | None, *, stopped: int | None = None, **fit) -> dict:
        fit = {
            "max_steps": 3, "rows": 2, "row_length": 32, "accumulation": 2, "warmup": 0.0, "epochs": 9,
            "learning_rate": 1e-2 if method == "lora" else 3e-3, "evaluate_every": 3, "save_every": 2,
            "precision": "float32", "compile": True, **fit,
        }  # fmt: skip
        config = {"data": str(data), "out": str(place / "runs" / name), "model": str(preset), "method": method}
        return {**config, "lora": {"rank": 4}, "fit": fit, "distribute": distribute, "stopped": stopped}

    return make


def trained(place: Path, cases: list[dict], backend: str, processes: int = 1, devices: int = 2) -> None:
    """Runs the cases in processes of their own."""
    listed = place / f"{cases[-1]['out'].rpartition('/')[2]}.json"
    listed.write_text(json.dumps(cases), encoding="utf-8")
    environment = {
        **os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices} {QUICK}",
        "JAX_COMPILATION_CACHE_DIR": str(place / "cache"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }  # fmt: skip
    if processes > 1:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            environment["JAX_COORDINATOR_ADDRESS"] = f"127.0.0.1:{listener.getsockname()[1]}"
        environment["JAX_NUM_PROCESSES"] = str(processes)
    words = [sys.executable, "-m", "tests.training.distributed_runs", str(listed), str(place)]
    started = [
        subprocess.Popen(
            words,
            env={**environment, **({"JAX_PROCESS_ID": str(rank)} if processes > 1 else {})},
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.DEVNULL,
            stderr=(place / f"{listed.stem}.{rank}.log").open("wb"),
        )
        for rank in range(processes)
    ]
    try:
        ended = [process.wait(timeout=400) for process in started]
    finally:
        for process in started:
            process.kill()
    logs = [(place / f"{listed.stem}.{rank}.log").read_text(errors="replace")[-3000:] for rank in range(processes)]
    assert ended == [0] * processes, "\n".join(logs)


@pytest.fixture(scope="module")
def on_jax(case, place) -> Path:
    """One device, and two virtual ones in one process."""
    pytest.importorskip("jax")
    cases = [
        case("full", "full", None),
        case("lora", "lora", None),
        case("full-data", "full", "data"),
        case("lora-model", "lora", "model"),
    ]
    trained(place, cases, "jax")
    return place


def assert_equal(place: Path, one: str, several: str) -> None:
    with np.load(place / f"{one}.npz") as left, np.load(place / f"{several}.npz") as right:
        assert len(left["losses"]) == 3
        np.testing.assert_allclose(right["losses"], left["losses"], atol=LOSS)
        assert left.files == right.files
        for name in set(left.files) - {"losses"}:
            np.testing.assert_allclose(right[name], left[name], atol=WEIGHT)
    metrics = [RunFolder.open(place / "runs" / name).metrics for name in (one, several)]
    assert metrics[0]["best_step"] == metrics[1]["best_step"] == 3  # what is compared was trained
    assert metrics[0]["validation_loss_after"] == pytest.approx(metrics[1]["validation_loss_after"], abs=LOSS)


@pytest.mark.parametrize(("one", "two"), [("full", "full-data"), ("lora", "lora-model")])
def test_two_devices_of_jax_are_one(on_jax, one, two):
    assert_equal(on_jax, one, two)


def test_the_user_is_told_what_each_device_does(on_jax):
    assert "2 appareils : 1 des 2 lignes d'un micro-lot chacun." in (on_jax / "full-data.txt").read_text("utf-8")
    assert "2 appareils se partagent les poids." in (on_jax / "lora-model.txt").read_text("utf-8")
    environment = json.loads((on_jax / "runs" / "full-data" / "environment.json").read_text("utf-8"))
    assert environment["device"].startswith("2 × CPU")


def test_two_processes_are_one(on_jax, case, place):
    """Weights over two processes, stopped and resumed; rows over two processes. Process 0 alone writes."""
    cases = [case("full-model-2", "full", "model", stopped=2), case("lora-data-2", "lora", "data")]
    trained(place, cases, "jax", processes=2, devices=1)
    assert_equal(place, "full", "full-model-2")
    assert_equal(place, "lora", "lora-data-2")
    assert "(2 processus)" in (place / "full-model-2.txt").read_text("utf-8")
    assert not list((place / "runs").glob(".*"))  # no unfinished folder


def test_two_devices_of_tensorflow_are_one(on_jax, case, place):
    cases = [
        case("tf-full-data", "full", "data", stopped=2, compile=False),
        case("tf-lora", "lora", None, compile=False),
        case("tf-lora-data", "lora", "data"),
    ]
    trained(place, cases, "tensorflow")
    assert_equal(place, "full", "tf-full-data")  # the very weights that one device of JAX ends with
    assert_equal(place, "tf-lora", "tf-lora-data")


def backbones():
    import keras_hub

    sizes = {"vocabulary_size": 48, "num_layers": 1, "hidden_dim": 16, "intermediate_dim": 24}
    rotary = {**sizes, "num_query_heads": 4, "num_key_value_heads": 2}
    return {
        "GPT-2": keras_hub.models.GPT2Backbone(**sizes, num_heads=4, max_sequence_length=16),
        "Llama": keras_hub.models.LlamaBackbone(**rotary),
        "Mistral": keras_hub.models.MistralBackbone(**rotary),
    }


@pytest.mark.parametrize("family", ["GPT-2", "Llama", "Mistral"])
def test_every_large_weight_of_a_family_is_split(family):
    from chatbot.adapter import add_lora

    backbone = backbones()[family]
    layers = ("query", "key", "value", "attention_output", "feedforward_intermediate_dense", "feedforward_output_dense")
    add_lora(backbone, rank=2, alpha=4, targets=layers)
    require_divisible(backbone, 2)
    rules = layout_rules(48, 2)
    split = {v.path: axes_of(v.path, tuple(v.shape), rules, 2) for v in backbone.variables}
    whole = {path.rpartition("/")[2] for path, axes in split.items() if not any(axes)}
    large = {path for path in split if path.endswith(("/kernel", "/embeddings")) and "position" not in path}
    assert large and all(any(split[path]) for path in large)
    assert whole <= {
        "embeddings",
        "gamma",
        "beta",
        "scale",
        "bias",
        "lora_kernel_a",
        "lora_kernel_b",
        "seed_generator_state",
    }
    attention = "transformer_layer_0/self_attention/"
    assert split[attention + "query/kernel"] == split[attention + "query/lora_kernel_a"] == (None, "model", None)
    assert split[attention + "attention_output/kernel"] == ("model", None, None)
    assert split["transformer_layer_0/feedforward_intermediate_dense/lora_kernel_b"] == (None, "model")
    assert split["transformer_layer_0/feedforward_output_dense/lora_kernel_b"] == (None, None)


def test_what_no_rule_fits_stays_whole():
    rules = layout_rules(50_257, 2)
    assert axes_of("token_embedding/embeddings", (50_257, 768), rules, 2) == (None, "model")  # the words do not divide
    assert axes_of("transformer_layer_0/self_attention/query/kernel", (6, 2), rules, 2) == (None, None)  # packed
    assert axes_of("transformer_layer_0/self_attention/query/kernel_scale", (2, 3), rules, 2) == (None, None)


def test_a_model_that_does_not_divide_is_told_by_its_size():
    with pytest.raises(
        InputError, match=r"8 appareils.*num_query_heads = 4, num_key_value_heads = 2\).*\n.*Avec 2 app"
    ):
        require_divisible(backbones()["Llama"], 8)


def test_rows_that_do_not_divide_are_told():
    strategy = Strategy()
    strategy.shards = 4
    strategy.require_rows(8)
    with pytest.raises(InputError, match=r"fit\.rows = 6 .* 4 appareils\.\n.*fit\.rows=8"):
        strategy.require_rows(6)


def test_one_device_says_that_it_is_alone():
    """TensorFlow in this process, with one device."""
    with distributed("data") as strategy:
        assert strategy.devices == 1
        assert strategy.sentence("data", 8) == "Un seul appareil : --distribute data n'y change rien."


@pytest.mark.parametrize(("mode", "variable"), [("model", "UNUSED"), ("data", "TF_CONFIG")])
def test_tensorflow_refuses_what_it_cannot_do_and_names_the_cure(monkeypatch, mode, variable):
    monkeypatch.setenv(variable, "{}")
    with pytest.raises(InputError, match="KERAS_BACKEND=jax"), distributed(mode):
        pass


WRONG = {
    "two of three": ({"JAX_COORDINATOR_ADDRESS": "a:1", "JAX_PROCESS_ID": "0"}, "il manque JAX_NUM_PROCESSES"),
    "rank": ({"JAX_COORDINATOR_ADDRESS": "a:1", "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "2"}, "un rang de 0"),
    "no port": ({"JAX_COORDINATOR_ADDRESS": "a", "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "1"}, "adresse:port"),
    "tasks": ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_GPUS_ON_NODE": "2", "SLURM_LOCALID": "2"}, "Plus de processus"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_processes_started_wrongly_are_told_in_two_lines(wrong):
    pytest.importorskip("jax")
    from training.sharded import _settings

    environment, told = WRONG[wrong]
    with pytest.raises(InputError, match=told) as error:
        _settings(environment)
    assert str(error.value).count("\n") == 1
    assert _settings({}) is None
    assert _settings({"SLURM_STEP_NUM_TASKS": "4", "SLURM_GPUS_ON_NODE": "2", "SLURM_LOCALID": "1"}) == {}
