"""The commands, one verb per step. Each is thin: options in, one call to a lower floor, its result shown.

Heavy libraries load inside the command that needs them, so that ``causette --help`` answers at once. ``--lang`` and
``--debug`` are taken out of the call by `app.main` before this module is imported, so help texts are in the language.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.data_commands import data_app
from app.options import (
    IN_CLEANING,
    IN_DOCUMENT,
    ColumnPair,
    Encoding,
    Json,
    MaxTokens,
    Model,
    NoHeader,
    Seed,
    Separator,
    Temperature,
    column_pair,
    model_prices,
    pair_maker,
    request_language,
    source_files,
    split_shares,
)
from app.output import Output
from app.quiet import load_keras
from app.usage import Program, missing
from chatbot.errors import InputError
from chatbot.language import number, tr

app = Program(
    name="causette",
    help=tr("Fabriquez votre chatbot avec Keras : des données au modèle, du modèle à la page.",
            "Build your own chatbot with Keras: from data to model, from model to page."),
    epilog=tr("Partout : --lang fr|en (langue), --debug (trace complète des erreurs).",
              "Everywhere: --lang fr|en (language), --debug (full traces of errors)."),
)  # fmt: skip
app.add_typer(data_app, name="data")


@app.command(help=tr("Des sources aux dialogues : nettoyés, sans doublons, découpés sans fuite.",
                     "From sources to dialogues: cleaned, without duplicates, split without leaks."))  # fmt: skip
def prepare(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help=tr(
        "embedded, medquad… (causette data list), ou vos fichiers .csv, .json, .jsonl, .pdf et .txt ; un poids peut suivre : medquad:2.",
        "embedded, medquad… (causette data list), or your own .csv, .json, .jsonl, .pdf and .txt files; a weight may follow: medquad:2."))],
    out: Annotated[Path, typer.Option(help=tr("Dossier à écrire.", "Folder to write."))],
    from_: Annotated[list[str] | None, typer.Option("--from", metavar=tr("[NOM=]FICHIER", "[NAME=]FILE"), help=tr(
        "Fichier déjà téléchargé (medquad.csv.gz) ; à répéter, avec le nom, pour plusieurs sources.",
        "File already downloaded (medquad.csv.gz); again, with the name, for several sources."))] = None,
    columns: ColumnPair = None,
    encoding: Encoding = None,
    separator: Separator = None,
    no_header: NoHeader = False,
    requests: Annotated[str | None, typer.Option(metavar="fr|en", help=tr(
        "Langue des demandes et des étiquettes, pour les jeux sans question.", "Language of requests and labels, for sets without questions."))] = None,
    maker: Annotated[str | None, typer.Option(rich_help_panel=IN_DOCUMENT, help=tr(
        "D'un PDF ou d'un texte, couples faits par rules (règles, par défaut) ou model (modèle de langue).",
        "From PDF or text, pairs made by rules (the default) or model (a language model)."))] = None,
    max_calls: Annotated[int | None, typer.Option(rich_help_panel=IN_DOCUMENT, min=1, help=tr("Appels au modèle, au plus.", "Calls to the model, at most."))] = None,
    max_cost: Annotated[float | None, typer.Option(rich_help_panel=IN_DOCUMENT, min=0, help=tr("Dépense, au plus (avec --prices).", "Money, at most (with --prices)."))] = None,
    prices: Annotated[str | None, typer.Option(rich_help_panel=IN_DOCUMENT, help=tr(
        "Prix par million de jetons lus et écrits : 0.15,0.60.", "Prices per million tokens read and written: 0.15,0.60."))] = None,
    shares: Annotated[str, typer.Option(rich_help_panel=IN_CLEANING, help=tr(
        "Parts d'entraînement, de validation et de test.", "Shares of train, validation and test."))] = "0.8,0.1,0.1",
    seed: Seed = 0,
    only_language: Annotated[str, typer.Option(rich_help_panel=IN_CLEANING, metavar=tr("CODE", "CODE"), help=tr(
        "Ne garde que les dialogues de cette langue (fr, en…).", "Keeps the dialogues of this language alone (fr, en…)."))] = "",
    keep_personal: Annotated[bool, typer.Option("--keep-personal", rich_help_panel=IN_CLEANING, help=tr(
        "Laisse courriels, téléphones, cartes et numéros sociaux, masqués sinon.",
        "Leaves e-mails, telephones, cards and social numbers, otherwise masked."))] = False,
    cut_boilerplate: Annotated[bool, typer.Option("--cut-boilerplate", rich_help_panel=IN_CLEANING, help=tr(
        "Coupe des réponses les phrases qui reviennent sous de nombreuses questions.",
        "Cuts out of the answers the sentences that come back under many questions."))] = False,
    show_leak: Annotated[bool, typer.Option("--show-leak", rich_help_panel=IN_CLEANING, help=tr(
        "Compte les lignes de test qui ont un proche dans l'entraînement, ici et au hasard.",
        "Counts the test rows with a near neighbour in training, here and at random."))] = False,
    replace: Annotated[bool, typer.Option("--replace", help=tr(
        "Remplace un jeu déjà préparé.", "Replaces a set already prepared."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from datasets_prep.prepare import PrepareConfig
    from datasets_prep.prepare import prepare as run
    from datasets_prep.prepared import PreparedSet
    from datasets_prep.spec import Shares

    output = Output(json)
    config = PrepareConfig(
        sources=tuple(sources), out=out, from_file=source_files(from_ or []), columns=column_pair(columns), encoding=encoding,
        separator=separator, no_header=no_header, requests=request_language(requests), maker=pair_maker(maker), max_calls=max_calls,
        max_cost=max_cost, prices=model_prices(prices), shares=Shares(*split_shares(shares)), seed=seed,
        only_language=only_language, keep_personal=keep_personal, cut_boilerplate=cut_boilerplate, show_leak=show_leak,
        replace=replace,
    )  # fmt: skip
    manifest = dict(PreparedSet.open(run(config, say=output.say)).manifest)
    counts = manifest["counts"]
    line = tr(
        f"Lues {number(counts['read'])} = gardées {number(counts['kept'])} + rejetées {number(counts['rejected'])}. "
        f"Dossier : {out} (rapport : report.md)",
        f"Read {number(counts['read'])} = kept {number(counts['kept'])} + rejected {number(counts['rejected'])}. "
        f"Folder: {out} (report: report.md)",
    )
    output.result(manifest, line)


@app.command(help=tr("Montre un jeu préparé, ce qui sera appris dans un dialogue, et dessine l'atlas du jeu.",
                     "Shows a prepared set, what will be learnt in a dialogue, and draws the set's atlas."))  # fmt: skip
def inspect(
    folder: Annotated[Path, typer.Argument(metavar=tr("DOSSIER", "FOLDER"), help=tr("Jeu préparé.", "Prepared set."))],
    row: Annotated[int, typer.Option(help=tr("Dialogue à montrer, à partir de 0.", "Dialogue to show, from 0."))] = 0,
    split: Annotated[str, typer.Option(help=tr("Partie du jeu.", "Split of the set."))] = "train",
    model: Annotated[
        str, typer.Option(help=tr("Modèle dont le tokenizer découpe.", "Model whose tokenizer cuts."))
    ] = "mini",
    template: Annotated[str | None, typer.Option(help=tr("Gabarit.", "Chat template."))] = None,
    atlas: Annotated[bool, typer.Option("--atlas/--no-atlas", help=tr(
        "Dessine l'atlas (nuages de mots, longueurs…), ou montre seulement le dialogue.",
        "Draws the atlas (word clouds, lengths…), or only shows the dialogue."))] = True,
    out: Annotated[Path | None, typer.Option(help=tr(
        "Dossier de l'atlas ; par défaut celui du jeu.", "Folder of the atlas; by default that of the set."))] = None,
    against: Annotated[Path | None, typer.Option(help=tr(
        "Autre jeu préparé, dont les mots sont comparés.", "Another prepared set, whose words are compared."))] = None,
    seed: Seed = 0,
    open_browser: Annotated[bool, typer.Option("--open", help=tr(
        "Ouvre l'atlas dans le navigateur.", "Opens the atlas in the browser."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from app.inspection import inspect_set

    output = Output(json)
    request, value, shown = inspect_set(
        folder, row=row, split=split, model=model, template=template, against=against, seed=seed, coloured=output.coloured
    )  # fmt: skip
    if not atlas:
        _refuse_without_atlas({"--out": out, "--against": against, "--seed": seed, "--open": open_browser})
        output.result(value, *shown)
        return
    from app.atlas import atlas_of, open_atlas

    if not json:  # what is at hand is not kept waiting for the drawing
        output.result({}, *shown)
    value["atlas"], findings = atlas_of(request, out or folder, output=output)
    output.result(value, findings)
    if open_browser:
        open_atlas(out or folder)


@app.command(help=tr("Spécialise un modèle sur un jeu préparé.", "Fine-tunes a model on a prepared set."))
def train(
    data: Annotated[Path | None, typer.Option(help=tr("Jeu préparé.", "Prepared set."))] = None,
    out: Annotated[Path | None, typer.Option(help=tr("Dossier à écrire (runs/NOM).", "Folder to write (runs/NAME)."))] = None,
    model: Annotated[str | None, typer.Option(help=tr("Modèle de départ.", "Base model."))] = None,
    method: Annotated[str | None, typer.Option(help=tr("full ou lora.", "full or lora."))] = None,
    recipe: Annotated[str | None, typer.Option(help=tr(
        "Recette : fichier YAML, ou demo, mini, gpt2, gpt2_lora.", "Recipe: YAML file, or demo, mini, gpt2, gpt2_lora."))] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar=tr("CLÉ=VALEUR", "KEY=VALUE"), help=tr(
        "Change une valeur : --set fit.epochs=3.", "Changes one value: --set fit.epochs=3."))] = None,
    resume: Annotated[bool, typer.Option("--resume", help=tr(
        "Reprend un entraînement interrompu.", "Goes on with an interrupted training."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from app.progress import TrainingBar

    settings = {"data": data, "out": out, "model": model, "method": method}
    config = _config(recipe, settings, tuple(set_ or ()), resume=resume)
    output = Output(json)
    from training.fit import train as run

    with TrainingBar(output) as watcher:
        folder = run(config, resume=resume, watcher=watcher)
    value = {"run": str(config.out), **folder.metrics}
    output.result(value, tr(f"Dossier : {config.out}", f"Folder: {config.out}"))


@app.command(help=tr("Mesure un modèle sur des questions tenues à l'écart.", "Measures a model on held-out questions."))
def evaluate(
    model: Model,
    data: Annotated[Path | None, typer.Option(help=tr("Jeu préparé ; par défaut celui de l'entraînement.",
                                                      "Prepared set; by default that of the run."))] = None,
    split: Annotated[str, typer.Option(help=tr("Partie du jeu.", "Split of the set."))] = "test",
    questions: Annotated[int, typer.Option(min=1, help=tr("Réponses à générer au plus.", "Answers to generate at most."))] = 40,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 96,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help=tr("Fichier JSON à écrire.", "JSON file to write."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from app.measuring import evaluate_model
    from chatbot.generation import Sampling

    output = Output(json)
    sampling = Sampling(temperature=temperature, max_new_tokens=max_tokens, seed=seed)
    value, shown = evaluate_model(model, data, split, questions, sampling, seed, out, output)
    output.result(value, shown)


@app.command(help=tr("Compare le modèle spécialisé au générique, mêmes questions, même décodage.",
                     "Compares the specialised model with the generic one: same questions, same decoding."))  # fmt: skip
def compare(
    run: Annotated[Path, typer.Argument(metavar="RUN", help=tr("Dossier d'entraînement.", "Run folder."))],
    generic: Annotated[str | None, typer.Option(help=tr("Modèle générique ; par défaut celui de départ.",
                                                        "Generic model; by default the base of the run."))] = None,
    data: Annotated[Path | None, typer.Option(help=tr("Jeu préparé ; par défaut celui de l'entraînement.",
                                                      "Prepared set; by default that of the run."))] = None,
    questions: Annotated[int, typer.Option(min=1, help=tr("Réponses par partie.", "Answers per split."))] = 40,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 96,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help=tr("Dossier du rapport ; par défaut RUN.", "Folder of the report; by default RUN."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from app.measuring import compare_run
    from chatbot.generation import Sampling

    output = Output(json)
    sampling = Sampling(temperature=temperature, max_new_tokens=max_tokens, seed=seed)
    value, *shown = compare_run(run, generic, data, questions, sampling, seed, out or run, output)
    output.result(value, *shown)


@app.command(help=tr("Discute avec un modèle dans le terminal.", "Talks to a model in the terminal."))
def chat(
    model: Model = "mini",
    temperature: Temperature = 0.0,
    top_p: Annotated[
        float,
        typer.Option(
            min=1e-6, max=1, help=tr("Part de probabilité gardée au tirage.", "Share of probability kept when drawing.")
        ),
    ] = 0.95,
    top_k: Annotated[
        int,
        typer.Option(
            min=0, max=1_000_000, help=tr("Jetons gardés au tirage ; 0 : tous.", "Tokens kept when drawing; 0: all.")
        ),
    ] = 0,
    repetition_penalty: Annotated[
        float, typer.Option(min=0.1, max=10, help=tr("Au-dessus de 1 : moins de redites.", "Above 1: less repetition."))
    ] = 1.0,
    max_tokens: MaxTokens = 160,
    seed: Annotated[int | None, typer.Option(help=tr("Même graine, même réponse.", "Same seed, same answer."))] = None,
) -> None:
    load_keras()
    from chatbot.generation import Sampling
    from chatbot.model import load_model
    from chatbot.runner import ChatModel
    from chatbot.session import ChatSession
    from chatbot.terminal import talk

    sampling = Sampling(
        temperature=temperature, top_p=top_p, top_k=top_k, repetition_penalty=repetition_penalty,
        max_new_tokens=max_tokens, seed=seed,
    )  # fmt: skip
    refused = talk(ChatSession(ChatModel(load_model(model)), sampling))
    if refused:
        raise typer.Exit(InputError.exit_status)


@app.command(help=tr("Ouvre la page de discussion.", "Opens the chat page."))
def serve(
    model: Model = "mini",
    host: Annotated[str, typer.Option(help=tr("Adresse d'écoute.", "Address to listen on."))] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help=tr("Port ; 0 en choisit un libre.", "Port; 0 takes a free one."))
    ] = 7860,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 160,
    open_browser: Annotated[
        bool, typer.Option("--open", help=tr("Ouvre le navigateur.", "Opens the browser."))
    ] = False,
) -> None:
    load_keras()
    from app.serving import serve_model
    from chatbot.generation import Sampling

    sampling = Sampling(temperature=temperature, max_new_tokens=max_tokens)
    serve_model(model, host=host, port=port, sampling=sampling, open_browser=open_browser, output=Output())


@app.command(help=tr("Du texte brut à un modèle de base : comment « mini » a été fait.",
                     "From plain text to a base model: how `mini` was made."))  # fmt: skip
def pretrain(
    texts: Annotated[Path, typer.Argument(metavar=tr("TEXTES", "TEXTS"), help=tr(
        "Dossier, un sous-dossier de .txt ou .txt.gz par langue.", "Folder, one sub-folder of .txt or .txt.gz per language."))],
    out: Annotated[Path, typer.Option(help=tr("Préréglage à écrire.", "Preset to write."))],
    tokens: Annotated[int, typer.Option(min=1, help=tr("Jetons d'entraînement.", "Tokens to train on."))] = 5_000_000,
    vocabulary: Annotated[int, typer.Option(min=300, help=tr("Entrées du vocabulaire.", "Vocabulary entries."))] = 16_000,
    layers: Annotated[int, typer.Option(min=1, help=tr("Couches.", "Layers."))] = 4,
    hidden: Annotated[int, typer.Option(min=8, help=tr("Largeur.", "Width."))] = 384,
    heads: Annotated[int, typer.Option(min=1, help=tr("Têtes d'attention.", "Attention heads."))] = 6,
    context: Annotated[int, typer.Option(min=32, help=tr("Contexte en jetons.", "Context in tokens."))] = 512,
    sources: Annotated[Path | None, typer.Option(help=tr(
        "Fichier Markdown : textes, licences, limites ; il entre dans la fiche.",
        "Markdown file: texts, licences, limits; it goes into the card."))] = None,
    seed: Seed = 1,
    resume: Annotated[bool, typer.Option("--resume", help=tr("Reprend.", "Goes on."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from training.corpus import PretrainConfig
    from training.pretrain import pretrain as run

    output = Output(json)
    config = PretrainConfig(
        texts=texts, out=out, tokens=tokens, vocabulary=vocabulary, layers=layers, hidden=hidden, heads=heads,
        context=context, sources=sources, seed=seed,
    )  # fmt: skip
    recipe = run(config, resume=resume, say=output.say)
    output.result(recipe, tr(f"Préréglage : {out}", f"Preset: {out}"))


@app.command(help=tr("L'histoire entière en quelques minutes : données, entraînement, comparaison, page.",
                     "The whole story in a few minutes: data, training, comparison, page."))  # fmt: skip
def demo(
    out: Annotated[Path, typer.Option(help=tr("Dossier de la démonstration.", "Folder of the demonstration."))] = Path("runs/demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help=tr("Ouvre la page à la fin, ou s'arrête au tableau.",
                                                                      "Opens the page at the end, or ends after the table."))] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help=tr("Port de la page.", "Port of the page."))] = 7860,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from app.demo import run_demo

    run_demo(out, serve=serve, port=port, output=Output(json))


def _config(recipe: str | None, settings: dict[str, Any], changes: tuple[str, ...], *, resume: bool) -> Any:
    """The configuration of a training: to resume, --out is enough. What it lacks is told by the name of its option."""
    from pydantic import ValidationError

    from training.config import load_config
    from training.runs import saved_config

    given = {name for name, value in settings.items() if value is not None}
    if resume and given == {"out"} and not recipe and not changes:
        return saved_config(settings["out"])
    try:
        return load_config(recipe, settings, changes)
    except InputError as error:
        cause = error.__cause__
        faults = cause.errors() if isinstance(cause, ValidationError) else []
        lacking = [f"--{fault['loc'][0]}" for fault in faults if fault["type"] == "missing" and len(fault["loc"]) == 1]
        if not lacking:
            raise
        raise missing(lacking, "causette train") from error


def _refuse_without_atlas(given: dict[str, Any]) -> None:
    """No option without effect: these do nothing where no atlas is drawn."""
    listed = ", ".join(name for name, value in given.items() if value)
    if listed:
        raise InputError(
            tr(f"{listed} : sans effet avec --no-atlas. Retirez l'un ou l'autre.",
               f"{listed}: no effect with --no-atlas. Take one of them out.")
        )  # fmt: skip
