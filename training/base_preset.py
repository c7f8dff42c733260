"""A base model as it is published: architecture, preset folder with recipe and curve, model card."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chatbot.files import folder_written_whole, write_json, write_text
from chatbot.model import save_preset
from chatbot.template import HUMAN_ASSISTANT
from chatbot.tokenizer import BytePairTokenizer
from training.corpus import PretrainConfig


def build(config: PretrainConfig, vocabulary: int, *, dtype: str = "float32"):
    """An untrained KerasHub GPT-2 causal LM of the configured size, without preprocessor."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(config.seed)
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=vocabulary,
        num_layers=config.layers,
        num_heads=config.heads,
        hidden_dim=config.hidden,
        intermediate_dim=4 * config.hidden,
        max_sequence_length=config.context,
        dropout=0.0,  # less than one pass over the texts: nothing to regularise
        dtype=dtype,
    )
    return keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=None)


def publish(
    config: PretrainConfig, backbone: Any, tokenizer: BytePairTokenizer, curve: Path, outcome: dict[str, Any]
) -> dict[str, Any]:
    """Writes the preset whole: weights in float16 (half the disk), tokenizer, recipe, curve and card.

    Args:
        config: how it was made.
        backbone: the trained weights.
        tokenizer: the learnt vocabulary.
        curve: the CSV file of the training.
        outcome: what came out, JSON values; see `card` for the keys it reads.

    Returns:
        The recipe: configuration and outcome together.
    """
    import keras_hub

    half = build(config, tokenizer.vocabulary_size, dtype="float16")
    for target, source in zip(half.backbone.weights, backbone.weights, strict=True):
        target.assign(source)
    words = keras_hub.models.GPT2Tokenizer(vocabulary=tokenizer.vocabulary, merges=tokenizer.merges)
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(words, sequence_length=config.context)
    task = keras_hub.models.GPT2CausalLM(backbone=half.backbone, preprocessor=preprocessor)
    settings = {key: value for key, value in asdict(config).items() if key not in ("texts", "out", "sources", "start")}
    recipe = {
        **settings,
        "vocabulary": tokenizer.vocabulary_size,
        "parameters": int(half.backbone.count_params()),
        **outcome,
    }
    with folder_written_whole(config.out) as folder:
        save_preset(task, folder, {"template": HUMAN_ASSISTANT.name, "languages": sorted(outcome["bits_per_byte"])})
        write_json(folder / "recipe.json", recipe)
        shutil.copy(curve, folder / "curve.csv")
        write_text(folder / "README.md", card(config.out.name, recipe, _sources(config)))
    return recipe


def _sources(config: PretrainConfig) -> str:
    """What the card says of the texts: nothing is made up where nothing was told."""
    if config.sources is None:
        return "Not stated: no file of sources was given (`--sources`). Do not publish this model before you know them."
    return config.sources.read_text(encoding="utf-8").strip()


def _earlier(recipe: dict[str, Any]) -> list[str]:
    """What each earlier version had read and measured, the oldest first."""
    told = []
    later = recipe
    while before := later.get("before"):
        was = ", ".join(f"{language} {value:.3f}" for language, value in before["bits_per_byte"].items())
        told.append(f"{later['seen']:,}: {was}")
        later = before
    return told[::-1]


def card(name: str, recipe: dict[str, Any], sources: str) -> str:
    """The model card: what it is, how it was trained and measured, from which texts.

    Args:
        name: of the model.
        recipe: see `publish`.
        sources: Markdown about the texts.
    """
    measured = "\n".join(f"| {language} | {value:.3f} |" for language, value in recipe["bits_per_byte"].items())
    held_out = ", ".join(recipe["held_out_works"])
    plans = recipe["plans"]
    changed = ", ".join(f"{plan['tokens']:,} tokens from step {plan['from_step']}" for plan in plans)
    planned = (
        f"\nThe planned length was changed on the way ({changed}): the learning rate jumps there.\n"
        if len(plans) > 1
        else ""
    )
    gone_on = ""
    if recipe.get("before"):
        gone_on = (
            f"\nIt goes on from an earlier version, with a new optimizer and the rows not yet read first: "
            f"{recipe['seen'] + recipe['tokens']:,} tokens in all.\nBits per byte before this training, by tokens read: "
            f"{'; '.join(_earlier(recipe))}.\n"
        )
    return f"""---
language: [{", ".join(recipe["bits_per_byte"])}]
library_name: keras-hub
pipeline_tag: text-generation
---

# {name}

A small base model with the architecture of GPT-2: {recipe["parameters"] / 1e6:.1f} million
parameters ({recipe["layers"]} layers, width {recipe["hidden"]}, {recipe["heads"]} heads), a byte-level BPE vocabulary of
{recipe["vocabulary"]:,} entries learnt on the same texts, a context of
{recipe["context"]} tokens. It continues text; it knows no dialogue and no fact reliably before it is fine-tuned.

## Training

{recipe["tokens"]:,} tokens ({recipe["tokens"] / recipe["corpus_tokens"]:.2f} passes over the texts), {recipe["steps"]:,} steps, AdamW, peak
learning rate {recipe["learning_rate"]:g} with warm-up and cosine, rows of {recipe["row"]} then {recipe["context"]} tokens. Weights are
stored in float16. `recipe.json` holds every setting, `curve.csv` the whole curve. Made by
`causette pretrain TEXTS --out …`.
{planned}{gone_on}
## Measured

Bits per UTF-8 byte on works that were held out whole ({held_out}; the first 100,000 characters of each, in rows of
{recipe["row"]} tokens):

| language | bits per byte |
|---|---:|
{measured}

## Data

{sources}
"""
