"""What a page may talk to: the model it was opened for, the generic one, those that were fine-tuned on the page."""

from typing import Protocol

from chatbot.chat import Chat


class Models(Protocol):
    """The models of a page, by their names there. The first is the one the page was opened for."""

    @property
    def names(self) -> list[str]:
        """Names for the reader, in order; more may come while the page is open."""

    def is_ready(self, name: str) -> bool:
        """Whether `open` returns at once."""

    def open(self, name: str) -> Chat:
        """The model, which may take seconds to load where it is not running.

        Raises:
            CausetteError: there is no such model, or it cannot be loaded; in words for the reader.
        """
