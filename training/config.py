"""RunConfig: every option of a training once, with its one-line explanation.

`--help`, the recipe reference of the guide and the error messages are made from the lines under the fields. A recipe
is a YAML file of this shape; ``--set fit.epochs=3`` changes one value; an unknown key is an error.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chatbot.errors import InputError
from chatbot.files import write_text
from chatbot.language import tr
from chatbot.template import TEMPLATES

RECIPES = Path(__file__).parent / "recipes"

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LoraOptions(_Options):
    rank: Positive = 8
    """Rank of the two small matrices beside each adapted kernel (Hu et al. 2021)."""
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """The adapter's output is scaled by alpha / rank."""
    targets: tuple[str, ...] = ("query", "value")
    """Names of the adapted layers: query, key, value, attention_output, feedforward_intermediate_dense…"""


class FitOptions(_Options):
    epochs: Positive = 3
    """Passes over the training dialogues."""
    max_steps: Positive | None = None
    """Stops after this many optimizer steps, whatever the epochs."""
    rows: Positive = 8
    """Packed rows of one micro-batch."""
    row_length: Positive | None = None
    """Tokens of a packed row; by default just enough for the longest dialogue, at least 256, at most the context."""
    accumulation: Positive = 1
    """Micro-batches of one optimizer step."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-5
    """Peak of the learning rate."""
    warmup: Share = 0.05
    """Share of the steps over which the learning rate rises from zero; a cosine follows."""
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """AdamW's decay of the kernels."""
    clip_norm: Annotated[float, Field(ge=0)] = 1.0
    """Longest gradient; 0 for no clipping."""
    dropout: Share = 0.0
    """Share of activations dropped while training."""
    evaluate_every: Positive | None = None
    """Steps between two validations; by default one per epoch, at least four in all."""
    patience: Positive = 3
    """Validations without progress before the training stops early."""
    save_every: Positive = 100
    """Steps between two states written for --resume."""
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """Arithmetic of the layers; auto decides by the device."""
    compile: bool = True
    """Whether XLA compiles the step: slower to start, faster after."""
    seed: int = 1
    """Order of the rows, dropout, initial adapter."""


class RunConfig(_Options):
    data: Path
    """Prepared folder (made by `causette prepare`)."""
    out: Path
    """Run folder to write."""
    model: str = "mini"
    """Base model: mini, a folder, a KerasHub name such as gpt2_base_en, hf://…, kaggle://…"""
    template: str | None = None
    """Chat template; by default the one noted with the base model."""
    method: Literal["full", "lora"] = "full"
    """Train all weights (full) or a small adapter beside frozen ones (lora)."""
    lora: LoraOptions = LoraOptions()
    """Options of the adapter."""
    fit: FitOptions = FitOptions()
    """Options of the optimisation."""


def load_config(recipe: str | Path | None, settings: dict[str, Any], changes: tuple[str, ...] = ()) -> RunConfig:
    """Builds a configuration from a recipe, then options of the command line, then ``--set`` changes.

    Args:
        recipe: YAML file, or the name of one in `training/recipes`.
        settings: top-level values; None means "not given".
        changes: "section.key=value" strings, values in YAML.

    Raises:
        InputError: unreadable recipe, unknown key, value out of range; one line per fault.
    """
    values: dict[str, Any] = _read_recipe(recipe) if recipe else {}
    values.update({key: value for key, value in settings.items() if value is not None})
    for change in changes:
        _apply(values, change)
    return validated(values, where=str(recipe) if recipe else tr("ligne de commande", "command line"))


def validated(values: dict[str, Any], where: str) -> RunConfig:
    """A RunConfig from plain values; faults are told as "where : key : what is wrong"."""
    try:
        config = RunConfig.model_validate(values)
    except ValidationError as error:
        lines = [f"{where} : {_fault(fault)}" for fault in error.errors()]
        raise InputError("\n".join(lines)) from error
    if config.template is not None and config.template not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        raise InputError(
            tr(f"{where} : gabarit inconnu : {config.template}. Au choix : {known}.",
               f"{where}: unknown template: {config.template}. One of: {known}.")
        )  # fmt: skip
    return config


def save_config(config: RunConfig, path: Path) -> None:
    """Writes the complete configuration, defaults included, as YAML."""
    values = config.model_dump(mode="json")
    write_text(path, yaml.safe_dump(values, allow_unicode=True, sort_keys=False))


def _fault(fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_keys_beside(key))
        return tr(f"clé inconnue « {key} ». Clés possibles : {known}.", f"unknown key `{key}`. Known keys: {known}.")
    if fault["type"] == "missing":
        return tr(f"il manque « {key} ».", f"`{key}` is missing.")
    return tr(f"« {key} » : {fault['msg']} (reçu : {fault['input']!r}).",
              f"`{key}`: {fault['msg']} (received: {fault['input']!r}).")  # fmt: skip


def _keys_beside(key: str) -> list[str]:
    """The keys that were possible where `key` stood."""
    section = {"lora": LoraOptions, "fit": FitOptions}.get(key.partition(".")[0] if "." in key else "", RunConfig)
    return list(section.model_fields)


def _read_recipe(recipe: str | Path) -> dict[str, Any]:
    path = Path(recipe)
    named = RECIPES / f"{recipe}.yaml"
    path = named if not path.exists() and named.exists() else path
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.yaml")))
        raise InputError(
            tr(f"{recipe} : recette introuvable. Recettes fournies : {known}.",
               f"{recipe}: no such recipe. Included: {known}.")
        ) from error  # fmt: skip
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            tr(f"{recipe} : YAML illisible ({reason}).", f"{recipe}: cannot be read as YAML ({reason}).")
        ) from error
    if not isinstance(values, dict):
        raise InputError(tr(f"{recipe} : « clé : valeur » attendu.", f"{recipe}: `key: value` lines expected."))
    return values


def _apply(values: dict[str, Any], change: str) -> None:
    key, sign, text = change.partition("=")
    if not sign or not key:
        raise InputError(
            tr(f"--set {change} : écrivez « clé=valeur », par exemple --set fit.epochs=3.",
               f"--set {change}: write `key=value`, for example --set fit.epochs=3.")
        )  # fmt: skip
    *sections, last = key.split(".")
    for section in sections:
        values = values.setdefault(section, {})
    values[last] = yaml.safe_load(text)
