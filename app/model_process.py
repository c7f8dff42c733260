"""A model in a process of its own: when it crashes, the page goes on and the model comes back.

    with ModelProcess("runs/boutique") as chat:
        chat.wait()
        print(chat.reply([user("Où est ma commande ?")]).text())

A model may be ended by the system for want of memory, or by a fault in a library's machine code: neither can be caught
as an exception. Here the process that it takes with it is not that of the page.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import Literal, Self

from app.model_child import Child, Facts, InnerChat, Loading
from chatbot.chat import Reply
from chatbot.dialogue import Message
from chatbot.errors import CausetteError, WorldError, disk_reason
from chatbot.language import tr
from chatbot.plain_weights import Width
from chatbot.sampling import Sampling
from chatbot.stream import stopping

RESTARTS, WITHIN = 3, 300.0  # times, seconds
PULSE, SILENCE = 30.0, 120.0  # seconds from one sign of life to the next, and without one; an answer may take longer

log = logging.getLogger(__name__)
State = Literal["starting", "ready", "restarting", "down", "closed"]


class ModelProcess:
    """A `Chat` whose model is loaded and computed elsewhere on this machine; loading begins at once.

    Args:
        model: anything `load_model` takes; or, with all that there is to say of it, a `Loading`.
        weights: their width in memory, for a name alone.
        say: told when the model is being loaded, stops, and is back.
        sampling: what is compiled before the model is ready; by default greedy, up to 160 tokens.
    """

    def __init__(
        self,
        model: str | Loading,
        weights: Width = "float32",
        say: Callable[[str], object] = lambda line: None,
        sampling: Sampling | None = None,
    ):
        loading = Loading(model=model, weights=weights) if isinstance(model, str) else model
        self._order = (loading, sampling or Sampling(max_new_tokens=160))
        self._say = say
        self._changed = threading.Condition()
        self._state: State = "starting"
        self._error: CausetteError | None = None  # why it is down
        self._facts: Facts | None = None
        self._chat: InnerChat | None = None
        self._address = ("", "")
        self._stops: deque[float] = deque()
        say(tr(f"{loading.model} : chargement…", f"{loading.model}: loading…"))
        self._child = Child(*self._order)
        self._watcher = threading.Thread(target=copy_context().run, args=(self._watch,), name="model", daemon=True)
        self._watcher.start()

    # -- what a `Chat` tells and does ---------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._known().name

    @property
    def context(self) -> int:
        return self._known().context

    @property
    def parameters(self) -> int:
        return self._known().parameters

    @property
    def exchanges(self) -> int | None:
        return self._known().exchanges

    @property
    def at_once(self) -> int:
        return self._known().at_once

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None, *, likely: int = 0) -> Reply:
        """Streams the answer to the last message; it is computed from when the first piece is asked for.

        Args, Raises: as `ChatModel.reply`, its errors while iterating; a `WorldError` also where the model stops, or has
            stopped and is not back.
        """
        return self._running().reply(messages, sampling, likely=likely)

    def wait(self) -> Self:
        """Until the model answers, or answers again.

        Raises:
            CausetteError: it cannot be loaded, in its own words; it is down, or closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._state not in ("starting", "restarting"))
            if self._error:
                raise self._error
            if self._state == "closed":
                raise stopping()
        return self

    @property
    def state(self) -> State:
        return self._state

    @property
    def pid(self) -> int:
        """Of the process that computes now."""
        return self._child.pid

    def address(self) -> tuple[str, str]:
        """Where the model's API is now, and the key to it.

        Raises:
            WorldError: as `reply`.
        """
        self._running()
        return self._address

    def close(self) -> None:
        """Ends the process, and with it all answers. Once more does nothing."""
        with self._changed:
            self._state = "closed"
            self._changed.notify_all()
            child = self._child
        child.end()
        self._watcher.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _known(self) -> Facts:
        if self._facts is None:
            self.wait()
        assert self._facts is not None
        return self._facts

    def _running(self) -> InnerChat:
        if self._state == "starting":
            self.wait()
        with self._changed:
            if self._state == "ready" and self._chat:
                return self._chat
        raise self.gone()

    def gone(self) -> WorldError:
        """The error for who asks, or waits for his answer, while no model is there."""
        if self._state == "closed":
            return stopping()
        if self._state == "down":
            return WorldError(str(self._error))
        return WorldError(
            tr("Le modèle s'est arrêté et redémarre : reposez votre question dans un instant.",
               "The model stopped and is starting again: ask again in a moment.")
        )  # fmt: skip

    # -- the watcher --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """From each start to the end of the process, and on to the next start."""
        while self._lives():
            self._stay_with()
            reason = self._child.wait()
            if not self._starts_again(reason):
                return

    def _stay_with(self) -> None:
        """Until the process has ended, by itself or because it gives no sign any more."""
        while not self._child.ended_within(PULSE):
            chat = self._chat
            if chat and not chat.is_there(SILENCE):
                self._child.give_up(SILENCE)

    def _lives(self) -> bool:
        """Waits until the child answers; False when the model cannot be loaded, or is no longer wanted."""
        try:
            url, facts = self._child.ready()
            chat = InnerChat(url, self._child.key, self.gone)
        except CausetteError as error:
            self._child.end()
            if self._state == "restarting" and not self._child.refused:
                return True  # it stopped once more
            self._stay_down(error)
            return False
        with self._changed:
            again = self._state == "restarting"
            if self._state != "closed":
                self._state, self._facts, self._chat = "ready", facts, chat
                self._address = (url, self._child.key)
                self._changed.notify_all()
        if again:
            self._say(tr(f"{facts.name} : le modèle est revenu.", f"{facts.name}: the model is back."))
        return True

    def _starts_again(self, reason: str) -> bool:
        """Starts another child, unless the model has stopped too often, or is no longer wanted."""
        if self._state == "closed":
            return False
        model = self._order[0].model
        log.error("the process of %s ended: %s\n%s", model, reason, self._child.last_lines)
        self._stops.append(time.monotonic())
        while self._stops[0] < self._stops[-1] - WITHIN:
            self._stops.popleft()
        if len(self._stops) > RESTARTS:
            self._stay_down(stopped_too_often(len(self._stops), reason))
            return False
        self._say(tr(f"{model} : le modèle s'est arrêté ({reason}) ; il redémarre.",
                     f"{model}: the model stopped ({reason}); it is starting again."))  # fmt: skip
        try:
            with self._changed:
                if self._state != "closed":
                    self._state, self._chat = "restarting", None
                    self._child = Child(*self._order)
        except OSError as error:  # no room for one more process
            self._stay_down(WorldError(tr(f"{model} : {disk_reason(error)}.", f"{model}: {disk_reason(error)}.")))
        return self._state == "restarting"

    def _stay_down(self, error: CausetteError) -> None:
        with self._changed:
            if self._state != "closed":
                self._state, self._error, self._chat = "down", error, None
                self._changed.notify_all()


def stopped_too_often(times: int, reason: str) -> WorldError:
    """The error for a model that is not started any more."""
    minutes = round(WITHIN / 60)
    return WorldError(
        tr(f"Le modèle s'est arrêté {times} fois en {minutes} minutes ({reason}) et n'est plus redémarré. "
           "Relancez Causette, avec un modèle plus petit ou --weights int8 si la mémoire manque.",
           f"The model stopped {times} times in {minutes} minutes ({reason}) and is not started any more. "
           "Start Causette again, with a smaller model or --weights int8 if memory is short.")
    )  # fmt: skip
