"""Amounts, dates, e-mail addresses, telephone numbers and articles of law in a text, in a form that can be compared.

"1 234,50 €"    → "1234.5 EUR"        "12 mars 2026", "12/03/2026" → "2026-03-12"
"R. 2122-8"     → "R2122-8"           "31/02/2026"                 → "", which cannot be
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from chatbot.reasoning.fold import fold

Found = tuple[int, int, str]  # start, end, value; an empty value for what cannot be

MONTHS = {
    name: month
    for month, names in enumerate(
        ("janvier january jan", "fevrier february feb fev", "mars march mar", "avril april apr avr", "mai may", "juin june jun",
         "juillet july jul juil", "aout august aug", "septembre september sep sept", "octobre october oct",
         "novembre november nov", "decembre december dec"), start=1)
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(r"(?<![\d/.-])(?P<year>[12]\d{3})-(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])"),
    re.compile(
        r"(?<![\d/.-])(?P<day>\d{1,2})(?P<sign>[/.-])(?P<month>\d{1,2})(?P=sign)(?P<year>\d{4}|\d{2})(?![\d/-])"
    ),
    re.compile(
        rf"(?<![\w.])(?P<day>\d{{1,2}})(?:er|st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b\.?,?(?: (?P<year>\d{{4}})\b)?"
    ),
    re.compile(rf"\b(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,? (?P<year>\d{{4}})\b)?"),
)
_CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "mad": "MAD", "dirham": "MAD", "dirhams": "MAD",
    "chf": "CHF", "fcfa": "XOF",
}  # fmt: skip
_SIGN = "|".join(re.escape(name) for name in sorted(_CURRENCIES, key=len, reverse=True))
_FIGURES = r"\d{1,3}(?:[ .,]\d{3}){1,5}(?:[.,]\d{1,2})?|\d{1,15}(?:[.,]\d{1,2})?"
_SCALE = {"k": 1_000, "mille": 1_000, "m": 1_000_000, "million": 1_000_000, "millions": 1_000_000, "milliard": 1_000_000_000,
          "milliards": 1_000_000_000, "billion": 1_000_000_000}  # fmt: skip
_AMOUNTS = (
    re.compile(
        rf"(?<![\w.,])(?P<figures>{_FIGURES}) ?(?:(?P<scale>k|mille|millions?|milliards?|billion|m)(?= ?(?:d'|de )?(?:{_SIGN})))?"
        rf" ?(?:d'|de )?(?P<sign>{_SIGN})(?!\w)"
    ),
    re.compile(rf"(?P<sign>[$€£]) ?(?P<figures>{_FIGURES})(?: ?(?P<scale>k|millions?|billion|m)\b)?(?!\w)"),
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[a-z]{2,24}\b")
_PHONE = re.compile(r"(?<![\w+])(?:(?:\+|00)\d{1,3}[ .-]?(?:\(0\)[ .-]?)?[1-9]|0[1-9])(?:[ .-]?\d{2}){4}(?!\d|[.,]\d)")
# "article R. 2122-8", "art. L2113-10", "R. 2122-8", "article 28": without a letter, the word "article" must be there.
_ARTICLE = re.compile(
    r"\b(?:(?:articles?|art\.?) )?(?P<letter>[lrd])\.? ?(?P<number>\d{1,5}(?:-\d{1,4}){0,4})(?![\d\w])"
    r"|\b(?:articles?|art\.?) (?P<alone>\d{1,5}(?:-\d{1,4}){0,4})(?![\d\w])"
)


def amounts(text: str) -> Iterator[Found]:
    """Amounts of money, as "1234.5 EUR"."""
    taken: set[int] = set()
    for pattern in _AMOUNTS:
        for match in pattern.finditer(fold(text)):
            if taken.isdisjoint(places := range(*match.span())):
                taken.update(places)
                yield (*match.span(), _amount(match))


def _amount(match: re.Match[str]) -> str:
    value = decimal_of(match["figures"]) * _SCALE.get(match["scale"] or "", 1)
    return f"{plain(value)} {_CURRENCIES[match['sign']]}"


def decimal_of(figures: str) -> Decimal:
    """ "1 234,50", "1.234,50" and "1,234.50" are the same; a last group of three figures is of thousands."""
    figures = figures.replace(" ", "")
    last = max(figures.rfind(","), figures.rfind("."))
    whole, part = (figures[:last], figures[last + 1 :]) if last >= 0 else (figures, "")
    if len(part) == 3:
        whole, part = whole + part, ""
    return Decimal(re.sub(r"\D", "", whole) + "." + (part or "0"))


def plain(value: Decimal) -> str:
    """Without zeros at the end, and never as 1E+3."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dates(text: str) -> Iterator[Found]:
    """Dates in ISO 8601; without a year "--03-12"; empty for those that are in no calendar."""
    taken: set[int] = set()
    for pattern in _DATES:
        for match in pattern.finditer(fold(text)):
            if taken.isdisjoint(places := range(*match.span())):
                taken.update(places)
                yield (*match.span(), _date(match))


def _date(match: re.Match[str]) -> str:
    day, month = int(match["day"]), MONTHS.get(match["month"]) or int(match["month"])
    year = match["year"]
    if year is None:
        return f"--{month:02}-{day:02}" if _exists(2024, month, day) else ""  # a leap year: 29 February may be meant
    number = int(year) + (2000 if len(year) == 2 else 0)
    if _exists(number, month, day):
        return f"{number:04}-{month:02}-{day:02}"
    american = match["month"].isdigit() and month > 12 and _exists(number, day, month)
    return f"{number:04}-{day:02}-{month:02}" if american else ""


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def emails(text: str) -> Iterator[Found]:
    """E-mail addresses, in lower case."""
    for match in _EMAIL.finditer(text.lower() if len(text.lower()) == len(text) else text):
        yield (*match.span(), match[0].lower())


def phones(text: str) -> Iterator[Found]:
    """Telephone numbers, figures only; those of France as +33…"""
    for match in _PHONE.finditer(fold(text)):
        figures = re.sub(r"[^\d+]", "", match[0].replace("(0)", ""))
        value = "+33" + figures[1:] if re.match(r"0[1-9]", figures) else re.sub(r"^00", "+", figures)
        yield (*match.span(), value)


def articles(text: str) -> Iterator[Found]:
    """Articles of law, as "R2122-8" or "28"."""
    for match in _ARTICLE.finditer(fold(text)):
        yield (*match.span(), (match["letter"] or "").upper() + (match["number"] or match["alone"]))


VALUES: dict[str, Callable[[str], Iterator[Found]]] = {
    "amount": amounts, "date": dates, "email": emails, "phone": phones, "article": articles,
}  # fmt: skip
