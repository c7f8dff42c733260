"""Facts followed to the files they came from: the file is there, is the one that was read, and says the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import number, tr
from livrables.checks.check import Check, Place, Stale, listed, same, says
from livrables.checks.documents import BUILD, Page
from livrables.checks.reading import LeadsOut, inside, sha256_of
from livrables.fact import Fact, Source, Value

Follow = Callable[[Fact], Value]


class Origins:
    """The files that facts name, each looked at once.

    Args:
        folders: below which they may lie: the work folder, and the deliverables' own for the team's two files.
    """

    def __init__(self, *folders: Path):
        self._folders = folders
        self._sums: dict[Path, str] = {}

    def file(self, source: Source) -> Path | None:
        """Where a source is; None where it is not there.

        Raises:
            LeadsOut: its path leads out of the folders.
        """
        paths = [inside(folder, source.path) for folder in self._folders]
        return next((path for path in paths if path.is_file()), None)

    def changed(self, source: Source) -> bool:
        """Whether a source that is there is no longer what was read."""
        file = self.file(source)
        assert file
        if file not in self._sums:
            self._sums[file] = sha256_of(file)
        return self._sums[file] != source.sha256

    def changed_of(self, page: Page) -> dict[Source, Path]:
        """The sources of a document that are there and no longer what was read, with their files."""
        found = {}
        for source in {fact.source: None for fact in page.facts if fact.source}:
            try:
                file = self.file(source)
            except LeadsOut:
                continue
            if file and self.changed(source):
                found[source] = file
        return found


def source_checks(page: Page, origins: Origins, follow: Follow, *, voted: bool) -> Iterator[Check]:
    """Of every fact of a document; `voted`: whether the votes could be read."""
    by_source: dict[Source, list[Fact]] = {}
    for fact in page.facts:
        if not fact.measured:
            continue
        if fact.source is None:
            yield _place(page, fact.key).unverified(
                tr("origine d'un fait", "origin of a fact"), tr("aucun fichier noté", "no file noted")
            )
        elif fact.pointer.startswith("votes:") and not voted:
            yield Place(kind="votes", where=f"{page.name} · {fact.key}").unverified(
                tr("compte de votes", "count of votes"), tr("la base des votes n'est pas là", "the votes' database is not there")
            )  # fmt: skip
        else:
            by_source.setdefault(fact.source, []).append(fact)
    for source, facts in by_source.items():
        yield from _source(page, source, facts, origins, follow)


def _source(page: Page, source: Source, facts: list[Fact], origins: Origins, follow: Follow) -> Iterator[Check]:
    votes = facts[0].pointer.startswith("votes:")
    place = Place(kind="votes" if votes else "sources", where=f"{page.name} · {source.path}")
    what = tr("valeur relue dans sa source", "value read again in its source")
    try:
        file = origins.file(source)
    except LeadsOut as error:
        yield place.broken(what, str(error), BUILD, count=len(facts))
        return
    if file is None:
        yield place.unverified(what, tr("fichier absent", "no such file"), count=len(facts))
        return
    changed = origins.changed(source)
    wrong = []
    for fact in facts:
        try:
            found = follow(fact)
        except InputError as error:
            wrong.append((fact.key, str(error).split("\n")[0]))
            continue
        if not same(fact.value, found):
            wrong.append((fact.key, says(fact.value, found)))
    if right := len(facts) - len(wrong):
        yield place.holds(what, right)
    since = tr(" (source changée depuis la construction)", " (source changed since it was built)") if changed else ""
    stale = Stale(document=page.name, sources=(str(source.path),)) if changed else None
    yield from listed(place, what + since, wrong, BUILD, stale)
    if changed and not wrong:
        values = tr("la valeur citée est la même", "the value quoted is the same") if len(facts) == 1 else tr(
            f"les {number(len(facts))} valeurs citées sont les mêmes", f"the {number(len(facts))} values quoted are the same")  # fmt: skip
        why = tr(f"le fichier a changé depuis la construction ; {values} : à reconstruire",
                 f"the file changed since it was built; {values}: to be built again")  # fmt: skip
        yield place.unverified(tr("empreinte (sha256) de la source", "fingerprint (sha256) of the source"), why, BUILD)
    elif not changed:
        yield place.holds(tr("empreinte (sha256) de la source", "fingerprint (sha256) of the source"))


def _place(page: Page, part: str) -> Place:
    return Place(kind="sources", where=f"{page.name} · {part}")
