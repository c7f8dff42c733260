"""Dialogues in a JSON or JSON Lines file, in any of the usual shapes (see `json_shapes`).

Upstream: the user's own file (.jsonl, .json, gzipped, zipped or neither). Licence: its owner's. Other keys than those
of the shapes, ``group``, ``id`` and ``meta`` are left aside.

Sample rows, whose forms may be mixed::

    {"messages": [{"role": "user", "content": "Bonjour"}, {"role": "assistant", "content": "Bonjour à vous."}]}
    {"question": "Où est mon colis ?", "réponse": "Suivez-le dans « Mon compte »."}
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.json_shapes import NO_DIALOGUE, TwoDialogues, dialogues_of, records_in
from datasets_prep.json_values import JsonFile, read_json_file
from datasets_prep.own_licence import UNKNOWN_LICENCE
from datasets_prep.repairs import Repair, is_unreadable, mended_value, shown_bytes
from datasets_prep.rows import Rejected, Row
from datasets_prep.sources.csv_pairs import OWN_FILE, own_file
from datasets_prep.spec import DatasetSpec, Given, Reading

TAKEN = "messages, conversations, question + answer, instruction + output, patterns + responses"
MOST_NAMES, LONGEST_NAME = 6, 30  # keys shown of an object, characters of each


def read(given: Given) -> Reading:
    """Opens the user's JSON or JSONL file.

    Raises:
        InputError: no file is given, or it cannot be read.
    """
    path = own_file(given, "dialogues.jsonl")
    file = read_json_file(path, given.encoding)
    repairs: Counter[str] = Counter()
    return Reading(
        rows=_some_dialogues(path, _rows(file, repairs), file.first),
        files=(path,),
        guessed={"encoding": file.encoding, "repairs": repairs},
        remarks=(f"{file.encoding}, {shape_in_words(file)}.",),
        repairs=lambda: _repairs(path, given),
    )


def shape_in_words(file: JsonFile) -> str:
    """ "one object per line", "one list of 14 items", "one object with the keys: questions, version"."""
    if file.by_line:
        return tr("un objet par ligne", "one object per line")
    if isinstance(file.first, list):
        count = number(len(file.first))
        return tr(f"un document JSON : une liste (éléments : {count})", f"a JSON document: a list (items: {count})")
    if isinstance(file.first, dict):
        keys = names_in_words(file.first)
        return tr(f"un document JSON : un objet (clés : {keys})", f"a JSON document: an object (keys: {keys})")
    return tr("un document JSON", "a JSON document")


def _some_dialogues(path: Path, rows: Iterator[Row | Rejected], first: Any) -> Iterator[Row | Rejected]:
    """The rows.

    Raises:
        InputError: at their end, none of them is a dialogue; the keys found are named beside those that are taken.
    """
    read = others = 0
    for row in rows:
        read += 1
        others += not (isinstance(row, Rejected) and row.reason == "not_a_dialogue")
        yield row
    record = None if others else _first_record(first)
    if not record:
        return
    found, count = names_in_words(record), number(read)
    raise InputError(
        tr(
            f"{path} : aucun dialogue parmi {count}. Clés du premier objet : {found}. Sont reconnues, par exemple : {TAKEN}.\n"
            "Renommez vos clés, ou enregistrez un tableau CSV et dites ses colonnes par --columns.",
            f"{path}: no dialogue among {count}. Keys of the first object: {found}. Known ones are, for example: {TAKEN}.\n"
            "Rename your keys, or save a CSV table and say its columns by --columns.",
        )
    )


def _first_record(value: Any) -> dict[str, Any]:
    """The first object that may have been meant as a dialogue; an empty one where there is none."""
    try:
        record = next(records_in(value), None)
    except RecursionError:
        return {}
    return record if isinstance(record, dict) else {}


def names_in_words(record: Mapping[str, Any]) -> str:
    """The keys of an object, the first few, each shortened."""
    plain = (" ".join(name.encode("utf-8", "backslashreplace").decode().split()) for name in islice(record, MOST_NAMES))
    names = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in plain]
    return ", ".join([*names, *(["…"] if len(record) > MOST_NAMES else [])])


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A record, the line where it stands (0: in a document), its number and its text there (0, "": see `_found`)."""

    line: int
    number: int
    record: Any
    repairs: tuple[Repair, ...]
    text: str

    @property
    def origin(self) -> dict[str, int]:
        places = {"line": self.line, "item": self.number}
        return {name: place for name, place in places.items() if place}

    @property
    def place(self) -> str:
        line, item = tr(f"ligne {self.line}", f"line {self.line}"), tr(f"élément {self.number}", f"item {self.number}")
        return ", ".join(words for words, place in ((line, self.line), (item, self.number)) if place)


def _found(file: JsonFile) -> Iterator[_Found | Rejected]:
    """Every record of the file, its texts mended."""
    for value in file.values:
        line = value.line
        if value.fault:
            yield _rejected(_Found(line=line, number=0, record=None, repairs=(), text=value.text), value.fault)
            continue
        try:
            records = list(records_in(value.value))
        except RecursionError as error:
            yield _rejected(
                _Found(line=line, number=0 if line else 1, record=None, repairs=(), text=value.text), str(error)
            )
            continue
        alone = len(records) == 1  # else the text of the line is that of all of them
        for place, record in enumerate(records, start=1):
            number_there, text = (0 if line and alone else place), (value.text if alone else "")
            yield _mended(_Found(line=line, number=number_there, record=record, repairs=(), text=text))


def _mended(found: _Found) -> _Found | Rejected:
    try:
        record, repairs = mended_value(found.record)
    except RecursionError as error:
        return _rejected(found, str(error))
    return replace(found, record=record, repairs=tuple(repairs))


def _rows(file: JsonFile, repairs: Counter[str]) -> Iterator[Row | Rejected]:
    for found in _found(file):
        if isinstance(found, Rejected):
            yield found
            continue
        rows = list(_of_record(found))
        if not isinstance(rows[0], Rejected):
            repairs.update(repair.kind for repair in found.repairs)
        yield from rows


def _of_record(found: _Found) -> Iterator[Row | Rejected]:
    try:
        dialogues = dialogues_of(found.record)
        if not dialogues:
            raise ValueError("empty")
    except TwoDialogues as error:
        yield _rejected(found, str(error), "two_dialogues")
        return
    except NO_DIALOGUE as error:
        yield _rejected(found, str(error))
        return
    original = {"original_id": found.record["id"]} if "id" in found.record else {}
    repaired = {"repaired": sorted({repair.kind for repair in found.repairs})} if found.repairs else {}
    key = "-".join(map(str, found.origin.values()))
    for part, dialogue in enumerate(dialogues, start=1):
        meta = {**found.origin, **original, **repaired}
        yield _row(f"{key}-{part}" if len(dialogues) > 1 else key, found.place, dialogue, meta)


def _rejected(found: _Found, detail: str, reason: str = "not_a_dialogue") -> Rejected:
    dumped = _dumped(found.record) if found.record is not None else ""
    reason = "unreadable_bytes" if is_unreadable(dumped or found.text) else reason
    text = shown_bytes(found.text or dumped).encode("utf-8", "backslashreplace").decode()
    return Rejected(place=found.place, reason=reason, detail=detail, text=text)


def _dumped(record: Any) -> str:
    """The record as JSON; "" where it is nested too deep to be written."""
    try:
        return json.dumps(record, ensure_ascii=False)
    except RecursionError:
        return ""


def _repairs(path: Path, given: Given) -> Iterator[dict[str, Any]]:
    for found in _found(read_json_file(path, given.encoding)):
        if isinstance(found, _Found) and not isinstance(next(_of_record(found)), Rejected):
            for repair in found.repairs:
                yield {**found.origin, **repair.to_json()}


def _row(key: str, place: str, dialogue: Dialogue, origin: dict[str, Any]) -> Row:
    return Row(
        key=key,
        place=place,
        question=dialogue.question,
        answer=dialogue.answer,
        context=dialogue.messages[-2].context,
        group=dialogue.group,
        history=dialogue.messages[:-2],
        meta={**origin, **dialogue.meta},
    )


SPEC = DatasetSpec(
    name="jsonl",
    title=("Votre fichier JSON ou JSONL de dialogues", "Your JSON or JSONL file of dialogues"),
    language="",
    size=("", ""),
    origin=OWN_FILE,
    licence=UNKNOWN_LICENCE,
    read=read,
    takes_file=True,
    takes=frozenset({"encoding", "licence"}),
)
