"""The bytes of a file, unpacked as they are read: gzip, a ZIP that holds one file, or neither.

What swells like a bomb is refused while it swells, so that it costs neither memory nor time.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from chatbot.errors import InputError
from chatbot.language import number, tr

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
UNPACKED_FREELY = 64 * 2**20  # bytes an archive may hold, however well they were packed
LARGEST_RATIO = 200  # beyond them: bytes out for one byte in; texts give 3 to 50, a bomb about 1,000
HIDDEN = ("__MACOSX/", ".")  # what macOS adds to an archive


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
            yield _guarded(path, packed, cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=packed))))
        elif start.startswith(ZIP):
            archive, member = _only_member(path, packed)
            yield _guarded(path, packed, cast(BinaryIO, stack.enter_context(_opened(path, archive, member))))
        else:
            yield packed


def name_inside(path: Path) -> str:
    """The name of the one file that a ZIP holds.

    Raises:
        InputError: as `open_unpacked`.
    """
    with _open(path) as packed:
        return _only_member(path, packed)[1].filename


class _Guarded(io.RawIOBase):
    """An archive's content: what reading it raises is told in our words, and a bomb is refused."""

    def __init__(self, path: Path, packed: BinaryIO, unpacked: BinaryIO):
        self._path, self._packed, self._unpacked, self._size = path, packed, unpacked, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        try:
            data = self._unpacked.read(len(buffer))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise _damaged(self._path) from error
        self._size += len(data)
        if _is_bomb(self._size, self._packed.tell()):
            raise _bomb(self._path)
        buffer[: len(data)] = data
        return len(data)


def _guarded(path: Path, packed: BinaryIO, unpacked: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Guarded(path, packed, unpacked), 2**20))


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise InputError(tr(f"{path} : c'est un dossier, pas un fichier.", f"{path}: a folder, not a file."))
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError(tr(f"{path} : fichier introuvable.", f"{path}: no such file.")) from error
    except OSError as error:
        raise InputError(
            tr(f"{path} : lecture impossible ({error.strerror}).", f"{path}: cannot be read ({error.strerror}).")
        ) from error


def _only_member(path: Path, packed: BinaryIO) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    try:
        archive = zipfile.ZipFile(packed)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path) from error
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        raise excel(path)
    members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith(HIDDEN)]
    if len(members) != 1:
        raise _several(path, len(members))
    (member,) = members
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
    return archive, member


def _opened(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(member)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path) from error


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
