"""One thing that was looked at, and what came of it."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from chatbot.errors import InputError
from chatbot.language import number, tr
from training.run_list import UNREADABLE

Kind = Literal["documents", "sources", "data", "run", "metrics", "model", "votes", "search", "pictures"]
State = Literal["holds", "broken", "unverified"]
LONGEST = 160  # characters of a text of the team's that is told
LISTED = 12  # things that do not hold of one kind at one place; the others are counted


@dataclass(frozen=True, kw_only=True)
class Stale:
    """Why a document no longer says what its sources do: it was built before one of them changed.

    Args:
        document: to be built again.
        sources: that changed since.
    """

    document: str
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing, or several alike at one place.

    Args:
        kind: what it is about.
        where: file, with its line or part where there is one.
        what: was looked at, told.
        state: whether it holds, does not, or could not be told.
        count: numbers that were looked at.
        reason: why it does not hold, or could not be told.
        cure: what the team is to do.
        stale: where it does not hold because a source changed since; None: nothing changed that would explain it.
    """

    kind: Kind
    where: str
    what: str
    state: State
    count: int = 1
    reason: str = ""
    cure: str = ""
    stale: Stale | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def told(self) -> str:
        """The check on one line."""
        reason = tr(f" : {self.reason}", f": {self.reason}") if self.reason else ""
        cure = tr(f"Remède : {self.cure}", f"Cure: {self.cure}") if self.cure else ""
        said = f"{plain(self.where)} · {plain(self.what)}{plain(reason, LONGEST * 4)}"
        end = "" if not cure or said.endswith((".", "…", "!", "?")) else "."
        return f"{said}{end} {plain(cure, LONGEST * 2)}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where checks are made; makes them."""

    kind: Kind
    where: str

    def holds(self, what: str, count: int = 1) -> Check:
        return Check(kind=self.kind, where=self.where, what=what, state="holds", count=count)

    def broken(self, what: str, reason: str, cure: str = "", count: int = 1, stale: Stale | None = None) -> Check:
        return Check(
            kind=self.kind,
            where=self.where,
            what=what,
            state="broken",
            reason=reason,
            cure=cure,
            count=count,
            stale=stale,
        )

    def unverified(self, what: str, reason: str, cure: str = "", count: int = 1) -> Check:
        return Check(
            kind=self.kind, where=self.where, what=what, state="unverified", reason=reason, cure=cure, count=count
        )

    def equal(self, what: str, said: Any, found: Any, cure: str = "") -> Check:
        """Whether what is said is what was found."""
        if same(said, found):
            return self.holds(what)
        return self.broken(what, says(said, found), cure)

    def at(self, part: str) -> "Place":
        """A part of this place."""
        return Place(kind=self.kind, where=f"{self.where} · {part}")


def says(said: Any, found: Any) -> str:
    """What stands there, and what should."""
    return tr(f"écrit {shown(said)}, recalculé {shown(found)}", f"says {shown(said)}, computed {shown(found)}")


def same(one: Any, other: Any, tolerance: float = 1e-6) -> bool:
    """Whether two JSON values are the same, numbers but for rounding; what is no number is equal to itself here."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if not _numbers(one, other):
        return bool(one == other)
    if one != one or other != other:
        return one != one and other != other
    return abs(one - other) <= max(tolerance * max(abs(one), abs(other)), 1e-9)


def differing(said: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any] | None]:
    """Walks two JSON values side by side: None for each leaf that is the same, else its path and both."""
    if isinstance(said, dict) and isinstance(found, dict):
        for key in dict.fromkeys([*found, *said]):
            yield from differing(said.get(key), found.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(said, list | tuple) and isinstance(found, list | tuple) and len(said) == len(found):
        for place, (one, other) in enumerate(zip(said, found, strict=True)):
            yield from differing(one, other, f"{path}[{place}]")
    else:
        yield None if same(said, found) else (path, said, found)


def compared(place: Place, what: str, said: Any, found: Any, cure: str = "") -> Iterator[Check]:
    """One check for all leaves that are the same, and one per leaf that is not."""
    leaves = list(differing(said, found))
    wrong = [leaf for leaf in leaves if leaf is not None]
    if len(leaves) > len(wrong):
        yield place.holds(what, len(leaves) - len(wrong))
    yield from listed(place, what, [(path, says(one, other)) for path, one, other in wrong], cure)


def listed(
    place: Place, what: str, wrong: list[tuple[str, str]], cure: str = "", stale: Stale | None = None
) -> Iterator[Check]:
    """A check per thing that does not hold, by its name and reason; those past `LISTED` are counted in one."""
    for name, reason in wrong[:LISTED]:
        yield (place.at(name) if name else place).broken(what, reason, cure, stale=stale)
    if (more := len(wrong) - LISTED) > 0:
        yield place.broken(
            what, tr(f"et {number(more)} autre(s)", f"and {number(more)} more"), cure, count=more, stale=stale
        )


def guarded(place: Place, what: str, checks: Iterable[Check]) -> Iterator[Check]:
    """The checks; whatever a damaged or forged file makes its readers raise is one more, and ends them.

    The one place where so much is caught: the files are anybody's, and what a reader stumbles over differs by reader.
    """
    try:
        yield from checks
    except InputError as error:
        yield place.broken(what, str(error).replace("\n", " "))
    except (*UNREADABLE, ArithmeticError, LookupError, RecursionError) as error:
        reason = f"{type(error).__name__} : {error}"
        yield place.broken(what, tr(f"illisible ou d'une autre forme ({reason})", f"unreadable or of another shape ({reason})"),
                           tr("remettez le fichier tel que Causette l'a écrit", "put the file back as Causette wrote it"))  # fmt: skip


def shown(value: Any) -> str:
    """A value in a sentence."""
    if isinstance(value, bool) or value is None:
        return {True: tr("oui", "yes"), False: tr("non", "no"), None: tr("rien", "nothing")}[value]
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return f"{value:.6g}".replace(".", tr(",", "."))
    if isinstance(value, str):
        return tr(f"« {plain(value, 80)} »", f"“{plain(value, 80)}”")
    return plain(str(value), 80)


def plain(text: str, longest: int = LONGEST) -> str:
    """A text of the team's on one line, cut, without what a terminal would obey."""
    flat = " ".join(
        "".join(sign if sign.isprintable() or sign in "\n\t\u202f\xa0" else "\ufffd" for sign in text).split("\n")
    )
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) for value in values)
