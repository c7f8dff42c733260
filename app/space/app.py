"""A page to chat with a model of Causette, on Hugging Face Spaces. `python app.py` runs it on any machine.

The model comes from the Hub at a fixed revision: what changes there later does not change this page. To take another
one, put its commit into REVISION; the Space then builds itself anew.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

MODEL = "owner/name"  # its repository on the Hub; "mini" is the model that comes with Causette
REVISION = "main"  # the commit of that repository
TITLE = "Causette"  # of the page
LANGUAGE = "fr"  # of the page at "/"; the other language is at "/en/", or at "/fr/"
SAMPLING = {"max_new_tokens": 160}  # how the next token is chosen, until the visitor changes it
EXAMPLES: list[str] = []  # questions to try
RATE = 300  # requests a minute of one visitor that cost something; 0 for no limit
HARDWARE = "cpu-basic"  # that the page was made for

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio would call out
os.environ.pop("SYSTEM", None)  # on Spaces, Gradio would have each visitor's browser fetch a header and fonts elsewhere

from app.page.content import PageContent  # noqa: E402
from app.page.ending import ended_by_signals  # noqa: E402
from app.page.exhibit_json import from_json  # noqa: E402
from app.page.protection import Protection  # noqa: E402
from app.page.serve import serve  # noqa: E402
from app.page.trained import Exhibits  # noqa: E402
from chatbot.chat import Chat  # noqa: E402
from chatbot.errors import CausetteError, InputError  # noqa: E402
from chatbot.files import read_json  # noqa: E402
from chatbot.language import set_language, tr  # noqa: E402
from chatbot.locate import EMBEDDED  # noqa: E402
from chatbot.model import LanguageModel, load_model  # noqa: E402
from chatbot.reasoning.domain_file import load_domain  # noqa: E402
from chatbot.reasoning.reasoned import ReasonedChat  # noqa: E402
from chatbot.runner import ChatModel  # noqa: E402
from chatbot.sampling import Sampling  # noqa: E402

HERE = Path(__file__).resolve().parent
PORT = int(os.environ.get("PORT", "7860"))  # Spaces wait for an answer at 7860


def main() -> None:
    """Serves the page until the Space is told to end.

    Raises:
        CausetteError: the model cannot be loaded.
    """
    set_language(LANGUAGE)
    if HARDWARE == "zero-a10g":
        tell_zero_gpu()
    say(tr(f"{MODEL} : chargement…", f"{MODEL}: loading…"))
    with ended_by_signals():
        chat = ChatModel(model())
        serve(
            content_of(chat),
            host="0.0.0.0",
            port=PORT,
            protection=Protection(framed_by="https://huggingface.co", behind_proxy=True, rate=RATE),
            on_ready=lambda address: say(tr(f"La page est prête : {address}", f"The page is ready: {address}")),
        )


def model() -> LanguageModel:
    """The model at its revision, checked. The token that reads a private one is the Space's secret HF_TOKEN.

    Raises:
        CausetteError: the Hub does not give it, or it is none.
    """
    if MODEL in EMBEDDED:
        return load_model(MODEL)
    try:
        return replace(load_model(f"hf://{MODEL}", revision=REVISION), name=MODEL)
    except InputError as error:
        raise InputError(
            str(error)
            + tr("\nS'il est privé, le Space demande un secret HF_TOKEN : un jeton qui a le droit de le lire.",
                 "\nIf it is private, the Space needs a secret HF_TOKEN: a token with the right to read it.")
        ) from error  # fmt: skip


def content_of(chat: Chat) -> PageContent:
    """All that the page shows: what is known of the model was written down when the page was sent."""
    exhibits, reasoned = HERE / "exhibits.json", reasoning(chat)
    return PageContent(
        chat=chat,
        sampling=Sampling(**SAMPLING),
        title=TITLE,
        examples=EXAMPLES,
        reason=(lambda other, name: reasoned.around(other)) if reasoned else None,
        exhibits=from_json(Exhibits, read_json(exhibits)) if exhibits.is_file() else None,
    )


def reasoning(chat: Chat) -> ReasonedChat | None:
    """The reasoning layer, where the Space carries a domain."""
    domain = HERE / "domain.yaml"
    if not domain.is_file():
        return None
    reasoned = ReasonedChat(chat, load_domain(domain))
    reasoned.warm_up()  # the first visitor does not wait for it
    return reasoned


def tell_zero_gpu() -> None:
    """ZeroGPU lends its cards to PyTorch alone and wants a function that asks for one: ours is never called, the model
    computes on the processor."""
    import spaces
    from spaces import zero

    spaces.GPU(lambda: None)
    if hasattr(zero, "startup"):  # there alone; a page that Gradio does not serve itself must say that it starts
        zero.startup()


def say(line: str) -> None:
    """A line in the Space's log."""
    print(line, flush=True)


if __name__ == "__main__":
    try:
        main()
    except CausetteError as error:
        sys.exit(str(error))
