"""Paths of this machine, which must not leave it: each becomes the name of its last folder or file."""

import json
import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any


def leaf(name: str) -> str:
    """The name of a model, data set or file without the folders around it, which are nobody's business.

    "/home/zoe/runs/faq" → "faq", "C:\\zoe\\faq" → "faq", "." → the name of the working folder, "hf://zoe/faq" and
    "gpt2_base_en" as they are.
    """
    if "://" in name or not name:
        return name or "?"
    last = PureWindowsPath(name).name  # which knows both kinds of slashes
    return last if last.strip(".") else Path(name).resolve().name or "?"


def without_paths(value: Any) -> Any:
    """JSON values without paths: a text that is one from the root of a disk, or from a home, is its last name, and so is
    each path below the user's folder or the working folder in a longer text.

    {"folder": "/mnt/cours/faq", "said": "Voir /home/zoe/faq."} → {"folder": "faq", "said": "Voir faq."}
    """
    return _replaced(value, _below(Path.home(), Path.cwd()))


def json_without_paths(value: Any) -> bytes:
    """A file of JSON, as the others of the project are written, without paths."""
    return (json.dumps(without_paths(value), ensure_ascii=False, indent=2) + "\n").encode()


def _below(*roots: Path) -> re.Pattern[str]:
    """Paths below these folders, as they stand in a sentence."""
    known = {str(form) for root in roots for form in (root, root.absolute(), root.resolve()) if form.is_absolute()}
    words = sorted((word for word in known if len(Path(word).parts) > 1), key=len, reverse=True)
    if not words:
        return re.compile(r"(?!)")
    return re.compile("(?:" + "|".join(map(re.escape, words)) + r")(?:[/\\][^\s\"'«»“”,;:]*)?(?!\w)")


def _replaced(value: Any, own: re.Pattern[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replaced(one, own) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(one, own) for one in value]
    if not isinstance(value, str):
        return value
    return leaf(value) if _is_rooted(value) else own.sub(lambda found: _last(found[0]), value)


def _last(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _is_rooted(text: str) -> bool:
    if "\n" in text:
        return False
    path = PureWindowsPath(text)
    return len(path.parts) > 1 and (bool(path.anchor) or path.parts[0].startswith("~"))
