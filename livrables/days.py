"""Days as people write them: 2026-10-12, or 12/10/2026 as Excel leaves it in France."""

import re
from datetime import date

from chatbot.language import current_language

ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
YEARS = range(2000, 2100)  # a typing error in a year makes a calendar of millennia
FRENCH = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?: 00:00(?::00)?)?")
MONTHS = {
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def read_day(text: str) -> date:
    """The day that a text names; the day stands before the month, unless the year comes first.

    Raises:
        ValueError: it names none, or none of this century: "2026-02-30", "bientôt", "20226-09-07", "9999-12-31".
    """
    if found := ISO.fullmatch(text.strip()):
        year, month, day = found.groups()
    elif found := FRENCH.fullmatch(text.strip()):
        day, month, year = found.groups()
    else:
        raise ValueError(text)
    number = int(year) + (2000 if len(year) == 2 else 0)
    if number not in YEARS:
        raise ValueError(text)
    return date(number, int(month), int(day))


def short_day(day: date) -> str:
    """ "7 sept.", "7 Sep"."""
    return f"{day.day}\u00a0{MONTHS[current_language()][day.month - 1]}"


def figures_of(day: date) -> str:
    """ "07/09/2026"; in English, where that would be two days, 2026-09-07."""
    return f"{day:%d/%m/%Y}" if current_language() == "fr" else day.isoformat()
