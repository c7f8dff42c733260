"""Asking the disk before minutes of work instead of after."""

import errno
import os
import tempfile
from pathlib import Path

from chatbot.errors import InputError, disk_reason
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
            tr(f"{path} : {disk_reason(error)}. Choisissez un autre --out.",
               f"{path}: {disk_reason(error)}. Choose another --out.")
        ) from error  # fmt: skip
