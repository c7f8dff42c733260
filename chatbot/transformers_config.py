"""config.json of a folder in the transformers format → names and options of KerasHub's classes.

GPT-2, Llama (1 to 3), Mistral and Qwen 2. What KerasHub's layers cannot express is refused here, before anything is
built: a model that loads computes what transformers computes (`benchmarks.formats`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import tr
from chatbot.weight_places import Family, Sizes

CLASSES: dict[Family, str] = {
    "gpt2": "GPT2LMHeadModel",
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
}


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
                tr("ses poids sont déjà quantifiés : prenez le modèle d'origine.",
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
                tr(f"têtes de largeur {head_width} : KerasHub les veut larges de {width} / {heads} pour cette famille.",
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
        if kind == "linear" and family != "llama":
            options["rope_scaling_factor"] = float(rope["factor"])
        elif kind == "linear":
            # KerasHub 0.32 computes nothing from Llama's `rope_position_scaling_factor`. Llama 3.1's scaling divides the
            # angles of all wavelengths above length / low: from 1 on, which is all of them, as the shortest is 2π.
            options |= _llama3_scaling(float(rope["factor"]), low=1.0, high=2.0, length=1)
        elif kind == "llama3" and family == "llama":
            low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
            length = int(rope["original_max_position_embeddings"])
            options |= _llama3_scaling(float(rope["factor"]), low=low, high=high, length=length)
        elif kind != "default":
            self.refuse(
                tr(f"positions de type « {kind} » : KerasHub ne sait pas les calculer pour cette famille.",
                   f"positions of type `{kind}`: KerasHub cannot compute them for this family.")
            )  # fmt: skip
        return options

    def window(self, family: Family) -> dict[str, Any]:
        """How far a token looks back; KerasHub has one window for all layers."""
        window = self.config.get("sliding_window", 4096 if family == "mistral" else None)
        layers = first = self.whole("num_hidden_layers")  # the first that has the window
        if window is not None and family == "mistral":
            first = 0
        elif window is not None and family == "qwen2" and self.config.get("use_sliding_window"):
            first = self.config.get("max_window_layers", 28)
        kinds = self.config.get("layer_types") or [
            "sliding_attention" if layer >= first else "full_attention" for layer in range(layers)
        ]
        if set(kinds) not in ({"sliding_attention"}, {"full_attention"}):
            self.refuse(
                tr("ses couches n'ont pas toutes la même fenêtre d'attention : KerasHub n'en connaît qu'une.",
                   "its layers have not all the same window of attention: KerasHub knows one for all.")
            )  # fmt: skip
        sliding = kinds[0] == "sliding_attention"
        if family == "mistral":
            return {"sliding_window": window if sliding else None}
        return {"use_sliding_window_attention": True, "sliding_window_size": window} if sliding else {}

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.config.get(key)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.refuse(
                tr(f"config.json : {key} doit être un entier positif ({value!r:.40}).",
                   f"config.json: {key} must be a positive integer ({value!r:.40}).")
            )  # fmt: skip
        return value

    def number(self, key: str, default: float) -> float:
        value = self.config.get(key)
        value = default if value is None else value
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e12:
            self.refuse(
                tr(f"config.json : {key} doit être un nombre positif ({value!r:.40}).",
                   f"config.json: {key} must be a positive number ({value!r:.40}).")
            )  # fmt: skip
        return float(value)

    def expect(self, key: str, *known: Any) -> None:
        """Refuses a setting that KerasHub's layers do not have; an absent one is transformers' default, the first known."""
        value = self.config.get(key, known[0])
        if value not in known:
            self.refuse(
                tr(f"config.json : {key} = {value!r:.40}, ce que KerasHub ne sait pas calculer pour cette famille.",
                   f"config.json: {key} = {value!r:.40}, which KerasHub cannot compute for this family.")
            )  # fmt: skip

    def divides(self, small: int, large: int) -> None:
        if large % small:
            self.refuse(
                tr(
                    f"config.json : {large} ne se partage pas en {small}.",
                    f"config.json: {small} does not divide {large}.",
                )
            )

    def refuse(self, reason: str) -> NoReturn:
        raise InputError(
            tr(f"{self.name} : ce modèle transformers ne peut pas être chargé.\n{reason[0].upper()}{reason[1:]}",
               f"{self.name}: this transformers model cannot be loaded.\n{reason[0].upper()}{reason[1:]}")
        )  # fmt: skip


def _llama3_scaling(factor: float, *, low: float, high: float, length: int) -> dict[str, Any]:
    return {
        "rope_frequency_adjustment_factor": factor,
        "rope_low_freq_factor": low,
        "rope_high_freq_factor": high,
        "rope_pretraining_sequence_length": length,
    }


def _common(sizes: Sizes) -> dict[str, Any]:
    return {
        "vocabulary_size": sizes.vocabulary,
        "num_layers": sizes.layers,
        "hidden_dim": sizes.width,
        "intermediate_dim": sizes.inner,
    }
