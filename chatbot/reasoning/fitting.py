"""An answer asked for with as much before the question as the model has room for.

A model of one's own says at once that a prompt is too long; one in another process or behind an address says so only when
the first piece is drawn.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields

from chatbot.chat import Answer, Reply
from chatbot.dialogue import Message
from chatbot.errors import TooLongError

Prompt = list[Message]


class Fitting:
    """The answer to the first of some prompts that is not too long; one thread iterates, any thread may cancel.

    Args:
        ask: the model.
        prompts: the longest first.
        tried: is told which prompt the answer is to.

    Raises:
        CausetteError: as `ask` does, TooLongError for the last prompt alone; also while iterating.
    """

    def __init__(self, ask: Callable[[Prompt], Reply], prompts: Sequence[Prompt], tried: Callable[[Prompt], None]):
        self._ask, self._waiting, self._tried = ask, list(prompts), tried
        self._lock, self._cancelled = threading.Lock(), False
        self._reply = self._next()
        self._answer = self._reply.answer

    def reply(self) -> Reply:
        """One reply, whatever prompts were tried; its `answer` is filled as the pieces come."""
        return Reply(self._pieces(), self._answer, self.cancel)

    def cancel(self) -> None:
        """Gives up the answer that is on its way, and asks for no other."""
        with self._lock:
            self._cancelled = True
            self._reply.cancel()

    def _next(self) -> Reply:
        while True:
            prompt = self._waiting.pop(0)
            try:
                reply = self._ask(prompt)
            except TooLongError:
                if not self._waiting:
                    raise
            else:
                self._tried(prompt)
                return reply

    def _pieces(self) -> Iterator[str]:
        while True:
            try:
                yield from self._followed(self._reply)
                return
            except TooLongError:
                if self._answer.text or not self._waiting:
                    raise
            if not self._asked_again():
                return

    def _asked_again(self) -> bool:
        with self._lock:
            if self._cancelled:
                self._answer.finish = "cancelled"
                return False
            self._reply = self._next()
            return True

    def _followed(self, reply: Reply) -> Iterator[str]:
        if reply.answer is self._answer:
            yield from reply
            return
        try:
            for piece in reply:
                self._take_over(reply.answer)
                yield piece
        finally:
            if close := getattr(reply.pieces, "close", None):
                close()
            self._take_over(reply.answer)

    def _take_over(self, answer: Answer) -> None:
        """A later attempt's answer becomes the one that the reader holds; its thought is this layer's."""
        for field in fields(Answer):
            if field.name != "thought":
                setattr(self._answer, field.name, getattr(answer, field.name))
