"""Reading a domain file; each fault is told with its line: "boutique.yaml, ligne 12 : …"."""

from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.reasoning.domain import Domain
from chatbot.reasoning.domain_faults import contradictions
from chatbot.yaml_model import read_model, text_of

DOMAINS = Path(__file__).parents[1] / "domains"
SHIPPED = {
    "boutique": "boutique.yaml",
    "sante": "sante.yaml",
    "marches_publics": "marches_publics.yaml",
    "cours": "cours.yaml",
    "general": "general.yaml",
}


def load_domain(name_or_path: str | Path) -> Domain:
    """A shipped domain by its name, or a file of one's own.

    Raises:
        InputError: no such domain or file, or faults in it: one line each, with its line in the file.
    """
    path = DOMAINS / SHIPPED[str(name_or_path)] if str(name_or_path) in SHIPPED else Path(name_or_path)
    if not path.exists() and _is_name(str(name_or_path)):
        raise _unknown(name_or_path)
    return read_domain(text_of(path), path.name)


def read_domain(text: str, where: str) -> Domain:
    """A domain from YAML text.

    Args:
        text: the YAML.
        where: its name in messages.

    Raises:
        InputError: see `load_domain`.
    """
    return read_model(text, Domain, where, contradictions)


def _is_name(name: str) -> bool:
    return not name.lower().endswith((".yaml", ".yml")) and "/" not in name and "\\" not in name


def _unknown(name: str | Path) -> InputError:
    known = ", ".join(SHIPPED)
    return InputError(
        tr(f"{name} : domaine inconnu. Domaines fournis : {known} ; ou donnez un fichier .yaml.",
           f"{name}: unknown domain. Included: {known}; or give a .yaml file.")
    )  # fmt: skip
