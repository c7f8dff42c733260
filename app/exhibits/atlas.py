"""The atlas of a prepared set for the page: drawn once, by another process, and kept beside the set.

Laying out word clouds takes seconds of pure Python, which would hold up the answers of this process. An atlas.json that
`causette inspect` left beside the set is read instead of counting again, if it is of this set and of this tokenizer.
"""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from app.page.exhibit_json import from_json
from app.page.exhibits import AtlasExhibit, Said
from app.tokens import masked_tokens
from chatbot.dialogue import read_dialogues
from chatbot.errors import CausetteError
from chatbot.files import read_json
from chatbot.model import context_of, load_tokenizer
from datasets_prep.prepared import MANIFEST, PreparedSet

ROOT = Path(__file__).resolve().parents[2]
LONGEST_TOLD = 2_000  # characters of the other process' last words in the log
FOLDER = ".exhibits"  # of the prepared set
PATIENCE = 10  # seconds for the other process to end
PROBED = 50  # dialogues that tell one tokenizer from another
VERSION = 1  # of what is kept: another one is drawn again
FAILED = Said(
    "Les nuages de mots et les longueurs n'ont pas pu être calculés sur cette machine. Essayez : causette inspect JEU.",
    "Word clouds and lengths could not be computed on this machine. Try: causette inspect SET.",
)

log = logging.getLogger(__name__)


class AtlasJob:
    """An atlas that is drawn when somebody first wants to see it, for all readers of the server.

    Args:
        folder: of the prepared set.
        model: whose tokens are counted.
    """

    def __init__(self, *, folder: Path, model: str):
        self._folder, self._model = folder, model
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._atlas: AtlasExhibit | None = None
        self._failure: Said | None = None
        self._held: Held | None = None
        self._closed = False

    @property
    def atlas(self) -> AtlasExhibit | None:
        """What was drawn; None as long as it is not."""
        return self._atlas

    @property
    def failure(self) -> Said | None:
        """Why nothing was drawn; None where nothing went wrong."""
        return self._failure

    def begin(self) -> None:
        """Has it drawn, unless it is or was; returns at once."""
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._draw, name="atlas", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until it is drawn, or cannot be."""
        self.begin()
        if self._thread:
            self._thread.join()

    def close(self) -> None:
        """Ends the process that draws, if there is one. Once more does nothing."""
        with self._lock:
            self._closed = True
            if self._held:
                self._held.release()
        if self._thread:
            self._thread.join(PATIENCE)

    def _draw(self) -> None:
        try:
            with holding() as held:
                with self._lock:
                    if self._closed:
                        return
                    self._held = held
                self._atlas = atlas_of(self._folder, self._model, held)
        except (OSError, ValueError, KeyError, TypeError, CausetteError, subprocess.SubprocessError) as error:
            if self._closed:
                return
            told = getattr(error, "stderr", b"") or b""
            log.warning("the atlas was not drawn: %s\n%s", error, told.decode(errors="replace")[-LONGEST_TOLD:])
            self._failure = FAILED


class Held:
    """A pipe to a process, which ends when it is released: by us, or by the system when this process is no more."""

    def __init__(self) -> None:
        self.stdin, self._ours = os.pipe()
        self._lock = threading.Lock()
        self._open = {self.stdin, self._ours}

    def release(self) -> None:
        """Lets the process end."""
        self._close(self._ours)

    def end(self) -> None:
        """Once the process has ended."""
        self._close(self._ours, self.stdin)

    def _close(self, *ends: int) -> None:
        with self._lock:  # a number may be another file's once it is closed
            for end in self._open.intersection(ends):
                os.close(end)
            self._open.difference_update(ends)


@contextmanager
def holding() -> Iterator[Held]:
    """A pipe for a process, closed at the end whatever happens."""
    held = Held()
    try:
        yield held
    finally:
        held.end()


def atlas_of(folder: Path, model: str, held: Held | None = None) -> AtlasExhibit:
    """The atlas: the one kept beside the set, else drawn by a process of its own and kept where that can be.

    Args:
        folder: of the prepared set.
        model: whose tokens are counted.
        held: what ends the process before its time; by default nothing but the end of this one.

    Raises:
        OSError, ValueError, KeyError, TypeError, SubprocessError: it could not be drawn.
    """
    kept = folder / FOLDER / f"{key_of(folder, model)}.json"
    if kept.is_file():
        try:
            return from_json(AtlasExhibit, read_json(kept))
        except (ValueError, KeyError, TypeError):
            pass  # of another version, or damaged: drawn again
    if held is None:
        with holding() as held:
            return atlas_of(folder, model, held)
    if os.access(folder, os.W_OK):
        return _drawn(folder, model, kept, held)
    with tempfile.TemporaryDirectory() as elsewhere:
        return _drawn(folder, model, Path(elsewhere) / kept.name, held)


def key_of(folder: Path, model: str) -> str:
    """What an atlas depends on: the splits, the model's context, and how it cuts dialogues.

    The cut is known by its result on the first dialogues: runs on one base share their atlas, whatever their files are.
    """
    tokenizer, template = load_tokenizer(model)
    first = islice(read_dialogues(folder / "train.jsonl"), PROBED)
    cut = [masked_tokens(dialogue, template, tokenizer) for dialogue in first]
    splits = PreparedSet(folder=folder, manifest=read_json(folder / MANIFEST)).fingerprint
    parts = (VERSION, splits, context_of(model), tokenizer.vocabulary_size, cut)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _drawn(folder: Path, model: str, out: Path, held: Held) -> AtlasExhibit:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    subprocess.run(
        [sys.executable, "-P", "-m", "app.exhibits.atlas_job", str(folder), model, str(out)],  # -P: as in `app.model_child`
        stdin=held.stdin, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    return from_json(AtlasExhibit, read_json(out))
