"""Which model a fine-tuned one comes from: the generic one that it can be compared with on a page."""

from pathlib import Path

from app.model_child import Loading
from chatbot.adapter import bits_of
from chatbot.errors import InputError
from chatbot.model import load_tokenizer
from chatbot.plain_weights import Width
from training.run_list import is_run
from training.runs import RunFolder


def generic_of(run: str) -> str | None:
    """The model that a run began with, as `load_model` takes it; None for a model that is no run.

    That its weights differ from the run's, `training.evaluation.compare` checks where both are measured.
    """
    folder = Path(run)
    if not is_run(folder):
        return None
    try:
        return RunFolder.open(folder).config.model
    except InputError:  # a run that cannot be read can be talked to all the same
        return None


def generic_loading(run: str, weights: Width = "float32") -> Loading | None:
    """How the generic model is loaded beside its run: with the run's template, and narrowed as the run's base was; so the
    two differ in what was learnt, as in `causette compare`. None where `generic_of` is.

    Raises:
        InputError: the run's tokenizer or template cannot be read.
    """
    base = generic_of(run)
    if base is None:
        return None
    template = None if is_run(Path(base)) else load_tokenizer(run)[1].name  # a run itself speaks as it has learnt
    return Loading(
        model=base, weights=weights, template=template, bits=bits_of(RunFolder.open(Path(run)).config.method)
    )
