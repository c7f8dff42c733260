"""What a model answers, and what the expected answers cost it: measured once, kept as records."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from chatbot.chat import Answer
from chatbot.dialogue import Dialogue
from chatbot.errors import InputError, WorldError
from chatbot.language import tr
from chatbot.model import LanguageModel, weights_fingerprint
from chatbot.runner import ChatModel, fit_window
from training.evaluation.asked import Asked, record_of
from training.evaluation.kept import Kept
from training.evaluation.records import (
    AnswerRecord,
    Evaluation,
    EvaluationSettings,
    ScoreRecord,
    WaitRecord,
    prompt_fingerprint,
)
from training.packing import Encoded, cut_to, encode, fit_length
from training.response_bits import ResponseBits, answer_bytes

ALONE = 8  # questions asked one at a time, for what a person waits

Progress = Callable[[int, int], None]


def unseen(done: int, total: int) -> None:
    """Progress that nobody looks at."""


class Evaluator:
    """Measures one model, on as many splits as wanted; what it compiles is compiled once.

    Args:
        model: with the template that the prompts are to be written in.
        method: how it was fine-tuned; "" for a model that is no run.
        kept: folder in which answers survive an interruption; None keeps nothing.
    """

    def __init__(self, model: LanguageModel, *, method: str = "", kept: Path | None = None):
        self.model, self.method = model, method
        self.weights = weights_fingerprint(model.causal_lm)
        self._chat = ChatModel(model)
        self._bits = ResponseBits(model)
        self._kept = Kept(kept) if kept else None

    def evaluate(self, asked: Asked, progress: Progress = unseen, *, timed: bool = True) -> Evaluation:
        """The records of a split.

        Args:
            asked: the questions.
            progress: called with (answers done, answers in all).
            timed: whether to ask a few of them one at a time, too, for what a person waits.

        Raises:
            InputError: none of the questions fits into the context.
        """
        settings = asked.settings
        chosen = [dialogue for dialogue in asked.dialogues if self._fits(dialogue, settings)]
        encoded, cut = self._scorable(asked.scored)
        if not chosen or not encoded:
            raise InputError(
                tr(f"Aucune question de la partie « {settings.split} » ne tient dans le contexte "
                   f"({self.model.context} jetons).",
                   f"No question of the split `{settings.split}` fits into the context ({self.model.context} tokens).")
            )  # fmt: skip
        answers = self._answers(chosen, asked, progress)
        return Evaluation(
            model=self.model.name,
            weights=self.weights,
            template=self.model.template.name,
            method=self.method,
            settings=asdict(settings),
            answers=tuple(answers),
            scores=tuple(self._scores(encoded, asked.scored)),
            waits=tuple(self._waits(chosen, settings)) if timed else (),
            left_out=len(asked.dialogues) - len(chosen),
            scored_cut=cut,
        )

    def answers(self, asked: Asked, progress: Progress = unseen) -> list[AnswerRecord]:
        """The answers of a split with all that is measured of them, to those questions that fit into the context.

        Answers that are kept are not asked for again.
        """
        return self._answers([one for one in asked.dialogues if self._fits(one, asked.settings)], asked, progress)

    def answer(
        self, dialogues: Sequence[Dialogue], settings: EvaluationSettings, progress: Progress = unseen
    ) -> list[AnswerRecord]:
        """The answers alone, and how like the expected ones they are, to those questions that fit into the context."""
        drawn_ones = Asked(dialogues, settings).dialogues if dialogues else []
        chosen = [dialogue for dialogue in drawn_ones if self._fits(dialogue, settings)]
        records: list[AnswerRecord] = []
        for batch in self._batches(chosen, settings):
            records += map(record_of, batch, self._asked(batch, settings))
            progress(len(records), len(chosen))
        return records

    def scores(self, dialogues: Sequence[Dialogue]) -> list[ScoreRecord]:
        """What the expected answers cost, of those of which the context leaves something."""
        encoded, _ = self._scorable(dialogues)
        return self._scores(encoded, dialogues)

    def _fits(self, dialogue: Dialogue, settings: EvaluationSettings) -> bool:
        try:
            fit_window(self.model, dialogue.messages[:-1], settings.sampling.max_new_tokens)
        except InputError:
            return False
        return True

    def _scorable(self, dialogues: Sequence[Dialogue]) -> tuple[Sequence[Encoded], int]:
        """The dialogues cut to the context, without those of which no answer is left, and how many were cut."""
        encoded = encode(dialogues, self.model.template, self.model.tokenizer)
        length = fit_length(encoded, self.model.context)
        answered = [dialogue for dialogue in encoded if dialogue.trainable[1 : length + 1].any()]
        return cut_to(answered, length) if answered else ([], 0)

    def _answers(self, chosen: Sequence[Dialogue], asked: Asked, progress: Progress) -> list[AnswerRecord]:
        """Answers to all questions; those that an interrupted evaluation has are not asked again."""
        key = (self.weights, self.model.template.name, repr(asked.settings.sampling))
        known = self._kept.answers(key) if self._kept else {}
        prompts = {dialogue.id: prompt_fingerprint(dialogue.messages[:-1]) for dialogue in chosen}
        found = {name: known[prompt] for name, prompt in prompts.items() if prompt in known}
        progress(len(found), len(chosen))
        for batch in self._batches([one for one in chosen if one.id not in found], asked.settings):
            answers = self._asked(batch, asked.settings)
            if self._kept:
                pairs = zip(batch, answers, strict=True)
                self._kept.add(key, {prompts[dialogue.id]: answer for dialogue, answer in pairs})
            found |= {dialogue.id: answer for dialogue, answer in zip(batch, answers, strict=True)}
            progress(len(found), len(chosen))
        return [asked.record(dialogue, found[dialogue.id]) for dialogue in chosen]

    def _batches(self, chosen: Sequence[Dialogue], settings: EvaluationSettings) -> list[Sequence[Dialogue]]:
        # Questions of like length share a batch: the shortest row waits for the longest prompt.
        return even_batches(sorted(chosen, key=lambda dialogue: len(dialogue.question)), settings.batch)

    def _asked(self, batch: Sequence[Dialogue], settings: EvaluationSettings) -> list[Answer]:
        prompts = [dialogue.messages[:-1] for dialogue in batch]
        self._chat.warm_up(prompts, settings.sampling)  # what is compiled in it is not timed
        return self._chat.answers(prompts, settings.sampling)

    def _waits(self, chosen: Sequence[Dialogue], settings: EvaluationSettings) -> list[WaitRecord]:
        """A few questions, spread over those chosen, one at a time."""
        step = -(-len(chosen) // ALONE)
        waits = []
        for dialogue in chosen[::step]:
            reply = self._chat.reply(dialogue.messages[:-1], settings.sampling)
            reply.text()
            first, whole = reply.answer.first_seconds, reply.answer.seconds
            waits.append(WaitRecord(id=dialogue.id, group=dialogue.group, first_seconds=first or whole, seconds=whole))
        return waits

    def _scores(self, encoded: Sequence[Encoded], dialogues: Sequence[Dialogue]) -> list[ScoreRecord]:
        groups = {dialogue.id: dialogue.group for dialogue in dialogues}
        costs = self._bits.of(encoded)
        if not np.isfinite(costs).all():
            raise WorldError(
                tr(f"{self.model.name} : la perte de {int((~np.isfinite(costs)).sum())} réponse(s) n'est pas un nombre, rien "
                   "n'est mesuré. Rechargez le modèle en float32, ou entraînez-le à nouveau.",
                   f"{self.model.name}: the loss of {int((~np.isfinite(costs)).sum())} answer(s) is no number, nothing is "
                   "measured. Load the model in float32, or train it again.")
            )  # fmt: skip
        return [
            ScoreRecord(
                id=one.id,
                group=groups[one.id],
                nats=float(bits) * math.log(2),
                tokens=int(one.trainable[1:].sum()),
                octets=answer_bytes(one, self.model),
            )
            for one, bits in zip(encoded, costs, strict=True)
        ]


def even_batches(dialogues: Sequence[Dialogue], size: int) -> list[Sequence[Dialogue]]:
    """Batches of at most `size`, of as equal sizes as can be: each new size costs a compilation."""
    count = -(-len(dialogues) // size)
    size = -(-len(dialogues) // count) if count else 0
    return [dialogues[start : start + size] for start in range(0, len(dialogues), size)] if count else []
