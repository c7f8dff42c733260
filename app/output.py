"""What commands print: results on standard output, progress and advice on standard error.

With ``--json`` a result is one JSON object instead of text and tables.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from chatbot.language import tr

# Lines about progress wrap at the terminal's width, never at 80 when piped.
_width = None if sys.stderr.isatty() else 200
advice = Console(stderr=True, highlight=False, soft_wrap=True, width=_width)

_NUMBER = re.compile(r"[-+]?\d[\d\s.,]*%?|nan|inf")


@dataclass
class Output:
    """Where results go. One is made per call of the command line."""

    as_json: bool = False

    def result(self, value: dict[str, Any], *human: Any) -> None:
        """Prints `value` as JSON, or the `human` renderables (text, tables)."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, default=str))
            return
        console = _console()
        for renderable in human:
            console.print(renderable, markup=False) if isinstance(renderable, str) else console.print(renderable)

    @property
    def width(self) -> int:
        """Columns that a result has."""
        return _console().width

    @property
    def coloured(self) -> bool:
        """Whether a result is shown in colours: on a terminal, unless NO_COLOR is set."""
        console = _console()
        return console.color_system is not None and not console.no_color

    def say(self, text: str) -> None:
        """A line of progress or advice."""
        advice.print(text, markup=False)

    def warn(self, text: str) -> None:
        """A line that should not be overlooked."""
        advice.print(tr("Attention : ", "Warning: ") + text, style="yellow", markup=False)


def short(text: str, limit: int = 220) -> str:
    """The text on one line, cut with an ellipsis, without the control characters that a model may have written."""
    from chatbot.session import printable  # NumPy comes with it

    flat = " ".join(printable(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Table:
    """A table: columns of numbers to the right, others to the left; a cell too long goes on below, and loses nothing."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    rows = list(rows)
    for place, name in enumerate(head):
        numeric = bool(rows) and all(_NUMBER.fullmatch(row[place]) for row in rows)
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    return drawn


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)
