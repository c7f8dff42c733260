"""What `causette serve` does: a model in a process of its own, what is known of it, the page around it."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.feedback.serving import Feedback
from app.output import Output
from app.page.conversation import LIKELY
from app.reasoning import Reasoning
from chatbot.address import check_key
from chatbot.chat import Chat
from chatbot.dialogue import user
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.plain_weights import Width
from chatbot.sampling import Sampling

if TYPE_CHECKING:
    from app.model_process import ModelProcess
    from app.page.protection import Protection

API_KEY = "CAUSETTE_API_KEY"
NEAR = ("127.0.0.1", "localhost", "::1")
TUNED = Path("runs/page")


@dataclass(frozen=True, kw_only=True)
class Serving:
    """How a model is served.

    Args:
        model: as `load_model` takes it; None for one that a server elsewhere computes.
        weights: their width in memory.
        sampling: how tokens are chosen at first.
        host: address to listen on.
        port: 0 takes a free one.
        api_key: for the addresses of OpenAI's API, which a model that is computed here answers at too; "" for no key,
            None for no such addresses.
        reasoning: the layer around the model, if any.
        feedback: opinions and votes that are asked for on the page.
        accounts: file of those who may come in; None for everybody.
        rate: requests a minute of one client; 0 for no limit.
        behind_proxy: whether a proxy of ours stands before the server.
        tune: whether readers may train on the page; None where only this machine, or who has an account, reaches it.
        tuned: folder of the models that they train.
        open_browser: whether to open the user's browser.
    """

    model: str | None
    weights: Width = "float32"
    sampling: Sampling
    host: str = "127.0.0.1"
    port: int = 7860
    api_key: str | None = None
    reasoning: Reasoning | None = None
    feedback: Feedback = field(default_factory=Feedback)
    accounts: Path | None = None
    rate: int = 60
    behind_proxy: bool = False
    tune: bool | None = None
    tuned: Path = TUNED
    open_browser: bool = False

    @property
    def is_near(self) -> bool:
        """Whether only this machine reaches the page."""
        return self.host in NEAR and not self.behind_proxy

    @property
    def trains(self) -> bool:
        return self.tune if self.tune is not None else self.is_near or self.accounts is not None


def serve_model(serving: Serving, output: Output, remote: Chat | None = None) -> None:
    """Serves a page until it is interrupted.

    Args:
        serving: how.
        output: where it is told that the page is ready.
        remote: the model, where a server elsewhere computes it.

    Raises:
        InputError: the model, the accounts or the port are wrong.
        WorldError: the model cannot be loaded.
    """
    from app.page.ending import ended_by_signals

    protection = protection_of(serving)
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        process = None if remote else _started(serving, output, stack)
        # Both while the model loads in its process.
        from app.page.serve import serve
        from app.page_content import content_of

        import_gradio()
        chat: Chat = process or remote  # type: ignore[assignment]  # one of them is there
        if serving.reasoning:
            serving.reasoning(chat).warm_up()
        if process:
            process.wait()
            speak_once(chat, serving.sampling)
        content = content_of(serving, chat, output, stack)

        def ready(address: str) -> None:
            for line in told(serving, chat, address):
                output.say(line)

        serve(
            content, host=serving.host, port=serving.port, routes=api_routes(serving, process), protection=protection,
            open_browser=serving.open_browser, on_ready=ready,
        )  # fmt: skip


def _started(serving: Serving, output: Output, stack: ExitStack) -> "ModelProcess":
    """The model's process, which loads it from now on and ends with the page."""
    from app.model_process import ModelProcess
    from app.page.server import usable_port

    usable_port(serving.host, serving.port)  # told before anything is loaded
    model = serving.model or "mini"
    return stack.enter_context(ModelProcess(model, serving.weights, output.say, serving.sampling))


def speak_once(chat: Chat, sampling: Sampling) -> None:
    """Has the model say a word, by the way that all answers take: the first reader waits for none of what is made ready."""
    chat.reply([user("Bonjour ?")], replace(sampling, max_new_tokens=1), likely=LIKELY).text()


def checked_switches(tune: bool, no_tune: bool) -> bool | None:
    """Whether readers may train on the page, as the two switches say; None where neither was given.

    Raises:
        InputError: both were.
    """
    if tune and no_tune:
        raise InputError(
            tr("--tune et --no-tune se contredisent : gardez l'un des deux.",
               "--tune and --no-tune contradict each other: keep one of them.")
        )  # fmt: skip
    return True if tune else False if no_tune else None


def import_gradio() -> None:
    """Gradio, and what it would import with the first event: the first reader would wait for it."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before the import: Gradio would call out
    import gradio  # noqa: F401
    import matplotlib.pyplot  # noqa: F401


def protection_of(serving: Serving) -> "Protection":
    """What stands around the page.

    Raises:
        InputError: the file of accounts is missing, has an error, or holds nobody.
    """
    from app.accounts import AccountsFile
    from app.page.protection import Protection

    return Protection(
        accounts=AccountsFile(serving.accounts) if serving.accounts else None,
        rate=serving.rate,
        hosts=NEAR if serving.is_near else (),
        behind_proxy=serving.behind_proxy,
        api=serving.api_key is not None,
        api_has_key=bool(serving.api_key),
    )


def told(serving: Serving, chat: Chat, address: str) -> list[str]:
    """What is said once the page is ready; its address comes last."""
    lines = [api_in_words(chat, address, serving.api_key)] if serving.api_key is not None else []
    lines += serving.feedback.told()
    if not serving.is_near and not serving.accounts:
        lines.append(tr("Ouverte à d'autres machines, sans mot de passe : --auth FICHIER en demande un.",
                        "Open to other machines, without a password: --auth FILE asks for one."))  # fmt: skip
    lines.append(tr(f"La page est prête : {address}  (Ctrl-C pour arrêter)",
                    f"The page is ready: {address}  (Ctrl-C to stop)"))  # fmt: skip
    return lines


def api_key_of_environment() -> str:
    """The key that requests to the API must carry; "" for none.

    Raises:
        InputError: it is one that no header can hold.
    """
    key = os.environ.get(API_KEY, "")
    check_key(key, API_KEY)
    return key


def api_routes(serving: Serving, process: "ModelProcess | None") -> list[Any]:
    """The addresses of OpenAI's API, under ``/v1``. Without a key, a server of this machine alone answers to no name of
    another."""
    from starlette.routing import Mount

    from app.api.forward import forwarded

    if process is None or serving.api_key is None:
        return []
    hosts = NEAR if serving.is_near and not serving.api_key else ()
    return [Mount("/v1", app=forwarded(process, serving.sampling, serving.api_key, hosts))]


def api_in_words(chat: Chat, address: str, key: str | None) -> str:
    """Where the API is, and the model's name there."""
    from app.api.routes import api_name

    french = f"clé demandée ({API_KEY})" if key else f"sans clé ; {API_KEY} en fixe une"
    english = f"key asked for ({API_KEY})" if key else f"no key; {API_KEY} sets one"
    return tr(f"L'API est prête : {address}v1, modèle « {api_name(chat)} » ({french}).",
              f"The API is ready: {address}v1, model “{api_name(chat)}” ({english}).")  # fmt: skip
