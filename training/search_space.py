"""What a search may change: the dimensions of its space, written as text and checked before anything is trained.

    fit.learning_rate=1e-5..1e-3:log     a range, on a logarithmic scale
    fit.epochs=2..6                      a range of whole numbers, because the option is one
    lora.rank=4,8,16                     a choice
    lora.targets=[query,value],[query]   a choice of lists
    decoding.temperature=0,0.3,0.7       how the best model answers, searched once its weights are found

In a file (``--space``) the same, as YAML: ``fit.epochs: 2..6``, ``lora.rank: [4, 8, 16]``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.sampling import Sampling
from training.config import RunConfig, validated
from training.search_dimension import Dimension, Space

DECODING = "decoding."
DECODED = ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens")
# They change what is measured, or where it is written: the values of two trials could not be compared.
FIXED = ("data", "out", "fit.seed", "fit.validation_dialogues", "fit.row_length")


def read_space(changes: Sequence[str], file: Path | None, config: RunConfig) -> Space:
    """The space asked for; where nothing is, the one for the recipe's method.

    Args:
        changes: of ``--vary``, "key=1..3".
        file: of ``--space``, YAML.
        config: the starting recipe, in which each value is tried.

    Raises:
        InputError: an unknown key, an impossible value, an empty range, the same key twice.
    """
    wanted: dict[str, tuple[Any, str]] = {}
    for key, text in (_read_file(file) if file else {}).items():
        wanted[str(key)] = (text, f"{file}, {key}")
    for change in changes:
        key, sign, text = change.partition("=")
        if not sign or not key or not text:
            raise InputError(
                tr(f"--vary {change} : écrivez « clé=1e-5..1e-3:log » ou « clé=4,8,16 ».",
                   f"--vary {change}: write `key=1e-5..1e-3:log` or `key=4,8,16`.")
            )  # fmt: skip
        if key in wanted:
            raise InputError(
                tr(f"--vary {change} : « {key} » est donné deux fois.", f"--vary {change}: `{key}` is given twice.")
            )
        wanted[key] = (text, f"--vary {change}")
    space = tuple(dimension(key, text, config, where) for key, (text, where) in wanted.items())
    if not [one for one in space if not one.key.startswith(DECODING)]:
        space = (*default_space(config), *space)
    if not [one for one in space if one.key.startswith(DECODING)]:
        space = (*space, *default_decoding())
    return space


def dimension(key: str, text: Any, config: RunConfig, where: str) -> Dimension:
    """One dimension, its bounds or choices tried as values of the option.

    Raises:
        InputError: see `read_space`.
    """
    _require_known(key, where)
    if isinstance(text, str) and ".." in text:
        return _range(key, text, config, where)
    if isinstance(text, str):
        try:
            text = yaml.safe_load(f"[{text}]")
        except yaml.YAMLError as error:
            raise InputError(tr(f"{where} : valeurs illisibles.", f"{where}: the values cannot be read.")) from error
    if not isinstance(text, list):
        raise InputError(
            tr(f"{where} : écrivez un intervalle, 1..3, ou des choix, [4, 8, 16].",
               f"{where}: write a range, 1..3, or choices, [4, 8, 16].")
        )  # fmt: skip
    choices = tuple(_tried(key, choice, config, where) for choice in text)
    if len(set(choices)) < max(2, len(choices)):
        raise InputError(
            tr(f"{where} : il faut au moins deux choix, tous différents.",
               f"{where}: at least two choices are needed, all different.")
        )  # fmt: skip
    return Dimension(key=key, choices=choices)


def default_space(config: RunConfig) -> Space:
    """Around the recipe, which always lies inside: learning rate, epochs, decay; for adapters their shape too."""
    fit = config.fit
    space = [
        Dimension(key="fit.learning_rate", low=fit.learning_rate / 10, high=min(1.0, fit.learning_rate * 5), log=True),
        Dimension(key="fit.epochs", low=max(1, fit.epochs // 2), high=max(2, 2 * fit.epochs)),
        Dimension(key="fit.weight_decay", low=0.0, high=min(0.5, max(0.1, 2 * fit.weight_decay))),
    ]
    if config.method != "full":
        lora = config.lora
        wider = (("query", "value"), ("query", "key", "value", "attention_output"))
        space += [
            Dimension(key="lora.rank", choices=tuple(sorted({4, 8, 16, 32, lora.rank}))),
            Dimension(key="lora.alpha", choices=tuple(sorted({8.0, 16.0, 32.0, 64.0, lora.alpha}))),
            Dimension(key="lora.targets", choices=tuple(dict.fromkeys((*wider, lora.targets)))),
        ]
    return tuple(space)


def default_decoding() -> Space:
    """How the best model may answer; the first of each choice is greedy decoding as `causette evaluate` does it."""
    return (
        Dimension(key="decoding.temperature", choices=(0.0, 0.3, 0.7, 1.0)),
        Dimension(key="decoding.top_p", choices=(1.0, 0.95, 0.9, 0.8)),
        Dimension(key="decoding.repetition_penalty", choices=(1.0, 1.1, 1.2, 1.3)),
        Dimension(key="decoding.max_new_tokens", choices=(96, 64, 160)),
    )


def value_in(config: RunConfig, key: str) -> Any:
    """The value of "fit.epochs" in a configuration."""
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def with_values(config: RunConfig, values: Mapping[str, Any], where: str) -> RunConfig:
    """The configuration with other values, checked again.

    Raises:
        InputError: one of them is impossible.
    """
    fields = config.model_dump()
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        (fields[section] if section else fields)[name] = value
    return validated(fields, where)


def _range(key: str, text: str, config: RunConfig, where: str) -> Dimension:
    bounds, colon, scale = text.partition(":")
    if colon and scale != "log":
        raise InputError(
            tr(f"{where} : après l'intervalle, seul « :log » est connu (reçu : « :{scale} »).",
               f"{where}: after a range only `:log` is known (received: `:{scale}`).")
        )  # fmt: skip
    low, high = (_tried(key, bound.strip(), config, where) for bound in bounds.split("..", 1))
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in (low, high)):
        raise InputError(
            tr(f"{where} : cette clé n'est pas un nombre, donnez des choix : a,b,c.",
               f"{where}: this key is no number, give choices: a,b,c.")
        )  # fmt: skip
    if not low < high:
        raise InputError(
            tr(f"{where} : intervalle vide, la première borne doit être la plus petite.",
               f"{where}: empty range, the first bound must be the smaller one.")
        )  # fmt: skip
    if colon and low <= 0:
        raise InputError(
            tr(f"{where} : une échelle logarithmique commence au-dessus de 0.",
               f"{where}: a logarithmic scale begins above 0.")
        )  # fmt: skip
    return Dimension(key=key, low=low, high=high, log=bool(colon))


def _tried(key: str, value: Any, config: RunConfig, where: str) -> Any:
    """The value as the option takes it ("1e-3" → 0.001)."""
    if not key.startswith(DECODING):
        tried = value_in(with_values(config, {key: value}, where), key)
        return tuple(tried) if isinstance(tried, list) else tried
    name = key.removeprefix(DECODING)
    whole = isinstance(getattr(Sampling(), name), int)
    try:
        number = int(value) if whole else float(value)
        Sampling(**{name: number})  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise InputError(
            tr(f"{where} : valeur impossible pour « {key} » (reçu : {value}).",
               f"{where}: impossible value for `{key}` (received: {value}).")
        ) from error  # fmt: skip
    return number


def _require_known(key: str, where: str) -> None:
    if key in FIXED:
        raise InputError(
            tr(f"{where} : « {key} » ne se cherche pas, les essais ne seraient plus comparables.\n"
               "Changez-le dans la recette, avec --set.",
               f"{where}: `{key}` is not searched, trials could no longer be compared.\nChange it in the recipe, with --set.")
        )  # fmt: skip
    known = known_keys()
    if key not in known:
        import difflib

        near = ", ".join(difflib.get_close_matches(key, known, n=3, cutoff=0.3) or known[:6])
        raise InputError(
            tr(f"{where} : clé inconnue « {key} ». Clés proches : {near}.",
               f"{where}: unknown key `{key}`. Near ones: {near}.")
        )  # fmt: skip


def known_keys() -> list[str]:
    """All keys that can be searched."""
    keys = []
    for name, field in RunConfig.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys += [f"{name}.{inner}" for inner in kind.model_fields]
        else:
            keys.append(name)
    return [key for key in keys if key not in FIXED] + [DECODING + name for name in DECODED]


def _read_file(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            tr(f"{file} : espace illisible ({reason}).", f"{file}: the space cannot be read ({reason}).")
        ) from error
    if not isinstance(values, dict) or not values:
        raise InputError(
            tr(f"{file} : des lignes « clé : 1..3 » ou « clé : [4, 8] » sont attendues.",
               f"{file}: lines `key: 1..3` or `key: [4, 8]` are expected.")
        )  # fmt: skip
    return values
