"""`causette runs`: the trainings of a folder as a list, or some of them side by side."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.options import Json
from app.output import Output
from chatbot.errors import InputError
from chatbot.files import write_text
from chatbot.language import tr

FOLDER = Path("runs")
Key = Literal["date", "name", "loss", "gain", "test", "time", "steps"]


def runs(
    wanted: Annotated[list[Path] | None, typer.Argument(metavar=tr("[DOSSIER | RUN RUN…]", "[FOLDER | RUN RUN…]"), help=tr(
        "Dossier à lister (défaut : runs), ou entraînements à mettre côte à côte.",
        "Folder to list (default: runs), or runs to put side by side."))] = None,
    sort: Annotated[Key | None, typer.Option(show_default="date", help=tr(
        "Ordre de la liste : date, nom, perte, baisse de la perte, F1 de test, durée, pas.",
        "Order of the list: date, name, loss, fall of the loss, F1 of the test, time, steps."))] = None,
    to_csv: Annotated[Path | None, typer.Option("--csv", help=tr("Fichier CSV à écrire.", "CSV file to write."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    from app.run_tables import as_csv, in_order, listed, side_by_side
    from training.run_list import differing, groups, is_run, read_run, runs_below
    from training.runs import resumable

    def there(path: Path) -> bool:
        return is_run(path) or resumable(path)

    # "boutique" may stand for runs/boutique, where trainings usually are.
    paths = [
        path if path.exists() or there(path) or not there(FOLDER / path) else FOLDER / path for path in wanted or ()
    ]
    output = Output(json)
    if compared := len(paths) > 1 or (bool(paths) and there(paths[0])):
        if unknown := [path for path in paths if not there(path)]:
            raise InputError(
                tr(f"{unknown[0]} : ce n'est pas un dossier d'entraînement. La liste : causette runs",
                   f"{unknown[0]}: not a run folder. The list: causette runs")
            )  # fmt: skip
        alike = len({path.name for path in paths}) < len(paths)
        rows = [read_run(path, FOLDER if alike else path.parent) for path in paths]
        rows = in_order(rows, sort) if sort else rows  # else as they were named
    else:
        rows = in_order(runs_below(paths[0] if paths else FOLDER), sort or "date")
    if to_csv:
        write_text(to_csv, as_csv(rows))
    letters = groups(rows)
    value = {"runs": [{**row.to_json(), "group": letters.get(row.measured_on or "")} for row in rows]}
    if compared:
        output.result({**value, "differ": differing(rows)}, *side_by_side(rows))
    else:
        output.result(value, *listed(rows, output.width))
