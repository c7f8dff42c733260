"""Rendered dialogues into ids, each with the flag that says whether it is trained: one dialogue, or many into arrays."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from chatbot.template import Segment
from chatbot.tokenizer import TextTokenizer

AT_ONCE = 1_000  # dialogues


def encode_segments(tokenizer: TextTokenizer, segments: Sequence[Segment]) -> tuple[list[int], list[bool]]:
    """Ids of a rendered dialogue and, aligned with them, whether each is trained; both come out of one traversal.

    Example (■ is the end token)::

        tokens     ### human :  Bonjour ↵ ### assistant :  Bonjour  .  ■
        trainable   .   .    .    .     .  .      .     .     x     x  x
    """
    ids: list[int] = []
    trainable: list[bool] = []
    for segment in segments:
        text_ids = tokenizer.encode_start(segment.text) if segment.start else tokenizer.encode(segment.text)
        start = [tokenizer.start_id] if segment.start and tokenizer.start_id is not None else []
        end = [tokenizer.end_id] if segment.end else []
        ids += start + text_ids + end
        trainable += [segment.trainable] * (len(start) + len(text_ids) + len(end))
    return ids, trainable


def encode_many(tokenizer: TextTokenizer, rendered: Iterable[Sequence[Segment]]) -> Iterator[tuple[Any, Any, Any]]:
    """Ids and flags of rendered dialogues, the same as `encode_segments` gives one by one.

    Yields:
        For each thousand dialogues, one after the other: ids (tokens,) int32; whether each is trained (tokens,) bool;
        how many each dialogue has (dialogues,) int64.
    """
    left = iter(rendered)
    while some := list(islice(left, AT_ONCE)):
        yield _encode_some(tokenizer, some)


def _encode_some(tokenizer: TextTokenizer, rendered: Sequence[Sequence[Segment]]) -> tuple[Any, Any, Any]:
    import numpy as np

    segments = [segment for each in rendered for segment in each]
    text_ids, inside = tokenizer.encode_batch([one.text for one in segments], [one.start for one in segments])
    start = np.array([one.start and tokenizer.start_id is not None for one in segments])
    end = np.array([one.end for one in segments])
    lengths = start + inside + end
    after = np.cumsum(lengths)
    ids, is_text = np.empty(after[-1], "int32"), np.ones(after[-1], bool)
    for places, token in (((after - lengths)[start], tokenizer.start_id or 0), (after[end] - 1, tokenizer.end_id)):
        ids[places], is_text[places] = token, False
    ids[is_text] = text_ids
    firsts = np.cumsum([0, *map(len, rendered[:-1])])
    return ids, np.repeat([one.trainable for one in segments], lengths), np.add.reduceat(lengths, firsts)
