"""A model as a folder that transformers loads, and through it vLLM, CTranslate2 and llama.cpp's converter.

    FOLDER/
        config.json  generation_config.json
        model.safetensors                 float32, adapters merged; several and an index above 5 GB
        tokenizer.json  tokenizer_config.json  special_tokens_map.json  vocab.json merges.txt | tokenizer.model
        chat_template.jinja               our template (chatbot/export_template.py)
        causette.json                     its name, for `load_model`

KerasHub's `export_to_transformers` does not know Llama 2, and leaves to mend in every other family: no `architectures`
(GPT-2, Qwen), no scaling of rotary positions, no window (Qwen), the head's width guessed (Mistral), the tied head
written twice, mixed precision named as that of the weights. The arrays are written here instead, under the names of
`chatbot.weight_places`.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.errors import InputError, cannot_write
from chatbot.export_template import jinja_of
from chatbot.export_tokens import known_to_readers, special_tokens, write_tokenizer
from chatbot.files import folder_written_whole, write_json
from chatbot.language import tr
from chatbot.locate import PRESET_NOTE
from chatbot.model import LanguageModel
from chatbot.quantisation import kernel_shape, readable, whole_kernel, whole_table
from chatbot.tokenizer import SentencePieceTokenizer
from chatbot.weight_places import Family, Sizes, places

MOST_BYTES = 5 * 10**9  # of a file of weights, as transformers does
FAMILIES: dict[
    str, tuple[Family, str]
] = {  # KerasHub's backbone: the name of the family, and of its class in transformers
    "GPT2Backbone": ("gpt2", "GPT2LMHeadModel"),
    "LlamaBackbone": ("llama", "LlamaForCausalLM"),
    "Llama3Backbone": ("llama", "LlamaForCausalLM"),
    "MistralBackbone": ("mistral", "MistralForCausalLM"),
    "QwenBackbone": ("qwen2", "Qwen2ForCausalLM"),
}


def export_transformers(model: LanguageModel, folder: Path, *, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """Writes a model in the transformers format, whole or not at all.

    Args:
        model: as `load_model` gives it; adapters that are not merged yet are written merged, and stay in the model. A
            quantised base is written wide again: what transformers computes is what was trained.
        folder: to write; it must not exist, or be empty.
        most_bytes: of one file of weights.

    Returns:
        Facts: folder, family, architecture, parameters, context, template, end (token), stop (texts that end an answer
        too), files (bytes of each).

    Raises:
        InputError: a family, a tokenizer or a quantisation that cannot be written, a folder that is taken.
        WorldError: the disk refuses.
    """
    require_exportable(model)
    require_free(folder)
    try:
        with folder_written_whole(folder, replace=True) as temporary:  # at most an empty one is replaced
            write_description(model, temporary)
            _write_weights(_weights(model.causal_lm.backbone), temporary, most_bytes)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return facts_of_export(model, folder)


def write_description(model: LanguageModel, folder: Path) -> None:
    """All files but the weights: configuration, tokenizer, template.

    Raises:
        InputError: a tokenizer that cannot be written.
    """
    backbone = model.causal_lm.backbone
    family, architecture = FAMILIES[type(backbone).__name__]
    chat_template = jinja_of(
        model.template,
        start=model.tokenizer.start_id is not None,
        blank=isinstance(model.tokenizer, SentencePieceTokenizer),
        special=known_to_readers(model.tokenizer, model.template.tokens),
    )
    ids = {"bos_token_id": model.tokenizer.start_id, "eos_token_id": model.tokenizer.end_id}
    ids = {**ids, "pad_token_id": model.tokenizer.end_id}
    config = _gpt2_config(backbone) if family == "gpt2" else _llama_config(backbone, model.context)
    head = {"architectures": [architecture], "model_type": family, "vocab_size": backbone.vocabulary_size}
    write_json(folder / "config.json", {**head, **config, **ids, "use_cache": True, "dtype": "float32"})
    write_json(folder / "generation_config.json", ids)
    write_tokenizer(model.tokenizer, folder, context=model.context, chat_template=chat_template,
                    tokens=model.template.tokens)  # fmt: skip
    write_json(folder / PRESET_NOTE, {**model.note, "exchanges": model.exchanges})


def facts_of_export(model: LanguageModel, folder: Path) -> dict[str, Any]:
    """What `export_transformers` tells of a folder that is written; `files` are those of its folders too."""
    family, architecture = FAMILIES[type(model.causal_lm.backbone).__name__]
    return {
        "folder": str(folder),
        "family": family,
        "architecture": architecture,
        "parameters": model.parameters,
        "context": model.context,
        "template": model.template.name,
        "end": special_tokens(model.tokenizer)["eos_token"],
        "stop": list(model.template.stop_texts),
        "files": {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }


def require_free(folder: Path) -> None:
    """Raises InputError for what is there already, unless it is an empty folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            tr(f"{folder} existe déjà : choisissez un autre --out, ou effacez-le.",
               f"{folder} exists already: choose another --out, or delete it.")
        )  # fmt: skip


def require_exportable(model: LanguageModel) -> None:
    """Raises InputError for a family or a quantisation that cannot be written."""
    backbone, name = model.causal_lm.backbone, model.name
    kind = type(backbone).__name__
    if kind not in FAMILIES:
        raise InputError(
            tr(f"{name} : l'export ne connaît pas cette famille ({kind}).\nIl écrit GPT-2, Llama, Mistral et Qwen 2.",
               f"{name}: the export does not know this family ({kind}).\nIt writes GPT-2, Llama, Mistral and Qwen 2.")
        )  # fmt: skip
    if not readable(backbone):
        raise InputError(
            tr(f"{name} : ce modèle est quantifié d'une façon que l'export ne sait pas relire.\n"
               "Exportez le modèle d'avant la quantification ; CTranslate2 et llama.cpp quantifient ce qui est exporté.",
               f"{name}: this model is quantised in a way that the export cannot read back.\n"
               "Export the model from before; CTranslate2 and llama.cpp quantise what is exported.")
        )  # fmt: skip
    scaled = _position_scale(backbone) != 1
    if scaled and getattr(backbone, "rope_frequency_adjustment_factor", None) is not None:
        raise InputError(
            tr(f"{name} : ses positions ont deux échelles (linéaire, et celle de Llama 3.1) ; transformers en sait une.",
               f"{name}: its positions have two scales (linear, and that of Llama 3.1); transformers knows one.")
        )  # fmt: skip


def _gpt2_config(backbone: Any) -> dict[str, Any]:
    return {
        "n_positions": backbone.max_sequence_length,
        "n_embd": backbone.hidden_dim,
        "n_layer": backbone.num_layers,
        "n_head": backbone.num_heads,
        "n_inner": backbone.intermediate_dim,
        "activation_function": "gelu_new",  # the approximation by tanh, as in KerasHub
        "layer_norm_epsilon": float(backbone.layer_norm.epsilon),
        **dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), backbone.dropout),
        "tie_word_embeddings": True,
    }


def _llama_config(backbone: Any, context: int) -> dict[str, Any]:
    """Of Llama, Mistral and Qwen 2. Rotary positions have no hard limit: `context` is the one we give them, unless they
    are scaled as in Llama 3.1, to a length that says itself."""
    config = {
        "max_position_embeddings": context,
        "hidden_size": backbone.hidden_dim,
        "intermediate_size": backbone.intermediate_dim,
        "num_hidden_layers": backbone.num_layers,
        "num_attention_heads": backbone.num_query_heads,
        "num_key_value_heads": backbone.num_key_value_heads,
        "head_dim": kernel_shape(backbone.transformer_layers[0]._self_attention_layer._query_dense)[-1],
        "hidden_act": "silu",
        "rms_norm_eps": float(backbone.layer_norm_epsilon),
        "rope_theta": float(backbone.rope_max_wavelength),
        "attention_dropout": backbone.dropout,
        "tie_word_embeddings": backbone.token_embedding.tie_weights,
    }
    kind = type(backbone).__name__
    if kind == "MistralBackbone":
        config["sliding_window"] = backbone.sliding_window
    elif kind == "QwenBackbone":  # KerasHub's window, where there is one, is that of all layers
        windowed = backbone.use_sliding_window_attention
        config |= {
            "use_sliding_window": windowed,
            "sliding_window": backbone.sliding_window_size,
            "max_window_layers": 0,
        }
    if (scale := _position_scale(backbone)) != 1:
        config["rope_scaling"] = {"rope_type": "linear", "factor": float(scale)}
    elif getattr(backbone, "rope_frequency_adjustment_factor", None) is not None:
        factor, trained = float(backbone.rope_frequency_adjustment_factor), backbone.rope_pretraining_sequence_length
        config["rope_scaling"] = {
            "rope_type": "llama3",
            "factor": factor,
            "low_freq_factor": float(backbone.rope_low_freq_factor),
            "high_freq_factor": float(backbone.rope_high_freq_factor),
            "original_max_position_embeddings": trained,
        }
        config["max_position_embeddings"] = max(context, int(factor * trained))
    return config


def _position_scale(backbone: Any) -> float:
    """By how much positions are divided: Llama and the others have two names for it, GPT-2 none."""
    names = ("rope_position_scaling_factor", "rope_scaling_factor")
    return next((getattr(backbone, name) for name in names if hasattr(backbone, name)), 1.0)


def sizes_of(backbone: Any) -> Sizes:
    """All that the shapes of a backbone depend on, of a family that can be exported."""
    family, _ = FAMILIES[type(backbone).__name__]
    query, key = ((layer := backbone.transformer_layers[0]._self_attention_layer)._query_dense, layer._key_dense)
    return Sizes(
        family=family, vocabulary=backbone.vocabulary_size, width=backbone.hidden_dim, inner=backbone.intermediate_dim,
        layers=backbone.num_layers, heads=kernel_shape(query)[1], key_heads=kernel_shape(key)[1],
        head_width=kernel_shape(query)[2], tied=family == "gpt2" or backbone.token_embedding.tie_weights,
        positions=getattr(backbone, "max_sequence_length", None) or 0,
    )  # fmt: skip


def _weights(backbone: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Names and values of the file's arrays; GPT-2's queries, keys and values lie side by side in one."""
    for name, parts in groupby(places(sizes_of(backbone)), key=lambda place: place.name):
        arrays = [place.to_file(_value(place.layer(backbone), place.attribute)) for place in parts]
        yield name, arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=-1)


def _value(layer: Any, attribute: str) -> np.ndarray:
    """A weight as float32: with its adapter, and wide."""
    from keras import ops

    if attribute in ("kernel", "embeddings"):
        return whole_kernel(layer) if attribute == "kernel" else whole_table(layer)
    return ops.convert_to_numpy(getattr(layer, attribute)).astype("float32")


def _write_weights(weights: Iterator[tuple[str, np.ndarray]], folder: Path, most_bytes: int) -> None:
    """Writes safetensors files of `most_bytes` at most (or of one array), so that memory is for one of them."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    held: dict[str, np.ndarray] = {}
    names: list[list[str]] = []
    total = 0

    def write() -> None:
        path = folder / f"{len(names)}.part"
        try:
            save_file(held, path, metadata={"format": "pt"})
        except SafetensorError as error:  # what it makes of a full disk
            raise OSError(str(error)) from error
        path.chmod((folder / "config.json").stat().st_mode)  # safetensors lets nobody else read, who may run vLLM
        names.append(list(held))
        held.clear()

    for name, value in weights:
        if held and sum(each.nbytes for each in held.values()) + value.nbytes > most_bytes:
            write()
        held[name] = np.ascontiguousarray(value)
        total += value.nbytes
    write()
    if len(names) == 1:
        (folder / "0.part").rename(folder / "model.safetensors")
        return
    places: dict[str, str] = {}
    for number, own in enumerate(names):
        file = f"model-{number + 1:05}-of-{len(names):05}.safetensors"
        (folder / f"{number}.part").rename(folder / file)
        places |= dict.fromkeys(own, file)
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": places})
