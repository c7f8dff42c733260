"""The course's deliverables: eight that are handed in once, and two reports that come back every period.

B.U.T. 3, « Création d'un système de chatbot conversationnel basé sur GPT-2 ».
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from livrables.team import Member, Period, Team

Who = Literal["team", "individual", "manager"]


@dataclass(frozen=True, kw_only=True)
class Deliverable:
    """One thing to hand in.

    Args:
        key: names its template and its folder: "1-equipe"; "rapport-individuel" and "rapport-manager" come back.
        number: 1 to 8; None for the reports that come back.
        title: French and English.
        who: hands it in: one per team, one per member, or the manager of the period.
        competences: of the course, 1 to 3.
        period: at whose end it is due; None for the reports, which are due at every period's end.
        workbook: whether the workbook (XLSX) is handed in with it.
    """

    key: str
    number: int | None
    title: tuple[str, str]
    who: Who
    competences: tuple[int, ...]
    period: int | None
    workbook: bool = False

    def due(self, team: Team, period: Period | None = None) -> date:
        """The day it is due: the team's own date, else the end of its period."""
        if period is not None:
            return period.last
        assert self.period is not None and self.number is not None
        own = team.dates.get(self.number)
        return own or team.calendar[min(self.period, team.periods) - 1].last


COURSE: tuple[Deliverable, ...] = (
    Deliverable(key="1-equipe", number=1, who="team", competences=(3,), period=1, workbook=True,
                title=("Équipe, rotation des managers et dépôt de code", "Team, rotation of managers and code repository")),
    Deliverable(key="2-donnees", number=2, who="individual", competences=(2, 3), period=1,
                title=("Conditions légales d'utilisation des données", "Legal conditions of use of the data")),
    Deliverable(key="3-premiers-pas", number=3, who="team", competences=(1,), period=2,
                title=("Premiers pas avec GPT-2", "First steps with GPT-2")),
    Deliverable(key="4-nuages", number=4, who="team", competences=(1, 2), period=3,
                title=("Nuages de mots et récupération des données", "Word clouds and retrieval of the data")),
    Deliverable(key="5-affinage", number=5, who="team", competences=(1, 2), period=4,
                title=("Spécialisation du modèle", "Fine-tuning of the model")),
    Deliverable(key="6-prototype", number=6, who="team", competences=(1,), period=5,
                title=("Prototype Gradio", "Gradio prototype")),
    Deliverable(key="7-comparaison", number=7, who="team", competences=(1, 2), period=6,
                title=("Modèle générique contre modèle spécialisé", "Generic against specialised model")),
    Deliverable(key="8-optimisation", number=8, who="team", competences=(1, 2), period=8,
                title=("Optimisation après la comparaison", "Optimisation after the comparison")),
    Deliverable(key="rapport-individuel", number=None, who="individual", competences=(1, 2, 3), period=None,
                title=("Rapport individuel de la quinzaine", "Individual report of the two weeks")),
    Deliverable(key="rapport-manager", number=None, who="manager", competences=(3,), period=None, workbook=True,
                title=("Rapport du manager de la quinzaine", "Manager's report of the two weeks")),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file to write: a deliverable, of the whole team or of one member, of one period where it comes back.

    Args:
        path: of its Markdown, below the folder of the deliverables, without extension: "2-donnees/zoe-martin".
    """

    deliverable: Deliverable
    path: Path
    due: date
    member: Member | None = None
    period: Period | None = None


def documents(team: Team) -> list[Document]:
    """All that a team hands in, in the order of the course; reports that come back in that of the periods."""
    return [document for deliverable in COURSE for document in _documents(deliverable, team)]


def _documents(one: Deliverable, team: Team) -> list[Document]:
    if one.period is not None:
        due = one.due(team)
        if one.who == "team":
            return [Document(deliverable=one, path=Path(one.key) / one.key, due=due)]
        return [Document(deliverable=one, path=Path(one.key) / who.key, due=due, member=who) for who in team.members]
    return [
        Document(
            deliverable=one,
            path=Path(one.key)
            / (f"{period.number:02}-{who.key}" if one.who == "individual" else f"{period.number:02}"),
            due=one.due(team, period),
            member=who,
            period=period,
        )
        for period in team.calendar
        for who in (team.members if one.who == "individual" else (period.manager,))
    ]
