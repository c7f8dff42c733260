"""What `causette serve` does: a model, examples from its data, the page."""

import itertools
from pathlib import Path

from app.output import Output
from chatbot.generation import Sampling
from chatbot.language import tr
from chatbot.runner import ChatModel


def serve_model(name: str, *, host: str, port: int, sampling: Sampling, open_browser: bool, output: Output) -> None:
    """Loads a model and serves its page until it is interrupted."""
    from app.page.serve import serve
    from chatbot.model import load_model

    output.say(tr(f"{name} : chargement…", f"{name}: loading…"))
    chat = ChatModel(load_model(name))
    serve(
        chat,
        host=host,
        port=port,
        examples=examples_of(Path(name)),
        sampling=sampling,
        open_browser=open_browser,
        on_ready=lambda address: output.say(tr(f"La page est prête : {address}  (Ctrl-C pour arrêter)",
                                               f"The page is ready: {address}  (Ctrl-C to stop)")),
    )  # fmt: skip


def examples_of(run: Path, count: int = 4) -> list[str]:
    """Some questions of the run's own samples: of the domain, and not of the training split; none if there are none."""
    import json

    try:
        lines = (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [json.loads(line)["question"] for line in itertools.islice(lines, count)]
