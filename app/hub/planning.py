"""What a push has to do to a repository: what is new, what goes, what stays although it is not of the parcel, and whether
all that may be done unasked.

A push takes away only what a push brought: files that others added stay. The description of its commit names those that
stayed, so that the next push does not take them for its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.hub.asked import Asked
from app.hub.parcel import Item, Parcel
from app.hub.pushed import pushed
from app.hub.remote import KEPT, Head, Remote, digest_of, files_at
from chatbot.language import number, tr

if TYPE_CHECKING:
    from huggingface_hub import HfApi

RESULTS = ".eval_results/"  # measurements that anybody may add on the Hub
SHOWN = 5  # places that a line names


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a push has to do.

    Args:
        new: files that are not there, or are others.
        gone: places of those that an earlier push brought, and that are no longer in the parcel.
        left: places that no push brought: they stay.
        tag: that it will get.
    """

    new: tuple[Item, ...]
    gone: tuple[str, ...]
    left: tuple[str, ...]
    tag: str

    @property
    def empty(self) -> bool:
        return not self.new and not self.gone


def planned(api: "HfApi", parcel: Parcel, repo: str, remote: Remote, tag: str) -> Plan:
    """The plan for a parcel; the Hub is asked for an older tree only where the newest commit is no push's."""
    here = {item.path for item in parcel.items}
    others = sorted(path for path in remote.files if path not in here and path not in KEPT)
    brought: set[str] = set()
    if last := remote.last_push:
        there = remote.files if remote.head == last else files_at(api, parcel.kind, repo, last.commit)
        brought = set(there) - set(last.left)
    gone = tuple(path for path in others if path in brought and not path.startswith(RESULTS))
    return Plan(
        new=tuple(item for item in parcel.items if not remote.has(item)), gone=gone,
        left=tuple(path for path in others if path not in gone), tag=tag,
    )  # fmt: skip


def may_replace(head: Head, remote: Remote, parcel: Parcel, asked: Asked, user: str) -> bool:
    """Whether the newest commit is what this folder's last push left, or the Hub's own first one.

    What notes no push there (a model without a folder, another copy of the team's) may follow pushes of the same user.
    """
    if asked.overwrite or remote.untouched:
        return True
    noted = pushed(asked.record, parcel.kind) if asked.record else None
    if noted and noted.repo == asked.repo:
        return head.commit == noted.commit or head.parcel == digest_of(parcel)
    return head.parcel is not None and user in head.authors


def told_loss(plan: Plan, remote: Remote) -> str:
    """What of the repository a push would replace and remove, in a line; "" where nothing."""
    replaced = named(item.path for item in plan.new if item.path in remote.files)
    removed = named(plan.gone)
    return " ".join([
        *([tr(f"Seraient remplacés : {replaced}.", f"Would be replaced: {replaced}.")] if replaced else []),
        *([tr(f"Seraient retirés : {removed}.", f"Would be removed: {removed}.")] if removed else []),
    ])  # fmt: skip


def named(places: Iterable[str]) -> str:
    """The first few places, then how many more: "a, b et 3 autres"."""
    places = list(places)
    if len(places) <= SHOWN + 1:
        return ", ".join(places)
    more = number(len(places) - SHOWN)
    return ", ".join(places[:SHOWN]) + tr(f" et {more} autres", f" and {more} more")
