"""The team file that these tests begin with, and its team."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from livrables.tasks import Task, first_tasks
from livrables.team import Team, team_from

TEXT = """\
name: Les Bavards
domain: marchés publics
start: 2026-09-07
members:
  - name: Zoé Martin
    github: zoe
  - Ali Benali
  - {name: Chloé N'Diaye}
  - Noël Lœvenbruck
  - Inès García
  - Łukasz Nowak
managers: [Zoé, Ali Benali, chloe n'diaye]
dates: {3: 19/10/2026}
repositories: {code: https://forge.example/bavards, model: zoe/faq}
work: {run: runs/faq, data: data/faq}
"""
TODAY = date(2026, 10, 21)
HOSTILE = '=HYPERLINK("http://x","clic") : 50 %% # <b>; `code`'


def the_team() -> Team:
    return team_from(TEXT, "team.yaml")


def tasks_under_way(team: Team) -> list[Task]:
    """The first tasks, some done, some late, one of nobody, one with a hostile title."""
    tasks = first_tasks(team)
    done = [
        replace(task, state="done", spent=task.hours + 0.5, mark=12.5 + place % 4)
        for place, task in enumerate(tasks[:12])
    ]
    doing = [replace(task, state="doing", spent=task.hours / 2) for task in tasks[12:17]]
    nobody, hostile = replace(tasks[17], owner=None), replace(tasks[18], title=HOSTILE, remark="+1")
    return [*done, *doing, nobody, hostile, *tasks[19:]]


def written(folder: Path, text: str = TEXT) -> Path:
    file = folder / "team.yaml"
    file.write_text(text, encoding="utf-8")
    return file
