"""The bytes of a file, unpacked as they are read: gzip, a ZIP that holds one file, or neither; a ZIP member by member.

Nothing is ever unpacked to the disk. What an archive says of its sizes is checked before anything is read; what really
comes out is counted while reading, for an archive may lie: a bomb is refused while it swells, and costs neither memory
nor time.
"""

import errno
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from chatbot.errors import InputError, cannot_read, no_file, no_such_file
from chatbot.language import number, tr

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
OFFICE = {"[Content_Types].xml", "mimetype"}  # names that Word and Excel, or OpenDocument, have in their files
UNPACKED_FREELY = 64 * 2**20  # bytes an archive may hold, however well they were packed
LARGEST_RATIO = 200  # beyond them: bytes out for one byte in; texts give 3 to 50, a bomb about 1,000
MOST_MEMBERS = 10_000  # of a ZIP of several files
LARGEST = 2**30  # bytes of one of its files: far above any file of questions and answers


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """The bytes of the file, or of the one file within it.

    Raises:
        InputError: no such file; it cannot be read; a damaged archive, one of several files, or a bomb (also while
            reading).
    """
    with ExitStack() as stack:
        packed = stack.enter_context(_open(path))
        start = packed.read(4)
        packed.seek(0)
        if start.startswith(GZIP):
            yield _guarded(path, packed.tell, cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=packed))))
        elif start.startswith(ZIP):
            archive = _archive(path, packed)
            yield stack.enter_context(_open_member(path, archive, _only_member(path, archive), None))
        else:
            yield packed


def name_inside(path: Path) -> str:
    """The name of the one file that a ZIP holds.

    Raises:
        InputError: as `open_unpacked`.
    """
    with _open(path) as packed:
        return _only_member(path, _archive(path, packed)).filename


def zip_members(path: Path, *, largest: int = LARGEST) -> tuple[str, ...]:
    """The names of the files in a ZIP, without folders and without what macOS adds.

    Args:
        path: the archive.
        largest: bytes above which one file of it is refused.

    Raises:
        InputError: not a ZIP archive, damaged, locked by a password, a bomb, or larger than the limits.
    """
    with _open(path) as packed:
        members = _files_in(_archive(path, packed))
    if len(members) > MOST_MEMBERS:
        raise _too_many(path, len(members))
    for member in members:
        _check(path, member, largest)
    return tuple(member.filename for member in members)


def read_member(path: Path, name: str, *, largest: int = LARGEST) -> bytes:
    """One file of a ZIP, whole.

    Raises:
        InputError: as `zip_members`; or more bytes come out than `largest`.
    """
    with _named_member(path, name, largest) as file:
        return file.read()


def member_lines(path: Path, name: str, *, longest: int, largest: int = LARGEST) -> Iterator[bytes]:
    """The lines of one file of a ZIP, one at a time; what is longer than `longest` bytes comes in pieces.

    Raises:
        InputError: as `read_member`.
    """
    with _named_member(path, name, largest) as file:
        yield from iter(lambda: file.readline(longest), b"")


class _Guarded(io.RawIOBase):
    """An archive's content: what reading it raises is told in our words, and a bomb is refused."""

    def __init__(
        self, path: Path, packed_size: Callable[[], int], unpacked: BinaryIO, name: str, largest: int | None
    ) -> None:
        self._path, self._packed_size, self._unpacked, self._size = path, packed_size, unpacked, 0
        self._name, self._largest = name, largest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        try:
            data = self._unpacked.read(len(buffer))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise _unread(self._path, error) from error
        self._size += len(data)
        if self._largest is not None and self._size > self._largest:
            raise _too_large(self._path, self._name, self._largest)
        if _is_bomb(self._size, self._packed_size()):
            raise _bomb(self._path)
        buffer[: len(data)] = data
        return len(data)


def _guarded(
    path: Path, packed_size: Callable[[], int], unpacked: BinaryIO, name: str = "", largest: int | None = None
) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Guarded(path, packed_size, unpacked, name, largest), 2**20))


@contextmanager
def _named_member(path: Path, name: str, largest: int) -> Iterator[BinaryIO]:
    with _open(path) as packed:
        archive = _archive(path, packed)
        with _open_member(path, archive, archive.getinfo(name), largest) as file:
            yield file


@contextmanager
def _open_member(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, largest: int | None
) -> Iterator[BinaryIO]:
    _check(path, member, largest)
    try:
        unpacked = archive.open(member)
    except (zipfile.BadZipFile, OSError, NotImplementedError, UnicodeDecodeError) as error:
        raise _unread(path, error) from error
    with unpacked:
        yield _guarded(path, lambda: member.compress_size, cast(BinaryIO, unpacked), member.filename, largest)


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise no_file(path)
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise no_such_file(path) from error
    except OSError as error:
        raise cannot_read(path, error) from error


def _archive(path: Path, packed: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(packed)
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError, NotImplementedError) as error:
        raise _unread(path, error) from error


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    if OFFICE & set(archive.namelist()):
        raise excel(path)
    members = _files_in(archive)
    if len(members) != 1:
        raise _several(path, len(members))
    return members[0]


def _files_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [one for one in archive.infolist() if not _is_folder(one.filename) and not _is_litter(one.filename)]


def _is_folder(name: str) -> bool:
    """As `ZipInfo.is_dir`, which fails on a name without a letter."""
    return not name or name.endswith("/")


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _check(path: Path, member: zipfile.ZipInfo, largest: int | None) -> None:
    """Refuses a file of a ZIP by what the archive says of it."""
    if largest is not None and member.file_size > largest:
        raise _too_large(path, member.filename, largest)
    if _is_bomb(member.file_size, member.compress_size):
        raise _bomb(path)
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            tr(
                f"{path} : archive protégée par un mot de passe, ou d'une compression inconnue.\n"
                "Décompressez-la, puis donnez le fichier.",
                f"{path}: an archive with a password, or of an unknown compression.\nUnpack it, then give the file.",
            )
        )


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > UNPACKED_FREELY and unpacked > LARGEST_RATIO * packed


def _bomb(path: Path) -> InputError:
    ratio = number(LARGEST_RATIO)
    return InputError(
        tr(
            f"{path} : archive qui enfle de plus de {ratio} fois, comme une bombe ; elle n'est pas lue plus loin.\n"
            "Si vous êtes sûrs d'elle, décompressez-la, puis donnez le fichier.",
            f"{path}: an archive that swells more than {ratio} times, like a bomb; it is read no further.\n"
            "If you trust it, unpack it, then give the file.",
        )
    )


def _too_large(path: Path, name: str, largest: int) -> InputError:
    short, limit = PurePosixPath(name).name, number(largest / 2**20)
    return InputError(
        tr(
            f"{path} : « {short} » dépasse {limit} Mio une fois décompressé ; rien n'en est gardé.",
            f"{path}: “{short}” is larger than {limit} MiB once unpacked; nothing of it is kept.",
        )
    )


def _too_many(path: Path, count: int) -> InputError:
    found, most = number(count), number(MOST_MEMBERS)
    return InputError(
        tr(
            f"{path} : {found} fichiers dans l'archive, {most} au plus.",
            f"{path}: {found} files in the archive, {most} at most.",
        )
    )


def _unread(path: Path, error: Exception) -> InputError:
    """The error for an archive that cannot be read: damaged, unless the disk failed."""
    for one in (error, error.__context__):  # zipfile says "not a zip file" of a disk that fails while it looks
        if isinstance(one, OSError) and one.errno not in (None, errno.EINVAL):  # EINVAL: it points before its own start
            return cannot_read(path, one)
    return _damaged(path)


def _damaged(path: Path) -> InputError:
    return InputError(
        tr(
            f"{path} : archive incomplète ou abîmée (gzip, ZIP ou classeur Excel). Téléchargez-la de nouveau ;\n"
            "pour un tableau, enregistrez-le en « CSV UTF-8 » (Excel, LibreOffice).",
            f"{path}: incomplete or damaged archive (gzip, ZIP or Excel workbook). Download it again;\n"
            "for a table, save it as “CSV UTF-8” (Excel, LibreOffice).",
        )
    )


def excel(path: Path) -> InputError:
    """The error for a workbook, with its cure."""
    return InputError(
        tr(
            f"{path} : c'est un classeur Excel ou un autre document bureautique, pas un fichier texte.\n"
            "Ouvrez-le, puis Fichier > Enregistrer sous > « CSV UTF-8 » (une feuille à la fois), et donnez ce fichier.",
            f"{path}: an Excel workbook or another office document, not a text file.\n"
            "Open it, then File > Save As > “CSV UTF-8” (one sheet at a time), and give that file.",
        )
    )


def _several(path: Path, count: int) -> InputError:
    return InputError(
        tr(
            f"{path} : l'archive contient {number(count)} fichiers, il en faut un seul.\n"
            "Décompressez-la, puis donnez le fichier voulu.",
            f"{path}: the archive holds {number(count)} files, one is needed.\nUnpack it, then give the file you want.",
        )
    )
