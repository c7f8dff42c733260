"""Runs a worked example: `python -m docs.exemples boutique --small`.

Each command of the page is printed, run in a folder of its own, and timed; the first one that fails ends the story with
its exit status. What is run is what the page shows: `docs.exemples.page` reads it there.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from chatbot.errors import CausetteError, InputError
from chatbot.language import number, tr
from docs.exemples.page import EXAMPLES, FILES, PAGE, Command, commands, names, own_files

ROOT = EXAMPLES.parents[1]
WORK = Path("runs/exemples")


def main(arguments: list[str] | None = None) -> int:
    """Runs the example and returns the exit status: 0, that of the command that failed, or 2 where nothing could start."""
    asked = asked_of(arguments)
    work = asked.work or WORK / (f"{asked.name}-petit" if asked.small else asked.name)
    try:
        wanted = commands(asked.name, small=asked.small)
        lay_out(asked.name, work, wanted, asked.data)
    except CausetteError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(tr(f"Dossier de travail\u00a0: {work}", f"Work folder: {work}"), flush=True)
    began = time.perf_counter()
    for place, command in enumerate(wanted, start=1):
        print(f"\n━━ {place}/{len(wanted)}  $ {command.line}", flush=True)
        if status := run(command, work):
            print(tr(f"Arrêt : code de retour {status}.", f"Stopped: exit status {status}."), file=sys.stderr)
            return status
    print("\n" + tr(f"Fait\u00a0: {seconds(began)}.", f"Done: {seconds(began)}."))
    return 0


def asked_of(arguments: list[str] | None) -> argparse.Namespace:
    reader = argparse.ArgumentParser(
        prog="python -m docs.exemples",
        description=tr("Lance les commandes de la page d'un exemple, docs/exemples/NOM/LISEZMOI.md.",
                       "Runs the commands of an example's page, docs/exemples/NAME/LISEZMOI.md."),
    )  # fmt: skip
    reader.add_argument("name", choices=names(), help=tr("l'exemple", "the example"))
    reader.add_argument("--small", action="store_true", help=tr(
        "les commandes d'« En petit » : sans réseau, une à deux minutes", "those of “En petit”: no network, a minute or two"))  # fmt: skip
    reader.add_argument("--work", type=Path, help=tr(
        f"dossier de travail, vide ou nouveau (par défaut {WORK}/NOM)",
        f"work folder, empty or new (by default {WORK}/NAME)"))  # fmt: skip
    reader.add_argument("--data", type=Path, help=tr(
        f"dossier de vos fichiers, ceux que la page nomme {FILES}/…",
        f"folder of your files, those that the page calls {FILES}/…"))  # fmt: skip
    return reader.parse_args(arguments)


def lay_out(name: str, work: Path, wanted: list[Command], data: Path | None) -> None:
    """Puts into the work folder what the commands read: the example's files, and the user's.

    Raises:
        InputError: the folder holds something, or a file that the commands read is not in `data`.
    """
    if work.is_dir() and any(work.iterdir()):
        raise InputError(
            tr(f"{work} : ce dossier n'est pas vide, rien n'est remplacé. Effacez-le, ou donnez un autre --work.",
               f"{work}: this folder is not empty, nothing is replaced. Delete it, or give another --work.")
        )  # fmt: skip
    files = [Path(file).relative_to(FILES) for file in own_files(wanted)]
    missing = [str(file) for file in files if data is None or not (data / file).is_file()]
    if missing:
        page = (EXAMPLES / name / PAGE).relative_to(ROOT)
        raise InputError(
            tr(f"Il manque {', '.join(missing)} : mettez ces fichiers dans un dossier et donnez-le par --data.\n"
               f"Où les prendre : {page}. Sans eux : --small.",
               f"Missing: {', '.join(missing)}. Put these files into a folder and give it by --data.\n"
               f"Where to find them: {page}. Without them: --small.")
        )  # fmt: skip
    shutil.copytree(EXAMPLES / name, work / (EXAMPLES / name).relative_to(ROOT), dirs_exist_ok=True)
    if data is not None:
        (work / FILES).mkdir()
        for file in files:
            shutil.copyfile(data / file, work / FILES / file)


def run(command: Command, work: Path) -> int:
    """Runs one command in the work folder, as the installed `causette` would, tells its time, and returns its exit status."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    typed = (work / command.stdin).open("rb") if command.stdin else None
    began = time.perf_counter()
    try:
        call = [sys.executable, "-m", "app", *command.words]
        status = subprocess.run(call, cwd=work, env=settings, stdin=typed, check=False).returncode
    finally:
        if typed:
            typed.close()
    print(f"   ({seconds(began)})", flush=True)
    return status


def seconds(began: float) -> str:
    return f"{number(time.perf_counter() - began, 1)}\u00a0s"


if __name__ == "__main__":
    sys.exit(main())
