"""`causette livrables slides`: a short deck of the same facts, as Markdown that Marp shows and as a PowerPoint file.

The Markdown is a document like the others: the team's marked places survive every build, a line changed elsewhere is kept
aside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from chatbot.files import write_json, write_whole
from chatbot.language import current_language, tr
from livrables.documents import keep_aside, keep_changed, noted, stands, write_pictures
from livrables.drafting import Draft, draft
from livrables.escaping import NO_BREAK
from livrables.material import material_of
from livrables.office import lay_out_slides
from livrables.own import own_of
from livrables.tasks import read_tasks
from livrables.team import read_team
from livrables.workspace import Workspace

STEM = "presentation"
_MARP = "---\nmarp: true\nlang: {language}\npaginate: true\nsize: 16:9\n---\n\n"


@dataclass(frozen=True, kw_only=True)
class Deck:
    """What was written.

    Args:
        folder: of the deliverables.
        files: Markdown and PowerPoint.
        drafted: what the deck shows.
        asides: former files that somebody had changed by hand.
        refused: pictures that the PowerPoint file leaves out.
    """

    folder: Path
    files: tuple[Path, ...]
    drafted: Draft
    asides: tuple[Path, ...]
    refused: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        missing = [fact for fact in self.drafted.facts if not fact.measured]
        return {
            "files": [file.relative_to(self.folder).as_posix() for file in self.files],
            "facts": len(self.drafted.facts),
            "not_measured": [{"key": fact.key, "cure": fact.cure} for fact in missing],
            "to_write": [name for name, done in self.drafted.places.items() if not done],
            "kept_aside": [file.relative_to(self.folder).as_posix() for file in self.asides],
            "left_out": list(self.refused),
        }

    def told(self) -> tuple[str, ...]:
        """The lines that the command prints."""
        found = self.to_json()
        lines = [tr("Présentation écrite", "Deck written") + tr(f"{NO_BREAK}: ", ": ") + ", ".join(str(file) for file in self.files)]  # fmt: skip
        if missing := found["not_measured"]:
            cures = ", ".join(dict.fromkeys(one["cure"] or one["key"] for one in missing))
            lines.append(
                tr(f"Non mesuré ({len(missing)}){NO_BREAK}: {cures}", f"Not measured ({len(missing)}): {cures}")
            )
        if names := found["to_write"]:
            lines.append(tr(f"Places à écrire{NO_BREAK}: ", "Places to write: ") + ", ".join(names))
        lines += [tr(f"Changé à la main{NO_BREAK}: l'ancien fichier est gardé sous {name}.", f"Changed by hand: the former file is kept as {name}.")
                  for name in found["kept_aside"]]  # fmt: skip
        lines += [tr(f"Image non incluse{NO_BREAK}: {name}", f"Picture left out: {name}") for name in self.refused]
        return tuple(lines)


def write_slides(workspace: Workspace, work: Path, *, votes: Mapping[str, Any] | None = None, today: date) -> Deck:
    """Writes `presentation.md` and `presentation.pptx` into a team's folder.

    Args:
        workspace: the team's folder.
        work: folder of the runs and the data.
        votes: what the user test says, see `material_of`.
        today: on the first slide.

    Raises:
        InputError: the team's files or a mark of its places are wrong: nothing was written.
        WorldError: the disk or pandoc failed.
    """
    team = read_team(workspace.team_file)
    tasks = read_tasks(workspace.tasks_file, team)
    material = material_of(work, team.work, rendus=workspace.path, votes=votes)
    file = workspace.path / f"{STEM}.md"
    scope = {"team": team, "tasks": tuple(tasks), "material": material, "today": today, "document": None, "gantt": None,
             "own": own_of(workspace, work, team, tasks, today)}  # fmt: skip
    drafted = draft(STEM, stem=STEM, before=stands(file), scope=scope, deck=True)
    marp = _MARP.format(language=current_language())
    whole = Draft(**{**drafted.__dict__, "markdown": marp + drafted.markdown})
    return _write(workspace.path, file, whole, today)


def _write(folder: Path, file: Path, drafted: Draft, today: date) -> Deck:
    old = noted(file)
    aside = keep_changed(file, drafted, old)
    write_pictures(drafted, file.parent)
    write_whole(file, lambda temporary: temporary.write_bytes(drafted.markdown.encode()))
    laid = lay_out_slides(file, root=folder, today=today)
    powerpoint, content = file.with_suffix(".pptx"), laid.content["pptx"]
    asides = [aside] if aside else []
    if powerpoint.is_file() and sha256(powerpoint.read_bytes()).hexdigest() not in (
        old.get("made", {}).get("pptx"),
        sha256(content).hexdigest(),
    ):
        asides.append(keep_aside(powerpoint))
    write_whole(powerpoint, lambda temporary: temporary.write_bytes(content))
    state = {"format": 1, "document": file.name, "built": today.isoformat(), "language": current_language(),
             "facts": [fact.to_json() for fact in drafted.facts], "places": drafted.places, "blanks": drafted.blanks,
             "generated": drafted.generated, "made": {"pptx": sha256(content).hexdigest()}}  # fmt: skip
    write_json(file.with_suffix(".facts.json"), state)
    return Deck(folder=folder, files=(file, powerpoint), drafted=drafted, asides=tuple(asides), refused=laid.refused)
