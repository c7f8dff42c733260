"""Word and PDF files of many documents: only those whose Markdown or figures changed, several at a time, and told."""

import os
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from chatbot.files import write_json, write_whole
from chatbot.language import current_language, speaking, tr
from livrables.documents import keep_aside, noted
from livrables.office import PAGE, Laid, lay_out

SILENCE = 5.0  # seconds between two lines of progress
FILES = ("docx", "pdf")
# ![words](address) or ![words](<address with blanks>); words and addresses may hold brackets of their own.
_PICTURE = re.compile(
    r"!\[(?:\\.|\[[^\[\]]*\]|[^\[\]\\])*\]\(\s*(?:<([^<>\n]*)>|((?:\([^()\s]*\)|[^()\s<])+))", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Printed:
    """What was laid out.

    Args:
        made, same: files, made now or left as they were.
        refused: Markdown file → pictures that its pages leave out.
        asides: Word or PDF files that somebody had changed by hand.
    """

    made: tuple[Path, ...]
    same: tuple[Path, ...]
    refused: dict[Path, tuple[str, ...]]
    asides: tuple[Path, ...]


def press(
    files: Sequence[Path], formats: Sequence[str], *, root: Path, today: date, say: Callable[[str], None]
) -> Printed:
    """Lays out what is missing or not of the present Markdown.

    Args:
        files: Markdown files, each with its `facts.json` beside it, where the state is noted.
        formats: of `FILES`; others are left alone.
        root: the team's folder.
        today: noted in the files.
        say: told how far it is.

    Raises:
        WorldError: pandoc or Typst failed; what was finished before that stays.
    """
    wanted = tuple(name for name in FILES if name in formats)
    seen = {file: _seen(file) for file in files}
    stale = {file: _stale(file, wanted, seen[file]) for file in files}
    same = tuple(file.with_suffix(f".{name}") for file in files for name in wanted if name not in stale[file])
    work = {file: names for file, names in stale.items() if names}
    made: list[Path] = []
    asides: list[Path] = []
    refused: dict[Path, tuple[str, ...]] = {}
    if work:
        total = sum(map(len, work.values()))
        say(tr(f"Mise en page : {total} fichier{_s(total)} à faire, {len(same)} inchangé{_s(len(same))}.",
               f"Laying out: {total} {'file' if total == 1 else 'files'} to do, {len(same)} unchanged."))  # fmt: skip
    for file, laid in _each(work, root, today, say):
        asides += _put(file, laid, seen[file])
        made += [file.with_suffix(f".{name}") for name in work[file]]
        if laid.refused:
            refused[file] = laid.refused
    order = {file: place for place, file in enumerate(files)}
    made.sort(key=lambda one: (order[one.with_suffix(".md")], one.suffix))
    return Printed(made=tuple(made), same=same, refused=refused, asides=tuple(asides))


def _s(count: int) -> str:
    """French: none and one are singular."""
    return "s" if count > 1 else ""


def _each(work: dict[Path, tuple[str, ...]], root: Path, today: date, say: Callable[[str], None]) -> Any:
    """Documents as they are finished: pandoc and Typst work outside of Python's lock."""
    done, total, told = 0, sum(map(len, work.values())), time.monotonic()
    language = current_language()
    with ThreadPoolExecutor(max_workers=max(1, min(8, os.cpu_count() or 1))) as pool:
        running = {pool.submit(_laid, file, names, root, today, language): file for file, names in work.items()}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
                done += len(work[running[future]])
                if time.monotonic() - told >= SILENCE:
                    told = time.monotonic()
                    say(tr(f"Mise en page : {done} sur {total}…", f"Laid out: {done} of {total}…"))
        finally:
            pool.shutdown(cancel_futures=True)


def _laid(file: Path, names: tuple[str, ...], root: Path, today: date, language: str) -> Laid:
    with speaking(language):  # the language of a thread is its own
        return lay_out(file, names, root=root, today=today)


def _put(file: Path, laid: Laid, seen: str) -> list[Path]:
    """Writes the files of a document and notes what they were made from."""
    state = noted(file)
    made, asides = dict(state.get("made", {})), []
    for name, content in laid.content.items():
        target = file.with_suffix(f".{name}")
        if target.is_file() and _touched(target, made.get(name)):
            asides.append(keep_aside(target))
        write_whole(target, lambda temporary, content=content: temporary.write_bytes(content))  # type: ignore[misc]
        made[name] = {"from": seen, "sha256": sha256(content).hexdigest()}
    write_json(file.with_suffix(".facts.json"), {**state, "made": dict(sorted(made.items()))})
    return asides


def _touched(target: Path, before: dict[str, str] | None) -> bool:
    """Whether somebody has worked on the file since it was made, or it is none of ours."""
    return before is None or sha256(target.read_bytes()).hexdigest() != before["sha256"]


def _stale(file: Path, wanted: Sequence[str], seen: str) -> tuple[str, ...]:
    made = noted(file).get("made", {})
    return tuple(
        name for name in wanted
        if made.get(name, {}).get("from") != seen or not file.with_suffix(f".{name}").is_file()
    )  # fmt: skip


def older_pages(file: Path) -> tuple[str, ...]:
    """The formats of a document whose file is there and was made of another Markdown or other pictures than the present.

    Raises:
        InputError, KeyError, TypeError, ValueError: the notes of the last build are damaged.
    """
    notes = noted(file)
    made = {name: one for name, one in notes.get("made", {}).items() if file.with_suffix(f".{name}").is_file()}
    if not made:
        return ()
    with speaking(notes["language"]):  # that of the document, whoever looks at it
        seen = _seen(file)
    return tuple(name for name in FILES if name in made and made[name]["from"] != seen)


def _seen(file: Path) -> str:
    """Of all that the pages are made from: Markdown, the pictures that it names, our styles, the language."""
    text = file.read_text(encoding="utf-8-sig")
    parts = [text.encode(), _styles(), current_language().encode()]
    for name in pictures_in(text):
        picture = file.parent / name
        parts.append(sha256(picture.read_bytes()).digest() if picture.is_file() else b"-")
    return sha256(b"\0".join(parts)).hexdigest()


def pictures_in(markdown: str) -> list[str]:
    """The names of the pictures that a document shows, in its order."""
    return [unquote(bracketed or plain) for bracketed, plain in _PICTURE.findall(markdown)]


@cache
def _styles() -> bytes:
    """The code that makes pages: after an update all of them are made again."""
    here = Path(__file__).parent
    sources = [PAGE, here / "styles" / "word.py", here / "office.py", here / "syntax_tree.py", here / "table_widths.py"]
    return b"".join(source.read_bytes() for source in sources)
