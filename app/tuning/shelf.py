"""The models that were made on the page and are kept, each with its owner."""

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from app.page.tuning_jobs import Result
from app.tuning.record import PRIVATE, Record, read_record, remove_unfinished, result_of, run_folder
from app.tuning.worker import REQUEST
from chatbot.errors import InputError, WorldError, disk_reason
from chatbot.files import read_json
from chatbot.language import tr

Gone = Callable[[str, Path], object]


class Shelf:
    """Those of one folder; what an unfinished training of an earlier server left there is removed.

    Args:
        root: the folder.
        most: how many are kept; the oldest goes when there is one more.
        on_gone: told the name and the folder of each that is deleted.
    """

    def __init__(self, root: Path, most: int, on_gone: Gone):
        self.root, self._most, self._on_gone = root, most, on_gone
        self._lock = threading.Lock()
        self._records = _found(root)

    def results(self, owner: str) -> list[Result]:
        """Those of a reader, the newest first; one that was damaged or deleted by hand is left out."""
        results = []
        for record in reversed([record for record in self._records if record.owner == owner]):
            with contextlib.suppress(InputError, OSError, ValueError, KeyError):
                results.append(result_of(record, self.root))
        return results

    def keep(self, record: Record) -> None:
        """Takes one more, whose parts lie in their places already."""
        with self._lock:
            self._records.append(record)
            while len(self._records) > self._most:
                self._remove(self._records[0])

    def delete(self, owner: str, name: str) -> None:
        """Deletes a model of a reader's, the file that it was made from included.

        Raises:
            InputError: they have none of that name.
            WorldError: the disk refuses.
        """
        with self._lock:
            found = [record for record in self._records if record.owner == owner and record.name == name]
            if not found:
                raise InputError(
                    tr("Ce modèle n'est pas à vous, ou n'est plus là.", "That model is not yours, or is gone.")
                )
            try:
                self._remove(found[0])
            except OSError as error:
                raise WorldError(tr(f"{name} : suppression impossible ({disk_reason(error)}).",
                                    f"{name}: cannot be deleted ({disk_reason(error)}).")) from error  # fmt: skip

    def _remove(self, record: Record) -> None:
        for folder in record.folders(self.root):
            if folder.exists():
                shutil.rmtree(folder)
        self._records.remove(record)
        self._on_gone(record.name, run_folder(self.root, record.name))


def _found(root: Path) -> list[Record]:
    """The models that an earlier server left, the oldest first."""
    found = []
    for folder in [path for path in (root / PRIVATE).iterdir() if path.is_dir()]:
        if record := read_record(folder, root):
            found.append(record)
            continue
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # it had not begun
            remove_unfinished(root, Path(read_json(folder / REQUEST)["out"]).name)
        shutil.rmtree(folder, ignore_errors=True)
    return sorted(found, key=lambda record: record.number)
