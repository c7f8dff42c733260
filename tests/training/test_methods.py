"""Every method learns on both backends; its adapter is complete, apart from its base, and comes back bit for bit."""

import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops
from safetensors.numpy import load_file, save_file

from chatbot.adapter import ALL, add_lora, fingerprint, merge_in_place, prepare
from chatbot.errors import InputError
from chatbot.export import export_transformers
from chatbot.model import load_model, merge, save_preset, weights_fingerprint
from chatbot.narrowing import quantise
from chatbot.plain_weights import plain_weights
from chatbot.quantisation import dense_layers, parameters_of, whole_kernel
from tests.conftest import build_tiny
from tests.training.test_fit import config_of, data  # noqa: F401 (a fixture)
from training.adapted import adapters_beside
from training.fit import train
from training.packed_lm import PackedCausalLM, hidden_states
from training.runs import RunFolder

ADAPTED = ("lora", "qlora-int8", "qlora-int4")

OVERFIT = """
import sys
import keras, keras_hub
import numpy as np
from chatbot.adapter import ALL, prepare
from training.loop import Schedule, optimise
from training.optimizer import make_optimizer
from training.packed_lm import PackedCausalLM
from training.packing import Encoded, PackedRows
from training.precision import choose_compilation

def backbone_of(family):
    keras.utils.set_random_seed(3)
    shape = {"vocabulary_size": 60, "num_layers": 1, "hidden_dim": 32, "intermediate_dim": 70}
    if family == "GPT2":
        made = keras_hub.models.GPT2Backbone(**shape, num_heads=2, max_sequence_length=64, dropout=0.0)
    else:
        made = getattr(keras_hub.models, family + "Backbone")(**shape, num_query_heads=4, num_key_value_heads=2)
    for name in ("embeddings", "reverse_embeddings"):  # a frozen head must be able to be sure of a token
        table = getattr(made.token_embedding, name, None)
        if table is not None:
            table.assign(np.random.default_rng(1).normal(scale=0.5, size=table.shape))
    return made

def overfit(family, method):
    random = np.random.default_rng(0)
    dialogues = [
        Encoded(id=str(i), ids=random.integers(1, 60, 12).astype("int32"), trainable=np.arange(12) >= 4) for i in range(3)
    ]
    rows = PackedRows.of(dialogues, 64)
    backbone = backbone_of(family)
    prepare(backbone, method, rank=8, alpha=16, targets=(ALL,))
    model = PackedCausalLM(type("Task", (), {"backbone": backbone}), places=rows.most_trained(2))
    optimizer = make_optimizer(model, weight_decay=0.0, clip_norm=1.0, accumulation=1)
    model.compile(optimizer=optimizer, jit_compile=choose_compilation())
    schedule = Schedule(peak=2e-2, warmup_steps=5, total_steps=80)
    losses = [report.loss for report in optimise(model, rows.steps(2, 1, 0, 0, 80), schedule)]
    return losses[0], min(losses[-5:])
"""
MAIN = """
for family, method in (pair.split(":") for pair in sys.argv[1:]):
    print(family, method, *overfit(family, method), flush=True)
"""


def overfit(backend: str, *pairs: str) -> dict[str, tuple[float, float]]:
    """First and last loss of each "family:method", trained in a process of its own."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    words = [sys.executable, "-c", OVERFIT + MAIN, *pairs]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=540, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    return {f"{family}:{method}": (float(first), float(last)) for family, method, first, last in lines}


@pytest.mark.parametrize(
    ("backend", "others"),
    [("tensorflow", ["GPT2:full", "Mistral:qlora-int4"]), ("jax", ["Llama:lora", "Llama3:qlora-int8"])],
)
def test_every_method_overfits_a_small_set(backend, others):
    pytest.importorskip(backend)
    for pair, (first, last) in overfit(backend, *(f"GPT2:{method}" for method in ADAPTED), *others).items():
        assert first > 3 and last < 0.1, f"{pair}: {first} → {last}"


def test_dropout_of_adapters_is_drawn_anew_at_each_step_and_off_when_measuring(tiny_preset):
    model = load_model(str(tiny_preset))
    prepare(model.causal_lm.backbone, "lora", rank=4, alpha=16, targets=(ALL,))
    for variable in model.causal_lm.backbone.trainable_variables:
        variable.assign(np.random.default_rng(5).normal(scale=0.3, size=variable.shape))
    ids = np.arange(1, 13)[None]
    inputs = {"token_ids": ids, "positions": ids - 1, "segment_ids": np.ones_like(ids)}
    plain = PackedCausalLM(model.causal_lm)
    first, second = (PackedCausalLM(model.causal_lm, adapter_dropout=0.5, seed=7) for _ in range(2))
    assert np.array_equal(first(inputs), plain(inputs))
    drawn = [np.array(first(inputs, training=True)) for _ in range(2)]
    assert not np.allclose(drawn[0], plain(inputs)) and not np.allclose(*drawn)
    assert np.array_equal(drawn[0], second(inputs, training=True))  # the seed decides
    assert any("seed_generator_state" in variable.path for variable in first.variables)  # and its state is saved


@pytest.fixture(scope="module")
def runs(data, tiny_preset, tmp_path_factory) -> dict[str, RunFolder]:  # noqa: F811
    """A finished run of each adapted method."""
    folder = tmp_path_factory.mktemp("methods")

    def run(method: str) -> RunFolder:
        config = config_of(data, folder / method, tiny_preset, method=method, max_steps=6, learning_rate=2e-2)
        return train(config.model_copy(update={"lora": config.lora.model_copy(update={"dropout": 0.1})}))

    return {method: run(method) for method in ADAPTED}


def logits(model) -> np.ndarray:
    ids = np.arange(1, 20)[None]
    return np.asarray(model.causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)}))


@pytest.mark.parametrize("method", ADAPTED)
def test_the_adapter_is_alone_and_complete(runs, tiny_preset, method):
    run = runs[method]
    assert not (run.path / "preset").exists()
    assert {path.name for path in (run.path / "adapter").iterdir()} == {"adapter.json", "adapter.safetensors"}
    values = load_file(run.path / "adapter" / "adapter.safetensors")
    assert len(values) == 8 and all("lora_kernel" in name for name in values)  # A and B, query and value, two layers
    assert min(np.abs(value).max() for name, value in values.items() if "lora_kernel_b" in name) > 0  # begins at zero
    live = load_model(str(run.path), merge=False).causal_lm.backbone
    assert {v.path for v in live.trainable_variables} == set(values)
    for variable in live.trainable_variables:
        assert np.array_equal(variable, values[variable.path])
    base = load_model(str(tiny_preset)).causal_lm.backbone
    prepare(base, method, rank=4, alpha=16, targets=("query", "value"))
    frozen, others = ([np.array(v) for v in each.non_trainable_variables] for each in (live, base))
    assert all(np.array_equal(a, b) for a, b in zip(frozen, others, strict=True))  # nothing else changed


@pytest.mark.parametrize("method", ADAPTED)
def test_a_reloaded_model_is_the_trained_one_bit_for_bit(runs, method):
    """Two loads give the same bits; the loss of the loaded model is the one that the training measured."""
    from chatbot.dialogue import read_dialogues
    from training.loop import total_loss
    from training.packing import PackedRows, encode

    run = runs[method]
    one, two = (load_model(str(run.path), merge=False) for _ in range(2))
    assert weights_fingerprint(one.causal_lm) == weights_fingerprint(two.causal_lm)
    assert np.array_equal(logits(one), logits(two))
    scorer = PackedCausalLM(one.causal_lm)
    scorer.compile(jit_compile=False)
    dialogues = list(read_dialogues(run.config.data / "validation.jsonl"))
    rows = PackedRows.of(encode(dialogues, one.template, one.tokenizer), 64)
    loss, weight = total_loss(scorer, rows.batches(2))
    assert loss / weight == pytest.approx(run.metrics["validation_loss_after"], rel=1e-5)


@pytest.mark.parametrize("method", ADAPTED)
def test_merged_on_demand_it_is_the_same_model(runs, tmp_path, method):
    live = load_model(str(runs[method].path), merge=False)
    merged = merge(str(runs[method].path), tmp_path / "merged")
    again = load_model(str(tmp_path / "merged"))
    assert again.template == live.template and again.exchanges == 1 and again.parameters == live.parameters
    assert not any(layer.lora_enabled or layer.quantization_mode for layer in dense_layers(again.causal_lm.backbone))
    assert np.array_equal(logits(merged), logits(again))
    assert np.abs(logits(again) - logits(live)).max() < 1e-4 * np.abs(logits(live)).max()
    with pytest.raises(InputError, match="pas d'adaptateur"):
        merge(str(tmp_path / "merged"), tmp_path / "twice")
    with pytest.raises(InputError, match="existe déjà"):
        merge(str(runs[method].path), tmp_path / "merged")


def test_what_talks_and_what_is_exported_are_the_trained_model(runs, tmp_path):
    """No raw integers reach the own decoder or a transformers folder."""
    model = load_model(str(runs["qlora-int4"].path))
    plain = plain_weights(model.causal_lm.backbone, 64)
    layer = model.causal_lm.backbone.transformer_layers[0]._self_attention_layer._query_dense
    assert layer.quantization_mode == "int4" and layer.lora_enabled
    assert np.array_equal(plain.blocks[0].attention.weight[:16], whole_kernel(layer).reshape(16, 16).T)
    export_transformers(model, tmp_path / "out")
    written = load_file(tmp_path / "out" / "model.safetensors")["transformer.h.0.attn.c_attn.weight"]
    assert np.array_equal(written[:, :16], whole_kernel(layer).reshape(16, 16))


def test_another_base_is_told(runs, tiny_tokenizer, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(runs["lora"].path, folder)
    save_preset(build_tiny(tiny_tokenizer, seed=9), tmp_path / "other", {})
    note = json.loads((folder / "adapter" / "adapter.json").read_text())
    (folder / "adapter" / "adapter.json").write_text(json.dumps({**note, "base": str(tmp_path / "other")}))
    with pytest.raises(InputError, match="sur d'autres poids"):
        load_model(str(folder))
    (folder / "adapter" / "adapter.json").write_text(json.dumps({**note, "base": str(tmp_path / "gone")}))
    with pytest.raises(InputError, match="corrigez"):
        load_model(str(folder))


def test_a_damaged_adapter_is_told(runs, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(runs["qlora-int8"].path, folder)
    file = folder / "adapter" / "adapter.safetensors"
    values = load_file(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="adaptateur illisible"):
        load_model(str(folder))
    name = next(iter(values))
    save_file({**values, name: np.full_like(values[name], np.nan)}, file)
    with pytest.raises(InputError, match="infinies"):
        load_model(str(folder))
    save_file({key: value for key, value in values.items() if key != name}, file)
    with pytest.raises(InputError, match="d'autres couches"):
        load_model(str(folder))
    (folder / "adapter" / "adapter.json").write_text('{"method": "full"}')
    with pytest.raises(InputError, match="note d'adaptateur illisible"):
        load_model(str(folder))


def test_no_adapter_on_top_of_an_adapter(data, runs, tmp_path):  # noqa: F811
    for method, base in (("lora", "lora"), ("full", "qlora-int8")):
        with pytest.raises(InputError, match="causette merge"):
            train(config_of(data, tmp_path / "x", runs[base].path, method=method))
    run = train(config_of(data, tmp_path / "on", runs["lora"].path, method="full", max_steps=2))
    assert load_model(str(run.path)).parameters == load_model(str(runs["lora"].path)).parameters


def test_a_frozen_kernel_gives_the_gradients_of_a_merged_one():
    """Keras multiplies with W + A · B; here x · W + (x · A) · B: the same values and the same gradients."""
    import tensorflow as tf

    keras.utils.set_random_seed(4)
    import keras_hub

    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=50, num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=24, max_sequence_length=32
    )
    add_lora(backbone, rank=4, alpha=8, targets=(ALL,))
    for variable in backbone.trainable_variables:
        variable.assign(np.random.default_rng(5).normal(scale=0.2, size=variable.shape))
    ids = np.random.default_rng(6).integers(0, 50, (2, 12))
    places = np.broadcast_to(np.arange(12), ids.shape)

    def gradients(kept):
        with tf.GradientTape() as tape:
            value = ops.sum(ops.square(kept()))
        return value, tape.gradient(value, [v.value for v in backbone.trainable_variables])

    value, ours = gradients(lambda: hidden_states(backbone, ids, places, np.ones_like(ids)))
    other, keras_own = gradients(lambda: backbone({"token_ids": ids, "padding_mask": np.ones_like(ids)}))
    assert float(value) == pytest.approx(float(other), rel=1e-5) and len(ours) == 24
    for left, right in zip(ours, keras_own, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("bits", ["int8", "int4"])
def test_a_quantised_kernel_gives_the_gradient_of_its_wide_form(bits):
    import tensorflow as tf

    layer = keras.layers.EinsumDense("abcd,cde->abe", output_shape=(None, 20), bias_axes="e")
    layer.build((None, None, 5, 14))
    wide = keras.layers.EinsumDense("abcd,cde->abe", output_shape=(None, 20), bias_axes="e")
    wide.build((None, None, 5, 14))
    holder = keras.Sequential([layer])
    holder.build((None, None, 5, 14))
    quantise(holder, bits)
    wide._kernel.assign(whole_kernel(layer))
    wide.bias.assign(layer.bias)
    x = tf.constant(np.random.default_rng(1).normal(size=(2, 3, 5, 14)).astype("float32"))

    def value_and_gradient(call):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = call(x)
            total = ops.sum(ops.square(y))
        return y, tape.gradient(total, x)

    with adapters_beside(holder):
        ours = value_and_gradient(layer)
    for left, right in zip(ours, value_and_gradient(wide), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bits", ["int8", "int4"])
def test_kernels_narrowed_while_they_are_read_are_those_narrowed_afterwards(tiny_preset, bits):
    once = load_model(str(tiny_preset), bits=bits).causal_lm.backbone
    twice = load_model(str(tiny_preset)).causal_lm.backbone
    quantise(twice, bits)
    layer, plain = dense_layers(once)[0], dense_layers(load_model(str(tiny_preset)).causal_lm.backbone)[0]
    assert layer.quantization_mode == bits and plain.quantization_mode is None  # nothing is left patched
    assert [v.path for v in once.weights] == [v.path for v in twice.weights]
    assert all(np.array_equal(a, b) for a, b in zip(once.weights, twice.weights, strict=True))


def test_memory_is_that_of_the_bits():
    """14 M weights: 57 MB of floats become 15 or 8; the optimizer keeps slots for the adapters alone."""
    import keras_hub

    def made(method):
        backbone = keras_hub.models.GPT2Backbone(
            vocabulary_size=100,
            num_layers=2,
            num_heads=8,
            hidden_dim=768,
            intermediate_dim=3072,
            max_sequence_length=32,
        )
        prepare(backbone, method, rank=8, alpha=16, targets=("query", "value"))
        return backbone

    floats, int8, int4 = (made(method) for method in ("full", "qlora-int8", "qlora-int4"))
    assert parameters_of(floats) == floats.count_params() == parameters_of(int8) == parameters_of(int4)

    def held(variables):
        return sum(np.asarray(variable).nbytes for variable in variables)

    kernels = [sum(held(layer.variables) for layer in dense_layers(each)) for each in (floats, int8, int4)]
    assert kernels[0] / kernels[1] > 3.5 and kernels[0] / kernels[2] > 6  # the adapters count too
    assert held(int4.trainable_variables) < 0.02 * kernels[0]


def test_a_fingerprint_tells_another_base(tiny_tokenizer):
    one, same, other = (build_tiny(tiny_tokenizer, seed=seed).backbone for seed in (1, 1, 2))
    assert fingerprint(one) == fingerprint(same) != fingerprint(other)


def test_merging_in_place_is_exact_under_half_precision(tiny_tokenizer):
    """Keras' own merged kernel is as narrow as its arithmetic."""
    backbone = build_tiny(tiny_tokenizer, dtype="mixed_bfloat16").backbone
    add_lora(backbone, rank=4, alpha=4, targets=("query",))
    layer = backbone.transformer_layers[0]._self_attention_layer._query_dense
    layer.lora_kernel_b.assign(np.full(layer.lora_kernel_b.shape, 1e-3))
    expected = np.asarray(layer._kernel) + np.matmul(layer.lora_kernel_a, layer.lora_kernel_b)
    before = len(backbone.weights)
    merge_in_place(backbone)
    np.testing.assert_allclose(layer._kernel, expected, rtol=1e-6)
    assert not layer.lora_enabled and len(backbone.weights) == before - 4


@pytest.mark.parametrize("method", ["lora", "qlora-int4"])
def test_layers_computed_again_leave_out_the_same_and_have_the_same_gradients(tiny_preset, method):
    """TensorFlow's backward pass runs when the forward pass, and its way to multiply, is long over."""
    import tensorflow as tf

    model = load_model(str(tiny_preset))
    prepare(model.causal_lm.backbone, method, rank=4, alpha=16, targets=(ALL,))
    for variable in model.causal_lm.backbone.trainable_variables:
        variable.assign(np.random.default_rng(5).normal(scale=0.3, size=variable.shape))
    ids = np.arange(1, 13)[None]
    inputs = {"token_ids": ids, "positions": ids - 1, "segment_ids": np.ones_like(ids)}

    def gradients(checkpointing):
        trainer = PackedCausalLM(model.causal_lm, adapter_dropout=0.4, seed=7, checkpointing=checkpointing)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                value = ops.sum(ops.square(trainer(inputs, training=True)))
            return [value, *tape.gradient(value, [v.value for v in trainer.trainable_variables])]

        return step()

    kept, again = gradients(False), gradients(True)
    assert len(kept) == 25
    for left, right in zip(kept, again, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-4)
