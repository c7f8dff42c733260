"""What a search has done in its worker process: one training, and answers under one way of decoding."""

import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from chatbot.model import LanguageModel, load_model
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from training.config import RunConfig
from training.evaluation import metrics
from training.evaluation.evaluate import Evaluator
from training.evaluation.records import AnswerRecord, EvaluationSettings
from training.loop import StepReport
from training.recorder import Plan, Watcher
from training.response_bits import bits_per_byte_of_loss
from training.runs import HistoryRow, working_folder
from training.search_worker import Channel

TEXT_MEASURES = ("rouge_l", "chrf", "token_f1")
BATCH = 20  # questions answered at a time


class Pruned(Exception):
    """Ends a training that lags behind the others."""


class _Relay(Watcher):
    """Tells the search how a training goes; ends it when the search says so."""

    def __init__(self, channel: Channel):
        self._channel = channel

    def prepared(self, model: LanguageModel, plan: Plan) -> None:
        facts = {
            "bits_per_byte_of_loss": bits_per_byte_of_loss(model, plan.validation),
            "cut": plan.validation.truncated,
        }
        self._channel.tell("prepared", facts)

    def plan(self, total_steps: int, done: int) -> None:
        self._channel.tell("plan", (total_steps, done))

    def step(self, report: StepReport) -> None:
        self._channel.tell("step", report)

    def validation(self, row: HistoryRow) -> None:
        if self._channel.ask("validation", row):
            raise Pruned


def train_trial(channel: Channel, config: RunConfig, resume: bool) -> bool:
    """Trains a run of the search; False when it was pruned. Only a whole run leaves a folder."""
    from training.fit import train

    try:
        train(config, resume=resume, watcher=_Relay(channel))
    except Pruned:
        discard(config.out)
        return False
    return True


def discard(out: Path) -> None:
    """Removes what an unfinished training left."""
    shutil.rmtree(working_folder(out), ignore_errors=True)


def mean_likeness(
    channel: Channel, run: Path, data: Path, questions: int, seed: int, sampling: Sampling, measure: str
) -> float:
    """How like the expected answers those of a run are, on validation questions."""
    dialogues = list(PreparedSet.open(data).split("validation"))
    settings = EvaluationSettings(split="validation", questions=questions, sampling=sampling, seed=seed, batch=BATCH)
    records = _evaluator(str(run)).answer(dialogues, settings, lambda *done: channel.tell("answers", done))
    return metrics.mean(list(likeness(records, measure).values()))


def likeness(records: Sequence[AnswerRecord], measure: str) -> dict[str, float]:
    """The measure of each answer, by the id of its dialogue."""
    return {record.id: getattr(record, measure) for record in records}


@lru_cache(maxsize=1)
def _evaluator(run: str) -> Evaluator:
    """Kept from one way of decoding to the next: what it compiled is used again."""
    return Evaluator(load_model(run))
