"""Where a folder was downloaded from: "pulled" in its ``hub.json``, beside what pushes note there.

{"pulled": {"kind": "model", "repo": "zoe/faq", "revision": "v1", "commit": "…", "date": "2026-11-22"}}
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from app.hub.parcel import Kind
from app.hub.pushed import RECORD
from chatbot.files import read_json, write_json

KEY = "pulled"


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """One download.

    Args:
        kind: of the repository.
        repo: "owner/name".
        revision: as it was asked for.
        commit: that it was then, and that is here.
        date: of the day, ISO.
    """

    kind: Kind
    repo: str
    revision: str
    commit: str
    date: str


def pulled(folder: Path) -> Pulled | None:
    """Where a folder came from; None where nothing is noted, or the note cannot be read."""
    try:
        return Pulled(**read_json(folder / RECORD)[KEY])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_pulled(folder: Path, pull: Pulled) -> None:
    """Writes the note into a folder that is still being made."""
    write_json(folder / RECORD, {KEY: asdict(pull)})
