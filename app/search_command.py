"""`causette search`: options in, a search begun or gone on with, its report shown."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.options import Json
from app.output import Output, table
from app.quiet import load_keras
from chatbot.errors import InputError
from chatbot.language import tr

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}
SAME = ("--data", "--model", "--method", "--recipe", "--set", "--space", "--vary", "--seed", "--no-pruning", "--decoding",
        "--measure", "--questions")  # fmt: skip


def search(
    out: Annotated[Path, typer.Option(help=tr("Dossier de la recherche (searches/NOM).", "Folder of the search (searches/NAME)."))],
    recipe: Annotated[str | None, typer.Option(help=tr("Recette de départ.", "Starting recipe."))] = None,
    data: Annotated[Path | None, typer.Option(help=tr("Jeu préparé.", "Prepared set."))] = None,
    model: Annotated[str | None, typer.Option(help=tr("Modèle de départ.", "Base model."))] = None,
    method: Annotated[str | None, typer.Option(help=tr("full, lora, qlora-int8 ou qlora-int4.", "full, lora, qlora-int8 or qlora-int4."))] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar=tr("CLÉ=VALEUR", "KEY=VALUE"), help=tr(
        "Change une valeur de la recette.", "Changes one value of the recipe."))] = None,
    vary: Annotated[list[str] | None, typer.Option(metavar=tr("CLÉ=VALEURS", "KEY=VALUES"), help=tr(
        "Cherche cette clé : fit.learning_rate=1e-5..1e-3:log, lora.rank=4,8,16.",
        "Searches this key: fit.learning_rate=1e-5..1e-3:log, lora.rank=4,8,16."))] = None,
    space: Annotated[Path | None, typer.Option(help=tr("Fichier YAML de l'espace.", "YAML file of the space."))] = None,
    trials: Annotated[int | None, typer.Option(min=1, show_default="20", help=tr(
        "Essais, la recette de départ comprise.", "Trials, the starting recipe included."))] = None,
    time: Annotated[str | None, typer.Option(metavar=tr("DURÉE", "DURATION"), help=tr(
        "Après ce temps (30m, 2h), aucun essai n'est commencé.", "After that time (30m, 2h) no trial is begun."))] = None,
    pruning: Annotated[bool | None, typer.Option("--pruning/--no-pruning", show_default="pruning", help=tr(
        "Arrête tôt un essai en retard sur les autres.", "Ends a trial early that lags behind the others."))] = None,
    decoding: Annotated[int | None, typer.Option(min=0, show_default="8", help=tr(
        "Décodages essayés sur le meilleur essai ; 0 : aucun.", "Ways of decoding tried on the best trial; 0: none."))] = None,
    measure: Annotated[Literal["rouge_l", "chrf", "token_f1"] | None, typer.Option(show_default="rouge_l", help=tr(
        "Ce qui compare les réponses.", "What compares the answers."))] = None,
    questions: Annotated[int | None, typer.Option(min=1, show_default="40", help=tr(
        "Réponses à générer pour cette mesure, au plus.", "Answers to generate for that measure, at most."))] = None,
    seed: Annotated[int | None, typer.Option(min=0, show_default="1", help=tr(
        "Même graine, mêmes tirages.", "Same seed, same draws."))] = None,
    test: Annotated[bool, typer.Option("--test/--no-test", help=tr(
        "Regarde la partie test à la fin, une seule fois, ou remet ce regard à plus tard.",
        "Looks at the test split at the end, once, or leaves that look for later."))] = True,
    resume: Annotated[bool, typer.Option("--resume", help=tr(
        "Continue une recherche.", "Goes on with a search."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from training.search import search as run
    from training.search_folder import SearchFolder
    from training.search_worker import Worker

    output, seconds = Output(json), duration(time) if time else None
    pinned = dict(
        zip(
            SAME,
            (data, model, method, recipe, set_, space, vary, seed, pruning, decoding, measure, questions),
            strict=True,
        )
    )
    options = {"seed": seed, "pruning": pruning, "decoding": decoding, "measure": measure, "questions": questions}
    if resume:
        _require_none(pinned)
        folder = SearchFolder.open(out)
        if trials is not None:
            folder.want(trials)
    else:
        folder = _begun(out, (recipe, {"data": data, "model": model, "method": method}, tuple(set_ or ())),
                        tuple(vary or ()), space, options, trials or 20)  # fmt: skip
    output.say(tr("Espace de recherche :", "Search space:"))
    for one in folder.settings.space:
        output.say(f"  {one.told()}")
    from app.search_bar import SearchBar

    with SearchBar(output) as watcher:
        run(folder, trials=folder.trials_wanted, seconds=seconds, test=test, watcher=watcher, worker=Worker(load_keras))
    from training.search_report import conclusion, write_report

    facts = write_report(folder)
    output.result(
        facts,
        _best_trials(folder),
        conclusion(folder),
        tr(f"Rapport : {facts['report']}", f"Report: {facts['report']}"),
    )


def duration(text: str) -> float:
    """Seconds of "90s", "30m", "1.5h", "1h30m".

    Raises:
        InputError: it is no duration.
    """
    parts = re.findall(r"(\d+(?:[.,]\d+)?)(min|[smh])", text)
    if not parts or "".join(a + b for a, b in parts) != text.replace(" ", ""):
        raise InputError(
            tr(f"--time {text} : écrivez une durée comme 90s, 30m ou 1h30m.",
               f"--time {text}: write a duration like 90s, 30m or 1h30m.")
        )  # fmt: skip
    return sum(float(value.replace(",", ".")) * UNITS[unit] for value, unit in parts)


def _begun(
    out: Path,
    recipe: tuple[str | None, dict[str, Any], tuple[str, ...]],
    vary: tuple[str, ...],
    space: Path | None,
    options: dict[str, Any],
    trials: int,
) -> Any:
    """The folder of a new search; all that can be checked before a training is checked before it is made."""
    from app.disk import check_writable
    from chatbot.locate import locate
    from chatbot.model import load_tokenizer
    from datasets_prep.prepared import PreparedSet
    from training.config import load_config
    from training.search_folder import SETTINGS, SearchFolder, SearchSettings
    from training.search_space import read_space

    name, values, changes = recipe
    config = load_config(name, {**values, "out": out}, changes)
    wanted = read_space(vary, space, config)
    locate(config.model)
    if config.template is None and any(one.key == "template" for one in wanted):
        # By its name, the template of the model is one of the choices.
        config = config.model_copy(update={"template": load_tokenizer(config.model)[1].name})
    settings = SearchSettings(
        recipe=config,
        space=wanted,
        **{key: value for key, value in options.items() if value is not None},
    )
    fingerprints = PreparedSet.open(config.data).manifest["fingerprints"]
    if not out.exists():
        check_writable(out / SETTINGS)
        out.rmdir()  # made by the check
    return SearchFolder.begin(out, settings, trials, fingerprints)


def _require_none(pinned: dict[str, Any]) -> None:
    """A search goes on with what it began with; only its end can be moved."""
    listed = ", ".join(name for name, value in pinned.items() if value not in (None, []))
    if listed:
        raise InputError(
            tr(f"--resume continue avec les réglages du début : retirez {listed}.\n"
               "Seuls --trials, --time et --test/--no-test peuvent changer.",
               f"--resume goes on with the settings of the beginning: leave out {listed}.\n"
               "Only --trials, --time and --test/--no-test may change.")
        )  # fmt: skip


def _best_trials(folder: Any, count: int = 5) -> Any:
    """The best trials as a table of the terminal."""
    from chatbot.language import number
    from training.search_dimension import shown

    keys = [one.key for one in folder.settings.training_space]
    ranked = sorted(
        (trial for trial in folder.trials() if trial.bits_per_byte is not None),
        key=lambda trial: (trial.bits_per_byte, trial.number),
    )
    rows = [
        (f"{trial.number}", *(shown(trial.values.get(key)) for key in keys), number(trial.bits_per_byte, 4))
        for trial in ranked[:count]
    ]
    head = (tr("Essai", "Trial"), *keys, tr("Bits par octet", "Bits per byte"))
    return table(head, rows, title=tr("Les meilleurs essais (validation)", "The best trials (validation)"))
