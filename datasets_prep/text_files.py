"""From the bytes of a file that a user gives to its text: compression, encoding, and what is not text at all."""

import codecs
import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from chatbot.errors import InputError
from chatbot.language import tr

GZIP = b"\x1f\x8b"
HTML = (b"<!doctype html", b"<html", b"<head", b"<body")
# First bytes of what people save or rename as ".csv", and what it is.
NOT_TEXT = {
    b"PK\x03\x04": ("une archive ZIP ou un classeur Excel", "a ZIP archive or an Excel workbook"),
    b"\xd0\xcf\x11\xe0": ("un ancien classeur Excel", "an old Excel workbook"),
    b"%PDF": ("un fichier PDF", "a PDF file"),
    codecs.BOM_UTF16_LE: ("un texte UTF-16", "UTF-16 text"),
    codecs.BOM_UTF16_BE: ("un texte UTF-16", "UTF-16 text"),
}


class TextFile(NamedTuple):
    """The text of a file and the encoding that was taken: "utf-8", "utf-8 (BOM)" or "cp1252"."""

    text: str
    encoding: str


def read_text_file(path: Path) -> TextFile:
    """The text of a file, gzipped or not.

    Raises:
        InputError: the file is missing, empty, not text, or in no encoding that is known.
    """
    data = _read_bytes(path)
    _refuse_what_is_not_text(path, data)
    text, encoding = _decode(path, data)
    if not text.strip():
        raise InputError(tr(f"{path} : le fichier est vide.", f"{path}: the file is empty."))
    return TextFile(text, encoding)


def describe_file(path: Path) -> dict[str, Any]:
    """Name, size and SHA-256 of a file: its entry in a manifest (no folder: a manifest is published)."""
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        if path.is_dir():
            raise InputError(tr(f"{path} : c'est un dossier, pas un fichier.", f"{path}: a folder, not a file."))
        raise InputError(tr(f"{path} : fichier introuvable.", f"{path}: no such file."))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            tr(f"{path} : lecture impossible ({error.strerror}).", f"{path}: cannot be read ({error.strerror}).")
        ) from error
    try:
        return gzip.decompress(data) if data.startswith(GZIP) else data
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            tr(
                f"{path} : archive gzip incomplète ou abîmée. Téléchargez-la de nouveau.",
                f"{path}: incomplete or damaged gzip file. Download it again.",
            )
        ) from error


def _refuse_what_is_not_text(path: Path, data: bytes) -> None:
    start = data[:200].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith(HTML):
        raise InputError(
            tr(
                f"{path} : c'est une page HTML enregistrée sous ce nom, pas des données.\n"
                "Téléchargez le fichier lui-même (bouton « Download » ou lien « Raw » de la page).",
                f"{path}: an HTML page saved under this name, not data.\n"
                "Download the file itself (the page's “Download” button or “Raw” link).",
            )
        )
    for first_bytes, what in NOT_TEXT.items():
        if data.startswith(first_bytes):
            raise InputError(
                tr(
                    f"{path} : c'est {what[0]}, pas un fichier texte.\n"
                    "Enregistrez les données en « CSV UTF-8 » (Excel, LibreOffice), ou décompressez l'archive.",
                    f"{path}: {what[1]}, not a text file.\n"
                    "Save the data as “CSV UTF-8” (Excel, LibreOffice), or unpack the archive.",
                )
            )


def _decode(path: Path, data: bytes) -> TextFile:
    """UTF-8 when it is; else cp1252 (Excel on Windows), unless the file is UTF-8 with a few broken bytes."""
    bom, data = data.startswith(codecs.BOM_UTF8), data.removeprefix(codecs.BOM_UTF8)
    try:
        return TextFile(data.decode(), "utf-8 (BOM)" if bom else "utf-8")
    except UnicodeDecodeError as error:
        if bom or _looks_like_broken_utf8(data):
            raise _broken(path, data, error, "UTF-8") from error
    try:
        return TextFile(data.decode("cp1252"), "cp1252")
    except UnicodeDecodeError as error:
        raise _broken(path, data, error, "cp1252") from error


def _looks_like_broken_utf8(data: bytes) -> bool:
    """Whether most characters beyond ASCII are valid UTF-8.

    In cp1252 text hardly any is ("é" followed by a blank and "»" may form one by chance); in UTF-8 text that was cut
    or mixed, nearly all are.
    """
    read = data.decode("utf-8", errors="replace")
    broken = read.count("\ufffd")
    beyond_ascii = sum(character > "\x7f" for character in read)
    return beyond_ascii - broken > broken


def _broken(path: Path, data: bytes, error: UnicodeDecodeError, encoding: str) -> InputError:
    line = data.count(b"\n", 0, error.start) + 1
    byte = f"0x{data[error.start]:02X}"
    return InputError(
        tr(
            f"{path}, ligne {line} : octet {byte} illisible en {encoding}, texte coupé ou encodages mélangés.\n"
            "Rouvrez le fichier dans un éditeur et enregistrez-le en UTF-8.",
            f"{path}, line {line}: byte {byte} is not {encoding}, the text was cut or encodings were mixed.\n"
            "Open the file in an editor and save it as UTF-8.",
        )
    )
