"""repairs.jsonl: every repair of every row, with the text before and after, one JSON object per line."""

from collections.abc import Iterable
from pathlib import Path

from chatbot.files import json_line, write_whole
from datasets_prep.personal import masked_value
from datasets_prep.spec import Reading


def write_repairs(path: Path, readings: Iterable[tuple[str, Reading]], *, keep_personal: bool) -> None:
    """Writes the log of these sources (name, reading), read anew one row at a time; no file where nothing was repaired.

    Args:
        path: the file.
        readings: the sources.
        keep_personal: whether personal data stays in the texts, as in the dialogues.
    """
    repaired = [(name, reading) for name, reading in readings if reading.guessed.get("repairs")]
    if not repaired:
        return

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for name, reading in repaired:
                for repair in reading.repairs():
                    shown = repair if keep_personal else masked_value(repair)
                    file.write(json_line({"source": name, **shown}))

    write_whole(path, write)
