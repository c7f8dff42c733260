"""What a fine-tuned model must be better than: looking the answer up, and saying the question again.

A model whose answers are less like the expected ones than those of the nearest training question has learnt less than
a search engine knows; one that is no better than the copied question only shares its words.
"""

import time
from collections.abc import Callable
from dataclasses import asdict

from chatbot.chat import Answer
from chatbot.dialogue import Dialogue
from chatbot.language import tr
from datasets_prep.dedupe import given_text
from training.evaluation.asked import Asked
from training.evaluation.records import Evaluation, Kind

BASELINES: tuple[Kind, ...] = ("bm25", "copied_question")


def name_of(kind: Kind) -> str:
    """How reports call a baseline."""
    return {
        "bm25": tr("BM25 (réponse apprise la plus proche)", "BM25 (nearest training answer)"),
        "copied_question": tr("Question recopiée", "Copied question"),
    }.get(kind, kind)


def evaluate_baseline(kind: Kind, asked: Asked) -> Evaluation:
    """A baseline's answers; it has no length limit and no prompt that could be too long."""
    answer: Callable[[Dialogue], str] = _looked_up(asked) if kind == "bm25" else lambda dialogue: dialogue.question
    records = []
    for dialogue in asked.dialogues:
        began = time.perf_counter()
        text = answer(dialogue)
        seconds = time.perf_counter() - began
        records.append(asked.record(dialogue, Answer(text=text, finish="end", seconds=seconds)))
    return Evaluation(model=kind, kind=kind, settings=asdict(asked.settings), answers=tuple(records))


def _looked_up(asked: Asked) -> Callable[[Dialogue], str]:
    """The answer of the training question that BM25 finds nearest, "" where none shares a word.

    Over the questions: on 300 validation questions of MedQuAD that finds answers of word F1 0.34, over the answers 0.20,
    over both together 0.25. Where a text comes with the question (a tweet, a sentence of the press), it is the text that
    is looked up, for the questions are all alike.
    """
    training = asked.training

    def answer(dialogue: Dialogue) -> str:
        found = training.questions.of(given_text(dialogue))
        return training.dialogues[found[0][0]].answer if found else ""

    return answer
