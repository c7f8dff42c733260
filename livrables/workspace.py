"""The folder of a team's deliverables.

rendus/
    team.yaml                   the team; changed by hand
    tasks.csv                   its tasks; changed by hand
    captures/                   screenshots of the page, put there by the team
    1-equipe/1-equipe.md …      one folder per deliverable: .md, .docx, .pdf and facts.json, figures in figures/
    2-donnees/zoe-martin.md …   one file per member for what is handed in alone
    rapport-individuel/01-zoe-martin.md …
    rapport-manager/01.md …
    suivi.xlsx                  the workbook
    gantt.png, gantt.mmd
    presentation.md, .pptx      after `causette livrables slides`
"""

from dataclasses import dataclass
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr

FOLDER = Path("rendus")
TEAM, TASKS, CAPTURES, WORKBOOK = "team.yaml", "tasks.csv", "captures", "suivi.xlsx"


@dataclass(frozen=True)
class Workspace:
    """A folder that `causette livrables init` has laid out."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "Workspace":
        """The folder of a team.

        Raises:
            InputError: there is no team.yaml in it.
        """
        if not (path / TEAM).is_file():
            raise InputError(
                tr(f"{path} : pas de {TEAM} ici. Préparez le dossier d'abord : causette livrables init --out {path}",
                   f"{path}: no {TEAM} here. Lay the folder out first: causette livrables init --out {path}")
            )  # fmt: skip
        return cls(path)

    @property
    def team_file(self) -> Path:
        return self.path / TEAM

    @property
    def tasks_file(self) -> Path:
        return self.path / TASKS

    @property
    def captures(self) -> Path:
        return self.path / CAPTURES

    @property
    def workbook(self) -> Path:
        return self.path / WORKBOOK
