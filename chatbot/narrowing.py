"""From float kernels to those of 8 or 4 bits: of a model that is there already, or one by one while it is read.

The same values always give the same bits, so a base that is loaded and narrowed again is the one that was trained on.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from chatbot.quantisation import dense_layers, storage_of

Bits = Literal["int8", "int4"]
BLOCK = 64  # weights that share a scale in int4: as in the paper


def quantise(backbone: Any, bits: Bits) -> None:
    """Narrows the kernels of a built backbone, in place, one after the other.

    (The task around it cannot: `CausalLM.quantize` of KerasHub 0.32 raises in the middle, half of the layers done.)
    """
    narrowed = dense_layers(backbone)
    # Keras collects garbage after each kernel, through every object there is: 0.3 s, for nothing, as each is freed before.
    gc.collect()
    gc.freeze()
    try:
        backbone.quantize(config=_config(bits), filters=lambda layer: any(layer is one for one in narrowed))
    finally:
        gc.unfreeze()


@contextmanager
def narrowed_while_read(bits: Bits) -> Iterator[None]:
    """While it lasts, every `Dense` and `EinsumDense` is built with a narrow kernel, which the float kernel of a file
    becomes on its way in. So a model of 7 billion weights never lies in memory as floats: 27 GB, 14 in half precision.
    """
    from keras import dtype_policies
    from keras.layers import Dense, EinsumDense

    name = f"int4/{BLOCK}" if bits == "int4" else bits

    def built_by(build):
        def build_narrow(layer, *args, **kwargs):
            if type(layer) in (Dense, EinsumDense) and layer.quantization_mode is None:
                layer.quantization_config = _config(bits)
                layer.dtype_policy = dtype_policies.get(f"{name}_from_{layer.dtype_policy.name}")
            build(layer, *args, **kwargs)

        return build_narrow

    def read_by(read):
        def read_narrow(layer, store):
            if type(layer) not in (Dense, EinsumDense) or len(store.keys()) > (1 if layer.bias is None else 2):
                read(layer, store)  # written narrow already
                return
            narrow_into(layer, np.asarray(store["0"]))
            if layer.bias is not None:
                layer.bias.assign(store["1"])

        return read_narrow

    before = [(kind, kind.build, kind.load_own_variables) for kind in (Dense, EinsumDense)]
    for kind, build, read in before:
        kind.build, kind.load_own_variables = built_by(build), read_by(read)
    try:
        yield
    finally:
        for kind, build, read in before:
            kind.build, kind.load_own_variables = build, read


def narrow_into(layer: Any, kernel: np.ndarray) -> None:
    """Gives a layer that was built narrow the bits of a float kernel, as Keras' own `quantize` would.

    Raises:
        ValueError: the kernel has another shape.
    """
    from keras import ops, quantizers

    storage = storage_of(layer)
    if kernel.shape != storage.shape:
        raise ValueError(f"{layer.path}: a kernel of {storage.shape} expected. Received: {kernel.shape}")
    kernel = kernel.astype("float32")
    if storage.mode == "int8":
        values, scale = quantizers.AbsMaxQuantizer(axis=storage.reduced)(kernel, to_numpy=True)
        layer._kernel.assign(values)
        layer.kernel_scale.assign(ops.reshape(scale, layer.kernel_scale.shape))
        return
    flat = kernel.reshape(-1, int(np.prod(storage.shape[len(storage.reduced) :])))
    values, scale, zero = quantizers.abs_max_quantize_grouped_with_zero_point(flat, block_size=BLOCK, to_numpy=True)
    layer._kernel.assign(quantizers.pack_int4(values, axis=-1)[0])
    layer.kernel_scale.assign(scale)
    layer.kernel_zero.assign(zero)
    layer.g_idx.assign(np.arange(len(flat), dtype="float32") // BLOCK)  # KerasHub empties it on JAX while it loads


def _config(bits: Bits) -> Any:
    from keras.quantizers import Int4QuantizationConfig, Int8QuantizationConfig

    # Weights alone: activations stay as they are.
    return (
        Int4QuantizationConfig(block_size=BLOCK)
        if bits == "int4"
        else Int8QuantizationConfig(activation_quantizer=None)
    )
