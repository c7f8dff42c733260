"""Attention in blocks: the numbers and gradients of the plain formula, whatever the blocks."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import build_tiny
from tests.training.test_packed_lm import some_dialogues
from training.packed_attention import _blocks, attend, attention_in_blocks
from training.packed_lm import PackedCausalLM
from training.packing import PackedRows


def random_rows(length, dtype="float32", rows=2, heads=3, width=8):
    random = np.random.default_rng(0)
    arrays = [tf.constant(random.normal(size=(rows, length, heads, width)), dtype) for _ in range(3)]
    segments = np.sort(random.integers(1, 4, (rows, length)), axis=1)
    same = segments[:, :, None] == segments[:, None, :]
    return arrays, same & np.tril(np.ones((length, length), bool))


def plainly(query, key, value, mask):
    scores = tf.einsum("bqhd,bkhd->bhqk", query, key) / query.shape[-1] ** 0.5
    weights = tf.nn.softmax(tf.where(mask[:, None], scores, -1e9))
    return tf.einsum("bhqk,bkhd->bqhd", weights, value)


def with_gradients(function, arrays, mask):
    with tf.GradientTape() as tape:
        tape.watch(arrays)
        output = function(*arrays, mask)
        loss = tf.reduce_sum(tf.sin(output))
    return [output, *tape.gradient(loss, arrays)]


@pytest.mark.parametrize("length", [7, 128, 300, 1024])
@pytest.mark.parametrize("compiled", [False, True])
def test_equals_the_plain_formula_forward_and_backward(length, compiled):
    arrays, mask = random_rows(length)
    function = tf.function(attend, jit_compile=compiled)
    for ours, plain in zip(with_gradients(function, arrays, mask), with_gradients(plainly, arrays, mask), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=2e-5)


def test_half_precision_stays_near():
    arrays, mask = random_rows(300)
    halves = [tf.cast(array, "float16") for array in arrays]
    for half, whole in zip(with_gradients(attend, halves, mask), with_gradients(plainly, arrays, mask), strict=True):
        assert half.dtype == tf.float16
        assert np.abs(np.asarray(half, "float32") - whole).max() < 0.02


def test_blocks_cover_each_query_once():
    for length in (1, 200, 256, 300, 512, 1000, 1024):
        ends = [first for first, _ in _blocks(length)] + [length]
        assert _blocks(length) == list(itertools.pairwise(ends))
        assert max(np.diff(ends)) <= 256


def test_an_unknown_length_works():
    arrays, mask = random_rows(64)
    shapes = [tf.TensorSpec((None, None, 3, 8))] * 3 + [tf.TensorSpec((None, None, None), tf.bool)]
    function = tf.function(attend, input_signature=shapes)
    np.testing.assert_allclose(function(*arrays, mask), plainly(*arrays, mask), rtol=1e-4, atol=1e-5)


def test_the_layers_get_their_own_attention_back(tiny_tokenizer):
    backbone = build_tiny(tiny_tokenizer).backbone
    layer = backbone.transformer_layers[0]._self_attention_layer
    with attention_in_blocks(backbone):
        assert "_compute_attention" in vars(layer)
    assert "_compute_attention" not in vars(layer)


def test_dropout_on_the_scores_keeps_the_layers_own_attention(tiny_tokenizer):
    backbone = build_tiny(tiny_tokenizer, dropout=0.1).backbone
    with attention_in_blocks(backbone):
        assert "_compute_attention" not in vars(backbone.transformer_layers[0]._self_attention_layer)


def gradients_of_the_plain_model(causal_lm, dialogues):
    """Loss and gradients summed over dialogues, each alone through the whole Keras model and its own cross-entropy."""
    variables = [variable.value for variable in causal_lm.backbone.trainable_variables]
    with tf.GradientTape() as tape:
        total = 0.0
        for dialogue in dialogues:
            ids = dialogue.ids[None, :-1]
            logits = causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)})
            losses = keras.losses.sparse_categorical_crossentropy(dialogue.ids[None, 1:], logits, from_logits=True)
            total += tf.reduce_sum(losses[0] * dialogue.trainable[1:].astype("float32"))
    return float(total), [tf.convert_to_tensor(gradient) for gradient in tape.gradient(total, variables)]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("compiled", [False, True])
def test_loss_and_gradients_of_the_fast_path_equal_plain_keras(tiny_tokenizer, monkeypatch, seed, compiled):
    """Packed, in blocks, fused, only trained places: within 1e-4 of the model called on one dialogue after another."""
    monkeypatch.setattr("training.packed_attention.BLOCK", 16)
    monkeypatch.setattr("training.packed_lm.LOSS_CHUNK", 20)
    causal_lm = build_tiny(tiny_tokenizer, seed=seed)
    dialogues = list(some_dialogues(tiny_tokenizer.vocabulary_size, count=9, seed=seed))
    rows = PackedRows.of(dialogues, 64)
    batch = rows.batch(np.arange(len(rows)), len(rows))
    model = PackedCausalLM(causal_lm, places=rows.most_trained(len(rows)))
    assert model.places < batch.token_ids.size
    variables = [variable.value for variable in model.trainable_variables]

    @tf.function(jit_compile=compiled)
    def fast():
        with tf.GradientTape() as tape:
            hidden = model(batch.inputs)
            loss = model.compute_loss(y=batch.targets, y_pred=hidden, sample_weight=batch.weights)
        return loss, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]

    loss, gradients = fast()
    plain_loss, plain_gradients = gradients_of_the_plain_model(causal_lm, dialogues)
    assert float(loss) == pytest.approx(plain_loss, rel=1e-4)
    whole = np.sqrt(sum(np.square(plain).sum() for plain in plain_gradients))
    for variable, ours, plain in zip(model.trainable_variables, gradients, plain_gradients, strict=True):
        # The bias of the keys has no gradient at all (it shifts all scores of a query alike): only rounding is there.
        size = max(np.linalg.norm(plain), 1e-2 * whole)
        assert np.linalg.norm(ours - plain) < 1e-4 * size, variable.path
