"""Many conversations at once: each as if it were alone, nobody starved, places freed, nothing read twice."""

import threading
import time

import numpy as np
import pytest

from chatbot.decoder import Decoder
from chatbot.engine import PIECE, Engine
from chatbot.errors import BusyError
from chatbot.generation import Generator
from chatbot.plain_weights import plain_weights
from chatbot.sampling import Sampling, choose
from tests.conftest import build_tiny
from tests.gate import PATIENCE, Gate

PROMPTS = [[5, 6, 7, 8, 9], [12, 40, 41], [100, 101, 102, 103, 104, 105, 106, 107], list(range(1, 60))]


@pytest.fixture(scope="module")
def causal_lm(tiny_tokenizer):
    return build_tiny(tiny_tokenizer, seed=3)


class Counted(Decoder):
    """Notes how many rows each forward pass had."""

    def __init__(self, *args):
        super().__init__(*args)
        self.rows: list[int] = []
        self.broken = False
        self.broken_at = -1

    def forward(self, tokens, slots, places, wanted=None):
        self.rows.append(len(tokens))
        if self.broken or len(self.rows) == self.broken_at:
            raise MemoryError("no room")
        return super().forward(tokens, slots, places, wanted)


@pytest.fixture
def engine(causal_lm):
    return Engine(Counted(plain_weights(causal_lm.backbone, 128), 3), end_id=-1, limit=128)


def idle(engine):
    """Waits until the engine's thread has ended; it does so by itself."""
    if thread := engine._thread:
        thread.join(10)
        assert not thread.is_alive()


def test_greedy_and_drawn_equal_the_generator_of_keras(causal_lm, engine):
    keras_side = Generator(causal_lm, end_id=-1, limit=128)
    for sampling in (
        Sampling(max_new_tokens=30),
        Sampling(max_new_tokens=30, repetition_penalty=1.8),
        Sampling(max_new_tokens=30, temperature=1.3, top_p=0.9, seed=4),
        Sampling(max_new_tokens=30, temperature=0.8, top_k=5, seed=2),
    ):
        for prompt in PROMPTS[:3]:
            assert list(engine.stream(prompt, sampling)) == list(keras_side.stream(prompt, sampling))


def test_sixteen_callers_get_what_each_gets_alone(engine):
    prompts = [[7 + n, *PROMPTS[n % 4]] for n in range(16)]
    sampling = Sampling(max_new_tokens=25)
    alone = [list(engine.stream(prompt, sampling)) for prompt in prompts]
    got = {}

    def ask(number):
        got[number] = list(engine.stream(prompts[number], sampling))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [got[n] for n in range(16)] == alone
    assert engine.generate_batch(prompts, sampling) == alone
    assert max(engine.decoder.rows[-200:]) >= 3  # they did run together


def test_a_short_answer_does_not_wait_for_a_long_one(engine):
    gate = Gate(engine)
    gate.let(1)
    long = engine.stream(PROMPTS[0], Sampling(max_new_tokens=100))
    next(long)
    short = engine.stream(PROMPTS[1], Sampling(max_new_tokens=2))
    gate.let(50)  # fewer passes than the long answer has tokens
    assert len(list(short)) == 2
    gate.let()
    assert len(list(long)) == 99


def test_a_long_prompt_is_read_in_pieces_while_others_write(causal_lm):
    weights = plain_weights(build_long(causal_lm), 512)
    engine = Engine(Counted(weights, 2), end_id=-1, limit=512)
    gate = Gate(engine)
    gate.let(1)
    running = engine.stream([5, 6, 7], Sampling(max_new_tokens=400))
    next(running)
    long = engine.stream([9] * 400, Sampling(max_new_tokens=1))
    gate.let()
    list(long)
    running.close()
    assert sorted(set(engine.decoder.rows) - {1, 2, 3}) == [400 % PIECE, PIECE]


def build_long(causal_lm):
    import keras_hub

    shape = {key: causal_lm.backbone.get_config()[key] for key in ("num_layers", "num_heads", "hidden_dim")}
    return keras_hub.models.GPT2Backbone(
        **shape, vocabulary_size=400, intermediate_dim=32, max_sequence_length=512, dropout=0
    )


def test_a_slow_reader_gets_what_has_come_meanwhile(engine):
    sampling = Sampling(max_new_tokens=30)
    bursts = engine.bursts(PROMPTS[0], sampling)
    first = next(bursts)
    idle(engine)  # the whole answer has been written
    rest = list(bursts)
    assert len(rest) == 1
    assert [*first, *rest[0]] == list(engine.stream(PROMPTS[0], sampling))


def test_closing_frees_the_slot_and_a_full_line_is_refused(causal_lm):
    engine = Engine(Decoder(plain_weights(causal_lm.backbone, 128), 1), end_id=-1, limit=128, waiting=1)
    gate = Gate(engine)
    gate.let(1)
    first = engine.stream(PROMPTS[0], Sampling(max_new_tokens=120))
    next(first)
    waits = engine.stream(PROMPTS[1], Sampling(max_new_tokens=3))
    with pytest.raises(BusyError, match="Réessayez"):
        engine.stream(PROMPTS[2], Sampling(max_new_tokens=3))
    first.close()
    gate.let()
    assert len(list(waits)) == 3
    assert len(list(engine.stream(PROMPTS[2], Sampling(max_new_tokens=3)))) == 3
    idle(engine)
    assert engine._thread is None and all(slot.request is None for slot in engine._slots)


@pytest.mark.parametrize("leave", [lambda stream: stream.cancel(), lambda stream: None], ids=["cancelled", "let go"])
def test_who_left_while_waiting_is_not_answered(causal_lm, leave):
    engine = Engine(Counted(plain_weights(causal_lm.backbone, 128), 1), end_id=-1, limit=128)
    gate = Gate(engine)
    gate.let(1)
    first = engine.bursts(PROMPTS[0], Sampling(max_new_tokens=120))
    next(first)
    leave(engine.bursts(PROMPTS[3], Sampling(max_new_tokens=3)))
    first.cancel()
    gate.let()
    idle(engine)
    assert len(PROMPTS[3]) not in engine.decoder.rows


def test_cancelling_wakes_who_waits_in_line(causal_lm):
    """The engine stands still, and the one who waits for his first token comes to the end all the same."""
    engine = Engine(Decoder(plain_weights(causal_lm.backbone, 128), 1), end_id=-1, limit=128)
    gate = Gate(engine)
    gate.let(0)
    first, second = (engine.bursts(prompt, Sampling(max_new_tokens=3)) for prompt in PROMPTS[:2])
    got = []
    waits = threading.Thread(target=lambda: got.extend(second))
    waits.start()
    second.cancel()
    waits.join(PATIENCE)
    assert not waits.is_alive() and got == [] and second.cancelled
    gate.let()
    assert len([token for burst in first for token in burst]) == 3


def test_the_next_turn_reads_only_what_is_new(engine):
    prompt = PROMPTS[3]
    answer = list(engine.stream(prompt, Sampling(max_new_tokens=10)))
    engine.decoder.rows.clear()
    turn = [*prompt, *answer, 33, 34, 35]
    with_cache = list(engine.stream(turn, Sampling(max_new_tokens=10)))
    assert engine.decoder.rows[0] == 4  # the last token of the answer was written, not read
    fresh = Engine(Decoder(engine.decoder.weights, 1), end_id=-1, limit=128)
    assert with_cache == list(fresh.stream(turn, Sampling(max_new_tokens=10)))


def test_a_beginning_in_common_with_a_running_one_is_copied(engine):
    beginning, gate = PROMPTS[3], Gate(engine)
    gate.let(1)
    first = engine.stream([*beginning, 61], Sampling(max_new_tokens=60))
    next(first)
    second = engine.stream([*beginning, 62, 63], Sampling(max_new_tokens=5))
    gate.let()
    second = list(second)
    first.close()
    assert 2 in engine.decoder.rows or 3 in engine.decoder.rows
    assert len(beginning) + 2 not in engine.decoder.rows
    fresh = Engine(Decoder(engine.decoder.weights, 1), end_id=-1, limit=128)
    assert second == list(fresh.stream([*beginning, 62, 63], Sampling(max_new_tokens=5)))


def test_a_failure_reaches_every_caller_and_the_engine_lives_on(engine):
    engine.decoder.broken = True
    for _ in range(2):
        with pytest.raises(MemoryError, match="no room"):
            list(engine.stream(PROMPTS[0], Sampling()))
    engine.decoder.broken = False
    assert len(list(engine.stream(PROMPTS[0], Sampling(max_new_tokens=4)))) == 4


def test_a_batch_that_fails_is_given_up_whole(engine):
    engine.decoder.broken_at = 5
    with pytest.raises(MemoryError, match="no room"):
        engine.generate_batch([[n, 5, 6] for n in range(1, 13)], Sampling(max_new_tokens=100))
    idle(engine)
    assert len(engine.decoder.rows) < 100  # twelve answers, three at a time, would take four hundred passes
    assert not engine._waiting


def test_it_stops_at_the_context_and_at_the_end_token(causal_lm, engine):
    assert len(list(engine.stream(list(range(1, 121)), Sampling(max_new_tokens=500)))) == 128 - 120
    first = next(iter(engine.stream(PROMPTS[0], Sampling())))
    ending = Engine(engine.decoder, end_id=first, limit=128)
    assert list(ending.stream(PROMPTS[0], Sampling())) == [first]


@pytest.mark.parametrize("prompt", [[], [1] * 128, [1] * 1000])
def test_prompts_must_fit(engine, prompt):
    with pytest.raises(ValueError, match="1 to 127"):
        engine.stream(prompt, Sampling())


def test_a_hundred_come_and_go(engine):
    """Half of them leave in the middle; in the end nothing is held."""
    random = np.random.default_rng(0)
    patient = Engine(engine.decoder, end_id=-1, limit=128, waiting=100)

    def visit(number, leave_after):
        stream = patient.stream([number + 1, 5, 6, 7], Sampling(max_new_tokens=20))
        for _, _ in zip(range(leave_after), stream, strict=False):
            pass
        stream.close()

    threads = [threading.Thread(target=visit, args=(n, int(random.integers(1, 21)))) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    deadline = time.monotonic() + 10
    while patient._thread is not None and time.monotonic() < deadline:
        idle(patient)
    assert patient._thread is None and not patient._waiting
    assert all(slot.request is None and not slot.unread for slot in patient._slots)


def test_drawn_frequencies_follow_the_distribution():
    """10,000 draws from four known probabilities, cut by top_p = 0.8 or top_k = 2: third and fourth never come."""
    logits = np.log([0.1, 0.5, 0.35, 0.05]).astype("float32")
    uniform = np.random.default_rng(0).random(10_000, dtype="float32")
    for cut in ({"top_p": 0.8}, {"top_k": 2}):
        sampling = Sampling(temperature=1.0, **cut)
        chosen = [choose(logits.copy(), sampling, drawn) for drawn in uniform]
        share = np.bincount(chosen, minlength=4) / len(chosen)
        assert share[0] == share[3] == 0
        assert share[1] == pytest.approx(0.5 / 0.85, abs=0.02)
