"""The clinic: what is wrong with a table of the user, the repaired file, and a log of all that was changed.

    diagnosis = repair(Path("faq.csv"), Given(), out=Path("faq.repaired.csv"))

Every row is repaired, left as it is, or rejected with its reason: read = written + rejected. The original is only read.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from chatbot.errors import InputError, WorldError
from chatbot.files import json_line
from chatbot.language import tr
from datasets_prep.columns import Columns
from datasets_prep.csv_layout import Layout
from datasets_prep.repairs import LOST, Repair, shown_bytes
from datasets_prep.rows import Rejected
from datasets_prep.sources.csv_pairs import open_table
from datasets_prep.spec import Given
from datasets_prep.tables import Record, RejectedRecord

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


@dataclass(kw_only=True)
class Diagnosis:
    """What was found in a table, complete once all its rows are read.

    Args:
        path: the file.
        encoding, layout, pairs, line_ends: as those of `Table` and `OwnTable`.
        rows: all that were read.
        repaired_rows: those in which something was repaired.
        repairs: kind of repair → how many.
        examples: kind of repair → the first one, and the line of the file where its row begins.
        reasons: reason of rejection → how many rows.
        rejects: reason of rejection → the first row.
        lost: cells with a character that another program had lost before.
    """

    path: Path
    encoding: str
    layout: Layout
    pairs: tuple[Columns, ...]
    line_ends: Counter[str]
    rows: int = 0
    repaired_rows: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[Repair, int]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: dict[str, RejectedRecord] = field(default_factory=dict)
    lost: int = 0

    @property
    def rejected(self) -> int:
        return self.reasons.total()

    @property
    def written(self) -> int:
        return self.rows - self.rejected

    def count(self, record: Record | RejectedRecord) -> None:
        """Takes one more record into the counts."""
        self.rows += 1
        if isinstance(record, Rejected):
            self.reasons[record.reason] += 1
            self.rejects.setdefault(record.reason, record)
            return
        self.repaired_rows += bool(record.repairs)
        self.lost += sum(LOST in cell for cell in record.cells.values())
        for repair in record.repairs:
            self.repairs[repair.kind] += 1
            self.examples.setdefault(repair.kind, (repair, record.line))

    def to_json(self) -> dict[str, Any]:
        """The diagnosis as `--json` prints it."""
        return {
            "file": str(self.path),
            "encoding": self.encoding,
            "separator": self.layout.separator,
            "header": list(self.layout.header) if self.layout.has_header else None,
            "titles": list(self.layout.titles),
            "columns": [{"language": one.language, "told_by": one.told_by, **one.to_json()} for one in self.pairs],
            "line_ends": dict(self.line_ends),
            "rows": {"read": self.rows, "written": self.written, "repaired": self.repaired_rows, "rejected": self.rejected},
            "repairs": dict(self.repairs),
            "examples": {
                kind: {"line": line, **repair.to_json()} for kind, (repair, line) in self.examples.items()
            },
            "rejected": dict(self.reasons),
            "lost_characters": self.lost,
        }  # fmt: skip


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
                for one in record.repairs:
                    repairs.write(json_line({"row": record.number, "line": record.line, **one.to_json()}))

            diagnosis = _walk(path, given, write_row, write)
    except OSError as error:
        raise WorldError(
            tr(
                f"{out} : écriture impossible ({error.strerror}). Rien n'a été écrit.",
                f"{out}: cannot be written ({error.strerror}). Nothing was written.",
            )
        ) from error
    return diagnosis, files


def _walk(
    path: Path,
    given: Given,
    begin: Callable[[list[str]], object],
    each: Callable[[Record | RejectedRecord], object],
) -> Diagnosis:
    if {".json", ".jsonl"} & {suffix.lower() for suffix in path.suffixes}:
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
        if one.is_dir() or (one.exists() and not replace_old):
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
