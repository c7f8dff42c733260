"""Which encoding the bytes of a file are in, found in one pass over them.

In order: a byte-order mark; UTF-16 without one, known by its zero bytes; UTF-8 when all bytes are, or when most
characters beyond ASCII are (then the few others are repaired one by one, see `repairs`); else a single-byte encoding:
cp1252, the one of Windows, which latin-1 is but a part of, or MacRoman when charset-normalizer is sure of it.
"""

import codecs
import io
from collections.abc import Iterator
from typing import NamedTuple

from chatbot.errors import InputError
from chatbot.language import tr

SAMPLE = 64 * 2**10  # bytes
MARKS = {  # the longer first: that of UTF-32 begins like that of UTF-16
    codecs.BOM_UTF8: ("utf-8-sig", "utf-8 (BOM)"),
    codecs.BOM_UTF32_LE: ("utf-32", "utf-32 (BOM)"),
    codecs.BOM_UTF32_BE: ("utf-32", "utf-32 (BOM)"),
    codecs.BOM_UTF16_LE: ("utf-16", "utf-16 (BOM)"),
    codecs.BOM_UTF16_BE: ("utf-16", "utf-16 (BOM)"),
}
LOST = "\ufffd".encode()  # where some other program has lost a character
ESCAPING = ("utf-8", "utf-8-sig", "cp1252", "mac_roman")  # in which every unknown byte is above 0x7F
# What is read where a user names these: latin-1 has control characters where cp1252 has quotes and dashes, which no text
# means; a mark at the beginning is no part of the text.
MEANT = {"iso8859-1": "cp1252", "mac-roman": "mac_roman", "utf-8": "utf-8-sig"}
SURE = 0.1  # mess ratio of charset-normalizer by which one reading of the bytes must be better than the other


class Encoding(NamedTuple):
    """An encoding: its name in Python, and as shown to the user."""

    name: str
    shown: str

    @property
    def errors(self) -> str:
        """What bytes that it does not know become: lone surrogates, which keep the byte, or U+FFFD."""
        return "surrogateescape" if self.name in ESCAPING else "replace"

    @property
    def holds_lost(self) -> bool:
        """Whether U+FFFD can stand in the file itself; in other encodings it only comes of bytes they do not know."""
        return self.name.startswith("utf")


def chosen_encoding(name: str) -> Encoding:
    """The encoding that a user names: "latin-1", "cp1252", "utf-16".

    Raises:
        InputError: none of texts is called so.
    """
    try:
        io.TextIOWrapper(io.BytesIO(), name)  # refuses what is no encoding of texts
        known = codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise InputError(
            tr(
                f"--encoding {name} : encodage inconnu. Par exemple : utf-8, cp1252, utf-16, mac_roman.",
                f"--encoding {name}: unknown encoding. For example: utf-8, cp1252, utf-16, mac_roman.",
            )
        ) from error
    return Encoding(MEANT.get(known, known), known)


def detect_encoding(chunks: Iterator[bytes]) -> Encoding:
    """The encoding of a text given in chunks of bytes."""
    first = next(chunks, b"")
    for mark, (name, shown) in MARKS.items():
        if first.startswith(mark):
            return Encoding(name, shown)
    if name := _utf16_without_mark(first[:SAMPLE]):
        return Encoding(name, name)
    census = _Census()
    census.add(first)
    for chunk in chunks:
        census.add(chunk)
    if not census.broken or census.valid > census.broken:
        return Encoding("utf-8", "utf-8")
    return _single_byte(bytes(census.sample))


class _Census:
    """How many characters beyond ASCII are valid UTF-8, how many bytes are not, and some lines that have such bytes."""

    def __init__(self) -> None:
        self.valid, self.broken, self.sample = 0, 0, bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, chunk: bytes) -> None:
        if chunk.isascii() and not self._decoder.getstate()[0]:
            return
        text = self._decoder.decode(chunk)
        broken = max(0, text.count("\ufffd") - chunk.count(LOST))  # a text may hold the sign itself
        self.broken += broken
        self.valid += len(text) - len(text.encode("ascii", "ignore")) - broken
        if broken and len(self.sample) < SAMPLE:
            lines = b"\n".join(line for line in chunk.splitlines() if not line.isascii())
            self.sample += lines[: SAMPLE - len(self.sample)]


def _utf16_without_mark(start: bytes) -> str:
    """Texts of the Latin alphabet have a zero byte in nearly every pair."""
    even, odd, pairs = start[::2].count(0), start[1::2].count(0), len(start) // 2
    if pairs and odd > 0.5 * pairs and even < 0.1 * odd:
        return "utf-16-le"
    return "utf-16-be" if pairs and even > 0.5 * pairs and odd < 0.1 * even else ""


def _single_byte(sample: bytes) -> Encoding:
    """cp1252, unless charset-normalizer finds far less mess in the text read as MacRoman."""
    from charset_normalizer import from_bytes

    mess = {match.encoding: match.chaos for match in from_bytes(sample, cp_isolation=["cp1252", "mac_roman"])}
    if mess.get("mac_roman", 1.0) + SURE < mess.get("cp1252", 1.0):
        return Encoding("mac_roman", "mac_roman")
    return Encoding("cp1252", "cp1252")
