"""Chat in a terminal: streamed, coloured when it is a terminal and plain when it is not.

Commands: aide, quitter, effacer, debug (and help, quit, clear; with or without a slash).
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from chatbot.chat import Answer
from chatbot.errors import CausetteError, InputError
from chatbot.language import number, tr
from chatbot.session import ChatSession, facts_of, printable

COMMANDS = {
    "aide": "help", "help": "help", "quitter": "quit", "quit": "quit", "exit": "quit",
    "effacer": "clear", "clear": "clear", "debug": "debug",
}  # fmt: skip


class Terminal:
    """A conversation on two streams.

    Args:
        session: the conversation.
        out: where answers go.
        notes: where all the rest goes, when the answers are to stand alone on `out`: each line of a pipe is then a
            message, the empty one included. By default `out`, for someone who types.
        colour: whether to colour prompts and notes.
    """

    def __init__(self, session: ChatSession, out: TextIO, *, notes: TextIO | None = None, colour: bool = False):
        self.session, self.out, self.colour, self.debug = session, out, colour, False
        self.notes, self.piped = notes or out, notes is not None
        self.status = 0  # the highest exit status among messages that got no answer

    def run(self, lines: Iterator[str]) -> None:
        """Talks until the lines end or the user leaves."""
        self._note(self._welcome())
        for line in lines:
            word = line.strip().lower().removeprefix("/")
            if not word and not self.piped:
                continue
            if COMMANDS.get(word) == "quit":
                break
            if word in COMMANDS:
                self._command(COMMANDS[word])
            elif line.strip().startswith("/"):
                self._note(
                    tr(f"Commande inconnue : {line.strip()}. ", f"Unknown command: {line.strip()}. ") + self._help()
                )
            else:
                self._answer(line)
        self._note(tr("À bientôt !", "Goodbye!"))

    def _command(self, name: str) -> None:
        if name == "clear":
            self.session.clear()
            self._note(tr("Conversation effacée.", "Conversation cleared."))
        elif name == "debug":
            self.debug = not self.debug
            self._note(tr("Détails affichés." if self.debug else "Détails masqués.",
                          "Details shown." if self.debug else "Details hidden."))  # fmt: skip
        else:
            self._note(self._help())

    def _answer(self, line: str) -> None:
        try:
            self._stream(self.session.ask(line))
        except CausetteError as error:
            self.status = max(self.status, error.exit_status)
            self._note(str(error))
        else:
            self._after(self.session.last)

    def _stream(self, pieces: Iterator[str]) -> None:
        begun = not self.piped
        if begun:
            self._write(self._styled(tr("Causette : ", "Causette: "), "1;36"))
        try:
            for piece in pieces:
                self._write(printable(piece))
                begun = True
        except KeyboardInterrupt:  # stops the answer, not the program
            pieces.close()  # type: ignore[attr-defined]
            self._write(tr(" [interrompu]", " [stopped]"))
        except CausetteError:
            if begun:
                self._write("\n")
            raise
        self._write("\n")

    def _after(self, answer: Answer | None) -> None:
        if answer is None:
            return
        if answer.dropped_turns:
            self._note(tr(f"Contexte plein : les {answer.dropped_turns} messages les plus anciens ont été oubliés.",
                          f"Context full: the {answer.dropped_turns} oldest messages were forgotten."))  # fmt: skip
        if answer.finish == "length":
            self._note(tr("Réponse coupée à la longueur maximale.", "Answer cut at the maximal length."))
        if self.debug:
            self._note(figures(answer))

    def _welcome(self) -> str:
        about = ", ".join(facts_of(self.session.chat))
        about = f"{self.session.chat.name} ({about})" if about else self.session.chat.name
        return tr(f"Modèle : {about}. ", f"Model: {about}. ") + self._help()

    def _help(self) -> str:
        return tr("Commandes : aide, effacer, debug, quitter.", "Commands: help, clear, debug, quit.")

    def _note(self, text: str) -> None:
        self.notes.write(self._styled(text, "2") + "\n")
        self.notes.flush()

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()

    def _styled(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour else text


def figures(answer: Answer) -> str:
    """The figures of an answer in one line."""
    ends = {
        "end": tr("terminée d'elle-même", "ended by itself"),
        "stop": tr("nouveau tour commencé", "began a new turn"),
        "length": tr("coupée", "cut"),
        "cancelled": tr("interrompue", "stopped"),
        "unknown": tr("fin non précisée par le serveur", "end not told by the server"),
    }
    first = tr(f"premier texte en {number(answer.first_seconds, 2)} s",
               f"first text after {number(answer.first_seconds, 2)} s")  # fmt: skip
    facts = [ends[answer.finish], first]
    if answer.prompt_tokens:  # a server may count none
        sizes = tr(f"invite {answer.prompt_tokens} jetons, réponse {answer.new_tokens} jetons",
                   f"prompt {answer.prompt_tokens} tokens, answer {answer.new_tokens} tokens")  # fmt: skip
        speed = number(answer.tokens_per_second, 1)
        facts = [sizes, *facts, tr(f"{speed} jetons/s", f"{speed} tokens/s")]
    return f"[{', '.join(facts)}]"


def lines_of(stdin: TextIO, prompt: str) -> Iterator[str]:
    """The user's lines: with editing and history in a terminal, as they are from a pipe.

    Raises:
        InputError: a piped line is not UTF-8.
    """
    if stdin.isatty():
        yield from _typed_lines(input, prompt)
        return
    for number_of_line, line in enumerate(stdin.buffer, start=1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                tr(f"Entrée, ligne {number_of_line} : ce n'est pas de l'UTF-8. Convertissez le fichier en UTF-8.",
                   f"Input, line {number_of_line}: not UTF-8. Convert the file to UTF-8.")
            ) from error  # fmt: skip


def _typed_lines(read: Callable[[str], str], prompt: str) -> Iterator[str]:
    with contextlib.suppress(ImportError):  # arrows and history; Windows has its own
        import readline  # noqa: F401
    while True:
        try:
            yield read(prompt)
        except (EOFError, KeyboardInterrupt):
            return


def talk(session: ChatSession) -> int:
    """The terminal chat on standard input and output; from a pipe, only answers go to standard output.

    Returns:
        The exit status: of a pipe, not 0 when a message got no answer; someone who types saw it and went on.
    """
    piped = not sys.stdin.isatty()
    colour = sys.stdout.isatty() and not piped and not os.environ.get("NO_COLOR")
    terminal = Terminal(session, sys.stdout, notes=sys.stderr if piped else None, colour=colour)
    terminal.run(lines_of(sys.stdin, tr("Vous : ", "You: ")))
    return terminal.status if piped else 0
