"""One browser tab's conversation with a model; it knows nothing of Gradio.

Each action of the page (ask, stop, again, clear) changes the conversation at once, and the page shows whatever it holds.
The answer itself comes from `listen`, which ends early when nobody waits for it any more.
"""

from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from chatbot.chat import Answer, Chat, Reply
from chatbot.dialogue import Message, assistant, user
from chatbot.sampling import Sampling
from chatbot.session import checked_text, followed

LONGEST_CONVERSATION = 50  # turns; older ones leave the page (they left the model's context long before)


@dataclass(eq=False)
class Turn:
    """A question and the reply to it, which is on its way from being `heard` until it is `over`.

    `asked` is what the model was given, the question last, `settings` its sampling; `key` names the turn.
    """

    question: str
    reply: Reply
    heard: bool = False
    over: bool = False
    asked: tuple[Message, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def answer(self) -> Answer:
        return self.reply.answer

    def messages(self) -> list[Message]:
        """What a later prompt sees of this turn: nothing, when it was stopped before its first word."""
        return [user(self.question), assistant(self.answer.text)] if self.answer.text else []


@dataclass
class Conversation:
    """The turns so far, and the one whose answer the reader is waiting for."""

    turns: list[Turn] = field(default_factory=list)
    awaited: Turn | None = None

    def ask(self, chat: Chat, text: str, sampling: Sampling) -> None:
        """Adds a question; its answer is the one now awaited.

        Raises:
            InputError: the message is empty, not valid text or too long; the conversation is as before.
        """
        self._ask(chat, self.turns, checked_text(text), sampling)

    def again(self, chat: Chat, sampling: Sampling) -> None:
        """Asks the last question once more, in place of its answer; does nothing when there is none."""
        if self.turns:
            self._ask(chat, self.turns[:-1], self.turns[-1].question, sampling)

    def _ask(self, chat: Chat, before: list[Turn], question: str, sampling: Sampling) -> None:
        history = [message for turn in before for message in turn.messages()]
        asked = (*followed(chat, history), user(question))
        turn = Turn(question, chat.reply(list(asked), sampling), asked=asked, settings=asdict(sampling))
        self.stop()
        self.turns = [*before, turn][-LONGEST_CONVERSATION:]
        self.awaited = turn

    def listen(self) -> Generator[Turn]:
        """The awaited turn, once per piece of text that its answer gains; the generator is always freed in the end.

        A turn is listened to once: later calls end at once.
        """
        turn = self.awaited
        if turn is None or turn.heard:
            return
        turn.heard = True
        try:
            for _ in turn.reply:
                if self.awaited is not turn:  # stopped, cleared, or another question came
                    break
                yield turn
        finally:
            turn.reply.pieces.close()  # type: ignore[attr-defined]
            self._end(turn)

    def stop(self) -> None:
        """Gives up the awaited answer; what came of it stays."""
        if self.awaited is not None:
            self.awaited.reply.cancel()
            self.awaited.answer.finish = "cancelled"
            self._end(self.awaited)

    def clear(self) -> None:
        """Forgets everything."""
        self.stop()
        self.turns = []

    @property
    def last_answered(self) -> Turn | None:
        """The last turn, once its answer is over and there is one."""
        turn = self.turns[-1] if self.turns else None
        return turn if turn and turn.over and turn.answer.text.strip() else None

    def _end(self, turn: Turn) -> None:
        turn.over = True
        if self.awaited is turn:
            self.awaited = None
