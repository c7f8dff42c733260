"""Message and Dialogue: the one record that flows through the whole of Causette.

On disk a dialogue is one JSON line in the common ``messages`` form::

    {"id": "medquad-17", "source": "medquad", "group": "Glaucoma", "meta": {"row": 17},
     "messages": [{"role": "user", "content": "What is glaucoma?"}, {"role": "assistant", "content": "…"}]}
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from chatbot.errors import InputError, no_such_file
from chatbot.files import json_line, write_whole
from chatbot.language import tr

AnyForm = TypeVar("AnyForm")  # a dialogue, or its ids
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn. `context` is a text that comes with a request (the "input" of Alpaca rows); most turns have none."""

    role: str
    content: str
    context: str = ""

    def __post_init__(self):
        if self.role not in ROLES:
            raise ValueError(f"`role` must be one of {ROLES}. Received: {self.role!r}")
        for text in (self.content, self.context):
            if not isinstance(text, str):
                raise TypeError(f"`content` and `context` must be texts. Received: {text!r}")
            text.encode("utf-8")  # half a surrogate pair, which JSON can hold, raises ValueError here

    def to_json(self) -> dict[str, str]:
        record = {"role": self.role, "content": self.content}
        return {**record, "context": self.context} if self.context else record


def user(content: str, context: str = "") -> Message:
    return Message(role="user", content=content, context=context)


def assistant(content: str) -> Message:
    return Message(role="assistant", content=content)


def check_turns(messages: Iterable[Message]) -> None:
    """A dialogue is an optional system message, then user and assistant in turn.

    Raises:
        ValueError: two turns of the same role in a row, no turn, or a system message that is not the first.
    """
    roles = [message.role for message in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    expected = ["user", "assistant"] * (len(turns) // 2 + 1)
    if not turns or turns != expected[: len(turns)]:
        raise ValueError(f"turns must be user, assistant, user, … after an optional system message. Received: {roles}")


@dataclass(frozen=True, kw_only=True)
class Dialogue:
    """A whole exchange, ending with an answer.

    Args:
        id: unique in its data set.
        source: name of the data set or file that it comes from.
        group: what must not be cut by a split (focus area, document, question with its paraphrases).
        messages: optional system message, then user and assistant in turn; ends with the assistant.
        meta: where it comes from in the source (row, page) and labels (theme, language); JSON values.
    """

    id: str
    source: str
    group: str
    messages: tuple[Message, ...]
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self):
        check_turns(self.messages)
        if self.messages[-1].role != "assistant":
            raise ValueError(f"a dialogue must end with the assistant's answer. Received: {self.id!r}")

    @property
    def question(self) -> str:
        """The last request of the user."""
        return self.messages[-2].content

    @property
    def answer(self) -> str:
        """The last answer."""
        return self.messages[-1].content

    @classmethod
    def of_pair(cls, question: str, answer: str, *, context: str = "", **fields: Any) -> "Dialogue":
        """A dialogue of one question and its answer."""
        return cls(messages=(user(question, context), assistant(answer)), **fields)

    def to_json(self) -> dict[str, Any]:
        record = {"id": self.id, "source": self.source, "group": self.group, "meta": dict(self.meta)}
        return {**record, "messages": [message.to_json() for message in self.messages]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Dialogue":
        """Reads `to_json`'s form. Raises KeyError, TypeError or ValueError when it is not one."""
        messages = tuple(Message(**message) for message in record["messages"])
        fields = {name: str(record[name]) for name in ("id", "source", "group")}
        return cls(messages=messages, meta=MappingProxyType(dict(record.get("meta", {}))), **fields)


def write_dialogues(path: Path, dialogues: Iterable[Dialogue]) -> int:
    """Writes a JSONL file, whole or not at all; returns how many dialogues it holds."""
    count = 0

    def write(temporary: Path) -> None:
        nonlocal count
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for dialogue in dialogues:
                file.write(json_line(dialogue.to_json()))
                count += 1

    write_whole(path, write)
    return count


def read_dialogues(path: Path) -> Iterator[Dialogue]:
    """Reads a JSONL file of dialogues, one at a time.

    Raises:
        InputError: the file is missing, or a line is not a dialogue (file and line are named).
    """
    if not path.is_file():
        raise no_such_file(path)
    with path.open("rb") as file:
        for line_number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                dialogue = Dialogue.from_json(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    tr(
                        f"{path}, ligne {line_number} : ce n'est pas un dialogue ({error}).",
                        f"{path}, line {line_number}: not a dialogue ({error}).",
                    )
                ) from error
            yield dialogue


def drawn(dialogues: Sequence[AnyForm], count: int, seed: int) -> list[AnyForm]:
    """At most `count` dialogues, in whatever form, the same for the same seed, in the split's order."""
    if len(dialogues) <= count:
        return list(dialogues)
    places = sorted(random.Random(seed).sample(range(len(dialogues)), count))
    return [dialogues[place] for place in places]
