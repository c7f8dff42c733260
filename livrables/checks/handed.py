"""What a team handed in, and what it is written from: the documents that are there, and each written again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from chatbot.errors import InputError
from chatbot.language import LANGUAGES, number, speaking, tr
from livrables.build import gantt_picture
from livrables.checks.check import Check, Place, guarded
from livrables.checks.documents import BUILD, Page, document_checks
from livrables.checks.pages import page_checks
from livrables.checks.pictures import picture_checks
from livrables.checks.reading import inside, json_of
from livrables.checks.sources import Origins, source_checks
from livrables.deliverable import Document, documents
from livrables.documents import render, stands
from livrables.drafting import Draft
from livrables.fact import Fact, Source, Value
from livrables.follow import follow
from livrables.material import Material, material_of
from livrables.own import HOW, own_of, own_value
from livrables.reading import UNREADABLE, Reader
from livrables.slides import STEM
from livrables.tasks import Task, read_tasks
from livrables.team import Team, read_team
from livrables.workspace import Workspace

Again = Callable[[], Draft]


@dataclass(kw_only=True)
class Handed:
    """A folder of deliverables with its work folder.

    Args:
        workspace, work: the two.
        team, tasks: of its files.
        votes: what the floor above says of them; None without.
        pages: the documents that are there; None: the deck, which is none of the course's.
        first: what was found when these were read.
    """

    workspace: Workspace
    work: Path
    team: Team
    tasks: Sequence[Task]
    votes: Mapping[str, Any] | None
    pages: Mapping[Document | None, Page]
    first: Sequence[Check]
    _materials: dict[str, Material | InputError] = field(default_factory=dict)
    _drawn: Path | None = None

    @classmethod
    def read(cls, workspace: Workspace, work: Path, votes: Mapping[str, Any] | None) -> "Handed":
        """Reads all that is there.

        Raises:
            InputError: the team's own file cannot be read.
        """
        team = read_team(workspace.team_file)
        found: list[Check] = []
        tasks: Sequence[Task] = ()
        try:
            tasks = read_tasks(workspace.tasks_file, team)
        except InputError as error:
            place = Place(kind="documents", where=workspace.tasks_file.name)
            found.append(place.broken(tr("tâches", "tasks"), str(error).replace("\n", " ")))
        pages, more = _pages(workspace, team)
        return cls(
            workspace=workspace, work=work, team=team, tasks=tasks, votes=votes, pages=pages, first=[*found, *more]
        )

    @property
    def cited(self) -> list[PurePosixPath]:
        """Paths of all sources."""
        return [fact.source.path for page in self.pages.values() for fact in page.facts if fact.source]

    def checks(self) -> Iterator[Check]:
        """Of all documents."""
        yield from self.first
        with TemporaryDirectory(prefix="causette-", ignore_cleanup_errors=True) as drawn:
            self._drawn = Path(drawn)  # nothing is written into what was handed in
            yield from self._documents()

    def _documents(self) -> Iterator[Check]:
        origins, reader = Origins(self.work, self.workspace.path), Reader(self.work, self.votes)
        for document, page in self.pages.items():
            again, reason = self._again(document, page)
            changed = origins.changed_of(page)
            followed = partial(self._follow, page, reader)
            for checks in (
                document_checks(page, again, reason, frozenset(changed)),
                page_checks(page),
                source_checks(page, origins, followed, voted=self.votes is not None),
                self._pictures(page, again, changed),
            ):
                yield from guarded(page.place, tr("document", "document"), checks)

    def _again(self, document: Document | None, page: Page) -> tuple[Again | None, str]:
        """What writes a document again, or why it cannot be."""
        if document is None:
            return None, tr(
                "la présentation n'est pas récrite ici, ses faits sont relus",
                "the deck is not written again here, its facts are read again",
            )
        material = self._material(page.noted["language"])
        if isinstance(material, InputError):
            return None, str(material).replace("\n", " ")
        return partial(self._draft, document, page, material), ""

    def _material(self, language: str) -> Material | InputError:
        """What the work folder tells in a language, or why it cannot be read."""
        if language not in self._materials:
            with speaking(language):
                try:
                    self._materials[language] = material_of(
                        self.work, self.team.work, rendus=self.workspace.path, votes=self.votes, figures=self._drawn
                    )
                except InputError as error:
                    self._materials[language] = error
                except UNREADABLE as error:
                    self._materials[language] = InputError(f"{type(error).__name__} : {error}")
        return self._materials[language]

    def _draft(self, document: Document, page: Page, material: Material) -> Draft:
        """The document as a build of its day would write it from what is there now."""
        built = date.fromisoformat(page.noted["built"])
        with speaking(page.noted["language"]):
            own = own_of(self.workspace, self.work, self.team, self.tasks, built)
            gantt = gantt_picture(self.workspace, own)
            return render(document, team=self.team, tasks=self.tasks, material=material, before=stands(page.file), today=built,
                          own=own, gantt=gantt)  # fmt: skip

    def _pictures(self, page: Page, again: Again | None, changed: Mapping[Source, Path]) -> Iterator[Check]:
        copied = again().pictures if again else None
        assert self._drawn
        yield from picture_checks(page, copied, self._drawn, root=self.workspace.path, changed=changed)

    def _follow(self, page: Page, reader: Reader, fact: Fact) -> Value:
        if not fact.pointer.startswith(HOW):
            return follow(fact, self.work, reader=reader)
        value = own_value(fact.pointer, self.team, self.tasks, date.fromisoformat(page.noted["built"]))
        return "" if value is None else value


def _pages(workspace: Workspace, team: Team) -> tuple[dict[Document | None, Page], list[Check]]:
    """The documents that are there, and what is to be said of the others."""
    pages: dict[Document | None, Page] = {}
    found, missing = [], []
    for document in (*documents(team), None):
        name = f"{document.path.as_posix() if document else STEM}.md"
        place, what = Place(kind="documents", where=name), tr("document et facts.json", "document and facts.json")
        try:
            file, beside = (
                inside(workspace.path, name),
                inside(workspace.path, name.removesuffix(".md") + ".facts.json"),
            )
            if not file.is_file():
                missing += [name] if document else []
            elif not beside.is_file():
                why = tr(
                    "facts.json absent : rien ne dit d'où viennent ses nombres",
                    "no facts.json: nothing tells where its numbers come from",
                )
                found.append(place.unverified(what, why, BUILD))
            else:
                pages[document] = _page(file, name, json_of(beside))
        except (InputError, *UNREADABLE, AttributeError, RecursionError) as error:
            found.append(place.broken(what, f"{type(error).__name__} : {error}".replace("\n", " "), BUILD))
    if missing:
        why = tr(
            f"pas encore faits ({number(len(missing))}) : {', '.join(missing[:3])}…",
            f"not made yet ({number(len(missing))}): {', '.join(missing[:3])}…",
        )
        found.append(
            Place(kind="documents", where=workspace.path.name).unverified(
                tr("documents", "documents"), why, BUILD, count=len(missing)
            )
        )
    return pages, found


def _page(file: Path, name: str, noted: Any) -> Page:
    """A document with its facts.

    Raises:
        KeyError, TypeError, ValueError: the facts are none.
    """
    if noted["language"] not in LANGUAGES:
        raise ValueError("language")
    date.fromisoformat(noted["built"])
    page = Page(file=file, name=name, text=file.read_bytes().decode("utf-8-sig"), noted=noted)
    for fact in page.facts:
        if not all(isinstance(text, str) for text in (fact.text, fact.key, fact.pointer)):
            raise TypeError(fact.key)
    return page
