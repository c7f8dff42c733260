"""Who is the team? Asked on the terminal, or read from a pipe, where no team.yaml was given."""

import sys
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

from app.output import Output, advice
from chatbot.errors import InputError
from chatbot.language import tr
from livrables.days import figures_of, read_day
from livrables.names import tidy
from livrables.team import USUAL, Member, Team, team_from, team_yaml

Answer = TypeVar("Answer")


def asked_team(output: Output) -> Team:
    """The team, from answers; a wrong one is asked again on a terminal, and ends the command in a pipe.

    Raises:
        InputError: there is nobody to ask, or a piped answer is wrong.
    """
    say = output.say if _terminal() else _silent
    say(tr("Quelques questions sur l'équipe ; Entrée garde ce qui est entre crochets.",
           "Some questions about the team; Enter keeps what stands in brackets."))  # fmt: skip
    name = _asked(tr("Nom de l'équipe", "Name of the team"), _name)
    domain = _asked(
        tr("Domaine du chatbot (marchés publics, santé…)", "Domain of the chatbot (public procurement, health…)"), _name
    )
    members = _members(say)
    start = _asked(tr("Premier jour", "First day"), _day, default=figures_of(next_monday(date.today())))
    code = _asked(
        tr("Dépôt de code (adresse, facultatif)", "Code repository (address, optional)"), str.strip, default=""
    )
    drawn = Team(
        name=name,
        domain=domain,
        members=members,
        start=start,
        managers=members,
        repositories={"code": code} if code else {},
    )
    return team_from(team_yaml(drawn), tr("réponses", "answers"))  # keys and remarks as those of a file


def next_monday(today: date) -> date:
    """The Monday after that day; a Monday is its own."""
    return today + timedelta(days=-today.weekday() % 7)


def _members(say: Callable[[str], None]) -> tuple[Member, ...]:
    few, many = USUAL
    say(tr(f"Les membres, un par ligne ({few} ou {many}), « Zoé Martin » ou « Zoé Martin @compte-github » ; une ligne vide pour finir.",
                  f"The members, one per line ({few} or {many}), “Zoé Martin” or “Zoé Martin @github-account”; an empty line to end."))  # fmt: skip
    found: list[Member] = []
    while True:
        one = _asked(
            tr(f"Membre {len(found) + 1}", f"Member {len(found) + 1}"),
            lambda text: _member(text, found),
            default="" if found else None,
        )
        if one is None:
            return tuple(found)
        found.append(one)


def _member(text: str, others: list[Member]) -> Member | None:
    name, _, account = (tidy(part) for part in text.partition("@"))
    if not name:
        return None
    if name.casefold() in (other.name.casefold() for other in others):
        raise ValueError(
            tr(f"« {name} » est déjà là ; ajoutez une initiale", f"“{name}” is there already; add an initial")
        )
    return Member(name=_name(name), github=account, key="")


def _name(text: str) -> str:
    if not text.strip() or len(text) > 80 or not text.isprintable():
        raise ValueError(tr("il faut un nom, de 80 caractères au plus", "a name is needed, of 80 characters at most"))
    return tidy(text)


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError as error:
        raise ValueError(
            tr(f"« {text} » n'est pas une date, comme 07/09/2026", f"“{text}” is no date such as 2026-09-07")
        ) from error


def _asked(question: str, read: Callable[[str], Answer], default: str | None = None) -> Answer:
    """An answer that `read` accepts; ValueError tells why it does not."""
    shown = f"{question} [{default}]" if default else question
    while True:
        text = _line(tr(f"{shown} : ", f"{shown}: "), optional=default is not None)
        try:
            return read(text.strip() or default or "")
        except ValueError as wrong:
            if not _terminal():
                raise InputError(tr(f"{question} : {wrong}.", f"{question}: {wrong}.")) from wrong
            advice.print(f"{wrong}.", style="yellow", markup=False)


def _line(prompt: str, *, optional: bool) -> str:
    """A line of the input; where it has ended, nothing for what may be left out."""
    if sys.stdin is None:
        raise _nobody(prompt)
    try:
        return advice.input(prompt if _terminal() else "", markup=False)
    except EOFError as error:
        if optional:
            return ""
        raise _nobody(prompt) from error


def _terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _silent(_: str) -> None:
    """A pipe reads no questions."""


def _nobody(prompt: str) -> InputError:
    """The error where no answer comes, with a short file to copy."""
    asked = prompt.rstrip(" :")
    example = "{name: Les Bavards, domain: marchés publics, start: 2026-09-07, members: [Zoé Martin, Ali Benali]}"
    return InputError(
        tr(f"{asked} ? Personne ne répond. Donnez --team team.yaml, un fichier qui contient par exemple :\n{example}",
           f"{asked}? Nobody answers. Give --team team.yaml, a file that holds for example:\n{example}")
    )  # fmt: skip
