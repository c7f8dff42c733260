"""A team's folder as it is handed in: deliverables built from a work folder, for what verifies them."""

import json
import shutil
from datetime import date
from pathlib import Path

from livrables.build import build
from livrables.first_tasks import first_tasks
from livrables.tasks import tasks_csv
from livrables.team import Member, Team, Work, team_yaml
from livrables.verified import Verified
from livrables.verify import verify
from livrables.workspace import Workspace

TODAY = date(2026, 11, 20)


def the_team() -> Team:
    members = tuple(
        Member(name=name, key=key) for name, key in (("Zoé Martin", "zoe-martin"), ("Ali Benali", "ali-benali"))
    )
    return Team(name="Les Bavards", domain="livraisons", members=members, managers=members, start=date(2026, 9, 7), periods=2,
                work=Work(run=Path("runs/faq"), data=(Path("data/faq"),)))  # fmt: skip


def hand_in(work: Path, folder: Path) -> Workspace:
    """A copy of a work folder, with all deliverables built in its `rendus/`."""
    shutil.copytree(work, folder, dirs_exist_ok=True)
    team, workspace = the_team(), Workspace(folder / "rendus")
    workspace.path.mkdir(exist_ok=True)
    workspace.team_file.write_text(team_yaml(team), encoding="utf-8")
    workspace.tasks_file.write_text(tasks_csv(first_tasks(team)), encoding="utf-8")
    build(workspace, folder, formats=("md",), today=TODAY)
    return workspace


def verified(folder: Path, **options) -> Verified:
    return verify(Workspace.open(folder / "rendus"), folder, **{"model": False, "say": lambda text: None, **options})


def wrong(found: Verified, kind: str) -> str:
    """What does not hold of one kind, told."""
    return "\n".join(check.told() for check in found.checks if check.state == "broken" and check.kind == kind)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def rewrite(file: Path, edit) -> None:
    value = json.loads(file.read_text(encoding="utf-8"))
    edit(value)
    file.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def fact_of(file: Path, name: str) -> dict:
    return next(fact for fact in json.loads(file.read_text(encoding="utf-8"))["facts"] if name in fact["key"])
