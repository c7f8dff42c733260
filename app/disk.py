"""What the disk refuses, in the user's language; and asking it before minutes of work instead of after."""

import errno
import os
import tempfile
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr


def check_writable(path: Path) -> None:
    """Makes sure that a file can be written at `path`; its folder is made on the way.

    Raises:
        InputError: it cannot: a folder bears that name, or its own folder cannot be made or written to.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):  # permissions alone do not tell: a disk may be read-only
            pass
    except OSError as error:
        raise InputError(
            tr(f"{path} : {reason(error)}. Choisissez un autre --out.",
               f"{path}: {reason(error)}. Choose another --out.")
        ) from error  # fmt: skip


def reason(error: OSError) -> str:
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
