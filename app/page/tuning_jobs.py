"""What the fine-tuning form shows and asks for: values, and who does the work behind it.

All texts in these values are in the language of the reader who looks, and none of them is markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Person = str | None  # a random name that the reader's browser keeps; None before their first file
Method = Literal["full", "lora"]
State = Literal["empty", "examined", "running"]

FEWEST_EPOCHS, MOST_EPOCHS, USUAL_EPOCHS = 1, 10, 6


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A kind of thing that was repaired or rejected.

    Args:
        words: what it is.
        count: how often.
        example: the first of them, a few short lines.
    """

    words: str
    count: int
    example: str


@dataclass(frozen=True, kw_only=True)
class Diagnosed:
    """What was found in a reader's file.

    Args:
        file: its name.
        facts: name and value: encoding, separator, header.
        repairs, rejects, not_kept: mended; rows that cannot be read; dialogues that the preparation will reject.
        header: the columns to choose from, as (words, value to give back); none for a file that is no table.
        chosen: values of the question's and the answer's column; None where nothing tells them.
        columns: how they were found, in a sentence.
        read, readable, kept: rows, those of them that can be read, and dialogues at most.
        enough: whether `kept` is enough to train.
        fewest: dialogues that are.
        remarks: what else to know.
        samples: some dialogues as (question, answer).
    """

    file: str
    facts: Sequence[tuple[str, str]]
    repairs: Sequence[Fault] = ()
    rejects: Sequence[Fault] = ()
    not_kept: Sequence[Fault] = ()
    header: Sequence[tuple[str, str]] = ()
    chosen: tuple[str, str] | None = None
    columns: str = ""
    read: int
    readable: int
    kept: int
    enough: bool
    fewest: int
    remarks: Sequence[str] = ()
    samples: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the training of this server is.

    Args:
        phase: what it does now, in a few words.
        share: done, 0 to 1.
        step, steps: of the optimizer; 0 before they are known.
        epoch, epochs: likewise.
        loss, validation_loss: the last ones; None before the first.
        seconds, seconds_left: since it began; None while nothing tells.
    """

    phase: str
    share: float = 0.0
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    epochs: int = 0
    loss: float | None = None
    validation_loss: float | None = None
    seconds: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An answer of the new model to a question that it did not learn from."""

    question: str
    expected: str
    answer: str


@dataclass(frozen=True)
class Warned:
    """A sentence in the reader's language; in `language` where it is known in that one alone."""

    text: str
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A model that was made.

    Args:
        name: for the reader: "essai-3".
        folder: its run folder.
        file: name of the reader's file.
        settings: base, method and epochs, in words.
        losses: validation loss at each step where it was measured, the untrained model's first.
        seconds: of the training.
        train, validation, others: dialogues that were learnt, that measured it on the way, and that were put aside.
        verdict: the two facts that a beginner must know.
        warnings: why not to trust it too much.
        samples: some of its answers.
        commands: command lines that go on from here.
    """

    name: str
    folder: Path
    file: str
    settings: str
    losses: Sequence[tuple[int, float]]
    seconds: float
    train: int
    validation: int
    others: int
    verdict: str
    warnings: Sequence[Warned]
    samples: Sequence[Sample]
    commands: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class View:
    """What one reader may see.

    Args:
        state: of their own: no file; a file, examined; its training.
        notice: how the last training ended, when it gave no model.
        diagnosed: of their file.
        progress: of the training that runs, whoever's it is; None when none does.
        results: their models, the newest first.
    """

    state: State = "empty"
    notice: str = ""
    diagnosed: Diagnosed | None = None
    progress: Progress | None = None
    results: Sequence[Result] = ()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a reader chooses before a training.

    Args:
        base: one of the names of `Jobs.bases`.
        method: all weights, or a small adapter.
        epochs: how often the dialogues are read.
    """

    base: str
    method: Method
    epochs: int


class Jobs(Protocol):
    """The files and trainings of this server. All may raise CausetteError, which the reader is told."""

    @property
    def bases(self) -> Sequence[str]:
        """Names of the models to begin with, the usual one first."""

    @property
    def limits(self) -> str:
        """What a file may be, in a sentence."""

    @property
    def most_bytes(self) -> int:
        """Of a file."""

    def view(self, person: Person) -> View: ...

    def take(self, person: Person, path: Path, name: str) -> str:
        """Takes an uploaded file away from where it lies, and examines it; returns the reader's name, new or not."""

    def choose(self, person: Person, question: str, answer: str) -> None:
        """Examines the file again with these columns."""

    def start(self, person: Person, settings: Settings) -> None: ...

    def cancel(self, person: Person) -> None:
        """Ends the reader's training; the file stays."""

    def forget(self, person: Person) -> None:
        """Deletes the reader's file."""

    def delete(self, person: Person, name: str) -> None:
        """Deletes a model of the reader's, with the file that it was made from."""
