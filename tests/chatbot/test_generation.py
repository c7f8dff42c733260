"""The generator: KerasHub's greedy answers token for token, batches equal to single prompts, honest sampling."""

import threading

import numpy as np
import pytest

from chatbot.errors import BusyError
from chatbot.generation import Generator, bucket_of
from chatbot.sampling import Sampling
from chatbot.stream import WAITING
from tests.conftest import build_tiny
from tests.gate import PATIENCE

PROMPTS = [[5, 6, 7, 8, 9], [12, 40, 41], [100, 101, 102, 103, 104, 105, 106, 107]]


@pytest.fixture(scope="module")
def causal_lm(tiny_tokenizer):
    return build_tiny(tiny_tokenizer, seed=3)


@pytest.fixture(scope="module")
def generator(causal_lm):
    return Generator(causal_lm, end_id=0, limit=128)


def keras_hub_greedy(causal_lm, prompt, new):
    """What `CausalLM.generate` writes, from ids to ids."""
    causal_lm.compile(sampler="greedy")
    length = len(prompt) + new
    ids = np.zeros((1, length), "int32")
    ids[0, : len(prompt)] = prompt
    mask = np.zeros((1, length), "int32")
    mask[0, : len(prompt)] = 1
    causal_lm.preprocessor, kept = None, causal_lm.preprocessor
    try:
        out = causal_lm.generate({"token_ids": ids, "padding_mask": mask}, stop_token_ids=None)
    finally:
        causal_lm.preprocessor = kept
    return np.asarray(out["token_ids"])[0, len(prompt) :].tolist()


def until_end(ids, end_id):
    return ids[: ids.index(end_id) + 1] if end_id in ids else ids


def test_greedy_equals_keras_hub_token_for_token(causal_lm, generator):
    for prompt in PROMPTS:
        ours = list(generator.stream(prompt, Sampling(max_new_tokens=40)))
        assert ours == until_end(keras_hub_greedy(causal_lm, prompt, 40), 0)
        assert len(set(ours)) > 1  # a model that repeats one token would prove nothing


def test_a_batch_gives_what_each_prompt_gives_alone(generator):
    sampling = Sampling(max_new_tokens=30)
    alone = [list(generator.stream(prompt, sampling)) for prompt in PROMPTS]
    assert generator.generate_batch(PROMPTS, sampling) == alone


def test_one_after_the_other_where_two_run_at_once(generator):
    """The third waits, the one who leaves makes room, and one who left in line is never computed."""
    sampling = Sampling(max_new_tokens=5)
    first, second, third, fourth = (generator.bursts(prompt, sampling) for prompt in (*PROMPTS, [7, 8]))
    next(first), next(second)
    got = {}
    waits = [threading.Thread(target=lambda n=n, s=s: got.update({n: list(s)})) for n, s in ((3, third), (4, fourth))]
    for thread in waits:
        thread.start()
    third.cancel()
    waits[0].join(PATIENCE)
    assert got == {3: []}
    assert len(list(first)) == 4
    waits[1].join(PATIENCE)
    assert [token for burst in got[4] for token in burst] == list(generator.stream([7, 8], sampling))
    assert len(list(second)) == 4 and generator._line._places == []


def test_a_full_line_is_refused(generator):
    sampling = Sampling(max_new_tokens=5)
    streams = [generator.bursts(PROMPTS[0], sampling) for _ in range(generator.at_once + WAITING)]
    with pytest.raises(BusyError, match=f"{WAITING} attendent"):
        generator.bursts(PROMPTS[0], sampling)
    streams.pop()
    assert next(streams[0]) and generator.bursts(PROMPTS[0], sampling)


def test_same_seed_same_answer_other_seed_another(generator):
    def drawn(seed):
        return list(generator.stream(PROMPTS[0], Sampling(temperature=1.5, seed=seed, max_new_tokens=20)))

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_top_k_one_and_a_tiny_top_p_are_greedy(generator):
    greedy = list(generator.stream(PROMPTS[0], Sampling(max_new_tokens=20)))
    for sampling in (Sampling(temperature=2.0, top_k=1), Sampling(temperature=2.0, top_p=1e-6)):
        assert list(generator.stream(PROMPTS[0], sampling))[:20] == greedy


def test_drawn_frequencies_follow_the_distribution():
    """10,000 draws from four known probabilities, cut by top_p = 0.8: third and fourth never come."""
    from chatbot.generation import _draw

    probabilities = np.array([0.1, 0.5, 0.35, 0.05])
    logits = np.log(np.tile(probabilities, (10_000, 1))).astype("float32")
    uniform = np.random.default_rng(0).random(10_000, dtype="float32")
    chosen = np.asarray(_draw(logits, 4, uniform, np.float32(1.0), np.int32(4), np.float32(0.8)))
    share = np.bincount(chosen, minlength=4) / len(chosen)
    assert share[0] == share[3] == 0
    assert share[1] == pytest.approx(0.5 / 0.85, abs=0.02)


def test_top_k_draws_from_the_k_likeliest_whatever_is_sorted():
    """Frequencies under top_k = 2, and the same choices when only the 3 likeliest of 4 are put in order."""
    from chatbot.generation import _draw

    logits = np.log(np.tile([0.1, 0.5, 0.35, 0.05], (10_000, 1))).astype("float32")
    uniform = np.random.default_rng(0).random(10_000, dtype="float32")
    few, all_ = (np.asarray(_draw(logits, n, uniform, np.float32(1), np.int32(2), np.float32(1))) for n in (3, 4))
    assert np.array_equal(few, all_)
    share = np.bincount(few, minlength=4) / len(few)
    assert share[0] == share[3] == 0
    assert share[1] == pytest.approx(0.5 / 0.85, abs=0.02)


def test_repetition_penalty_avoids_what_was_said(generator):
    plain = list(generator.stream(PROMPTS[0], Sampling(max_new_tokens=40)))
    penalised = list(generator.stream(PROMPTS[0], Sampling(max_new_tokens=40, repetition_penalty=5.0)))
    assert len(set(penalised)) / len(penalised) > len(set(plain)) / len(plain)
    assert not set(penalised[:5]) & set(PROMPTS[0])


def test_stops_at_the_context_and_at_the_end_token(causal_lm, generator):
    long = list(generator.stream(list(range(1, 121)), Sampling(max_new_tokens=500)))
    assert len(long) == 128 - 120
    first = next(iter(generator.stream(PROMPTS[0], Sampling())))
    ending = Generator(causal_lm, end_id=first, limit=128)
    assert list(ending.stream(PROMPTS[0], Sampling())) == [first]


def test_compiled_once_per_bucket_not_per_prompt(causal_lm):
    generator = Generator(causal_lm, end_id=0, limit=128)
    traces = []
    body = generator._causal_lm.call_with_cache

    def counted(*args):
        traces.append(1)
        return body(*args)

    causal_lm.call_with_cache = counted
    try:
        for length in (3, 5, 9, 20):
            list(generator.stream(list(range(1, length + 1)), Sampling(max_new_tokens=8)))
        first_bucket = len(traces)
        list(generator.stream(list(range(1, 40)), Sampling(max_new_tokens=8)))
        assert len(traces) == first_bucket
        list(generator.stream(list(range(1, 80)), Sampling(max_new_tokens=8)))
        assert len(traces) > first_bucket
    finally:
        del causal_lm.call_with_cache


def test_buckets():
    assert [bucket_of(n, 1024) for n in (1, 64, 65, 300, 1024)] == [64, 64, 128, 512, 1024]
    assert bucket_of(60, 48) == 48


@pytest.mark.parametrize("wrong", [{"temperature": -1}, {"top_p": 0}, {"top_k": -1}, {"max_new_tokens": 0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Sampling(**wrong)
    with pytest.raises(ValueError, match="must be"):
        Sampling(repetition_penalty=0)


def test_prompts_must_fit(generator):
    with pytest.raises(ValueError, match="1 to 127"):
        list(generator.stream([], Sampling()))
    with pytest.raises(ValueError, match="1 to 127"):
        list(generator.stream([1] * 128, Sampling()))
