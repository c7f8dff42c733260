"""`causette evaluate` and `causette compare`: options in, one call, the result shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from app.options import Json, MaxTokens, Model, RepetitionPenalty, Seed, Temperature, TopP
from app.output import Output
from app.quiet import load_keras
from chatbot.language import tr

Data = Annotated[Path | None, typer.Option(help=tr("Jeu préparé ; par défaut celui de l'entraînement.",
                                                   "Prepared set; by default that of the run."))]  # fmt: skip
BertScore = Annotated[str | None, typer.Option("--bertscore", metavar=tr("ENCODEUR", "ENCODER"), help=tr(
    "Mesure aussi la ressemblance du sens, avec un préréglage BERT, RoBERTa… de ce disque.",
    "Also measures likeness of meaning, with a BERT, RoBERTa… preset on this disk."))]  # fmt: skip


def evaluate(
    model: Model,
    data: Data = None,
    split: Annotated[str, typer.Option(help=tr("Partie du jeu.", "Split of the set."))] = "test",
    questions: Annotated[int, typer.Option(min=1, help=tr("Réponses à générer au plus.", "Answers to generate at most."))] = 40,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    repetition_penalty: RepetitionPenalty = 1.0,
    max_tokens: MaxTokens = 96,
    seed: Seed = 1,
    bertscore: BertScore = None,
    out: Annotated[Path | None, typer.Option(help=tr("Fichier JSON à écrire.", "JSON file to write."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from app.measuring import evaluate_model

    output = Output(json)
    asked = _questions(data, questions, temperature, top_p, repetition_penalty, max_tokens, seed, bertscore)
    value, *shown = evaluate_model(model, split, asked, out, output)
    output.result(value, *shown)


def compare(
    run: Annotated[Path, typer.Argument(metavar="RUN", help=tr("Dossier d'entraînement.", "Run folder."))],
    others: Annotated[list[str] | None, typer.Argument(metavar=tr("AUTRES", "OTHERS"), show_default=False, help=tr(
        "Autres modèles à mettre à côté : dossiers d'entraînement, noms KerasHub, hf://…",
        "Other models to put beside it: run folders, KerasHub names, hf://…"))] = None,
    generic: Annotated[str | None, typer.Option(help=tr("Modèle générique ; par défaut celui de départ.",
                                                        "Generic model; by default the base of the run."))] = None,
    data: Data = None,
    split: Annotated[list[str] | None, typer.Option(show_default="train, recall, test", help=tr(
        "Partie du jeu, à répéter pour plusieurs.", "Split of the set, to be repeated for several."))] = None,
    questions: Annotated[int, typer.Option(min=1, help=tr("Réponses par partie.", "Answers per split."))] = 40,
    no_baselines: Annotated[bool, typer.Option("--no-baselines", help=tr(
        "Sans la réponse apprise la plus proche (BM25) ni la question recopiée.",
        "Without the nearest training answer (BM25) and the copied question."))] = False,
    no_texts: Annotated[bool, typer.Option("--no-texts", help=tr(
        "Rapport sans question ni réponse, à publier quelle que soit la licence du jeu.",
        "Report without questions and answers, to be published whatever the set's licence."))] = False,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    repetition_penalty: RepetitionPenalty = 1.0,
    max_tokens: MaxTokens = 96,
    seed: Seed = 1,
    bertscore: BertScore = None,
    out: Annotated[Path | None, typer.Option(help=tr("Dossier du rapport ; par défaut RUN.", "Folder of the report; by default RUN."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from app.measuring import compare_run

    output = Output(json)
    asked = _questions(data, questions, temperature, top_p, repetition_penalty, max_tokens, seed, bertscore, split)
    value, *shown = compare_run(run, tuple(others or ()), generic, asked, out or run, output,
                                baselines=not no_baselines, texts=not no_texts)  # fmt: skip
    output.result(value, *shown)


def _questions(
    data: Path | None, count: int, temperature: float, top_p: float, repetition_penalty: float, max_tokens: int, seed: int,
    encoder: str | None, splits: Sequence[str] | None = None,
) -> Any:  # fmt: skip
    """What both commands ask, from the options that they share."""
    from app.measuring import Questions
    from chatbot.sampling import Sampling

    sampling = Sampling(
        temperature=temperature,
        top_p=top_p,
        repetition_penalty=repetition_penalty,
        max_new_tokens=max_tokens,
        seed=seed,
    )
    return Questions(data=data, count=count, sampling=sampling, seed=seed, splits=tuple(splits or ()), encoder=encoder)
