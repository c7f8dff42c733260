"""GPT-2's true shape (124M, random weights, the real tokenizer): both kinds of folder, a training step, ten tokens."""

import json
import shutil

import numpy as np
import pytest

from chatbot.dialogue import user
from chatbot.model import load_model, save_preset
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from training.loop import Schedule, optimise
from training.optimizer import make_optimizer
from training.packed_lm import PackedCausalLM
from training.packing import PackedRows, encode

CONFIG = {
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 50257, "n_positions": 1024, "n_ctx": 1024,
    "n_embd": 768, "n_layer": 12, "n_head": 12, "resid_pdrop": 0.1, "embd_pdrop": 0.1, "attn_pdrop": 0.1,
    "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
}  # fmt: skip


@pytest.fixture(scope="module")
def transformers_folder(shared_data, tmp_path_factory):
    """A folder as on the Hub: config.json, model.safetensors (float16 to spare the disk), vocab.json, merges.txt."""
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("gpt2")
    random = np.random.default_rng(0)

    def matrix(*shape):
        return (0.02 * random.standard_normal(shape, dtype="float32")).astype("float16")

    def flat(size, value=0.0):
        return np.full(size, value, "float16")

    weights = {"wte.weight": matrix(50257, 768), "wpe.weight": matrix(1024, 768)}
    weights |= {"ln_f.weight": flat(768, 1.0), "ln_f.bias": flat(768)}
    for layer in range(12):
        for name, shape in (
            ("attn.c_attn", (768, 2304)),
            ("attn.c_proj", (768, 768)),
            ("mlp.c_fc", (768, 3072)),
            ("mlp.c_proj", (3072, 768)),
        ):
            weights[f"h.{layer}.{name}.weight"] = matrix(*shape)
            weights[f"h.{layer}.{name}.bias"] = flat(shape[1])
        for name in ("ln_1", "ln_2"):
            weights |= {f"h.{layer}.{name}.weight": flat(768, 1.0), f"h.{layer}.{name}.bias": flat(768)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG))
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(shared_data / "gpt2_tokenizer" / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def gpt2(transformers_folder):
    return load_model(str(transformers_folder))


def test_shape_and_tokenizer(gpt2):
    assert gpt2.parameters == 124_439_808
    assert gpt2.context == 1024
    assert gpt2.tokenizer.encode("Hello world") == [15496, 995] and gpt2.tokenizer.end_id == 50256


def test_ten_streamed_tokens_the_same_from_a_preset(gpt2, tmp_path):
    sampling = Sampling(max_new_tokens=10)
    reply = ChatModel(gpt2).reply([user("What is glaucoma?")], sampling)
    text = reply.text()
    assert reply.answer.new_tokens == 10
    save_preset(gpt2.causal_lm, tmp_path / "preset", {"template": "alpaca"})
    again = load_model(str(tmp_path / "preset"), template="human_assistant")
    assert ChatModel(again).reply([user("What is glaucoma?")], sampling).text() == text


def test_one_training_step_on_medquad_like_text(gpt2):
    from chatbot.dialogue import Dialogue

    pair = Dialogue.of_pair("What is glaucoma?", "Glaucoma is a disease of the eye.", id="1", source="s", group="g")
    rows = PackedRows.of(encode([pair] * 6, gpt2.template, gpt2.tokenizer), 64)
    model = PackedCausalLM(gpt2.causal_lm)
    model.compile(optimizer=make_optimizer(model, weight_decay=0.0, clip_norm=1.0, accumulation=1), jit_compile=False)
    schedule = Schedule(peak=1e-3, warmup_steps=0, total_steps=2)
    first, second = list(optimise(model, rows.steps(len(rows), 1, 1, 0, 2), schedule))
    assert first.loss == pytest.approx(np.log(50257), rel=0.05)  # random weights know nothing
    assert second.loss < first.loss
