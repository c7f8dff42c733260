"""Facts out of files: each file is read and hashed once, whatever number of facts it tells."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import tr
from livrables.fact import Fact, Source, Value, unmeasured
from livrables.pointers import value_at

UNREADABLE = (LookupError, ValueError, TypeError, ArithmeticError, OSError)


class Reader:
    """The files of a work folder.

    Args:
        folder: of the work.
        votes: what `app.feedback.report.facts_of` says; None where nobody asked it.
    """

    def __init__(self, folder: Path, votes: Mapping[str, Any] | None = None):
        self.folder = folder.resolve()
        self.votes = votes
        self._sources: dict[Path, Source] = {}
        self._contents: dict[tuple[Path, str], Any] = {}
        self._resolved: dict[Path, Path] = {}

    def inside(self, path: Path) -> bool:
        """Whether a path lies in the folder of the work."""
        return self._whole(path).is_relative_to(self.folder)

    def below(self, path: Path) -> PurePosixPath:
        """A path as it is from the folder of the work.

        Raises:
            InputError: it lies elsewhere.
        """
        if not self.inside(path):
            raise InputError(
                tr(f"{path} : hors du dossier du travail ({self.folder}). Un rapport ne cite que ce qui s'y trouve : "
                   "copiez-le dedans, ou donnez --work.",
                   f"{path}: outside the work folder ({self.folder}). A report cites only what lies in it: copy it there, "
                   "or give --work.")
            )  # fmt: skip
        return PurePosixPath(self._whole(path).relative_to(self.folder).as_posix())

    def source(self, file: Path, date: str = "") -> Source:
        """A file with its hash; `date` is told the first time that the file is asked for.

        Raises:
            InputError: it lies outside the folder of the work.
            OSError: it cannot be read.
        """
        whole = self._whole(file)
        if whole not in self._sources:
            path = self.below(file)
            with whole.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            self._sources[whole] = Source(path=path, sha256=digest, date=date)
        return self._sources[whole]

    def fact(
        self, key: str, file: Path, pointer: str, told: Callable[[Any], str] = str, *, date: str = "", cure: str
    ) -> Fact:
        """What stands at a place of a file; not measured where the file or the place is missing.

        Args:
            key: see `Fact`.
            file: where it stands.
            pointer: the place in it, see `livrables.pointers`.
            told: from the value to what a report prints.
            date: of what the file tells.
            cure: see `Fact`.
        """
        try:
            value = self.value(file, pointer)
            return Fact(key=key, value=value, text=told(value), source=self.source(file, date), pointer=pointer)
        except UNREADABLE:
            return unmeasured(key, cure)

    def value(self, file: Path, pointer: str) -> Value:
        """What stands at a place of a file.

        Raises:
            OSError, LookupError, ValueError, TypeError, ArithmeticError: there is no such file or place.
        """
        value = value_at(pointer, self.content(file, pointer))
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(pointer)
        return value

    def content(self, file: Path, pointer: str = "/") -> Any:
        """What a pointer points into: the value of a JSON or YAML file, or another form's content."""
        form = pointer.partition(":")[0]
        kind = form if form in READERS else "value"
        place = self._whole(file), kind
        if kind == "votes":
            if self.votes is None:
                raise LookupError("votes")
            return self.votes
        if place not in self._contents:
            self._contents[place] = READERS[kind](place[0])
        return self._contents[place]

    def _whole(self, path: Path) -> Path:
        if path not in self._resolved:
            self._resolved[path] = (path if path.is_absolute() else self.folder / path).resolve()
        return self._resolved[path]


def _value(file: Path) -> Any:
    if file.suffix not in (".yaml", ".yml"):
        return read_json(file)
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _header(file: Path) -> dict[str, int]:
    """Of a safetensors file: eight bytes of length, then a JSON object with the shape of each tensor."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if length > file.stat().st_size:
            raise ValueError(file.name)
        shapes = json.loads(opened.read(length))
    return {"elements": sum(math.prod(one["shape"]) for name, one in shapes.items() if name != "__metadata__")}


def _search(file: Path) -> Any:
    from livrables.search_numbers import numbers_of

    return numbers_of(file.parent)


READERS: Mapping[str, Callable[[Path], Any]] = {
    "value": _value,
    "jsonl": _text,
    "csv": _text,
    "median": _text,
    "lines": _text,
    "header": _header,
    "search": _search,
    "votes": _value,
}
