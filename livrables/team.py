"""`team.yaml`: who works on what, from when to when, and who leads in which two weeks.

name: Les Bavards
domain: marchés publics
start: 2026-09-07
weeks: 2
periods: 8
members:
  - name: Zoé Martin
    github: zoe
managers: [Zoé Martin, Ali Benali]      # by turns; all members in their order where it is left out
dates: {3: 2026-10-19}                  # due dates that differ from the course's
repositories: {code: https://…, model: zoe/faq, dataset: zoe/faq-data, space: zoe/faq-page}
work: {run: runs/faq, data: [data/faq], runs: runs, searches: searches}
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from chatbot.language import tr
from chatbot.yaml_model import read_model, text_of
from livrables.names import keys_of, place_among
from livrables.team_file import TeamFile, contradictions

USUAL = (6, 7)  # members of a team of the course


@dataclass(frozen=True, kw_only=True)
class Member:
    """A student of the team.

    Args:
        name: as reports print it.
        github: account; "" where unknown.
        key: in names of files: "zoe-martin".
    """

    name: str
    github: str = ""
    key: str


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of work with one manager.

    Args:
        number: from 1.
        first, last: days, both included.
    """

    number: int
    first: date
    last: date
    manager: Member


@dataclass(frozen=True, kw_only=True)
class Work:
    """What of the work folder the deliverables speak of; paths are below that folder.

    Args:
        run: the team's specialised model; None: the newest finished run with a comparison, else the newest finished one.
        data: prepared sets; none: those of the runs.
        runs, searches: folders of runs and of searches.
    """

    run: Path | None = None
    data: tuple[Path, ...] = ()
    runs: Path = Path("runs")
    searches: Path = Path("searches")


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team and its calendar.

    Args:
        members: six or seven in the course; another number is accepted, and told.
        start: first day of the first period.
        weeks: of one period.
        managers: one per period, by turns.
        dates: number of a deliverable → due date, where it differs from the course's.
        repositories: "code", "model", "dataset", "space" → address or owner/name; those that are known.
        remarks: what a reader should be told (five members instead of six…).
    """

    name: str
    domain: str
    members: tuple[Member, ...]
    start: date
    weeks: int = 2
    periods: int = 8
    managers: tuple[Member, ...]
    dates: dict[int, date] = field(default_factory=dict)
    repositories: dict[str, str] = field(default_factory=dict)
    work: Work = Work()
    remarks: tuple[str, ...] = ()

    @property
    def calendar(self) -> tuple[Period, ...]:
        """The periods, in their order."""
        length = timedelta(weeks=self.weeks)
        return tuple(
            Period(
                number=place + 1,
                first=self.start + place * length,
                last=self.start + (place + 1) * length - timedelta(days=1),
                manager=self.managers[place % len(self.managers)],
            )
            for place in range(self.periods)
        )


def read_team(file: Path) -> Team:
    """Reads `team.yaml`.

    Raises:
        InputError: no such file, no YAML, an unknown key or a value of another kind: with the line and the cure.
    """
    return team_from(text_of(file), file.name)


def team_from(text: str, where: str) -> Team:
    """The team that a YAML text describes.

    Args:
        text: the YAML.
        where: its name in messages.

    Raises:
        InputError: see `read_team`.
    """
    file = read_model(text, TeamFile, where, contradictions)
    entries = zip(file.members, keys_of(file.names), strict=True)
    members = tuple(Member(name=one.name, github=one.github.removeprefix("@"), key=key) for one, key in entries)
    led = [place_among(name, file.names) for name in file.managers]
    return Team(
        name=file.name,
        domain=file.domain,
        members=members,
        start=file.start,
        weeks=file.weeks,
        periods=file.periods,
        managers=tuple(members[place] for place in led if place is not None) or members,
        dates=dict(sorted(file.dates.items())),
        repositories={kind: address for kind, address in file.repositories.model_dump().items() if address},
        work=_work_of(file),
        remarks=tuple(_remarks(members)),
    )


def team_yaml(team: Team) -> str:
    """The file that `read_team` reads, with a line of explanation per key."""
    told = _explained()
    return "".join(f"# {told[key]}\n{_written({key: value})}" for key, value in _values(team).items())


def _work_of(file: TeamFile) -> Work:
    work = file.work
    return Work(
        run=Path(work.run) if work.run else None,
        data=tuple(map(Path, work.data)),
        runs=Path(work.runs),
        searches=Path(work.searches),
    )


def _remarks(members: tuple[Member, ...]) -> list[str]:
    if len(members) in USUAL:
        return []
    few, many = USUAL
    count = len(members)
    return [tr(f"L'équipe a {count} {'membre' if count == 1 else 'membres'} ; le cours en attend {few} ou {many}.",
               f"The team has {count} {'member' if count == 1 else 'members'}; the course expects {few} or {many}.")]  # fmt: skip


def _explained() -> dict[str, str]:
    return {
        "name": tr("Nom de l'équipe.", "Name of the team."),
        "domain": tr("De quoi parle votre chatbot.", "What your chatbot is about."),
        "start": tr("Premier jour de la première période (AAAA-MM-JJ ou JJ/MM/AAAA).",
                    "First day of the first period (YYYY-MM-DD or DD/MM/YYYY)."),
        "weeks": tr("Semaines d'une période.", "Weeks of a period."),
        "periods": tr("Nombre de périodes.", "Number of periods."),
        "members": tr("Les membres, et leur compte GitHub s'ils en ont un.", "The members, and their GitHub account if they have one."),
        "managers": tr("Qui mène chaque période, à tour de rôle.", "Who leads each period, by turns."),
        "dates": tr("Dates de rendu qui diffèrent de celles du cours : {3: 2026-10-19}.",
                    "Due dates that differ from the course's: {3: 2026-10-19}."),
        "repositories": tr("Dépôts : code (adresse), model, dataset et space (propriétaire/nom sur le Hub).",
                           "Repositories: code (address), model, dataset and space (owner/name on the Hub)."),
        "work": tr("Ce dont parlent les livrables, sous le dossier du travail : run (votre modèle), data (vos jeux), runs, searches.",
                   "What the deliverables speak of, below the folder of the work: run (your model), data (your sets), runs, searches."),
    }  # fmt: skip


def _values(team: Team) -> dict[str, Any]:
    work = team.work
    return {
        "name": team.name,
        "domain": team.domain,
        "start": team.start,
        "weeks": team.weeks,
        "periods": team.periods,
        "members": [{"name": one.name} | ({"github": one.github} if one.github else {}) for one in team.members],
        "managers": [manager.name for manager in team.managers],
        "dates": team.dates,
        "repositories": team.repositories,
        "work": ({"run": work.run.as_posix()} if work.run else {})
        | {
            "data": [path.as_posix() for path in work.data],
            "runs": work.runs.as_posix(),
            "searches": work.searches.as_posix(),
        },
    }


def _written(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=10_000)
