"""Files of a folder from elsewhere: found below it only, read with a limit, their fingerprints taken in streams."""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.text_files import LONGEST_LINE
from datasets_prep.text_files import sha256_of as sha256_of

LARGEST = 512 * 2**20  # bytes of a JSON file that is read whole: a comparison of 300 questions has 5 million


class LeadsOut(InputError):
    """A path that leads out of the folder."""


def inside(folder: Path, name: str | PurePosixPath) -> Path:
    """The path of that name below a folder, links followed.

    Raises:
        LeadsOut: it is absolute, or leads out of the folder.
    """
    text = str(name)
    whole, windows = PurePosixPath(text), PureWindowsPath(text)
    path = folder / text
    if whole.is_absolute() or windows.drive or windows.root or "\0" in text or not is_below(folder, path):
        raise LeadsOut(
            tr(f"« {text[:120]} » mène hors de {folder}, refusé", f"“{text[:120]}” leads out of {folder}, refused")
        )
    return path


def found(folder: Path, *names: str | PurePosixPath) -> Path | None:
    """The first of these that is there below a folder; what leads out of it is not there."""
    for name in names:
        try:
            path = inside(folder, name)
        except LeadsOut:
            continue
        if path.exists():
            return path
    return None


def json_of(path: Path) -> Any:
    """A JSON file.

    Raises:
        InputError: it is too large.
        OSError, ValueError: it cannot be read, or is none.
    """
    if (size := path.stat().st_size) > LARGEST:
        limit = number(LARGEST // 2**20)
        raise InputError(tr(f"{number(size // 2**20)} Mio, trop pour être lu (au plus {limit})",
                            f"{number(size // 2**20)} MiB, too large to be read ({limit} at most)"))  # fmt: skip
    return json.loads(path.read_text(encoding="utf-8"))


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file that are not empty, one at a time.

    Raises:
        InputError: one is too long.
    """
    with path.open("rb") as file:
        place = 0
        while line := file.readline(LONGEST_LINE + 1):
            place += 1
            if len(line) > LONGEST_LINE:
                raise InputError(tr(f"ligne {number(place)} : trop longue pour être lue",
                                    f"line {number(place)}: too long to be read"))  # fmt: skip
            if line.strip():
                yield line


def dialogues_of(path: Path) -> Iterator[Dialogue]:
    """The dialogues of a split.

    Raises:
        ValueError, KeyError, TypeError: a line is none.
    """
    for line in lines_of(path):
        yield Dialogue.from_json(json.loads(line))


def below(path: Path, folder: Path) -> str:
    """A path as it is told: below the folder where it is."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def is_below(folder: Path, path: Path) -> bool:
    """Whether a path is below a folder, links followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a link that leads to itself; a name that no file can have
        return False
