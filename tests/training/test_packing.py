"""Packing: every dialogue once, exact weights at the borders, refusal of what cannot be learnt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue import Dialogue
from chatbot.encoding import encode_segments
from chatbot.errors import InputError
from chatbot.template import HUMAN_ASSISTANT
from training.packing import Encoded, EncodedDialogues, PackedRows, cut_to, encode, fit_length, pack


def all_rows(rows):
    """All rows as one batch."""
    return rows.batch(np.arange(len(rows)), len(rows))


def encoded(ids, trainable, name="d"):
    return Encoded(id=name, ids=np.array(ids, "int32"), trainable=np.array(trainable, bool))


def test_the_example_of_the_docstring():
    dialogues = [encoded([5, 6, 7, 9], [0, 0, 1, 1]), encoded([4, 8, 9], [0, 1, 1])]
    rows = PackedRows.of(dialogues, 8)
    batch = all_rows(rows)
    assert batch.token_ids.tolist() == [[5, 6, 7, 4, 8, 0, 0, 0]]
    assert batch.segment_ids.tolist() == [[1, 1, 1, 2, 2, 0, 0, 0]]
    assert batch.positions.tolist() == [[0, 1, 2, 0, 1, 0, 0, 0]]
    assert batch.targets.tolist() == [[6, 7, 9, 8, 9, 0, 0, 0]]
    assert batch.weights.tolist() == [[0, 1, 1, 1, 1, 0, 0, 0]]
    assert rows.trained_tokens == 4 and rows.filled == 5 / 8


@given(st.lists(st.integers(2, 40), min_size=1, max_size=60), st.integers(8, 64), st.integers(0, 9))
def test_a_batch_is_its_dialogues_side_by_side(sizes, length, empty):
    """Row by row and dialogue by dialogue, cut ones included, in an order that is not that of the rows."""
    numbers = np.random.default_rng(len(sizes))
    dialogues = [encoded(numbers.integers(1, 99, n), [False] + [True] * (n - 1)) for n in sizes]
    rows = PackedRows.of(dialogues, length)
    order = numbers.permutation(len(rows))
    batch = rows.batch(order, len(rows) + empty)
    expected = {name: np.zeros((len(rows) + empty, length), array.dtype) for name, array in vars(batch).items()}
    for row, members in enumerate(pack(cut_to(dialogues, length)[0], length)[each] for each in order):
        start = 0
        for number, index in enumerate(members, start=1):
            ids, trainable = dialogues[index].ids[: length + 1], dialogues[index].trainable[: length + 1]
            places = slice(start, start + len(ids) - 1)
            values = (ids[:-1], number, np.arange(len(ids) - 1), ids[1:], trainable[1:])
            for name, value in zip(
                ("token_ids", "segment_ids", "positions", "targets", "weights"), values, strict=True
            ):
                expected[name][row, places] = value
            start = places.stop
    assert all((array == expected[name]).all() for name, array in vars(batch).items())
    assert rows.trained_tokens == batch.weights.sum() and rows.filled == (all_rows(rows).segment_ids > 0).mean()
    assert [batch.weights.dtype, batch.token_ids.dtype] == ["float32", "int32"]


def test_encoding_gives_each_dialogue_its_own_ids(tiny_tokenizer):
    dialogues = [Dialogue.of_pair("Où ? " * n, "Ici. " * n, id=f"d{n}", source="s", group="g") for n in range(1, 9)]
    together = encode(iter(dialogues), HUMAN_ASSISTANT, tiny_tokenizer)
    assert isinstance(together, EncodedDialogues) and together.ids.dtype == "uint16" and len(together) == 8
    for dialogue, one in zip(dialogues, together, strict=True):
        ids, trainable = encode_segments(tiny_tokenizer, HUMAN_ASSISTANT.render(dialogue))
        assert (one.id, one.ids.tolist(), one.trainable.tolist(), one.cut) == (dialogue.id, ids, trainable, 0)
    with pytest.raises(IndexError):
        together[8]
    assert [one.id for one in together[-2:]] == ["d7", "d8"]
    assert len(encode([], HUMAN_ASSISTANT, tiny_tokenizer)) == 0


@given(st.lists(st.integers(2, 40), min_size=1, max_size=60), st.integers(40, 64))
def test_every_dialogue_is_in_exactly_one_row_and_rows_hold(sizes, length):
    dialogues = [encoded(range(size), [True] * size) for size in sizes]
    rows = pack(dialogues, length)
    assert sorted(index for row in rows for index in row) == list(range(len(sizes)))
    assert all(sum(sizes[i] - 1 for i in row) <= length for row in rows)


def test_best_fit_takes_the_row_with_the_least_room():
    """7 and 6 of 10 leave room for 3 and 4: of the two dialogues of 3, the first goes where it fills its row."""
    sizes = [6, 7, 3, 3, 1]
    assert pack([encoded(range(size + 1), [True] * (size + 1)) for size in sizes], 10) == [[1, 2], [0, 3, 4]]


@given(st.lists(st.integers(2, 40), min_size=1, max_size=40), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5))
def test_an_epoch_feeds_every_row_once_and_a_resumed_one_the_rest(sizes, size, accumulation, seed):
    rows = PackedRows.of([encoded([i + 1] * n, [True] * n) for i, n in enumerate(sizes)], 40)
    steps = rows.steps_per_epoch(size, accumulation)
    whole = list(rows.steps(size, accumulation, seed, 0, steps))
    fed = [tuple(row) for step in whole for batch in step for row in batch.token_ids.tolist() if any(row)]
    assert sorted(fed) == sorted(tuple(row) for row in all_rows(rows).token_ids.tolist())
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
