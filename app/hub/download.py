"""Files of a repository at one commit, into a folder: what an interrupted download had is kept and gone on from.

    FOLDER/whole/config.json        as it is in the repository, its size and hash compared with those that the Hub announces
    FOLDER/parts/3f0c…              the first bytes of a file, under the name of its content

(The Hub's library keeps no part of a file that a killed process left: gigabytes would come again.)
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from app.hub.parcel import Item, Kind
from app.hub.patience import ANSWER, LONGEST_WAIT, Interrupted, reason_told
from app.hub.refusals import Place, cause
from app.hub.told import size_told
from app.output import advice, short
from chatbot.errors import InputError, WorldError
from chatbot.hub_folder import reading_refused
from chatbot.language import tr

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

HASHES = {True: "[0-9a-f]{64}", False: "[0-9a-f]{40}"}  # sha256 of a large file, git's blob id of a small one
WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds, before each new try that brings nothing more


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A repository at one commit.

    Args:
        kind: of the repository.
        repo: "owner/name".
        commit: its name.
        token: that no message shows; None without one.
    """

    kind: Kind
    repo: str
    commit: str
    token: str | None = field(repr=False)

    @property
    def place(self) -> Place:
        """For messages."""
        return Place(kind=self.kind, repo=self.repo, token=self.token or "")


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file as the Hub announces it.

    Args:
        path: its place in the repository.
        size: bytes.
        name: of its content: sha256 of a large file, git's blob id of a small one.
        large: which of the two.
    """

    path: str
    size: int
    name: str
    large: bool

    def __post_init__(self) -> None:
        """Refuses an announcement that no Hub makes: the name of the content is a file's name on this disk.

        Raises:
            InputError: the name of the content is no hash, or the size no count of bytes.
        """
        if re.fullmatch(HASHES[self.large], str(self.name)) and isinstance(self.size, int) and self.size >= 0:
            return
        raise InputError(
            tr(f"{short(self.path)} : le serveur annonce une taille ou une empreinte qui n'en est pas une.\n"
               "Ce n'est pas ainsi que le Hugging Face Hub répond : vérifiez HF_ENDPOINT, ou prenez un autre dépôt.",
               f"{short(self.path)}: the server announces a size or a hash that is none.\n"
               "The Hugging Face Hub does not answer so: check HF_ENDPOINT, or take another repository.")
        )  # fmt: skip

    def is_at(self, path: Path) -> bool:
        """Whether that file on the disk is this one, byte for byte."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        here = Item(path=self.path, source=path)
        return (here.sha256 if self.large else here.blob_id) == self.name


def bytes_here(files: Sequence[RemoteFile], folder: Path) -> int:
    """How much of these files an earlier download left, as far as sizes tell."""
    places = [(folder / "whole" / file.path, folder / "parts" / file.name) for file in files]
    return sum(path.stat().st_size for pair in places for path in pair if path.is_file())


def download(pinned: Pinned, files: Sequence[RemoteFile], folder: Path, say: Callable[[str], None]) -> Path:
    """Brings the files into a folder, with a bar on a terminal.

    Returns:
        The folder that holds them as the repository does.

    Raises:
        InputError: a file is not what the Hub announces, or may not be read.
        WorldError: the network or the Hub failed, and how much is kept.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[sizes]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=advice, transient=True, disable=not advice.is_terminal) as bar:
        for file in files:
            task = bar.add_task(file.path, total=file.size, sizes=_of(0, file))
            _bring(pinned, file, folder, say, partial(_show, bar, task, file))
            bar.remove_task(task)
    return folder / "whole"


def _show(bar: "Progress", task: "TaskID", file: RemoteFile, done: int) -> None:
    bar.update(task, completed=done, sizes=_of(done, file))


def _of(done: int, file: RemoteFile) -> str:
    """12,0 Mo / 27,0 Mo: Rich's own column knows only English units."""
    return f"{size_told(done)} / {size_told(file.size)}"


def _bring(
    pinned: Pinned, file: RemoteFile, folder: Path, say: Callable[[str], None], done: Callable[[int], None]
) -> None:
    whole, part = folder / "whole" / file.path, folder / "parts" / file.name
    if file.is_at(whole):
        return
    whole.parent.mkdir(parents=True, exist_ok=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    _patiently(pinned, file, part, say, done)
    if not file.is_at(part):
        part.unlink()  # else it would be found again, and refused again
        raise InputError(
            tr(f"{pinned.repo} : {file.path} n'est pas le fichier que le Hub annonce (taille ou empreinte).\n"
               "Relancez pour le reprendre ; si cela se répète, ne vous servez pas de ce dépôt.",
               f"{pinned.repo}: {file.path} is not the file that the Hub announces (size or hash).\n"
               "Run again to get it anew; if it happens again, do not use this repository.")
        )  # fmt: skip
    part.replace(whole)


def _patiently(
    pinned: Pinned, file: RemoteFile, part: Path, say: Callable[[str], None], done: Callable[[int], None]
) -> None:
    """Tries again while something more comes, and a few times more."""
    tries = 0
    while True:
        before = _here(part)
        if before > file.size:  # no part of this file
            part.unlink()
            before = 0
        if before == file.size and part.is_file():
            return
        try:
            return _go_on(pinned, file, part, before, done)
        except Exception as error:
            _raise_unless_passing(error, pinned)
            tries = 0 if _here(part) > before else tries + 1
            where = tr(f"{file.path} : {size_told(_here(part))} sur {size_told(file.size)}",
                       f"{file.path}: {size_told(_here(part))} of {size_told(file.size)}")  # fmt: skip
            reason = tr(f"{pinned.repo} : ", f"{pinned.repo}: ") + f"{_reason(error)} ({where})"
            if tries == len(WAITS):
                raise WorldError(
                    tr(f"{reason}.\nRelancez la même commande plus tard : elle reprendra là.",
                       f"{reason}.\nRun the same command again later: it will go on from there.")
                ) from cause(error, pinned.place)  # fmt: skip
            say(tr(f"{reason} : nouvel essai…", f"{reason}: trying again…"))
            time.sleep(max(WAITS[tries], min(getattr(error, "wait", None) or 0, LONGEST_WAIT)))


def _here(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, Interrupted):
        return in_sentence(reason_told(error))
    return tr("la connexion au Hub est coupée", "the connection to the Hub is cut")


def in_sentence(text: str) -> str:
    """A text that begins a sentence, after a colon."""
    return text[:1].lower() + text[1:]


def _raise_unless_passing(error: Exception, pinned: Pinned) -> None:
    """What another try may mend is left to the caller."""
    from huggingface_hub.errors import HfHubHTTPError

    if refused := reading_refused(pinned.repo, error):
        raise refused from cause(error, pinned.place)
    if not isinstance(
        error, (Interrupted, HfHubHTTPError.__bases__[0])
    ):  # of httpx or httpx2, as the library's version is
        raise error


def _go_on(pinned: Pinned, file: RemoteFile, part: Path, start: int, done: Callable[[int], None]) -> None:
    """Adds what is missing of a file to the part of it that is here."""
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    url = hf_hub_url(
        pinned.repo,
        file.path,
        repo_type=pinned.kind,
        revision=pinned.commit,
        endpoint=os.environ.get("HF_ENDPOINT") or None,
    )
    headers = build_hf_headers(token=pinned.token or False, library_name="causette")
    headers["Accept-Encoding"] = "identity"  # its bytes are counted
    if start:
        headers["Range"] = f"bytes={start}-"
    with get_session().stream("GET", url, headers=headers, timeout=ANSWER) as response:
        hf_raise_for_status(response)
        with part.open("ab" if response.status_code == 206 else "wb") as opened:  # else it sends all of it again
            _written(response, opened, file, done)


def _written(response: Any, opened: IO[bytes], file: RemoteFile, done: Callable[[int], None]) -> None:
    here = opened.tell()
    for block in response.iter_raw():  # as it comes: what is cut keeps what came
        here += len(block)
        if here > file.size:
            break  # more than was announced is refused by its hash, and fills no disk
        opened.write(block)
        done(here)
