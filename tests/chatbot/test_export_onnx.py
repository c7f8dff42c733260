"""The ONNX file: onnxruntime computes what Keras computes, with and without a past, in every family; int8 is near it."""

import json
from pathlib import Path

import keras_hub
import numpy as np
import onnx
import onnxruntime
import pytest

import chatbot.export_onnx
from benchmarks.export import byte_pair_tokenizer, of_llama3, of_qwen, sentence_pieces
from chatbot.errors import InputError
from chatbot.export import sizes_of
from chatbot.export_onnx import FILES, export_onnx, onnx_bytes
from chatbot.model import LanguageModel, load_model
from chatbot.template import PLAIN
from tests.chatbot.test_export import FAMILIES, language_model


@pytest.fixture(scope="module")
def tokenizers():
    pieces, pairs = sentence_pieces(), byte_pair_tokenizer()
    return {"gpt2": pairs, "llama2": pieces, "llama3": of_llama3(pairs), "mistral": pieces, "qwen2": of_qwen(pairs)}


@pytest.fixture
def model(tokenizers):
    return language_model("gpt2", tokenizers["gpt2"])


class Session:
    """A file of ONNX in onnxruntime, as transformers.js calls it; `wide` computes int8 weights in float32, as our page does."""

    def __init__(self, content, sizes, wide=False):
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.disable_quant_qdq", str(int(wide)))
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.names = [f"past_key_values.{n}.{kind}" for n in range(sizes.layers) for kind in ("key", "value")]
        self.sizes = sizes

    def empty(self, rows):
        shape = (rows, self.sizes.key_heads, 0, self.sizes.head_width)
        return [np.zeros(shape, "float32") for _ in self.names]

    def __call__(self, ids, past=None, mask=None):
        """Logits (rows, vocabulary) of the last place, and the presents."""
        past = past or self.empty(len(ids))
        total = past[0].shape[2] + ids.shape[1]
        mask = np.ones((len(ids), total), "int64") if mask is None else mask
        places = np.maximum(mask.cumsum(axis=1) - 1, 0)[:, -ids.shape[1] :]
        given = {"input_ids": ids, "attention_mask": mask, "position_ids": places}
        logits, *presents = self.session.run(None, given | dict(zip(self.names, past, strict=True)))
        assert logits.shape == (len(ids), 1, self.sizes.vocabulary)
        return logits[:, 0], presents


def session_of(model, width="float32", wide=False):
    return Session(onnx_bytes(model, width), sizes_of(model.causal_lm.backbone), wide)


def by_keras(backbone, ids):
    hidden = backbone({"token_ids": ids.astype("int32"), "padding_mask": np.ones_like(ids, "int32")})
    return np.asarray(backbone.token_embedding(hidden, reverse=True))


def some_ids(backbone, rows=2, length=24):
    return np.random.default_rng(1).integers(3, backbone.vocabulary_size, (rows, length))


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_keras_with_and_without_a_past(family, tokenizers):
    model = language_model(family, tokenizers[family])
    backbone, session = model.causal_lm.backbone, session_of(model)
    ids = some_ids(backbone)
    expected = by_keras(backbone, ids)
    assert np.abs(session(ids)[0] - expected[:, -1]).max() < 1e-4
    logits, past = session(ids[:, :5])
    assert np.abs(logits - expected[:, 4]).max() < 1e-4
    for first, last in ((5, 6), (6, 20), (20, 21), (21, 24)):  # one token after a past, and several
        logits, past = session(ids[:, first:last], past)
        assert np.abs(logits - expected[:, last - 1]).max() < 1e-4
    assert past[0].shape[2] == 24


def test_mini_answers_as_keras_does():
    model = load_model("mini")
    backbone, session = model.causal_lm.backbone, session_of(model)
    ids = np.array([model.tokenizer.encode("###human: Où est passée ma commande ?\n###assistant: Elle est")])
    expected = by_keras(backbone, ids)
    assert np.abs(session(ids)[0] - expected[:, -1]).max() < 1e-4
    _, past = session(ids[:, :-1])
    assert np.abs(session(ids[:, -1:], past)[0] - expected[:, -1]).max() < 1e-4


def test_padding_on_the_left_changes_nothing(model):
    session, ids = session_of(model), some_ids(model.causal_lm.backbone, rows=1, length=6)
    padded = np.concatenate([np.full((1, 3), 1), ids], axis=1)
    mask = np.array([[0, 0, 0, 1, 1, 1, 1, 1, 1]])
    assert np.abs(session(padded, mask=mask)[0] - session(ids)[0]).max() < 1e-4
    assert np.abs(session(padded)[0] - session(ids)[0]).max() > 1e-2  # which the mask alone brings about


def test_int8_is_a_quarter_and_near(model):
    """Of these random weights, as far as from the next token that they hold likely; the docstring has those of a model."""
    ids, sizes = some_ids(model.causal_lm.backbone), {}
    logits = {}
    for width in FILES:
        content = onnx_bytes(model, width)
        session = Session(content, sizes_of(model.causal_lm.backbone))
        logits[width] = session(ids)[0]
        stored = onnx.load_from_string(content).graph.initializer
        sizes[width] = sum(len(each.raw_data) for each in stored if len(each.dims) == 2 and each.dims[0] != 64)
    assert sizes["int8"] == sizes["float32"] / 4  # all matrices but the positions, of which there are 64
    difference = np.abs(logits["int8"] - logits["float32"]).max()
    assert 0 < difference < 0.05 * np.abs(logits["float32"]).max()


def test_the_folder_has_all_that_a_reader_needs(model, tmp_path):
    facts = export_onnx(model, tmp_path / "out")
    assert facts["files"].keys() == {
        *(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
        ),
        *("vocab.json", "merges.txt", "chat_template.jinja", "causette.json"),
        *("onnx/model.onnx", "onnx/model_quantized.onnx"),
    }
    assert json.loads((tmp_path / "out" / "config.json").read_text())["model_type"] == "gpt2"
    for name in FILES.values():
        file = tmp_path / "out" / "onnx" / name
        graph = onnx.load(file)
        onnx.checker.check_model(graph, full_check=True)
        assert {each.domain for each in graph.opset_import} == {""}  # standard operators alone
        assert file.stat().st_size == facts["files"][f"onnx/{name}"]
    with pytest.raises(InputError, match="existe déjà"):
        export_onnx(model, tmp_path / "out")


def test_a_model_too_large_for_a_browser_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.setattr(chatbot.export_onnx, "MOST_PARAMETERS", model.parameters - 1)
    with pytest.raises(InputError, match="millions de paramètres"):
        export_onnx(model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_family_that_is_not_known_is_refused(tiny_tokenizer, tmp_path):
    backbone = keras_hub.models.OPTBackbone(400, 1, 2, hidden_dim=16, intermediate_dim=32, max_sequence_length=32)
    task = keras_hub.models.OPTCausalLM(backbone=backbone, preprocessor=None)
    other = LanguageModel(name="opt", causal_lm=task, tokenizer=tiny_tokenizer, template=PLAIN, folder=Path())
    with pytest.raises(InputError, match="ne connaît pas cette famille \\(OPTBackbone\\)"):
        export_onnx(other, tmp_path / "out")
