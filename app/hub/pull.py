"""From the Hub to a folder: a model or a data set at one commit, chosen file by file, checked before anything is loaded.

    resolve     the revision asked for → a commit, and the files of that commit with their sizes and hashes
    choose      what is needed and holds no code; the rest is told
    download    the small files first, checked, so that a model that asks for code costs no gigabytes; then the others
    check       no code, sizes that agree, finite weights; the fingerprints of a prepared set
    appear      the folder, whole or not at all

A folder that has that commit already is compared with it, and gets again only what it lost or what was changed.
What an interrupted download had lies in a hidden folder beside it, and the next one goes on from there.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.hub import checks
from app.hub.choosing import Chosen
from app.hub.client import client
from app.hub.download import Pinned, RemoteFile, bytes_here, download
from app.hub.needed import needed
from app.hub.parcel import Kind
from app.hub.patience import hasty_requests
from app.hub.pulled import Pulled, note_pulled, pulled
from app.hub.received_set import make_prepared, place
from app.hub.resolved import resolved
from app.hub.told import files_told, size_told
from app.output import Output, short
from chatbot.errors import InputError, cannot_write
from chatbot.files import on_disk
from chatbot.language import number, tr

NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
MOST_TOLD = 8  # files left where they are


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the options of `causette pull` say.

    Args:
        repo: "owner/name", with or without ``hf://``.
        dataset: whether it is a data set; else a model.
        revision: commit, tag or branch.
        out: folder to write; None for ``runs/NAME`` or ``data/NAME``.
    """

    repo: str
    dataset: bool = False
    revision: str = "main"
    out: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    """What a pull did.

    Args:
        folder: that was written.
        note: where it came from.
        files: places of the files in the repository.
        left: places of those that stayed there, with the reason.
        size: bytes.
        prepared: whether it is a prepared set; None for a model.
        new: whether anything was downloaded.
    """

    folder: Path
    note: Pulled
    files: tuple[str, ...]
    left: tuple[tuple[str, str], ...]
    size: int
    prepared: bool | None
    new: bool


def pull(wanted: Wanted, output: Output) -> Received:
    """Downloads and checks a repository, and says on the way what comes and what does not.

    Raises:
        InputError: no such repository or revision, no right to read it; something else is at `out`; not enough room;
            what would need code, or is not sound.
        WorldError: the network or the Hub failed; what came is kept for the next try.
    """
    repo = wanted.repo.removeprefix("hf://").removeprefix("datasets/").strip("/")
    if not NAME.fullmatch(repo):
        raise InputError(
            tr(f"{wanted.repo} : ce n'est pas le nom d'un dépôt du Hub. Écrivez-le ainsi : propriétaire/nom.",
               f"{wanted.repo}: not the name of a repository of the Hub. Write it so: owner/name.")
        )  # fmt: skip
    out = wanted.out or Path("data" if wanted.dataset else "runs") / repo.partition("/")[2]
    with _quiet_library(), hasty_requests():
        return _pull(repo, out, wanted, output)


def _pull(repo: str, out: Path, wanted: Wanted, output: Output) -> Received:
    kind: Kind = "dataset" if wanted.dataset else "model"
    pinned, files = resolved(client(needs_token=False), repo, wanted.revision, kind)
    note = Pulled(kind=kind, repo=repo, revision=wanted.revision, commit=pinned.commit, date=date.today().isoformat())
    if (there := pulled(out)) and (there.kind, there.repo, there.commit) == (kind, repo, note.commit):
        return _mended(pinned, files, out, there, output)
    if out.exists():
        raise InputError(
            tr(f"{out} existe déjà : choisissez un autre --out, ou effacez-le.",
               f"{out} exists already: choose another --out, or delete it.")
        )  # fmt: skip
    return _received(pinned, files, out, note, output)


def _received(pinned: Pinned, files: list[RemoteFile], out: Path, note: Pulled, output: Output) -> Received:
    stage = _stage(out)
    try:
        chosen, prepared = needed(pinned, files, out, _stage(out), output.say)
        _tell(chosen, pinned, note, output)
        _require_room(chosen, stage, out)
        whole = _sound(pinned, chosen, prepared, stage, output)
        note_pulled(whole, note)
        on_disk(whole)
        whole.rename(out)
    except OSError as error:
        raise cannot_write(out, error) from error
    shutil.rmtree(stage, ignore_errors=True)
    return Received(
        folder=out, note=note, files=tuple(file.path for file in chosen.taken), left=chosen.left, size=chosen.size,
        prepared=prepared, new=True,
    )  # fmt: skip


def _mended(pinned: Pinned, files: list[RemoteFile], out: Path, note: Pulled, output: Output) -> Received:
    """Compares a folder with the commit that it came from, and brings again what is missing or was changed there."""
    try:
        chosen, prepared = needed(pinned, files, out, _stage(out), output.say)
        lost = tuple(file for file in chosen.taken if not file.is_at(out / _place(file, prepared)))
        if lost:
            _brought_again(pinned, chosen, lost, prepared, out, output)
    except OSError as error:
        raise cannot_write(out, error) from error
    return Received(
        folder=out, note=note, files=tuple(file.path for file in lost), left=chosen.left if lost else (),
        size=sum(file.size for file in lost), prepared=prepared, new=bool(lost),
    )  # fmt: skip


def _brought_again(
    pinned: Pinned, chosen: Chosen, lost: tuple[RemoteFile, ...], prepared: bool | None, out: Path, output: Output
) -> None:
    """Puts the whole commit together beside the folder, checks it as if it were new, and moves in what was lost."""
    for file in lost[:MOST_TOLD]:
        what = tr("a changé", "was changed") if (out / _place(file, prepared)).exists() else tr("manque", "is missing")
        output.say(tr(f"{out} : {short(file.path)} {what}, repris du Hub.", f"{out}: {short(file.path)} {what}, brought again from the Hub."))  # fmt: skip
    stage = _stage(out)
    for file in set(chosen.taken) - set(lost):
        _lay(out / _place(file, prepared), stage / "whole" / file.path)
    _require_room(chosen, stage, out)
    whole = _sound(pinned, chosen, prepared, stage, output)
    on_disk(whole)
    for file in lost:
        target = out / _place(file, prepared)
        target.parent.mkdir(parents=True, exist_ok=True)
        (whole / _place(file, prepared)).replace(target)
    shutil.rmtree(stage, ignore_errors=True)


def _lay(source: Path, target: Path) -> None:
    """The file in a second place; a copy where the disk knows no links."""
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source.resolve())
    except OSError:
        shutil.copyfile(source, target)


def _stage(out: Path) -> Path:
    return out.with_name(f".{out.name}.pull")


def _place(file: RemoteFile, prepared: bool | None) -> str:
    return place(file.path) if prepared else file.path


def _sound(pinned: Pinned, chosen: Chosen, prepared: bool | None, stage: Path, output: Output) -> Path:
    """Downloads and checks. What is not sound is not kept for another try."""
    small = [file for file in chosen.taken if file.path.endswith(".json")]
    if pinned.kind == "model":
        with _lost_if_refused(stage):
            checks.check_no_code(_exactly(download(pinned, small, stage, output.say), chosen), pinned.repo)
    whole = _exactly(download(pinned, chosen.taken, stage, output.say), chosen)
    with _lost_if_refused(stage):
        if pinned.kind == "model":
            checks.check_model(whole, pinned.repo)
        elif prepared:
            make_prepared(whole, pinned.repo)
    return whole


@contextmanager
def _lost_if_refused(stage: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        shutil.rmtree(stage, ignore_errors=True)
        raise


def _tell(chosen: Chosen, pinned: Pinned, note: Pulled, output: Output) -> None:
    count = files_told(len(chosen.taken))
    output.say(tr(f"{pinned.repo}, révision {note.revision} : commit {pinned.commit[:12]}. {count}, {size_told(chosen.size)}.",
                  f"{pinned.repo}, revision {note.revision}: commit {pinned.commit[:12]}. {count}, {size_told(chosen.size)}."))  # fmt: skip
    left = _by_folder(chosen.left)
    for path, reason in left[:MOST_TOLD]:
        output.say(tr(f"Laissé là-bas : {short(path)} ({reason}).", f"Left there: {short(path)} ({reason})."))
    if (more := len(left) - MOST_TOLD) > 0:
        output.say(tr(f"… et {number(more)} de plus.", f"… and {number(more)} more."))


def _by_folder(left: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Places left for the same reason in the same folder of the repository, in one line."""
    together: dict[tuple[str, str], list[str]] = {}
    for path, reason in left:
        folder, slash, _ = path.partition("/")
        together.setdefault((folder + slash if slash else path, reason), []).append(path)
    return [
        (paths[0], reason) if len(paths) == 1 else (f"{place}, {files_told(len(paths))}", reason)
        for (place, reason), paths in together.items()
    ]


def _require_room(chosen: Chosen, stage: Path, out: Path) -> None:
    """Compares what is still to come with what the disk has left."""
    stage.mkdir(parents=True, exist_ok=True)
    wanted, free = chosen.size - bytes_here(chosen.taken, stage), shutil.disk_usage(stage).free
    if wanted > free:
        raise InputError(
            tr(f"{out} : il faut {size_told(wanted)}, le disque n'a plus que {size_told(free)}.\n"
               "Faites de la place, ou choisissez un --out sur un autre disque.",
               f"{out}: {size_told(wanted)} are needed, the disk has only {size_told(free)} left.\n"
               "Make room, or choose an --out on another disk.")
        )  # fmt: skip


def _exactly(whole: Path, chosen: Chosen) -> Path:
    """The folder without what an earlier download of another commit left in it."""
    wanted = {whole / file.path for file in chosen.taken}
    for path in sorted(whole.rglob("*"), reverse=True):
        if path.is_file() and path not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    return whole


@contextmanager
def _quiet_library() -> Iterator[None]:
    """Without the complaints of the Hub's library, which show addresses: ours say what matters."""
    from huggingface_hub.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
