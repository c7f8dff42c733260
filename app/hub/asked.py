"""What is asked of a push, and what it did: values that its parts hand on."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How a Space is created; of no effect on one that is there already, but for the hardware, which is then asked for.

    Args:
        sdk: "gradio" or "static".
        hardware: as the Hub names it ("cpu-basic", "zero-a10g", "t4-small"…); None leaves it to the Hub.
        secrets: names and values; never shown, never stored.
        variables: names and values that everybody may read.
    """

    sdk: str
    hardware: str | None = None
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the options of `causette push` say.

    Args:
        repo: "owner/name".
        public: whether everybody may read it; a repository that is there keeps what it is, and a contradiction is told.
        must_be_private: whether a public repository is refused.
        overwrite: whether what was changed there from elsewhere may be replaced.
        tag: of this push; None for the next number ("v1", "v2"…).
        dry_run: only write the files into `out`.
        out: of the dry run; None for ``hub/NAME``.
        record: the folder (run or prepared set) that notes where it was sent; None for what is no folder of the user's.
        opening: how to create a Space.
    """

    repo: str
    public: bool = False
    must_be_private: bool = False
    overwrite: bool = False
    tag: str | None = None
    dry_run: bool = False
    out: Path | None = None
    record: Path | None = None
    opening: Opening | None = None


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a push did.

    Args:
        repo: "owner/name".
        url: of its page.
        commit: that the repository is at now.
        tag: of that commit; None where nothing was new and it has none.
        sent: places of the files that were new or other.
        removed: places of the files that are gone.
        left: places of the files that no push brought, and that stay.
        unchanged: how many files were there already.
        created: whether the repository is new.
    """

    repo: str
    url: str
    commit: str
    tag: str | None
    sent: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    created: bool
    left: tuple[str, ...] = ()
