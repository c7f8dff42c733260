"""The clinic: what is wrong with a table of the user, the repaired file, and a log of all that was changed.

    diagnosis = repair(Path("faq.csv"), Given(), out=Path("faq.repaired.csv"))

Every row is repaired, left as it is, or rejected with its reason: read = written + rejected. The original is only read.
"""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from chatbot.errors import InputError, cannot_write, no_file
from chatbot.files import json_line
from chatbot.language import tr
from datasets_prep.columns import Columns
from datasets_prep.csv_layout import Layout
from datasets_prep.diagnosis import Diagnosis
from datasets_prep.repairs import shown_bytes
from datasets_prep.rows import Rejected
from datasets_prep.sources.csv_pairs import open_table
from datasets_prep.spec import Given
from datasets_prep.tables import Record, RejectedRecord, repair_lines

NAMELESS = re.compile(r"(\(\d+\))?")  # columns without a name, as `csv_layout` tells them apart


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a repair writes: the table, the log of the repairs, the rows rejected."""

    table: Path
    repairs: Path
    rejected: Path

    @classmethod
    def beside(cls, table: Path) -> "Files":
        """The log and the rejected rows beside the repaired table."""
        stem = table.name.removesuffix(table.suffix)
        return cls(
            table=table,
            repairs=table.with_name(f"{stem}.repairs.jsonl"),
            rejected=table.with_name(f"{stem}.rejected.jsonl"),
        )

    @property
    def all(self) -> tuple[Path, Path, Path]:
        return self.table, self.repairs, self.rejected


def default_out(path: Path) -> Path:
    """ "faq.repaired.csv" beside "faq.csv", "faq.csv.gz" or "faq.tsv"."""
    name = path.name
    for suffix in (".gz", ".zip", ".csv", ".tsv", ".txt"):
        name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return path.with_name(f"{name}.repaired.csv")


def examine(path: Path, given: Given) -> Diagnosis:
    """The diagnosis of a table; nothing is written.

    Raises:
        InputError: the file cannot be read as a table.
    """
    return _walk(path, given, lambda names: None, lambda record: None)


def repair(path: Path, given: Given, *, out: Path, replace_old: bool = False) -> tuple[Diagnosis, Files]:
    """Writes the repaired table, the log and the rejected rows, each whole or not at all; the original stays.

    Args:
        path: the user's file.
        given: what the user says about it.
        out: the repaired table: UTF-8, commas, quotes as RFC 4180 has them, a header.
        replace_old: whether files of an earlier repair are replaced.

    Raises:
        InputError: the file cannot be read as a table, or there are files already where the new ones should go.
        WorldError: the disk failed.
    """
    files = Files.beside(out)
    _check(path, files, replace_old)
    try:
        with _written_together(files) as (table, repairs, rejected):
            write_row = csv.writer(table, lineterminator="\r\n").writerow

            def write(record: Record | RejectedRecord) -> None:
                if isinstance(record, Rejected):
                    rejected.write(json_line({"row": record.number, "line": record.line, "reason": record.reason, "detail": record.detail, "text": record.text}))  # fmt: skip
                    return
                write_row(record.cells.values())
                repairs.writelines(map(json_line, repair_lines([record])))

            diagnosis = _walk(path, given, write_row, write)
    except OSError as error:
        raise cannot_write(out, error) from error
    return diagnosis, files


def _walk(
    path: Path,
    given: Given,
    begin: Callable[[list[str]], object],
    each: Callable[[Record | RejectedRecord], object],
) -> Diagnosis:
    if _ending(path) in (".json", ".jsonl"):
        raise InputError(
            tr(
                f"{path} : pas un tableau. prepare lit et répare ce fichier tout seul :\n"
                f"causette prepare {path.name} --out …",
                f"{path}: not a table. prepare reads and repairs this file by itself:\n"
                f"causette prepare {path.name} --out …",
            )
        )
    own = open_table(path, given)
    diagnosis = Diagnosis(
        path=path, encoding=own.table.encoding, layout=own.table.layout, pairs=own.pairs, line_ends=own.table.line_ends
    )
    begin(shown_names(own.table.layout, own.pairs))
    for record in own.records:
        diagnosis.count(record)
        each(record)
    if not diagnosis.rows:
        raise InputError(
            tr(f"{path} : aucune ligne de données dans le fichier.", f"{path}: no row of data in the file.")
        )
    return diagnosis


def _ending(path: Path) -> str:
    """What the end of the name says of the content: that before ".gz" or ".zip"."""
    packed = path.suffix.lower() in (".gz", ".zip")
    return (path.with_suffix("") if packed else path).suffix.lower()


def shown_names(layout: Layout, pairs: tuple[Columns, ...] = ()) -> list[str]:
    """The header of the repaired table; names that the file lacks are made of the columns' numbers, or of their roles."""
    roles = {} if layout.has_header or len(pairs) != 1 else {column: role for role, column in pairs[0].roles.items()}
    words = {"question": "question", "answer": tr("réponse", "answer")}
    return [
        words.get(
            roles.get(name, ""),
            tr(f"colonne {place}", f"column {place}") if NAMELESS.fullmatch(name) else shown_bytes(name),
        )
        for place, name in enumerate(layout.header, start=1)
    ]


def _check(path: Path, files: Files, replace_old: bool) -> None:
    if any(one.resolve() == path.resolve() for one in files.all):
        raise InputError(
            tr(
                f"--out {files.table} : c'est le fichier d'origine, qui n'est jamais touché. Choisissez un autre nom.",
                f"--out {files.table}: that is the original, which is never touched. Choose another name.",
            )
        )
    for one in files.all:
        if one.is_dir():
            raise no_file(one)
        if one.exists() and not replace_old:
            raise InputError(
                tr(
                    f"{one} : existe déjà. Choisissez un autre --out, ou ajoutez --replace pour le remplacer.",
                    f"{one}: already exists. Choose another --out, or add --replace to replace it.",
                )
            )


@contextmanager
def _written_together(files: Files) -> Iterator[tuple[TextIO, TextIO, TextIO]]:
    """Three text files that take their places together, once all three are written; one that is empty is none."""
    files.table.parent.mkdir(parents=True, exist_ok=True)
    parts = [path.with_name(f".{path.name}.part") for path in files.all]
    try:
        with ExitStack() as stack:
            table, repairs, rejected = (
                stack.enter_context(part.open("w", encoding="utf-8", newline="")) for part in parts
            )
            yield table, repairs, rejected
        for part, path in zip(parts, files.all, strict=True):
            if part.stat().st_size:
                part.replace(path)
            else:
                path.unlink(missing_ok=True)  # that of an earlier repair
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
