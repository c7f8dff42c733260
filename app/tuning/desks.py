"""Readers' files that wait for their training: one for each reader, in a private folder of its own."""

import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from app.page.tuning_jobs import Diagnosed
from app.tuning import upload
from app.tuning.diagnosis import Examined, examine, in_words
from app.tuning.ended import Ended
from app.tuning.limits import Limits
from chatbot.errors import BusyError, InputError, WorldError, disk_reason
from chatbot.language import tr

PERSON = re.compile(r"[A-Za-z0-9_-]{20,80}")


def new_person() -> str:
    """A random name that a reader's browser keeps."""
    return secrets.token_urlsafe(24)


def fingerprint(person: object) -> str:
    """What this server knows of a reader; "" of one who has no name yet."""
    return sha256(person.encode()).hexdigest() if isinstance(person, str) and PERSON.fullmatch(person) else ""


@dataclass(kw_only=True)
class Desk:
    """What a reader has before them: a file, and how its last training ended.

    Args:
        folder: of ours, which holds nothing but the file, the request and the log of its training.
        file, name: where the file lies, and its name with the reader.
        examined: what was found in it.
        touched: when the reader last did something with it.
        ended: how its last training came to nothing, if it did.
    """

    folder: Path
    file: Path
    name: str
    examined: Examined
    touched: float = field(default_factory=time.monotonic)
    ended: Ended | None = None

    def diagnosed(self, limits: Limits) -> Diagnosed:
        return in_words(self.examined, self.name, limits)

    def end(self, ended: Ended) -> None:
        """Notes how its training came to nothing; paths of ours are no business of the reader's."""
        text = upload.named(ended.text, self.file, self.name)
        self.ended = Ended(kind=ended.kind, text=text, signal=ended.signal)


class Desks:
    """The files by the fingerprint of their readers.

    Args:
        private: folder to put them in.
        limits: of a file, and of their number.
    """

    def __init__(self, private: Path, limits: Limits):
        self._private, self._limits = private, limits
        self._desks: dict[str, Desk] = {}
        self._reading: set[str] = set()
        self._lock = threading.Lock()

    def get(self, owner: str) -> Desk | None:
        return self._desks.get(owner)

    def require(self, owner: str) -> Desk:
        """Raises:
        InputError: that reader has no file here.
        """
        if (desk := self.get(owner)) is None:
            raise InputError(tr("Envoyez d'abord un fichier.", "Send a file first."))
        return desk

    def take(self, owner: str, path: Path, name: str, at_work: Callable[[], Collection[str]]) -> None:
        """Examines an uploaded file, which takes the place of the reader's earlier one.

        Args:
            owner: whose it is.
            path: where it lies; it is taken away whatever comes of it.
            name: with the reader.
            at_work: tells the owners whose files must stay, once the file is examined: a training may begin meanwhile.

        Raises:
            InputError: it cannot be read; nothing of it is left.
            BusyError: another one of that reader's is being examined.
        """
        with self._lock:
            if owner in self._reading:
                path.unlink(missing_ok=True)
                raise BusyError(tr("Un fichier de vous est déjà à l'examen : attendez un instant.",
                                   "A file of yours is being examined already: wait a moment."))  # fmt: skip
            self._reading.add(owner)
        try:
            self.clear(owner)
            self._desks[owner] = self._examined(path, upload.shown_name(name))
            self._trim(at_work())
        finally:
            self._reading.discard(owner)

    def _examined(self, path: Path, name: str) -> Desk:
        folder = self._private / f"file-{secrets.token_hex(8)}"
        try:
            folder.mkdir(mode=0o700)
            file = upload.take(path, name, folder, self._limits)
            with upload.told_by(file, name):
                return Desk(folder=folder, file=file, name=name, examined=examine(file, self._limits))
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise WorldError(f"{name}: {disk_reason(error)}.") from error
            raise

    def choose(self, owner: str, question: str, answer: str) -> None:
        """Examines a reader's file again with these columns.

        Raises:
            InputError: it has no such columns, or they are one.
        """
        desk = self.require(owner)
        known = [value for _, value in desk.diagnosed(self._limits).header]
        if question not in known or answer not in known or question == answer:
            raise InputError(tr("Choisissez deux colonnes : une pour les questions, une autre pour les réponses.",
                                "Choose two columns: one for the questions, another for the answers."))  # fmt: skip
        with upload.told_by(desk.file, desk.name):
            desk.examined = examine(desk.file, self._limits, (question, answer))
        desk.touched = time.monotonic()

    def clear(self, owner: str) -> None:
        """Deletes a reader's file, if there is one."""
        if desk := self._desks.pop(owner, None):
            shutil.rmtree(desk.folder, ignore_errors=True)

    def give(self, owner: str, folder: Path) -> None:
        """Hands a reader's file over, with all that lies beside it."""
        self._desks.pop(owner).folder.rename(folder)

    def clear_all(self) -> None:
        for owner in list(self._desks):
            self.clear(owner)

    def _trim(self, at_work: Collection[str]) -> None:
        """The files that were left alone longest go."""
        waiting = sorted(set(self._desks) - set(at_work), key=lambda owner: self._desks[owner].touched)
        for owner in waiting[: -self._limits.files]:
            self.clear(owner)
