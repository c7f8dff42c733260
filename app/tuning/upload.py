"""A file that a reader sent: taken away from where the page put it, refused unless it can be a table or JSON.

What is told of it bears the reader's name of the file, never the path that it has here.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath

from app.tuning.limits import Limits
from chatbot.errors import InputError
from chatbot.language import number, tr
from chatbot.terminal import printable
from datasets_prep.sources import find_source

STEM = "fichier"  # of a reader's file here: what it is called elsewhere is no path of ours
LONGEST_NAME = 80  # characters
PACKED = (b"PK\x03\x04", b"\x1f\x8b")  # ZIP, so a workbook too, and gzip


def shown_name(name: str) -> str:
    """The name of a file as it is shown: without folders, control characters and excess."""
    last = PurePosixPath(PureWindowsPath(name).name).name
    text = " ".join(printable(last).split()) or STEM
    return text if len(text) <= LONGEST_NAME else f"…{text[-LONGEST_NAME:]}"


def ending_of(name: str) -> str:
    """The ending of a file that can be read here: ".csv", ".tsv", ".json" or ".jsonl".

    Raises:
        InputError: it is another one; what to do is said.
    """
    ending = PurePosixPath(shown_name(name)).suffix.lower()
    if ending in (".csv", ".tsv", ".json", ".jsonl"):
        return ending
    if ending in (".xlsx", ".xlsm", ".xls", ".ods"):
        with told_by(Path(STEM + ending), name):
            find_source(STEM + ending)  # which says how to save it as CSV
    raise InputError(
        tr(f"{shown_name(name)} : il faut un fichier .csv, .tsv, .json ou .jsonl.\n"
           "Depuis un tableur : « Enregistrer sous », puis « CSV UTF-8 ».",
           f"{shown_name(name)}: a .csv, .tsv, .json or .jsonl file is needed.\n"
           "From a spreadsheet: “Save as”, then “CSV UTF-8”.")
    )  # fmt: skip


def take(path: Path, name: str, folder: Path, limits: Limits) -> Path:
    """Moves an uploaded file into a folder of ours, whatever comes of it; returns its new place.

    Args:
        path: where the page put it.
        name: as the reader knows it.
        folder: of ours, there already.
        limits: of its size.

    Raises:
        InputError: it is too large, an archive, or of another kind; nothing of it is left.
    """
    try:
        ending = ending_of(name)
        size = path.stat().st_size
        if size > limits.most_bytes:
            raise InputError(
                tr(f"{shown_name(name)} : {number(size / 1e6, 1)} Mo, {number(limits.most_bytes / 1e6, 1)} au plus. "
                   "Gardez-en une partie.",
                   f"{shown_name(name)}: {number(size / 1e6, 1)} MB, {number(limits.most_bytes / 1e6, 1)} at most. "
                   "Keep a part of it.")
            )  # fmt: skip
        _refuse_packed(path, name)
        file = folder / (STEM + ending)
        shutil.move(path, file)
        file.chmod(0o600)
        return file
    finally:
        path.unlink(missing_ok=True)
        _leave(path.parent)


def _refuse_packed(path: Path, name: str) -> None:
    """An archive could hold far more than it weighs."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(PACKED):
        raise InputError(
            tr(f"{shown_name(name)} : c'est une archive ou un classeur, pas un texte. Décompressez-la, ou enregistrez le "
               "classeur en CSV.",
               f"{shown_name(name)}: an archive or a workbook, no text. Unpack it, or save the workbook as CSV.")
        )  # fmt: skip


def _leave(folder: Path) -> None:
    """The page gave the file a folder of its own."""
    with suppress(OSError):  # not empty, so not its own
        folder.rmdir()


@contextmanager
def told_by(path: Path, name: str) -> Iterator[None]:
    """Errors within bear the reader's name of a file in place of its path here."""
    try:
        yield
    except InputError as error:
        raise InputError(named(str(error), path, name)) from error


def named(text: str, path: Path, name: str) -> str:
    """The text with the reader's name in place of a path, and of the last part of it."""
    return text.replace(str(path), shown_name(name)).replace(path.name, shown_name(name))
