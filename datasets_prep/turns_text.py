r"""Dialogues as plain text: ``###human:`` before a request, ``###assistant:`` before an answer.

    ###human: Bonjour, où est mon colis ?
    ###assistant: Suivez-le dans « Mon compte ».
    ###human: Merci !
    ###assistant: Avec plaisir.

    ###human: …

An empty line before ``###human:`` begins a new dialogue. A system message comes first, after ``###system:``. A mark that
stands in a text is written with a backslash before it (``\###human:``), and so is a backslash before a mark; a text that
ends with a blank or a backslash gets one more backslash at its end. Reading undoes both, so nothing is ever mixed up.

Read from elsewhere, marks may be written "### Human:" or stand in the middle of a line.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chatbot.dialogue import Dialogue, Message

ROLES = {"system": "###system:", "user": "###human:", "assistant": "###assistant:"}
NAMES = {"system": "system", "human": "user", "assistant": "assistant"}
# A match begins at the first of its backslashes: tried from each of them, a row of them would cost its length squared.
MARK = re.compile(
    r"(?<!\\)(?P<slashes>\\*)(?P<mark>###[^\S\n]*(?P<name>human|assistant|system)[^\S\n]*:)", re.IGNORECASE
)


class Turns(NamedTuple):
    """The turns of one dialogue as read, in whatever order, and the line on which they begin."""

    line: int
    messages: tuple[Message, ...]


def has_marks(text: str) -> bool:
    """Whether a text holds dialogues: a request and an answer, each after its mark."""
    names = {found["name"].lower() for found in MARK.finditer(text) if not found["slashes"]}
    return {"human", "assistant"} <= names


def write_turns(dialogues: Iterable[Dialogue]) -> Iterator[str]:
    """The text of each dialogue, with the empty line after it. A context follows its request on a line of its own."""
    for dialogue in dialogues:
        yield "".join(f"{ROLES[turn.role]} {_escaped(_with_context(turn))}\n" for turn in dialogue.messages) + "\n"


def read_turns(text: str) -> Iterator[Turns]:
    """The dialogues of a text, in its order; text before the first mark is a turn of nobody, hence no dialogue."""
    marks = [found for found in MARK.finditer(text) if not found["slashes"]]
    before = text[: marks[0].start()] if marks else text
    if before.strip():
        yield Turns(1, ())
    turns: list[Message] = []
    first, line, counted = 0, 1, 0  # the line on which the character `counted` stands
    ends = [*(found.start() for found in marks[1:]), len(text)]
    for found, end in zip(marks, ends, strict=True):
        content = text[found.end() : end]
        if not turns:
            first = found.start()
        turns.append(Message(role=NAMES[found["name"].lower()], content=_unescaped(content)))
        if end == len(text) or (turns[-1].role == "assistant" and _blank_line(content) is not None):
            line, counted = line + text.count("\n", counted, first), first
            yield Turns(line, tuple(turns))
            turns = []


def _blank_line(content: str) -> int | None:
    """Where the empty line begins with which a turn ends; None when it ends with none."""
    end = len(content.rstrip())
    return content.index("\n", end) + 1 if content.count("\n", end) > 1 else None


def _with_context(turn: Message) -> str:
    return f"{turn.content}\n{turn.context}" if turn.context else turn.content


def _escaped(content: str) -> str:
    content = MARK.sub(lambda found: "\\" + found[0], content)
    return content + "\\" if content != content.rstrip() or content.endswith("\\") else content


def _unescaped(content: str) -> str:
    content = content[: _blank_line(content)].removesuffix("\n").removesuffix("\r").removeprefix(" ")
    content = content.removesuffix("\\")
    return MARK.sub(lambda found: found[0][1:], content)
