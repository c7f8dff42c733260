"""What of a work folder is to be verified: what the documents cite, and what the team's file names."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from livrables.checks.reading import found
from livrables.checks.trained import set_of
from livrables.team import Work

DEPTH = 3  # levels of folders that are looked through
UNREADABLE = (OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """Folders below the work folder, each once."""

    sets: tuple[Path, ...]
    runs: tuple[Path, ...]
    comparisons: tuple[Path, ...]
    searches: tuple[Path, ...]

    @classmethod
    def of(cls, work: Path, named: Work, cited: Iterable[PurePosixPath]) -> "Subjects":
        """All of a team.

        Args:
            work: the folder.
            named: what its `team.yaml` says.
            cited: sources of the facts that its documents print.
        """
        cited = list(cited)
        runs = [*_paths(work, [named.run] if named.run else []), *_parents(work, cited, "metrics.json")]
        runs += _below(found(work, named.runs.as_posix()), "metrics.json")
        sets = [*_paths(work, named.data), *_parents(work, cited, "manifest.json")]
        sets += [folder for run in runs if (folder := _set(work, run))]
        comparisons = _parents(work, cited, "comparison.json")
        comparisons += [
            folder for run in runs for folder in (run, run.parent) if (folder / "comparison.json").is_file()
        ]
        searches = [
            *_parents(work, cited, "search.json"),
            *_below(found(work, named.searches.as_posix()), "search.json"),
        ]
        return cls(sets=_once(sets), runs=_once(runs), comparisons=_once(comparisons), searches=_once(searches))


def _set(work: Path, run: Path) -> Path | None:
    from chatbot.errors import InputError

    try:
        return set_of(work, run)
    except (*UNREADABLE, InputError):  # told where the run is checked
        return None


def _paths(work: Path, names: Iterable[Path]) -> list[Path]:
    return [folder for name in names if (folder := found(work, name.as_posix()))]


def _parents(work: Path, cited: Iterable[PurePosixPath], name: str) -> list[Path]:
    return _paths(work, (Path(path.parent) for path in cited if path.name == name))


def _below(folder: Path | None, marked: str, depth: int = DEPTH) -> Iterator[Path]:
    """Folders that hold such a file, links not followed."""
    if folder is None or not folder.is_dir():
        return
    if (folder / marked).is_file():
        yield folder
        return
    if depth:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _below(Path(entry.path), marked, depth - 1)


def _once(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(folders))
