"""What `causette serve` does: a model, examples from its data, the page."""

import json
from pathlib import Path

from app.output import Output
from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.plain_weights import Width
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet, is_prepared
from training.runs import RunFolder


def serve_model(
    name: str, width: Width, *, host: str, port: int, sampling: Sampling, open_browser: bool, output: Output
) -> None:
    """Loads a model, its weights in memory in that width, and serves its page until it is interrupted."""
    from app.page.serve import serve
    from chatbot.model import load_model

    output.say(tr(f"{name} : chargement…", f"{name}: loading…"))
    chat = ChatModel(load_model(name), width)
    serve(
        chat,
        host=host,
        port=port,
        examples=examples_of(Path(name), output),
        sampling=sampling,
        open_browser=open_browser,
        on_ready=lambda address: output.say(tr(f"La page est prête : {address}  (Ctrl-C pour arrêter)",
                                               f"The page is ready: {address}  (Ctrl-C to stop)")),
    )  # fmt: skip


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
