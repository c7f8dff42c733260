"""Where a run or a prepared set was sent: ``hub.json`` in its folder, which the next push, a Space and reports read.

{"model": {"repo": "zoe/faq", "commit": "…", "tag": "v1", "date": "2026-11-22"}}
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from app.hub.parcel import Kind
from chatbot.files import read_json, write_json

RECORD = "hub.json"


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """One push.

    Args:
        repo: "owner/name".
        commit: that the repository was at afterwards.
        tag: of that commit.
        date: of the day, ISO.
        public: whether everybody could read it then; an older note does not say, and counts as not.
    """

    repo: str
    commit: str
    tag: str | None
    date: str
    public: bool = False


def pushed(folder: Path, kind: Kind) -> Pushed | None:
    """The last push of that kind; None where none is noted, or the note cannot be read."""
    try:
        return Pushed(**read_json(folder / RECORD)[kind])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_pushed(folder: Path, kind: Kind, push: Pushed) -> None:
    """Notes a push beside those of other kinds."""
    try:
        noted = read_json(folder / RECORD)
    except (OSError, ValueError):
        noted = {}
    write_json(folder / RECORD, {**(noted if isinstance(noted, dict) else {}), kind: asdict(push)})
