"""What one can talk to: a model of one's own (`chatbot.runner`) or one behind an address (`chatbot.remote`)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from chatbot.dialogue import Message
from chatbot.reasoning.thought import Thought
from chatbot.sampling import Sampling

Finish = Literal["end", "stop", "length", "cancelled", "unknown", "domain"]


@dataclass(frozen=True, kw_only=True)
class Likely:
    """A token that could have been written, and the model's probability for it."""

    text: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Written:
    """A token of an answer, as the model saw it.

    Args:
        text: its characters; a token that is part of a character shows as U+FFFD.
        probability: the model's own, that is at temperature 1 and before every limit or penalty; 0 to 1.
        likeliest: the tokens it held likeliest, best first; the written one may be among them.
    """

    text: str
    probability: float
    likeliest: tuple[Likely, ...] = ()


@dataclass(kw_only=True)
class Answer:
    """What a reply was, once it is over.

    Args:
        text: the whole answer.
        finish: "end" (the model ended it), "stop" (it began a new turn), "length" (cut), "cancelled"; "unknown" where a
            server does not say; "domain" where the model was not asked.
        prompt_tokens, new_tokens: sizes; new tokens include the end token. 0 where a server does not say.
        dropped_turns: oldest messages left out because the context was full.
        first_seconds, seconds: from being asked to the first shown text, and in all.
        tokens: the answer's tokens with their probabilities, where they were asked for.
        thought: what the reasoning layer thought, where there is one.
    """

    text: str = ""
    finish: Finish = "length"
    prompt_tokens: int = 0
    new_tokens: int = 0
    dropped_turns: int = 0
    first_seconds: float = 0.0
    seconds: float = 0.0
    tokens: list[Written] = field(default_factory=list)
    thought: Thought | None = None

    @property
    def tokens_per_second(self) -> float:
        return self.new_tokens / self.seconds if self.seconds else 0.0


@dataclass
class Reply:
    """An answer on its way: iterate for its text, then read `answer`.

    Args:
        pieces: of its text. The reasoning layer may put another text in its place at the end: `answer.text` holds.
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

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None, *, likely: int = 0) -> Reply:
        """Streams the answer to the last message.

        Args:
            messages: turns so far, the last one the user's.
            sampling: how tokens are chosen; greedy by default.
            likely: how many of the likeliest tokens are told beside each one written; 0 tells no probabilities.

        Raises:
            CausetteError: it cannot be answered; also while iterating.
        """
