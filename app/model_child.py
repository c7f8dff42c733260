"""One process with a model in it, from its start to its end, and the questions that are put to it."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chatbot.dialogue import Message
from chatbot.errors import BusyError, CausetteError, InputError, TooLongError, WorldError
from chatbot.language import current_language, tr
from chatbot.narrowing import Bits
from chatbot.plain_weights import Width
from chatbot.remote import RemoteChat
from chatbot.sampling import Sampling

LAST_LINES = 20  # of its error stream, kept for the log
PATIENCE = 5.0  # seconds to end by itself
_ERRORS: dict[str, type[CausetteError]] = {
    kind.__name__: kind for kind in (InputError, TooLongError, WorldError, BusyError)
}


@dataclass(frozen=True, kw_only=True)
class Loading:
    """How a model is loaded.

    Args:
        model: anything `load_model` takes.
        weights: their width in memory.
        template: of its dialogues, instead of its own: a generic model beside a fine-tuned one gets the latter's.
        bits: narrows the kernels, see `load_model`.
    """

    model: str
    weights: Width = "float32"
    template: str | None = None
    bits: Bits | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a `Chat` tells of its model."""

    name: str
    context: int
    parameters: int
    exchanges: int | None
    at_once: int


class Child:
    """A process that loads a model; it is started at once.

    Args:
        loading: the model.
        sampling: what is compiled first.
    """

    def __init__(self, loading: Loading, sampling: Sampling):
        self.key = secrets.token_hex(32)
        self.silent = ""  # why it was ended by us
        self.refused = False  # whether it said that the model cannot be loaded; another try would say the same
        self._model = loading.model
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "app.model_worker"],  # -P: a folder "app" where the user stands is not ours
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, encoding="utf-8", errors="replace", env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._keep_lines, name="model-log", daemon=True)
        self._reader.start()
        order = {"loading": asdict(loading), "sampling": asdict(sampling), "key": self.key}
        with suppress(OSError):  # it has ended already: `ready` tells
            self._stdin.write(json.dumps(order) + "\n")  # not an argument of its call, which others may read
            self._stdin.flush()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def ready(self) -> tuple[str, Facts]:
        """Waits until the model answers; the address of its API, and what it is.

        Raises:
            CausetteError: the model's own, where it cannot be loaded; a `WorldError` where the process ended.
        """
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except ValueError:  # ended, and its pipes closed, before this was called
            line = ""
        if not line:
            raise WorldError(
                tr(f"{self._model} : le processus qui chargeait le modèle s'est arrêté ({self.wait()}).",
                   f"{self._model}: the process that was loading the model stopped ({self.wait()}).")
            )  # fmt: skip
        told = json.loads(line)
        if "error" in told:
            self.refused = True
            raise _ERRORS.get(told["error"], WorldError)(told["message"])
        return f"http://127.0.0.1:{told['port']}/v1", Facts(**told["facts"])

    def wait(self) -> str:
        """Until the process has ended; why, in a few words."""
        status = self._process.wait()
        self._tidy()
        return self.silent or in_words(status)

    def ended_within(self, seconds: float) -> bool:
        """Whether the process has ended by then."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def give_up(self, seconds: float) -> None:
        """Ends a process that has said nothing for so long."""
        self.silent = tr(f"sans un signe pendant {seconds:.0f} s", f"without a sign for {seconds:.0f} s")
        self._process.kill()

    @property
    def last_lines(self) -> str:
        """Of its error stream."""
        return "\n".join(self._lines)

    def end(self) -> None:
        """Ends it, in whatever state it is; returns when it is gone."""
        with suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._tidy()

    def _tidy(self) -> None:
        """Closes the pipes of a process that has ended."""
        self._reader.join(PATIENCE)
        with suppress(OSError):
            self._stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _keep_lines(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            self._lines.extend(line.rstrip("\n") for line in lines)


def in_words(status: int) -> str:
    """Why a process ended: the signal's name, or its exit status."""
    if status >= 0:
        return tr(f"code de sortie {status}", f"exit status {status}")
    name = signal.Signals(-status).name if -status in {each.value for each in signal.Signals} else str(-status)
    memory = tr(", peut-être faute de mémoire", ", perhaps for want of memory") if name == "SIGKILL" else ""
    return tr(f"signal {name}{memory}", f"signal {name}{memory}")


def _environment() -> dict[str, str]:
    """This process's, in the reader's language, with our own code on its path."""
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "CAUSETTE_LANG": current_language(), "PYTHONPATH": os.pathsep.join(paths)}


class InnerChat(RemoteChat):
    """The model in a `Child`, whose errors are those that it would raise here.

    Args:
        url: of the child's API.
        key: to it.
        gone: the error for who meets its end.
    """

    def __init__(self, url: str, key: str, gone: Callable[[], WorldError]):
        self._gone = gone
        super().__init__(url, key=key)
        self._client = self._client.with_options(timeout=None)  # a long line, a slow model: as in one's own process

    def is_there(self, seconds: float) -> bool:
        """Whether the process answers within that time to a question that needs no computing."""
        import openai

        try:
            self._client.with_options(timeout=seconds).models.list()
        except openai.APITimeoutError:
            return False
        except openai.APIError:  # it has ended, and who waits for that is told
            pass
        return True

    def told(self) -> AbstractContextManager[None]:
        return self._as_here()

    @contextmanager
    def _as_here(self) -> Iterator[None]:
        import httpx
        import openai

        try:
            yield
        except (openai.APIConnectionError, httpx.TransportError) as error:
            raise self._gone() from error
        except openai.APIError as error:
            raise _as_raised_there(error) from error

    def sent(self, message: Message) -> dict[str, str]:
        """With its context apart: the template says where it stands."""
        more = {"causette_context": message.context} if message.context else {}
        return {"role": message.role, "content": message.content, **more}


def _as_raised_there(error: Any) -> CausetteError:
    body = error.body if isinstance(error.body, dict) else {}
    words, code, kind = str(body.get("message", error)), body.get("code"), body.get("type")
    if code == "context_length_exceeded":
        return TooLongError(words)
    if code == "server_busy":
        return BusyError(words)
    return InputError(words) if kind == "invalid_request_error" else WorldError(words)
