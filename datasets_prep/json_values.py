"""The JSON values of a file: one for each line (JSON Lines), or the one document that all its lines make.

The end of the file's name does not matter: people save one as the other. Where the first line is a value by itself, the
file is read line by line, in bounded memory; else it is read whole, up to `LARGEST_WHOLE`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.encodings import Encoding
from datasets_prep.text_files import TooLong, encoding_of, lines_of, open_text, read_text_file

NO_JSON = (ValueError, RecursionError)  # what the json module raises for a text that is none


@dataclass(frozen=True, kw_only=True)
class Value:
    """A JSON value and where it stands.

    Args:
        line: of the file, from 1; 0 for a document that takes the whole file.
        value: as the json module reads it.
        text: as it stands in the file, bytes that are no text as lone surrogates; "" for a document.
        fault: why it could not be read; "" when it could.
    """

    line: int
    value: Any = None
    text: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class JsonFile:
    """A file of JSON values.

    Args:
        values: all of them.
        encoding: as shown to the user.
        by_line: whether there is one on each of several lines, rather than one for the whole file.
        first: the first of them; None where it cannot be read.
    """

    values: Iterator[Value]
    encoding: str
    by_line: bool
    first: Any = None


def read_json_file(path: Path, encoding: str | None = None) -> JsonFile:
    """Opens a JSON or JSON Lines file, gzipped, zipped or neither.

    Raises:
        InputError: as `read_text_file`; a .json file that is neither a document nor lines of JSON.
    """
    found = encoding_of(path, encoding)
    head = _head(path, found)
    if not head or not head[0].fault:
        first = head[0].value if head else None
        return JsonFile(values=_lines(path, found), encoding=found.shown, by_line=len(head) > 1, first=first)
    text, shown = read_text_file(path, found)
    try:
        document = Value(line=0, value=_loaded(text))
    except NO_JSON as error:
        if _is_document(path):
            raise _no_json(path, error) from error
        return JsonFile(values=_lines(path, found), encoding=shown, by_line=True)
    return JsonFile(values=iter((document,)), encoding=shown, by_line=False, first=document.value)


def _head(path: Path, encoding: Encoding) -> list[Value]:
    """The first two values; one on a line too long to be read by itself has a fault."""
    head: list[Value] = []
    try:
        head += islice(_lines(path, encoding), 2)
    except TooLong as error:
        head.append(Value(line=0, fault=str(error)))
    return head


def _lines(path: Path, encoding: Encoding) -> Iterator[Value]:
    with open_text(path, encoding) as file:
        for line_number, line in enumerate(lines_of(path, file), start=1):
            if line.strip():
                yield _value(line_number, line)


def _value(line: int, text: str) -> Value:
    try:
        return Value(line=line, value=_loaded(text), text=text)
    except NO_JSON as error:
        return Value(line=line, text=text, fault=str(error))


def _loaded(text: str) -> Any:
    """The value of a text, without the byte-order marks that files put end to end, or read as chosen, keep."""
    return json.loads(text.lstrip("\ufeff"))


def _is_document(path: Path) -> bool:
    return ".json" in (suffix.lower() for suffix in path.suffixes)


def _no_json(path: Path, error: Exception) -> InputError:
    place, reason = "", str(error)
    if isinstance(error, json.JSONDecodeError):
        line, column = number(error.lineno), number(error.colno)
        place = tr(f", ligne {line}, colonne {column}", f", line {line}, column {column}")
        reason = error.msg
    elif isinstance(error, RecursionError):
        reason = tr("emboîté trop profondément", "nested too deep")
    return InputError(
        tr(
            f"{path}{place} : ce n'est pas du JSON ({reason}).\n"
            "Corrigez cet endroit (une virgule de trop, un guillemet qui manque…), ou refaites l'export.",
            f"{path}{place}: not JSON ({reason}).\n"
            "Mend that place (a comma too many, a quote that is missing…), or export it again.",
        )
    )
