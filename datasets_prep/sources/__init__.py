"""The sets that Causette can read: one short file each, and one line here.

    SOURCES["medquad"].read(Given(path=Path("medquad.csv.gz"))).rows

The user types a name (``medquad``), a name and a part (``embedded:boutique``), or a file (``faq.csv``).
"""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.archives import excel, name_inside
from datasets_prep.sources import (
    cancer,
    corona_tweets,
    csv_pairs,
    document,
    embedded,
    financial_phrasebank,
    jsonl,
    medquad,
    scientific_papers,
)
from datasets_prep.spec import DatasetSpec, Given

SOURCES: dict[str, DatasetSpec] = {
    "cancer": cancer.SPEC,
    "corona_tweets": corona_tweets.SPEC,
    "csv": csv_pairs.SPEC,
    "document": document.SPEC,
    "embedded": embedded.SPEC,
    "financial_phrasebank": financial_phrasebank.SPEC,
    "jsonl": jsonl.SPEC,
    "medquad": medquad.SPEC,
    "scientific_papers": scientific_papers.SPEC,
}
# What the end of a file's name says, before an optional ".gz" or ".zip".
FILE_KINDS = {
    ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".json": "jsonl", ".pdf": "document", ".txt": "document",
}  # fmt: skip


def find_source(text: str) -> tuple[DatasetSpec, Given]:
    """The source that a user's text names, and what the text says about it.

    Raises:
        InputError: no such source, or no such part of it; the known ones are listed.
    """
    if kind := _file_kind(Path(text)):
        return SOURCES[kind], Given(path=Path(text))
    name, _, part = text.partition(":")
    if name not in SOURCES:
        endings = ", ".join(FILE_KINDS)
        raise _unknown(name, SOURCES, (f"un fichier {endings}", f"a {endings} file"))
    if part and part not in SOURCES[name].parts:
        raise _unknown(part, SOURCES[name].parts, (f"{name} tout entier", f"the whole of {name}"))
    return SOURCES[name], Given(part=part)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ " Did you mean “medquad”?" for "medquod"; "" when no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return tr(f" Vouliez-vous dire « {near[0]} » ?", f" Did you mean “{near[0]}”?") if near else ""


def is_file_name(text: str) -> bool:
    """Whether a text names a file that can be read, by its ending."""
    return Path(_without_archive(text)).suffix.lower() in FILE_KINDS


def name_of(spec: DatasetSpec, given: Given) -> str:
    """What stands in the ids of a source's dialogues: the name of the set, or of the user's file without its endings."""
    if spec.name in FILE_KINDS.values() and given.path:
        return Path(_without_archive(given.path.name)).stem
    return spec.name


def _file_kind(path: Path) -> str | None:
    """The source that reads a file of this name; that of the file within for "faq.zip"."""
    suffix = Path(_without_archive(path.name)).suffix.lower()
    if suffix in (".xlsx", ".xlsm", ".xls", ".ods"):
        raise excel(path)
    if not suffix and path.suffix.lower() == ".zip":
        return FILE_KINDS.get(Path(name_inside(path)).suffix.lower(), "csv")
    return FILE_KINDS.get(suffix)


def _without_archive(name: str) -> str:
    """The name without ".gz" or ".zip"."""
    return re.sub(r"\.(gz|zip)$", "", name, flags=re.IGNORECASE)


def _unknown(name: str, known: Iterable[str], otherwise: tuple[str, str]) -> InputError:
    names = sorted(known)
    listed, guess = ", ".join(names) or "–", did_you_mean(name, names)
    return InputError(
        tr(
            f"« {name} » : source inconnue.{guess}\nConnues : {listed} ; ou bien {otherwise[0]}.",
            f"“{name}”: unknown source.{guess}\nKnown: {listed}; or else {otherwise[1]}.",
        )
    )
