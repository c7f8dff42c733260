"""`causette serve`: the page."""

from pathlib import Path
from typing import Annotated

import typer

from app.feedback_commands import FeedbackFile, NoFeedback, Pair, UserTest, Votes
from app.options import BaseUrl, Domain, Engine, MaxTokens, ModelOrServers, OwnTemperature, Weights
from app.output import Output
from chatbot.language import tr

IN_OPEN = tr("Ouvrir la page à d'autres", "Opening the page to others")
IN_TUNE = tr("Entraîner depuis la page", "Training on the page")


def serve(
    model: ModelOrServers = None,
    host: Annotated[str, typer.Option(help=tr("Adresse d'écoute.", "Address to listen on."))] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help=tr("Port ; 0 en choisit un libre.", "Port; 0 takes a free one."))
    ] = 7860,
    temperature: OwnTemperature = None,
    max_tokens: MaxTokens = 160,
    domain: Domain = None,
    weights: Weights = "float32",
    engine: Engine = "keras",
    base_url: BaseUrl = None,
    api: Annotated[bool, typer.Option("--api", help=tr(
        "Répond aussi en /v1 comme l'API d'OpenAI, pour ses clients et d'autres pages.",
        "Also answers at /v1 like OpenAI's API, for its clients and other pages."))] = False,
    open_browser: Annotated[
        bool, typer.Option("--open", help=tr("Ouvre le navigateur.", "Opens the browser."))
    ] = False,
    user_test: UserTest = False,
    comparison: Votes = None,
    pair: Pair = None,
    feedback: FeedbackFile = None,
    no_feedback: NoFeedback = False,
    auth: Annotated[Path | None, typer.Option(metavar=tr("FICHIER", "FILE"), rich_help_panel=IN_OPEN, help=tr(
        "Demande un nom et un mot de passe : fichier de causette accounts.",
        "Asks for a name and a password: a file of causette accounts."))] = None,
    rate: Annotated[int, typer.Option(min=0, max=1_000_000, rich_help_panel=IN_OPEN, help=tr(
        "Demandes par minute et par adresse ; 0 : sans limite (une classe est souvent derrière une seule adresse).",
        "Requests per minute and address; 0: no limit (a class is often behind one address)."))] = 60,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", rich_help_panel=IN_OPEN, help=tr(
        "Croit les en-têtes X-Forwarded-… d'un proxy placé devant.",
        "Believes the X-Forwarded-… headers of a proxy in front."))] = False,
    tune: Annotated[bool, typer.Option("--tune", rich_help_panel=IN_TUNE, help=tr(
        "Permet d'entraîner depuis la page, même à d'autres machines sans mot de passe.",
        "Allows training on the page, even to other machines without a password."))] = False,
    no_tune: Annotated[bool, typer.Option("--no-tune", rich_help_panel=IN_TUNE, help=tr(
        "Ne permet d'entraîner à personne.", "Allows nobody to train."))] = False,
    tuned: Annotated[Path, typer.Option(rich_help_panel=IN_TUNE, help=tr(
        "Dossier des modèles entraînés depuis la page.", "Folder of the models trained on the page."))] = Path("runs/page"),
) -> None:  # fmt: skip
    from app.decoding import sampling_for
    from app.engines import chat_with, without_effect
    from app.feedback.serving import feedback_for
    from app.reasoning import reasoning_for
    from app.serving import Serving, api_key_of_environment, checked_switches, serve_model
    from chatbot.locate import locate
    from chatbot.sampling import Sampling

    output, own = Output(), model if engine == "keras" else None
    if api and engine == "openai":
        raise without_effect("--api")
    asked = feedback_for(own, file=feedback, off=no_feedback, user_test=user_test, comparison=comparison, pair=pair)
    if own:
        locate(own)  # a wrong name is told before anything is said of it
    serving = Serving(
        model=(own or "mini") if engine == "keras" else None,
        weights=weights,
        sampling=sampling_for(own, {"temperature": temperature}, Sampling(max_new_tokens=max_tokens), output),
        host=host,
        port=port,
        api_key=api_key_of_environment() if api else None,
        feedback=asked,
        accounts=auth,
        rate=rate,
        behind_proxy=behind_proxy,
        tune=checked_switches(tune, no_tune),
        tuned=tuned,
        open_browser=open_browser,
        reasoning=reasoning_for(domain, own, output),
    )
    elsewhere = engine == "openai" or base_url
    remote = chat_with(engine, model, base_url, weights, "causette serve", output.say) if elsewhere else None
    serve_model(serving, output, remote)
