"""Whom `causette chat` and `causette serve` talk to: a Keras model here, or a model behind an address."""

import os
from collections.abc import Callable
from typing import Literal

from app.quiet import load_keras
from app.usage import missing
from chatbot.chat import Chat
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.plain_weights import Width

EngineName = Literal["keras", "openai"]


def chat_with(
    engine: EngineName,
    model: str | None,
    base_url: str | None,
    weights: Width,
    command: str,
    say: Callable[[str], object] = lambda line: None,
) -> Chat:
    """Whom to talk to.

    Args:
        engine: "keras" computes here, "openai" asks a server.
        model: its name; by default mini, or the server's only one.
        base_url: the server's address; by default that of the environment, which gives its key too.
        weights: width of a Keras model's weights in memory.
        command: that was called, for the message when the address is missing.
        say: told when a model is being loaded, which takes seconds.

    Raises:
        InputError: an option would have no effect, the address is missing; see also `load_model` and `RemoteChat`.
        WorldError: nobody is at the address.
    """
    if engine == "openai":
        from chatbot.remote import KEY, URL, URL_OPTION, RemoteChat

        if weights != "float32":
            raise without_effect("--weights")
        url = base_url or os.environ.get(URL, "")
        if not url:
            raise missing([URL_OPTION], command)
        return RemoteChat(url, model, os.environ.get(KEY, ""))
    if base_url:
        raise InputError(
            tr("--base-url ne sert qu'avec --engine openai : ajoutez-le.",
               "--base-url is of use only with --engine openai: add it.")
        )  # fmt: skip
    name = model or "mini"
    say(tr(f"{name} : chargement…", f"{name}: loading…"))
    load_keras()
    from chatbot.model import load_model
    from chatbot.runner import ChatModel

    return ChatModel(load_model(name), weights)


def without_effect(option: str) -> InputError:
    """The error for an option that a server elsewhere cannot follow."""
    return InputError(
        tr(f"{option} : sans effet avec --engine openai, où un autre serveur calcule. Retirez-le.",
           f"{option}: no effect with --engine openai, where another server computes. Leave it out.")
    )  # fmt: skip
