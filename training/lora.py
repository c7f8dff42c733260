"""LoRA: small trainable matrices beside frozen kernels (Hu et al. 2021), added so that nothing is lost on disk.

KerasHub's `enable_lora` leaves the biases of the adapted layers trainable but does not save them. Here they are
frozen: what trains is what the adapter file holds, entirely.
"""

from collections.abc import Sequence
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr


def add_lora(backbone: Any, *, rank: int, alpha: float, targets: Sequence[str]) -> int:
    """Freezes a backbone and adds an adapter to every layer whose name is in `targets`.

    Returns:
        How many layers were adapted.

    Raises:
        InputError: no layer has such a name.
    """
    layers = [layer for layer in backbone._flatten_layers(include_self=False) if layer.weights]
    adapted = [layer for layer in layers if layer.name in targets and hasattr(layer, "enable_lora")]
    unknown = sorted(set(targets) - {layer.name for layer in adapted})
    if unknown:
        known = ", ".join(sorted({layer.name for layer in layers if hasattr(layer, "enable_lora")}))
        raise InputError(
            tr(f"lora.targets : aucune couche ne s'appelle {', '.join(unknown)}. Couches possibles : {known}.",
               f"lora.targets: no layer is called {', '.join(unknown)}. Possible layers: {known}.")
        )  # fmt: skip
    for layer in layers:
        layer.trainable = False
    for layer in adapted:
        layer.trainable = True
        layer.enable_lora(rank, lora_alpha=alpha)
        if getattr(layer, "bias", None) is not None:
            layer.bias.trainable = False
    return len(adapted)
