"""What the page of `causette serve` shows: from a model's name to the values and the models that its tabs need."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from app.exhibits.exhibits import showing
from app.generic import generic_loading
from app.model_child import Loading
from app.model_shelf import ModelShelf
from app.output import Output
from app.page.content import PageContent, Tuning
from app.serving import Serving
from app.tuning.bases import bases_for
from app.tuning.job import TuningJobs
from chatbot.chat import Chat
from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.prepared import PreparedSet, is_prepared
from training.runs import RunFolder

LOOKED_AT = 1000  # training dialogues among which examples are chosen: the page waits for them


def content_of(serving: Serving, chat: Chat, output: Output, stack: ExitStack) -> PageContent:
    """All that the page shows; what must be closed in the end is put on the stack."""
    shelf = stack.enter_context(
        ModelShelf(
            chat.name, chat, generic(serving), weights=serving.weights, sampling=serving.sampling, say=output.say
        )
    )
    shown = showing(serving.model or "mini")
    if shown.atlas:
        stack.callback(shown.atlas.close)
    examples = examples_of(Path(serving.model), output) if serving.model else []
    return PageContent(
        chat=chat, sampling=serving.sampling, reason=reason_of(serving, shelf), models=shelf,
        examples=serving.feedback.without_tested(examples),
        opinions=serving.feedback.opinions, user_test=serving.feedback.test,
        exhibits=None if serving.model is None else shown.exhibits, dialogues=shown.dialogues, atlas=shown.atlas,
        tuning=tuning_of(serving, shelf, stack),
        logout=serving.accounts is not None,
    )  # fmt: skip


def generic(serving: Serving) -> Mapping[str, str | Loading]:
    """The model that the run began with, by its name on the page; nothing for a model that is no run."""
    loading = generic_loading(serving.model, serving.weights) if serving.model else None
    if loading is None:
        return {}
    name = Path(loading.model).name if Path(loading.model).exists() else loading.model
    return {tr(f"{name} (générique)", f"{name} (generic)"): loading}


def reason_of(serving: Serving, shelf: ModelShelf) -> Callable[[Chat, str], Chat] | None:
    """The reasoning layer for each model: the domain is that of the run and its base, not of what readers train here."""
    reasoning = serving.reasoning
    if reasoning is None:
        return None
    kin = frozenset(shelf.names)
    return lambda chat, name: reasoning(chat) if name in kin else reasoning.without_subject(chat)


def tuning_of(serving: Serving, shelf: ModelShelf, stack: ExitStack) -> Tuning:
    """Fine-tuning on the page, or why there is none."""
    if not serving.trains:
        return Tuning(why=_closed_by_order if serving.tune is False else _closed_to_strangers)
    try:
        jobs = TuningJobs(serving.tuned, bases=bases_for(serving.model), on_gone=lambda name, _: shelf.remove(name))
    except InputError as error:  # another page trains there
        reason = str(error)
        return Tuning(why=lambda: reason)
    stack.callback(jobs.close)
    return Tuning(jobs=jobs, on_ready=lambda name, folder: shelf.add(name, str(folder)))


def _closed_by_order() -> str:
    return tr("L'entraînement depuis cette page est coupé (--no-tune).", "Training on this page is off (--no-tune).")


def _closed_to_strangers() -> str:
    return tr("Cette page est ouverte à d'autres machines sans mot de passe : on n'y entraîne pas. Relancez-la avec --auth, "
              "ou avec --tune pour le permettre à tous.",
              "This page is open to other machines without a password: no training here. Start it with --auth, or with "
              "--tune to allow it to everybody.")  # fmt: skip


def examples_of(run: Path, output: Output, count: int = 4) -> list[str]:
    """Questions to try; none for a model that is no run.

    The first half was learnt as it stands, the other was held out: a reader sees what the model knows and what it makes of
    the rest. They come from different groups of the set that it was trained on or, where that set is gone, from the answers
    that the run keeps. Without either the page opens all the same, and why is said.
    """
    if not (run / "config.yaml").exists():
        return []
    try:
        data = RunFolder.open(run).config.data
        if is_prepared(data):
            prepared = PreparedSet.open(data)
            learnt = _by_group(islice(prepared.split("train"), LOOKED_AT))
            chosen = drawn(list(learnt.values()), count // 2, seed=3)
            groups = {dialogue.group for dialogue in chosen}
            others = [each for group, each in _by_group(_held_out(prepared)).items() if group not in groups]
            return [dialogue.question for dialogue in (*chosen, *drawn(others, count - len(chosen), seed=3))]
        lines = (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["question"] for line in lines[:count]]
    except (InputError, OSError, ValueError, KeyError):
        output.say(tr(f"Pas d'exemples sur la page : le jeu de l'entraînement {run} est illisible ou a changé.",
                      f"No examples on the page: the data of the run {run} cannot be read, or changed."))  # fmt: skip
        return []


def _by_group(dialogues: Iterable[Dialogue]) -> dict[str, Dialogue]:
    """One dialogue of each group. Keywords and scraps belong in the tests: a button shows a question, if there are any."""
    there = list(dialogues)
    asked = [dialogue for dialogue in there if dialogue.question.rstrip().endswith("?")]
    return {dialogue.group: dialogue for dialogue in asked or there}


def _held_out(data: PreparedSet) -> list[Dialogue]:
    """The first of these splits that holds something: learnt answers under other questions, else unseen questions."""
    for split in ("recall", "validation", "test"):
        dialogues = list(data.split(split)) if split in data.splits else []
        if dialogues:
            return dialogues
    return []
