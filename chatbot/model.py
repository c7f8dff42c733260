"""Loading a model: KerasHub causal LM, tokenizer and template together, checked.

load_model("mini")                    the embedded base model
load_model("runs/medquad")            a run folder; where it holds an adapter, its base model with the adapter
load_model("gpt2_base_en")            a KerasHub name (downloaded once)
load_model("hf://owner/name")         the Hugging Face Hub, in either format
load_model("./gpt2")                  a preset folder, or one in the transformers format
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.adapter import Adapter, bits_of, merge_in_place, merged_into, put_beside
from chatbot.errors import CausetteError, InputError
from chatbot.files import folder_written_whole, read_json, write_json
from chatbot.language import tr
from chatbot.locate import KERAS_WEIGHTS, PRESET_NOTE, Located, locate
from chatbot.narrowing import Bits, narrowed_while_read, quantise
from chatbot.quantisation import parameters_of, quantised
from chatbot.template import HUMAN_ASSISTANT, TEMPLATES, ChatTemplate
from chatbot.tokenizer import BytePairTokenizer, TextTokenizer, tokenizer_of

LONG = 4096  # the context of models without a hard limit, in tokens


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """What is needed to train a model or to talk to it.

    Args:
        name: as the user wrote it.
        causal_lm: the KerasHub task.
        tokenizer: our tokenizer on the preset's vocabulary.
        template: how dialogues are written for it.
        folder: the preset's folder on disk.
        exchanges: questions of the longest dialogue that it was fine-tuned on; None where nothing is noted.
        adapter: the adapter's folder, where there is one.
    """

    name: str
    causal_lm: Any
    tokenizer: TextTokenizer
    template: ChatTemplate
    folder: Path
    exchanges: int | None = None
    adapter: Path | None = None

    @property
    def context(self) -> int:
        """The longest sequence the model takes, in tokens; rotary models have no hard limit, and get `LONG`."""
        return int(getattr(self.causal_lm.backbone, "max_sequence_length", None) or LONG)

    @property
    def parameters(self) -> int:
        return parameters_of(self.causal_lm.backbone)


def load_model(
    name: str,
    *,
    dtype: str = "float32",
    template: str | None = None,
    revision: str | None = None,
    merge: bool = True,
    bits: Bits | None = None,
    **backbone: Any,
) -> LanguageModel:
    """Loads a model by name or folder.

    Args:
        name: see the module's examples.
        dtype: Keras dtype policy: "float32", "mixed_bfloat16", …; it wins over the one saved in the preset.
        template: name of a chat template; by default the one noted in the preset, else human_assistant.
        revision: commit, tag or branch, for ``hf://``.
        merge: whether an adapter is added to the kernels beside which it lies, where these are not quantised: the same
            model (but for rounding), and no slower than its base.
        bits: narrows the kernels, while they are read where that can be; an adapter says itself what its base needs.
        **backbone: options of the backbone, such as ``dropout=0.1``.

    Raises:
        InputError: no such model, a damaged folder, weights that are not finite, an unknown template; an adapter whose
            base is missing or another one.
        WorldError: a download failed.
    """
    located = locate(name, revision=revision)
    with _told_in_two_lines(name):
        note = _note(located)
        chosen = template_named(template or note["template"])
        adapter = Adapter.read(located.adapter) if located.adapter else None
        causal_lm = _load_task(located.folder, dtype, backbone, bits_of(adapter.method) if adapter else bits)
        tokenizer = tokenizer_of(causal_lm.preprocessor.tokenizer)
    _require_finite(causal_lm, name)
    if adapter and located.adapter:
        body = causal_lm.backbone
        put_beside(body, adapter, located.adapter)
        if merge and not quantised(body):
            merge_in_place(body)
    return LanguageModel(
        name=name,
        causal_lm=causal_lm,
        tokenizer=tokenizer,
        template=chosen,
        folder=located.folder,
        exchanges=note["exchanges"],
        adapter=located.adapter,
    )


def load_tokenizer(name: str, template: str | None = None) -> tuple[TextTokenizer, ChatTemplate]:
    """Tokenizer and template of a model, without its weights; without Keras where `needs_keras` says so.

    Raises:
        InputError, WorldError: as `load_model`.
    """
    located = locate(name)
    with _told_in_two_lines(name):
        chosen = template_named(template or _note(located)["template"])
        files = _byte_pair_files(located.folder)
        if files:
            return BytePairTokenizer.from_files(*files), chosen
        import keras_hub

        return tokenizer_of(keras_hub.models.Tokenizer.from_preset(str(located.folder))), chosen


def needs_keras(name: str) -> bool:
    """Whether `load_tokenizer` must import Keras, which takes many seconds, to read the tokenizer of a model."""
    return _byte_pair_files(locate(name).folder) is None


def context_of(name: str) -> int:
    """The longest sequence a model takes, in tokens, read from its configuration alone: what `LanguageModel.context` is.

    Raises:
        InputError, WorldError: as `load_model`.
    """
    config = read_json(locate(name).folder / "config.json")
    inner = config["config"] if isinstance(config.get("config"), dict) else config
    limit = inner.get("max_sequence_length") or inner.get("n_positions")
    return limit if isinstance(limit, int) else LONG


def _byte_pair_files(folder: Path) -> tuple[Path, Path] | None:
    """Vocabulary and merges of a KerasHub preset of GPT-2; None for every other kind of tokenizer."""
    files = folder / "assets" / "tokenizer" / "vocabulary.json", folder / "assets" / "tokenizer" / "merges.txt"
    if not all(path.is_file() for path in (*files, folder / "tokenizer.json")):
        return None
    try:
        return files if read_json(folder / "tokenizer.json").get("class_name") == "GPT2Tokenizer" else None
    except (ValueError, AttributeError):  # damaged: KerasHub says how
        return None


def merge(name: str, folder: Path, **more: Any) -> LanguageModel:
    """Writes a model as one preset of plain float32 weights: an adapter added to its base, a narrowed base made wide.

    Args:
        name: a run with an adapter; any other model is refused.
        folder: to write; it must not exist.
        **more: options of `load_model`.

    Returns:
        The merged model.

    Raises:
        InputError: as `load_model`; there is no adapter; the folder exists.
    """
    located = locate(name)
    if not located.adapter:
        raise InputError(
            tr(f"{name} : pas d'adaptateur à fusionner ; ce modèle est déjà entier.",
               f"{name}: no adapter to merge; this model is whole already.")
        )  # fmt: skip
    if folder.exists():
        raise InputError(
            tr(f"{folder} existe déjà : choisissez un autre --out, ou effacez-le.",
               f"{folder} exists already: choose another --out, or delete it.")
        )  # fmt: skip
    model = load_model(name, **more)
    whole = model
    if quantised(model.causal_lm.backbone):
        causal_lm = _load_task(located.folder, "float32", {})
        merged_into(causal_lm.backbone, model.causal_lm.backbone)
        whole = replace(model, causal_lm=causal_lm)
    note = {"template": model.template.name, "base": Adapter.read(located.adapter).base, "exchanges": model.exchanges}
    with folder_written_whole(folder) as temporary:
        save_preset(whole.causal_lm, temporary, note)
    return whole


def _note(located: Located) -> dict[str, Any]:
    """Template and exchanges as noted with an adapter, or by `save_preset` beside a preset; the project's template where
    nothing is noted.

    Raises:
        ValueError: it is no such note.
    """
    if located.adapter:
        adapter = Adapter.read(located.adapter)
        return {"template": adapter.template, "exchanges": adapter.exchanges}
    path = located.folder / PRESET_NOTE
    note = {"template": HUMAN_ASSISTANT.name, "exchanges": None, **(read_json(path) if path.exists() else {})}
    if note["exchanges"] is not None and not (isinstance(note["exchanges"], int) and note["exchanges"] > 0):
        raise ValueError(f"{PRESET_NOTE}: `exchanges` must be a positive integer. Received: {note['exchanges']!r}")
    return note


def template_named(name: str) -> ChatTemplate:
    """The template of that name. Raises InputError with the known names."""
    if name not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        raise InputError(
            tr(f"gabarit inconnu : {name}. Au choix : {known}.", f"unknown template: {name}. One of: {known}.")
        )
    return TEMPLATES[name]


@contextmanager
def _told_in_two_lines(name: str) -> Iterator[None]:
    """Whatever a foreign folder makes KerasHub and its readers raise becomes one clear error.

    The one place where every exception is caught: a damaged file ends in as many kinds of them as there are readers
    (h5py, safetensors, TensorFlow's files, JSON, SentencePiece), and all mean the same to the user.
    """
    try:
        yield
    except CausetteError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[0][:300]
        raise InputError(
            tr(
                f"{name} : KerasHub ne peut pas lire ce modèle ({type(error).__name__} : {reason}).\n"
                "Copiez à nouveau le dossier entier, ou reprenez le modèle à sa source.",
                f"{name}: KerasHub cannot read this model ({type(error).__name__}: {reason}).\n"
                "Copy the whole folder again, or get the model again from its source.",
            )
        ) from error


def _load_task(folder: Path, dtype: str, backbone: dict[str, Any], bits: Bits | None = None) -> Any:
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


def _require_finite(causal_lm: Any, name: str) -> None:
    for variable in causal_lm.backbone.variables:
        if "int" in variable.dtype:
            continue
        if not np.isfinite(np.asarray(variable, dtype="float32")).all():
            raise InputError(
                tr(
                    f"{name} : des poids ne sont pas des nombres finis ({variable.path}).\n"
                    "Le fichier est abîmé : reprenez le modèle à sa source.",
                    f"{name}: some weights are not finite numbers ({variable.path}).\n"
                    "The file is damaged: get the model again from its source.",
                )
            )


def save_preset(causal_lm: Any, folder: Path, note: dict[str, Any]) -> None:
    """Writes a KerasHub preset that `from_preset` loads, with our note (template, languages, …) beside it.

    A mixed policy is arithmetic, not storage: the weights are float32, and so says the preset. (With a mixed one in its
    files KerasHub 0.32 writes a preset that its own `from_preset` cannot read.)
    """
    causal_lm.save_to_preset(str(folder))
    for name in ("config.json", "task.json"):
        write_json(folder / name, _in_float32(read_json(folder / name)))
    write_json(folder / PRESET_NOTE, note)


def _in_float32(config: Any) -> Any:
    """A Keras configuration with float32 in place of every mixed policy."""
    if isinstance(config, list):
        return [_in_float32(value) for value in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy" and config["config"]["name"].startswith("mixed_"):
        return {**config, "config": {**config["config"], "name": "float32"}}
    return {key: _in_float32(value) for key, value in config.items()}


def weights_fingerprint(causal_lm: Any) -> str:
    """sha256 over the shapes and values of the backbone's weights, in order: two models are the same or not."""
    digest = hashlib.sha256()
    for variable in causal_lm.backbone.weights:
        value = np.asarray(variable, dtype="float32")
        digest.update(str(value.shape).encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
