"""The decoder's arithmetic is KerasHub's, family by family; narrower weights stay near it; company changes nothing."""

from dataclasses import replace

import keras
import keras_hub
import numpy as np
import pytest
from numba import njit

from chatbot import kernels
from chatbot.decoder import MANY_ROWS, Decoder, room_for
from chatbot.errors import InputError
from chatbot.generation import Generator
from chatbot.kernels import _exp
from chatbot.plain_weights import Arena, bfloat16, narrowed, plain_weights
from chatbot.registers import tiles_allowed
from chatbot.runner import ChatModel
from tests.chatbot import shapes
from tests.conftest import build_tiny

PLACES = 64
SHAPE = {"vocabulary_size": 300, **shapes.SHAPE}
GROUPED = {"vocabulary_size": 300, **shapes.GROUPED}
FAMILIES = {
    "gpt2": lambda: keras_hub.models.GPT2Backbone(**SHAPE, num_heads=4, max_sequence_length=PLACES, dropout=0.1),
    "llama": lambda: keras_hub.models.LlamaBackbone(**GROUPED, rope_max_wavelength=500),
    "llama3": lambda: keras_hub.models.Llama3Backbone(**GROUPED, **shapes.SCALED),
    "mistral": lambda: keras_hub.models.MistralBackbone(**GROUPED, sliding_window=9),
    "qwen": lambda: keras_hub.models.QwenBackbone(**GROUPED, tie_word_embeddings=True),
}


def drawn(backbone, scale=0.25):
    """The same backbone with weights large enough that logits differ."""
    random = np.random.default_rng(5)
    for variable in backbone.trainable_variables:
        variable.assign(variable + random.normal(scale=scale, size=variable.shape))
    return backbone


@pytest.fixture(params=FAMILIES)
def backbone(request):
    keras.utils.set_random_seed(1)
    return drawn(FAMILIES[request.param]())


def keras_logits(backbone, ids):
    """(tokens, vocabulary) of one sequence."""
    ids = np.asarray([ids], "int32")
    hidden = backbone({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    return np.asarray(backbone.token_embedding(hidden, reverse=True))[0]


def near(got, wanted, share):
    assert np.abs(got - wanted).max() <= share * np.abs(wanted).max()


IDS = np.random.default_rng(0).integers(1, 300, 40)


def test_a_prompt_and_single_steps_give_the_logits_of_keras(backbone):
    wanted = keras_logits(backbone, IDS)
    decoder = Decoder(plain_weights(backbone, PLACES), slots=3)
    assert len(IDS) > MANY_ROWS  # the BLAS for the prompt, our loops for the steps
    near(decoder.forward(IDS, [1] * 40, range(40)), wanted, 1e-5)
    steps = [decoder.forward([token], [2], [place])[0] for place, token in enumerate(IDS)]
    near(np.stack(steps), wanted, 1e-5)


def test_a_prompt_in_pieces_and_only_the_wanted_rows(backbone):
    wanted = keras_logits(backbone, IDS)
    decoder = Decoder(plain_weights(backbone, PLACES), slots=1)
    decoder.forward(IDS[:30], [0] * 30, range(30), [])
    got = decoder.forward(IDS[30:], [0] * 10, range(30, 40), [0, 9])
    near(got, wanted[[30, 39]], 1e-5)


@pytest.mark.parametrize("width", ["float32", "bfloat16", "int8"])
def test_company_changes_no_digit(backbone, width):
    weights = plain_weights(backbone, PLACES, width)
    alone, together = Decoder(weights, slots=1), Decoder(weights, slots=5)
    for place, token in enumerate(IDS[:12]):
        (single,) = alone.forward([token], [0], [place])
        others = together.forward([7, token, 8, 9, 3], [0, 3, 1, 2, 4], [0, place, 0, 0, 0])
        assert np.array_equal(others[1], single)


@pytest.mark.parametrize(("width", "share"), [("bfloat16", 0.03), ("int8", 0.08)])
def test_narrow_weights_stay_near(backbone, width, share):
    wanted = keras_logits(backbone, IDS)
    exact = plain_weights(backbone, PLACES)
    weights = plain_weights(backbone, PLACES, width)
    decoder = Decoder(weights, slots=2)
    near(decoder.forward(IDS, [0] * 40, range(40)), wanted, share)
    steps = [decoder.forward([token], [1], [place])[0] for place, token in enumerate(IDS)]
    near(np.stack(steps), wanted, share)
    assert weights.bytes < {"bfloat16": 0.6, "int8": 0.4}[width] * exact.bytes


@pytest.mark.parametrize("width", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize(("outs", "ins"), [(5, 7), (32, 32), (50, 100)])
def test_a_product_is_numpys_and_the_same_for_any_number_of_rows(width, outs, ins):
    random = np.random.default_rng(3)
    matrix = narrowed(*drawn_matrix(random, outs, ins), width, Arena())
    x = random.normal(size=(11, ins)).astype("float32")
    wanted = x @ matrix.rows(np.arange(outs)).T + matrix.bias
    for rows in range(1, 12):
        got = np.empty((rows, outs), "float32")
        kernels.linear(x[:rows], matrix.weight, matrix.scale, matrix.bias, got)
        near(got, wanted[:rows], 1e-6)
        if rows == 1:
            alone = got
        assert np.array_equal(got[:1], alone)


def drawn_matrix(random, outs, ins):
    return random.normal(size=(outs, ins)).astype("float32"), random.normal(size=outs).astype("float32")


def by_bfloat16_tiles(x, matrix):
    got, pairs = np.empty((len(x), matrix.outs), "float32"), np.empty((-(-len(x) // 16), matrix.ins // 2, 16), "uint32")
    kernels.paired(x, pairs)
    kernels.tiled(pairs, matrix.weight, matrix.scale, matrix.bias, got)
    return got


def by_int8_tiles(x, matrix):
    got, halves = np.empty((len(x), matrix.outs), "float32"), np.empty((-(-len(x) // 8), matrix.ins // 4, 16), "uint32")
    scales = np.empty(len(x), "float32")
    kernels.split(x, halves, scales)
    kernels.tiled_int8(halves, scales, matrix.weight, matrix.scale, matrix.bias, got)
    return got


@pytest.mark.skipif(not tiles_allowed(), reason="no AMX here")
@pytest.mark.parametrize(("width", "by_tiles"), [("bfloat16", by_bfloat16_tiles), ("int8", by_int8_tiles)])
@pytest.mark.parametrize(("outs", "ins"), [(32, 64), (50, 128), (101, 192)])
def test_tiles_give_the_product_and_the_same_for_any_number_of_rows(width, by_tiles, outs, ins):
    random = np.random.default_rng(4)
    matrix = narrowed(*drawn_matrix(random, outs, ins), width, Arena())
    x = random.normal(size=(40, ins)).astype("float32")
    read = (bfloat16(x).astype("uint32") << 16).view("float32") if width == "bfloat16" else x
    wanted = read @ matrix.rows(np.arange(outs)).T + matrix.bias
    alone = by_tiles(x[:1], matrix)
    for rows in (1, 7, 8, 9, 15, 16, 17, 33, 40):
        got = by_tiles(x[:rows], matrix)
        near(got, wanted[:rows], {"bfloat16": 2e-6, "int8": 5e-5}[width])  # int8: inputs of 16 bits
        assert np.array_equal(got[:1], alone)


@pytest.mark.skipif(not tiles_allowed(), reason="no AMX here")
def test_rows_in_two_halves_keep_sixteen_bits():
    """Of zeros, of one outlier among small numbers, of the largest and of the smallest; bounds and halves of steps."""
    ins = 64
    x = np.zeros((6, ins), "float32")
    x[1], x[1, 5] = 1e-4, 1000
    x[2], x[3] = np.linspace(-3e30, 3e30, ins), np.linspace(-1e-25, 1e-25, ins)
    x[4] = np.arange(ins) % 3 - 1
    x[5] = (np.arange(ins) - 31.5) / 2
    halves, scales = np.empty((1, ins // 4, 16), "uint32"), np.empty(6, "float32")
    kernels.split(x, halves, scales)
    parts = halves.transpose(0, 2, 1).reshape(16, -1).copy().view("int8").astype("float64")
    again = (parts[:6] + parts[8:14] / 254) * scales[:, None]
    largest = np.abs(x).max(axis=1, keepdims=True)
    assert (np.abs(again - x) <= largest / 127 / 254 * 0.51).all()


def test_without_tiles_narrow_weights_are_widened_for_a_prompt(backbone, monkeypatch):
    monkeypatch.setattr("chatbot.decoder.tiles_allowed", lambda: False)
    wanted = keras_logits(backbone, IDS)
    for width, share in (("bfloat16", 0.03), ("int8", 0.08)):
        decoder = Decoder(plain_weights(backbone, PLACES, width), slots=1)
        near(decoder.forward(IDS, [0] * 40, range(40)), wanted, share)


def test_a_copied_slot_goes_on_alike(backbone):
    decoder = Decoder(plain_weights(backbone, PLACES), slots=2)
    decoder.forward(IDS[:20], [0] * 20, range(20))
    decoder.copy_slot(0, 1, 20)
    both = decoder.forward([5, 5], [0, 1], [20, 20])
    assert np.array_equal(both[0], both[1])


def test_an_adapter_is_merged_in():
    backbone = drawn(FAMILIES["gpt2"]())
    backbone.enable_lora(2)
    drawn(backbone)
    decoder = Decoder(plain_weights(backbone, PLACES), slots=1)
    near(decoder.forward(IDS, [0] * 40, range(40)), keras_logits(backbone, IDS), 1e-5)


def test_what_only_keras_can_compute_is_left_to_it(tiny_tokenizer):
    bloom = keras_hub.models.BloomBackbone(**SHAPE, num_heads=4)
    assert plain_weights(bloom, PLACES) is None
    quantised = build_tiny(tiny_tokenizer).backbone
    quantised.quantize("int8")
    assert plain_weights(quantised, PLACES) is None


def test_a_narrow_width_for_such_a_model_is_refused(tiny_model, tiny_tokenizer):
    quantised = build_tiny(tiny_tokenizer)
    quantised.backbone.quantize("int8")
    model = replace(tiny_model, causal_lm=quantised)
    assert isinstance(ChatModel(model).generator, Generator)
    with pytest.raises(InputError, match="--weights"):
        ChatModel(model, "int8")


def test_room_is_for_sixteen_or_as_many_as_fit(tiny_tokenizer):
    small = plain_weights(build_tiny(tiny_tokenizer).backbone, 128)
    assert room_for(small) == 16
    of_one = 2 * 2 * 128 * 16 * 4  # layers, keys and values, places, width, bytes
    assert room_for(replace(small, places=128 * (2**30 // of_one // 3))) == 3
    assert room_for(replace(small, places=128 * (2**31 // of_one))) == 1


def test_the_exponential_is_true_to_seven_figures():
    @njit
    def each(x, out):
        for i in range(len(x)):
            out[i] = _exp(x[i])

    x = np.linspace(-87, 88, 100_001, dtype="float32")
    out = np.empty_like(x)
    each(x, out)
    np.testing.assert_allclose(out, np.exp(x.astype("float64")), rtol=1e-5)
    near_zero = np.abs(x) < 1
    np.testing.assert_allclose(out[near_zero], np.exp(x[near_zero].astype("float64")), rtol=4e-7)


def test_widths_of_a_matrix():
    weight = np.random.default_rng(1).normal(size=(7, 12)).astype("float32")
    bias = np.arange(7, dtype="float32")
    for width, share in (("float32", 0), ("bfloat16", 2**-8), ("int8", 1 / 127)):
        linear = narrowed(weight, bias, width, Arena())
        error = np.abs(linear.rows(np.arange(7)) - weight)
        assert (error <= share * np.abs(weight).max(axis=1, keepdims=True)).all()
        assert (error.max() > 0) == (width != "float32")
        assert np.array_equal(linear.bias, bias)


def test_bfloat16_rounds_to_the_nearest_even():
    import ml_dtypes

    values = np.random.default_rng(2).normal(size=10_000).astype("float32")
    assert np.array_equal(bfloat16(values), values.astype(ml_dtypes.bfloat16).view("uint16"))


def test_the_arena_keeps_arrays_apart():
    arena = Arena()
    arrays = [np.full((3, 5), number, "int8") for number in range(4)] + [np.full(20_000_000, 9.0, "float32")]
    stored = [arena.store(array) for array in arrays]
    for array, place in zip(arrays, stored, strict=True):
        assert np.array_equal(array, place) and place.dtype == array.dtype
        assert place.ctypes.data % 64 == 0  # a line of the cache; no register reads across two
