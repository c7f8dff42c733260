"""Which files a program of ours needs: found by following its imports, so that it stays true when the code changes.

Imports inside functions count, and those that only type checkers read: whatever is read or run there is there.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the folder that holds our packages
OURS = ("app", "chatbot", "datasets_prep", "livrables", "training")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What a program imports, directly or by what it imports.

    Args:
        files: place below the packages' folder → file, of our own modules and the packages around them.
        others: names of the modules of others, outside the standard library: "numpy", "yaml".
    """

    files: dict[str, Path]
    others: frozenset[str]


@cache
def imported_by(program: Path) -> Imported:
    """Follows the imports of a file; the file itself is not among them. Our code does not change while it runs."""
    files: dict[str, Path] = {}
    others: set[str] = set()
    waiting = [program]
    while waiting:
        for name in modules_of(waiting.pop()):
            first = name.partition(".")[0]
            if first not in OURS:
                others |= {first} - sys.stdlib_module_names
                continue
            for place in _places(name):
                if place not in files:
                    files[place] = ROOT / place
                    waiting.append(ROOT / place)
    return Imported(files=dict(sorted(files.items())), others=frozenset(others))


def modules_of(file: Path) -> Iterator[str]:
    """The modules that a file names in its imports; "from a import b" names a and, in case it is one, a.b."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{file}: imports of ours are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _places(name: str) -> Iterator[str]:
    """The files that importing a module of ours runs: its packages' and its own, as far as there are such."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        module = "/".join(parts[:length])
        yield from (place for place in (f"{module}/__init__.py", f"{module}.py") if (ROOT / place).is_file())
