"""The architecture of GPT-2 with random weights: what a measurement of speed or memory needs of it."""

from pathlib import Path
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


def random_gpt2_preset(tokenizer: Path, folder: Path) -> Path:
    """Writes a preset of the shape of GPT-2 124M; `tokenizer` holds GPT-2's vocab.json and merges.txt."""
    import keras_hub

    from chatbot.model import save_preset

    words = keras_hub.models.GPT2Tokenizer(
        vocabulary=str(tokenizer / "vocab.json"), merges=str(tokenizer / "merges.txt")
    )
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(words, sequence_length=1024)
    causal_lm = keras_hub.models.GPT2CausalLM(backbone=random_gpt2(**SIZE, context=1024), preprocessor=preprocessor)
    save_preset(causal_lm, folder, {})
    return folder
