"""Bits per byte of response: one measure for models and templates that cut the same text into other tokens.

A mean loss per token says nothing across templates: each has its own end of an answer, and another tokenizer has other
tokens. The bytes of the answers are the same for all, so what the whole answers cost, in bits, is divided by them. The
blanks that a template puts around an answer cost bits, but are no bytes of it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chatbot.model import LanguageModel
from training.packing import Encoded, PackedRows, fit_length

ROWS = 8  # dialogues whose hidden states are computed together


def answer_bytes(dialogue: Encoded, model: LanguageModel) -> int:
    """UTF-8 bytes of the answers of a dialogue, as far as they are not cut, without the template's own characters."""
    before, after = model.template.around_answer
    flags = np.concatenate([[False], dialogue.trainable, [False]])
    bounds = np.flatnonzero(flags[1:] != flags[:-1]).reshape(-1, 2)  # where each answer begins and ends
    texts = (model.tokenizer.decode(dialogue.ids[begin:end].tolist()) for begin, end in bounds)
    return sum(len(text.removeprefix(before).removesuffix(after).encode()) for text in texts)


def bits_per_byte_of_loss(model: LanguageModel, rows: PackedRows) -> float:
    """What a mean loss per trained token of these rows (nats) is multiplied by to be bits per byte of response."""
    octets = sum(answer_bytes(dialogue, model) for dialogue in rows.dialogues)
    return rows.trained_tokens / octets / math.log(2)


class ResponseBits:
    """What the answers of dialogues cost a model; compiled once.

    Args:
        model: with the weights to be measured.
    """

    def __init__(self, model: LanguageModel):
        from training.packed_lm import PackedCausalLM

        self._context = model.context
        self._scorer = PackedCausalLM(model.causal_lm, dtype=model.causal_lm.dtype_policy)
        self._scorer.compile(jit_compile=False)

    def of(self, encoded: Sequence[Encoded]) -> np.ndarray:
        """The bits that each dialogue's answers cost, end tokens included: (dialogues,) float64.

        Args:
            encoded: dialogues that fit into the context.
        """
        from training.packed_lm import output_projection

        projection = np.asarray(output_projection(self._scorer.backbone), "float32")  # (vocabulary, hidden)
        length = fit_length(encoded, self._context) if len(encoded) else 0
        bits = np.zeros(len(encoded))
        for start in range(0, len(encoded), ROWS):
            some = list(encoded[start : start + ROWS])
            alone = PackedRows.of([some[0]], length)
            batches = [PackedRows.of([dialogue], length).batch(np.arange(1), 1) for dialogue in some]
            batches += [alone.batch(np.empty(0, int), 1)] * (ROWS - len(some))  # compiled steps have one shape
            inputs = {name: np.concatenate([batch.inputs[name] for batch in batches]) for name in batches[0].inputs}
            hidden = np.asarray(self._scorer.predict_on_batch(inputs), "float32")
            for place, batch in enumerate(batches[: len(some)]):
                chosen = batch.weights[0] > 0
                bits[start + place] = _bits(hidden[place][chosen] @ projection.T, batch.targets[0][chosen])
        return bits


def _bits(logits: np.ndarray, targets: np.ndarray) -> float:
    """Cross-entropy summed over tokens: logits (tokens, vocabulary), targets (tokens,)."""
    from scipy.special import logsumexp

    wanted: Any = logits[np.arange(len(targets)), targets]
    return float((logsumexp(logits.astype("float64"), axis=1) - wanted).sum() / math.log(2))
