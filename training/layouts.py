"""Which dimension of each weight is split over the devices when they share one model (`--distribute model`).

The split of Megatron (Shoeybi et al. 2019): attention by heads and the feed-forward part by its inner width, so that a
block's first products need nothing of the other devices and its last ones are summed; the embedding by words, or by
width where the vocabulary does not divide (GPT-2's 50,257)::

    query, key, value       (hidden, heads, width)   →  heads
    attention_output        (heads, width, hidden)   →  heads
    feed-forward, in        (hidden, inner)          →  inner
    feed-forward, out       (inner, hidden)          →  inner
    token_embedding         (vocabulary, hidden)     →  vocabulary, else hidden

An adapter follows its kernel: `lora_kernel_a` has all dimensions of the kernel but the last, `lora_kernel_b` has the
last. What no rule names, or what has another shape (a packed 4-bit kernel), stays whole on every device.
"""

import re
from collections.abc import Iterator
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr

MODEL = "model"  # the axis of the mesh that weights are split over
Axes = tuple[str | None, ...]

_BLOCK = r"(?:.*/)?transformer_layer_\d+/"
_PROJECTION = _BLOCK + r"self_attention/(?:query|key|value)/"
_OUTPUT = _BLOCK + r"self_attention/attention_output/"
_INNER = _BLOCK + r"feedforward_(?:intermediate|gate)_dense/"
_OUTER = _BLOCK + r"feedforward_output_dense/"
_EMBEDDING = r"(?:.*/)?token_embedding/"


def _kernel(layer: str, axes: Axes) -> Iterator[tuple[str, Axes]]:
    yield layer + "kernel", axes
    yield layer + "lora_kernel_a", (*axes[:-1], None)
    yield layer + "lora_kernel_b", (None, axes[-1])


def layout_rules(vocabulary: int, devices: int) -> dict[str, Axes]:
    """Pattern of a variable's whole path → the mesh axis of each of its dimensions; the patterns exclude each other."""
    embedding = (MODEL, None) if vocabulary % devices == 0 else (None, MODEL)
    return {
        **dict(_kernel(_PROJECTION, (None, MODEL, None))),
        _PROJECTION + "bias": (MODEL, None),
        **dict(_kernel(_OUTPUT, (MODEL, None, None))),
        **dict(_kernel(_INNER, (None, MODEL))),
        _INNER + "bias": (MODEL,),
        **dict(_kernel(_OUTER, (MODEL, None))),
        _EMBEDDING + "embeddings": embedding,
        _EMBEDDING + "reverse_embeddings": embedding[::-1],
        _EMBEDDING + "lora_embeddings_a": (embedding[0], None),
        _EMBEDDING + "lora_embeddings_b": (None, embedding[1]),
    }


def axes_of(path: str, shape: tuple[int, ...], rules: dict[str, Axes], devices: int) -> Axes:
    """The mesh axes of a variable's dimensions; all None where no rule fits its path and its shape."""
    whole = (None,) * len(shape)
    axes = next((axes for pattern, axes in rules.items() if re.fullmatch(pattern, path)), whole)
    fits = len(axes) == len(shape) and all(a is None or s % devices == 0 for a, s in zip(axes, shape, strict=True))
    return axes if fits else whole


def require_divisible(backbone: Any, devices: int) -> None:
    """Raises InputError, with the name of the size, when a backbone cannot be split over so many devices."""
    config = backbone.get_config()
    query = "num_heads" if "num_heads" in config else "num_query_heads"
    sizes = {name: config[name] for name in (query, "num_key_value_heads", "intermediate_dim") if name in config}
    if config["vocabulary_size"] % devices:
        sizes["hidden_dim"] = config["hidden_dim"]
    wrong = [f"{name} = {size}" for name, size in sizes.items() if size % devices]
    if wrong:
        possible = [n for n in range(2, devices) if not any(size % n for size in sizes.values())]
        fewer = tr(f" Avec {max(possible)} appareils, il se partage.", f" It divides by {max(possible)}.")
        raise InputError(
            tr(f"--distribute model : ce modèle ne se partage pas entre {devices} appareils ({', '.join(wrong)}).\n"
               f"Prenez --distribute data, ou un autre nombre d'appareils.{fewer if possible else ''}",
               f"--distribute model: this model cannot be split over {devices} devices ({', '.join(wrong)}).\n"
               f"Take --distribute data, or another number of devices.{fewer if possible else ''}")
        )  # fmt: skip
