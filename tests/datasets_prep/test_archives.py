"""ZIP archives: read in memory, held to limits, refused in one or two clear lines."""

import errno
import gzip
import io
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from chatbot.errors import InputError
from datasets_prep import archives
from datasets_prep.archives import MOST_MEMBERS, member_lines, open_unpacked, read_member, zip_members

MEBIBYTE = 2**20


@pytest.fixture
def archive(tmp_path):
    """Writes an archive of these files."""

    def write(**files: bytes) -> Path:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
            for name, data in files.items():
                written.writestr(name, data)
        return path

    return write


def refused(path, *, largest=MEBIBYTE):
    with pytest.raises(InputError) as caught:
        for name in zip_members(path, largest=largest):
            read_member(path, name, largest=largest)
    assert len(str(caught.value).splitlines()) <= 2
    return str(caught.value).replace("\u00a0", " ")


def test_members_without_folders_and_litter(archive):
    path = archive(**{"d/": b"", "d/a.txt": b"A\nB", "__MACOSX/d/._a.txt": b"x", "d/.DS_Store": b"y"})
    assert zip_members(path) == ("d/a.txt",)
    assert read_member(path, "d/a.txt") == b"A\nB"
    assert list(member_lines(path, "d/a.txt", longest=9)) == [b"A\n", b"B"]
    assert list(member_lines(path, "d/a.txt", longest=1)) == [b"A", b"\n", b"B"]
    with open_unpacked(path) as file:  # the only file of it
        assert file.read() == b"A\nB"


def test_a_bomb_is_refused_before_it_is_read(archive):
    path = archive(**{"bomb.txt": bytes(300 * MEBIBYTE)})
    assert path.stat().st_size < MEBIBYTE
    tracemalloc.start()
    message = refused(path, largest=64 * MEBIBYTE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "« bomb.txt » dépasse 64 Mio une fois décompressé" in message
    assert most < 4 * MEBIBYTE


def test_a_bomb_that_lies_about_its_size(archive):
    """The sizes in the archive's directory are mere words."""
    path = archive(**{"bomb.txt": bytes(8 * MEBIBYTE)})
    data = path.read_bytes()
    path.write_bytes(data.replace((8 * MEBIBYTE).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    assert zip_members(path, largest=MEBIBYTE) == ("bomb.txt",)
    refused(path)  # Python's own reader stops at the size told, and finds the check sum wrong


def test_lines_are_held_to_the_limit_too(archive):
    path = archive(**{"a.txt": b"line\n" * 1000})
    lines = member_lines(path, "a.txt", longest=9, largest=2000)
    with pytest.raises(InputError, match="une fois décompressé"):
        list(lines)
    assert len(list(member_lines(path, "a.txt", longest=9, largest=5000))) == 1000


def test_too_many_files(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(MOST_MEMBERS + 1):
            archive.writestr(f"{number}.txt", b"")
    assert "10\u202f001 fichiers dans l'archive" in refused(path)


def test_what_is_no_archive(tmp_path, archive):
    path = archive(**{"a.txt": b"text " * 1000})
    whole = path.read_bytes()
    for data in (whole[:-30], b"<html>", b""):
        path.write_bytes(data)
        assert "archive incomplète ou abîmée" in refused(path)
    path.write_bytes(whole.replace(whole[40:60], bytes(20), 1))  # inside the data
    assert "archive incomplète ou abîmée" in refused(path)
    assert "fichier introuvable" in refused(tmp_path / "absent.zip")


def test_a_name_that_is_not_in_the_encoding_it_tells(archive):
    """The directory, or the head of the file itself, says UTF-8 of bytes that are none."""
    path = archive(**{"été.txt": b"text"})
    data, name = path.read_bytes(), "été.txt".encode()
    for place in (data.index(name), data.rindex(name)):
        path.write_bytes(data[:place] + b"\xe9t\xe9__" + data[place + 5 :])
        assert "archive incomplète ou abîmée" in refused(path)


def test_a_file_without_a_name(archive):
    path = archive(**{"a.txt": b"text"})
    with zipfile.ZipFile(path, "a") as written:
        nameless = zipfile.ZipInfo("x")
        nameless.filename = ""
        written.writestr(nameless, b"?")
    assert zip_members(path) == ("a.txt",)


class FailingDisk(io.BytesIO):
    """A file whose disk fails from the n-th read on."""

    def __init__(self, data: bytes, sound: int) -> None:
        super().__init__(data)
        self.sound = sound

    def read(self, size: int | None = -1) -> bytes:
        self.sound -= 1
        if self.sound < 0:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_a_failing_disk_is_not_told_as_a_damaged_archive(tmp_path, archive, monkeypatch):
    archived = archive(**{"a.txt": b"text " * 1000})
    gzipped = tmp_path / "a.txt.gz"
    gzipped.write_bytes(gzip.compress(b"text " * 1000))
    for path in (archived, gzipped):
        told = Counter()
        for sound in range(1, 30):
            disk = FailingDisk(path.read_bytes(), sound)
            monkeypatch.setattr(archives, "_open", lambda path, disk=disk: disk)
            try:
                with open_unpacked(path) as file:
                    assert file.read() == b"text " * 1000
                told["read"] += 1
            except InputError as error:
                told[str(error).replace("\u00a0", " ").partition(" : ")[2]] += 1
        assert told.keys() == {"read", "lecture impossible (Input/output error)."} and min(told.values()) > 2


def test_an_office_document_is_told_as_such(archive):
    for name in ("[Content_Types].xml", "mimetype"):
        path = archive(**{name: b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"})
        with pytest.raises(InputError, match="CSV UTF-8"), open_unpacked(path):
            pass


def test_a_locked_archive(archive):
    path = archive(**{"a.txt": b"text"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag, in the file's own head and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "protégée par un mot de passe" in refused(path)
