"""Token ids of an answer on their way, and the line in which those wait who asked."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from chatbot.errors import BusyError, WorldError
from chatbot.language import tr
from chatbot.likelihood import Scored

WAITING = 64  # answers that may wait for their turn; the next one is refused


class TokenStream(Iterator[list[int]]):
    """Ids, all at a time that have come since the last were taken: a slow reader does not fall behind.

    One thread iterates. Any thread may cancel, and who lets the stream go has cancelled it.

    Args:
        bursts: what is iterated.
        leave: tells what computes the answer that nobody waits for it; called once or more, from any thread.
        scores: the probabilities of each id, where they were asked for; they are there before the id is.
    """

    def __init__(self, bursts: Iterator[list[int]], leave: Callable[[], None], scores: Sequence[Scored] = ()):
        self._bursts, self._leave, self.scores = bursts, leave, scores
        self.cancelled = False

    def __next__(self) -> list[int]:
        return next(self._bursts)

    def cancel(self) -> None:
        """Ends the stream: at once for who waits in it, or after the step that is being computed for him."""
        self.cancelled = True
        self._leave()

    def __del__(self) -> None:
        self._leave()


def gathered(queue: "SimpleQueue[Any]") -> Generator[list[Any]]:
    """Waits for something, and takes with it all that is there; ends at None, raises an exception that lies there."""

    def is_end(item: Any) -> bool:
        return item is None or isinstance(item, BaseException)

    item = queue.get()
    while not is_end(item):
        together = [item]
        with suppress(Empty):
            while not is_end(item := queue.get_nowait()):
                together.append(item)
        yield together
        if not is_end(item):
            item = queue.get()
    if item is not None:
        raise item


class Line:
    """First come, first served: so many at the same time, and so many more may wait.

    Args:
        at_once: how many have their turn at the same time.
        waiting: how many more may wait.
    """

    def __init__(self, at_once: int, waiting: int = WAITING):
        self._at_once, self._most = at_once, at_once + waiting
        self._changed = threading.Condition()
        self._places: list[Place] = []

    def join(self) -> "Place":
        """A place at the end.

        Raises:
            BusyError: the line is full.
        """
        with self._changed:
            if len(self._places) >= self._most:
                raise line_is_full(len(self._places) - self._at_once)
            place = Place(self)
            self._places.append(place)
            return place

    def give_up(self, error: Exception) -> None:
        """Ends all: those who have their turn, and those who wait for it."""
        with self._changed:
            places = list(self._places)
        for place in places:
            place.leave(error)

    def _wait(self, place: "Place") -> bool:
        with self._changed:
            self._changed.wait_for(lambda: place not in self._places[self._at_once :])
            return place in self._places

    def _leave(self, place: "Place") -> None:
        with self._changed:
            if place in self._places:
                self._places.remove(place)
                self._changed.notify_all()


class Place:
    """One's place in a line."""

    def __init__(self, line: Line):
        self._line = line
        self.left = False
        self.error: Exception | None = None

    def wait(self) -> bool:
        """Until it is one's turn; False when the place was left meanwhile."""
        return self._line._wait(self)

    def leave(self, error: Exception | None = None) -> None:
        """Makes room for the next; any thread may call it, and more than once. An error says why it was not one's own
        will."""
        self.left, self.error = True, self.error or error
        self._line._leave(self)


def stopping() -> WorldError:
    """The error of answers that end because the program does."""
    return WorldError(tr("Le serveur s'arrête.", "The server is stopping."))


def line_is_full(waiting: int) -> BusyError:
    """The error for who comes when so many wait that nobody else may."""
    return BusyError(
        tr(f"Trop de questions à la fois : {waiting} attendent déjà. Réessayez dans un instant.",
           f"Too many questions at once: {waiting} are waiting. Try again in a moment.")
    )  # fmt: skip
