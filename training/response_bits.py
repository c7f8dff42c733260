"""Bits per byte of response: one measure for models and templates that cut the same text into other tokens.

A mean loss per token says nothing across templates: each has its own end of an answer, and another tokenizer has other
tokens. The bytes of the answers are the same for all, so what the whole answers cost, in bits, is divided by them. The
blanks that a template puts around an answer cost bits, but are no bytes of it.
"""

import math
from collections.abc import Sequence

import numpy as np

from chatbot.model import LanguageModel
from training.packing import Encoded, PackedRows, fit_length

ROWS = 8  # of packed dialogues whose hidden states are computed together
CHUNK = 256  # tokens whose logits exist at one time


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

        bits = np.zeros(len(encoded))
        if not len(encoded):
            return bits
        projection = np.asarray(output_projection(self._scorer.backbone), "float32")  # (vocabulary, hidden)
        rows = PackedRows.of(encoded, fit_length(encoded, self._context))
        for start in range(0, len(rows), ROWS):
            batch = rows.batch(np.arange(start, min(start + ROWS, len(rows))), ROWS)
            hidden = np.asarray(self._scorer.predict_on_batch(batch.inputs), "float32")  # (rows, length, hidden)
            row, place = np.nonzero(batch.weights)
            costs = _bits(hidden[row, place], projection, batch.targets[row, place])
            dialogues = rows.members[rows.offsets[start + row] + batch.inputs["segment_ids"][row, place] - 1]
            bits += np.bincount(dialogues, weights=costs, minlength=len(encoded))
        return bits


def _bits(hidden: np.ndarray, projection: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Cross-entropy of each token: hidden (tokens, hidden), projection (vocabulary, hidden), targets (tokens,)."""
    bits = np.empty(len(targets))
    for start in range(0, len(targets), CHUNK):
        some = slice(start, start + CHUNK)
        logits = hidden[some] @ projection.T
        wanted = logits[np.arange(len(logits)), targets[some]]
        highest = logits.max(axis=1)
        np.exp(logits - highest[:, None], out=logits)
        bits[some] = (np.log(logits.sum(axis=1)) + highest - wanted) / math.log(2)
    return bits
