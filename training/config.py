"""RunConfig: every option of a training once, with its one-line explanation.

The recipe reference of the guide is made from the lines under the fields; users read them, so they are French. A recipe
is a YAML file of this shape; ``--set fit.epochs=3`` changes one value; an unknown key is an error.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chatbot.adapter import Method
from chatbot.errors import InputError
from chatbot.files import write_text
from chatbot.language import tr
from chatbot.template import TEMPLATES
from chatbot.yaml_model import expected
from training.memory import bytes_of

RECIPES = Path(__file__).parent / "recipes"

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LoraOptions(_Options):
    rank: Positive = 8
    """Rang des deux petites matrices ajoutées à côté de chaque noyau adapté (Hu et al. 2021)."""
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """La sortie de l'adaptateur est multipliée par alpha / rank."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)] = ("query", "value")
    """Couches adaptées : query, key, value, attention_output, feedforward_intermediate_dense… ou all (toutes)."""
    dropout: Share = 0.0
    """Part des entrées de l'adaptateur éteintes pendant l'entraînement."""


class FitOptions(_Options):
    epochs: Positive = 3
    """Passages sur les dialogues d'entraînement."""
    max_steps: Positive | None = None
    """Arrêt après ce nombre de pas, quel que soit le nombre d'époques."""
    rows: Positive = 8
    """Lignes de jetons traitées ensemble (un micro-lot)."""
    row_length: Positive | None = None
    """Jetons d'une ligne ; par défaut juste assez pour le plus long dialogue, au moins 256, au plus le contexte."""
    accumulation: Positive = 1
    """Micro-lots accumulés pour un pas de l'optimiseur."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-5
    """Taux d'apprentissage à son maximum."""
    warmup: Share = 0.05
    """Part des pas où le taux d'apprentissage monte depuis zéro ; il redescend ensuite en cosinus."""
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Décroissance des noyaux par AdamW."""
    clip_norm: Annotated[float, Field(ge=0)] = 1.0
    """Norme maximale du gradient ; 0 pour ne pas l'écrêter."""
    dropout: Share = 0.0
    """Part des activations éteintes pendant l'entraînement."""
    evaluate_every: Positive | None = None
    """Pas entre deux validations ; par défaut une par époque, au moins quatre en tout."""
    validation_dialogues: Positive = 256
    """Dialogues de validation mesurés, au plus ; toujours les mêmes, tirés par la graine."""
    patience: Positive = 3
    """Validations sans progrès avant l'arrêt anticipé."""
    save_every: Positive = 100
    """Pas entre deux états écrits pour --resume."""
    samples: Annotated[int, Field(ge=0, le=50)] = 5
    """Questions de validation posées au modèle avant l'entraînement et à chaque validation ; 0 : aucune."""
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """Arithmétique des couches ; auto choisit selon l'appareil."""
    compile: Literal["auto", True, False] = "auto"
    """Compilation du pas par XLA ; auto : avec un GPU ou JAX ; un processeur avec TensorFlow va plus vite sans elle."""
    checkpointing: Literal["auto", True, False] = "auto"
    """Recalculer chaque couche au retour au lieu de tout en garder ; auto : seulement si `memory` l'exige."""
    seed: int = 1
    """Graine : ordre des lignes, activations éteintes, adaptateur de départ."""


class RunConfig(_Options):
    data: Path
    """Jeu préparé (par `causette prepare`)."""
    out: Path
    """Dossier d'entraînement à écrire."""
    model: str = "mini"
    """Modèle de départ : mini, un dossier, un nom KerasHub comme gpt2_base_en, hf://…, kaggle://…"""
    template: str | None = None
    """Gabarit ; par défaut celui noté avec le modèle de départ."""
    method: Method = "full"
    """Tous les poids (full), ou un petit adaptateur à côté de poids gelés : tels quels (lora), en 8 ou en 4 bits
    (qlora-int8, qlora-int4)."""
    lora: LoraOptions = LoraOptions()
    """Options de l'adaptateur."""
    tracking: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Services de suivi, en plus de TensorBoard, s'ils sont installés : [wandb], [mlflow] ou [wandb, mlflow]."""
    memory: str | None = None
    """Mémoire permise, comme 15GB ou 12 Gio : rows, accumulation et checkpointing sont choisis après un essai mesuré."""
    fit: FitOptions = FitOptions()
    """Options de l'optimisation."""
    distribute: Literal["data", "model"] | None = None
    """Plusieurs appareils : les lignes réparties entre eux (data), ou les poids (model, JAX seulement)."""


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
        lines = [tr(f"{where} : {_fault(fault)}", f"{where}: {_fault(fault)}") for fault in error.errors()]
        raise InputError("\n".join(lines)) from error
    if config.template is not None and config.template not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        raise InputError(
            tr(f"{where} : gabarit inconnu : {config.template}. Au choix : {known}.",
               f"{where}: unknown template: {config.template}. One of: {known}.")
        )  # fmt: skip
    if config.memory is not None:
        bytes_of(config.memory, where)
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
    received = f"{fault['input']!r:.60}"
    return tr(f"« {key} » : il faut {_wanted(fault)} (reçu : {received}).",
              f"`{key}`: {_wanted(fault)} expected (received: {received}).")  # fmt: skip


def _wanted(fault: Any) -> str:
    if fault["type"].startswith("model"):  # in a recipe nothing may stand for a section
        return tr("une section « clé : valeur »", "a section of `key: value`")
    return expected(fault)


def _keys_beside(key: str) -> list[str]:
    """The keys that were possible where `key` stood."""
    sections: dict[str, type[BaseModel]] = {"lora": LoraOptions, "fit": FitOptions}
    return list(sections.get(key.partition(".")[0] if "." in key else "", RunConfig).model_fields)


def _read_recipe(recipe: str | Path) -> dict[str, Any]:
    path = Path(recipe)
    named = RECIPES / f"{recipe}.yaml"
    path = named if not path.is_file() and named.exists() else path
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
        if not isinstance(values.setdefault(section, {}), dict):
            raise InputError(tr(f"--set {change} : « {section} » n'est pas une section.",
                                f"--set {change}: `{section}` is no section."))  # fmt: skip
        values = values[section]
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(
            tr(f"--set {change} : valeur YAML illisible.", f"--set {change}: the value cannot be read as YAML.")
        ) from error
