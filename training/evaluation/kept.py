"""Answers that an interrupted evaluation has already, so that the next one goes on from there.

One JSON line per answered batch, in a file named after all that makes the answers: weights, prompts, decoding. A line
that was cut short by the end of the process is not one.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from chatbot.files import json_line
from training.evaluation.records import AnswerRecord, fingerprint


class Kept:
    """A folder of answers; it goes when all is measured.

    Args:
        folder: made when the first answers come.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def answers(self, key: Sequence[str]) -> dict[str, AnswerRecord]:
        """What was answered already, by the dialogue's id."""
        found: dict[str, AnswerRecord] = {}
        file = self._file(key)
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            try:
                found |= {one["id"]: AnswerRecord(**one) for one in json.loads(line)}
            except (ValueError, TypeError, KeyError):  # cut short, or of an earlier version: asked again
                continue
        return found

    def add(self, key: Sequence[str], answers: Sequence[AnswerRecord]) -> None:
        """Appends the answers of a batch."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._file(key).open("a", encoding="utf-8") as file:
            file.write(json_line([asdict(answer) for answer in answers]))

    def done(self) -> None:
        """All is measured, and written elsewhere."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, key: Sequence[str]) -> Path:
        return self._folder / f"{fingerprint(list(key))[:32]}.jsonl"
