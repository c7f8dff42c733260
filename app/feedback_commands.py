"""The commands of `causette feedback`, and the options of `causette serve` that gather votes and opinions."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.options import Json
from app.output import Output, table
from app.usage import Program
from chatbot.errors import InputError
from chatbot.language import number, tr

feedback_app = Program(help=tr("Ce que disent les votes et les avis, et ce qu'un entraînement peut en tirer.",
                               "What votes and opinions say, and what a training can make of them."))  # fmt: skip

UserTest = Annotated[bool, typer.Option("--user-test", help=tr(
    "Ajoute un test à l'aveugle : les réponses de la comparaison, à départager.",
    "Adds a blind test: the answers of the comparison, to be voted on."))]  # fmt: skip
Votes = Annotated[Path | None, typer.Option("--comparison", show_default=tr("celle de MODÈLE", "that of MODEL"), help=tr(
    "Comparaison du test : comparison.json ou son dossier.", "Comparison of the test: comparison.json or its folder."))]  # fmt: skip
Pair = Annotated[str | None, typer.Option("--pair", metavar="A,B", show_default=tr("le spécialisé et le générique", "specialised and generic"), help=tr(
    "Les deux modèles du test, par leur nom dans la comparaison.", "The two models of the test, by their names in the comparison."))]  # fmt: skip
FeedbackFile = Annotated[Path | None, typer.Option("--feedback", show_default="MODÈLE/feedback.sqlite", help=tr(
    "Fichier des votes et des 👍/👎.", "File of the votes and 👍/👎."))]  # fmt: skip
NoFeedback = Annotated[bool, typer.Option("--no-feedback", help=tr(
    "Ne demande aucun avis, n'enregistre rien.", "Asks for no opinion, keeps nothing."))]  # fmt: skip
VotesFile = Annotated[Path, typer.Argument(metavar=tr("FICHIER", "FILE"), help=tr(
    "Fichier de votes, ou dossier d'entraînement qui en a un.", "File of votes, or run folder that has one."))]  # fmt: skip


@feedback_app.command("report", help=tr("Taux de victoire, accord entre personnes, votes encore à réunir.",
                                        "Win rate, agreement between persons, votes still to gather."))  # fmt: skip
def feedback_report(
    file: VotesFile,
    out: Annotated[Path | None, typer.Option(help=tr("Rapport Markdown à écrire.", "Markdown report to write."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    from app.disk import check_writable
    from app.feedback.report import facts_of, file_of
    from app.feedback.report_text import markdown, scales_table, sentences, study_title, thumbs_table, votes_table
    from app.feedback.store import FeedbackStore
    from chatbot.files import write_text

    facts = facts_of(FeedbackStore(file_of(file)))
    shown: list[object] = []
    for study in facts["studies"]:
        shown.append(table(*votes_table(study), title=study_title(study)))
        if (scales := scales_table(study))[1]:
            shown.append(table(*scales))
        shown += [f"- {line}" for line in sentences(study)]
    if facts["thumbs"]:
        shown.append(table(*thumbs_table(facts["thumbs"]), title="👍 / 👎"))
    if not shown:
        shown.append(tr("Ni vote ni avis pour l'instant.", "Neither votes nor opinions so far."))
    if out:
        check_writable(out)
        write_text(out, markdown(facts))
        shown.append(tr(f"Rapport : {out}", f"Report: {out}"))
        facts["report"] = str(out)
    Output(json).result(facts, *shown)


@feedback_app.command("export", help=tr("Les votes consentis, en dialogues ou en préférences pour un entraînement.",
                                        "The votes agreed to, as dialogues or preferences for a training."))  # fmt: skip
def feedback_export(
    file: VotesFile,
    out: Annotated[Path, typer.Option(help=tr("Fichier .jsonl à écrire.", "A .jsonl file to write."))],
    as_: Annotated[Literal["dialogues", "preferences"], typer.Option("--as", help=tr(
        "dialogues (causette prepare), ou preferences (DPO de TRL).", "dialogues (causette prepare), or preferences (TRL's DPO)."))] = "dialogues",
    data: Annotated[list[Path] | None, typer.Option("--data", metavar=tr("DOSSIER", "DIR"), show_default=False, help=tr(
        "Jeu préparé dont les questions de test, de rappel et de validation ne sortent pas (répétable).",
        "Prepared set whose test, recall and validation questions do not go out (repeatable)."))] = None,
    replace: Annotated[bool, typer.Option("--replace", help=tr("Remplace le fichier.", "Replaces the file."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from app.disk import check_writable
    from app.feedback.export import export
    from app.feedback.report import file_of
    from app.feedback.store import FeedbackStore
    from app.feedback.usable import reason_in_words

    if out.exists() and not replace:
        raise InputError(tr(f"{out} existe déjà : ajoutez --replace, ou choisissez un autre nom.",
                            f"{out} exists already: add --replace, or choose another name."))  # fmt: skip
    check_writable(out)
    output, done = Output(json), export(FeedbackStore(file_of(file)), out, as_, data or ())
    if done.unchecked:
        output.warn(
            tr("ni comparaison notée ni jeu préparé lisible : rien n'a pu être vérifié, des questions de test ont pu "
               "sortir. Nommez le jeu : --data DOSSIER",
               "no comparison noted, no prepared set that can be read: nothing could be checked, test questions may "
               "have gone out. Name the set: --data DIR")
        )  # fmt: skip
    for folder in done.missing_sets:
        output.warn(
            tr(f"{folder} : le jeu n'est plus là, ou a changé. Seules les questions notées pendant les tests ont été écartées.",
               f"{folder}: the set is gone, or changed. Only the questions noted during the tests were kept out.")
        )  # fmt: skip
    rows = [(reason_in_words(reason), number(count)) for reason, count in done.left_out.most_common()]
    total = tr(f"{out} : {number(done.lines)} ligne(s). Votes et avis : {number(done.rows)} = {number(done.used)} employés "
               f"+ {number(done.left_out.total())} écartés.",
               f"{out}: {number(done.lines)} line(s). Votes and opinions: {number(done.rows)} = {number(done.used)} used "
               f"+ {number(done.left_out.total())} left out.")  # fmt: skip
    head = (tr("Écartés", "Left out"), tr("Nombre", "Count"))
    output.result({"file": str(out), "as": as_, **done.to_json()}, *([table(head, rows)] if rows else []), total)
