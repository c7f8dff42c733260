"""What `causette serve` does: a model, examples from its data, the page."""

import json
import os
from pathlib import Path
from typing import Any

from app.feedback.serving import Feedback
from app.output import Output
from chatbot.address import check_key
from chatbot.chat import Chat
from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet, is_prepared
from training.runs import RunFolder

API_KEY = "CAUSETTE_API_KEY"
NEAR = ("127.0.0.1", "localhost", "::1")


def serve_chat(
    chat: Chat,
    *,
    host: str,
    port: int,
    sampling: Sampling,
    api_key: str | None = None,
    feedback: Feedback = Feedback(),  # noqa: B008
    open_browser: bool,
    output: Output,
) -> None:
    """Serves a model's page until it is interrupted.

    Args:
        chat: the model.
        host: address to listen on.
        port: 0 takes a free one.
        sampling: how tokens are chosen at first.
        api_key: for the addresses of OpenAI's API, which a model that is computed here answers at too; "" for no key,
            None for no such addresses.
        feedback: opinions and votes that are asked for on the page.
        open_browser: whether to open the user's browser.
        output: where it is told that the page is ready.
    """
    from app.page.serve import serve

    local = chat if isinstance(chat, ChatModel) else None

    def ready(address: str) -> None:
        if local and api_key is not None:
            output.say(api_in_words(local, address, api_key))
        for line in feedback.told():
            output.say(line)
        output.say(
            tr(f"La page est prête : {address}  (Ctrl-C pour arrêter)",
               f"The page is ready: {address}  (Ctrl-C to stop)")
        )  # fmt: skip

    serve(
        chat,
        host=host,
        port=port,
        examples=feedback.without_tested(examples_of(Path(chat.name), output)) if local else [],
        sampling=sampling,
        routes=api_routes(local, sampling, api_key, host) if local and api_key is not None else (),
        opinions=feedback.opinions,
        user_test=feedback.test,
        open_browser=open_browser,
        on_ready=ready,
    )


def api_key_of_environment() -> str:
    """The key that requests to the API must carry; "" for none.

    Raises:
        InputError: it is one that no header can hold.
    """
    key = os.environ.get(API_KEY, "")
    check_key(key, API_KEY)
    return key


def api_routes(chat: ChatModel, sampling: Sampling, key: str, host: str) -> list[Any]:
    """The addresses of OpenAI's API, under ``/v1``. Without a key, a server of this machine alone answers to no name of
    another."""
    from starlette.routing import Mount

    from app.api.routes import api

    hosts = NEAR if host in NEAR and not key else ()
    return [Mount("/v1", app=api(chat, sampling, key, hosts))]


def api_in_words(chat: ChatModel, address: str, key: str) -> str:
    """Where the API is, and the model's name there."""
    from app.api.routes import api_name

    french = f"clé demandée ({API_KEY})" if key else f"sans clé ; {API_KEY} en fixe une"
    english = f"key asked for ({API_KEY})" if key else f"no key; {API_KEY} sets one"
    return tr(f"L'API est prête : {address}v1, modèle « {api_name(chat)} » ({french}).",
              f"The API is ready: {address}v1, model “{api_name(chat)}” ({english}).")  # fmt: skip


def examples_of(run: Path, output: Output, count: int = 4) -> list[str]:
    """Questions to try, held out from the training where some were; none for a model that is no run.

    They come from different groups of the set that it was trained on or, where that set is gone, from the answers that
    the run keeps. Without either the page opens all the same, and why is said.
    """
    if not (run / "config.yaml").exists():
        return []
    try:
        data = RunFolder.open(run).config.data
        if is_prepared(data):
            dialogues = _held_out(PreparedSet.open(data))
            # Keywords and scraps belong in the tests; a button shows a question, if the set has any.
            dialogues = [d for d in dialogues if d.question.rstrip().endswith("?")] or dialogues
            by_group = {dialogue.group: dialogue for dialogue in dialogues}
            return [dialogue.question for dialogue in drawn(list(by_group.values()), count, seed=3)]
        lines = (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["question"] for line in lines[:count]]
    except (InputError, OSError, ValueError, KeyError):
        output.say(tr(f"Pas d'exemples sur la page : le jeu de l'entraînement {run} est illisible ou a changé.",
                      f"No examples on the page: the data of the run {run} cannot be read, or changed."))  # fmt: skip
        return []


def _held_out(data: PreparedSet) -> list[Dialogue]:
    """The first of these splits that holds something: learnt answers under other questions, else unseen questions."""
    for split in ("recall", "validation", "test", "train"):
        dialogues = list(data.split(split)) if split in data.splits else []
        if dialogues:
            return dialogues
    return []
