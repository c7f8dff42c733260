"""Something to talk to that says what a test wrote, and remembers what it was asked."""

import time
from collections.abc import Iterator, Sequence

from chatbot.chat import Answer, Reply
from chatbot.dialogue import Message
from chatbot.errors import TooLongError, WorldError
from chatbot.sampling import Sampling


class Saying:
    """A chat of one model that is not there.

    Args:
        text: its answer, word by word.
        exchanges: see `Chat.exchanges`.
        room: characters of a context that it has room for.
        breaks_after: words after which it fails.
    """

    name, context, parameters, at_once = "perroquet", 512, 1_500_000, 4

    def __init__(self, text: str, *, exchanges: int | None = None, room: int = 10_000, breaks_after: int | None = None):
        self.text, self.exchanges, self.room, self.breaks_after = text, exchanges, room, breaks_after
        self.asked: list[list[Message]] = []
        self.likely: list[int] = []
        self.stopped = False

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None, *, likely: int = 0) -> Reply:
        if len(messages[-1].context) > self.room:
            raise TooLongError("trop long")
        self.asked.append(list(messages))
        self.likely.append(likely)
        answer = Answer(prompt_tokens=7)
        return Reply(self._pieces(answer), answer, self._stop)

    def _pieces(self, answer: Answer) -> Iterator[str]:
        began, self.stopped, answer.finish = time.perf_counter(), False, "cancelled"
        for place, word in enumerate(self.text.split(" ")):
            if self.stopped:
                return
            if place == self.breaks_after:
                raise WorldError("la prise est tombée")
            piece = word if place == 0 else f" {word}"
            answer.text += piece
            answer.new_tokens += 1
            answer.seconds = time.perf_counter() - began
            yield piece
        answer.finish = "end"

    def _stop(self) -> None:
        self.stopped = True
