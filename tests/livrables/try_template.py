"""Tries one template on material made for the tests: python -m tests.livrables.try_template 5-affinage [FOLDER]

Writes NAME.md (and NAME.docx, NAME.pdf where the office part is there) into FOLDER and prints what is missing.
"""

import sys
from datetime import date
from pathlib import Path

from livrables.deliverable import documents
from livrables.documents import render, stands, write
from livrables.own import own_of
from livrables.workspace import Workspace
from tests.livrables.made import a_run, a_team, material, some_tasks


def main(key: str, folder: Path) -> None:
    team = a_team()
    document = next(one for one in documents(team) if one.deliverable.key == key)
    tasks, today = some_tasks(team), date(2026, 9, 21)
    own = own_of(Workspace(folder), folder, team, tasks, today)
    before = stands(folder / f"{document.path}.md")
    drafted = render(document, team=team, tasks=tasks, material=material(folder, a_run(folder / "runs/faq")), before=before,
                     today=today, own=own)  # fmt: skip
    written = write(document, folder, drafted, today=today)
    print(
        *written.files, f"{len(written.facts)} facts, not measured: {[fact.key for fact in written.missing]}", sep="\n"
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else "."))
