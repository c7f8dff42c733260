"""The training dialogues of a prepared set, page by page, each with the tokens that the model reads.

Validation and test stay closed: a reader who sees their questions could ask them, and a measure would be spoilt.
"""

import json
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from app.page.exhibits import ShownDialogue, Token, Turn
from app.tokens import masked_tokens
from chatbot.dialogue import Dialogue
from chatbot.errors import CausetteError
from chatbot.model import load_tokenizer
from chatbot.template import ChatTemplate
from chatbot.tokenizer import TextTokenizer

SPLIT = "train"
MOST = 50_000  # dialogues that are looked through, about 70 MB: a search of them takes under a second
SHOWN_TOKENS, SHOWN_CHARACTERS = 400, 4_000  # of a dialogue
HIDDEN = ("row", "language")  # of its `meta`: where it stood, and what its set says of all alike


class TrainingDialogues:
    """The dialogues of the file, which is read again for each search: 20 MB in a tenth of a second.

    Args:
        folder: of the prepared set, which was checked.
        model: whose tokenizer cuts.
    """

    def __init__(self, folder: Path, model: str):
        self._path, self._model = folder / f"{SPLIT}.jsonl", model

    @property
    def beginning(self) -> int | None:
        """How many dialogues are looked through, where that is not all of them."""
        return MOST if len(self._places) > MOST else None

    def found(self, wanted: str, start: int, count: int) -> tuple[int, list[ShownDialogue]]:
        """How many hold the text in a message, in whatever case, and those from the `start`-th on; "" finds all."""
        places = self._places[:MOST] if not wanted.strip() else self._holding(wanted.strip().casefold())
        with self._path.open("rb") as file:
            return len(places), [self._shown(_at(file, place)) for place in islice(places, start, start + count)]

    def first(self, count: int) -> tuple[ShownDialogue, ...]:
        """The first ones of the file, to be carried along."""
        return tuple(self.found("", 0, count)[1])

    @cached_property
    def _places(self) -> list[int]:
        """Where each line begins, in bytes."""
        places, place = [], 0
        with self._path.open("rb") as file:
            for line in file:
                if line.strip():
                    places.append(place)
                place += len(line)
                if len(places) > MOST:
                    break
        return places

    def _holding(self, wanted: str) -> list[int]:
        with self._path.open("rb") as file:
            lines = zip(self._places[:MOST], (line for line in file if line.strip()), strict=False)
            return [place for place, line in lines if _holds(line, wanted)]

    @cached_property
    def _tokenizer(self) -> tuple[TextTokenizer, ChatTemplate] | None:
        """None where it cannot be had, as when the base of an adapter is gone: dialogues are shown without their tokens."""
        try:
            return load_tokenizer(self._model)
        except CausetteError:
            return None

    def _shown(self, dialogue: Dialogue) -> ShownDialogue:
        tokenizer, template = self._tokenizer or (None, None)
        tokens = masked_tokens(dialogue, template, tokenizer) if tokenizer and template else []
        labels = {str(key): str(value) for key, value in dialogue.meta.items() if key not in HIDDEN}
        return ShownDialogue(
            id=dialogue.id,
            source=dialogue.source,
            group=dialogue.group,
            labels=tuple(labels.items()),
            turns=tuple(
                Turn(role=turn.role, text=text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")
                for turn in dialogue.messages
                for text in ("\n\n".join(filter(None, (turn.content, turn.context))),)
            ),
            tokens=tuple(Token(text=text, learnt=learnt) for text, learnt in tokens[:SHOWN_TOKENS]),
            count=len(tokens),
            learnt=sum(learnt for _, learnt in tokens),
        )


def _at(file: BinaryIO, place: int) -> Dialogue:
    file.seek(place)
    return Dialogue.from_json(json.loads(file.readline()))


def _holds(line: bytes, wanted: str) -> bool:
    """Whether a message of the line holds the text; most lines are ruled out before they are parsed."""
    text = line.decode("utf-8", errors="replace")
    first = wanted.split()[0]  # no blank, quote or line end, which JSON may write otherwise
    if first.isalnum() and first not in text.casefold():
        return False
    messages = json.loads(line)["messages"]
    return any(wanted in f"{one['content']}\n{one.get('context', '')}".casefold() for one in messages)
