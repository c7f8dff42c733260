"""BERTScore (Zhang et al. 2020): likeness of meaning, by an encoder whose weights the user has.

Each token of the answer is matched with the nearest token of the expected answer, and the other way round, by the cosine
of their last hidden states::

    precision = mean over the answer's tokens of the highest cosine,  recall = the same over the expected ones
    F1 = 2 · precision · recall / (precision + recall)

Special tokens are read but not matched. The paper chooses a layer per model and rescales: values of two encoders do not
compare, and hardly any text is below 0.5.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.locate import locate
from training.evaluation.records import Evaluation

BATCH = 16
LONGEST = 512  # tokens
UNEMBEDDABLE = ("GPT2", "Llama", "Mistral", "Qwen", "Gemma")  # they look backwards only


class Encoder:
    """An encoder of KerasHub (BERT, RoBERTa, DistilBERT, XLM-RoBERTa, DeBERTa…), from a preset.

    Args:
        name: a preset's folder, or a name that `locate` finds.

    Raises:
        InputError: no such preset, or one that is no encoder.
        WorldError: it must be downloaded and there is no network.
    """

    def __init__(self, name: str):
        import keras_hub

        folder = str(locate(name).folder)
        try:
            self._tokenizer = keras_hub.models.Tokenizer.from_preset(folder)
            self._backbone = keras_hub.models.Backbone.from_preset(folder, dtype="float32")
        except ValueError as error:
            raise _no_encoder(name) from error
        if type(self._backbone).__name__.startswith(UNEMBEDDABLE):
            raise _no_encoder(name)
        self.name = name
        self._length = min(LONGEST, int(getattr(self._backbone, "max_sequence_length", LONGEST)))
        self._inputs = set(self._backbone.input)
        ends = ("cls_token_id", "sep_token_id"), ("start_token_id", "end_token_id")
        names = next((pair for pair in ends if all(hasattr(self._tokenizer, name) for name in pair)), None)
        if names is None:
            raise _no_encoder(name)
        self._start, self._end = (getattr(self._tokenizer, name) for name in names)
        self._padding = int(getattr(self._tokenizer, "pad_token_id", 0) or 0)

    def scores(self, answers: Sequence[str], expected: Sequence[str]) -> list[float]:
        """BERTScore F1 of each pair; 0 where one of the two has no token."""
        texts = list(dict.fromkeys([*answers, *expected]))
        vectors = dict(zip(texts, self._vectors(texts), strict=True))
        return [_f1(vectors[one], vectors[other]) for one, other in zip(answers, expected, strict=True)]

    def scored(self, evaluation: Evaluation) -> Evaluation:
        """The same evaluation, with the likeness of each of its answers."""
        answers = evaluation.answers
        found = self.scores([one.answer for one in answers], [one.expected for one in answers])
        return replace(
            evaluation,
            answers=tuple(replace(one, bertscore=score) for one, score in zip(answers, found, strict=True)),
        )

    def _vectors(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Unit vectors of each text's tokens: (tokens, hidden)."""
        ids = [np.asarray(self._tokenizer(text)).tolist()[: self._length - 2] for text in texts]
        found: list[np.ndarray] = [np.zeros((0, 1))] * len(texts)
        for places in _batches_of_like_length(ids):
            longest = -(-(max(len(ids[place]) for place in places) + 2) // 32) * 32
            width = min(self._length, longest)  # few shapes, few compilations
            tokens = np.full((len(places), width), self._padding, "int32")
            mask = np.zeros((len(places), width), "int32")
            for row, place in enumerate(places):
                whole = [self._start, *ids[place], self._end]
                tokens[row, : len(whole)], mask[row, : len(whole)] = whole, 1
            hidden = self._hidden(tokens, mask)
            for row, place in enumerate(places):
                some = hidden[row, 1 : 1 + len(ids[place])]
                found[place] = some / np.maximum(np.linalg.norm(some, axis=-1, keepdims=True), 1e-12)
        return found

    def _hidden(self, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        arrays = {"token_ids": tokens, "padding_mask": mask, "segment_ids": np.zeros_like(tokens)}
        output: Any = self._backbone({name: array for name, array in arrays.items() if name in self._inputs})
        return np.asarray(output["sequence_output"] if isinstance(output, dict) else output, "float32")


def _f1(answer: np.ndarray, expected: np.ndarray) -> float:
    if not len(answer) or not len(expected):
        return 0.0
    cosines = answer @ expected.T  # (tokens of the answer, tokens expected)
    precision, recall = float(cosines.max(axis=1).mean()), float(cosines.max(axis=0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def _batches_of_like_length(ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    order = sorted((place for place in range(len(ids)) if ids[place]), key=lambda place: len(ids[place]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _no_encoder(name: str) -> InputError:
    return InputError(
        tr(f"{name} : ce n'est pas un encodeur de KerasHub (BERT, RoBERTa, XLM-RoBERTa, DistilBERT…).\n"
           "Donnez à --bertscore le dossier d'un tel préréglage.",
           f"{name}: not an encoder of KerasHub (BERT, RoBERTa, XLM-RoBERTa, DistilBERT…).\n"
           "Give --bertscore the folder of such a preset.")
    )  # fmt: skip
