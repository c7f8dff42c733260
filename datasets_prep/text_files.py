"""From a file that a user gives to its text: archives, encoding, what is not text at all, and how large is too large.

Nothing here holds a whole file, but for `read_text_file`, which has its limit. All limits stand below, together.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.archives import open_unpacked
from datasets_prep.encodings import SAMPLE, Encoding, chosen_encoding, detect_encoding

LONGEST_LINE = 8 * 2**20  # characters of a line, and of a record of several lines
LARGEST_WHOLE = 128 * 2**20  # characters of a file that can only be read whole: a JSON document
CHUNK = 2**20  # bytes read at a time
HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")
# First bytes of what people save or rename as ".csv", and what it is.
NOT_TEXT = {
    b"PK\x03\x04": ("une archive dans une archive", "an archive within an archive"),
    b"\x1f\x8b": ("une archive dans une archive", "an archive within an archive"),
    b"7z\xbc\xaf": ("une archive 7z", "a 7z archive"),
    b"Rar!": ("une archive RAR", "a RAR archive"),
    b"\xd0\xcf\x11\xe0": ("un ancien classeur Excel", "an old Excel workbook"),
    b"%PDF": ("un fichier PDF", "a PDF file"),
    b"<?xml": ("un document XML", "an XML document"),
    b"{\\rtf": ("un document RTF", "an RTF document"),
    b"PAR1": ("un fichier Parquet", "a Parquet file"),
}
BINARY = 0.05  # share of control characters from which a file is no text


class TooLong(InputError):
    """A line is longer than `LONGEST_LINE`."""


class TextFile(NamedTuple):
    """The text of a file and the encoding that was taken, as shown to the user: "utf-8 (BOM)"."""

    text: str
    encoding: str


def read_text_file(path: Path, encoding: Encoding | None = None) -> TextFile:
    """The text of a file, gzipped, zipped or neither; bytes that its encoding does not know come as lone surrogates.

    Args:
        path: the file.
        encoding: where it is known already; else it is found out.

    Raises:
        InputError: the file is missing, empty, not text, or larger than `LARGEST_WHOLE`.
    """
    found = encoding or encoding_of(path)
    with open_text(path, found) as file:
        text = file.read(LARGEST_WHOLE + 1)
    if len(text) > LARGEST_WHOLE:
        limit = number(LARGEST_WHOLE // 2**20)
        raise InputError(
            tr(
                f"{path} : plus de {limit} millions de caractères, trop pour être lu d'un bloc.\n"
                "Enregistrez un objet JSON par ligne (.jsonl), ou un tableau (.csv) : ils se lisent ligne à ligne.",
                f"{path}: more than {limit} million characters, too much to be read in one piece.\n"
                "Save one JSON object per line (.jsonl), or a table (.csv): those are read line by line.",
            )
        )
    return TextFile(text, found.shown)


def encoding_of(path: Path, chosen: str | None = None) -> Encoding:
    """The encoding of a file, found in one pass over its bytes, or the one that the user chose.

    Raises:
        InputError: the file is missing, empty, not text; no encoding is called `chosen`.
    """
    with open_unpacked(path) as file:
        start = file.read(SAMPLE)
        _refuse_what_is_not_text(path, start)
        if len(start) < SAMPLE and not start.strip(b" \t\r\n\0\xef\xbb\xbf"):
            raise InputError(tr(f"{path} : le fichier est vide.", f"{path}: the file is empty."))
    encoding = chosen_encoding(chosen) if chosen else None
    with open_unpacked(path) as file:
        encoding = encoding or detect_encoding(iter(lambda: file.read(CHUNK), b""))
    _refuse_binary(path, start.decode(encoding.name, "replace"))
    return encoding


@contextmanager
def open_text(path: Path, encoding: Encoding) -> Iterator[TextIO]:
    """The text of a file as a stream, line ends as they are; bytes that the encoding does not know as `Encoding` says."""
    with (
        open_unpacked(path) as file,
        io.TextIOWrapper(file, encoding.name, errors=encoding.errors, newline="") as text,
    ):
        yield text


def lines_of(path: Path, text: TextIO) -> Iterator[str]:
    r"""The lines, each with its end: "\n", "\r\n" or "\r".

    Raises:
        TooLong: at that line.
    """
    line_number = 0
    while line := text.readline(LONGEST_LINE + 1):
        line_number += 1
        if len(line) > LONGEST_LINE:
            raise _too_long(path, line_number)
        yield line


def describe_file(path: Path) -> dict[str, Any]:
    """Name, size and SHA-256 of a file: its entry in a manifest (no folder: a manifest is published)."""
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_what_is_not_text(path: Path, start: bytes) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:20].lower().startswith(HTML):
        raise InputError(
            tr(
                f"{path} : c'est une page HTML enregistrée sous ce nom, pas des données.\n"
                "Téléchargez le fichier lui-même (bouton « Download » ou lien « Raw » de la page).",
                f"{path}: an HTML page saved under this name, not data.\n"
                "Download the file itself (the page's “Download” button or “Raw” link).",
            )
        )
    for first_bytes, what in NOT_TEXT.items():
        if text.startswith(first_bytes):
            raise _not_text(path, what)


def _refuse_binary(path: Path, start: str) -> None:
    """Refuses what has many control characters; a few (NUL) are repaired later."""
    control = sum(character < " " and character not in "\t\n\r\f\v\x1b" for character in start)
    if control > max(BINARY * len(start), 4):
        raise _not_text(path, ("un fichier binaire", "a binary file"))


def _not_text(path: Path, what: tuple[str, str]) -> InputError:
    return InputError(
        tr(
            f"{path} : c'est {what[0]}, pas un fichier texte.\n"
            "Enregistrez les données en « CSV UTF-8 » (Excel, LibreOffice), ou décompressez l'archive.",
            f"{path}: {what[1]}, not a text file.\n"
            "Save the data as “CSV UTF-8” (Excel, LibreOffice), or unpack the archive.",
        )
    )


def _too_long(path: Path, line: int) -> TooLong:
    limit = number(LONGEST_LINE // 2**20)
    return TooLong(
        tr(
            f"{path}, ligne {number(line)} : plus de {limit} millions de caractères sans fin de ligne, "
            "ce n'est pas un tableau.\nRefaites l'export : une ligne par question et sa réponse.",
            f"{path}, line {number(line)}: more than {limit} million characters without a line end, not a table.\n"
            "Export it again: one row per question and its answer.",
        )
    )
