"""Laying out the folder of a team's deliverables; what the team wrote there is never overwritten."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import InputError, cannot_write
from chatbot.files import write_text, write_whole
from chatbot.language import tr, typeset
from livrables.days import figures_of
from livrables.deliverable import COURSE, Deliverable
from livrables.escaping import escaped
from livrables.tasks import first_tasks, tasks_csv
from livrables.team import Team, read_team, team_yaml
from livrables.workbook_deliverables import handed_by
from livrables.workspace import CAPTURES, TASKS, TEAM, WORKBOOK, Workspace

README = "README.md"
NOTE = "LISEZMOI.txt"
BEGIN, END = "<!-- causette : livrables -->", "<!-- /causette : livrables -->"
_OURS = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
FILE_NAMES = ("md", "docx", "pdf")


@dataclass(frozen=True, kw_only=True)
class Laid:
    """What `init` did.

    Args:
        folder: of the deliverables.
        written: files and folders that were made, below it.
        refreshed: files of ours whose table was made again.
        kept: files that were there, left as they are.
    """

    folder: Path
    team: Team
    written: tuple[str, ...]
    refreshed: tuple[str, ...]
    kept: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "team": self.team.name,
            "members": [member.name for member in self.team.members],
            "written": list(self.written),
            "refreshed": list(self.refreshed),
            "kept": list(self.kept),
            "remarks": list(self.team.remarks),
        }

    def told(self) -> list[str]:
        """What was done and what comes next, a line each."""
        out, team = self.folder, self.team
        lines = [tr(f"{out} : {team.name}, {len(team.members)} membres, {team.periods} périodes à partir du {figures_of(team.start)}.",
                    f"{out}: {team.name}, {len(team.members)} members, {team.periods} periods from {figures_of(team.start)}.")]  # fmt: skip
        for label, names in ((tr("Écrit", "Written"), self.written), (tr("Refait", "Made again"), self.refreshed),
                             (tr("Gardé tel quel", "Kept as it was"), self.kept)):  # fmt: skip
            if names:
                lines.append(tr(f"{label} : ", f"{label}: ") + ", ".join(names))
        lines.append(tr(f"Ensuite : relisez {out / TEAM} et {out / TASKS}, puis causette livrables build --out {out}",
                        f"Next: look over {out / TEAM} and {out / TASKS}, then causette livrables build --out {out}"))  # fmt: skip
        return lines


def lay_out(team: Team, out: Path) -> Laid:
    """Writes what is not there yet: the team, its first tasks, a folder per deliverable, and a table of them all.

    Args:
        team: whose folder it is.
        out: the folder, new or laid out before.

    Raises:
        InputError: `out` is a file, or another team's folder.
        WorldError: the disk refuses.
    """
    if out.exists() and not out.is_dir():
        raise _a_file(out)
    workspace = Workspace(out)
    _refuse_another(team, workspace)
    texts = {TEAM: team_yaml(team), TASKS: tasks_csv(first_tasks(team)), f"{CAPTURES}/{NOTE}": typeset(_note())}
    try:
        return _laid(team, out, texts)
    except OSError as error:
        raise cannot_write(out, error) from error


def _a_file(path: Path) -> InputError:
    """The error for a file where a folder should be."""
    return InputError(tr(f"{path} : c'est un fichier ; il faut un dossier.", f"{path}: a file; a folder is needed."))


def _laid(team: Team, out: Path, texts: dict[str, str]) -> Laid:
    written: list[str] = []
    kept: list[str] = []
    refreshed: list[str] = []
    for name, text in texts.items():
        if (out / name).exists():
            kept.append(name)
        else:
            write_text(out / name, text)
            written.append(name)
    for one in COURSE:
        if not (out / one.key).is_dir():
            (out / one.key).mkdir(parents=True)
            written.append(f"{one.key}/")
    before = _there(out / README)
    after = _read_me(team, before)
    if after != before:
        content = after.encode("utf-8", "surrogateescape")
        write_whole(out / README, lambda temporary: temporary.write_bytes(content))
    (kept if after == before else written if before is None else refreshed).append(README)
    return Laid(folder=out, team=team, written=tuple(written), refreshed=tuple(refreshed), kept=tuple(kept))


def _there(file: Path) -> str | None:
    """The text of a file, None where there is none; bytes that are no UTF-8 go back as they came."""
    return file.read_bytes().decode("utf-8", "surrogateescape") if file.is_file() else None


def _refuse_another(team: Team, workspace: Workspace) -> None:
    if not workspace.team_file.exists() or read_team(workspace.team_file) == team:
        return
    there, out = workspace.team_file, workspace.path
    raise InputError(
        tr(f"{there} est déjà là et dit autre chose que l'équipe donnée ; rien n'a été changé.\n"
           f"Modifiez ce fichier-là, puis : causette livrables init --out {out} (sans --team) ; ou choisissez un autre --out.",
           f"{there} is there already and says something else than the team given; nothing was changed.\n"
           f"Change that file, then: causette livrables init --out {out} (without --team); or choose another --out.")
    )  # fmt: skip


def _read_me(team: Team, before: str | None) -> str:
    """The whole file, or the one that is there with its table made again; without our marks it is the team's alone."""
    if before is not None:
        return _OURS.sub(lambda _: _table(team), before, count=1)
    text = tr("Ce dossier contient les livrables du projet. Ce qui a été mesuré y est écrit par `causette livrables build` ; "
              "le texte de l'équipe s'écrit dans les places marquées et reste à chaque construction.",
              "This folder holds the project's deliverables. What was measured is written into it by `causette livrables build`; "
              "the team writes its own text into the marked places, where it stays at every build.")  # fmt: skip
    title = tr("Livrables", "Deliverables")
    return f"# {escaped(team.name)} – {title}\n\n{typeset(text)}\n\n{_table(team)}\n\n{typeset(_how())}\n"


def _table(team: Team) -> str:
    head = [tr("N°", "No."), tr("Livrable", "Deliverable"), tr("À rendre", "Due"), tr("Forme", "Form"),
            tr("Rendu par", "Handed in by"), tr("Compétences", "Competences")]  # fmt: skip
    lines = [_line(head), _line(["---"] * len(head)), *(_line(_cells(one, team)) for one in COURSE)]
    periods = [
        _line([tr("Période", "Period"), tr("Du", "From"), tr("Au", "To"), tr("Manager", "Manager")]),
        _line(["---"] * 4),
    ]
    periods += [_line([str(one.number), figures_of(one.first), figures_of(one.last), escaped(one.manager.name)])
                for one in team.calendar]  # fmt: skip
    return "\n".join([BEGIN, "", *lines, "", *periods, "", END])


def _cells(one: Deliverable, team: Team) -> list[str]:
    forms = ", ".join([*FILE_NAMES, *([WORKBOOK] if one.workbook else [])])
    due = figures_of(one.due(team)) if one.period else tr("fin de chaque période", "end of every period")
    numbers = ", ".join(map(str, one.competences))
    return [str(one.number or "–"), f"[{tr(*one.title)}]({one.key}/)", due, forms, handed_by(one.who), numbers]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _how() -> str:
    return tr(
        "## Comment faire\n\n"
        "1. Complétez `team.yaml` et `tasks.csv` (un tableur l'ouvre).\n"
        "2. `causette livrables build` remplit les documents de ce qui a été mesuré ; `causette livrables build 5` n'en fait qu'un.\n"
        "3. Écrivez votre texte dans les places marquées des fichiers `.md`, puis reconstruisez.\n"
        "4. `causette livrables status` dit ce qui est fait, en retard ou manquant ; `causette livrables verify` recalcule des nombres rapportés.\n"
        "5. `causette livrables slides` fait la présentation.",
        "## How to\n\n"
        "1. Complete `team.yaml` and `tasks.csv` (a spreadsheet opens it).\n"
        "2. `causette livrables build` fills the documents with what was measured; `causette livrables build 5` makes one of them.\n"
        "3. Write your text into the marked places of the `.md` files, then build again.\n"
        "4. `causette livrables status` tells what is done, late or missing; `causette livrables verify` computes reported numbers again.\n"
        "5. `causette livrables slides` makes the presentation.",
    )  # fmt: skip


def _note() -> str:
    return tr(
        "Mettez ici les captures d'écran de votre page (PNG ou JPEG) : le livrable 6 les montre, dans l'ordre des noms.\n"
        "Le nom du fichier sert de légende : 01-question-et-réponse.png donne « Question et réponse ».\n"
        "Pas de nom ni d'adresse de personnes réelles sur les images.\n",
        "Put the screenshots of your page here (PNG or JPEG): deliverable 6 shows them, in the order of their names.\n"
        "A file's name is its caption: 01-question-and-answer.png gives “Question and answer”.\n"
        "No names or addresses of real people on them.\n",
    )
