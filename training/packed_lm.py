"""A causal language model seen as "packed rows in, loss out", sharing its variables with the model that is served.

Knows nothing of data sets, templates or files. Three ideas:

* **Packed forward.** A row holds several dialogues, one after the other. Attention stays inside a dialogue (a
  block-diagonal mask from `segment_ids`) and positions restart at each one, so a dialogue has the same loss as alone.
* **Trained places only.** Questions and padding are read but not learnt: their hidden states never meet the vocabulary,
  whose matrix is a third of GPT-2's weights.
* **Fused loss.** The matrix of logits (tokens × vocabulary) is built and consumed in chunks, forward and backward in
  one pass, so it never lies whole in memory. The softmax gradient is closed form: ``(softmax - one_hot) * weight``.

The arrays of a row are shown in `training.packing`.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import keras
import numpy as np
from keras import ops

from chatbot.errors import InputError
from chatbot.language import tr
from training.adapted import AdapterDropout, adapter_parts
from training.distribution import Strategy
from training.packed_attention import attention_in_blocks
from training.recompute import cheap_parts_recomputed, layer_recomputed, not_before, replaced

LOSS_CHUNK = 512  # tokens whose logits exist at one time: 512 × 50,257 × 4 bytes = 103 MB for GPT-2


def _chunk_of_loss(hidden, projection, targets, weights):
    """Loss of some tokens, with its gradient.

    Args:
        hidden: (tokens, hidden) float.
        projection: (vocabulary, hidden) float.
        targets: (tokens,) int32.
        weights: (tokens,) float32.

    Returns:
        Scalar loss, and ``(softmax - one_hot) * weight`` of shape (tokens, vocabulary), both float32.
    """
    # Every line below that holds tokens × vocabulary numbers can take the place of the one before.
    shifted = ops.cast(ops.matmul(hidden, ops.transpose(projection)), "float32")
    shifted -= ops.max(shifted, axis=-1, keepdims=True)
    chosen = ops.take_along_axis(shifted, targets[:, None], axis=-1)
    exponentials = ops.exp(shifted)
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    loss = ops.sum((ops.log(total) - chosen)[:, 0] * weights)
    gradient = exponentials * (weights[:, None] / total)
    places = ops.stack([ops.arange(ops.shape(targets)[0], dtype=targets.dtype), targets], axis=-1)
    return loss, ops.scatter_update(gradient, places, (ops.exp(chosen) / total)[:, 0] * weights - weights)


def fused_cross_entropy(hidden, projection, targets, weights):
    """Weighted sum of token losses, ``-Σ weight · log softmax(hidden · projectionᵀ)[target]``.

    Args:
        hidden: (tokens, hidden) float, the last hidden states.
        projection: (vocabulary, hidden) float, the output embedding.
        targets: (tokens,) int32.
        weights: (tokens,) float32; 0 leaves a token out. Already divided by the number of tokens if a mean is wanted.

    Returns:
        float32 scalar.
    """

    # Weights are means over thousands of tokens, too small for float16: the gradient is built for weights of at most
    # 1, added up in float32, and gets its scale (with Keras' loss scale, in `upstream`) at the very end.
    top = ops.maximum(ops.max(weights), 1e-30)
    relative = weights / top

    @ops.custom_gradient
    def loss_with_gradient(hidden, projection):
        chunks = _chunks(hidden, targets, relative)

        def one_more(index, loss, of_hidden, of_projection):
            some, wanted, counting = (ops.take(array, index, axis=0) for array in chunks)
            (some,) = not_before(of_projection, some)  # one chunk after the other
            part, of_logits = _chunk_of_loss(some, projection, wanted, counting)
            of_logits = ops.cast(of_logits, hidden.dtype)
            piece = ops.cast(ops.matmul(of_logits, projection), "float32")
            of_hidden = ops.slice_update(of_hidden, (index, 0, 0), piece[None])
            of_projection += ops.cast(ops.matmul(ops.transpose(of_logits), some), "float32")
            return index + 1, loss + part, of_hidden, of_projection

        # A loop of the backend, not of Python: TensorFlow would work on several chunks at once, and hold them all.
        zeros = (ops.zeros(shape, "float32") for shape in ((), ops.shape(chunks[0]), projection.shape))
        count = ops.shape(chunks[0])[0]
        _, loss, pieces, projection_gradient = ops.while_loop(
            lambda index, *_: index < count, one_more, (ops.zeros((), "int32"), *zeros)
        )
        hidden_gradient = ops.reshape(pieces, (-1, hidden.shape[-1]))[: ops.shape(hidden)[0]]

        def gradient(*args, upstream=None):
            scale = ops.cast(args[0] if upstream is None else upstream, "float32") * top
            return ops.cast(scale * hidden_gradient, hidden.dtype), ops.cast(
                scale * projection_gradient, projection.dtype
            )

        return loss * top, gradient

    return loss_with_gradient(hidden, projection)


def _chunks(*arrays):
    """Arrays of (tokens, …) → (chunks, tokens of a chunk, …), filled up with zeros.

    After batches of several shapes TensorFlow traces for an unknown size: then all tokens are one chunk.
    """
    tokens = arrays[0].shape[0]
    if tokens is None:
        return tuple(array[None] for array in arrays)
    count = -(-tokens // LOSS_CHUNK)
    size = -(-tokens // count)

    def cut(array):
        filled = ops.pad(array, [(0, count * size - tokens), *[(0, 0)] * (len(array.shape) - 1)])
        return ops.reshape(filled, (count, size, *array.shape[1:]))

    return tuple(cut(array) for array in arrays)


def hidden_states(
    backbone, token_ids, positions, segment_ids, training=False, adapter_dropout=None, checkpointing=False
):
    """Last hidden states of packed rows, by the backbone's own layers.

    Args:
        backbone: a KerasHub GPT-2, Llama, Mistral… backbone.
        token_ids: (batch, length) int32.
        positions: (batch, length) int32, restarted at each dialogue.
        segment_ids: (batch, length) int32, one number per dialogue, 0 where nothing is.
        training: whether dropout is on.
        adapter_dropout: draws what is left out of the adapters' inputs then.
        checkpointing: whether the backward pass computes each layer anew, from its input, instead of keeping it.

    Returns:
        (batch, length, hidden) float.
    """
    same_dialogue = ops.equal(segment_ids[:, :, None], segment_ids[:, None, :])  # (batch, length, length)
    x = backbone.token_embedding(token_ids)
    if hasattr(backbone, "position_embedding"):  # GPT-2: learnt absolute positions
        x = backbone.embeddings_add((x, backbone.position_embedding(x, positions=positions)))
        x = backbone.embeddings_dropout(x, training=training)
    layers = backbone.transformer_layers
    # Rotary families need no positions: a rotation depends on the distance between two tokens only.
    parts = adapter_parts(backbone, adapter_dropout, training)

    def as_trained():
        """The layers' own parts, as this file computes them; entered again for a layer that is computed again."""
        stack = ExitStack()
        for part in (attention_in_blocks(backbone), cheap_parts_recomputed(backbone), replaced(parts)):
            stack.enter_context(part)
        return stack

    with as_trained():
        for layer in [layer_recomputed(layer, as_trained) for layer in layers] if checkpointing else layers:
            x = layer(x, decoder_attention_mask=same_dialogue, training=training)
    return backbone.layer_norm(x)


def output_projection(backbone):
    """The (vocabulary, hidden) matrix that turns hidden states into logits."""
    embedding = backbone.token_embedding
    if embedding.tie_weights:
        return ops.convert_to_tensor(embedding.embeddings)
    return ops.transpose(ops.convert_to_tensor(embedding.reverse_embeddings))


def require_packable(backbone) -> None:
    """Checks that `hidden_states` computes what the backbone itself computes, on a short text packed twice in a row.

    Families differ (Bloom normalises its embeddings, Gemma scales them); one that this file does not know must be
    refused, not trained wrongly.

    Raises:
        InputError: it gives other values, or has other layers.
    """
    ids = np.arange(1, 7, dtype="int32")[None]
    own = np.asarray(backbone({"token_ids": ids, "padding_mask": np.ones_like(ids)}), "float32")
    if not np.isfinite(own).all():
        return  # nothing to compare; whoever computes a loss with it will say so
    positions = np.arange(6, dtype="int32")[None]
    segments = np.ones_like(ids)
    twice = [np.concatenate(pair, axis=1) for pair in ((ids, ids), (positions, positions), (segments, 2 * segments))]
    try:
        packed = np.asarray(hidden_states(backbone, *twice), "float32")
    except (AttributeError, TypeError, ValueError):
        packed = np.full((1, 12, 1), np.inf)
    # Half precision differs by some thousandths of the largest value, another architecture by far more.
    if not np.allclose(packed, np.concatenate([own, own], axis=1), rtol=0, atol=0.05 * np.abs(own).max()):
        name = type(backbone).__name__.removesuffix("Backbone")
        raise InputError(
            tr(f"La famille {name} n'est pas prise en charge : GPT-2, Llama, Mistral et Qwen le sont.",
               f"The {name} family is not supported: GPT-2, Llama, Mistral and Qwen are.")
        )  # fmt: skip


class PackedCausalLM(keras.Model):
    """Trains a KerasHub causal language model on packed rows.

    Raises InputError for a family that it does not know: see `require_packable`.

    `train_on_batch(x, targets, weights)` takes ``x = {"token_ids", "positions", "segment_ids"}``, each
    (batch, length) int32; the loss is the *sum* of weighted token losses, so that whoever makes the rows decides what
    a mean is, also across accumulated batches.

    Args:
        causal_lm: a KerasHub task; its backbone is shared, not copied.
        places: the most trained tokens that a batch may hold (`PackedRows.most_trained`); None for all places. Compiled
            steps have one shape, so this number, and not the batch at hand, decides how many meet the vocabulary.
        strategy: on which devices; where a batch is cut into shards, `places` are those of a shard.
        adapter_dropout: share of the adapters' inputs that is left out while training.
        seed: draws which.
        checkpointing: whether training computes each layer twice instead of keeping what it needs for its gradient.
    """

    def __init__(
        self,
        causal_lm,
        places: int | None = None,
        strategy: Strategy | None = None,
        *,
        adapter_dropout: float = 0.0,
        seed: int = 0,
        checkpointing: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        require_packable(causal_lm.backbone)
        self.backbone = causal_lm.backbone
        self.places = places
        self.strategy = strategy or Strategy()
        self.adapter_dropout = None
        if adapter_dropout:
            self.adapter_seeds = keras.random.SeedGenerator(seed)  # an attribute, so that its state is the model's
            self.adapter_dropout = AdapterDropout(adapter_dropout, self.adapter_seeds)
        self.checkpointing = checkpointing

    def require_places(self, weights: np.ndarray) -> None:
        """A token without a place would be left out of the loss, silently."""
        trained = max(int(np.count_nonzero(shard)) for shard in np.split(weights, self.strategy.shards))
        if self.places is not None and trained > self.places:
            raise ValueError(f"{trained} trained tokens in a batch, places for {self.places}")

    def call(self, inputs: Mapping[str, Any], training: bool = False):
        return hidden_states(
            self.backbone,
            **inputs,
            training=training,
            adapter_dropout=self.adapter_dropout,
            checkpointing=self.checkpointing and training,
        )

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        rows = y_pred, y, sample_weight
        return self.strategy.sum_over_shards(self._loss_of_rows, rows, output_projection(self.backbone))

    def _loss_of_rows(self, rows, projection):
        y_pred, y, sample_weight = rows
        hidden = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
        targets, weights = ops.reshape(y, (-1,)), ops.cast(ops.reshape(sample_weight, (-1,)), "float32")
        if self.places is not None and (hidden.shape[0] is None or self.places < hidden.shape[0]):
            # The trained places first, in order; the rest, of weight 0, fills up.
            _, chosen = ops.top_k(ops.cast(weights > 0, "float32"), self.places)
            hidden, targets, weights = (ops.take(array, chosen, axis=0) for array in (hidden, targets, weights))
        return fused_cross_entropy(hidden, ops.cast(projection, hidden.dtype), targets, weights)
