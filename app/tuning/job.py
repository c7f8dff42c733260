"""The trainings of this server: one at a time, each in a process of its own, for the reader who sent the file.

A reader is known by a random name that their browser keeps, and here by its fingerprint alone; what is theirs nobody
else sees, but for how far the training is. All methods may be called from any thread.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.page.tuning_jobs import FEWEST_EPOCHS, MOST_EPOCHS, Person, Settings, View
from app.tuning.advance import Advance
from app.tuning.bases import Base, bases_for
from app.tuning.desks import Desk, Desks, fingerprint, new_person
from app.tuning.ended import Ended, ended
from app.tuning.limits import Limits
from app.tuning.lock import locked
from app.tuning.process import Training
from app.tuning.record import PRIVATE, Record, data_folder, highest_number, remove_unfinished, run_folder
from app.tuning.shelf import Gone, Shelf
from app.tuning.worker import Request
from chatbot.errors import BusyError, InputError, WorldError, disk_reason
from chatbot.language import current_language, number, tr

AT_ONCE = 10  # seconds within which a process that was killed is over


@dataclass(frozen=True, kw_only=True)
class Running:
    """The training of this server."""

    owner: str
    desk: Desk
    name: str
    settings: Settings
    advance: Advance


class TuningJobs:
    """See `app.page.tuning_jobs.Jobs`.

    Args:
        root: folder of the models made on the page, made if need be: runs/page.
        bases: models to begin with, the usual one first.
        limits: what readers may ask for.
        on_gone: told the name and the folder of each model that is deleted.

    Raises:
        InputError: another server uses that folder, or it cannot be made.
    """

    def __init__(
        self,
        root: Path,
        *,
        bases: Sequence[Base] = (),
        limits: Limits = Limits(),  # noqa: B008
        on_gone: Gone = lambda name, folder: None,
    ):
        self.root, self._limits = root, limits
        self._bases = {base.name: base for base in bases or bases_for()}
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._training: Training | None = None
        private = root / PRIVATE
        try:
            private.mkdir(parents=True, exist_ok=True)
            private.chmod(0o700)
            self._held = locked(private / "lock", root)
        except OSError as error:
            raise InputError(tr(f"{root} : {disk_reason(error)}.", f"{root}: {disk_reason(error)}.")) from error
        self._desks = Desks(private, limits)
        self._shelf = Shelf(root, limits.kept, on_gone)
        self._numbered = highest_number(root)

    # -- what a reader sees -----------------------------------------------------------------------------------------

    @property
    def bases(self) -> Sequence[str]:
        return list(self._bases)

    @property
    def limits(self) -> str:
        return self._limits.in_words

    @property
    def most_bytes(self) -> int:
        return self._limits.most_bytes

    def view(self, person: Person) -> View:
        owner = fingerprint(person)
        with self._lock:
            desk, running = self._desks.get(owner), self._running
        progress = running.advance.in_words() if running else None
        results = self._shelf.results(owner)
        if running and running.owner == owner:
            return View(state="running", progress=progress, results=results)
        if desk is None:
            return View(progress=progress, results=results)
        notice = desk.ended.in_words(self._limits) if desk.ended else ""
        diagnosed = desk.diagnosed(self._limits)
        return View(state="examined", notice=notice, diagnosed=diagnosed, progress=progress, results=results)

    # -- the file ---------------------------------------------------------------------------------------------------

    def take(self, person: Person, path: Path, name: str) -> str:
        known = person if person and fingerprint(person) else new_person()
        owner = fingerprint(known)
        try:
            self._require_idle(owner)
        except BusyError:
            path.unlink(missing_ok=True)
            raise
        self._desks.take(owner, path, name, lambda: [running.owner] if (running := self._running) else [])
        return known

    def choose(self, person: Person, question: str, answer: str) -> None:
        self._desks.choose(fingerprint(person), question, answer)

    def forget(self, person: Person) -> None:
        self._require_idle(fingerprint(person))
        self._desks.clear(fingerprint(person))

    def _require_idle(self, owner: str) -> None:
        with self._lock:
            if self._running and self._running.owner == owner:
                raise BusyError(tr("Votre entraînement est en cours : attendez sa fin, ou annulez-le.",
                                   "Your training is under way: wait for its end, or cancel it."))  # fmt: skip

    # -- the training -----------------------------------------------------------------------------------------------

    def start(self, person: Person, settings: Settings) -> None:
        owner, base = fingerprint(person), self._checked(settings)
        with self._lock:
            desk = self._desks.require(owner)
            if self._running:
                share = number(100 * self._running.advance.share)
                raise BusyError(tr(f"Un entraînement est déjà en cours ({share} %). Attendez sa fin pour lancer le vôtre.",
                                   f"A training is under way already ({share}%). Wait for its end to start yours."))  # fmt: skip
            kept, fewest = desk.examined.kept, self._limits.fewest
            if kept < fewest:
                raise InputError(tr(f"Pas assez de dialogues : {kept}, il en faut {fewest} au moins.",
                                    f"Not enough dialogues: {kept}, it takes {fewest} at least."))  # fmt: skip
            self._numbered += 1
            desk.touched, desk.ended = time.monotonic(), None
            running = Running(
                owner=owner, desk=desk, name=f"essai-{self._numbered}", settings=settings,
                advance=Advance(epochs=settings.epochs),
            )  # fmt: skip
            self._training, self._running = self._begun(running, base), running

    def _checked(self, settings: Settings) -> Base:
        base, epochs = self._bases.get(settings.base), settings.epochs
        whole = isinstance(epochs, int) and FEWEST_EPOCHS <= epochs <= MOST_EPOCHS
        if base is None or settings.method not in ("full", "lora") or not whole:
            raise InputError(tr("Ce réglage n'est pas au choix.", "That setting is not among the choices."))
        return base

    def _begun(self, running: Running, base: Base) -> Training:
        desk, settings = running.desk, running.settings
        request = Request(
            file=str(desk.file), columns=desk.examined.given.columns, dialogues=desk.examined.kept,
            data=str(data_folder(self.root, running.name)), out=str(run_folder(self.root, running.name)),
            recipe=base.recipe(settings.method), changes=base.changes(settings.method), model=base.model, method=settings.method, epochs=settings.epochs,
            language=current_language(),
        )  # fmt: skip
        try:
            return Training(
                desk.folder, request, seconds=self._limits.seconds,
                on_event=running.advance.take, on_end=lambda training: self._end(running, training),
            )  # fmt: skip
        except OSError as error:
            raise WorldError(tr(f"L'entraînement ne démarre pas : {disk_reason(error)}.",
                                f"The training does not start: {disk_reason(error)}.")) from error  # fmt: skip

    def _end(self, running: Running, training: Training) -> None:
        """The process is no more: there is a model, or a sentence about why there is none."""
        outcome = ended(training)
        with self._lock:
            try:
                if outcome is None:
                    self._keep(running)
                else:
                    remove_unfinished(self.root, running.name)
                    running.desk.end(outcome)
            except OSError as error:  # a full disk, most likely: the run stays, without its note
                running.desk.end(Ended(kind="crashed", text=disk_reason(error)))
            finally:
                self._running = self._training = None

    def _keep(self, running: Running) -> None:
        settings = running.settings
        record = Record(
            name=running.name, owner=running.owner, file=running.desk.name, base=settings.base, method=settings.method,
            epochs=settings.epochs, seconds=running.advance.seconds,
        )  # fmt: skip
        record.write(running.desk.folder)
        self._desks.give(running.owner, self.root / PRIVATE / record.name)
        self._shelf.keep(record)

    def cancel(self, person: Person) -> None:
        with self._lock:
            running, training = self._running, self._training
        if running is None or training is None or running.owner != fingerprint(person):
            raise InputError(tr("Aucun entraînement de vous n'est en cours.", "No training of yours is under way."))
        training.stop("cancelled")
        training.wait(AT_ONCE)

    def delete(self, person: Person, name: str) -> None:
        self._shelf.delete(fingerprint(person), name)

    def close(self) -> None:
        """Ends the training; readers' files that gave no model are removed."""
        if training := self._training:
            training.stop("closing")
            training.wait(AT_ONCE)
        self._desks.clear_all()
        self._held.close()
