"""Frozen kernels and the adapters beside them, as a training step multiplies with them.

    y = x · W + alpha / rank · (dropout(x) · A) · B        W frozen, perhaps in 4 or 8 bits; A and B learn

Keras adds A · B to W before it multiplies. That costs the whole gradient of a kernel, a third of a training step, and a
second kernel in memory. Here W has no gradient at all, and A and B have theirs from the two narrow products.

A quantised W is made wide where it is used and forgotten; the backward pass makes it wide again. Kept until then, as
automatic differentiation would, the wide kernels of all layers would lie in memory together: those of the model before
it was quantised.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from chatbot.quantisation import Storage, dense_layers, storage_of, stored_kernel
from training.recompute import not_before, replaced


@dataclass(frozen=True)
class AdapterDropout:
    """Draws what is left out of the adapters' inputs: one seed for a step, from which each layer has its own.

    So a layer that is computed a second time (activation checkpointing) leaves out the same again.

    Args:
        rate: share that is left out.
        seeds: gives the seed of each step; whoever keeps it as an attribute of a Keras model saves its state.
    """

    rate: float
    seeds: keras.random.SeedGenerator

    def of_step(self) -> "_Seed":
        return _Seed(self.seeds.next())


class _Seed(keras.random.SeedGenerator):
    """A seed that is drawn already: `keras.random` takes it for a generator, and nothing changes when it is used."""

    def __init__(self, value: Any):
        self._value = value

    def next(self, ordered: bool = True) -> Any:
        return self._value

    def of(self, place: int) -> "_Seed":
        step, count = self._value[0], self._value[1]
        return _Seed(ops.stack([step + ops.cast(place, step.dtype), count]))


def adapters_beside(backbone: Any):
    """Context in which the adapted and the quantised layers of a backbone multiply as shown above."""
    return replaced(adapter_parts(backbone))


def adapter_parts(
    backbone: Any, dropout: AdapterDropout | None = None, training: bool = False
) -> list[tuple[Any, str, Callable]]:
    """What `replaced` takes for that; drawn once for a step, however often it is entered."""
    seed = dropout.of_step() if dropout is not None and training else None
    rate = dropout.rate if dropout is not None else 0.0
    parts = []
    for place, layer in enumerate(dense_layers(backbone)):
        if layer.lora_enabled or layer.quantization_mode:
            name = "quantized_call" if layer.quantization_mode else "call"
            parts.append((layer, name, _call(layer, rate, seed.of(place) if seed else None)))
    return parts


def _call(layer: Any, rate: float, seed: _Seed | None):
    def call(inputs, training=None):
        y = _quantised_product(layer, inputs) if layer.quantization_mode else _product(layer, inputs, layer._kernel)
        if layer.lora_enabled:
            seen = inputs if seed is None else keras.random.dropout(inputs, rate, seed=seed)
            narrow = ops.matmul(_product(layer, seen, layer.lora_kernel_a), layer.lora_kernel_b)
            y = y + ops.cast(layer.lora_alpha / layer.lora_rank * narrow, y.dtype)
        if layer.bias is not None:
            y = ops.add(y, layer.bias)
        return y if layer.activation is None else layer.activation(y)

    return call


def _product(layer: Any, inputs, kernel):
    """The product of a layer, with a kernel of its shape (or of rank × the rest)."""
    return ops.einsum(layer.equation, inputs, kernel) if hasattr(layer, "equation") else ops.matmul(inputs, kernel)


def _quantised_product(layer: Any, inputs):
    stored = stored_kernel(layer)
    widened = _widening(storage_of(layer), layer.compute_dtype)

    @ops.custom_gradient
    def product(inputs):
        output = _product(layer, inputs, widened(*stored))

        def gradient(*args, upstream=None):
            above = args[0] if upstream is None else upstream
            kernel = widened(*not_before(above, *stored))
            if hasattr(layer, "equation"):
                return ops.einsum(layer._custom_gradient_equation, above, kernel)
            return ops.matmul(above, ops.transpose(kernel))

        return output, gradient

    return product(inputs)


@functools.cache
def _widening(storage: Storage, dtype: str) -> Callable[..., Any]:
    """Makes kernels of that storage wide: on TensorFlow in one compiled loop instead of an operation after the other."""

    def widened(*stored):
        return storage.widened(stored, dtype)

    if keras.backend.backend() != "tensorflow":
        return widened
    import tensorflow as tf

    compiled = tf.function(widened, jit_compile=True, autograph=False)
    return lambda *stored: compiled(*map(tf.convert_to_tensor, stored))  # its arguments must not be variables
