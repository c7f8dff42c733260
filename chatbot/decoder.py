"""A transformer's forward pass on a processor, in plain arrays: the whole of it is `Decoder.forward`.

Its rows are tokens of any conversations, at any places: the newest token of each running answer, the tokens of a prompt
that has just come in, or both together. What a conversation has read lies in its *slot*, as keys and values.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg  # noqa: F401  `np.dot` in compiled code calls its BLAS, which must be loaded to be limited
from numba import get_num_threads
from threadpoolctl import ThreadpoolController

from chatbot import kernels
from chatbot.plain_weights import Linear, Norm, PlainWeights
from chatbot.registers import SIDE, tiles_allowed

ROOM = 2**30  # bytes of keys and values; taken by the system as conversations fill them
MOST_SLOTS = 16
# One pass at a time: not every thread pool of Numba's bears two callers, and cores are few.
COMPUTING = threading.Lock()
# From here on a product by the processor's tiles (narrow weights, AMX: a prompt takes a third of the time), else
# by the BLAS on widened weights, is faster than our loops.
MANY_ROWS = 24


def room_for(weights: PlainWeights) -> int:
    """How many conversations fit into `ROOM`: 1 to 16."""
    of_one = len(weights.blocks) * 2 * weights.places * weights.key_heads * weights.head_width * 4
    return min(MOST_SLOTS, max(1, ROOM // of_one))


class Decoder:
    """A model with room for several conversations.

    Args:
        weights: the model.
        slots: how many conversations; each takes layers × 2 × places × key heads × head width numbers,
            of 4 bytes, or of 2 where the weights are narrower than float32.
    """

    def __init__(self, weights: PlainWeights, slots: int):
        self.weights = weights
        self.slots = slots
        shape = (slots, weights.key_heads, weights.places, weights.head_width)
        self._narrow = weights.head.weight.dtype != np.float32  # then keys and values are kept in bfloat16
        kind = "uint16" if self._narrow else "float32"
        self._cache = [(np.zeros(shape, kind), np.zeros(shape, kind)) for _ in weights.blocks]
        self._tiles = self._narrow and tiles_allowed()
        left = [linear for linear in _linears(weights) if self._narrow and not self._by_tiles(linear)]
        self._blas, self._threads = ThreadpoolController(), get_num_threads()
        self._scratch = np.empty(max((linear.weight.size for linear in left), default=0), "float32")

    def forward(self, tokens: Any, slots: Any, places: Any, wanted: Sequence[int] | None = None) -> np.ndarray:
        """Reads tokens, keeps their keys and values, and returns logits.

        Args:
            tokens: (rows,) ids.
            slots: (rows,) whose conversation each belongs to.
            places: (rows,) where it stands there, from 0; all places before it have been read, or are rows here.
            wanted: the rows whose logits are returned; None for all.

        Returns:
            (wanted rows, vocabulary) float32.
        """
        with COMPUTING:
            return self._forward(tokens, slots, places, wanted)

    def _forward(self, tokens: Any, slots: Any, places: Any, wanted: Sequence[int] | None) -> np.ndarray:
        w = self.weights
        tokens, slots, places = (np.asarray(array, "int64") for array in (tokens, slots, places))
        rows = len(tokens)
        x = w.embedding.rows(tokens)
        if w.positions is not None:
            x += w.positions[places]
        first_key = w.heads * w.head_width
        first_value = first_key + w.key_heads * w.head_width
        scores = np.empty((rows * w.heads, int(places.max()) + 1), "float32")
        attended = np.empty((rows, first_key), "float32")
        for block, (keys, values) in zip(w.blocks, self._cache, strict=True):
            projected = self._linear(_normed(x, block.attention_norm), block.attention)
            if w.rotation is not None:
                kernels.rotate(projected, 0, first_value, *(table[places] for table in w.rotation))
            kernels.remember(projected, first_key, first_value, slots, places, keys, values)
            if block is w.blocks[-1] and wanted is not None:  # of the others, nothing but keys and values is of use
                x, projected, slots, places = (array[list(wanted)] for array in (x, projected, slots, places))
                attended = attended[: len(x)]
            kernels.attend(projected, keys, values, slots, places + 1, w.window, scores, attended)
            x += self._linear(attended, block.attention_output)
            x += self._feedforward(_normed(x, block.feedforward_norm), block)
        return self._linear(_normed(x, w.norm), w.head)

    def copy_slot(self, source: int, target: int, places: int) -> None:
        """What the first places of a conversation hold, for another one that begins alike."""
        for keys, values in self._cache:
            keys[target, :, :places] = keys[source, :, :places]
            values[target, :, :places] = values[source, :, :places]

    def _feedforward(self, x: np.ndarray, block: Any) -> np.ndarray:
        inner = self._linear(x, block.up)
        if block.gate is None:
            kernels.gelu(inner)
        else:
            kernels.silu_gate(self._linear(x, block.gate), inner)
        return self._linear(inner, block.down)

    def _linear(self, x: np.ndarray, linear: Linear) -> np.ndarray:
        """(rows, ins) → (rows, outs)."""
        out = np.empty((len(x), linear.outs), "float32")
        if self._by_tiles(linear):  # a single row too: its digits must be those it has in company
            if linear.weight.dtype == np.int8:
                halves = np.empty((-(-len(x) // kernels.HALF), linear.ins // 4, SIDE), "uint32")
                scales = np.empty(len(x), "float32")
                kernels.split(x, halves, scales)
                kernels.tiled_int8(halves, scales, linear.weight, linear.scale, linear.bias, out)
            else:
                pairs = np.empty((-(-len(x) // SIDE), linear.ins // 2, SIDE), "uint32")
                kernels.paired(x, pairs)
                kernels.tiled(pairs, linear.weight, linear.scale, linear.bias, out)
            return out
        if len(x) >= MANY_ROWS:
            with self._blas.limit(limits=1, user_api="blas"):
                kernels.product(x, self._widened(linear), linear.bias, self._threads, out)
            return out
        kernels.linear(x, linear.weight, linear.scale, linear.bias, out)
        return out

    def _by_tiles(self, linear: Linear) -> bool:
        return self._tiles and linear.outs >= 2 * SIDE and linear.ins * linear.weight.itemsize % (4 * SIDE) == 0

    def _widened(self, linear: Linear) -> np.ndarray:
        """The matrix as float32, which lasts until the next one is asked for."""
        if linear.weight.dtype == np.float32:
            return linear.weight
        out = self._scratch[: linear.outs * linear.ins].reshape(linear.outs, linear.ins)
        kernels.widened(linear.weight, linear.scale, out)
        return out


def _linears(weights: PlainWeights) -> list[Linear]:
    """All matrices that may meet many rows; the head meets only those whose logits are wanted."""
    each = [(b.attention, b.attention_output, b.up, b.gate, b.down) for b in weights.blocks]
    return [linear for block in each for linear in block if linear is not None] + [weights.head]


def _normed(x: np.ndarray, norm: Norm) -> np.ndarray:
    out = np.empty_like(x)
    if norm.offset is None:
        kernels.rms_norm(x, norm.gain, norm.epsilon, out)
    else:
        kernels.layer_norm(x, norm.gain, norm.offset, norm.epsilon, out)
    return out
