"""`causette chat`: a model in the terminal."""

from typing import Annotated

import typer

from app.options import (
    BaseUrl,
    Domain,
    Engine,
    MaxTokens,
    ModelOrServers,
    OwnRepetitionPenalty,
    OwnTemperature,
    OwnTopP,
    Weights,
)
from app.output import Output
from chatbot.language import tr


def chat(
    model: ModelOrServers = None,
    temperature: OwnTemperature = None,
    top_p: OwnTopP = None,
    top_k: Annotated[
        int,
        typer.Option(
            min=0, max=1_000_000, help=tr("Jetons gardés au tirage ; 0 : tous.", "Tokens kept when drawing; 0: all.")
        ),
    ] = 0,
    repetition_penalty: OwnRepetitionPenalty = None,
    max_tokens: MaxTokens = 160,
    seed: Annotated[
        int | None, typer.Option(min=0, help=tr("Même graine, même réponse.", "Same seed, same answer."))
    ] = None,
    domain: Domain = None,
    weights: Weights = "float32",
    engine: Engine = "keras",
    base_url: BaseUrl = None,
) -> None:
    from app.decoding import sampling_for
    from app.engines import chat_with
    from app.reasoning import reasoning_for
    from chatbot.locate import locate
    from chatbot.sampling import Sampling
    from chatbot.session import ChatSession
    from chatbot.terminal import talk

    output, own = Output(), model if engine == "keras" else None
    sampling = sampling_for(
        own,
        {"temperature": temperature, "top_p": top_p, "repetition_penalty": repetition_penalty},
        Sampling(top_p=0.95, top_k=top_k, max_new_tokens=max_tokens, seed=seed),
        output,
    )
    if own:
        locate(own)  # a wrong name is told before anything is said of a domain
    reasoning = reasoning_for(domain, own, output)
    chat = chat_with(engine, model, base_url, weights, "causette chat")
    if status := talk(ChatSession(reasoning(chat) if reasoning else chat, sampling)):
        raise typer.Exit(status)
