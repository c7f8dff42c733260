"""The files of scientific papers, in the three forms that they come in, read one paper at a time.

- *Original*: JSON lines with ``article_id``, ``abstract_text``, ``section_names`` and ``sections`` (upstream's train.txt).
- *As TFDS serves them*: JSON lines with ``article``, ``abstract`` and ``section_names``, each one string.
- *TFDS's own records*: a folder with dataset_info.json.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.papers import Section, tidy, tidy_heading
from datasets_prep.rows import Rejected
from datasets_prep.zip_members import member_lines, zip_members

ENDINGS = (".jsonl", ".txt", ".gz", ".zip")
CORPORA = ("arxiv", "pubmed")
RECORDS = "dataset_info.json"  # stands for the folder of TFDS's records
LONGEST_LINE = 64 * 2**20  # bytes; the longest papers have a few. What is longer is read, and rejected, in pieces
LARGEST = 32 * 2**30  # bytes of one file of upstream's archives, unpacked


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper as read.

    Args:
        key: unique in the source: file and line.
        place: the same, in the user's language.
        article: what no split may cut: its id, or a digest of its text where it has none.
        abstract: its summary.
        headings: of its sections.
        sections: the sections with text; empty for records in TFDS's form.
        text: the paper in one piece, for records in TFDS's form.
    """

    key: str
    place: str
    article: str
    abstract: str
    headings: tuple[str, ...]
    sections: tuple[Section, ...]
    text: str = ""


def paper_files(path: Path, part: str) -> list[Path]:
    """The files of papers in a folder, those of the part asked for; or the file itself.

    Raises:
        InputError: the folder has none.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise InputError(tr(f"{path} : fichier introuvable.", f"{path}: no such file."))
    records = sorted(path.rglob(RECORDS))
    found = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in ENDINGS]
    texts = [file for file in found if part in str(file.relative_to(path.parent))]
    if not (records or texts):
        raise InputError(
            tr(
                f"{path} : aucun fichier d'articles. Attendu : arxiv.jsonl, pubmed.jsonl, ou le dossier arxiv-dataset de l'archive.",
                f"{path}: no file of papers. Expected: arxiv.jsonl, pubmed.jsonl, or the archive's folder arxiv-dataset.",
            )
        )
    return records or texts


def read_papers(file: Path) -> Iterator[Paper | Rejected]:
    """The papers of a file, and what of it is none.

    Raises:
        InputError: the file cannot be read to its end.
    """
    name = _name(file)
    for number, record in enumerate(_records(file), start=1):
        yield _paper(record, f"{name}-{number}", tr(f"{name}, ligne {number}", f"{name}, line {number}"))


def _name(file: Path) -> str:
    """ "arxiv" for arxiv.jsonl.gz, "arxiv-train" for arxiv-dataset/train.txt and for TFDS's records."""
    name = file.name.partition(".")[0]
    folders = [part for part in CORPORA if part in str(file.parent) and part not in name]
    return "-".join([*folders[-1:], name])


def _records(file: Path) -> Iterator[Mapping[str, Any] | bytes]:
    """The records of a file; bytes for a line that is no JSON object."""
    if file.name == RECORDS:
        yield from _tfds_records(file.parent)
        return
    for line in _lines(file):
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            yield record if isinstance(record, dict) else line


def _lines(file: Path) -> Iterator[bytes]:
    suffix = file.suffix.lower()
    if suffix == ".zip":
        names = [name for name in zip_members(file, largest=LARGEST) if name.endswith((".txt", ".jsonl"))]
        yield from chain.from_iterable(member_lines(file, name, largest=LARGEST) for name in names)
        return
    try:
        with gzip.open(file) if suffix == ".gz" else file.open("rb") as opened:
            yield from iter(lambda: opened.readline(LONGEST_LINE), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            tr(
                f"{file} : lecture impossible, fichier incomplet ou abîmé ({error}).",
                f"{file}: cannot be read, incomplete or damaged file ({error}).",
            )
        ) from error


def _tfds_records(folder: Path) -> Iterator[Mapping[str, Any]]:
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(folder)
    for split in builder.info.splits:
        for example in tfds.as_numpy(builder.as_dataset(split=split)):
            yield {name: value.decode("utf-8", errors="replace") for name, value in example.items()}


def _paper(record: Mapping[str, Any] | bytes, key: str, place: str) -> Paper | Rejected:
    try:
        if not isinstance(record, Mapping):
            raise TypeError("no JSON object")
        return _original(record, key, place) if "sections" in record else _tfds_form(record, key, place)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        text = record.decode("utf-8", errors="replace") if isinstance(record, bytes) else json.dumps(record)
        return Rejected(place=place, reason="not_a_paper", detail=str(error)[:80], question=text)


def _original(record: Mapping[str, Any], key: str, place: str) -> Paper:
    names = [tidy_heading(name) for name in record["section_names"]]
    texts = [tidy(" ".join(sentences)) for sentences in record["sections"]]
    sections = [Section(heading=name, text=text) for name, text in zip(names, texts, strict=True) if text]
    return Paper(
        key=key,
        place=place,
        article=str(record["article_id"]),
        abstract=_abstract(" ".join(record["abstract_text"])),
        headings=tuple(names),
        sections=tuple(section for section in sections if section.heading),
    )


def _tfds_form(record: Mapping[str, Any], key: str, place: str) -> Paper:
    article = record["article"]
    return Paper(
        key=key,
        place=place,
        article=hashlib.sha256(article.encode()).hexdigest()[:16],
        abstract=_abstract(record["abstract"]),
        headings=tuple(tidy_heading(name) for name in record["section_names"].split("\n")),
        sections=(),
        text=tidy(article),
    )


def _abstract(text: str) -> str:
    return tidy(text.replace("<S>", " ").replace("</S>", " "))
