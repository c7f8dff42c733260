"""A causal language model out of its folder: a KerasHub preset, or the transformers format; its kernels narrowed on the way.

Knows nothing of runs, adapters and templates.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.locate import KERAS_WEIGHTS, Located
from chatbot.narrowing import Bits, narrow_into, narrowed_while_read, quantise
from chatbot.tokenizer import BytePairTokenizer, SentencePieceTokenizer, TextTokenizer, tokenizer_of
from chatbot.transformers_config import Architecture, read_architecture
from chatbot.transformers_folder import Weights, put
from chatbot.transformers_tokens import read_tokenizer

LONG = 4096  # the context of models without a hard limit, in tokens


def read_folder(
    located: Located, dtype: str, bits: Bits | None, backbone: dict[str, Any]
) -> tuple[Any, TextTokenizer, int | None]:
    """Reads a model.

    Args:
        located: its folder, checked.
        dtype: Keras dtype policy; it wins over the one saved in the preset.
        bits: of the kernels; None leaves them as they are.
        backbone: options of the backbone, such as ``dropout=0.1``.

    Returns:
        The causal LM, our tokenizer on its vocabulary, and the longest sequence that its folder announces, if it does.
    """
    if architecture := read_architecture(located.folder, located.name):
        tokenizer = read_tokenizer(located.folder, architecture.sizes, located.name)
        causal_lm = _from_transformers(located, architecture, tokenizer, dtype, backbone, bits)
        return causal_lm, tokenizer, architecture.context
    causal_lm = _from_keras(located.folder, dtype, backbone, bits)
    return causal_lm, tokenizer_of(causal_lm.preprocessor.tokenizer), None


def keras_tokenizer(folder: Path) -> TextTokenizer:
    """Our tokenizer on the vocabulary of a KerasHub preset, without the model's weights."""
    import keras_hub

    return tokenizer_of(keras_hub.models.Tokenizer.from_preset(str(folder)))


def _from_keras(folder: Path, dtype: str, backbone: dict[str, Any], bits: Bits | None = None) -> Any:
    """The causal LM of a folder, in two steps; its kernels narrowed to `bits`.

    `CausalLM.from_preset` alone takes the architecture from task.json, where nothing checked its sizes, and passes
    options such as ``dropout`` on to nobody. `Backbone.from_preset` reads config.json, which `check_folder` did check.
    """
    import keras_hub

    # KerasHub's converters of the transformers format write into float kernels only.
    while_read = bits is not None and any((folder / name).exists() for name in KERAS_WEIGHTS)
    with narrowed_while_read(bits) if bits and while_read else nullcontext():
        body = keras_hub.models.Backbone.from_preset(str(folder), dtype=dtype, **backbone)
    if bits and not while_read:
        quantise(body, bits)
    # KerasHub 0.32 falls over a saved policy such as "mixed_bfloat16", unless another one is asked for here too.
    causal_lm = keras_hub.models.CausalLM.from_preset(str(folder), backbone=body, load_weights=False, dtype=dtype)
    # The preprocessor assumes 1,024 tokens whatever the model; KerasHub's own `generate` uses this length.
    if limit := getattr(body, "max_sequence_length", None):
        causal_lm.preprocessor.sequence_length = int(limit)
    return causal_lm


def _from_transformers(
    located: Located,
    architecture: Architecture,
    tokenizer: TextTokenizer,
    dtype: str,
    backbone: dict[str, Any],
    bits: Bits | None,
) -> Any:
    """The causal LM of a folder in the transformers format; every array of its weights passes through `_put`."""
    import keras_hub

    known, sizes = keras_hub.models, architecture.sizes
    family = {"gpt2": "GPT2", "llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen"}[sizes.family]
    if isinstance(tokenizer, BytePairTokenizer):
        family = "Llama3" if family == "Llama" else family
        words = getattr(known, f"{family}Tokenizer")(
            vocabulary=tokenizer.vocabulary, merges=tokenizer.merges, **_ends(tokenizer, family)
        )
    else:
        assert isinstance(tokenizer, SentencePieceTokenizer)
        words = getattr(known, f"{family}Tokenizer")(proto=tokenizer.proto)
    with Weights(located.folder, located.name) as weights:
        weights.require(sizes)
        with narrowed_while_read(bits) if bits else nullcontext():
            body = getattr(known, f"{family}Backbone")(**{**architecture.options, **backbone}, dtype=dtype)
        weights.fill(body, sizes, _put)
    length = sizes.positions or min(architecture.context, LONG)
    preprocessor = getattr(known, f"{family}CausalLMPreprocessor")(words, sequence_length=length)
    return getattr(known, f"{family}CausalLM")(backbone=body, preprocessor=preprocessor)


def _ends(tokenizer: BytePairTokenizer, family: str) -> dict[str, Any]:
    """The options of KerasHub's tokenizer of Llama 3, which wants to be told what begins and what ends a text."""
    if family != "Llama3":
        return {}
    others = tokenizer.special.keys() - {tokenizer.start_token, tokenizer.end_token}
    return {"bos_token": tokenizer.start_token, "eos_token": tokenizer.end_token, "misc_special_tokens": others}


def _put(layer: Any, attribute: str, array: np.ndarray) -> None:
    """Gives a weight its value; a kernel of a layer that was built narrow is narrowed first."""
    if attribute == "kernel" and layer.quantization_mode:
        narrow_into(layer, array)
    else:
        put(layer, attribute, array)
