"""The findings that a run keeps, for a page: in its reader's language where their numbers are there, and without the
options of the command line, which a page has not."""

import re
from collections.abc import Mapping
from typing import Any

from training.finding_words import WHAT, form_cure, what

_COMMAND = re.compile(r"--set|\b(?:fit|lora)\.\w")
_FRENCH = re.compile("[àâéèêîœ]")  # in each sentence of the diagnosis in French, in none in English


def finding_told(noted: Mapping[str, Any], *, cure: bool = False) -> tuple[str, str]:
    """A finding in the current language, and the language it is in where that is another one's choice, else "".

    Args:
        noted: as `metrics.json` holds it; runs of earlier versions hold a sentence alone.
        cure: whether what the form of the page can change is said too.
    """
    key, step, values = str(noted["key"]), int(noted["step"]), noted.get("values")
    if key not in WHAT or not values:
        text = _without_commands(str(noted["text"]))
        return text, "fr" if _FRENCH.search(text) else "en"
    told = what(key, step, values)
    return " ".join(filter(None, (told, form_cure(key, values) if cure else ""))), ""


def _without_commands(text: str) -> str:
    """The sentences that name no option."""
    return " ".join(one for one in re.split(r"(?<=[.!?]) (?=[A-ZÀ-Ý])", text) if not _COMMAND.search(one))
