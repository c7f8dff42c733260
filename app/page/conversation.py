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
LIKELY = 5  # of the likeliest tokens are shown beside each one written


@dataclass(eq=False)
class Turn:
    """A question and the reply to it, which is on its way from being `heard` until it is `over`.

    `asked` is what was asked, the question last, `model` who answers, `shown_as` its name on the page where it is not the
    page's own model, `settings` the sampling; `key` names the turn.
    """

    question: str
    reply: Reply
    heard: bool = False
    over: bool = False
    asked: tuple[Message, ...] = ()
    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid4().hex)
    shown_as: str = ""

    @property
    def answer(self) -> Answer:
        return self.reply.answer

    @property
    def own(self) -> str:
        """The model's own words; empty where the reader was shown none of them."""
        thought = self.answer.thought
        if self.answer.finish == "domain" or (thought and thought.replaced):
            return ""
        return self.answer.text if thought is None or thought.own is None else thought.own

    @property
    def given(self) -> tuple[Message, ...]:
        """What the model was given, the question last: with a reasoning layer, what that made of the conversation."""
        return self.answer.thought.given if self.answer.thought else self.asked

    def messages(self) -> list[Message]:
        """What a later prompt sees of this turn: nothing, when it was stopped before its first word."""
        return [user(self.question), assistant(self.answer.text)] if self.answer.text else []


@dataclass
class Conversation:
    """The turns so far, and the one whose answer the reader is waiting for.

    While the last question is being edited, the next one that is asked takes its place. `notice` is what went wrong with
    the last answer, to be shown once.
    """

    turns: list[Turn] = field(default_factory=list)
    awaited: Turn | None = None
    editing: bool = False
    notice: str | None = None

    def ask(self, chat: Chat, text: str, sampling: Sampling, shown_as: str = "") -> None:
        """Adds a question; its answer is the one now awaited.

        Raises:
            InputError: the message is empty, not valid text or too long; the conversation is as before.
        """
        self._ask(chat, self.turns[:-1] if self.editing else self.turns, checked_text(text), sampling, shown_as)

    def edit(self) -> str:
        """Begins to edit the last question, or gives it up; returns the question, empty when it was given up."""
        self.editing = bool(self.turns) and not self.editing
        return self.turns[-1].question if self.editing else ""

    def again(self, chat: Chat, sampling: Sampling, shown_as: str = "") -> None:
        """Asks the last question once more, in place of its answer; does nothing when there is none."""
        if self.turns:
            self._ask(chat, self.turns[:-1], self.turns[-1].question, sampling, shown_as)

    def _ask(self, chat: Chat, before: list[Turn], question: str, sampling: Sampling, shown_as: str) -> None:
        history = [message for turn in before for message in turn.messages()]
        asked = (*followed(chat, history), user(question))
        reply = chat.reply(list(asked), sampling, likely=LIKELY)
        turn = Turn(question, reply, asked=asked, model=chat.name, shown_as=shown_as, settings=asdict(sampling))
        self.stop()
        self.editing = False
        for old in before:  # only the last answer's are shown, and a token takes a kilobyte
            old.answer.tokens = []
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
        self.turns, self.editing = [], False

    @property
    def last_answered(self) -> Turn | None:
        """The last turn, once its answer is over and is one of the model's: opinions are asked on no other."""
        turn = self.turns[-1] if self.turns else None
        return turn if turn and turn.over and turn.own.strip() else None

    def _end(self, turn: Turn) -> None:
        turn.over = True
        if self.awaited is turn:
            self.awaited = None
