"""The exceptions of Causette, all in one place.

    CausetteError
    ├── InputError    the user's call or data is wrong      exit status 2
    │   └── TooLongError  a text that the model has no room for
    └── WorldError    the call was right, the world failed   exit status 1
        └── BusyError     too many ask at once; later it will do

Messages are one or two lines in the user's language: what, where, the cure. The library raises; only the command line
turns an exception into a line on the screen and an exit status.
"""

import errno
from pathlib import Path

from chatbot.language import tr


class CausetteError(Exception):
    """Base of all errors that are told to the user without a traceback."""

    exit_status = 1


class InputError(CausetteError):
    """Something the user gave is wrong: a file, a column, an option, a model name."""

    exit_status = 2


class TooLongError(InputError):
    """A text is longer than the model can read."""


class WorldError(CausetteError):
    """The network, the disk or a remote service failed."""

    exit_status = 1


class BusyError(WorldError):
    """Too many questions wait for an answer already."""


def no_such_file(path: Path) -> InputError:
    """The error for a file that is not there."""
    return InputError(tr(f"{path} : fichier introuvable.", f"{path}: no such file."))


def no_file(folder: Path) -> InputError:
    """The error for a folder in place of a file."""
    return InputError(tr(f"{folder} : c'est un dossier, pas un fichier.", f"{folder}: a folder, not a file."))


def cannot_write(path: Path, error: OSError) -> WorldError:
    """The error for a file or a folder that the disk refuses, written whole or not at all."""
    reason = disk_reason(error)
    return WorldError(
        tr(
            f"{path} : écriture impossible ({reason}). Rien n'a été écrit.",
            f"{path}: cannot be written ({reason}). Nothing was written.",
        )
    )


def disk_reason(error: OSError) -> str:
    """Why the system refused, in a few words; those of the system where they are not known here."""
    known = {
        errno.ENOSPC: tr("le disque est plein", "the disk is full"),
        errno.EDQUOT: tr("le quota de disque est atteint", "the disk quota is reached"),
        errno.EACCES: tr("accès refusé", "access refused"),
        errno.EPERM: tr("accès refusé", "access refused"),
        errno.EROFS: tr("disque en lecture seule", "read-only disk"),
        errno.ENOENT: tr("fichier ou dossier introuvable", "no such file or folder"),
        errno.EISDIR: tr("c'est un dossier, pas un fichier", "a folder, not a file"),
        errno.ENOTDIR: tr("un fichier est à la place d'un dossier", "a file stands where a folder should"),
        errno.EEXIST: tr("un fichier est à la place d'un dossier", "a file stands where a folder should"),
        errno.ENAMETOOLONG: tr("nom trop long", "name too long"),
    }
    return known.get(error.errno or 0, error.strerror or str(error))


def cannot_read(path: Path, error: OSError) -> InputError:
    """The error for a file that the disk does not give."""
    reason = disk_reason(error)
    return InputError(tr(f"{path} : lecture impossible ({reason}).", f"{path}: cannot be read ({reason})."))
