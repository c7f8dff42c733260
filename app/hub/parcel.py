"""What is sent to a repository of the Hub: files in memory or on the disk, by their places there.

parcel = Parcel(kind="dataset", title="faq", items=(item("README.md", card.encode()), item("data/train.parquet", path)))
parcel.write(Path("hub/faq"))     # a dry run: exactly what would be sent
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

from chatbot.errors import InputError, cannot_write
from chatbot.files import folder_written_whole, read_json, write_json
from chatbot.language import tr

Kind = Literal["model", "dataset", "space"]
BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file of a parcel.

    Args:
        path: its place in the repository, with slashes.
        source: a file on the disk, or its bytes.
    """

    path: str
    source: Path | bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The file, to read."""
        with BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb") as file:
            yield file

    @cached_property
    def sha256(self) -> str:
        """The name that the Hub gives to a large file's content."""
        return self._hashed(hashlib.sha256())

    @cached_property
    def blob_id(self) -> str:
        """The name that git gives to a small file's content."""
        return self._hashed(hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False))

    def _hashed(self, digest: "hashlib._Hash") -> str:
        with self.opened() as file:
            while block := file.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """All the files of a repository, the card (README.md) among them.

    Args:
        kind: of the repository.
        title: what it is, in a few words, for the commit and the screen; no path of this machine.
        items: the files, each place once, in the order of their places.
    """

    kind: Kind
    title: str
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        places = [item.path for item in self.items]
        if sorted(set(places)) != places:
            raise ValueError(f"`items` must be in order, each place once. Received: {places}")
        for place in places:
            if place.startswith("/") or "\\" in place or {"", ".", ".."} & set(place.split("/")):
                raise ValueError(f"`path` must be relative, with slashes. Received: {place!r}")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(item.size for item in self.items)

    def write(self, folder: Path) -> None:
        """Writes the files into a folder, whole or not at all; an empty one, or one that a dry run wrote, is replaced.

        Raises:
            InputError: something else is there, or what the dry run wrote was changed.
            WorldError: the disk refuses.
        """
        note = folder.with_name(f"{folder.name}.parcel")  # beside it: what is in the folder is exactly what is sent
        try:
            _require_replaceable(folder, note)
            with folder_written_whole(folder, replace=True) as temporary:
                for item in self.items:
                    place = temporary / item.path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with item.opened() as read, place.open("wb") as written:
                        shutil.copyfileobj(read, written, BLOCK)
            write_json(note, {"kind": self.kind, "files": {item.path: item.sha256 for item in self.items}})
        except OSError as error:
            raise cannot_write(folder, error) from error


def _require_replaceable(folder: Path, note: Path) -> None:
    """Raises InputError where writing would lose what no dry run wrote: in the folder, or in the note's place."""
    written = _noted(note)
    foreign = str(note) if written is None and os.path.lexists(note) else _foreign(folder, written or {})
    if foreign:
        raise InputError(
            tr(f"{folder} existe déjà, avec ce que l'essai précédent n'a pas écrit ({foreign}).\n"
               "Choisissez un autre --out, ou effacez-le.",
               f"{folder} exists already, with what the last dry run did not write ({foreign}).\n"
               "Choose another --out, or delete it.")
        )  # fmt: skip


def _noted(note: Path) -> dict[str, str] | None:
    """Places and sha256 of what a dry run wrote; None where no note of one is there."""
    try:
        return dict(read_json(note)["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _foreign(folder: Path, written: dict[str, str]) -> str | None:
    """The first thing in a folder that is not as it was written; what Python keeps of code that was run does not count."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        return folder.name
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        if (path.is_dir() and not path.is_symlink()) or path.suffix == ".pyc":
            continue
        if path.is_symlink() or not path.is_file() or Item(path=place, source=path).sha256 != written.get(place):
            return place
    return None


def parcel(kind: Kind, title: str, *items: Item) -> Parcel:
    """A parcel of these files, put in order."""
    return Parcel(kind=kind, title=title, items=tuple(sorted(items, key=lambda item: item.path)))


def item(path: str, source: Path | bytes) -> Item:
    return Item(path=path, source=source)


def folder_items(folder: Path, under: str = "") -> list[Item]:
    """The files of a folder, hidden ones left out, under a place in the repository ("" for its root)."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    places = ((path.relative_to(folder), path) for path in files)
    start = f"{under}/" if under else ""
    return [
        Item(path=start + place.as_posix(), source=path)
        for place, path in places
        if not any(part.startswith(".") for part in place.parts)
    ]
