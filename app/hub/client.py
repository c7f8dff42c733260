"""The Hub's own client, with the token of the environment or of its own login; the token is shown and stored nowhere."""

import os
from typing import TYPE_CHECKING

from chatbot.errors import InputError
from chatbot.language import tr

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def client(*, needs_token: bool = True) -> "HfApi":
    """The client. The Hub's address is read when it is called (``HF_ENDPOINT``), not when its library is imported.

    Raises:
        InputError: there is no token, or what is given is none; the address is none.
    """
    from huggingface_hub import HfApi, get_token

    token = get_token()
    if needs_token and not token:
        raise InputError(
            tr("Le Hugging Face Hub demande un jeton : « hf auth login », ou la variable HF_TOKEN.\n"
               "On le crée sur sa page (Settings → Access Tokens), avec le droit d'écrire.",
               "The Hugging Face Hub asks for a token: `hf auth login`, or the variable HF_TOKEN.\n"
               "It is made on your page there (Settings → Access Tokens), with the right to write.")
        )  # fmt: skip
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        # No header can hold it, and the complaint of the library that sends it would show it.
        raise InputError(
            tr("Le jeton du Hugging Face Hub (HF_TOKEN, ou celui de « hf auth login ») contient un blanc, un accent ou\n"
               "un signe invisible : copiez-le à nouveau, en entier.",
               "The token of the Hugging Face Hub (HF_TOKEN, or that of `hf auth login`) holds a blank, an accent or\n"
               "an invisible sign: copy it again, whole.")
        )  # fmt: skip
    return HfApi(endpoint=_endpoint(), token=token or False, library_name="causette")


def _endpoint() -> str | None:
    endpoint = os.environ.get("HF_ENDPOINT")
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise InputError(
            tr(f"HF_ENDPOINT : ce n'est pas une adresse (http:// ou https://). Reçu : {endpoint}",
               f"HF_ENDPOINT: not an address (http:// or https://). Received: {endpoint}")
        )  # fmt: skip
    return endpoint or None
