"""Files that appear whole or not at all: written beside their place, brought to the disk, then renamed; and locks on files."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_LONE = re.compile("[\ud800-\udfff]+")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Calls ``write(temporary)`` beside `path`, then renames `temporary` to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        write(temporary)
        on_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def on_disk(path: Path) -> None:
    """Waits until a file, or every file in a folder, has left the system's memory for the disk.

    Without that a machine that loses power may keep the new name and lose what is in the file: it comes back empty.
    """
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb" if os.name == "posix" else "rb+") as opened:  # Windows: only what may be written
                os.fsync(opened.fileno())


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with line feeds, on every system."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def json_line(value: Any) -> str:
    """The value as one line of a JSONL file, which UTF-8 can always hold.

    Bytes that were no text (lone surrogates, as ``errors="surrogateescape"`` makes them) stand as "\\xE9".
    """
    line = json.dumps(value, ensure_ascii=False)
    if not line.isascii():
        line = _LONE.sub(lambda run: "".join(map(_escaped, run[0])), line)
    return line + "\n"


def _escaped(surrogate: str) -> str:
    code = ord(surrogate)
    return f"\\\\x{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def folder_written_whole(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Gives a temporary folder that becomes `path` when the block ends without an exception.

    Args:
        path: the folder to create.
        replace: whether a folder already there is replaced.

    Raises:
        FileExistsError: `path` exists and `replace` is False.
    """
    if path.exists() and not replace:
        raise FileExistsError(str(path))
    temporary = path.with_name(f".{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        on_disk(temporary)
        if path.exists():
            old = path.with_name(f".{path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)  # not deleted before the new one has its place
            temporary.rename(path)
            shutil.rmtree(old)
        else:
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def hold(file: IO[bytes]) -> None:
    """Locks an open file for this process; the system lets go of it when it is closed, or with the process.

    Raises:
        OSError: another process holds it.
    """
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
