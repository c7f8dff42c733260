"""Dialogues in a JSON Lines file: the common ``messages`` form, or questions and answers under the names of a CSV file.

Upstream: the user's own file (.jsonl, gzipped or not), UTF-8. Licence: its owner's. Other keys than those below,
``group``, ``id`` and ``meta`` are left aside.

Sample rows, whose forms may be mixed::

    {"messages": [{"role": "user", "content": "Bonjour"}, {"role": "assistant", "content": "Bonjour à vous."}]}
    {"question": "Où est mon colis ?", "réponse": "Suivez-le dans « Mon compte »."}
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.language import tr
from datasets_prep.rows import Rejected, Row
from datasets_prep.sources.csv_pairs import OWN_FILE, UNKNOWN_LICENCE, find_columns, own_file
from datasets_prep.spec import DatasetSpec, Given, Reading
from datasets_prep.text_files import read_text_file

MESSAGE_KEYS = ("role", "content", "context")


def read(given: Given) -> Reading:
    """Opens the user's JSONL file.

    Raises:
        InputError: no file is given, or it cannot be read.
    """
    path = own_file(given, "dialogues.jsonl")
    text, encoding = read_text_file(path)
    return Reading(rows=_rows(text), files=(path,), guessed={"encoding": encoding})


def _rows(text: str) -> Iterator[Row | Rejected]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _row(number, line)


def _row(number: int, line: str) -> Row | Rejected:
    place = tr(f"ligne {number}", f"line {number}")
    try:
        record = json.loads(line)
        dialogue = _dialogue(record)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        return Rejected(place=place, reason="not_a_dialogue", detail=str(error), question=line)
    original = {"original_id": record["id"]} if "id" in record else {}
    return Row(
        key=str(number),
        place=place,
        question=dialogue.question,
        answer=dialogue.answer,
        context=dialogue.messages[-2].context,
        group=dialogue.group,
        history=dialogue.messages[:-2],
        meta={"line": number, **original, **dialogue.meta},
    )


def _dialogue(record: dict[str, Any]) -> Dialogue:
    if "messages" not in record:
        record = {**record, **_of_pair(record)}
    messages = [{key: turn[key] for key in MESSAGE_KEYS if key in turn} for turn in record["messages"]]
    if not all(isinstance(value, str) for message in messages for value in message.values()):
        raise ValueError("a message holds something else than text")
    json.dumps(record, ensure_ascii=False).encode()  # UnicodeEncodeError: half of a surrogate pair, not a text
    group, meta = record.get("group") or "", record.get("meta") or {}
    return Dialogue.from_json({"id": "", "source": "", "group": group, "meta": meta, "messages": messages})


def _of_pair(record: Mapping[str, Any]) -> dict[str, Any]:
    """The pair as `messages` and `group`. Raises KeyError when there is no question or no answer."""
    pair = {role: record[key] for role, key in find_columns(list(record)).items()}
    question = {"role": "user", "content": pair["question"], "context": pair.get("context") or ""}
    return {"messages": [question, {"role": "assistant", "content": pair["answer"]}], "group": pair.get("group")}


SPEC = DatasetSpec(
    name="jsonl",
    title=("Votre fichier JSONL de dialogues", "Your JSONL file of dialogues"),
    language="",
    size=("", ""),
    origin=OWN_FILE,
    licence=UNKNOWN_LICENCE,
    read=read,
    takes_file=True,
)
