"""Names of people: keys for names of files, and who is meant by a name that somebody typed."""

import re
import unicodedata
from collections.abc import Sequence

LONGEST_KEY = 40
# Letters that no decomposition takes an accent from.
JOINED = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
# What Windows accepts as the name of no file, whatever its extension.
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10))}


def tidy(name: str) -> str:
    """The name without blanks around or twice, its accents in one form (NFC)."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def ascii_key(name: str) -> str:
    """ "Zoé Lœvenbruck-N'Diaye" → "zoe-loevenbruck-n-diaye"; "" where no letter of it can be written so."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(JOINED))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_KEY].strip("-")


def keys_of(names: Sequence[str]) -> list[str]:
    """A key for each name, no two alike: "zoe-martin", "zoe-martin-2"; "membre-3" where letters are of another script."""
    keys: list[str] = []
    for place, name in enumerate(names, start=1):
        key = ascii_key(name)
        if not key or key in RESERVED:
            key = f"membre-{place}"
        number = 2
        base = key
        while key in keys:
            key, number = f"{base}-{number}", number + 1
        keys.append(key)
    return keys


def place_among(name: str, names: Sequence[str]) -> int | None:
    """Whom a name means: the same one, else the only one that is it without case and accents, else the only first name."""
    asked = tidy(name)
    if asked in names:
        return names.index(asked)
    for form in (ascii_key, _first_name):
        key = ascii_key(asked)
        same = [place for place, known in enumerate(names) if key and form(known) == key]
        if len(same) == 1:
            return same[0]
    return None


def _first_name(name: str) -> str:
    return ascii_key(name.split()[0]) if name.split() else ""
