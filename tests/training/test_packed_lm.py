"""The packed model: a dialogue has the same loss packed as alone, and exact gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from chatbot.errors import InputError
from tests.conftest import build_tiny
from training.loop import Batch, total_loss
from training.packed_lm import PackedCausalLM, fused_cross_entropy
from training.packing import Encoded, PackedRows


def some_dialogues(vocabulary, count=7, seed=0):
    random = np.random.default_rng(seed)
    for number in range(count):
        size = int(random.integers(4, 30))
        ids = random.integers(1, vocabulary, size).astype("int32")
        yield Encoded(id=str(number), ids=ids, trainable=np.arange(size) >= size // 2)


@pytest.fixture(scope="module")
def causal_lm(tiny_tokenizer):
    return build_tiny(tiny_tokenizer, seed=5)


@pytest.fixture(scope="module")
def scorer(causal_lm):
    model = PackedCausalLM(causal_lm)
    model.compile(jit_compile=False)
    return model


def plain_loss(causal_lm, dialogue):
    """Keras' own way: the whole model on one unpadded dialogue, then a plain cross-entropy."""
    ids = dialogue.ids[None, :-1]
    logits = causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    losses = keras.losses.sparse_categorical_crossentropy(dialogue.ids[None, 1:], logits, from_logits=True)
    return float((np.asarray(losses)[0] * dialogue.trainable[1:]).sum())


def test_packed_loss_equals_each_dialogue_alone(causal_lm, scorer, tiny_tokenizer):
    dialogues = list(some_dialogues(tiny_tokenizer.vocabulary_size))
    rows = PackedRows.of(dialogues, 64)
    assert len(rows) < len(dialogues)  # several dialogues share a row
    loss, weight = total_loss(scorer, rows.batches(2))
    alone = sum(plain_loss(causal_lm, dialogue) for dialogue in dialogues)
    assert weight == sum(dialogue.trainable[1:].sum() for dialogue in dialogues)
    assert loss == pytest.approx(alone, rel=1e-4)


def test_a_neighbour_in_the_row_changes_nothing(scorer, tiny_tokenizer):
    one, two, other = list(some_dialogues(tiny_tokenizer.vocabulary_size, 3))
    quiet = Encoded(id="q", ids=other.ids, trainable=np.zeros_like(other.trainable))

    def loss_beside(neighbour):
        silent = Encoded(id="n", ids=neighbour.ids, trainable=np.zeros_like(neighbour.trainable))
        return total_loss(scorer, [Batch(**packed_by_hand([silent, one]))])[0]

    assert loss_beside(two) == pytest.approx(loss_beside(quiet), rel=1e-5)


def packed_by_hand(dialogues, length=64):
    arrays = {
        name: np.zeros((1, length), "int32") for name in ("token_ids", "segment_ids", "positions", "targets", "weights")
    }
    start = 0
    for number, dialogue in enumerate(dialogues, start=1):
        stop = start + len(dialogue.ids) - 1
        arrays["token_ids"][0, start:stop] = dialogue.ids[:-1]
        arrays["segment_ids"][0, start:stop] = number
        arrays["positions"][0, start:stop] = np.arange(stop - start)
        arrays["targets"][0, start:stop] = dialogue.ids[1:]
        arrays["weights"][0, start:stop] = dialogue.trainable[1:]
        start = stop
    return arrays


def test_fused_loss_and_gradients_equal_autodiff():
    import tensorflow as tf

    random = np.random.default_rng(1)
    hidden = tf.Variable(random.normal(size=(9, 5)).astype("float32"))
    projection = tf.Variable(random.normal(size=(11, 5)).astype("float32"))
    targets = random.integers(0, 11, 9).astype("int32")
    weights = random.random(9).astype("float32")
    with tf.GradientTape() as tape:
        ours = 3.0 * fused_cross_entropy(hidden, projection, targets, weights)
    our_gradients = tape.gradient(ours, [hidden, projection])
    with tf.GradientTape() as tape:
        logits = hidden @ tf.transpose(projection)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        plain = 3.0 * tf.reduce_sum(losses * weights)
    plain_gradients = tape.gradient(plain, [hidden, projection])
    assert float(ours) == pytest.approx(float(plain), rel=1e-5)
    for left, right in zip(our_gradients, plain_gradients, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 2e-3), ("bfloat16", 2e-2)])
def test_half_precision_gradients_keep_small_weights_and_large_loss_scales(dtype, tolerance):
    """The mean over a step divides each weight by thousands; Keras' loss scale multiplies by up to 65,536."""
    import tensorflow as tf

    random = np.random.default_rng(3)
    values = random.normal(size=(64, 16)), random.normal(size=(3000, 16))
    targets = np.where(random.random(64) < 0.5, 7, random.integers(0, 3000, 64)).astype("int32")
    weights = np.full(64, 1 / 8192, "float32")
    scale = 65536.0

    def gradients(dtype):
        tensors = [tf.Variable(tf.cast(value, dtype)) for value in values]
        with tf.GradientTape() as tape:
            loss = scale * fused_cross_entropy(*map(tf.convert_to_tensor, tensors), targets, weights)
        return [np.asarray(tf.cast(g, "float32")) for g in tape.gradient(loss, tensors)]

    for half, whole in zip(gradients(dtype), gradients("float32"), strict=True):
        assert np.isfinite(half).all()
        assert np.linalg.norm(half - whole) / np.linalg.norm(whole) < tolerance


def test_chunks_do_not_change_the_loss(monkeypatch):
    random = np.random.default_rng(2)
    hidden = ops.convert_to_tensor(random.normal(size=(10, 4)).astype("float32"))
    projection = ops.convert_to_tensor(random.normal(size=(7, 4)).astype("float32"))
    targets, weights = random.integers(0, 7, 10).astype("int32"), np.ones(10, "float32")
    whole = float(fused_cross_entropy(hidden, projection, targets, weights))
    monkeypatch.setattr("training.packed_lm.LOSS_CHUNK", 3)
    assert float(fused_cross_entropy(hidden, projection, targets, weights)) == pytest.approx(whole, rel=1e-5)


def small(family):
    """An untrained backbone of two layers of that family."""
    import keras_hub

    keras.utils.set_random_seed(2)
    sizes = {"vocabulary_size": 50, "num_layers": 2, "hidden_dim": 16, "intermediate_dim": 32}
    heads = {"num_query_heads": 4, "num_key_value_heads": 2}
    backbone = getattr(keras_hub.models, f"{family}Backbone")
    if family == "Bloom":
        return backbone(num_heads=4, **sizes)
    return backbone(**sizes, **heads, **({"head_dim": 4} if family.startswith("Gemma") else {}))


class Task:
    def __init__(self, backbone):
        self.backbone = backbone


@pytest.mark.parametrize("family", ["Llama", "Mistral", "Qwen"])
def test_rotary_families_pack_too(family):
    backbone = small(family)
    scorer = PackedCausalLM(Task(backbone))
    scorer.compile(jit_compile=False)
    dialogues = list(some_dialogues(50))
    loss, _ = total_loss(scorer, PackedRows.of(dialogues, 64).batches(2))

    def logits(inputs):
        return backbone.token_embedding(backbone(inputs), reverse=True)

    assert loss == pytest.approx(sum(plain_loss(logits, dialogue) for dialogue in dialogues), rel=1e-4)


@pytest.mark.parametrize("family", ["Bloom", "Gemma"])
def test_a_family_that_would_be_trained_wrongly_is_refused(family):
    with pytest.raises(InputError, match=f"La famille {family} n'est pas prise en charge"):
        PackedCausalLM(Task(small(family)))


def test_a_batch_with_more_trained_tokens_than_places_is_refused(causal_lm, tiny_tokenizer):
    rows = PackedRows.of(list(some_dialogues(tiny_tokenizer.vocabulary_size)), 64)
    model = PackedCausalLM(causal_lm, places=rows.most_trained(1) - 1)
    model.compile(jit_compile=False)
    with pytest.raises(ValueError, match="trained tokens in a batch"):
        total_loss(model, rows.batches(1))
