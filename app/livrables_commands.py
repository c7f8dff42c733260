"""The commands of `causette livrables`: lay out, build, follow, verify, present what a team hands in."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from app.options import Json
from app.output import Output
from app.usage import Program
from chatbot.errors import InputError
from chatbot.language import tr

FOLDER = Path("rendus")
FORMATS = ("md", "docx", "pdf")

livrables_app = Program(help=tr("Les livrables du cours : préparés, remplis de ce qui a été mesuré, vérifiés.",
                                "The course's deliverables: laid out, filled with what was measured, verified."))  # fmt: skip

Out = Annotated[Path, typer.Option(metavar=tr("DOSSIER", "FOLDER"), help=tr(
    "Dossier des livrables.", "Folder of the deliverables."))]  # fmt: skip
Below = Annotated[Path, typer.Option("--work", metavar=tr("DOSSIER", "FOLDER"), help=tr(
    "Dossier du travail, où sont runs/ et data/.", "Folder of the work, where runs/ and data/ are."))]  # fmt: skip
HERE = Path()


@livrables_app.command("init", help=tr("Demande qui est l'équipe (ou lit team.yaml) et prépare le dossier des livrables.",
                                       "Asks who the team is (or reads team.yaml) and lays out the folder."))  # fmt: skip
def init(
    team: Annotated[Path | None, typer.Option(metavar=tr("FICHIER", "FILE"), help=tr(
        "team.yaml déjà écrit ; sans lui, des questions sont posées.",
        "A team.yaml already written; without one, questions are asked."))] = None,
    out: Out = FOLDER,
    json: Json = False,
) -> None:  # fmt: skip
    from app.livrables_asking import asked_team
    from livrables.lay_out import lay_out
    from livrables.team import read_team
    from livrables.workspace import TEAM

    output = Output(json)
    known = team or (out / TEAM if (out / TEAM).exists() else None)  # a folder laid out before knows its team
    found = read_team(known) if known else asked_team(output)
    laid = lay_out(found, out)
    for remark in found.remarks:
        output.warn(remark)
    output.result(laid.to_json(), *laid.told())


@livrables_app.command("build", help=tr("Remplit les livrables de ce qui a vraiment été fait et mesuré.",
                                        "Fills the deliverables with what was really done and measured."))  # fmt: skip
def build(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[N…]", min=1, max=8, help=tr(
        "Numéros des livrables (1 à 8) ; sans eux, tout, rapports de quinzaine compris.",
        "Numbers of deliverables (1 to 8); without them, all of it, running reports included."))] = None,
    out: Out = FOLDER,
    work: Below = HERE,
    formats: Annotated[str, typer.Option("--format", metavar="md,docx,pdf", help=tr(
        "Formats à écrire, séparés par des virgules ; le Markdown l'est toujours.",
        "Formats to write, separated by commas; Markdown always is."))] = ",".join(FORMATS),
    json: Json = False,
) -> None:  # fmt: skip
    from livrables.build import build as run
    from livrables.workspace import Workspace

    output = Output(json)
    workspace = Workspace.open(out)
    built = run(workspace, work, numbers=tuple(numbers or ()), formats=_formats(formats), votes=_votes(workspace, work), today=date.today(),
                say=output.say)  # fmt: skip
    output.result(built.to_json(), *built.told())


@livrables_app.command("status", help=tr("Ce qui est fait, en retard, manquant.", "What is done, late, missing."))
def status(out: Out = FOLDER, json: Json = False) -> None:
    from livrables.status import status_of
    from livrables.status_table import status_table
    from livrables.workspace import Workspace

    found = status_of(Workspace.open(out), today=date.today())
    Output(json).result(found.to_json(), *status_table(found))


@livrables_app.command("verify", help=tr("Recalcule un échantillon des nombres rapportés, et dit ce qui ne tient pas.",
                                         "Computes a sample of the reported numbers again, and tells what does not hold."))  # fmt: skip
def verify(
    out: Out = FOLDER,
    work: Below = HERE,
    sample: Annotated[int, typer.Option(min=1, help=tr(
        "Réponses et dialogues à recalculer par mesure.", "Answers and dialogues to compute again per measure."))] = 20,
    seed: Annotated[int, typer.Option(help=tr("Graine du tirage.", "Seed of the draw."))] = 0,
    model: Annotated[bool, typer.Option("--model/--no-model", help=tr(
        "Charge aussi le modèle et refait quelques réponses et leur score.",
        "Also loads the model and makes some answers and their scores again."))] = True,
    json: Json = False,
) -> None:  # fmt: skip
    from livrables.verify import verify as run
    from livrables.workspace import Workspace

    output = Output(json)
    if model:
        from app.quiet import load_keras

        load_keras()
    workspace = Workspace.open(out)
    try:
        votes = _votes(workspace, work)
    except InputError as error:  # a run that is gone, a damaged file of votes: the rest can still be looked at
        output.warn(str(error))
        votes = None
    found = run(workspace, work, sample=sample, seed=seed, model=model, votes=votes, say=output.say)
    output.result(found.to_json(), *found.told())
    if found.broken:
        raise typer.Exit(1)


@livrables_app.command("slides", help=tr("Une courte présentation, des mêmes faits : Markdown (Marp) et PPTX.",
                                         "A short deck of the same facts: Markdown (Marp) and PPTX."))  # fmt: skip
def slides(out: Out = FOLDER, work: Below = HERE, json: Json = False) -> None:
    from livrables.slides import write_slides
    from livrables.workspace import Workspace

    workspace = Workspace.open(out)
    written = write_slides(workspace, work, votes=_votes(workspace, work), today=date.today())
    Output(json).result(written.to_json(), *written.told())


def _formats(text: str) -> tuple[str, ...]:
    wanted = [word.strip().lower() for word in text.split(",") if word.strip()]
    if not wanted or (unknown := [word for word in wanted if word not in FORMATS]):
        shown = unknown[0] if wanted else text
        raise InputError(
            tr(f"--format {shown} : au choix, séparés par des virgules : {', '.join(FORMATS)}.",
               f"--format {shown}: one or more, separated by commas, of: {', '.join(FORMATS)}.")
        )  # fmt: skip
    return tuple(name for name in FORMATS if name == "md" or name in wanted)


def _votes(workspace: Any, work: Path) -> dict[str, Any] | None:
    """What the votes on the team's model say: the floor below cannot read them."""
    from app.feedback.report import facts_of, file_of
    from app.feedback.store import FeedbackStore
    from livrables.material import run_of
    from livrables.team import read_team

    run = run_of(work, read_team(workspace.team_file).work)
    if run is None or not (file := file_of(run)).is_file():
        return None
    return facts_of(FeedbackStore(file))
