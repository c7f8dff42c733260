"""What one can talk to: a model of one's own (`chatbot.runner`) or one behind an address (`chatbot.remote`)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from chatbot.dialogue import Message
from chatbot.sampling import Sampling

Finish = Literal["end", "stop", "length", "cancelled", "unknown"]


@dataclass(kw_only=True)
class Answer:
    """What a reply was, once it is over.

    Args:
        text: the whole answer.
        finish: "end" (the model ended it), "stop" (it began a new turn), "length" (cut), "cancelled"; "unknown" where a
            server does not say.
        prompt_tokens, new_tokens: sizes; new tokens include the end token. 0 where a server does not say.
        dropped_turns: oldest messages left out because the context was full.
        first_seconds, seconds: from being asked to the first shown text, and in all.
    """

    text: str = ""
    finish: Finish = "length"
    prompt_tokens: int = 0
    new_tokens: int = 0
    dropped_turns: int = 0
    first_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        return self.new_tokens / self.seconds if self.seconds else 0.0


@dataclass
class Reply:
    """An answer on its way: iterate for its text, then read `answer`.

    Args:
        pieces: of its text.
        answer: filled as they come.
        cancel: gives the answer up; any thread may call it, and who iterates then soon comes to the end.
    """

    pieces: Iterator[str]
    answer: Answer
    cancel: Callable[[], None]

    def __iter__(self) -> Iterator[str]:
        return self.pieces

    def text(self) -> str:
        """Waits for the whole answer."""
        for _ in self.pieces:
            pass
        return self.answer.text


class Chat(Protocol):
    """What the terminal and the page ask. What a server does not tell of its model is None."""

    @property
    def name(self) -> str: ...

    @property
    def context(self) -> int | None:
        """The longest sequence, in tokens."""

    @property
    def parameters(self) -> int | None: ...

    @property
    def exchanges(self) -> int | None:
        """Questions of the longest dialogue that it was fine-tuned on."""

    @property
    def at_once(self) -> int:
        """How many answers may be asked for at the same time."""

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None) -> Reply:
        """Streams the answer to the last message.

        Raises:
            CausetteError: it cannot be answered; also while iterating.
        """
