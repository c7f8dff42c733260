"""Regular expressions that somebody wrote into a domain file, searched in time that is bounded.

Python's engine tries every way in which a pattern's repetitions can share a text out: for "(a+)+b" that is 2ⁿ of them.
`refusal` counts these ways before a pattern is taken, and `found` searches windows of `WINDOW` characters: at worst
WINDOW × WAYS steps each, about a second in all, whatever a reader types.
"""

import re
from collections.abc import Iterator
from math import prod
from re import _parser as grammar  # type: ignore[attr-defined]  # its only parser; `refusal` falls back to "refused"
from typing import Any

from chatbot.language import tr
from chatbot.reasoning.fold import fold

WINDOW = 1_000  # characters searched at once
WINDOWS = 4  # the rest of a text is not searched
WAYS = 4_000
LONGEST = 500  # characters of a pattern
MOST_REPEATS = 11  # of what can match in two ways: 2¹² is too much already


def refusal(pattern: str) -> str:
    """Why a pattern is not taken, for the reader; empty for a good one."""
    if len(pattern) > LONGEST:
        return tr(f"motif de plus de {LONGEST} caractères", f"pattern of more than {LONGEST} characters")
    try:
        if re.compile(pattern, re.I).match(""):
            return tr("le motif accepte un texte vide", "the pattern accepts an empty text")
        parsed = grammar.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return tr(f"motif illisible ({error})", f"pattern that cannot be read ({error})")
    if _ways(parsed) > WAYS:
        return tr(
            "motif trop lent à chercher : une seule répétition sans borne (+ ou *) par motif, aucune dans une autre ; "
            r"bornez les répétitions, par exemple \d{1,12}",
            "pattern too slow to search: one repetition without bound (+ or *) at most, none inside another; "
            r"bound the repetitions, for example \d{1,12}",
        )
    return ""


def found(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """Matches of a pattern that `refusal` has nothing against, without regard to case and accents; places are those in `text`."""
    folded, start = fold(text[: WINDOW * WINDOWS]), 0
    compiled = re.compile("".join(sign if sign.isascii() else fold(sign) for sign in pattern), re.I)
    for _ in range(WINDOWS):
        end = _end(folded, start)
        yield from compiled.finditer(folded, start, end)
        start = end
        if start >= len(folded):
            return


def _end(text: str, start: int) -> int:
    """Where a window ends: at a blank, so that nothing short is cut in two."""
    end = start + WINDOW
    blank = text.rfind(" ", start + WINDOW // 2, end)
    return blank if end < len(text) and blank > 0 else min(end, len(text))


def _ways(items: "grammar.SubPattern") -> int:
    return prod(min(_ways_of(str(name), value), WAYS + 1) for name, value in items)


def _ways_of(name: str, value: Any) -> int:
    """In how many ways one item can match at one place, at most."""
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _ways_of_repeat(*value)
    if name == "BRANCH":
        return _ways_of_branches(value[1])
    if name == "SUBPATTERN":
        return _ways(value[-1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return _ways(value[1])
    if name == "ATOMIC_GROUP":
        return _ways(value)
    return WAYS + 1 if name == "GROUPREF_EXISTS" else 1


def _ways_of_repeat(low: int, high: int, inner: "grammar.SubPattern") -> int:
    low, high, each = int(low), min(int(high), WINDOW), _ways(inner)
    if each == 1:
        return high - low + 1
    return WAYS + 1 if high > MOST_REPEATS else sum(each**count for count in range(low, high + 1))


def _ways_of_branches(branches: "list[grammar.SubPattern]") -> int:
    """Those that begin with different letters exclude each other."""
    by_first: dict[object, int] = {}
    for branch in branches:
        literal = len(branch) and str(branch[0][0]) == "LITERAL"
        first = chr(branch[0][1]).lower() if literal else None
        by_first[first] = by_first.get(first, 0) + _ways(branch)
    anything = by_first.pop(None, 0)
    return anything + max(by_first.values(), default=0)
