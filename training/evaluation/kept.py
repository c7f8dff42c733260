"""Answers that an interrupted evaluation has already, so that the next one goes on from there.

One JSON line per answered batch, in a file named after all that makes the answers: weights, template, decoding. What is
measured of them is not kept: it is computed again, for it depends on the data beside them. A line that was cut short by
the end of the process is not one.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from chatbot.chat import Answer
from chatbot.files import json_line
from training.evaluation.records import fingerprint


class Kept:
    """A folder of answers; it goes when all is measured.

    Args:
        folder: made when the first answers come.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def answers(self, key: Sequence[str]) -> dict[str, Answer]:
        """What was answered already, by the fingerprint of what was asked."""
        found: dict[str, Answer] = {}
        file = self._file(key)
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            try:
                found |= {prompt: Answer(**answer) for prompt, answer in json.loads(line).items()}
            except (ValueError, TypeError, AttributeError):  # cut short, or of an earlier version: asked again
                continue
        return found

    def add(self, key: Sequence[str], answers: Mapping[str, Answer]) -> None:
        """Appends the answers of a batch."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._file(key).open("a", encoding="utf-8") as file:
            # A line that was cut short has no end: the line feed before ends it, and empty lines are none.
            file.write("\n" + json_line({prompt: asdict(answer) for prompt, answer in answers.items()}))

    def done(self) -> None:
        """All is measured, and written elsewhere."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, key: Sequence[str]) -> Path:
        return self._folder / f"{fingerprint(list(key))[:32]}.jsonl"
