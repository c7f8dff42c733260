"""Attention over packed rows, in blocks: half of the square of scores is never computed, and none of it is kept.

A row of n places has n² scores, of which the causal half counts. Here the queries come in blocks, and a block meets
the keys up to its own end only:

    places    0…255   256…511   512…767   768…1023
    block 0     x
    block 1     x        x
    block 2     x        x         x
    block 3     x        x         x          x          10 of 16 squares at 1,024 places

The backward pass computes the scores of a block anew instead of keeping them (Dao et al. 2022, FlashAttention), which
costs one matrix product in six and saves heads × n² floats per layer and row.
"""

from typing import Any

import keras
from keras import ops

from training.recompute import not_before, replaced

BLOCK = 256  # queries of a block; half as many would double the graph


def _blocks(length: int | None) -> list[tuple[int, int | None]]:
    """(first, end) of the blocks of queries. After rows of several lengths TensorFlow traces for an unknown one."""
    if length is None:
        return [(0, None)]
    size = min(BLOCK, max(128, length // 2))
    return [(first, min(first + size, length)) for first in range(0, length, size)]


def attend(query, key, value, mask):
    """``softmax(query · keyᵀ / √width + mask) · value`` with a mask that lets nobody look ahead.

    Args:
        query: (rows, length, heads, width) float.
        key: same.
        value: same.
        mask: (rows, length, length) bool, True where a query may look; False above the diagonal.

    Returns:
        (rows, length, heads, width) float. No gradient flows to the mask.
    """
    length, scale = query.shape[1], float(query.shape[-1]) ** -0.5
    dtype = query.dtype

    def by_head(x):
        return ops.transpose(x, (0, 2, 1, 3))

    def weights_of(query, key, bar):
        scores = ops.cast(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), "float32")
        return ops.softmax(scores + bar)

    @ops.custom_gradient
    def attention(query, key, value, mask):  # all that it reads: JAX recomputes no function that reads more
        barred = [ops.where(mask[:, None, first:end, :end], 0.0, -1e9) for first, end in _blocks(length)]  # float32
        q, k, v = qkv = by_head(query) * scale, by_head(key), by_head(value)
        outputs = [
            ops.matmul(ops.cast(weights_of(q[:, :, first:end], k[:, :, :end], bar), dtype), v[:, :, :end])
            for (first, end), bar in zip(_blocks(length), barred, strict=True)
        ]
        output = ops.concatenate(outputs, axis=2)

        def gradient(*args, upstream=None):
            above = by_head(args[0] if upstream is None else upstream)
            q, k, v = not_before(above, *qkv)
            # Σ weight · ∂weight of each query equals Σ output · ∂output: one product of width, not of length.
            mean = ops.sum(ops.cast(above, "float32") * ops.cast(output, "float32"), axis=-1, keepdims=True)
            of_query, of_key, of_value = [], 0.0, 0.0
            for (first, end), bar in zip(_blocks(length), barred, strict=True):
                after = 0 if end is None else length - end
                rest = [(0, 0), (0, 0), (0, after), (0, 0)]
                some, up = q[:, :, first:end], above[:, :, first:end]
                weights = weights_of(some, k[:, :, :end], bar)
                of_weights = ops.cast(ops.matmul(up, ops.transpose(v[:, :, :end], (0, 1, 3, 2))), "float32")
                of_scores = ops.cast((of_weights - mean[:, :, first:end]) * weights, dtype)
                of_query.append(ops.matmul(of_scores, k[:, :, :end]))
                of_key += ops.pad(ops.matmul(ops.transpose(of_scores, (0, 1, 3, 2)), some), rest)
                turned = ops.transpose(ops.cast(weights, dtype), (0, 1, 3, 2))
                of_value += ops.pad(ops.matmul(turned, up), rest)
            of_query = by_head(ops.concatenate(of_query, axis=2)) * scale
            return of_query, by_head(of_key), by_head(of_value), None

        return by_head(output), gradient

    return attention(query, key, value, mask)


def attention_in_blocks(backbone: Any):
    """Context in which the attention layers of a KerasHub backbone compute theirs by `attend`.

    Both `keras.layers.MultiHeadAttention` and KerasHub's own attention layers keep the part between the projections in
    one method, `_compute_attention`. A layer with dropout on its scores, or with a window there, keeps its own.
    """
    layers = [layer for layer in backbone._flatten_layers() if _replaceable(layer)]
    return replaced([(layer, "_compute_attention", _replacement(layer)) for layer in layers])


def _replaceable(layer: Any) -> bool:
    dropout = getattr(layer, "_dropout", getattr(layer, "dropout", 0.0))
    window = getattr(layer, "use_sliding_window_attention", False)  # Qwen narrows the mask within the method itself
    return hasattr(layer, "_compute_attention") and not dropout and not window


def _replacement(layer: Any):
    with_scores = isinstance(layer, keras.layers.MultiHeadAttention)  # it returns its scores too; nobody reads them

    def compute(query, key, value, attention_mask=None, training=None, **_):
        output = attend(query, key, value, attention_mask)
        return (output, None) if with_scores else output

    return compute
