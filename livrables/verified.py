"""What `causette livrables verify` found, told and as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from chatbot.language import number, tr
from livrables.checks.check import LONGEST, Check, Kind, State, plain
from livrables.checks.documents import BUILD

COLUMNS = 14  # of a number in the table
SHOWN = 40  # lines of what could not be told


@dataclass(frozen=True, kw_only=True)
class Verified:
    """All checks, in their order."""

    checks: tuple[Check, ...]

    @property
    def broken(self) -> bool:
        """Whether something does not hold."""
        return any(check.state == "broken" for check in self.checks)

    def count(self, state: State, kind: Kind | None = None) -> int:
        """Numbers that are so, of one kind or of all."""
        return sum(check.count for check in self.checks if check.state == state and kind in (None, check.kind))

    def to_json(self) -> dict[str, Any]:
        states: tuple[State, ...] = get_args(State)
        kinds: tuple[Kind, ...] = get_args(Kind)
        return {
            "broken": self.broken,
            "counts": {state: self.count(state) for state in states},
            "kinds": {kind: {state: self.count(state, kind) for state in states} for kind in kinds},
            "checks": [check.to_json() for check in self.checks],
            "verdict": self.verdict,
        }

    def told(self) -> list[str]:
        """A table, what does not hold, what could not be told, and the verdict."""
        wrong = [check for check in self.checks if check.state == "broken"]
        unknown = [check for check in self.checks if check.state == "unverified"]
        lines = self._table()
        if wrong:
            lines += [
                "",
                tr(
                    f"Ne tient pas ({number(self.count('broken'))}) :",
                    f"Does not hold ({number(self.count('broken'))}):",
                ),
            ]
            lines += [
                f"  - {check.told()}" for check in wrong if check.stale is None
            ]  # what nothing explains comes first
            lines += [f"  - {line}" for line in _to_build_again(wrong)]
        if unknown:
            count = number(self.count("unverified"))
            lines += ["", tr(f"N'a pas pu être vérifié ({count}) :", f"Could not be verified ({count}):")]
            lines += [f"  - {line}" for line in _gathered(unknown)]
        return [*lines, "", self.verdict]

    @property
    def verdict(self) -> str:
        """One sentence."""
        holds, wrong, unknown = (self.count(state) for state in get_args(State))
        if not holds and not wrong:
            return tr(f"Rien n'a pu être vérifié ({number(unknown)} nombres ou fichiers).",
                      f"Nothing could be verified ({number(unknown)} numbers or files).")  # fmt: skip
        first = tr(f"{number(holds + wrong)} nombres vérifiés", f"{number(holds + wrong)} numbers verified")
        second = tr("tous tiennent", "all hold") if not wrong else tr(
            f"{number(wrong)} ne {'tient' if wrong == 1 else 'tiennent'} pas", f"{number(wrong)} {'does' if wrong == 1 else 'do'} not hold")  # fmt: skip
        third = tr(f"{number(unknown)} {'n’a' if unknown == 1 else 'n’ont'} pu l'être".replace("’", "'"),
                   f"{number(unknown)} could not be")  # fmt: skip
        return f"{first}, {second}, {third}."

    def _table(self) -> list[str]:
        names = _names()
        width = max(map(len, names.values()))
        heads = (tr("tient", "holds"), tr("ne tient pas", "does not"), tr("non vérifié", "not verified"))
        lines = ["".ljust(width) + "".join(head.rjust(COLUMNS) for head in heads)]
        for kind, name in names.items():
            counts = [self.count(state, kind) for state in get_args(State)]
            if any(counts):
                lines.append(
                    name.ljust(width) + "".join((number(count) if count else "–").rjust(COLUMNS) for count in counts)
                )
        return lines


def _to_build_again(wrong: Sequence[Check]) -> list[str]:
    """One line per document that was built before its sources changed."""
    documents: dict[str, list[Check]] = {}
    for check in wrong:
        if check.stale:
            documents.setdefault(check.stale.document, []).append(check)
    return [_changed(name, checks) for name, checks in documents.items()]


def _changed(document: str, checks: Sequence[Check]) -> str:
    names = sorted({name for check in checks if check.stale for name in check.stale.sources})
    kinds: Counter[str] = Counter()
    for check in checks:
        kinds[check.what] += check.count
    count = max(kinds.values())  # a line, its fact and its fact's value in the source are one and the same place
    have = tr("a changé", "changed") if len(names) == 1 else tr("ont changé", "changed")
    places = tr("endroit", "place") if count == 1 else tr("endroits", "places")
    told = tr(f"{document} · à reconstruire : {', '.join(names)} {have} depuis, {number(count)} {places} ; {BUILD}",
              f"{document} · to be built again: {', '.join(names)} {have} since, {number(count)} {places}; {BUILD}")  # fmt: skip
    return plain(told, LONGEST * 4)


def _gathered(checks: Sequence[Check]) -> list[str]:
    """One line per check; alike ones past the first `SHOWN` are gathered by what they are and why."""
    if len(checks) <= SHOWN:
        return [_counted(check.told(), check.count) for check in checks]
    alike: Counter[tuple[str, str, str]] = Counter()
    for check in checks[SHOWN:]:
        alike[check.kind, check.what, check.reason] += check.count
    more = [_counted(f"… {_names()[kind]} · {what} : {reason}", count) for (kind, what, reason), count in alike.items()]  # type: ignore[index]
    return [*(_counted(check.told(), check.count) for check in checks[:SHOWN]), *more]


def _counted(line: str, count: int) -> str:
    return line if count == 1 else f"{line} ({number(count)})"


def _names() -> dict[Kind, str]:
    return {
        "documents": tr("documents", "documents"), "sources": tr("sources des faits", "sources of facts"),
        "data": tr("données", "data"), "run": tr("entraînements", "trainings"), "metrics": tr("mesures", "measures"),
        "model": tr("modèle rechargé", "model loaded again"), "votes": tr("votes", "votes"),
        "search": tr("recherches", "searches"), "pictures": tr("figures", "figures"),
    }  # fmt: skip
