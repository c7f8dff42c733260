"""What `causette serve` does: a model, examples from its data, the page."""

import json
from pathlib import Path

from app.output import Output
from chatbot.dialogue import drawn
from chatbot.generation import Sampling
from chatbot.language import tr
from chatbot.runner import ChatModel
from datasets_prep.prepared import PreparedSet, is_prepared
from training.runs import RunFolder


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
    """Questions to try: of different groups of the set that a run was trained on; none for another model."""
    if not (run / "config.yaml").exists():
        return []
    data = RunFolder.open(run).config.data
    if not is_prepared(data):  # the set was moved or deleted since
        return [
            json.loads(line)["question"] for line in (run / "samples.jsonl").read_text("utf-8").splitlines()[:count]
        ]
    by_group = {dialogue.group: dialogue for dialogue in PreparedSet.open(data).split("train")}
    return [dialogue.question for dialogue in drawn(list(by_group.values()), count, seed=3)]
