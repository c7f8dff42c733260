"""Layers around a model: a layer is a Chat that holds the one that it asks as `chat`."""

from typing import cast

from chatbot.chat import Chat


def beneath(chat: Chat) -> Chat:
    """The model itself, below all layers: its facts are what a reader wants to know."""
    while (inner := getattr(chat, "chat", None)) is not None:
        chat = cast(Chat, inner)
    return chat
