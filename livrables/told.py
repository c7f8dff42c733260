"""How reports print values, in the current language: counts, shares, durations, dates."""

from collections.abc import Callable
from datetime import date
from typing import Any

from chatbot.language import number, tr
from livrables import wording
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.markdown import gap_told
from training.evaluation.tables import told as estimate_told
from training.finding_words import rate_in_words

SPACE = "\u00a0"


def count(value: float) -> str:
    """16 107."""
    return number(value)


def digits(how_many: int) -> Callable[[float], str]:
    """0,235 with three digits."""
    return lambda value: number(value, how_many)


def counted(one: tuple[str, str], many: tuple[str, str]) -> Callable[[float], str]:
    """1 pas, 24 pas: a count with its unit, French and English."""

    def told(value: float) -> str:
        french, english = one[0] if abs(value) < 2 else many[0], one[1] if value == 1 else many[1]
        return f"{number(value)}{SPACE}{tr(french, english)}"

    return told


steps = counted(("pas", "step"), ("pas", "steps"))
tokens = counted(("jeton", "token"), ("jetons", "tokens"))
questions = counted(("question", "question"), ("questions", "questions"))


def percent(value: float) -> str:
    """66,4 %, from a number of percents; −3,0 % where something rose that should fall."""
    figure = number(abs(value), 1)
    sign = "−" if value < 0 and any(one in "123456789" for one in figure) else ""
    return sign + tr(f"{figure}{SPACE}%", f"{figure}%")


def seconds(value: float) -> str:
    """0,4 s, 45 s, 3 min 20 s, 1 h 05 min."""
    if value < 10:
        return f"{number(value, 1 if value >= 0.1 else 2)}{SPACE}s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{number(hours)} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
    return text.replace(" ", SPACE)


def per_second(value: float) -> str:
    """3 188 jetons/s."""
    return number(value) + SPACE + tr("jetons/s", "tokens/s")


def millions(value: float) -> str:
    """13,4 millions, 737 280."""
    if value < 1e6:
        return number(value)
    large, name = (value / 1e9, tr("milliard", "billion")) if value >= 1e9 else (value / 1e6, "million")
    plural = "s" if large >= 2 and tr("s", "") else ""
    return f"{number(large, 1)}{SPACE}{name}{plural}"


def rate(value: float) -> str:
    """A learning rate: 0,001."""
    return rate_in_words(value)


def epochs(value: float) -> str:
    """2, 0,92."""
    return plain(round(value, 2))


def plain(value: Any) -> str:
    """Any value: a number in the language's own form, yes and no, "—" for nothing."""
    if isinstance(value, bool):
        return tr("oui", "yes") if value else tr("non", "no")
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return number(value) if value == int(value) else _decimal(value)
    return value or "—"


def _decimal(value: float) -> str:
    """Four digits at most, no empty ones; a small number keeps those that it begins with: 0,00001."""
    return number(value, 4).rstrip("0").rstrip(",.") if abs(value) >= 1e-3 else rate_in_words(value)


def day(iso: str) -> str:
    """22 novembre 2026, from the date or the moment that a file notes."""
    return wording.day(date.fromisoformat(iso[:10]))


def estimate(low: float | None, high: float | None, places: int) -> Callable[[float], str]:
    """0,212 [0,193 ; 0,230]."""
    return lambda value: estimate_told(Estimate(value, low, high), places)


def gap(low: float | None, high: float | None, places: int) -> Callable[[float], str]:
    """+0,112 [+0,080 ; +0,144]."""
    return lambda value: gap_told(Difference(value, low, high), places)


def share(low: float | None, high: float | None) -> Callable[[float], str]:
    """62 % [51 ; 72], from a share of 1."""

    def told(value: float) -> str:
        between = "" if low is None or high is None else f" [{number(100 * low)}{tr(' ; ', '; ')}{number(100 * high)}]"
        figure = number(100 * value)
        return tr(f"{figure}{SPACE}%", f"{figure}%") + between

    return told


def word(words: dict[str, tuple[str, str]]) -> Callable[[str], str]:
    """The word of a key, French or English; the key itself where none is known."""
    return lambda value: tr(*words[value]) if value in words else str(value)
