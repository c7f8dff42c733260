"""Loading a model: KerasHub causal LM, tokenizer and template together, checked.

load_model("mini")                    the embedded base model
load_model("runs/medquad")            a run folder; where it holds an adapter, its base model with the adapter
load_model("gpt2_base_en")            a KerasHub name (downloaded once)
load_model("hf://owner/name")         the Hugging Face Hub, in either format
load_model("./gpt2")                  a preset folder, or one in the transformers format (GPT-2, Llama, Mistral and
                                      Qwen 2 by `chatbot.transformers_folder`, other families by KerasHub)
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.adapter import Adapter, bits_of, merge_in_place, merged_into, put_beside
from chatbot.errors import CausetteError, InputError
from chatbot.files import folder_written_whole, read_json, write_json
from chatbot.language import tr
from chatbot.locate import PRESET_NOTE, Located, locate
from chatbot.model_folder import LONG, keras_tokenizer, read_folder
from chatbot.narrowing import Bits
from chatbot.quantisation import parameters_of, quantised
from chatbot.template import HUMAN_ASSISTANT, TEMPLATES, ChatTemplate
from chatbot.tokenizer import BytePairTokenizer, TextTokenizer
from chatbot.transformers_config import read_architecture
from chatbot.transformers_tokens import read_tokenizer


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
        limit: the longest sequence that a rotary model was made for, in tokens; None where nothing is noted.
    """

    name: str
    causal_lm: Any
    tokenizer: TextTokenizer
    template: ChatTemplate
    folder: Path
    exchanges: int | None = None
    adapter: Path | None = None
    limit: int | None = None

    @property
    def context(self) -> int:
        """The longest sequence the model takes, in tokens; rotary models have no hard limit, and get `LONG` at most."""
        return int(getattr(self.causal_lm.backbone, "max_sequence_length", None) or min(self.limit or LONG, LONG))

    @property
    def note(self) -> dict[str, Any]:
        """What stands in no file of a KerasHub preset and must be noted beside it, for `save_preset`."""
        tokenizer = self.tokenizer
        end = next((text for text, token in tokenizer.special.items() if token == tokenizer.end_id), None)
        return {"template": self.template.name, "limit": self.limit, "end": end}

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
        if adapter:
            bits = bits_of(adapter.method)
        causal_lm, tokenizer, limit = read_folder(located, dtype, bits, backbone)
        tokenizer = _ending(tokenizer, chosen, note["end"])
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
        limit=note["limit"] or limit,
    )


def load_tokenizer(name: str, template: str | None = None) -> tuple[TextTokenizer, ChatTemplate]:
    """Tokenizer and template of a model, without its weights; without Keras where `needs_keras` says so.

    Raises:
        InputError, WorldError: as `load_model`.
    """
    located = locate(name)
    with _told_in_two_lines(name):
        note = _note(located)
        chosen = template_named(template or note["template"])
        if architecture := read_architecture(located.folder, name):
            tokenizer = read_tokenizer(located.folder, architecture.sizes, name)
        elif files := _byte_pair_files(located.folder):
            tokenizer = BytePairTokenizer.from_files(*files)
        else:
            tokenizer = keras_tokenizer(located.folder)
        return _ending(tokenizer, chosen, note["end"]), chosen


def _ending(tokenizer: TextTokenizer, template: ChatTemplate, noted: str | None) -> TextTokenizer:
    """The tokenizer with the end token of the template, else the noted one, where it has them.

    An instructed Llama 3 ends its answers with another token than its texts; KerasHub's tokenizers save neither.

    Raises:
        InputError: the template is made of special tokens (llama3), and the tokenizer has them not.
    """
    if template.end and (missing := [token for token in template.tokens if token not in tokenizer.special]):
        others = ", ".join(name for name, other in TEMPLATES.items() if not other.end)
        raise InputError(
            tr(f"gabarit {template.name} : le tokenizer de ce modèle n'a pas de jeton {missing[0]}.\n"
               f"Prenez un autre gabarit : {others}.",
               f"template {template.name}: this model's tokenizer has no token {missing[0]}.\n"
               f"Take another template: {others}.")
        )  # fmt: skip
    end = next((token for token in (template.end, noted) if token in tokenizer.special), None)
    return tokenizer if end is None or tokenizer.special[end] == tokenizer.end_id else tokenizer.ending_with(end)


def needs_keras(name: str) -> bool:
    """Whether `load_tokenizer` must import Keras, which takes many seconds, to read the tokenizer of a model."""
    folder = locate(name).folder
    with _told_in_two_lines(name):
        return read_architecture(folder, name) is None and _byte_pair_files(folder) is None


def context_of(name: str) -> int:
    """The longest sequence a model takes, in tokens, read from its configuration alone: what `LanguageModel.context` is.

    Raises:
        InputError, WorldError: as `load_model`.
    """
    located = locate(name)
    folder = located.folder
    with _told_in_two_lines(name):
        if architecture := read_architecture(folder, name):
            limit = _note(located)["limit"] or architecture.context
            return architecture.sizes.positions or min(limit, LONG)
        config = read_json(folder / "config.json")
        inner = config["config"] if isinstance(config.get("config"), dict) else config
        limit = inner.get("max_sequence_length") or inner.get("n_positions")
        return limit if isinstance(limit, int) else min(_note(located)["limit"] or LONG, LONG)


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
        causal_lm, *_ = read_folder(located, "float32", None, {})
        merged_into(causal_lm.backbone, model.causal_lm.backbone)
        whole = replace(model, causal_lm=causal_lm)
    note = {**model.note, "base": Adapter.read(located.adapter).base, "exchanges": model.exchanges}
    with folder_written_whole(folder) as temporary:
        save_preset(whole.causal_lm, temporary, note)
    return whole


def _note(located: Located) -> dict[str, Any]:
    """Template and exchanges as noted with an adapter, or by `save_preset` beside a preset; the project's template where
    nothing is noted.

    Raises:
        ValueError: it is no such note.
    """
    path = located.folder / PRESET_NOTE
    note = {
        "template": HUMAN_ASSISTANT.name, "exchanges": None, "limit": None, "end": None,
        **(read_json(path) if path.exists() else {}),
    }  # fmt: skip
    if located.adapter:
        adapter = Adapter.read(located.adapter)
        note |= {"template": adapter.template, "exchanges": adapter.exchanges}
    for key in ("exchanges", "limit"):
        if note[key] is not None and not (isinstance(note[key], int) and note[key] > 0):
            raise ValueError(f"{PRESET_NOTE}: `{key}` must be a positive integer. Received: {note[key]!r}")
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
    lost = _lost_options(causal_lm)
    for name in ("config.json", "task.json", "preprocessor.json", "tokenizer.json"):
        if (folder / name).is_file():
            write_json(folder / name, _mended(read_json(folder / name), lost))
    write_json(folder / PRESET_NOTE, note)


def _lost_options(causal_lm: Any) -> dict[str, dict[str, Any]]:
    """Options that KerasHub 0.32 forgets in its configurations, by class: whether Llama's head is the embedding, and what
    begins and ends a text of Llama 3. Without them its own `from_preset` builds another model, or none."""
    backbone, preprocessor = causal_lm.backbone, causal_lm.preprocessor
    lost = {}
    if type(backbone).__name__ in ("LlamaBackbone", "Llama3Backbone"):
        lost[type(backbone).__name__] = {"tie_word_embeddings": backbone.tie_word_embeddings}
    words = getattr(preprocessor, "tokenizer", None)
    if words is not None and type(words).__name__ == "Llama3Tokenizer":
        lost["Llama3Tokenizer"] = {"bos_token": words.start_token, "eos_token": words.end_token}
    return lost


def _mended(config: Any, lost: dict[str, dict[str, Any]]) -> Any:
    """A Keras configuration with float32 in place of every mixed policy, and with the options that it lacks."""
    if isinstance(config, list):
        return [_mended(value, lost) for value in config]
    if not isinstance(config, dict):
        return config
    kind = config.get("class_name")
    if kind == "DTypePolicy" and config["config"]["name"].startswith("mixed_"):
        return {**config, "config": {**config["config"], "name": "float32"}}
    mended = {key: _mended(value, lost) for key, value in config.items()}
    if kind in lost and isinstance(mended.get("config"), dict):
        mended["config"] |= lost[kind]
    return mended


def weights_fingerprint(causal_lm: Any) -> str:
    """sha256 over the shapes and values of the backbone's weights, in order: two models are the same or not."""
    digest = hashlib.sha256()
    for variable in causal_lm.backbone.weights:
        value = np.asarray(variable, dtype="float32")
        digest.update(str(value.shape).encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
