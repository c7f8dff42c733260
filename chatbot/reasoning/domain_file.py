"""Reading a domain file; each fault is told with its line: "boutique.yaml, ligne 12 : …"."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from chatbot.errors import InputError, cannot_read, no_such_file
from chatbot.language import tr
from chatbot.reasoning.domain import Domain
from chatbot.reasoning.domain_faults import Fault, contradictions, duplicate_keys, told_fault
from chatbot.reasoning.yaml_problems import told_problem

DOMAINS = Path(__file__).parents[1] / "domains"
SHIPPED = {
    "boutique": "boutique.yaml",
    "sante": "sante.yaml",
    "marches_publics": "marches_publics.yaml",
    "cours": "cours.yaml",
    "general": "general.yaml",
}
LARGEST = 1_000_000  # bytes
MOST_FAULTS = 10  # told at once


def load_domain(name_or_path: str | Path) -> Domain:
    """A shipped domain by its name, or a file of one's own.

    Raises:
        InputError: no such domain or file, or faults in it: one line each, with its line in the file.
    """
    path = DOMAINS / SHIPPED[str(name_or_path)] if str(name_or_path) in SHIPPED else Path(name_or_path)
    if not path.exists():
        raise _unknown(name_or_path) if _is_name(str(name_or_path)) else no_such_file(path)
    try:
        content = path.read_bytes()
        if len(content) > LARGEST:
            raise InputError(tr(f"{path} : plus de {LARGEST} octets.", f"{path}: more than {LARGEST} bytes."))
        return read_domain(content.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _faulty(path.name, [Fault(line, tr("ce n'est pas de l'UTF-8", "not UTF-8"))]) from error
    except OSError as error:
        raise cannot_read(path, error) from error


def read_domain(text: str, where: str) -> Domain:
    """A domain from YAML text.

    Args:
        text: the YAML.
        where: its name in messages.

    Raises:
        InputError: see `load_domain`.
    """
    root = _composed(text, where)
    if faults := duplicate_keys(root):
        raise _faulty(where, faults)
    try:
        domain = Domain.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise _faulty(where, [_fault_of(fault, root) for fault in error.errors()]) from error
    if wrong := contradictions(domain):
        raise _faulty(where, [Fault(line_of(root, place), told) for place, told in wrong])
    return domain


def line_of(root: yaml.Node, place: tuple[str | int, ...]) -> int:
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


def _composed(text: str, where: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or " ".join(str(error).split())
        told = told_problem(reason)
        raise _faulty(where, [Fault(mark.line + 1 if mark else 1, told)]) from error
    if not isinstance(root, yaml.MappingNode):
        raise _faulty(where, [Fault(1, tr("« clé : valeur » attendu", "`key: value` lines expected"))])
    return root


def _fault_of(fault: Any, root: yaml.Node) -> Fault:
    return Fault(line_of(root, fault["loc"]), told_fault(fault, _keys_at(fault["loc"])))


def _keys_at(place: tuple[str | int, ...]) -> list[str]:
    """The keys that were possible where the last one of `place` stood."""
    part: Any = Domain
    for name in place[:-1]:
        if isinstance(name, str) and _is_part(part) and name in part.model_fields:
            part = part.model_fields[name].annotation
            part = next((kind for kind in (part, *_arguments(part)) if _is_part(kind)), part)
    return list(part.model_fields) if _is_part(part) else []


def _arguments(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", ())


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_name(name: str) -> bool:
    return not name.lower().endswith((".yaml", ".yml")) and "/" not in name and "\\" not in name


def _unknown(name: str | Path) -> InputError:
    known = ", ".join(SHIPPED)
    return InputError(
        tr(f"{name} : domaine inconnu. Domaines fournis : {known} ; ou donnez un fichier .yaml.",
           f"{name}: unknown domain. Included: {known}; or give a .yaml file.")
    )  # fmt: skip


def _faulty(where: str, faults: list[Fault]) -> InputError:
    told = sorted(set(faults))
    lines = [tr(f"{where}, ligne {f.line} : {f.told}.", f"{where}, line {f.line}: {f.told}.") for f in told]
    more = len(lines) - MOST_FAULTS
    if more > 0:
        lines = [*lines[:MOST_FAULTS], tr(f"… et {more} autres erreurs.", f"… and {more} more.")]
    return InputError("\n".join(lines))
