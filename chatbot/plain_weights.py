"""The weights of a KerasHub backbone as plain arrays, narrowed where asked for: what `chatbot.decoder` computes with.

Two designs are known, and with them the families that follow them: GPT-2's (normalised, biases, GELU, learnt positions)
and Llama's (RMS, gated SiLU, rotary positions, few key heads): Llama, Mistral, Qwen. Adapters are merged in on the way, and a quantised base is made wide first.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chatbot.quantisation import kernel_shape, readable, whole_kernel, whole_table

Width = Literal["float32", "bfloat16", "int8"]
CHUNK = 64 * 2**20  # bytes
LINE = 64  # bytes: of the processor's cache, and of its widest register
LLAMA_LIKE = ("LlamaBackbone", "Llama3Backbone", "MistralBackbone", "QwenBackbone")


@dataclass(frozen=True)
class Linear:
    """A matrix with its bias, stored as (outs, ins) in one of the widths; see `chatbot.kernels.linear`."""

    weight: np.ndarray
    scale: np.ndarray
    bias: np.ndarray

    @property
    def outs(self) -> int:
        return self.weight.shape[0]

    @property
    def ins(self) -> int:
        return self.weight.shape[1]

    def rows(self, ids: np.ndarray) -> np.ndarray:
        """Rows of the matrix as float32: the embedding of those ids."""
        from chatbot import kernels

        out = np.empty((len(ids), self.ins), "float32")
        kernels.widened(self.weight[ids], self.scale[ids], out)
        return out


@dataclass(frozen=True)
class Norm:
    """A normalisation: LayerNorm, or RMSNorm where there is no offset."""

    gain: np.ndarray
    offset: np.ndarray | None
    epsilon: float


@dataclass(frozen=True)
class Block:
    """One layer; `gate` only in Llama's design. `attention` gives queries, keys and values, one after the other."""

    attention_norm: Norm
    attention: Linear
    attention_output: Linear
    feedforward_norm: Norm
    up: Linear
    gate: Linear | None
    down: Linear


@dataclass(frozen=True, kw_only=True)
class PlainWeights:
    """A whole model.

    Args:
        embedding: (vocabulary, hidden).
        positions: (places, hidden) float32, or None for rotary ones.
        rotation: cosine and sine of each place, (places, head width / 2) float32 each, or None.
        blocks: the layers.
        norm: the last one.
        head: (vocabulary, hidden); often the embedding itself.
        heads, key_heads, head_width: of the attention.
        window: the most places that a place sees, itself included.
        places: the longest sequence.
    """

    embedding: Linear
    positions: np.ndarray | None
    rotation: tuple[np.ndarray, np.ndarray] | None
    blocks: list[Block]
    norm: Norm
    head: Linear
    heads: int
    key_heads: int
    head_width: int
    window: int
    places: int

    @property
    def bytes(self) -> int:
        """What a token reads: every weight once, the embedding only as the head."""
        linears = [self.head]
        for block in self.blocks:
            linears += filter(None, (block.attention, block.attention_output, block.up, block.gate, block.down))
        return sum(linear.weight.nbytes + linear.scale.nbytes for linear in linears)


class Arena:
    """Where the matrices lie: in large pieces, which Linux maps by pages of 2 MB instead of 4 KB. A token reads all of
    them, and many small pages cost it a third of its time."""

    def __init__(self) -> None:
        self._chunk, self._used = np.empty(0, "uint8"), 0

    def store(self, array: np.ndarray) -> np.ndarray:
        """The same array, copied there."""
        if self._used + array.nbytes > self._chunk.nbytes:
            chunk = np.empty(max(CHUNK, array.nbytes) + LINE, "uint8")
            self._chunk, self._used = chunk[-chunk.ctypes.data % LINE :], 0  # NumPy's arrays begin 16 bytes after one
        place = self._chunk[self._used : self._used + array.nbytes].view(array.dtype).reshape(array.shape)
        place[...] = array
        self._used += -(-array.nbytes // LINE) * LINE
        return place


def bfloat16(array: np.ndarray) -> np.ndarray:
    """The upper half of each float32, rounded to the nearest (even), as uint16; NumPy has no such type."""
    bits = array.view("uint32")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("uint16")


def narrowed(weight: np.ndarray, bias: np.ndarray | None, width: Width, arena: Arena) -> Linear:
    """A float32 matrix (outs, ins) in another width.

    bfloat16 keeps 8 of the 24 bits of precision, to the nearest. int8 has a scale per output: its largest weight is ±127.
    """
    outs = len(weight)
    bias = np.zeros(outs, "float32") if bias is None else np.ascontiguousarray(bias, "float32")
    scale = np.ones(outs, "float32")
    weight = np.ascontiguousarray(weight, "float32")
    if width == "bfloat16":
        weight = bfloat16(weight)
    elif width == "int8":
        scale = (np.maximum(np.abs(weight).max(axis=1), 1e-30) / 127).astype("float32")
        weight = np.rint(weight / scale[:, None]).astype("int8")
    return Linear(arena.store(weight), scale, bias)


def plain_weights(backbone: Any, places: int, width: Width = "float32") -> PlainWeights | None:
    """The arrays of a backbone, what is quantised made wide again; None for a family that only Keras can compute.

    Args:
        backbone: a KerasHub backbone.
        places: the longest sequence to prepare for.
        width: of the matrices; the vectors, and GPT-2's positions, stay float32.
    """
    name = type(backbone).__name__
    if (name != "GPT2Backbone" and name not in LLAMA_LIKE) or not readable(backbone):
        return None
    gpt2, arena = name == "GPT2Backbone", Arena()
    attention = backbone.transformer_layers[0]._self_attention_layer
    table = backbone.token_embedding
    embedding = narrowed(whole_table(table), None, width, arena)
    key_heads, head_width = kernel_shape(attention._key_dense)[1:]
    window = getattr(attention, "_sliding_window", None)
    if name == "QwenBackbone" and attention.use_sliding_window_attention:
        return None  # its first layers have no window: Keras knows which
    return PlainWeights(
        embedding=embedding,
        positions=_array(backbone.position_embedding.position_embeddings) if gpt2 else None,
        rotation=None if gpt2 else _rotation(attention.rotary_embedding_layer, places, head_width),
        blocks=[_block(layer, gpt2, width, arena) for layer in backbone.transformer_layers],
        norm=_norm(backbone.layer_norm),
        head=embedding if table.tie_weights else narrowed(_array(table.reverse_embeddings).T, None, width, arena),
        heads=kernel_shape(attention._query_dense)[1],
        key_heads=key_heads,
        head_width=head_width,
        window=window or places,
        places=places,
    )


def _block(layer: Any, gpt2: bool, width: Width, arena: Arena) -> Block:
    attention = layer._self_attention_layer
    first = layer._self_attention_layer_norm if gpt2 else layer._self_attention_layernorm
    second = layer._feedforward_layer_norm if gpt2 else layer._feedforward_layernorm
    projections = [attention._query_dense, attention._key_dense, attention._value_dense]
    return Block(
        attention_norm=_norm(first),
        attention=_linear(projections, 1, width, arena),
        attention_output=_linear([attention._output_dense], 2, width, arena),
        feedforward_norm=_norm(second),
        up=_linear([layer._feedforward_intermediate_dense], 1, width, arena),
        gate=None if gpt2 else _linear([layer._feedforward_gate_dense], 1, width, arena),
        down=_linear([layer._feedforward_output_dense], 1, width, arena),
    )


def _linear(layers: list[Any], inputs: int, width: Width, arena: Arena) -> Linear:
    """Dense layers of the same input as one matrix; `inputs` says how many axes of a kernel are the input's."""
    kernels = [whole_kernel(layer) for layer in layers]
    ins = int(np.prod(kernels[0].shape[:inputs]))
    weight = np.concatenate([kernel.reshape(ins, -1) for kernel in kernels], axis=1).T
    biases = [_array(layer.bias).reshape(-1) for layer in layers if layer.bias is not None]
    return narrowed(weight, np.concatenate(biases) if biases else None, width, arena)


def _norm(layer: Any) -> Norm:
    if hasattr(layer, "gamma"):
        return Norm(_array(layer.gamma), _array(layer.beta), float(layer.epsilon))
    return Norm(_array(layer.scale), None, float(layer.epsilon))


def _rotation(layer: Any, places: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of each place, as KerasHub's own layer (with its scalings) turns the vector (1…1, 0…0)."""
    vector = np.concatenate([np.ones(width // 2, "float32"), np.zeros(width // 2, "float32")])
    turned = _array(layer(np.tile(vector, (1, places, 1, 1))))[0, :, 0]
    return np.ascontiguousarray(turned[:, : width // 2]), np.ascontiguousarray(turned[:, width // 2 :])


def _array(value: Any) -> np.ndarray:
    from keras import ops

    return np.ascontiguousarray(ops.convert_to_numpy(value), "float32")
