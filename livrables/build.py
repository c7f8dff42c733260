"""`causette livrables build`: reads what was run, writes the documents, lays out those that changed.

Everything is rendered before anything is written: a damaged mark in one document leaves all of them as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chatbot.files import write_text, write_whole
from chatbot.language import tr
from livrables.deliverable import Document, documents
from livrables.documents import Written, render, stands, write
from livrables.escaping import NO_BREAK
from livrables.material import Picture, material_of
from livrables.own import Own, own_of
from livrables.places import places_of
from livrables.press import Printed, press
from livrables.tasks import Task, read_tasks
from livrables.team import Team, read_team
from livrables.workspace import Workspace

Say = Callable[[str], None]
GANTT, MERMAID = "gantt.png", "gantt.mmd"


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a build wrote.

    Args:
        folder: of the deliverables.
        written: documents, in the order of the course.
        printed: Word and PDF files: made now, or as they were.
        others: workbook and Gantt.
        workbook_aside: the workbook as somebody had changed it; None where nobody had.
        early: running reports that were left out: their period has not begun.
    """

    folder: Path
    written: tuple[Written, ...]
    printed: Printed
    others: tuple[Path, ...]
    workbook_aside: Path | None
    early: int

    @property
    def asides(self) -> tuple[Path, ...]:
        """Files changed by hand, kept beside the new ones."""
        found = [self.workbook_aside, *(one.aside for one in self.written), *self.printed.asides]
        return tuple(file for file in found if file)

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": self.folder.as_posix(),
            "documents": [
                {
                    "document": f"{one.document.path.as_posix()}.md",
                    "facts": len(one.facts),
                    "not_measured": [{"key": fact.key, "cure": fact.cure} for fact in one.missing],
                    "to_write": [name for name, done in one.places.items() if not done],
                }
                for one in self.written
            ],
            "made": [self._below(file) for file in self.printed.made],
            "unchanged": [self._below(file) for file in self.printed.same],
            "others": [self._below(file) for file in self.others],
            "kept_aside": [self._below(file) for file in self.asides],
            "left_out": {self._below(file): list(names) for file, names in self.printed.refused.items()},
            "not_begun": self.early,
        }

    def told(self) -> tuple[str, ...]:
        """The lines that the command prints."""
        missing = {fact.key for one in self.written for fact in one.missing}
        empty = sum(not done for one in self.written for done in one.places.values())
        files = len(self.printed.made)
        lines = [
            tr(f"{_count(len(self.written), 'document', 'documents')} dans {self.folder}{NO_BREAK}: {_count(files, 'fichier mis', 'fichiers mis')} en page, "
               f"{_count(len(self.printed.same), 'inchangé', 'inchangés')}.",
               f"{_count(len(self.written), 'document', 'documents')} in {self.folder}: {_count(files, 'file', 'files')} laid out, {len(self.printed.same)} unchanged."),
            tr(f"Reste à faire{NO_BREAK}: {_count(len(missing), 'valeur', 'valeurs')} à mesurer, {_count(empty, 'place', 'places')} à écrire (listées à la fin de chaque document).",
               f"Left to do: {_count(len(missing), 'value', 'values')} to measure, {_count(empty, 'place', 'places')} to write (listed at the end of each document)."),
        ]  # fmt: skip
        if self.early:
            lines.append(tr(f"{_count(self.early, 'rapport de quinzaine attend le début de sa', 'rapports de quinzaine attendent le début de leur')} période.",
                            f"{_count(self.early, 'running report waits', 'running reports wait')} for the period to begin."))  # fmt: skip
        lines += [tr(f"Changé à la main hors des places marquées{NO_BREAK}: l'ancien fichier est gardé sous {self._below(file)}.",
                     f"Changed by hand outside of the marked places: the former file is kept as {self._below(file)}.") for file in self.asides]  # fmt: skip
        lines += [tr(f"{self._below(file)}{NO_BREAK}: images laissées de côté (absentes, illisibles ou hors du dossier){NO_BREAK}: {', '.join(names)}",
                     f"{self._below(file)}: pictures left out (missing, unreadable or outside of the folder): {', '.join(names)}")
                  for file, names in self.printed.refused.items()]  # fmt: skip
        return tuple(lines)

    def _below(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()


def build(
    workspace: Workspace, work: Path, *, numbers: Sequence[int] = (), formats: Sequence[str] = ("md", "docx", "pdf"),
    votes: Mapping[str, Any] | None = None, today: date, say: Say = lambda _: None,
) -> Built:  # fmt: skip
    """Writes the deliverables of a team.

    Args:
        workspace: where they go.
        work: folder of the runs and the data.
        numbers: of deliverables, 1 to 8; none for all of them and the running reports of the periods that have begun.
        formats: "md", "docx", "pdf"; Markdown is always written.
        votes: what the user test says, see `material_of`.
        today: the day of the build.
        say: told how far it is.

    Raises:
        InputError: the team's files, a mark in a document, or what `work` should hold; nothing was written then.
        WorldError: the disk or a program failed.
    """
    team = read_team(workspace.team_file)
    tasks = read_tasks(workspace.tasks_file, team)
    material = material_of(work, team.work, rendus=workspace.path, votes=votes)
    for remark in material.remarks:
        say(remark)
    own = own_of(workspace, work, team, tasks, today)
    chosen = _chosen(team, numbers, today)
    before = {document: stands(file_of(workspace, document)) for document in chosen}
    for one in before.values():
        places_of(one.markdown, one.file)  # raises before anything is written
    others, workbook_aside = _diagrams(workspace, team, tasks, today)
    gantt = gantt_picture(workspace, own)
    drafts = {
        document: render(document, team=team, tasks=tasks, material=material, before=before[document], today=today,
                         own=own, gantt=gantt)
        for document in chosen
    }  # fmt: skip
    written = tuple(write(document, workspace.path, made, today=today) for document, made in drafts.items())
    printed = press([one.files[0] for one in written], formats, root=workspace.path, today=today, say=say)
    early = 0 if numbers else len(documents(team)) - len(chosen)
    return Built(
        folder=workspace.path,
        written=written,
        printed=printed,
        others=others,
        workbook_aside=workbook_aside,
        early=early,
    )


def file_of(workspace: Workspace, document: Document) -> Path:
    """The Markdown of a document."""
    return workspace.path / f"{document.path.as_posix()}.md"


def _chosen(team: Team, numbers: Sequence[int], today: date) -> list[Document]:
    if numbers:
        return [one for one in documents(team) if one.deliverable.number in numbers]
    return [one for one in documents(team) if one.period is None or one.period.first <= today]


def _diagrams(
    workspace: Workspace, team: Team, tasks: Sequence[Task], today: date
) -> tuple[tuple[Path, ...], Path | None]:
    """Workbook, Gantt as a picture and as Mermaid; and where a workbook that was changed by hand is kept."""
    from livrables.gantt import gantt_mermaid, gantt_png
    from livrables.workbook import write_workbook

    aside = write_workbook(workspace.workbook, team, tasks, today)
    drawn = gantt_png(team, tasks, today)
    write_whole(workspace.path / GANTT, lambda temporary: temporary.write_bytes(drawn))
    write_text(workspace.path / MERMAID, gantt_mermaid(team, tasks))
    return (workspace.workbook, workspace.path / GANTT, workspace.path / MERMAID), aside


def gantt_picture(workspace: Workspace, own: Own) -> Picture | None:
    """The drawn diagram, as documents show it; None without tasks."""
    caption = tr("Diagramme de Gantt des tâches de l'équipe", "Gantt chart of the team's tasks")
    return Picture(file=workspace.path / GANTT, caption=caption, source=own.source) if own.tasks else None


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count < 2 else many}"
