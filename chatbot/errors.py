"""The exceptions of Causette, all in one place.

    CausetteError
    ├── InputError    the user's call or data is wrong      exit status 2
    └── WorldError    the call was right, the world failed   exit status 1

Messages are one or two lines in the user's language: what, where, the cure. The library raises; only the command line
turns an exception into a line on the screen and an exit status.
"""

from pathlib import Path

from chatbot.language import tr


class CausetteError(Exception):
    """Base of all errors that are told to the user without a traceback."""

    exit_status = 1


class InputError(CausetteError):
    """Something the user gave is wrong: a file, a column, an option, a model name."""

    exit_status = 2


class WorldError(CausetteError):
    """The network, the disk or a remote service failed."""

    exit_status = 1


def no_such_file(path: Path) -> InputError:
    """The error for a file that is not there."""
    return InputError(tr(f"{path} : fichier introuvable.", f"{path}: no such file."))


def no_file(folder: Path) -> InputError:
    """The error for a folder in place of a file."""
    return InputError(tr(f"{folder} : c'est un dossier, pas un fichier.", f"{folder}: a folder, not a file."))


def cannot_write(path: Path, error: OSError) -> WorldError:
    """The error for a file or a folder that the disk refuses, written whole or not at all."""
    return WorldError(
        tr(
            f"{path} : écriture impossible ({error.strerror}). Rien n'a été écrit.",
            f"{path}: cannot be written ({error.strerror}). Nothing was written.",
        )
    )
