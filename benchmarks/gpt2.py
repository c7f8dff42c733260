"""The architecture of GPT-2 with random weights: what a measurement of speed or memory needs of it."""

from typing import Any

SIZE = {"layers": 12, "heads": 12, "width": 768, "vocabulary": 50_257}  # of GPT-2 124M


def random_gpt2(
    *, layers: int, heads: int, width: int, vocabulary: int, context: int, dropout: float = 0.0, dtype: str = "float32"
) -> Any:
    """A KerasHub backbone: so many layers, heads per layer, columns, tokens and places; `dtype` is a Keras policy."""
    import keras_hub

    return keras_hub.models.GPT2Backbone(
        vocabulary_size=vocabulary,
        num_layers=layers,
        num_heads=heads,
        hidden_dim=width,
        intermediate_dim=4 * width,
        max_sequence_length=context,
        dropout=dropout,
        dtype=dtype,
    )
