"""The questions of a split, and what is known of each before anybody answers it.

All sides of a comparison share this, and turn what they answered into records here: the same answer gets the same numbers
whoever gave it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from chatbot.chat import Answer
from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.retrieval import Nearest
from chatbot.words import words
from datasets_prep.dedupe import given_text
from datasets_prep.languages import language_of
from training.evaluation import metrics
from training.evaluation.categories import categories_of
from training.evaluation.labels import Labels
from training.evaluation.records import AnswerRecord, EvaluationSettings, prompt_fingerprint

CANDIDATES = 10  # training answers that an answer is compared with


@dataclass(frozen=True)
class Training:
    """What the models may have learnt: the training split.

    Args:
        dialogues: of it; empty where nothing is known of it.
    """

    dialogues: Sequence[Dialogue] = ()

    @cached_property
    def labels(self) -> Labels:
        return Labels(self.dialogues)

    @cached_property
    def questions(self) -> Nearest:
        return Nearest([given_text(dialogue) for dialogue in self.dialogues])

    @cached_property
    def answers(self) -> Nearest:
        return Nearest([dialogue.answer for dialogue in self.dialogues])

    @cached_property
    def _whole(self) -> dict[tuple[str, ...], str]:
        """The words of each answer → the first dialogue that has it."""
        return {tuple(words(dialogue.answer)): dialogue.id for dialogue in reversed(self.dialogues)}

    def nearness(self, answer: str) -> tuple[float | None, str]:
        """Share of the answer's 4-grams that one training answer holds, at most, and the id of that dialogue.

        At least that: only the nearest answers by BM25 are looked at. An answer of fewer words is near (1) when it is a
        training answer, and else not to be told (None).
        """
        grams = set(metrics.ngrams(answer, metrics.REPEATED))
        if same := self._whole.get(tuple(words(answer)), ""):
            return (1.0, same) if words(answer) else (None, "")
        if not grams or not self.dialogues:
            return None, ""
        best, where = 0.0, ""
        for place, _ in self.answers.of(answer, CANDIDATES):
            dialogue = self.dialogues[place]
            share = len(grams & set(metrics.ngrams(dialogue.answer, metrics.REPEATED))) / len(grams)
            if share > best:
                best, where = share, dialogue.id
        return best, where


class Asked:
    """The questions that are asked of a split, the same for every model.

    Args:
        dialogues: the whole split.
        settings: how many are drawn, and by which seed.
        training: what nearness and labels are measured against.

    Raises:
        InputError: the split is empty.
    """

    def __init__(self, dialogues: Sequence[Dialogue], settings: EvaluationSettings, training: Training | None = None):
        if not dialogues:
            raise InputError(
                tr(f"La partie « {settings.split} » est vide : rien à évaluer.",
                   f"The split `{settings.split}` is empty: nothing to evaluate.")
            )  # fmt: skip
        self.settings, self.training = settings, training or Training()
        self.dialogues = drawn(dialogues, settings.questions, settings.seed)
        self.scored = drawn(dialogues, settings.scored, settings.seed)
        self._categories = categories_of(self.dialogues)
        self._labels = self.training.labels.wanted(self.dialogues)

    def record(self, dialogue: Dialogue, answer: Answer) -> AnswerRecord:
        """An answer beside the expected one, with all that is measured of it."""
        record = record_of(dialogue, answer)
        nearness, nearest = self.training.nearness(answer.text)
        wanted = self._labels.get(dialogue.id, "")
        return replace(
            record,
            categories=self._categories.get(dialogue.id, {}),
            language=language_of(answer.text),
            wanted_language=language_of(dialogue.question) or language_of(dialogue.answer),
            nearness=nearness,
            nearest=nearest,
            label=self.training.labels.given(answer.text) if wanted else "",
            wanted_label=wanted,
        )


def record_of(dialogue: Dialogue, answer: Answer) -> AnswerRecord:
    """An answer beside the expected one, and how like it is."""
    text, expected = answer.text, dialogue.answer
    rouge = metrics.rouge(text, expected)
    return AnswerRecord(
        id=dialogue.id,
        group=dialogue.group,
        prompt=prompt_fingerprint(dialogue.messages[:-1]),
        question=dialogue.question,
        context=dialogue.messages[-2].context,
        history=tuple(message.to_json() for message in dialogue.messages[:-2]),
        expected=expected,
        answer=text,
        finish=answer.finish,
        new_tokens=answer.new_tokens,
        seconds=answer.seconds,
        words=len(words(text)),
        token_f1=metrics.token_f1(text, expected),
        exact_match=metrics.exact_match(text, expected),
        chrf=metrics.chrf(text, expected),
        bleu=metrics.bleu_counts(text, expected),
        repetition=metrics.repetition(text),
        rouge_1=rouge["rouge_1"],
        rouge_2=rouge["rouge_2"],
        rouge_l=rouge["rouge_l"],
    )
