"""`causette sweep`: options in, ways of decoding tried on the validation split, the best one written into the run."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.options import Json, MaxTokens
from app.output import Output, table
from app.quiet import load_keras
from chatbot.errors import InputError
from chatbot.language import number, tr
from training.search_dimension import shown as plain

KEPT = ".sweep"  # folder of answers in the run, while the sweep is not done


def sweep(
    run: Annotated[Path, typer.Argument(metavar="RUN", help=tr("Dossier d'entraînement.", "Run folder."))],
    measure: Annotated[
        Literal["chrf", "rouge_l", "rouge_1", "rouge_2", "token_f1", "bleu", "exact_match", "accuracy", "macro_f1"],
        typer.Option(help=tr("Ce qui compare les réponses aux réponses attendues.", "What compares the answers with those expected.")),
    ] = "chrf",
    questions: Annotated[int, typer.Option(min=2, help=tr(
        "Questions de validation au plus.", "Validation questions at most."))] = 60,
    temperatures: Annotated[str | None, typer.Option("--temperature", metavar=tr("VALEURS", "VALUES"), show_default="0,0.3,0.7,1", help=tr(
        "Températures à essayer.", "Temperatures to try."))] = None,
    top_ps: Annotated[str | None, typer.Option("--top-p", metavar=tr("VALEURS", "VALUES"), show_default="0.9,1", help=tr(
        "Parts de probabilité à essayer, aux températures au-dessus de 0.",
        "Shares of probability to try, at temperatures above 0."))] = None,
    penalties: Annotated[str | None, typer.Option("--repetition-penalty", metavar=tr("VALEURS", "VALUES"), show_default=tr(
        "1,1.1,1.2,1.3 à la température 0, 1,1.2 au-dessus", "1,1.1,1.2,1.3 at temperature 0, 1,1.2 above"), help=tr(
        "Pénalités de répétition à essayer.", "Repetition penalties to try."))] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help=tr(
        "Passages d'un décodage tiré au sort, chacun avec sa graine.", "Passes of a drawn decoding, each with its own seed."))] = 3,
    max_tokens: MaxTokens = 96,
    json: Json = False,
) -> None:  # fmt: skip
    from training.evaluation.ways import grid

    output = Output(json)
    ways = grid(
        numbers("--temperature", temperatures, 0, 5),
        numbers("--top-p", top_ps, 1e-6, 1),
        numbers("--repetition-penalty", penalties, 0.1, 10),
        longest=max_tokens,
    )
    load_keras()
    value, *shown = sweep_run(run, ways, measure, questions, seeds, output)
    output.result(value, *shown)


def sweep_run(run: Path, ways: Any, measure: str, questions: int, seeds: int, output: Output) -> tuple[Any, ...]:
    """Tries the ways on a run and writes what was found into it; returns the JSON value and what to print.

    Raises:
        InputError: no such run, its set is gone or another, or too many ways.
    """
    from app.disk import check_writable
    from app.sweep_bar import SweepBar
    from chatbot.dialogue import drawn
    from chatbot.model import load_model
    from training.evaluation.asked import Training
    from training.evaluation.evaluate import Evaluator
    from training.evaluation.kept import Kept
    from training.evaluation.sweep import LABELLED, check_ways
    from training.evaluation.sweep import sweep as sweep_ways
    from training.evaluation.sweep_report import compare_command, conclusion, write_sweep
    from training.evaluation.sweep_report import table as rows_of
    from training.runs import RunFolder

    folder = RunFolder.open(run)
    check_ways(ways)
    data = own_set(folder)
    check_writable(folder.decoding_file)
    dialogues = list(data.split("validation"))
    count = len(drawn(dialogues, questions, 1))
    passes = sum(seeds if way.temperature else 1 for way in ways)
    output.say(
        tr(f"{len(ways)} décodages, {passes} passages de {count} questions de validation : {number(passes * count)} réponses.",
           f"{len(ways)} ways of decoding, {passes} passes of {count} validation questions: {number(passes * count)} answers.")
    )  # fmt: skip
    labelled = measure in LABELLED
    training = Training(list(data.split("train"))) if labelled else Training()
    kept = folder.path / KEPT / ("labels" if labelled else "texts")  # an answer's record holds what was measured of it
    with SweepBar(output, measure) as watcher:
        evaluator = Evaluator(load_model(str(run)), kept=kept)
        swept = sweep_ways(evaluator, dialogues, ways, measure=measure, questions=count, seeds=seeds,
                           training=training, watcher=watcher)  # fmt: skip
    value = write_sweep(folder, swept, data, count)
    Kept(folder.path / KEPT).done()
    head, rows = rows_of(swept)
    lines = conclusion(folder, swept, value["left_out"])
    lines.append(tr(f"Écrit dans {folder.decoding_file} : causette chat et causette serve s'en servent sans autre option.",
                    f"Written to {folder.decoding_file}: causette chat and causette serve use it unless told otherwise."))  # fmt: skip
    lines.append(tr("Sur la partie test : ", "On the test split: ") + compare_command(folder, swept.chosen.way))
    title = tr(f"Décodages · {value['questions']} questions de validation", f"Ways of decoding · {value['questions']} validation questions")  # fmt: skip
    return value, table(head, rows, title=title), *lines


def own_set(run: Any) -> Any:
    """The prepared set that a run was trained on, as it was then.

    Raises:
        InputError: it is gone, or another now: its validation questions may have been learnt.
    """
    from datasets_prep.prepared import PreparedSet

    data = PreparedSet.open(run.config.data)
    if data.manifest["fingerprints"] != run.data_manifest["fingerprints"]:
        raise InputError(
            tr(f"{data.folder} : ce jeu a changé depuis l'entraînement de {run.path} ; ses questions de validation ont pu être "
               "apprises.\nRemettez le jeu d'alors à sa place, ou entraînez sur celui-ci.",
               f"{data.folder}: this set changed since the training of {run.path}; its validation questions may have been "
               "learnt.\nPut the set of then back, or train on this one.")
        )  # fmt: skip
    return data


def numbers(option: str, text: str | None, low: float, high: float) -> tuple[float, ...]:
    """The numbers of "0,0.3,0.7"; none for None.

    Raises:
        InputError: something else stands there, or a number out of its range.
    """
    try:
        values = tuple(float(part) for part in text.split(",")) if text is not None else ()
        if all(low <= value <= high for value in values):
            return values
    except ValueError:
        pass
    raise InputError(
        tr(f"{option} : valeurs refusées ({text}) ; attendu : des nombres de {plain(low)} à {plain(high)}, comme 0.3,0.7.",
           f"{option}: values refused ({text}); expected: numbers from {plain(low)} to {plain(high)}, like 0.3,0.7.")
    )  # fmt: skip
