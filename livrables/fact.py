"""A number of a report, and where it came from.

Templates print facts as they are (``{{ run.loss_after }}``): the report notes every one that it printed, marks its source
and lists at the end those that nobody has measured, each with the command that would.
"""

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

Value = float | int | str | bool


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that facts were read from.

    Args:
        path: below the folder of the work, with forward slashes.
        sha256: of its bytes when it was read.
        date: ISO 8601, of what it tells (the run's end, the comparison's date); "" where unknown.
    """

    path: PurePosixPath
    sha256: str
    date: str = ""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Source":
        return cls(**{**value, "path": PurePosixPath(value["path"])})


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that was measured, counted or noted; or that was not.

    Args:
        key: its name, the same at every build: "run.boutique.loss_after".
        value: as the source has it; None where nothing was measured.
        text: as reports print it, in the current language, with its interval where it has one.
        source: the file it came from; None with `value`.
        pointer: its place in that file, for `verify`: a JSON pointer (RFC 6901), or another form that the module which
            made the fact knows how to follow ("lines", "csv:…").
        cure: without a value, the command or the step that would give one.
    """

    key: str
    value: Value | None
    text: str = ""
    source: Source | None = None
    pointer: str = ""
    cure: str = ""

    @property
    def measured(self) -> bool:
        return self.value is not None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "source": self.source.to_json() if self.source else None}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Fact":
        return cls(**{**value, "source": Source.from_json(value["source"]) if value["source"] else None})


def unmeasured(key: str, cure: str) -> Fact:
    """A fact that nobody has measured yet."""
    return Fact(key=key, value=None, cure=cure)
