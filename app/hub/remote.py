"""A repository of the Hub as a push finds it: its newest commit and whose that is, its files, its tags.

A push leaves its mark in the description of its commit, the digest of all the files that it sent:

    Causette-Parcel: 3f0c…
    Causette-Left: ["NOTES.md"]

so that the next one knows a push again, also one whose answer was lost, and the files of others that it left alone.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.hub.parcel import Item, Kind, Parcel

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MARK = "Causette-Parcel: "
LEFT = "Causette-Left: "
BORN = {".gitattributes", "README.md", "LICENSE"}  # what the Hub itself may put into a new repository
KEPT = (".gitattributes",)  # the Hub's own: it says which files are large ones
NUMBERED = re.compile(r"v(\d+)")


@dataclass(frozen=True, kw_only=True)
class Head:
    """A commit.

    Args:
        commit: its name.
        title, date, description: as the Hub shows them.
        authors: their names there.
        first: whether there is none before it.
    """

    commit: str
    title: str
    date: datetime
    description: str
    authors: tuple[str, ...]
    first: bool

    @property
    def parcel(self) -> str | None:
        """The digest of what a push sent with it; None for a commit that no push made."""
        return self._noted(MARK)

    @property
    def left(self) -> tuple[str, ...]:
        """Places of files that the push found there and left, for no push had brought them."""
        try:
            places = json.loads(self._noted(LEFT) or "[]")
        except ValueError:
            return ()
        return tuple(place for place in places if isinstance(place, str)) if isinstance(places, list) else ()

    def _noted(self, mark: str) -> str | None:
        lines = self.description.splitlines()
        return next((line.removeprefix(mark).strip() for line in lines if line.startswith(mark)), None)


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A repository.

    Args:
        private: whether only its owners see it.
        head: the newest commit; None where there is none yet.
        last_push: the newest one that a push made, whoever's; None where there is none.
        files: what the Hub knows of each file at that commit, by its place.
        tags: their commits.
    """

    private: bool
    head: Head | None
    last_push: Head | None
    files: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def untouched(self) -> bool:
        """Whether it is as the Hub itself made it."""
        born = self.head is not None and self.head.first and self.head.title == "initial commit"
        return born and set(self.files) <= BORN

    def tag_at(self, commit: str) -> str | None:
        """The tag of a commit, the highest number first; None where it has none."""
        here = [name for name, target in self.tags.items() if target == commit]
        return max(here, key=lambda name: int(found[1]) if (found := NUMBERED.fullmatch(name)) else -1, default=None)

    def has(self, item: Item) -> bool:
        """Whether a file is there already, the same to the last byte."""
        file = self.files.get(item.path)
        if file is None or file.size != item.size:
            return False
        return item.sha256 == file.lfs.sha256 if file.lfs else item.blob_id == file.blob_id


def look(api: "HfApi", kind: Kind, repo: str) -> Remote | None:
    """The repository; None where there is none that the token's owner sees.

    Raises:
        HfHubHTTPError: the Hub refuses; among them GatedRepoError.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        info = api.repo_info(repo, repo_type=kind)
    except GatedRepoError:
        raise
    except RepositoryNotFoundError:
        return None
    commits = commits_of(api, kind, repo)
    head = commits[0] if commits else None
    return Remote(
        private=bool(info.private), head=head, last_push=next((each for each in commits if each.parcel), None),
        files=files_at(api, kind, repo, head.commit) if head else {}, tags=tags_of(api, kind, repo),
    )  # fmt: skip


def commits_of(api: "HfApi", kind: Kind, repo: str) -> list[Head]:
    """Those of the main branch, newest first."""
    commits = api.list_repo_commits(repo, repo_type=kind)
    return [
        Head(
            commit=each.commit_id, title=each.title, date=each.created_at, description=each.message or "",
            authors=tuple(each.authors), first=each is commits[-1],
        )
        for each in commits
    ]  # fmt: skip


def files_at(api: "HfApi", kind: Kind, repo: str, commit: str) -> dict[str, Any]:
    """What the Hub knows of each file at a commit, by its place."""
    tree = api.list_repo_tree(repo, recursive=True, revision=commit, repo_type=kind)
    return {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}  # folders have none


def tags_of(api: "HfApi", kind: Kind, repo: str) -> dict[str, str]:
    return {tag.name: tag.target_commit for tag in api.list_repo_refs(repo, repo_type=kind).tags}


def next_tag(tags: Iterable[str]) -> str:
    """One more than the highest number so far."""
    numbers = [int(found[1]) for name in tags if (found := NUMBERED.fullmatch(name))]
    return f"v{max(numbers, default=0) + 1}"


def marks(parcel: Parcel, left: Iterable[str]) -> str:
    """The description of a push's commit."""
    places = sorted(left)
    return MARK + digest_of(parcel) + (f"\n{LEFT}{json.dumps(places)}" if places else "")


def digest_of(parcel: Parcel) -> str:
    """sha256 over the places and contents of all files."""
    digest = hashlib.sha256()
    for item in parcel.items:
        digest.update(f"{item.path}\0{item.sha256}\n".encode())
    return digest.hexdigest()
