"""From a JSON value to the dialogues that it holds, whatever its shape.

{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}      one dialogue
{"conversations": [{"from": "human", "value": "…"}, {"from": "gpt", "value": "…"}]}           ShareGPT
{"question": "…", "answer": "…"}, {"instruction": "…", "input": "…", "output": "…"}           one pair, usual names
{"questions": ["…", "…"], "answer": "…"}                                                      one answer, phrasings
{"instruction": "…", "instances": [{"input": "…", "output": "…"}]}                            Self-Instruct
{"tag": "…", "patterns": ["…"], "responses": ["…"]}                                           intents of a chatbot
{"question": ["…", "…"], "answer": ["…", "…"]}                                                columns
{"questions": [{…}, {…}]}, {"data": [{…}]}, [{…}, {…}]                                        any of these, in a list
"""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from chatbot.dialogue import Dialogue
from datasets_prep.columns import COLUMN_NAMES, column_named, find_columns, find_pairs

TURNS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns")
ROLES = {
    "user": "user", "human": "user", "prompter": "user", "utilisateur": "user", "humain": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "chatbot": "assistant", "model": "assistant",
    "chatgpt": "assistant", "system": "system", "systeme": "system", "système": "system",
}  # fmt: skip
ROLE_KEYS, TEXT_KEYS = ("role", "from", "speaker"), ("content", "value", "text")
# What reading a record of no known shape may raise.
NO_DIALOGUE = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)


class TwoDialogues(ValueError):
    """A record with two unlike dialogues; its message names their keys."""


def records_in(value: Any) -> Iterator[Any]:
    """The records of a value: itself, or those within it; each is one for `dialogues_of`.

    Dialogues under another key of a record come as ``{key: …}``, which is no dialogue: what they are to the record is
    not known, so they are rejected, not lost.
    """
    if isinstance(value, list) and value:
        for item in value:
            yield from records_in(item) if isinstance(item, list) else (item,)
    elif isinstance(value, dict) and _is_record(value):
        yield value
        yield from ({name: part} for name, part in _others(value).items() if _holds_records(part))
    elif isinstance(value, dict) and (parts := _parts(value)):
        for part in parts:
            yield from records_in(part)
    else:
        yield value


def dialogues_of(record: Any) -> list[Dialogue]:
    """The dialogues of a record; without id and source.

    Raises:
        One of `NO_DIALOGUE`: it holds none.
    """
    json.dumps(record, ensure_ascii=False).encode()  # UnicodeEncodeError: half of a surrogate pair, not a text
    if any(key in record for key in TURNS):
        return [_dialogue(record, _turns(record), record.get("group"))]
    if "instances" in record:
        instances = ({**one, "instruction": record["instruction"]} for one in record["instances"])
        return [_of_pair({**_without(record, "instances"), **one}) for one in instances]
    if "patterns" in record and "responses" in record:
        return _of_intent(record)
    language_pairs = find_pairs(list(record))
    if len(language_pairs) > 1:
        group = " / ".join(
            str(record[pair.roles["question"]]) for pair in language_pairs
        )  # one group: the same said twice
        return [
            _of_pair({"group": group, **record}, {"group": "group", **pair.roles}, pair.language)
            for pair in language_pairs
        ]
    roles = language_pairs[0].roles if language_pairs else find_columns(list(record))
    if isinstance(record[roles["question"]], list):
        return _of_phrasings(record, roles)
    return [_of_pair(record, roles)]


def _is_record(value: Mapping[str, Any]) -> bool:
    """Whether it holds dialogues itself, rather than a list of records that do."""
    if any(key in value for key in (*TURNS, "instances")) or {"patterns", "responses"} <= value.keys():
        return True
    return any(isinstance(value[pair.roles["answer"]], str) for pair in find_pairs(list(value)))


def _others(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record holds beside its dialogues and their labels, texts and numbers left out."""
    nested = {name: part for name, part in record.items() if isinstance(part, dict | list)}
    own = {*TURNS, "instances", "patterns", "responses", "meta"}
    if nested.keys() - own:
        own |= {column for pair in find_pairs(list(record)) for column in pair.roles.values()}
    return {name: part for name, part in nested.items() if name not in own}


def _holds_records(value: Any) -> bool:
    """Whether there is a record anywhere within it."""
    if isinstance(value, dict):
        return _is_record(value) or bool(_columns(value)) or any(map(_holds_records, value.values()))
    return isinstance(value, list) and any(map(_holds_records, value))


def _parts(value: Mapping[str, Any]) -> list[Any]:
    """What of an object that is no record holds some: lists, other objects, and its columns as a list of their rows."""
    parts = {
        name: part
        for name, part in value.items()
        if (isinstance(part, list) and any(isinstance(item, dict) for item in part)) or _holds_records(part)
    }
    columns = _columns({name: part for name, part in value.items() if name not in parts})
    rows = [
        {name: cell for name, cell in zip(columns, cells, strict=True) if cell is not None}
        for cells in zip_longest(*columns.values())
    ]
    return [rows, *parts.values()] if rows else list(parts.values())


def _columns(value: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Lists of texts under the names of columns; pandas writes them as objects {"0": …, "1": …}."""
    columns = {name: list(one.values()) if isinstance(one, dict) else one for name, one in value.items()}
    lists = {name: one for name, one in columns.items() if isinstance(one, list)}
    roles = find_columns(list(lists))
    return lists if {"question", "answer"} <= roles.keys() else {}


def _turns(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """The turns of a record, which may give them under two keys, in two forms.

    Raises:
        TwoDialogues: they are not the same.
    """
    names = [key for key in TURNS if record.get(key)] or [key for key in TURNS if key in record]
    first, *others = ([_message(turn) for turn in record[name]] for name in names)
    if any(other != first for other in others):
        raise TwoDialogues(" ≠ ".join(names))
    return first


def _message(turn: Mapping[str, Any]) -> dict[str, str]:
    role, text = (next((turn[key] for key in keys if key in turn), None) for keys in (ROLE_KEYS, TEXT_KEYS))
    if role is None or text is None:  # a call of a tool has no text
        raise ValueError("a turn without a role or a text")
    role = str(role).strip().lower()
    if isinstance(text, list):  # parts, as some interfaces write them
        text = "\n".join(part["text"] for part in text)
    context = {"context": turn["context"]} if "context" in turn else {}
    return {"role": ROLES.get(role, role), "content": text, **context}


def _of_pair(record: Mapping[str, Any], roles: Mapping[str, str] | None = None, language: str = "") -> Dialogue:
    roles = roles or find_columns(list(record))
    pair = {role: record[key] for role, key in roles.items()}
    question = {"role": "user", "content": pair["question"], "context": pair.get("context") or ""}
    answer = {"role": "assistant", "content": pair["answer"]}
    return _dialogue(record, [question, answer], pair.get("group"), {"language": language} if language else {})


def _of_phrasings(record: Mapping[str, Any], roles: Mapping[str, str]) -> list[Dialogue]:
    """Several questions of one answer: one group, or a split would cut it."""
    questions = record[roles["question"]]
    group = record.get(roles.get("group", "group")) or str(questions[0])
    return [
        _of_pair({**record, roles["question"]: one, "group": group}, {**roles, "group": "group"}) for one in questions
    ]


def _of_intent(record: Mapping[str, Any]) -> list[Dialogue]:
    """Each pattern with a response, each response with a pattern, in turn: none of either is left out."""
    patterns, responses = (_listed(record[name]) for name in ("patterns", "responses"))
    group = str(record.get("tag") or record.get("intent") or patterns[0])
    return [
        _of_pair({"question": patterns[n % len(patterns)], "answer": responses[n % len(responses)], "group": group})
        for n in range(max(len(patterns), len(responses)))
    ]


def _listed(texts: Any) -> Any:
    """The texts; one that stands alone as a list of it."""
    if not texts:
        raise ValueError("an intent without a pattern or a response")
    return [texts] if isinstance(texts, str) else texts


def _dialogue(record: Mapping[str, Any], messages: list[dict[str, str]], group: Any, more: Any = None) -> Dialogue:
    if not all(isinstance(value, str) for message in messages for value in message.values()):
        raise ValueError("a message holds something else than text")
    meta = {**(record.get("meta") or {}), **(more or {})}
    messages = [*_system(record, messages), *messages]
    return Dialogue.from_json({"id": "", "source": "", "group": group or "", "meta": meta, "messages": messages})


def _system(record: Mapping[str, Any], messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """The system message that stands under a key of its own, where the turns have none."""
    text = record.get(column_named(list(record), COLUMN_NAMES["system"]) or "")
    if not isinstance(text, str) or not text.strip() or messages[0]["role"] == "system":
        return []
    return [{"role": "system", "content": text}]


def _without(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != key}
