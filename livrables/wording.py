"""Dates in words, in the current language."""

from datetime import date

from chatbot.language import tr

_MONTHS = (
    ("janvier", "January"), ("février", "February"), ("mars", "March"), ("avril", "April"), ("mai", "May"),
    ("juin", "June"), ("juillet", "July"), ("août", "August"), ("septembre", "September"), ("octobre", "October"),
    ("novembre", "November"), ("décembre", "December"),
)  # fmt: skip


def day(when: date) -> str:
    """1er septembre 2026, 22 novembre 2026; 22 November 2026."""
    month = tr(*_MONTHS[when.month - 1])
    first = tr("1er", "1") if when.day == 1 else str(when.day)
    blank = tr("\N{NO-BREAK SPACE}", " ")
    return f"{first}{blank}{month} {when.year}"
