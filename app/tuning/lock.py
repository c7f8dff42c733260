"""One server per folder: a second one would take the first one's unfinished work for a dead server's, and remove it."""

from pathlib import Path
from typing import IO

from chatbot.errors import InputError
from chatbot.files import hold
from chatbot.language import tr


def locked(path: Path, folder: Path) -> IO[bytes]:
    """A lock that lasts until it is closed, or until this process is no more.

    Args:
        path: of the lock's file.
        folder: what it is for, to be named.

    Raises:
        InputError: another process holds it.
    """
    file = path.open("ab")
    try:
        hold(file)
    except OSError as error:
        file.close()
        raise InputError(
            tr(f"{folder} : un autre serveur de Causette s'en sert déjà. Arrêtez-le, ou donnez un autre dossier aux essais.",
               f"{folder}: another server of Causette uses it. Stop it, or give the tries another folder.")
        ) from error  # fmt: skip
    return file
