"""`premiers-pas.jsonl`: questions put to a generic model, as notebook 1 notes them for the third deliverable."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot.files import json_line, write_text
from chatbot.language import tr
from livrables import told
from livrables.parts import TrialFacts
from livrables.reading import Reader

FILE = "premiers-pas.jsonl"
TEXTS, NUMBERS = ("model", "prompt", "answer"), ("tokens", "seconds")
NAMES = {
    "temperature": ("température", "temperature"),
    "top_p": ("top-p", "top-p"),
    "top_k": ("top-k", "top-k"),
    "repetition_penalty": ("pénalité de répétition", "repetition penalty"),
    "max_new_tokens": ("jetons au plus", "tokens at most"),
    "seed": ("graine", "seed"),
}


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A line that can be told.

    Args:
        place: from 1.
        value: what it notes.
    """

    place: int
    value: Mapping[str, Any]


def note(
    folder: Path, *, model: str, prompt: str, answer: str, sampling: Mapping[str, float], tokens: int, seconds: float
) -> None:
    """Adds one line to the file in a folder.

    Args:
        folder: of the deliverables, or any other that the file is later carried from.
        model: its name as it was loaded.
        prompt: what was asked.
        answer: what it wrote.
        sampling: what was not left at its default: {"temperature": 0.8}.
        tokens: of the answer.
        seconds: that it took.
    """
    file = folder / FILE
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    date = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"date": date, "model": model, "prompt": prompt, "answer": answer, "sampling": dict(sampling),
            "tokens": tokens, "seconds": round(seconds, 3)}  # fmt: skip
    write_text(file, before + json_line(line))


def trials_in(reader: Reader, folder: Path) -> tuple[list[TrialFacts], list[str]]:
    """What was noted in a folder, in its order, and what is to be said of lines that cannot be read."""
    file = folder / FILE
    if not file.is_file():
        return [], []
    if not reader.inside(file):
        return [], [
            tr(f"{file} : hors du dossier du travail ({reader.folder}), ignoré. Donnez --work, ou rangez-y les livrables.",
               f"{file}: outside the work folder ({reader.folder}), ignored. Give --work, or keep the deliverables in it.")
        ]  # fmt: skip
    lines, remarks = [], []
    for place, text in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
        line = _read(place, text)
        if line:
            lines.append(_trial(reader, file, line))
        elif text.strip():
            remarks.append(
                tr(f"{file}, ligne {place} : illisible, ignorée.", f"{file}, line {place}: cannot be read, ignored.")
            )
    return lines, remarks


def _read(place: int, text: str) -> _Line | None:
    try:
        value = json.loads(text)
        whole = all(isinstance(value[name], str) for name in TEXTS) and all(float(value[name]) >= 0 for name in NUMBERS)
        return _Line(place=place, value=value) if whole and isinstance(value["sampling"], dict) else None
    except (ValueError, LookupError, TypeError):
        return None


def _trial(reader: Reader, file: Path, line: _Line) -> TrialFacts:
    def fact(name: str, how: Any, pointer: str = "") -> Any:
        where = f"{line.place}{pointer or '/' + name}"
        return reader.fact(f"trials.{line.place}.{name}", file, f"jsonl:{where}", how,
                           date=str(line.value.get("date", "")), cure="notebooks/1")  # fmt: skip

    sampling = line.value["sampling"]
    return TrialFacts(
        model=fact("model", told.plain),
        prompt=line.value["prompt"],
        answer=line.value["answer"],
        sampling=fact("sampling", lambda _: sampling_told(sampling), "/sampling"),
        tokens=fact("tokens", told.tokens),
        seconds=fact("seconds", told.seconds),
    )


def sampling_told(sampling: Mapping[str, float]) -> str:
    """température 0,8, top-p 0,9; what was left at its default is greedy decoding."""
    if not sampling:
        return tr("glouton (réglages par défaut)", "greedy (default settings)")
    return ", ".join(f"{tr(*NAMES.get(name, (name, name)))} {told.plain(value)}" for name, value in sampling.items())
