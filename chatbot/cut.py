"""Where an answer ends in what the model writes: stop texts, and what the template puts around an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.template import ChatTemplate


class StopFilter:
    """Cuts a stream of text at the first stop text, and never lets the beginning of one through."""

    def __init__(self, stop_texts: Sequence[str]):
        self._stop_texts = stop_texts
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """The part of all text so far that may now be shown."""
        self._held += text
        found = [at for stop in self._stop_texts if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[: min(found)], ""
            return shown
        keep = max((self._overlap(stop) for stop in self._stop_texts), default=0)
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def flush(self) -> str:
        """What was held back and did not become a stop text."""
        shown, self._held = self._held, ""
        return shown

    def _overlap(self, stop: str) -> int:
        """Length of the longest end of the held text that begins `stop`."""
        longest = min(len(stop) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(stop[:n])), 0)


@dataclass(frozen=True)
class Cut:
    """What of a model's text is no part of the answer.

    Args:
        template: its stop texts, and what it puts around an answer; None for text without turns.
        stop: more texts that end an answer.
    """

    template: ChatTemplate | None
    stop: Sequence[str] = ()

    @property
    def stop_texts(self) -> tuple[str, ...]:
        return (*(self.template.stop_texts if self.template else ()), *self.stop)

    def first(self, text: str) -> str:
        """The answer's first text."""
        return text.removeprefix(self.template.around_answer[0]).lstrip("\n") if self.template else text

    def whole(self, text: str) -> str:
        """The answer once it is over: in the history the template puts its blank there again."""
        return text.removesuffix(self.template.around_answer[1]) if self.template else text
