"""Packing: every dialogue once, exact weights at the borders, refusal of what cannot be learnt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.errors import InputError
from training.packing import Encoded, PackedRows, cut_to, fit_length, pack


def encoded(ids, trainable, name="d"):
    return Encoded(id=name, ids=np.array(ids, "int32"), trainable=np.array(trainable, bool))


def test_the_example_of_the_docstring():
    dialogues = [encoded([5, 6, 7, 9], [0, 0, 1, 1]), encoded([4, 8, 9], [0, 1, 1])]
    rows = PackedRows.of(dialogues, 8)
    assert rows.token_ids.tolist() == [[5, 6, 7, 4, 8, 0, 0, 0]]
    assert rows.segment_ids.tolist() == [[1, 1, 1, 2, 2, 0, 0, 0]]
    assert rows.positions.tolist() == [[0, 1, 2, 0, 1, 0, 0, 0]]
    assert rows.targets.tolist() == [[6, 7, 9, 8, 9, 0, 0, 0]]
    assert rows.weights.tolist() == [[0, 1, 1, 1, 1, 0, 0, 0]]
    assert rows.trained_tokens == 4


@given(st.lists(st.integers(2, 40), min_size=1, max_size=60), st.integers(40, 64))
def test_every_dialogue_is_in_exactly_one_row_and_rows_hold(sizes, length):
    dialogues = [encoded(range(size), [True] * size) for size in sizes]
    rows = pack(dialogues, length)
    assert sorted(index for row in rows for index in row) == list(range(len(sizes)))
    assert all(sum(sizes[i] - 1 for i in row) <= length for row in rows)


@given(st.lists(st.integers(2, 40), min_size=1, max_size=40), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5))
def test_an_epoch_feeds_every_row_once_and_a_resumed_one_the_rest(sizes, size, accumulation, seed):
    rows = PackedRows.of([encoded([i + 1] * n, [True] * n) for i, n in enumerate(sizes)], 40)
    steps = rows.steps_per_epoch(size, accumulation)
    whole = list(rows.steps(size, accumulation, seed, 0, steps))
    fed = [tuple(row) for step in whole for batch in step for row in batch.token_ids.tolist() if any(row)]
    assert sorted(fed) == sorted(tuple(row) for row in rows.token_ids.tolist())
    middle = steps // 2
    resumed = list(rows.steps(size, accumulation, seed, middle, steps))
    for left, right in zip(whole[middle:], resumed, strict=True):
        assert all((a.token_ids == b.token_ids).all() for a, b in zip(left, right, strict=True))


def test_an_empty_split_is_told():
    with pytest.raises(InputError, match="Une partie du jeu est vide"):
        PackedRows.of([], 8)


def test_every_step_has_something_to_learn():
    rows = PackedRows.of([encoded([1] * 30, [True] * 30)] * 7, 32)
    for step in rows.steps(2, 2, 0, 0, 8):
        assert sum(batch.weights.sum() for batch in step) > 0


def test_truncation_is_counted_and_cuts_the_end():
    kept, truncated = cut_to([encoded(range(20), [False] * 5 + [True] * 15), encoded([1, 2], [False, True])], 10)
    assert truncated == 1
    assert kept[0].ids.tolist() == list(range(11)) and kept[0].cut == 9


def test_a_set_without_a_trainable_token_is_refused():
    with pytest.raises(InputError, match="Aucun jeton à apprendre"):
        PackedRows.of([encoded([1, 2, 3], [False] * 3)], 8)


def test_an_answer_cut_to_nothing_is_refused_by_name():
    with pytest.raises(InputError, match=r"1 dialogue\(s\) sans réponse.*long"):
        PackedRows.of([encoded(range(30), [False] * 25 + [True] * 5, "long"), encoded([1, 2], [False, True])], 10)


def test_row_length_holds_the_longest_dialogue():
    dialogues = [encoded(range(n), [True] * n) for n in (3, 301)]
    assert fit_length(dialogues, 512) == 320
    assert fit_length(dialogues, 128) == 128
    assert fit_length(dialogues[:1], 512) == 256
