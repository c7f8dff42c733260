"""What the model answers while it learns: the same few questions before the training and at each validation.

The answers are greedy and short, so that their cost is bounded: `count` questions times `LONGEST` tokens. On a processor
our own decoder writes them (it copies the weights: 0.1 s for `mini`), elsewhere Keras' with the live weights, compiled
once. All of them stand in `samples.jsonl`, one line per answer, in the order of the steps.
"""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from chatbot.dialogue import Dialogue
from chatbot.errors import TooLongError
from chatbot.files import json_line, write_text
from chatbot.generation import Generator
from chatbot.model import LanguageModel
from chatbot.runner import ChatModel, fit_window
from chatbot.sampling import Sampling

LONGEST = 48  # tokens of an answer
FILE = "samples.jsonl"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An answer of the model as it was after `step` steps, beside the expected one."""

    step: int
    id: str
    question: str
    expected: str
    answer: str


class Sampler:
    """Asks the same questions again and again, and writes the answers down.

    Args:
        model: whose weights change between two calls.
        dialogues: the validation split; `count` of them are drawn by `seed`, among those that fit into the context.
        count: how many; 0 for none, and no file.
        path: of the file; what it holds of an interrupted training is kept up to `step`.
        step: that the training stands at.
    """

    def __init__(
        self, model: LanguageModel, dialogues: Sequence[Dialogue], count: int, seed: int, path: Path, step: int = 0
    ):
        self.chosen = drawn_that_fit(model, dialogues, count, seed)
        self.samples = [sample for sample in read_samples(path) if sample.step <= step]
        self.seconds = 0.0  # spent here by this process
        self._model, self._path = model, path
        self._chat: ChatModel | None = None

    def ask(self, step: int) -> list[Sample]:
        """The answers now; none when none are wanted, or when an interrupted training has those of this step already."""
        if not self.chosen or any(sample.step == step for sample in self.samples):
            return []
        began = time.perf_counter()
        chat = self._chat or ChatModel(self._model)
        if isinstance(chat.generator, Generator):  # it reads the weights where they are: compiled once
            self._chat = chat
        answers = chat.answers([dialogue.messages[:-1] for dialogue in self.chosen], Sampling(max_new_tokens=LONGEST))
        new = [
            Sample(step=step, id=each.id, question=each.question, expected=each.answer, answer=answer.text)
            for each, answer in zip(self.chosen, answers, strict=True)
        ]
        self.samples += new
        write_text(self._path, "".join(json_line(asdict(sample)) for sample in self.samples))
        self.seconds += time.perf_counter() - began
        return new


def drawn_that_fit(model: LanguageModel, dialogues: Sequence[Dialogue], count: int, seed: int) -> list[Dialogue]:
    """At most `count` dialogues whose question the model has room for, the same for the same seed."""
    chosen: list[Dialogue] = []
    for dialogue in random.Random(seed).sample(list(dialogues), len(dialogues)) if count else []:
        try:
            fit_window(model, dialogue.messages[:-1], LONGEST)
        except TooLongError:
            continue
        chosen.append(dialogue)
        if len(chosen) == count:
            break
    return chosen


def read_samples(path: Path) -> list[Sample]:
    """The answers that a run, finished or not, has written; none where it asked nothing."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Sample(**{"step": 0, **json.loads(line)}) for line in lines]
