"""The models of a page: the one it was opened for, and others that are started when somebody asks for them.

    shelf = ModelShelf("boutique", chat, {"mini (générique)": "mini"})
    shelf.open("mini (générique)").reply([user("Où est ma commande ?")])

Each of the others is a process of its own (`app.model_process`), and so many take memory: when one more is opened than
there is room for, the one unused for longest is closed, unless it is answering.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from app.model_child import Loading
from app.model_process import ModelProcess
from chatbot.chat import Chat, Reply
from chatbot.dialogue import Message
from chatbot.errors import BusyError, CausetteError, InputError
from chatbot.language import tr
from chatbot.plain_weights import Width
from chatbot.sampling import Sampling
from chatbot.stream import stopping

MOST = 3  # processes, the main model's among them


@dataclass(eq=False)
class _Place:
    """A model and, once somebody has asked for it, its process.

    Args:
        loading: the model.
        process: while there is one.
        starting: whether there will be one in a moment.
        readers: of its answers.
        used: when it was last asked for, as a count.
        left: whether its name is another model's now; it is closed once nobody reads.
        opening: held by who starts it; the others wait.
        tries: how often it was started, and the error of the last one.
    """

    loading: Loading
    process: ModelProcess | None = None
    starting: bool = False
    readers: int = 0
    used: int = 0
    left: bool = False
    opening: threading.Lock = field(default_factory=threading.Lock)
    tries: int = 0
    error: CausetteError | None = None

    @property
    def is_ready(self) -> bool:
        return self.process is not None and self.process.state == "ready"

    @property
    def is_idle(self) -> bool:
        return self.process is not None and self.process.state in ("ready", "down") and not self.readers


class ModelShelf:
    """`Models` of a page (`app.page.models`).

    Args:
        name: of the main model, for the reader.
        chat: the main model, which is never closed to make room; `close` closes it too where it can be closed.
        others: more models by their names for the reader: as `load_model` takes them, or with all there is to say.
        weights: width of the others' weights in memory, where they are names alone.
        most: processes at once, the main model's among them; at least 2.
        sampling: what the others compile first.
        say: told when a model is loaded or closed.
    """

    def __init__(
        self,
        name: str,
        chat: Chat,
        others: Mapping[str, str | Loading] | None = None,
        *,
        weights: Width = "float32",
        most: int = MOST,
        sampling: Sampling | None = None,
        say: Callable[[str], object] = lambda line: None,
    ):
        if most < 2:
            raise ValueError(f"`most` must be 2 or more. Received: {most}")
        self._main, self._chat, self._most = name, chat, most
        self._weights, self._sampling, self._say = weights, sampling, say
        self._lock = threading.RLock()  # a reader that is let go leaves whenever Python notices it
        self._places: dict[str, _Place] = {}
        self._uses = count(1)
        self._closed = False
        for other, model in (others or {}).items():
            self.add(other, model)

    @property
    def names(self) -> list[str]:
        with self._lock:
            return [self._main, *self._places]

    def add(self, name: str, model: str | Loading) -> None:
        """One more model, such as one that was fine-tuned on the page; of a name that is known, the new one from now on.

        Raises:
            InputError: it is the main model's name.
        """
        if name == self._main:
            raise InputError(tr(f"« {name} » est déjà le modèle de la page.", f"“{name}” is the page's model already."))
        with self._lock:
            before = self._places.get(name)
            self._places[name] = _Place(
                Loading(model=model, weights=self._weights) if isinstance(model, str) else model
            )
            if before:
                before.left = True
        if before:
            self._close_if_left(before)

    def remove(self, name: str) -> None:
        """Takes a model away; who reads an answer of it reads on. Of a name that is not there nothing happens."""
        with self._lock:
            before = self._places.pop(name, None)
            if before:
                before.left = True
        if before:
            self._close_if_left(before)

    def is_ready(self, name: str) -> bool:
        """Whether `open` returns at once."""
        if name == self._main:
            return True
        with self._lock:
            place = self._places.get(name)
            return place is not None and place.is_ready

    def open(self, name: str) -> Chat:
        """The model, started where it is not running; who asks for the same one meanwhile waits for the same start.

        Raises:
            InputError: there is no such model.
            BusyError: there is no room, and all that run are answering.
            CausetteError: it cannot be loaded, in its own words; the next call tries again.
        """
        if name == self._main:
            return self._chat
        return _OnShelf(self, name, self._process_of(self._place(name)))

    def reader(self, name: str) -> "_Reader":
        """A place among those who read an answer of that model, which is running then and is not closed meanwhile.

        Raises:
            CausetteError: as `open`.
        """
        place = self._place(name)
        with self._lock:
            place.readers += 1
            place.used = next(self._uses)
        reader = _Reader(self, place)  # from here on it leaves by itself
        if place.process is None or place.process.state == "closed":
            self._process_of(place)
        return reader

    def close(self) -> None:
        """Ends all processes, the main model's too."""
        with self._lock:
            self._closed = True
            running = [place.process for place in self._places.values() if place.process]
        for process in (*running, *([self._chat] if isinstance(self._chat, ModelProcess) else [])):
            process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def leave(self, place: _Place) -> None:
        """One reads no more."""
        with self._lock:
            place.readers -= 1
        self._close_if_left(place)

    def _place(self, name: str) -> _Place:
        with self._lock:
            if place := self._places.get(name):
                return place
        raise InputError(tr(f"Pas de modèle « {name} » ici.", f"There is no model “{name}” here."))

    def _close_if_left(self, place: _Place) -> None:
        with self._lock:
            process = place.process if place.left and not place.readers else None
        if process:  # in a thread of its own: it may be the reader's last act, or Python's tidying
            threading.Thread(target=process.close, name="closing").start()

    def _process_of(self, place: _Place) -> ModelProcess:
        """The place's process, ready; started if it is not there, or has ended."""
        tries = place.tries
        with place.opening:
            if place.error and place.tries > tries:  # somebody tried meanwhile
                raise place.error
            try:
                process = place.process
                if process is None or process.state in ("down", "closed"):
                    place.tries, place.error = place.tries + 1, None
                    process = self._started(place)
                return process.wait()
            except CausetteError as error:
                place.error = error
                raise

    def _started(self, place: _Place) -> ModelProcess:
        """A new process for it, once there is room."""
        with self._lock:
            if self._closed:
                raise stopping()
            leaving = self._in_excess(place)
            processes = [each.process for each in (place, leaving) if each and each.process]
            if leaving:
                leaving.process = None
            place.process, place.starting, place.used = None, True, next(self._uses)
        try:
            for process in processes:
                process.close()
            if leaving:
                self._say(closed_for_room(leaving.loading.model))
            place.process = ModelProcess(place.loading, say=self._say, sampling=self._sampling)
        finally:
            place.starting = False
        if self._closed:
            place.process.close()
        return place.process

    def _in_excess(self, place: _Place) -> _Place | None:
        """Who must leave to make room for one more: nobody, or the one unused for longest of those that are idle.

        Raises:
            BusyError: none is.
        """
        there = [each for each in self._places.values() if (each.process or each.starting) and each is not place]
        if len(there) + 2 <= self._most:  # with the main model and the new one
            return None
        idle = [each for each in there if each.is_idle]
        if not idle:
            raise BusyError(
                tr("Trop de modèles servent à la fois. Réessayez dans un instant.",
                   "Too many models are in use at once. Try again in a moment.")
            )  # fmt: skip
        return min(idle, key=lambda each: each.used)


def closed_for_room(model: str) -> str:
    return tr(f"{model} : fermé, pour faire de la place.", f"{model}: closed, to make room.")


class _Reader:
    """Who reads an answer; leaves once, at the latest when he is let go.

    Args:
        shelf: where the model stands.
        place: its place.
    """

    def __init__(self, shelf: ModelShelf, place: _Place):
        self._shelf, self.place, self._there = shelf, place, True

    def leave(self) -> None:
        if self._there:
            self._there = False
            self._shelf.leave(self.place)

    def __del__(self) -> None:
        self.leave()


class _OnShelf:
    """A model of the shelf. It is not closed while somebody reads an answer; one that was is started for the next."""

    def __init__(self, shelf: ModelShelf, name: str, process: ModelProcess):
        self._shelf, self._name = shelf, name
        self.name, self.context, self.parameters = process.name, process.context, process.parameters
        self.exchanges, self.at_once = process.exchanges, process.at_once

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None, *, likely: int = 0) -> Reply:
        """As `ModelProcess.reply`, and `ModelShelf.open`."""
        reader = self._shelf.reader(self._name)
        process = reader.place.process
        if process is None:
            raise stopping()
        reply = process.reply(messages, sampling, likely=likely)
        return Reply(_until_read(reply, reader), reply.answer, reply.cancel)


def _until_read(reply: Reply, reader: _Reader) -> Iterator[str]:
    try:
        yield from reply
    finally:
        reader.leave()
