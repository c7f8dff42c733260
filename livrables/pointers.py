"""Places in a file, as facts note them, and what stands there.

/counts/read                      JSON pointer (RFC 6901) into JSON or YAML
jsonl:3/answer                    the same in the third line of a JSONL file
csv:2/loss                        column of the second row of a CSV file, as a number where it is one
median:loss                       median of a column
lines                             lines of a text file
leaf:/data                        the last part of a path or of an address: none of this machine's folders
count:/rows                       how many there are in a list
join:/a,/b                        several values: "yes, no"
fall:/before,/after               by how much the second is lower, in % of the first
exp:/loss                         e to that power: of a loss in nats, the perplexity
optional:/a/b                     "" where there is nothing: an answer too, and not one that is missing
header:elements                   numbers that a safetensors file holds, by its header
search:/best/value                JSON pointer into what the trials of a search folder sum up to
votes:/a/up                       JSON pointer into what the floor above says of a file of votes
votes:/a+/b                       the sum of two numbers there
"""

import csv
import io
import json
import math
import statistics
from collections.abc import Callable, Mapping
from pathlib import PureWindowsPath
from typing import Any

from livrables.fact import Value


def at(pointer: str, document: Any) -> Any:
    """What a JSON pointer leads to.

    Raises:
        LookupError: nothing is there.
    """
    found = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def joined(*names: str | int) -> str:
    """The JSON pointer of these names: ("a/b", 0) → "/a~1b/0"."""
    return "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)


def value_at(pointer: str, content: Any) -> Value:
    """The value at a place.

    Args:
        pointer: one of the forms above.
        content: of the file: its JSON or YAML value; for `jsonl:`, `csv:`, `median:` and `lines` its text; for
            `header:` its header; for `search:` and `votes:` their numbers.

    Raises:
        LookupError, ValueError, TypeError, ArithmeticError: nothing is there, or something else than a value.
    """
    form, sign, place = pointer.partition(":")
    if pointer == "lines":
        return len(content.removesuffix("\n").split("\n")) if content else 0
    if not sign or pointer.startswith("/"):
        return _plain(at(pointer, content))
    return FORMS[form](place, content)


def leaf(text: str) -> str:
    """The last part of a path of any system; an address as it is."""
    return text if "://" in text else PureWindowsPath(text).name or text


def _plain(found: Any) -> Value:
    """A single value: nothing is "", a flat list or object is one text: "query, value", "top_p=0.9"."""
    if found is None:
        return ""
    if isinstance(found, dict):
        found = [f"{name}={_plain(one)}" for name, one in found.items()]
    if isinstance(found, list) and not any(isinstance(one, list | dict) for one in found):
        return ", ".join(map(str, found))
    if isinstance(found, float) and not math.isfinite(found):
        raise ValueError("not finite")
    if isinstance(found, float | int | str | bool):
        return found
    raise TypeError(type(found).__name__)


def _optional(place: str, content: Any) -> Value:
    try:
        return _plain(at(place, content))
    except (LookupError, TypeError, ValueError):
        return ""


def _fall(place: str, content: Any) -> float:
    before, after = (float(at(one, content)) for one in place.split(","))
    return 100 * (1 - after / before)


def _line(place: str, content: str) -> Value:
    """Lines end at line feeds alone: a text may hold U+2028, which JSON leaves as it is."""
    number, _, pointer = place.partition("/")
    return _plain(at("/" + pointer, json.loads(content.split("\n")[int(number) - 1])))


def _cell(place: str, content: str) -> Value:
    row, _, column = place.partition("/")
    return _number(_rows(content)[int(row) - 1][column])


def _median(column: str, content: str) -> float:
    values = [float(row[column]) for row in _rows(content)]
    return statistics.median(value for value in values if math.isfinite(value))


def _votes(place: str, content: Any) -> Value:
    if "+" not in place:
        return _plain(at(place, content))
    return sum(int(at(one, content)) for one in place.split("+"))


def _rows(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content)))


def _number(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return text


FORMS: Mapping[str, Callable[[str, Any], Value]] = {
    "jsonl": _line,
    "csv": _cell,
    "median": _median,
    "leaf": lambda place, content: leaf(str(at(place, content))),
    "join": lambda place, content: ", ".join(str(at(one, content)) for one in place.split(",")),
    "count": lambda place, content: len(at(place, content)),
    "fall": _fall,
    "exp": lambda place, content: math.exp(float(at(place, content))),
    "optional": _optional,
    "header": lambda place, content: _plain(content[place]),
    "search": lambda place, content: _plain(at(place, content)),
    "votes": _votes,
}
