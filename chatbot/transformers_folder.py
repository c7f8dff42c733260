"""Folders in the transformers format: GPT-2, Llama (1 to 3), Mistral and Qwen 2, read without KerasHub's converters.

Those know no Llama 2, lose the epsilon of Llama's norms and the rotary scaling that transformers 5 writes, round Mistral
to float16, and want files of the tokenizer that transformers no longer writes. Here:

    config.json                   → Architecture: names and options of the KerasHub classes; what they cannot express is
                                    refused before anything is built
    *.safetensors (one or many)   → Weights: names and shapes are compared with the configuration, then the arrays are
                                    read one at a time and handed to `put(layer, attribute, array)`

The tokenizer's files are read by `chatbot.transformers_tokens`.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import tr
from chatbot.weight_places import Family, Place, Sizes, places

INDEX, WHOLE = "model.safetensors.index.json", "model.safetensors"
# What takes an array: (layer, attribute, the float32 array in Keras' own shape).
Put = Callable[[Any, str, np.ndarray], None]
CLASSES: dict[Family, str] = {
    "gpt2": "GPT2LMHeadModel",
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
}
FLOATS = ("F32", "F16", "BF16", "F64")
# What a file may hold beside the weights: masks and angles that are computed, and a head that is the embedding.
BUFFERS = ("rotary_emb.inv_freq", "attn.bias", "attn.masked_bias", "lm_head.weight")


def put(layer: Any, attribute: str, array: np.ndarray) -> None:
    """Gives a weight its value: where all arrays pass on their way into a model."""
    getattr(layer, attribute).assign(array)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A model as its configuration tells it.

    Args:
        sizes: what the shapes depend on.
        options: of the KerasHub backbone.
        context: the longest sequence that it was made for, in tokens.
    """

    sizes: Sizes
    options: dict[str, Any]
    context: int


def read_architecture(folder: Path, name: str) -> Architecture | None:
    """The architecture of a folder; None where it is none of ours to read: another family, or a KerasHub preset.

    Raises:
        InputError: a configuration that KerasHub's layers cannot compute, or that is incomplete.
    """
    config = read_json(folder / "config.json")
    family = config.get("model_type")
    if family not in CLASSES or "registered_name" in config:
        return None
    return _Reader(config, name).architecture(family)


class _Reader:
    """Reads a configuration of transformers; `name` is for messages."""

    def __init__(self, config: dict[str, Any], name: str):
        self.config, self.name = config, name

    def architecture(self, family: Family) -> Architecture:
        classes = self.config.get("architectures") or [CLASSES[family]]
        if CLASSES[family] not in classes:
            self.refuse(
                tr(f"{classes[0]} n'est pas un modèle de langue causal ({CLASSES[family]}).",
                   f"{classes[0]} is no causal language model ({CLASSES[family]}).")
            )  # fmt: skip
        if self.config.get("quantization_config"):
            self.refuse(
                tr("ses poids sont déjà quantifiés : prenez le modèle d'origine.",
                   "its weights are quantised already: take the original model.")
            )  # fmt: skip
        return self.gpt2() if family == "gpt2" else self.llama(family)

    def gpt2(self) -> Architecture:
        self.expect("activation_function", "gelu_new", "gelu_pytorch_tanh")
        self.expect("layer_norm_epsilon", 1e-5)
        self.expect("scale_attn_weights", True)
        self.expect("scale_attn_by_inverse_layer_idx", False)
        self.expect("add_cross_attention", False)
        self.expect("tie_word_embeddings", True)
        width, heads = self.whole("n_embd"), self.whole("n_head")
        self.divides(heads, width)
        sizes = Sizes(
            family="gpt2", vocabulary=self.whole("vocab_size"), width=width, inner=self.whole("n_inner", 4 * width),
            layers=self.whole("n_layer"), heads=heads, key_heads=heads, head_width=width // heads, tied=True,
            positions=self.whole("n_positions", 1024),
        )  # fmt: skip
        options = {
            **_common(sizes),
            "num_heads": heads,
            "max_sequence_length": sizes.positions,
            "dropout": self.number("resid_pdrop", 0.1),
        }
        return Architecture(sizes=sizes, options=options, context=sizes.positions)

    def llama(self, family: Family) -> Architecture:
        self.expect("hidden_act", "silu", "swish")
        self.expect("attention_bias", False)
        self.expect("mlp_bias", False)
        width, heads = self.whole("hidden_size"), self.whole("num_attention_heads")
        keys = self.whole("num_key_value_heads", {"llama": heads, "mistral": 8, "qwen2": 32}[family])
        self.divides(keys, heads)
        head_width = self.whole("head_dim", width // heads)
        if family != "mistral" and head_width * heads != width:
            self.refuse(
                tr(f"têtes de largeur {head_width} : KerasHub les veut larges de {width} / {heads} pour cette famille.",
                   f"heads {head_width} wide: KerasHub wants them {width} / {heads} wide for this family.")
            )  # fmt: skip
        sizes = Sizes(
            family=family, vocabulary=self.whole("vocab_size"), width=width, inner=self.whole("intermediate_size"),
            layers=self.whole("num_hidden_layers"), heads=heads, key_heads=keys, head_width=head_width,
            tied=self.config.get("tie_word_embeddings", False) is True,
        )  # fmt: skip
        if family == "mistral":
            self.expect("tie_word_embeddings", False)
        options = {
            **_common(sizes),
            "num_query_heads": heads,
            "num_key_value_heads": keys,
            "layer_norm_epsilon": self.number("rms_norm_eps", 1e-6),
            **self.positions(family),
            **self.window(family),
        }
        if family == "mistral":
            options["head_dim"] = head_width
        else:
            options["tie_word_embeddings"] = sizes.tied
        return Architecture(sizes=sizes, options=options, context=self.whole("max_position_embeddings", 2048))

    def positions(self, family: Family) -> dict[str, Any]:
        """Rotary positions: their base, and their scaling. transformers 5 writes both as `rope_parameters`."""
        rope = self.config.get("rope_parameters") or self.config.get("rope_scaling") or {}
        theta = rope.get("rope_theta", self.number("rope_theta", 10_000.0))
        options: dict[str, Any] = {"rope_max_wavelength": theta}
        kind = rope.get("rope_type", rope.get("type", "default"))
        linear = "rope_position_scaling_factor" if family == "llama" else "rope_scaling_factor"
        if kind == "linear":
            options[linear] = float(rope["factor"])
        elif kind == "llama3" and family == "llama":
            options |= {
                "rope_frequency_adjustment_factor": float(rope["factor"]),
                "rope_low_freq_factor": float(rope["low_freq_factor"]),
                "rope_high_freq_factor": float(rope["high_freq_factor"]),
                "rope_pretraining_sequence_length": int(rope["original_max_position_embeddings"]),
            }
        elif kind != "default":
            self.refuse(
                tr(f"positions de type « {kind} » : KerasHub ne sait pas les calculer pour cette famille.",
                   f"positions of type `{kind}`: KerasHub cannot compute them for this family.")
            )  # fmt: skip
        return options

    def window(self, family: Family) -> dict[str, Any]:
        """How far a token looks back; KerasHub has one window for all layers."""
        kinds = set(self.config.get("layer_types") or [])
        window = self.config.get("sliding_window", 4096 if family == "mistral" else None)
        if family == "mistral":
            sliding = window is not None
        else:
            sliding = family == "qwen2" and bool(self.config.get("use_sliding_window")) and window is not None
            first = self.config.get("max_window_layers", 28)
            layers = self.whole("num_hidden_layers")
            if sliding and not kinds:
                kinds = {"sliding_attention"} if first == 0 else {"full_attention"} if first >= layers else {"", "mixed"}
                sliding = first < layers
        if len(kinds) > 1 or (kinds and kinds != {"sliding_attention" if sliding else "full_attention"}):
            self.refuse(
                tr("ses couches n'ont pas toutes la même fenêtre d'attention : KerasHub n'en connaît qu'une.",
                   "its layers have not all the same window of attention: KerasHub knows one for all.")
            )  # fmt: skip
        if family == "mistral":
            return {"sliding_window": window}
        if sliding:
            return {"use_sliding_window_attention": True, "sliding_window_size": window}
        return {}

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.config.get(key)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.refuse(
                tr(f"config.json : {key} doit être un entier positif ({value!r:.40}).",
                   f"config.json: {key} must be a positive integer ({value!r:.40}).")
            )  # fmt: skip
        assert isinstance(value, int)
        return value

    def number(self, key: str, default: float) -> float:
        value = self.config.get(key)
        value = default if value is None else value
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e12:
            self.refuse(
                tr(f"config.json : {key} doit être un nombre positif ({value!r:.40}).",
                   f"config.json: {key} must be a positive number ({value!r:.40}).")
            )  # fmt: skip
        return float(value)

    def expect(self, key: str, *known: Any) -> None:
        """Refuses a setting that KerasHub's layers do not have; an absent one is transformers' default, the first known."""
        value = self.config.get(key, known[0])
        if value not in known:
            self.refuse(
                tr(f"config.json : {key} = {value!r:.40}, ce que KerasHub ne sait pas calculer pour cette famille.",
                   f"config.json: {key} = {value!r:.40}, which KerasHub cannot compute for this family.")
            )  # fmt: skip

    def divides(self, small: int, large: int) -> None:
        if large % small:
            self.refuse(
                tr(f"config.json : {large} ne se partage pas en {small}.", f"config.json: {small} does not divide {large}.")
            )

    def refuse(self, reason: str) -> None:
        raise InputError(
            tr(f"{self.name} : ce modèle transformers ne peut pas être chargé.\n{reason[0].upper()}{reason[1:]}",
               f"{self.name}: this transformers model cannot be loaded.\n{reason[0].upper()}{reason[1:]}")
        )  # fmt: skip


def _common(sizes: Sizes) -> dict[str, Any]:
    return {
        "vocabulary_size": sizes.vocabulary,
        "num_layers": sizes.layers,
        "hidden_dim": sizes.width,
        "intermediate_dim": sizes.inner,
    }


class Weights:
    """The arrays of a folder, read when they are asked for: opening it reads the names and shapes alone.

    Use it in a ``with``. Args: the folder, and what the user calls it.
    """

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self._stack = ExitStack()
        self._file_of: dict[str, Any] = {}

    def __enter__(self) -> Self:
        import ml_dtypes  # noqa: F401  gives NumPy the type bfloat16, which safetensors asks it for
        from safetensors import safe_open

        index = self.folder / INDEX
        files = sorted(set(read_json(index)["weight_map"].values())) if index.is_file() else [WHOLE]
        for file in files:
            if not (self.folder / file).is_file() or Path(file).name != file:
                raise InputError(
                    tr(f"{self.name} : il manque {file}.\nCopiez à nouveau le dossier entier.",
                       f"{self.name}: {file} is missing.\nCopy the whole folder again.")
                )  # fmt: skip
            opened = self._stack.enter_context(safe_open(self.folder / file, framework="np"))
            self._file_of.update(dict.fromkeys(opened.keys(), opened))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def require(self, sizes: Sizes) -> None:
        """Compares names and shapes with those that a model of these sizes has.

        Raises:
            InputError: one is missing, has another shape, is no float, or has no place in the model.
        """
        wanted = list(places(sizes))
        for place in wanted:
            key = self._key(place.name)
            if key is None:
                self._refuse(place.name, tr("absent des fichiers de poids", "missing from the files of weights"))
            stored = self._file_of[key].get_slice(key)
            if (shape := tuple(stored.get_shape())) != place.shape:
                self._refuse(
                    key,
                    tr(f"de forme {_by(shape)} ; config.json annonce {_by(place.shape)}",
                       f"has shape {_by(shape)}; config.json announces {_by(place.shape)}"),
                )  # fmt: skip
            if stored.get_dtype() not in FLOATS:
                self._refuse(key, tr(f"de type {stored.get_dtype()}, non un flottant", f"of type {stored.get_dtype()}, no float"))
        used = {self._key(place.name) for place in wanted}
        if others := sorted(key for key in self._file_of if key not in used and not key.endswith(BUFFERS)):
            self._refuse(others[0], tr("sans place dans ce modèle", "without a place in this model"))
        if sizes.tied and (head := self._key("lm_head.weight")) and not self._same(head, self._key(wanted[0].name)):
            self._refuse(
                head,
                tr("différent des plongements, auxquels config.json le lie (tie_word_embeddings)",
                   "other than the embeddings that config.json ties it to (tie_word_embeddings)"),
            )  # fmt: skip

    def fill(self, backbone: Any, sizes: Sizes, put: Put = put) -> None:
        """Hands every array to `put`, one at a time, as float32 in the shape that Keras has for it."""
        for place in places(sizes):
            layer = place.layer(backbone)
            put(layer, place.attribute, place.to_keras(self._read(place)))

    def _read(self, place: Place) -> np.ndarray:
        key = self._key(place.name)
        stored = self._file_of[key].get_slice(key)
        part = stored[:, place.columns()] if len(place.shape) == 2 else stored[place.columns()]
        return part.astype("float32")

    def _key(self, name: str) -> str | None:
        """The name as the files have it: GPT-2's first files say "wte.weight" for "transformer.wte.weight"."""
        bare = name.removeprefix("transformer.")
        return name if name in self._file_of else bare if bare in self._file_of else None

    def _same(self, left: str, right: str | None, rows: int = 4096) -> bool:
        """Whether two tables are equal, compared by some rows at a time."""
        one, other = (self._file_of[key].get_slice(key) for key in (left, right))
        if one.get_shape() != other.get_shape():
            return False
        height = one.get_shape()[0]
        slices = (slice(k, min(k + rows, height)) for k in range(0, height, rows))
        return all(np.array_equal(one[some], other[some]) for some in slices)

    def _refuse(self, key: Any, reason: str) -> None:
        raise InputError(
            tr(f"{self.name} : les poids ne sont pas ceux que config.json annonce.\n{key} : {reason}.",
               f"{self.name}: the weights are not those that config.json announces.\n{key}: {reason}.")
        )  # fmt: skip


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
