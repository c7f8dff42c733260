"""Frozen kernels in 8 or 4 bits, in Keras' own storage: the base of a QLoRA (Dettmers et al. 2023).

Every matrix of a layer (`Dense`, `EinsumDense`) is narrowed, activations never are: what is multiplied is the kernel
made wide again. Embeddings, normalisations and biases stay as they are.

    int8    a whole number of -127…127 for each weight, one scale per output
    int4    two weights a byte, one scale and one zero point per 64 inputs of each output: 4.6 bits a weight

How they get there stands in `chatbot.narrowing`.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


def dense_layers(backbone: Any) -> list[Any]:
    """The layers that hold a kernel to multiply with; a subclass may do something else with it."""
    from keras.layers import Dense, EinsumDense

    return [layer for layer in backbone._flatten_layers(include_self=False) if type(layer) in (Dense, EinsumDense)]


def readable(backbone: Any) -> bool:
    """Whether all weights can be made wide again: not those of Keras' float8, GPTQ and AWQ, nor a quantised embedding."""
    dense = {id(layer) for layer in dense_layers(backbone)}
    narrow = [layer for layer in backbone._flatten_layers() if getattr(layer, "quantization_mode", None)]
    return all(id(layer) in dense and layer.quantization_mode in ("int8", "int4") for layer in narrow)


def quantised(backbone: Any) -> bool:
    return any(getattr(layer, "quantization_mode", None) for layer in backbone._flatten_layers())


@dataclass(frozen=True)
class Storage:
    """How a layer keeps its kernel.

    Args:
        mode: None (as floats), int8 or int4.
        shape: of the kernel.
        reduced: axes of the kernel that are summed over; they come first.
        block: inputs that share a scale in int4; None: all.
    """

    mode: str | None
    shape: tuple[int, ...]
    reduced: tuple[int, ...]
    block: int | None = None

    def widened(self, stored: tuple[Any, ...], dtype: str) -> Any:
        """The kernel as floats.

        Args:
            stored: as `stored_kernel` gives it.
            dtype: of the result.

        Returns:
            Tensor of `shape`.
        """
        from keras import ops

        if self.mode is None:
            return ops.cast(stored[0], dtype)
        if self.mode == "int8":
            kernel, scale = stored
            beside = [1 if axis in self.reduced else size for axis, size in enumerate(self.shape)]
            return ops.cast(kernel, dtype) / ops.reshape(ops.cast(scale, dtype), beside)
        packed, scale, *zero = stored
        rows, columns = math.prod(self.shape[axis] for axis in self.reduced), int(scale.shape[-1])
        # Two weights a byte, the low half first; (x ^ 8) - 8 gives the half its sign back.
        low, high = ops.bitwise_and(packed, 15), ops.bitwise_and(ops.right_shift(packed, 4), 15)
        halves = ops.bitwise_xor(ops.stack([low, high], axis=-1), 8) - 8
        whole = ops.cast(ops.reshape(halves, (rows, -1))[:, :columns], dtype)
        if self.block is None:
            return ops.reshape(whole / ops.cast(scale, dtype), self.shape)
        groups = int(scale.shape[0])
        if short := groups * self.block - rows:  # rows that the last group lacks
            whole = ops.pad(whole, [(0, short), (0, 0)])
        grouped = ops.reshape(whole, (groups, self.block, columns))
        kernel = (grouped - ops.cast(zero[0], dtype)[:, None]) * ops.cast(scale, dtype)[:, None]
        return ops.reshape(ops.reshape(kernel, (-1, columns))[:rows], self.shape)


def storage_of(layer: Any) -> Storage:
    """How a built `Dense` or `EinsumDense` keeps its kernel.

    Raises:
        ValueError: the axes that are summed over do not come first, as in no model of KerasHub.
    """
    mode = layer.quantization_mode
    if not hasattr(layer, "equation"):
        shape = tuple(layer._kernel.shape) if mode != "int4" else (layer._orig_input_dim, layer._orig_output_dim)
        reduced: tuple[int, ...] = (0,)
    else:
        shape = tuple(layer._kernel.shape) if mode != "int4" else tuple(layer.original_kernel_shape)
        inputs, kernel, outputs = layer.equation.replace("->", ",").split(",")
        reduced = tuple(axis for axis, name in enumerate(kernel) if name in inputs and name not in outputs)
        if reduced != tuple(range(len(reduced))) or not outputs.endswith(kernel[len(reduced) :]):
            raise ValueError(f"the kernel of {layer.equation} cannot be read as (inputs, outputs)")
    block = getattr(layer, "_int4_block_size", None) if mode == "int4" else None
    return Storage(mode, shape, reduced, None if block == -1 else block)


def stored_kernel(layer: Any) -> tuple[Any, ...]:
    """The tensors that a layer keeps its kernel in: what `Storage.widened` takes."""
    from keras import ops

    names = {"int8": ("_kernel", "kernel_scale"), "int4": ("_kernel", "kernel_scale", "kernel_zero")}
    kept = names.get(layer.quantization_mode, ("_kernel",))
    return tuple(ops.convert_to_tensor(getattr(layer, name)) for name in kept if hasattr(layer, name))


def whole_kernel(layer: Any) -> np.ndarray:
    """The kernel that a layer multiplies with, adapter included, as float32."""
    from keras import ops

    kernel = ops.convert_to_numpy(storage_of(layer).widened(stored_kernel(layer), "float32"))
    if layer.lora_enabled:  # not `layer.kernel`: it is in the layer's arithmetic, which may be half as wide
        kernel = kernel + _product(layer, layer.lora_kernel_a, layer.lora_kernel_b)
    return np.ascontiguousarray(kernel, "float32")


def whole_table(layer: Any) -> np.ndarray:
    """The rows of an `Embedding`, adapter included, as float32."""
    from keras import ops

    table = ops.convert_to_numpy(ops.cast(layer._embeddings, "float32"))
    if layer.lora_enabled:
        table = table + _product(layer, layer.lora_embeddings_a, layer.lora_embeddings_b)
    return np.ascontiguousarray(table, "float32")


def _product(layer: Any, a: Any, b: Any) -> np.ndarray:
    from keras import ops

    return np.float32(layer.lora_alpha / layer.lora_rank) * np.matmul(ops.convert_to_numpy(a), ops.convert_to_numpy(b))


def kernel_shape(layer: Any) -> tuple[int, ...]:
    """The shape of a layer's kernel, however it is stored."""
    return storage_of(layer).shape


def parameters_of(backbone: Any) -> int:
    """How many weights a backbone has, adapters not counted: the same number whatever their storage."""
    dense = dense_layers(backbone)
    inside = {id(variable) for layer in dense for variable in layer.variables}
    biases = sum(math.prod(layer.bias.shape) for layer in dense if layer.bias is not None)
    others = sum(math.prod(variable.shape) for variable in backbone.weights if id(variable) not in inside)
    return sum(math.prod(kernel_shape(layer)) for layer in dense) + biases + others
