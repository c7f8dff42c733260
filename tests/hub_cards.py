"""What the Hub finds wrong in the metadata of a card (README.md), as far as tests need it."""

import re
from typing import Any

import yaml

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
LICENCES = """
apache-2.0 mit openrail bsd bsd-2-clause bsd-3-clause cc cc0-1.0 cc-by-4.0 cc-by-3.0 cc-by-2.0 cc-by-sa-4.0
cc-by-sa-3.0 cc-by-nc-4.0 cc-by-nc-3.0 cc-by-nc-sa-4.0 cc-by-nc-sa-3.0 cc-by-nc-nd-4.0 cc-by-nd-4.0
gpl lgpl agpl-3.0 gpl-3.0 gpl-2.0 lgpl-3.0 mpl-2.0 odbl odc-by pddl etalab-2.0 llama2 llama3 gemma unknown other
afl-3.0 artistic-2.0 bsl-1.0 ecl-2.0 epl-2.0 eupl-1.1 eupl-1.2 isc ms-pl unlicense wtfpl zlib
"""


def card_errors(kind: str, text: str) -> tuple[list[str], list[str]]:
    """Errors and warnings about the YAML between the first two lines of three dashes."""
    match = re.match(r"\s*---[ \t]*\r?\n(.*?)\r?\n?---[ \t]*(\r?\n|$)", text, re.DOTALL)
    if not match:
        return [], ["empty or missing yaml metadata in repo card"]
    try:
        metadata = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        return [f"bad YAML: {error}"], []
    if not isinstance(metadata, dict):
        return ["metadata must be a mapping"], []
    found = _space_errors(metadata) if kind == "space" else _data_errors(metadata)
    licence = metadata.get("license")
    for each in licence if isinstance(licence, list) else [licence] if licence else []:
        if each not in LICENCES.split():
            found.append(f'"license" must be one of {LICENCES.split()}')
    return found, []


def _space_errors(metadata: dict[str, Any]) -> list[str]:
    found = []
    if metadata.get("sdk") not in ("gradio", "docker", "static"):
        found.append('"sdk" must be one of [gradio, docker, static]')
    for key in ("colorFrom", "colorTo"):
        if key in metadata and metadata[key] not in COLOURS:
            found.append(f'"{key}" must be one of {sorted(COLOURS)}')
    if len(metadata.get("short_description") or "") > 60:
        found.append('"short_description" length must be less than or equal to 60 characters long')
    for key in ("sdk_version", "python_version"):
        if key in metadata and not isinstance(metadata[key], str):
            found.append(f'"{key}" must be a string')
    return found


def _data_errors(metadata: dict[str, Any]) -> list[str]:
    found = []
    languages = metadata.get("language") or []
    for each in languages if isinstance(languages, list) else [languages]:
        if not (isinstance(each, str) and re.fullmatch(r"[a-z]{2,3}|code|multilingual", each)):
            found.append('"language" must only contain lowercase ISO 639 codes')
    for key in ("tags", "task_categories", "size_categories"):
        if key in metadata and not (
            isinstance(metadata[key], list) and all(isinstance(each, str) for each in metadata[key])
        ):
            found.append(f'"{key}" must be an array of strings')
    return found
