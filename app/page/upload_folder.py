"""The folder that readers' files come to: of one server alone, and removed with it, at the latest by the next one."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chatbot.files import hold

PLACE = "GRADIO_TEMP_DIR"  # where Gradio looks it up
NAME = "causette-uploads-"
HELD, FILES = "held", "files"  # the lock of the server that lives, and what readers sent
YOUNG = 60  # seconds in which a folder may not have been locked yet


@contextmanager
def private_uploads() -> Iterator[Path]:
    """A folder for the uploads of this server alone, gone in the end. The page must be built within: Gradio asks early.

    Folders of servers that were killed are removed: nobody holds their lock any more.
    """
    remove_left(Path(tempfile.gettempdir()))
    before = os.environ.get(PLACE)
    with tempfile.TemporaryDirectory(prefix=NAME, ignore_cleanup_errors=True) as folder:
        files = Path(folder).resolve() / FILES
        files.mkdir(mode=0o700)
        with (Path(folder) / HELD).open("ab") as held:
            hold(held)
            os.environ[PLACE] = str(files)
            try:
                yield files
            finally:
                os.environ.pop(PLACE)
                if before is not None:
                    os.environ[PLACE] = before


def remove_left(place: Path) -> None:
    """Removes the folders of ours there whose server is no more."""
    for folder in place.glob(f"{NAME}*"):
        with suppress(OSError):  # another's, in use, or gone by now
            if _is_ours(folder) and _is_left(folder / HELD):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    return not folder.is_symlink() and (sys.platform == "win32" or folder.stat().st_uid == os.getuid())


def _is_left(held: Path) -> bool:
    """Raises OSError where a server holds it, or it is no lock."""
    if time.time() - held.stat().st_mtime < YOUNG:
        return False
    with held.open("r+b") as file:
        hold(file)
    return True
