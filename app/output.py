"""What commands print: results on standard output, progress and advice on standard error.

With ``--json`` a result is one JSON object instead of text and tables.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

# Lines about progress wrap at the terminal's width, never at 80 when piped.
_width = None if sys.stderr.isatty() else 200
advice = Console(stderr=True, highlight=False, soft_wrap=True, width=_width)


@dataclass
class Output:
    """Where results go. One is made per call of the command line."""

    as_json: bool = False

    def result(self, value: dict[str, Any], *human: Any) -> None:
        """Prints `value` as JSON, or the `human` renderables (text, tables)."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, default=str))
            return
        console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)
        for renderable in human:
            console.print(renderable, markup=False) if isinstance(renderable, str) else console.print(renderable)

    def say(self, text: str) -> None:
        """A line of progress or advice."""
        advice.print(text, markup=False)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Table:
    """A table whose columns after the first are numbers, unless short words."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for place, name in enumerate(head):
        drawn.add_column(name, justify="left" if place == 0 else "right")
    for row in rows:
        drawn.add_row(*row)
    return drawn
