"""Dialogues in a JSON or JSON Lines file, in any of the usual shapes (see `json_shapes`).

Upstream: the user's own file (.jsonl, .json, gzipped, zipped or neither). Licence: its owner's. Other keys than those
of the shapes, ``group``, ``id`` and ``meta`` are left aside.

Sample rows, whose forms may be mixed::

    {"messages": [{"role": "user", "content": "Bonjour"}, {"role": "assistant", "content": "Bonjour à vous."}]}
    {"question": "Où est mon colis ?", "réponse": "Suivez-le dans « Mon compte »."}
"""

import json
from collections.abc import Iterator
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.language import tr
from datasets_prep.json_shapes import NO_DIALOGUE, dialogues_of, records_in
from datasets_prep.json_values import JsonFile, Value, read_json_file
from datasets_prep.rows import Rejected, Row
from datasets_prep.sources.csv_pairs import OWN_FILE, UNKNOWN_LICENCE, own_file
from datasets_prep.spec import DatasetSpec, Given, Reading


def read(given: Given) -> Reading:
    """Opens the user's JSON or JSONL file.

    Raises:
        InputError: no file is given, or it cannot be read.
    """
    path = own_file(given, "dialogues.jsonl")
    file = read_json_file(path, given.encoding)
    form = (
        tr("un objet par ligne", "one object per line") if file.by_line else tr("un document JSON", "a JSON document")
    )
    return Reading(
        rows=_rows(file),
        files=(path,),
        guessed={"encoding": file.encoding},
        remarks=(f"{file.encoding}, {form}.",),
    )


def _rows(file: JsonFile) -> Iterator[Row | Rejected]:
    for value in file.values:
        if value.fault:
            yield Rejected(
                place=_place(value.line, 0), reason="not_a_dialogue", detail=value.fault, question=value.text
            )
            continue
        records = list(records_in(value.value))
        for number, record in enumerate(records, start=1):
            yield from _of_record(value, number if value.line == 0 or len(records) > 1 else 0, record)


def _of_record(value: Value, number: int, record: Any) -> Iterator[Row | Rejected]:
    """The rows of one record; `number` is its place in its document or line, 0 where it is alone there."""
    place = _place(value.line, number)
    try:
        dialogues = dialogues_of(record)
        if not dialogues:
            raise ValueError("empty")
    except NO_DIALOGUE as error:
        text = value.text or json.dumps(record)
        yield Rejected(place=place, reason="not_a_dialogue", detail=str(error), question=text)
        return
    origin = {"line": value.line} if value.line else {}
    origin |= {"item": number} if number else {}
    original = {"original_id": record["id"]} if "id" in record else {}
    key = "-".join(str(one) for one in (value.line, number) if one)
    for part, dialogue in enumerate(dialogues, start=1):
        yield _row(f"{key}-{part}" if len(dialogues) > 1 else key, place, dialogue, {**origin, **original})


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


def _place(line: int, number: int) -> str:
    item = tr(f"élément {number}", f"item {number}")
    if not line:
        return item
    where = tr(f"ligne {line}", f"line {line}")
    return f"{where}, {item}" if number else where


SPEC = DatasetSpec(
    name="jsonl",
    title=("Votre fichier JSON ou JSONL de dialogues", "Your JSON or JSONL file of dialogues"),
    language="",
    size=("", ""),
    origin=OWN_FILE,
    licence=UNKNOWN_LICENCE,
    read=read,
    takes_file=True,
)
