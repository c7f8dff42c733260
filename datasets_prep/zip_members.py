"""ZIP archives that others made: read member by member, in memory, with limits; nothing is ever unpacked to the disk.

A ZIP bomb is a small file that unpacks to more than the machine holds. What an archive *says* of its sizes is checked
before anything is read, and what really comes out is counted while reading, for an archive may lie.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from chatbot.errors import InputError
from chatbot.language import number, tr

MOST_MEMBERS = 10_000
LARGEST = 2**30  # bytes of one member: far above any file of questions and answers
BLOCK = 2**20


def zip_members(path: Path, *, largest: int = LARGEST) -> tuple[str, ...]:
    """The names of the files in an archive, without folders and without what macOS adds.

    Args:
        path: the archive.
        largest: bytes above which one file of it is refused.

    Raises:
        InputError: not a ZIP archive, damaged, locked by a password, or larger than the limits.
    """
    with _opened(path) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_MEMBERS:
            raise _refused(path, *_too_many(len(entries)))
        for entry in entries:
            if entry.flag_bits & 1:
                raise _refused(
                    path, "l'archive est protégée par un mot de passe", "the archive is locked by a password"
                )
            _check_size(path, entry.filename, entry.file_size, largest)
        return tuple(entry.filename for entry in entries if not entry.is_dir() and not _is_litter(entry.filename))


def read_member(path: Path, name: str, *, largest: int = LARGEST) -> bytes:
    """One file of an archive, whole.

    Raises:
        InputError: as `zip_members`; or more bytes come out than `largest`.
    """
    pieces, read = [], 0
    with _opened(path) as archive, archive.open(name) as member:
        while block := member.read(BLOCK):
            read += len(block)
            _check_size(path, name, read, largest)
            pieces.append(block)
    return b"".join(pieces)


def member_lines(path: Path, name: str, *, largest: int = LARGEST) -> Iterator[bytes]:
    """The lines of one file of an archive, one at a time; a single line is held to `LARGEST` bytes.

    Raises:
        InputError: as `read_member`.
    """
    read = 0
    with _opened(path) as archive, archive.open(name) as member:
        while line := member.readline(LARGEST):
            read += len(line)
            _check_size(path, name, read, largest)
            yield line


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise InputError(tr(f"{path} : fichier introuvable.", f"{path}: no such file.")) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _refused(
            path, "archive ZIP incomplète ou abîmée, téléchargez-la de nouveau",
            "incomplete or damaged ZIP archive, download it again",
        ) from error  # fmt: skip


def _check_size(path: Path, name: str, size: int, largest: int) -> None:
    if size > largest:
        limit = number(largest / 2**20)
        raise _refused(
            path,
            f"« {PurePosixPath(name).name} » dépasse {limit} Mio une fois décompressé ; rien n'en est gardé",
            f"“{PurePosixPath(name).name}” is larger than {limit} MiB once unpacked; nothing of it is kept",
        )


def _too_many(count: int) -> tuple[str, str]:
    found, most = number(count), number(MOST_MEMBERS)
    return f"{found} fichiers dans l'archive, {most} au plus", f"{found} files in the archive, {most} at most"


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _refused(path: Path, french: str, english: str) -> InputError:
    return InputError(tr(f"{path} : {french}.", f"{path}: {english}."))
