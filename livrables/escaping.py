"""Texts of data, models and users as harmless Markdown: nothing in them becomes HTML, a link, an image or a formula.

Typographic blanks (U+00A0, U+202F) are part of French and stay; other blanks and line ends become one space, because a
text that is printed within a sentence or a cell must not end it.
"""

import re
from itertools import pairwise
from urllib.parse import urlsplit

from markupsafe import Markup

from chatbot.session import printable

NO_BREAK = "\N{NO-BREAK SPACE}"
_BLANKS = re.compile(r"[ \t\n\r\f\v\x1c-\x1f\x85\u2028\u2029]+")
_SIGNS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")  # an underscore within a word marks nothing
_FIRST = re.compile(r"([-+:=](?=[-=\s]|$)|#)")
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_ENTITY = re.compile(r"&(?=#|\w+;)")
_ADDRESS = re.compile(r"https?://[\w.~:/?#@!$&'()*+,;=%-]+", re.ASCII)
SHOWN = 600  # characters of a long text


def escaped(text: str) -> Markup:
    """Untrusted text as one line of Markdown that reads as it is written."""
    safe = _SIGNS.sub(r"\\\g<0>", _flat(text))
    safe = _ENTITY.sub("&amp;", safe).replace("<", "&lt;").replace(">", "&gt;")
    safe = safe.replace("://", r"\://").replace("www.", r"www\.")  # readers make links of bare addresses
    safe = _FIRST.sub(r"\\\1", safe, count=1) if _FIRST.match(safe) else safe
    return Markup(_NUMBERED.sub(r"\1\\\2", safe, count=1) if _NUMBERED.match(safe) else safe)


def excerpt(text: str, longest: int = SHOWN) -> Markup:
    """The beginning of an untrusted text, as one line."""
    flat = _flat(text)
    return escaped(flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…")


def code(text: object) -> Markup:
    """A name or a command as code, which holds no end of it."""
    return Markup("`" + _unmarked(_flat(str(text))).replace("`", "'") + "`")


def block(text: str, language: str = "") -> Markup:
    """A text as a block of code; `language` is a template's own word."""
    inside = _unmarked(printable(text)).strip("\n")
    longest = max((len(run) for run in re.findall("`+", inside)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"\n{fence}{language}\n{inside}\n{fence}\n")


def quote(text: str, longest: int = SHOWN) -> Markup:
    """An untrusted text as a quotation that keeps its lines; a longer one ends in "…"."""
    whole = printable(text).strip()
    cut = whole if len(whole) <= longest else whole[: longest - 1].rstrip() + "…"
    lines = [escaped(line) for line in re.split("[\n\u2028\u2029]", cut)]
    broken = [f"> {line}\\" if line and after else f"> {line}".rstrip() for line, after in pairwise([*lines, ""])]
    return Markup("\n" + "\n".join(broken) + "\n")


def address(text: str) -> Markup:
    """A link where the text is a plain web address, else the text alone."""
    flat = _flat(text)
    return Markup(f"<{flat}>") if _ADDRESS.fullmatch(flat) and urlsplit(flat).hostname else escaped(flat)


def _flat(text: str) -> str:
    return _BLANKS.sub(" ", printable(text)).strip(" ")


def _unmarked(text: str) -> str:
    """Code is printed as it stands: what looks like a mark of a team's place in it must not become one."""
    return text.replace("<!--", "<! --")
