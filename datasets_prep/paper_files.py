"""The files of scientific papers, in the three forms that they come in, read one paper at a time.

- *Original*: JSON lines with ``article_id``, ``abstract_text``, ``section_names`` and ``sections`` (upstream's train.txt).
- *As TFDS serves them*: JSON lines with ``article``, ``abstract`` and ``section_names``, each one string.
- *TFDS's own records*: a folder with dataset_info.json.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from chatbot.errors import InputError, no_such_file
from chatbot.language import tr
from datasets_prep.archives import member_lines, zip_members
from datasets_prep.papers import Section, tidy, tidy_heading
from datasets_prep.rows import Rejected

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

    Where a corpus is there in both forms, the originals are taken: they have the sections.

    Raises:
        InputError: the folder has none.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise no_such_file(path)
    texts = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in ENDINGS and part in str(file.relative_to(path.parent))
    ]
    originals = {_corpus(file) for file in texts}
    records = [
        file
        for file in sorted(path.rglob(RECORDS))
        if (corpus := _corpus(file)) not in originals and (not part or corpus in ("", part))
    ]
    if not (records or texts):
        raise InputError(
            tr(
                f"{path} : aucun fichier d'articles. Attendu : arxiv.jsonl, pubmed.jsonl, ou le dossier arxiv-dataset de l'archive.",
                f"{path}: no file of papers. Expected: arxiv.jsonl, pubmed.jsonl, or the archive's folder arxiv-dataset.",
            )
        )
    return [*texts, *records]


def read_papers(file: Path) -> Iterator[Paper | Rejected]:
    """The papers of a file, and what of it is none.

    Raises:
        InputError: the file cannot be read to its end.
    """
    for name, number, record in _records(file):
        yield _paper(record, f"{name}-{number}", tr(f"{name}, ligne {number}", f"{name}, line {number}"))


def _name(file: PurePath) -> str:
    """ "arxiv" for arxiv.jsonl.gz, "arxiv-train" for arxiv-dataset/train.txt and for TFDS's records."""
    name, corpus = file.name.partition(".")[0], _corpus(file)
    return f"{corpus}-{name}" if corpus not in name else name


def _corpus(file: PurePath) -> str:
    """Which of the corpora its name says, else that of its innermost folder; "" where none does."""
    return next((part for place in (file, *file.parents) for part in CORPORA if part in place.name), "")


def _records(file: Path) -> Iterator[tuple[str, int, Mapping[str, Any] | bytes]]:
    """The name of each file within, the number of the line or record, and the record; bytes where it is no JSON object."""
    if file.name == RECORDS:
        for number, example in enumerate(_tfds_records(file.parent), start=1):
            yield _name(file), number, example
        return
    for name, number, line in _lines(file):
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            yield name, number, record if isinstance(record, dict) else line


def _lines(file: Path) -> Iterator[tuple[str, int, bytes]]:
    if file.suffix.lower() != ".zip":
        yield from _numbered(_name(file), _lines_of_file(file))
        return
    for member in zip_members(file, largest=LARGEST):
        if member.endswith((".txt", ".jsonl")):
            yield from _numbered(
                _name(PurePath(file.name, member)), member_lines(file, member, longest=LONGEST_LINE, largest=LARGEST)
            )


def _numbered(name: str, pieces: Iterable[bytes]) -> Iterator[tuple[str, int, bytes]]:
    """The pieces with the number of the line that each belongs to."""
    number = 1
    for piece in pieces:
        yield name, number, piece
        number += piece.endswith(b"\n")


def _lines_of_file(file: Path) -> Iterator[bytes]:
    try:
        with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as opened:
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
