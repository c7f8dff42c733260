"""A conversation: the turns so far, and the streamed answer to the next one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chatbot.chat import Answer, Chat, Reply
from chatbot.dialogue import Message, assistant, user
from chatbot.errors import InputError
from chatbot.language import number, tr
from chatbot.reasoning.layers import beneath
from chatbot.sampling import Sampling

LONGEST_MESSAGE = 20_000  # characters; far above any context here, far below what would hurt


@dataclass
class ChatSession:
    """One user's conversation with a model.

    Args:
        chat: whom to talk to; it may be shared by many sessions.
        sampling: how tokens are chosen.
        messages: the turns so far.
        last: the last answer, with its figures.
    """

    chat: Chat
    sampling: Sampling = field(default_factory=lambda: Sampling(max_new_tokens=160))
    messages: list[Message] = field(default_factory=list)
    last: Answer | None = None

    def ask(self, text: str) -> Iterator[str]:
        """Streams the answer. It joins the history when it is over; a cancelled one joins as far as it came.

        Raises:
            InputError: the message is empty, not valid text, or too long.
            CausetteError: nobody can answer it now; also while iterating.
        """
        question = user(checked_text(text))
        reply = self.chat.reply([*followed(self.chat, self.messages), question], self.sampling)
        self.last = reply.answer
        return self._remembered(question, reply)

    def _remembered(self, question: Message, reply: Reply) -> Iterator[str]:
        try:
            yield from reply
        finally:
            if reply.answer.text:  # a question without any answer would only puzzle the model later
                self.messages += [question, assistant(reply.answer.text)]

    def clear(self) -> None:
        """Forgets the conversation."""
        self.messages.clear()
        self.last = None


def followed(chat: Chat, history: Sequence[Message]) -> list[Message]:
    """The end of a history (questions and answers in turn) that the model can follow.

    A model fine-tuned on dialogues of one question has never seen a second one, and a small one answers it with
    scraps of the first: it gets as many exchanges as the longest dialogue that it learnt from.
    """
    exchanges = chat.exchanges
    first = 0 if exchanges is None else max(0, len(history) - 2 * (exchanges - 1))
    return list(history[first:])


def facts_of(chat: Chat) -> list[str]:
    """What is known of the model, to be told to the reader: size, context, how much of a conversation it follows.

    Below a reasoning layer these are the model's: the layer reads a whole conversation, the model what it can follow.
    """
    chat, facts = beneath(chat), []
    if chat.parameters is not None:
        size = number(chat.parameters / 1e6, 1)
        facts.append(tr(f"{size} M de paramètres", f"{size}M parameters"))
    if chat.context is not None:
        facts.append(tr(f"contexte de {number(chat.context)} jetons", f"context of {number(chat.context)} tokens"))
    if memory := memory_in_words(chat.exchanges):
        facts.append(memory)
    return facts


def memory_in_words(exchanges: int | None) -> str:
    """How much of a conversation the model follows, to be told to the reader; empty for one without such a limit."""
    if exchanges is None:
        return ""
    if exchanges == 1:
        return tr("chaque question est lue seule", "each question is read alone")
    return tr(f"mémoire de {exchanges} échanges", f"memory of {exchanges} exchanges")


def checked_text(text: str) -> str:
    """The message without blanks around it.

    Raises:
        InputError: empty to the eye, longer than `LONGEST_MESSAGE`, or with bytes that are not UTF-8.
    """
    text = text.strip()
    if not printable(text).strip():
        raise InputError(tr("Le message est vide : écrivez une question.", "The message is empty: write a question."))
    check_length(text)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            tr("Le message contient des octets qui ne sont pas de l'UTF-8 : vérifiez l'encodage du terminal ou du fichier.",
               "The message holds bytes that are not UTF-8: check the encoding of the terminal or the file.")
        ) from error  # fmt: skip
    return text


def check_length(text: str) -> None:
    """Raises InputError for a text longer than `LONGEST_MESSAGE`."""
    if len(text) > LONGEST_MESSAGE:
        raise InputError(
            tr(f"Le message est trop long : {number(len(text))} caractères, {number(LONGEST_MESSAGE)} au plus.",
               f"The message is too long: {number(len(text))} characters, {number(LONGEST_MESSAGE)} at most.")
        )  # fmt: skip


def printable(text: str) -> str:
    """The text without control characters: an answer must not drive the terminal, nor a question be made of them."""
    return "".join(c for c in text if c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160))
