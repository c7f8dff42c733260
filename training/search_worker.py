"""The process in which a search trains and measures: what happens to it does not happen to the search.

Memory out is an exception on a GPU, but on a processor the system kills the process; here the trial fails, the search
goes on. And a Keras model that was trained leaves memory behind: 290 MB per trial of the model `mini` (13 M parameters),
with or without `clear_session`. So a process that has grown is replaced, which costs an import of TensorFlow (6 s).

    parent                                    child
    worker.call(function, arguments)   →      function(channel, *arguments)
    on_event(name, value) → answer     ↔      channel.ask(name, value)
                                       ↔      channel.tell(name, value)
    the result                         ←      its result
"""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from chatbot.errors import CausetteError, InputError, WorldError
from chatbot.language import current_language, set_language, tr

LARGE = 2e9  # bytes; a process that was larger is replaced before the next call
OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "ResourceExhausted", "out of memory", "OOM when allocating")


class TrialFailed(Exception):
    """A call that failed for a reason that another trial may not have; its text is for the user."""


class Worker:
    """Calls functions in another process, one at a time.

    Args:
        begin: a function of a module, called in each new process before anything else (imports Keras quietly).
    """

    def __init__(self, begin: Callable[[], None] | None = None):
        self._begin = begin
        self._process: Any = None
        self._connection: Any = None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process, at once if it is busy."""
        if self._process is not None:
            self._connection.close()
            self._process.kill()
            self._process.join()
            self._process = None

    def call(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        on_event: Callable[[str, Any], Any] = lambda name, value: None,
    ) -> Any:
        """What ``function(channel, *arguments)`` returns there.

        Args:
            function: of a module, so that it can be named to another process.
            arguments: values that pickle.
            on_event: called for each event of the function's channel; what it returns is the answer to `ask`.

        Raises:
            TrialFailed: no memory, an infinite loss, a process that the system killed.
            InputError: as the function raises it; any other exception of its too.
        """
        if self._process is None:
            self._start()
        try:
            self._connection.send((function, arguments))
            while True:
                name, value = self._connection.recv()
                if name == "done":
                    result, peak = value
                    if peak is None or peak > LARGE:
                        self.close()
                    return result
                if name == "failed":
                    self.close()
                    raise value
                answer = on_event(name.removeprefix("?"), value)
                if name.startswith("?"):
                    self._connection.send(answer)
        except (EOFError, ConnectionError) as error:
            self._process.join()
            status = self._process.exitcode
            self.close()
            raise TrialFailed(_death(status)) from error
        except BaseException:  # Ctrl-C, a full disk: what runs there is of no use any more
            self.close()
            raise

    def _start(self) -> None:
        import multiprocessing

        # A new interpreter, not a fork: TensorFlow does not survive one.
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(there, current_language(), self._begin), daemon=True, name="causette-search"
        )
        self._process.start()
        there.close()


class Channel:
    """The child's end: what a function tells its caller while it runs."""

    def __init__(self, connection: Any):
        self._connection = connection

    def tell(self, name: str, value: Any) -> None:
        self._connection.send((name, value))

    def ask(self, name: str, value: Any) -> Any:
        self._connection.send((f"?{name}", value))
        return self._connection.recv()


def _serve(connection: Any, language: str, begin: Callable[[], None] | None) -> None:
    """The life of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_language(language)
    if begin is not None:
        begin()
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        answer: tuple[str, Any]
        try:
            answer = ("done", (function(Channel(connection), *arguments), _peak()))
        except Exception as error:
            answer = ("failed", _told(error))
        connection.send(answer)


def _end_with_parent() -> None:
    """A search killed by kill -9 must leave nobody behind who writes into its folder."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _told(error: Exception) -> Exception:
    """The exception as the parent is to raise it."""
    from training.out_of_memory import is_out_of_memory

    text = f"{type(error).__name__}: {error}"
    cause = error.__cause__ or error  # the training tells the end of memory as advice on itself
    if is_out_of_memory(cause) or any(sign in text for sign in OUT_OF_MEMORY):
        return TrialFailed(tr("mémoire insuffisante", "out of memory"))
    if isinstance(error, WorldError):
        return TrialFailed(str(error))
    if isinstance(error, InputError):
        return InputError(str(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return CausetteError(text)
    return error


def _peak() -> float | None:
    """The most memory this process held, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _death(status: int | None) -> str:
    if status == -9:
        return tr("processus tué par le système, sans doute faute de mémoire",
                  "process killed by the system, probably for lack of memory")  # fmt: skip
    return tr(f"processus mort (statut {status})", f"process died (status {status})")
