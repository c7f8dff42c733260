"""The commands, one verb per step. Each is thin: options in, one call to a lower floor, its result shown.

Heavy libraries load inside the command that needs them, so that ``causette --help`` answers at once. ``--lang`` and
``--debug`` are taken out of the call by `app.main` before this module is imported, so help texts are in the language.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.accounts_command import accounts_app
from app.chat_command import chat
from app.compare_command import compare, evaluate
from app.data_commands import data_app
from app.feedback_commands import feedback_app
from app.judge_command import judge
from app.livrables_commands import livrables_app
from app.options import (
    RECIPES,
    Json,
    Model,
)
from app.output import Output
from app.pull_command import pull
from app.push_commands import push_app
from app.quiet import load_keras
from app.runs_command import runs
from app.search_command import search
from app.serve_command import serve
from app.set_commands import inspect, prepare
from app.sweep_command import sweep
from app.usage import Program, missing
from chatbot.errors import InputError
from chatbot.language import tr

app = Program(
    name="causette",
    help=tr("Fabriquez votre chatbot avec Keras : des données au modèle, du modèle à la page.",
            "Build your own chatbot with Keras: from data to model, from model to page."),
    epilog=tr("Partout : --lang fr|en (langue), --debug (trace complète des erreurs).",
              "Everywhere: --lang fr|en (language), --debug (full traces of errors)."),
)  # fmt: skip
app.add_typer(data_app, name="data")
app.add_typer(feedback_app, name="feedback")
app.add_typer(accounts_app, name="accounts")
app.add_typer(push_app, name="push")
app.add_typer(livrables_app, name="livrables")
app.command(help=tr("Des sources aux dialogues : nettoyés, sans doublons, découpés sans fuite.",
                    "From sources to dialogues: cleaned, without duplicates, split without leaks."))(prepare)  # fmt: skip
app.command(help=tr("Montre un jeu préparé, ce qui sera appris dans un dialogue, et dessine l'atlas du jeu.",
                    "Shows a prepared set, what will be learnt in a dialogue, and draws the set's atlas."))(inspect)  # fmt: skip
app.command(help=tr("Liste les entraînements d'un dossier, ou en met plusieurs côte à côte.",
                    "Lists the runs of a folder, or puts several side by side."))(runs)  # fmt: skip


@app.command(help=tr("Spécialise un modèle sur un jeu préparé.", "Fine-tunes a model on a prepared set."))
def train(
    data: Annotated[Path | None, typer.Option(help=tr("Jeu préparé.", "Prepared set."))] = None,
    out: Annotated[Path | None, typer.Option(help=tr("Dossier à écrire (runs/NOM).", "Folder to write (runs/NAME)."))] = None,
    model: Annotated[str | None, typer.Option(help=tr("Modèle de départ.", "Base model."))] = None,
    method: Annotated[str | None, typer.Option(help=tr("full, lora, qlora-int8 ou qlora-int4.", "full, lora, qlora-int8 or qlora-int4."))] = None,
    distribute: Annotated[str | None, typer.Option(help=tr(
        "Plusieurs cartes : data (lignes réparties) ou model (poids répartis).",
        "Several devices: data (rows split) or model (weights split)."))] = None,
    recipe: Annotated[str | None, typer.Option(help=tr(
        f"Recette : fichier YAML, ou {RECIPES}.", f"Recipe: YAML file, or {RECIPES}."))] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar=tr("CLÉ=VALEUR", "KEY=VALUE"), help=tr(
        "Change une valeur : --set fit.epochs=3.", "Changes one value: --set fit.epochs=3."))] = None,
    memory: Annotated[str | None, typer.Option(metavar=tr("TAILLE", "SIZE"), help=tr(
        "Mémoire permise (15GB, 12 Gio) : un essai à blanc choisit les réglages qui y tiennent.",
        "Memory allowed (15GB, 12GiB): a dry run chooses settings that fit."))] = None,
    resume: Annotated[bool, typer.Option("--resume", help=tr(
        "Reprend un entraînement interrompu.", "Goes on with an interrupted training."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from app.progress import TrainingBar

    settings = {"data": data, "out": out, "model": model, "method": method, "memory": memory, "distribute": distribute}
    config = _config(recipe, settings, tuple(set_ or ()), resume=resume)
    output = Output(json)
    from training.distribution import writes_files
    from training.fit import train as run

    with TrainingBar(output) as watcher:
        folder = run(config, resume=resume, watcher=watcher)
    if not writes_files():  # one of several processes: the first writes the folder, and says so
        return
    value = {"run": str(config.out), **folder.metrics}
    output.result(value, tr(f"Dossier : {config.out}", f"Folder: {config.out}"))


app.command(help=tr("Mesure un modèle sur des questions tenues à l'écart.",
                    "Measures a model on held-out questions."))(evaluate)  # fmt: skip
app.command(help=tr("Compare le modèle spécialisé au générique et à d'autres, mêmes questions, même décodage.",
                    "Compares the specialised model with the generic one and others: same questions, same decoding."))(compare)  # fmt: skip
app.command(help=tr("Cherche de meilleurs réglages : taux d'apprentissage, époques, LoRA, décodage.",
                    "Searches for better settings: learning rate, epochs, LoRA, decoding."))(search)  # fmt: skip
app.command(help=tr("Essaie des décodages sur les questions de validation, et écrit le meilleur dans l'entraînement.",
                    "Tries ways of decoding on validation questions, and writes the best into the run."))(sweep)  # fmt: skip
app.command(help=tr("Fait juger une comparaison par un modèle, dans les deux ordres, et mesure son accord avec les votes.",
                    "Has a model judge a comparison, in both orders, and measures its agreement with the votes."))(judge)  # fmt: skip


app.command(help=tr("Discute avec un modèle dans le terminal.", "Talks to a model in the terminal."))(chat)
app.command(help=tr("Ouvre la page : discuter, comparer, voir les données et l'entraînement.",
                    "Opens the page: chat, compare, see the data and the training."))(serve)  # fmt: skip


@app.command(help=tr("Écrit un modèle dans un format que lisent transformers, vLLM, CTranslate2, llama.cpp, ou un navigateur (ONNX).",
                     "Writes a model in a format that transformers, vLLM, CTranslate2, llama.cpp or a browser (ONNX) reads."))  # fmt: skip
def export(
    model: Model,
    out: Annotated[Path, typer.Option(help=tr("Dossier à écrire.", "Folder to write."))],
    to: Annotated[
        Literal["transformers", "onnx"],
        typer.Option(
            help=tr(
                "Format : transformers, ou onnx (pour un navigateur).", "Format: transformers, or onnx (for a browser)."
            )
        ),
    ] = "transformers",
    json: Json = False,
) -> None:
    load_keras()
    from app.exporting import export_model

    output = Output(json)
    value, shown = export_model(model, to, out)
    output.result(value, shown)


app.command(help=tr("Télécharge un modèle ou un jeu du Hugging Face Hub, à une révision fixée, et le vérifie.",
                    "Downloads a model or a data set of the Hugging Face Hub, at a pinned revision, and checks it."))(pull)  # fmt: skip


@app.command(name="merge", help=tr("Fond un adaptateur (lora, qlora) et son modèle de départ en un seul modèle.",
                                   "Makes one model of an adapter (lora, qlora) and its base."))  # fmt: skip
def merge_(
    model: Model,
    out: Annotated[Path, typer.Option(help=tr("Préréglage à écrire.", "Preset to write."))],
    json: Json = False,
) -> None:
    load_keras()
    from app.exporting import merge_run

    output = Output(json)
    value, shown = merge_run(model, out)
    output.result(value, shown)


@app.command(help=tr("Du texte brut à un modèle de base : comment « mini » a été fait.",
                     "From plain text to a base model: how `mini` was made."))  # fmt: skip
def pretrain(
    texts: Annotated[Path, typer.Argument(metavar=tr("TEXTES", "TEXTS"), help=tr(
        "Dossier, un sous-dossier de .txt ou .txt.gz par langue.", "Folder, one sub-folder of .txt or .txt.gz per language."))],
    out: Annotated[Path, typer.Option(help=tr("Préréglage à écrire.", "Preset to write."))],
    tokens: Annotated[int, typer.Option(min=1, help=tr("Jetons d'entraînement.", "Tokens to train on."))] = 5_000_000,
    start: Annotated[str | None, typer.Option(help=tr(
        "Préréglage à poursuivre : ses poids, son vocabulaire, sa forme et sa graine.",
        "Preset to go on from: its weights, vocabulary, shape and seed."))] = None,
    vocabulary: Annotated[int | None, typer.Option(min=300, show_default="16000", help=tr(
        "Entrées du vocabulaire.", "Vocabulary entries."))] = None,
    layers: Annotated[int | None, typer.Option(min=1, show_default="4", help=tr("Couches.", "Layers."))] = None,
    hidden: Annotated[int | None, typer.Option(min=8, show_default="384", help=tr("Largeur.", "Width."))] = None,
    heads: Annotated[int | None, typer.Option(min=1, show_default="6", help=tr(
        "Têtes d'attention.", "Attention heads."))] = None,
    context: Annotated[int | None, typer.Option(min=32, show_default="512", help=tr(
        "Contexte en jetons.", "Context in tokens."))] = None,
    learning_rate: Annotated[float, typer.Option(min=1e-9, help=tr(
        "Taux d'apprentissage à son maximum.", "Learning rate at its peak."))] = 1e-3,
    sources: Annotated[Path | None, typer.Option(help=tr(
        "Fichier Markdown : textes, licences, limites ; il entre dans la fiche.",
        "Markdown file: texts, licences, limits; it goes into the card."))] = None,
    seed: Annotated[int | None, typer.Option(show_default="1", help=tr("Même graine, mêmes tirages.", "Same seed, same draws."))] = None,
    resume: Annotated[bool, typer.Option("--resume", help=tr("Reprend.", "Goes on."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    load_keras()
    from training.corpus import PretrainConfig
    from training.pretrain import pretrain as run

    output = Output(json)
    shape = {"vocabulary": vocabulary, "layers": layers, "hidden": hidden, "heads": heads, "context": context}
    given: dict[str, Any] = {name: value for name, value in {**shape, "seed": seed}.items() if value is not None}
    if start and given:
        named = ", ".join(f"--{name}" for name in given)
        raise InputError(
            tr(f"--start garde la forme et la graine du préréglage : retirez {named}.",
               f"--start keeps the shape and the seed of the preset: leave out {named}.")
        )  # fmt: skip
    config = PretrainConfig(
        texts=texts, out=out, tokens=tokens, start=start, learning_rate=learning_rate, sources=sources, **given,
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
    from training.runs import saved_config, working_folder

    given = {name for name, value in settings.items() if value is not None}
    if resume and given == {"out"} and not recipe:
        saved = saved_config(settings["out"])
        noted = working_folder(settings["out"]) / "config.yaml"
        return load_config(noted, {}, changes) if changes and noted.exists() else saved
    try:
        return load_config(recipe, settings, changes)
    except InputError as error:
        cause = error.__cause__
        faults = cause.errors() if isinstance(cause, ValidationError) else []
        lacking = [f"--{fault['loc'][0]}" for fault in faults if fault["type"] == "missing" and len(fault["loc"]) == 1]
        if not lacking:
            raise
        raise missing(lacking, "causette train") from error
