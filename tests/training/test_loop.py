"""The loop beside the model: batches made ahead by a thread, losses read late, and what a step reports."""

import threading
from contextlib import closing

import numpy as np
import pytest

from tests.conftest import build_tiny
from training.ahead import ahead
from training.loop import Schedule, optimise, total_loss
from training.optimizer import make_optimizer
from training.packed_lm import PackedCausalLM
from training.packing import Encoded, PackedRows


def threads_ahead():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_items_come_in_order_and_are_made_in_advance():
    made = []

    def source():
        for number in range(5):
            made.append(number)
            yield number

    with closing(ahead(source(), depth=2)) as items:
        assert next(items) == 0
        assert list(items) == [1, 2, 3, 4] == made[1:]
    assert not threads_ahead()


def test_no_more_than_asked_is_made_in_advance():
    made = []
    with closing(ahead((made.append(number) or number for number in range(100)), depth=2)) as items:
        for _ in range(3):
            next(items)
    assert len(made) <= 5 and not threads_ahead()


def test_an_error_comes_where_its_item_was_due_and_leaves_no_thread():
    def source():
        yield from (1, 2)
        raise ValueError("row 3")

    items = ahead(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="row 3"):
        next(items)
    assert not threads_ahead()


@pytest.fixture
def rows(tiny_tokenizer):
    """Eleven texts in rows of 32, of which some learn much and some little."""
    chance = np.random.default_rng(0)
    texts = []
    for number in range(11):
        size = int(chance.integers(4, 30))
        ids = chance.integers(1, tiny_tokenizer.vocabulary_size, size).astype("int32")
        texts.append(Encoded(id=str(number), ids=ids, trainable=np.arange(size) >= (1 if number % 2 else size - 2)))
    return PackedRows.of(texts, 32)


def trainer(tokenizer, accumulation=1):
    model = PackedCausalLM(build_tiny(tokenizer, seed=3))
    optimizer = make_optimizer(model, weight_decay=0.01, clip_norm=1.0, accumulation=accumulation)
    model.compile(optimizer=optimizer, jit_compile=True)
    return model


SCHEDULE = Schedule(peak=1e-2, warmup_steps=0, total_steps=7)


def test_losses_read_late_are_the_same_in_the_same_order(rows, tiny_tokenizer):
    """The model may be a step further than its report, but not after the steps that the caller looks at."""
    seen = {}
    for looks_at in (lambda step: True, lambda step: step == 4):
        model = trainer(tiny_tokenizer)
        reports = optimise(model, rows.steps(1, 1, 1, 0, 7), SCHEDULE, looks_at=looks_at)
        done = [(report.step, report.loss, report.tokens, int(model.optimizer.iterations)) for report in reports]
        seen[looks_at(1)] = done
    assert [each[:3] for each in seen[True]] == [each[:3] for each in seen[False]]
    assert [each[3] for each in seen[True]] == [1, 2, 3, 4, 5, 6, 7]
    assert [each[3] for each in seen[False]] == [2, 3, 4, 4, 6, 7, 7]


def test_the_loss_of_a_step_is_the_mean_over_all_its_micro_batches(rows, tiny_tokenizer):
    model = trainer(tiny_tokenizer, accumulation=len(rows))
    loss, weight = total_loss(model, rows.batches(1))
    (report,) = optimise(model, rows.steps(1, len(rows), 1, 0, 1), SCHEDULE)
    assert report.loss == pytest.approx(loss / weight, rel=1e-5)
    assert report.trained_tokens == weight


def test_a_loop_left_early_leaves_no_thread(rows, tiny_tokenizer):
    with (
        pytest.raises(KeyboardInterrupt),
        closing(optimise(trainer(tiny_tokenizer), rows.steps(1, 1, 1, 0, 7), SCHEDULE)) as reports,
    ):
        next(reports)
        assert threads_ahead()
        raise KeyboardInterrupt
    assert not threads_ahead()
