"""A causal language model seen as "packed rows in, loss out", sharing its variables with the model that is served.

Knows nothing of data sets, templates or files. Two ideas:

* **Packed forward.** A row holds several dialogues, one after the other. Attention stays inside a dialogue (a
  block-diagonal mask from `segment_ids`) and positions restart at each one, so a dialogue has the same loss as alone.
* **Fused loss.** The matrix of logits (tokens × vocabulary) is built and consumed in chunks, forward and backward in
  one pass, so it never lies whole in memory. The softmax gradient is closed form: ``(softmax - one_hot) * weight``.

The arrays of a row are shown in `training.packing`.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

LOSS_CHUNK = 1024  # tokens whose logits exist at one time: 1024 × 50,257 × 4 bytes = 206 MB for GPT-2


def _chunk_of_loss(hidden, projection, targets, weights):
    """Loss of some tokens, with what its gradient needs.

    Args:
        hidden: (tokens, hidden) float.
        projection: (vocabulary, hidden) float.
        targets: (tokens,) int.
        weights: (tokens,) float32.

    Returns:
        Scalar loss, and ``softmax * weight`` of shape (tokens, vocabulary).
    """
    logits = ops.cast(ops.matmul(hidden, ops.transpose(projection)), "float32")
    highest = ops.max(logits, axis=-1, keepdims=True)
    exponentials = ops.exp(logits - highest)
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    chosen = ops.take_along_axis(logits, targets[:, None], axis=-1)
    loss = ops.sum((ops.log(total) + highest - chosen)[:, 0] * weights)
    return loss, exponentials * (weights[:, None] / total)


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

    @ops.custom_gradient
    def loss_with_gradient(hidden, projection):
        loss, hidden_gradients, projection_gradient = 0.0, [], 0.0
        for piece in _pieces(hidden.shape[0]):
            part, probabilities = _chunk_of_loss(hidden[piece], projection, targets[piece], weights[piece])
            probabilities = ops.cast(probabilities, hidden.dtype)
            loss = loss + part
            hidden_gradients.append(ops.matmul(probabilities, projection))
            projection_gradient = projection_gradient + ops.matmul(ops.transpose(probabilities), hidden[piece])
        column = ops.cast(weights[:, None], hidden.dtype)
        hidden_gradient = ops.concatenate(hidden_gradients) - column * ops.take(projection, targets, axis=0)
        of_targets = ops.segment_sum(column * hidden, targets, num_segments=projection.shape[0])
        projection_gradient = projection_gradient - of_targets

        def gradient(*args, upstream=None):
            upstream = ops.cast(args[0] if upstream is None else upstream, hidden.dtype)
            return upstream * hidden_gradient, upstream * projection_gradient

        return loss, gradient

    return loss_with_gradient(hidden, projection)


def _pieces(tokens: int | None) -> list[slice]:
    """The chunks of a step. After batches of several shapes TensorFlow traces for an unknown size: then one chunk."""
    if tokens is None:
        return [slice(None)]
    return [slice(start, start + LOSS_CHUNK) for start in range(0, tokens, LOSS_CHUNK)]


def hidden_states(backbone, token_ids, positions, segment_ids, training=False):
    """Last hidden states of packed rows, by the backbone's own layers.

    Args:
        backbone: a KerasHub GPT-2, Llama, Mistral… backbone.
        token_ids: (batch, length) int32.
        positions: (batch, length) int32, restarted at each dialogue.
        segment_ids: (batch, length) int32, one number per dialogue, 0 where nothing is.
        training: whether dropout is on.

    Returns:
        (batch, length, hidden) float.
    """
    same_dialogue = ops.equal(segment_ids[:, :, None], segment_ids[:, None, :])  # (batch, length, length)
    x = backbone.token_embedding(token_ids)
    if hasattr(backbone, "position_embedding"):  # GPT-2: learnt absolute positions
        x = backbone.embeddings_add((x, backbone.position_embedding(x, positions=positions)))
        x = backbone.embeddings_dropout(x, training=training)
    # Rotary families need no positions: a rotation depends on the distance between two tokens only.
    for layer in backbone.transformer_layers:
        x = layer(x, decoder_attention_mask=same_dialogue, training=training)
    return backbone.layer_norm(x)


def output_projection(backbone):
    """The (vocabulary, hidden) matrix that turns hidden states into logits."""
    embedding = backbone.token_embedding
    if embedding.tie_weights:
        return ops.convert_to_tensor(embedding.embeddings)
    return ops.transpose(ops.convert_to_tensor(embedding.reverse_embeddings))


class PackedCausalLM(keras.Model):
    """Trains a KerasHub causal language model on packed rows.

    `train_on_batch(x, targets, weights)` takes ``x = {"token_ids", "positions", "segment_ids"}``, each
    (batch, length) int32; the loss is the *sum* of weighted token losses, so that whoever makes the rows decides what
    a mean is, also across accumulated batches.
    """

    def __init__(self, causal_lm, **kwargs):
        super().__init__(**kwargs)
        self.backbone = causal_lm.backbone

    def call(self, inputs: Mapping[str, Any], training: bool = False):
        return hidden_states(self.backbone, **inputs, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        hidden = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
        projection = ops.cast(output_projection(self.backbone), hidden.dtype)
        return fused_cross_entropy(
            hidden, projection, ops.reshape(y, (-1,)), ops.cast(ops.reshape(sample_weight, (-1,)), "float32")
        )
