"""Chat in a terminal: streamed, coloured when it is a terminal and plain when it is not.

Commands: aide, quitter, effacer, debug, sources, modèle, température (and help, quit, clear, model…; with or without a slash
or accents). They are commands only when they stand alone: "sources du RGPD" is a question.
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TextIO

from chatbot.chat import Answer
from chatbot.errors import CausetteError, InputError
from chatbot.language import current_language, number, tr
from chatbot.reasoning.fold import fold
from chatbot.reasoning.steps import steps_of
from chatbot.reasoning.thought import Thought
from chatbot.session import ChatSession, facts_of, printable
from chatbot.terminal_words import help_in_words, sources_in_words

COMMANDS = {
    "aide": "help", "help": "help", "quitter": "quit", "quit": "quit", "exit": "quit",
    "effacer": "clear", "clear": "clear", "debug": "debug", "sources": "sources", "source": "sources",
    "modele": "model", "model": "model", "temperature": "temperature",
}  # fmt: skip
# "température 0,7", "temperature=0.7", "température0,7"; one word that is no number is told as a wrong value.
TEMPERATURE = re.compile(r"temperature(?:\s*[:=]\s*|\s+|(?=-?\d))(\S*\w\S*)")
VALUE = re.compile(r"-?\d{1,3}(?:[.,]\d{1,6})?")


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
            if not line.strip() and not self.piped:
                continue
            word = fold(line.strip()).removeprefix("/").strip()
            if COMMANDS.get(word) == "quit":
                break
            if word in COMMANDS:
                self._command(COMMANDS[word])
            elif setting := TEMPERATURE.fullmatch(word):
                self._set_temperature(setting[1])
            elif line.strip().startswith("/"):
                self._note(
                    tr(
                        f"Commande inconnue : {printable(line.strip())}. ",
                        f"Unknown command: {printable(line.strip())}. ",
                    )
                    + self._help()
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
        elif name == "sources":
            self._note(self._sources())
        elif name == "model":
            self._note(self._model())
        elif name == "temperature":
            self._note(self._temperature())
        else:
            self._note(help_in_words())

    def _set_temperature(self, figures: str) -> None:
        try:
            value = float(figures.replace(",", ".")) if VALUE.fullmatch(figures) else -1.0
            self.session.sampling = replace(self.session.sampling, temperature=value)
        except ValueError:
            self._note(tr("La température va de 0 à 5, par exemple : température 0,7.",
                          "The temperature goes from 0 to 5, for example: temperature 0.7."))  # fmt: skip
        else:
            self._note(self._temperature())

    def _answer(self, line: str) -> None:
        try:
            self._stream(self.session.ask(line))
        except CausetteError as error:
            self.status = max(self.status, error.exit_status)
            self._note(str(error))
        else:
            self._after(self.session.last)

    def _stream(self, pieces: Iterator[str]) -> None:
        if self.piped and self.session.last is not None and self.session.last.thought is not None:
            return self._whole(pieces)  # its text may be replaced in the end, and a pipe forgets nothing
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

    def _whole(self, pieces: Iterator[str]) -> None:
        """The answer as it is in the end, at once."""
        stopped = ""
        try:
            for _ in pieces:
                pass
        except KeyboardInterrupt:
            pieces.close()  # type: ignore[attr-defined]
            stopped = tr(" [interrompu]", " [stopped]")
        self._write(printable(self.session.last.text if self.session.last else "") + stopped + "\n")

    def _after(self, answer: Answer | None) -> None:
        if answer is None:
            return
        replaced = answer.thought is not None and answer.thought.replaced
        if answer.thought is not None and replaced:
            self._replaced(answer, answer.thought)
        if answer.dropped_turns:
            self._note(tr(f"Contexte plein : les {answer.dropped_turns} messages les plus anciens ont été oubliés.",
                          f"Context full: the {answer.dropped_turns} oldest messages were forgotten."))  # fmt: skip
        if answer.finish == "length" and not replaced:
            self._note(tr("Réponse coupée à la longueur maximale.", "Answer cut at the maximal length."))
        if self.debug:
            for line in steps_in_words(answer.thought) if answer.thought is not None else ():
                self._note(line)
            self._note(figures(answer))

    def _replaced(self, answer: Answer, thought: Thought) -> None:
        """Says that the model's words do not stand, and why; someone who types saw them come."""
        told = " ; ".join(finding.told for finding in thought.findings or () if not finding.passed)
        self._note(tr(f"[Réponse du modèle retirée : {told}. Réponse reformulée :]" if not self.piped
                      else f"[Réponse du modèle remplacée : {told}.]",
                      f"[The model's answer is withdrawn: {told}. Put another way:]" if not self.piped
                      else f"[The model's answer was replaced: {told}.]"))  # fmt: skip
        if not self.piped:
            self._write(self._styled(tr("Causette : ", "Causette: "), "1;36") + printable(answer.text) + "\n")

    def _welcome(self) -> str:
        return self._model() + " " + self._help()

    def _model(self) -> str:
        about = ", ".join(facts_of(self.session.chat))
        about = f"{self.session.chat.name} ({about})" if about else self.session.chat.name
        told = tr(f"Modèle : {about}.", f"Model: {about}.")
        domain = getattr(self.session.chat, "domain", None)
        if domain is None:
            return told
        title = domain.title.said(current_language())
        return told + tr(f" Domaine : {title}.", f" Domain: {title}.")

    def _temperature(self) -> str:
        value = number(self.session.sampling.temperature, 2)
        return tr(f"Température : {value}.", f"Temperature: {value}.")

    def _help(self) -> str:
        return tr("Commandes : aide, effacer, sources, modèle, température, debug, quitter.",
                  "Commands: help, clear, sources, model, temperature, debug, quit.")  # fmt: skip

    def _sources(self) -> str:
        if self.session.last is None:
            return tr("Posez d'abord une question.", "Ask a question first.")
        return sources_in_words(self.session.last.thought)

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
        "domain": tr("sans le modèle", "without the model"),
        "unknown": tr("fin non précisée par le serveur", "end not told by the server"),
    }
    first = tr(f"premier texte en {number(answer.first_seconds, 2)}\u00a0s",
               f"first text after {number(answer.first_seconds, 2)} s")  # fmt: skip
    facts = [ends[answer.finish], first]
    if answer.prompt_tokens:  # a server may count none
        sizes = tr(f"invite {number(answer.prompt_tokens)}\u00a0jetons, réponse {number(answer.new_tokens)}\u00a0jetons",
                   f"prompt {number(answer.prompt_tokens)} tokens, answer {number(answer.new_tokens)} tokens")  # fmt: skip
        speed = number(answer.tokens_per_second, 1)
        facts = [sizes, *facts, tr(f"{speed}\u00a0jetons/s", f"{speed} tokens/s")]
    return f"[{', '.join(facts)}]"


def steps_in_words(thought: Thought) -> list[str]:
    """The five steps, a line each, what they rest on below."""
    lines = []
    for place, step in enumerate(steps_of(thought), start=1):
        lines.append(tr(f"{place}. {step.title} : {step.outcome}", f"{place}. {step.title}: {step.outcome}"))
        lines += [f"   {detail}" for detail in step.details]
    return [printable(" ".join(line.split("\n"))) for line in lines]


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
