"""A YAML file that people write, read into a pydantic model; each fault is told with its line: "boutique.yaml, ligne 12 : …"."""

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from chatbot.errors import InputError, cannot_read, no_such_file
from chatbot.language import tr
from chatbot.reasoning.yaml_problems import told_problem

LARGEST = 1_000_000  # bytes
MOST_FAULTS = 10  # told at once
Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Days stay texts: YAML's own dates fail on 2026-02-30 without a line, and know no 30/02/2026."""


def _as_written(loader: Any, node: Any) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _as_written)


class Fault(NamedTuple):
    """A fault and its line."""

    line: int
    told: str


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: no such file, or one that cannot be read, is too large, or no UTF-8.
    """
    if not path.exists():
        raise no_such_file(path)
    try:
        content = path.read_bytes()
        if len(content) > LARGEST:
            raise InputError(tr(f"{path} : plus de {LARGEST} octets.", f"{path}: more than {LARGEST} bytes."))
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise faulty(path.name, [Fault(line, tr("ce n'est pas de l'UTF-8", "not UTF-8"))]) from error
    except OSError as error:
        raise cannot_read(path, error) from error


def read_model(
    text: str,
    kind: type[Model],
    where: str,
    contradictions: Callable[[Model], Sequence[tuple[Place, str]]],
) -> Model:
    """The model that a YAML text describes.

    Args:
        text: the YAML.
        kind: of the model.
        where: the text's name in messages.
        contradictions: parts of a model that do not fit each other, with their places.

    Raises:
        InputError: no YAML, or faults in it: one line each, with its line in the text.
    """
    root = _composed(text, where)
    if faults := duplicate_keys(root):
        raise faulty(where, faults)
    try:
        model = kind.model_validate(_plain_values(text, where))
    except ValidationError as error:
        raise faulty(where, [_fault_of(fault, root, kind) for fault in error.errors()]) from error
    if wrong := contradictions(model):
        raise faulty(where, [Fault(line_of(root, place), told) for place, told in wrong])
    return model


def line_of(root: yaml.Node, place: Place) -> int:
    """The line of a value (of its key, in a mapping); of the nearest one above where there is none."""
    node, line = root, root.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == str(part)]
            if pairs:
                (key, node) = pairs[0]
                line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def duplicate_keys(root: yaml.Node) -> list[Fault]:
    """Keys that stand twice in one mapping, of which YAML would keep the last one silently."""
    faults, waiting, seen = [], [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                name = str(key.value)  # a list may be a key, and is refused later
                if name in keys:
                    told = tr(f"clé « {name} » en double", f"key `{name}` twice")
                    faults.append(Fault(key.start_mark.line + 1, told))
                keys.add(name)
                waiting.append(value)
    return faults


def faulty(where: str, faults: Sequence[Fault]) -> InputError:
    """The error for a file with faults: one line each, in the file's order."""
    told = sorted(set(faults))
    lines = [tr(f"{where}, ligne {f.line} : {f.told}.", f"{where}, line {f.line}: {f.told}.") for f in told]
    more = len(lines) - MOST_FAULTS
    if more > 0:
        lines = [*lines[:MOST_FAULTS], tr(f"… et {more} autres erreurs.", f"… and {more} more.")]
    return InputError("\n".join(lines))


def nearest(word: str, known: Sequence[str]) -> str:
    """What was probably meant, as a question: " (« members » ?)"; "" where nothing is near."""
    near = difflib.get_close_matches(word, known, n=1)
    return tr(f" (« {near[0]} » ?)", f" (`{near[0]}`?)") if near else ""


def _composed(text: str, where: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _unreadable(error, where) from error
    if not isinstance(root, yaml.MappingNode):
        raise faulty(where, [Fault(1, tr("« clé : valeur » attendu", "`key: value` lines expected"))])
    return root


def _plain_values(text: str, where: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:  # a tag, or a list as a key
        raise _unreadable(error, where) from error


def _unreadable(error: yaml.YAMLError, where: str) -> InputError:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or " ".join(str(error).split())
    return faulty(where, [Fault(mark.line + 1 if mark else 1, told_problem(reason))])


def _fault_of(fault: Any, root: yaml.Node, kind: type[BaseModel]) -> Fault:
    place = tuple(part for part in fault["loc"] if part != "[key]")  # a wrong key of a mapping, not its value
    return Fault(line_of(root, place), _told({**fault, "loc": place}, _keys_at(place, kind)))


def _keys_at(place: Place, kind: type[BaseModel]) -> list[str]:
    """The keys that were possible where the last one of `place` stood."""
    part: Any = kind
    for name in place[:-1]:
        if isinstance(name, str) and _is_part(part) and name in part.model_fields:
            part = part.model_fields[name].annotation
            part = next((kind for kind in (part, *_arguments(part)) if _is_part(kind)), part)
    return list(part.model_fields) if _is_part(part) else []


def _arguments(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", ())


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _told(fault: Any, keys: list[str]) -> str:
    """What pydantic found, in the user's words.

    Args:
        fault: one of a `ValidationError`'s.
        keys: those that were possible there.
    """
    key = str(fault["loc"][-1]) if fault["loc"] else ""
    if fault["type"] == "extra_forbidden":
        known, near = ", ".join(keys), nearest(key, keys)
        return tr(
            f"clé inconnue « {key} »{near}. Clés possibles : {known}", f"unknown key `{key}`{near}. Known keys: {known}"
        )
    if fault["type"] == "missing":
        return tr(f"il manque « {key} »", f"`{key}` is missing")
    received = f"{fault['input']!r:.60}"
    return tr(f"« {key} » : il faut {expected(fault)} (reçu : {received})",
              f"`{key}`: {expected(fault)} expected (received: {received})")  # fmt: skip


def expected(fault: Any) -> str:
    """What pydantic wanted in the place of a value, in the user's language; also told of recipes (`training.config`)."""
    kind, bounds = fault["type"], fault.get("ctx", {})
    for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
        if name in bounds:
            return tr(f"un nombre {sign} {bounds[name]}", f"a number {sign} {bounds[name]}")
    if kind == "string_pattern_mismatch":
        return tr("un nom : minuscules sans accent, chiffres et _, 40 caractères au plus, une lettre d'abord",
                  "a name: lower-case letters, figures and _, 40 at most, a letter first")  # fmt: skip
    words = {
        "int": tr("un nombre entier", "an integer"),
        "float": tr("un nombre", "a number"),
        "bool": tr("true ou false", "true or false"),
        "date": tr("une date, comme 2026-09-07", "a date such as 2026-09-07"),
        "path": tr("un chemin", "a path"),
        "string": tr(
            "un texte (entre guillemets s'il ressemble à autre chose)", "a text (in quotes if it looks like more)"
        ),
        "tuple": tr("une liste", "a list"),
        "too": tr("une liste qui ne soit pas vide", "a list that is not empty"),
        "dict": tr("une section « clé : valeur »", "a section of `key: value`"),
        "model": tr("un texte ou une section « clé : valeur »", "a text or a section of `key: value`"),
        "literal": str(bounds.get("expected", "")).replace(" or ", tr(" ou ", " or ")),
    }
    return words.get(kind.partition("_")[0], fault["msg"])
