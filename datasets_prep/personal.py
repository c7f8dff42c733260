"""Personal data in a text: found, counted, and masked unless the user wants it kept.

    masked("Écrivez à lea@exemple.fr ou au 06 12 34 56 78.", "fr")
    → ("Écrivez à [courriel] ou au [téléphone].", Counter(email=1, phone=1))

What has a check digit is checked (cards by Luhn, IBAN, French and US social-security numbers), telephone numbers must
exist in the numbering plan of the text's country. A name or an address is not found: no list of patterns could.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from chatbot.language import tr

# Kind → how a masked text says it, in a French text and in another one.
MASKS = {
    "email": ("[courriel]", "[e-mail]"),
    "iban": ("[IBAN]", "[IBAN]"),
    "card": ("[carte bancaire]", "[card number]"),
    "nir": ("[n° de sécurité sociale]", "[social security number]"),
    "ssn": ("[n° de sécurité sociale]", "[social security number]"),
    "phone": ("[téléphone]", "[phone]"),
}
EMAIL = re.compile(r"(?<![\w.+-])(?<!//)[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}\b")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \u00a0\u202f]?[A-Z0-9]{4}){3,7}(?:[ \u00a0\u202f]?[A-Z0-9]{1,3})?\b")
CARD = re.compile(r"(?<![\d.,])[3-6]\d{3}(?:[ \u00a0\u202f-]?\d{2,6}){2,4}(?![\d]|[.,]\d)")
# Thirteen digits and two of a key: sex, year, month, department (Corsica: 2A, 2B), commune, order.
NIR = re.compile(
    r"(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\d)".replace(
        " ?", "[ .\u00a0\u202f-]?"
    )
)
SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
ENOUGH_DIGITS = re.compile(r"\d(?:[\s.()/-]{0,3}\d){6,}")  # fewer make no telephone number

# Language → the countries whose numbers are known without their prefix; a number with "+" is known everywhere.
REGIONS = {
    "": ("FR", "US"), "ar": ("MA",), "de": ("DE",), "en": ("US", "GB"), "es": ("ES",), "fr": ("FR",), "it": ("IT",),
    "nl": ("NL",), "pt": ("PT",),
}  # fmt: skip
# Just before it, what makes digits something else: an address, a decimal point, the name of another number.
NO_PHONE_AFTER = re.compile(
    r"(?:(?:://|www\.|\bdoi\b)\S*|\d[.,]|\b(?:grants?|contract|award|isbn|issn|pmid|doi)\W{0,3}(?:n[o°]\W{0,2})?)$",
    re.I,
)
# "25.1 25.4 14 4.0": a line of a table; "0.7477-0.9580": an interval.
FIGURES = re.compile(r"^(?!\+).*\d\.\d+ \d|^(?!\+).*\d \d+\.\d|^\d[.,]\d+ ?- ?\d[.,]\d")


def masked(text: str, language: str) -> tuple[str, Counter[str]]:
    """The text with its personal data masked, and how many of each kind there were.

    Args:
        text: any text.
        language: code of its language, "" where it is not sure; it settles the words of the masks (French for "fr" and
            "") and the countries whose telephone numbers are looked for.
    """
    counts: Counter[str] = Counter()
    if "@" in text:
        text = _mask(text, EMAIL, "email", lambda found: True, language, counts)
    if not ENOUGH_DIGITS.search(text):  # an IBAN has two digits side by side, and more digits than that
        return text, counts
    from stdnum import iban, luhn
    from stdnum.fr import nir
    from stdnum.us import ssn

    text = _mask(text, IBAN, "iban", iban.is_valid, language, counts)
    text = _mask(text, CARD, "card", lambda found: _is_card(found, luhn.is_valid), language, counts)
    text = _mask(text, NIR, "nir", nir.is_valid, language, counts)
    text = _mask(text, SSN, "ssn", ssn.is_valid, language, counts)
    for region in REGIONS.get(language, REGIONS["en"]):
        text = _mask_phones(text, region, language, counts)
    return text, counts


def kind_in_words(kind: str) -> str:
    """The plural of a kind in the user's language: "adresses électroniques"."""
    return tr(*KINDS[kind])


KINDS = {
    "email": ("adresses électroniques", "e-mail addresses"),
    "iban": ("numéros de compte (IBAN)", "account numbers (IBAN)"),
    "card": ("numéros de carte bancaire", "payment card numbers"),
    "nir": ("numéros de sécurité sociale français", "French social-security numbers"),
    "ssn": ("numéros de sécurité sociale américains", "US social-security numbers"),
    "phone": ("numéros de téléphone", "telephone numbers"),
}


def _mask(
    text: str, pattern: re.Pattern[str], kind: str, is_one: Callable[[str], bool], language: str, counts: Counter[str]
) -> str:
    def replaced(found: re.Match[str]) -> str:
        if not is_one(found[0]):
            return found[0]
        counts[kind] += 1
        return _word(kind, language)

    return pattern.sub(replaced, text)


def _mask_phones(text: str, region: str, language: str, counts: Counter[str]) -> str:
    if not ENOUGH_DIGITS.search(text):
        return text
    from phonenumbers import PhoneNumberMatcher

    parts, end = [], 0
    for found in PhoneNumberMatcher(text, region):
        if FIGURES.search(found.raw_string) or NO_PHONE_AFTER.search(text[max(0, found.start - 80) : found.start]):
            continue
        # "(1-800-633-4227) 1-877…" is found with its parenthesis, whose twin would be left alone.
        start = found.start + (found.raw_string.startswith("(") and ")" not in found.raw_string)
        parts += [text[end:start], _word("phone", language)]
        end = found.end
        counts["phone"] += 1
    return "".join(parts) + text[end:]


def masked_value(value: Any, language: str = "") -> Any:
    """A JSON value with the personal data of its texts masked; a text of letters and digits alone (a hash) stays."""
    if isinstance(value, str):
        is_token = value.isalnum() and not value.isdecimal()
        return value if is_token else masked(value, language)[0]
    if isinstance(value, Mapping):
        return {key: masked_value(each, language) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked_value(each, language) for each in value]
    return value


def _is_card(found: str, is_valid: Callable[[str], bool]) -> bool:
    digits = re.sub(r"\D", "", found)
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and is_valid(digits)


def _word(kind: str, language: str) -> str:
    return MASKS[kind][language not in ("fr", "")]
