"""Rendered dialogues into ids, each with the flag that says whether it is trained: one dialogue, or many into arrays."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

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
        before = len(ids)
        for piece in _pieces(tokenizer, segment):
            text_ids = tokenizer.encode_start(piece.text) if piece.begins else tokenizer.encode(piece.text)
            ids += [each for each in (piece.before, *text_ids, piece.after) if each is not None]
        trainable += [segment.trainable] * (len(ids) - before)
    return ids, trainable


class _Piece(NamedTuple):
    """A text with the special tokens around it."""

    before: int | None
    text: str
    after: int | None
    begins: bool  # whether the text is a beginning


def _pieces(tokenizer: TextTokenizer, segment: Segment) -> list[_Piece]:
    """A segment, cut at the special tokens that stand in it: one piece where there are none."""
    start = tokenizer.start_id if segment.start else None
    end = tokenizer.end_id if segment.end else None
    known = [token for token in segment.tokens if token in tokenizer.special]
    if not known:
        return [_Piece(start, segment.text, end, segment.start)]
    first, *rest = re.split("(" + "|".join(map(re.escape, known)) + ")", segment.text)
    tokens = [tokenizer.special[token] for token in rest[::2]]
    texts = [first, *rest[1::2]]
    ends = [None] * len(tokens) + [end]
    return [
        _Piece(before, text, after, segment.start and place == 0)
        for place, (before, text, after) in enumerate(zip([start, *tokens], texts, ends, strict=True))
    ]


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

    cut = [
        [(piece, segment.trainable) for segment in each for piece in _pieces(tokenizer, segment)] for each in rendered
    ]
    pieces = [piece for each in cut for piece, _ in each]
    text_ids, inside = tokenizer.encode_batch([one.text for one in pieces], [one.begins for one in pieces])
    before, after = _ids_or_none([one.before for one in pieces]), _ids_or_none([one.after for one in pieces])
    lengths = (before >= 0) + inside + (after >= 0)
    ends = np.cumsum(lengths)
    ids, is_text = np.empty(ends[-1], "int32"), np.ones(ends[-1], bool)
    for places, tokens in ((ends - lengths, before), (ends - 1, after)):
        here = tokens >= 0
        ids[places[here]], is_text[places[here]] = tokens[here], False
    ids[is_text] = text_ids
    firsts = np.cumsum([0, *map(len, cut[:-1])])
    return ids, np.repeat([flag for each in cut for _, flag in each], lengths), np.add.reduceat(lengths, firsts)


def _ids_or_none(tokens: list[int | None]) -> Any:
    """Ids as int64, with -1 for None."""
    import numpy as np

    return np.array([-1 if token is None else token for token in tokens], "int64")
