"""repairs.jsonl: every repair of every row, with the text before and after, one JSON object per line."""

from collections.abc import Iterable
from pathlib import Path

from chatbot.files import json_line, write_whole
from datasets_prep.spec import Reading


def write_repairs(path: Path, readings: Iterable[tuple[str, Reading]]) -> None:
    """Writes the log of these sources (name, reading), read anew one row at a time; no file where nothing was repaired."""
    repaired = [(name, reading) for name, reading in readings if reading.guessed.get("repairs")]
    if not repaired:
        return

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for name, reading in repaired:
                for repair in reading.repairs():
                    file.write(json_line({"source": name, **repair}))

    write_whole(path, write)
