"""Pieces of Markdown, and numbers as the report says them. Texts of models and of data sets are nobody's friends: they
are escaped, and come out as one line of text."""

import html
from collections.abc import Callable, Sequence

from chatbot.language import current_language, number, tr
from chatbot.session import printable
from datasets_prep.atlas.findings import percent
from training.evaluation.confidence import Difference, Estimate, caution

SHOWN = 400  # characters of a text


def inline(text: str, longest: int | None = None) -> str:
    """Untrusted text as one harmless line, or table cell; "∅" for none. Longer texts end in "…"."""
    flat = " ".join(printable(text).split())
    if longest and len(flat) > longest:
        flat = flat[: longest - 1].rstrip() + "…"
    flat = html.escape(flat, quote=False)
    for sign in "\\`*_[]|!~#$":  # `$`: some readers set formulas; `#`: some link to issues
        flat = flat.replace(sign, "\\" + sign)
    return flat or "∅"


def code(text: str) -> str:
    """A name as code, which holds no end of it."""
    flat = " ".join(printable(text).split()).replace("`", "'").replace("|", "\\|")
    return f"`{flat}`"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], *, text: Sequence[int] = (0,)) -> list[str]:
    """A table of cells that are Markdown already; columns of `text` to the left, the others to the right."""
    rule = "|" + "|".join("---" if place in text else "---:" for place in range(len(head))) + "|"
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    return [lines[0], rule, *lines[1:]]


def signed(value: float, digits: int) -> str:
    """+0,112, −0,040, 0,000."""
    shown = number(abs(value), digits)
    if not any(sign in "123456789" for sign in shown):
        return shown
    return ("+" if value > 0 else "−") + shown


def gap_told(gap: Difference, digits: int) -> str:
    """+0,112 [+0,080 ; +0,144]; the value alone where there is no interval."""
    return signed(gap.value, digits) + _between(gap.low, gap.high, lambda bound: signed(bound, digits))


def share_told(share: Estimate) -> str:
    """25 % [20 ; 30]."""
    return percent(share.value) + _between(share.low, share.high, lambda bound: number(100 * bound))


def counted(count: int, one: str, many: str) -> str:
    """1 question, 2 questions; in French 0 question."""
    alone = count == 1 or (count == 0 and current_language() == "fr")
    return f"{number(count)} {one if alone else many}"


def sample_told(groups: int) -> str:
    """What is to be said of so few groups; "" for enough. One group has no interval at all."""
    if groups == 1:
        return tr("un seul groupe de questions : pas d'intervalle, rien n'est montré",
                  "one group of questions only: no interval, nothing is shown")  # fmt: skip
    return caution(groups)


def chance_told(p: float | None) -> str:
    """A probability with three digits, never 0."""
    if p is None:
        return "—"
    return f"< {number(0.001, 3)}" if p < 0.001 else number(p, 3)


def _between(low: float | None, high: float | None, told: Callable[[float], str]) -> str:
    if low is None or high is None:
        return ""
    return f" [{told(low)}" + tr(" ; ", "; ") + f"{told(high)}]"
