"""Which array of a folder in the transformers format is which weight of a KerasHub backbone: one table, read by the
loader (`chatbot.transformers_folder`) and by the export (`chatbot.export`).

The table is made from sizes alone, so that names and shapes of a file can be checked before anything is built. Llama,
Mistral and Qwen 2 share their names; their matrices are stored (outs, ins), GPT-2's (ins, outs), and Keras has them as
(ins, outs) with the heads on an axis of their own:

    model.layers.0.self_attn.k_proj.weight   (16, 32)        transformer_layers.0 … key   kernel (32, 2, 8)
    transformer.h.0.attn.c_attn.weight       (32, 96)        query, key and value, side by side
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any, Literal

import numpy as np

Family = Literal["gpt2", "llama", "mistral", "qwen2"]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """All that the shapes of a model depend on.

    Args:
        family: transformers' `model_type`.
        vocabulary: rows of the embedding.
        width: of the hidden states.
        inner: width inside of the feed-forward layers.
        layers: how many.
        heads, key_heads, head_width: of the attention.
        tied: whether the head is the embedding.
        positions: learnt ones (GPT-2), else 0.
    """

    family: Family
    vocabulary: int
    width: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    head_width: int
    tied: bool
    positions: int = 0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an array belongs.

    Args:
        name: in the file.
        shape: in the file.
        keras: the weight's shape in Keras, where heads have an axis of their own.
        path: from the backbone to the Keras layer, by attributes and indices: "transformer_layers.0._feedforward_…".
        attribute: of the layer: "kernel", "bias", "embeddings", "scale", …
        turned: whether the file has the matrix as (outs, ins).
        part: (k, n): this weight is the k-th of n equal parts of the array's last axis.
    """

    name: str
    shape: tuple[int, ...]
    keras: tuple[int, ...]
    path: str
    attribute: str
    turned: bool = False
    part: tuple[int, int] = (0, 1)

    def layer(self, backbone: Any) -> Any:
        return reduce(_member, self.path.split("."), backbone)

    def columns(self) -> slice:
        """The part's place on the array's last axis."""
        number, of = self.part
        each = self.shape[-1] // of
        return slice(number * each, (number + 1) * each)

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        """An array as the file has it (the part alone), in Keras' own shape."""
        return (array.T if self.turned else array).reshape(self.keras)

    def to_file(self, array: np.ndarray) -> np.ndarray:
        """A weight of Keras as the file has it (the part alone)."""
        whole = (*self.shape[:-1], self.shape[-1] // self.part[1])
        return array.reshape(whole[::-1]).T if self.turned else array.reshape(whole)


def _member(holder: Any, name: str) -> Any:
    return holder[int(name)] if name.isdigit() else getattr(holder, name)


def places(sizes: Sizes) -> Iterator[Place]:
    """Every weight of a model, in the order of its layers."""
    return _of_gpt2(sizes) if sizes.family == "gpt2" else _of_llama(sizes)


def _of_llama(sizes: Sizes) -> Iterator[Place]:
    width, inner, head = sizes.width, sizes.inner, sizes.head_width
    table = (sizes.vocabulary, width)
    yield Place(
        name="model.embed_tokens.weight", shape=table, keras=table, path="token_embedding", attribute="embeddings"
    )
    for number in range(sizes.layers):
        file, path = f"model.layers.{number}", f"transformer_layers.{number}"
        attention = f"{path}._self_attention_layer"
        yield _scale(f"{file}.input_layernorm", f"{path}._self_attention_layernorm", width)
        yield _scale(f"{file}.post_attention_layernorm", f"{path}._feedforward_layernorm", width)
        for name, own, keras in (
            ("self_attn.q_proj", f"{attention}._query_dense", (width, sizes.heads, head)),
            ("self_attn.k_proj", f"{attention}._key_dense", (width, sizes.key_heads, head)),
            ("self_attn.v_proj", f"{attention}._value_dense", (width, sizes.key_heads, head)),
            ("self_attn.o_proj", f"{attention}._output_dense", (sizes.heads, head, width)),
            ("mlp.gate_proj", f"{path}._feedforward_gate_dense", (width, inner)),
            ("mlp.up_proj", f"{path}._feedforward_intermediate_dense", (width, inner)),
            ("mlp.down_proj", f"{path}._feedforward_output_dense", (inner, width)),
        ):
            ins = keras[0] * head if name == "self_attn.o_proj" else keras[0]
            outs = prod(keras) // ins
            yield Place(
                name=f"{file}.{name}.weight", shape=(outs, ins), keras=keras, path=own, attribute="kernel", turned=True
            )
            if sizes.family == "qwen2" and len(keras) == 3 and name != "self_attn.o_proj":
                yield Place(name=f"{file}.{name}.bias", shape=(outs,), keras=keras[1:], path=own, attribute="bias")
    yield _scale("model.norm", "layer_norm", width)
    if not sizes.tied:
        yield Place(
            name="lm_head.weight", shape=table, keras=table[::-1], path="token_embedding",
            attribute="reverse_embeddings", turned=True,
        )  # fmt: skip


def _scale(name: str, path: str, width: int) -> Place:
    return Place(name=f"{name}.weight", shape=(width,), keras=(width,), path=path, attribute="scale")


def _of_gpt2(sizes: Sizes) -> Iterator[Place]:
    width, inner, heads = sizes.width, sizes.inner, (sizes.heads, sizes.head_width)
    table, learnt = (sizes.vocabulary, width), (sizes.positions, width)
    for name, shape, path, attribute in (
        ("wte", table, "token_embedding", "embeddings"),
        ("wpe", learnt, "position_embedding", "position_embeddings"),
    ):
        yield Place(name=f"transformer.{name}.weight", shape=shape, keras=shape, path=path, attribute=attribute)
    for number in range(sizes.layers):
        file, path = f"transformer.h.{number}", f"transformer_layers.{number}"
        attention = f"{path}._self_attention_layer"
        yield from _layer_norm(f"{file}.ln_1", f"{path}._self_attention_layer_norm", width)
        yield from _layer_norm(f"{file}.ln_2", f"{path}._feedforward_layer_norm", width)
        three = [f"{attention}._{name}_dense" for name in ("query", "key", "value")]
        yield from _dense(f"{file}.attn.c_attn", three, (width, 3 * width), (width, *heads))
        yield from _dense(f"{file}.attn.c_proj", [f"{attention}._output_dense"], (width, width), (*heads, width))
        for name, own, shape in (
            ("mlp.c_fc", f"{path}._feedforward_intermediate_dense", (width, inner)),
            ("mlp.c_proj", f"{path}._feedforward_output_dense", (inner, width)),
        ):
            yield from _dense(f"{file}.{name}", [own], shape, shape)
    yield from _layer_norm("transformer.ln_f", "layer_norm", width)


def _dense(name: str, paths: list[str], shape: tuple[int, int], keras: tuple[int, ...]) -> Iterator[Place]:
    """Kernels, then biases, of the layers that share an array, side by side."""
    each = shape[1] // len(paths)
    outs = keras[1:] if prod(keras[1:]) == each else keras[-1:]  # the output's kernel has its heads first
    for attribute, kind, file, own in (("kernel", "weight", shape, keras), ("bias", "bias", shape[1:], outs)):
        for number, path in enumerate(paths):
            yield Place(
                name=f"{name}.{kind}", shape=file, keras=own, path=path, attribute=attribute, part=(number, len(paths))
            )


def _layer_norm(name: str, path: str, width: int) -> Iterator[Place]:
    for kind, attribute in (("weight", "gamma"), ("bias", "beta")):
        yield Place(name=f"{name}.{kind}", shape=(width,), keras=(width,), path=path, attribute=attribute)
