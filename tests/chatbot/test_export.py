"""The exported folder: KerasHub's own export agrees with its weights, loading it again gives the same logits, the files
of the tokenizer give our ids, and our templates in Jinja give our prompts. transformers itself reads them where it is
installed; `benchmarks.export` has it read every family."""

import json
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import keras
import keras_hub
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment
from safetensors.numpy import load_file

from benchmarks.export import SYSTEM, TALK, TEXTS, byte_pair_tokenizer, of_llama3, of_qwen, sentence_pieces
from chatbot.adapter import add_lora
from chatbot.dialogue import Dialogue, Message, assistant, user
from chatbot.encoding import encode_segments
from chatbot.errors import InputError, WorldError
from chatbot.export import export_transformers
from chatbot.export_template import jinja_of
from chatbot.model import LanguageModel, load_model
from chatbot.template import ALPACA, LLAMA2, TEMPLATES
from tests.chatbot.shapes import GROUPED, SCALED
from tests.chatbot.test_template import dialogues

MODELS = keras_hub.models
FAMILIES = {
    "gpt2": lambda size: MODELS.GPT2Backbone(size, 2, 4, hidden_dim=32, intermediate_dim=128, max_sequence_length=64),
    "llama2": lambda size: MODELS.LlamaBackbone(vocabulary_size=size, **GROUPED, rope_max_wavelength=500),
    "llama3": lambda size: MODELS.Llama3Backbone(vocabulary_size=size, **GROUPED, **SCALED),
    "mistral": lambda size: MODELS.MistralBackbone(vocabulary_size=size, **GROUPED, sliding_window=9, head_dim=16),
    "qwen2": lambda size: MODELS.QwenBackbone(vocabulary_size=size, **GROUPED, tie_word_embeddings=True),
}
TASKS = {
    "gpt2": MODELS.GPT2CausalLM,
    "llama2": MODELS.LlamaCausalLM,
    "llama3": MODELS.Llama3CausalLM,
    "mistral": MODELS.MistralCausalLM,
    "qwen2": MODELS.QwenCausalLM,
}


@pytest.fixture(scope="module")
def tokenizers():
    pieces, pairs = sentence_pieces(), byte_pair_tokenizer()
    return {"gpt2": pairs, "llama2": pieces, "llama3": of_llama3(pairs), "mistral": pieces, "qwen2": of_qwen(pairs)}


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def model(family, tokenizers):
    return language_model(family, tokenizers[family])


def language_model(family, tokenizer):
    """A tiny model whose weights float16 can hold: KerasHub reads Mistral's through it."""
    keras.utils.set_random_seed(3)
    backbone = FAMILIES[family](tokenizer.vocabulary_size)
    random = np.random.default_rng(5)
    for variable in backbone.weights:
        drawn = np.asarray(variable) + random.normal(scale=0.25, size=variable.shape)
        variable.assign(drawn.astype("float16"))
    task = TASKS[family](backbone=backbone, preprocessor=None)
    return LanguageModel(name=family, causal_lm=task, tokenizer=tokenizer, template=LLAMA2, folder=Path())


def logits(backbone):
    ids = np.random.default_rng(1).integers(3, backbone.vocabulary_size, (2, 24)).astype("int32")
    hidden = backbone({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    return np.asarray(backbone.token_embedding(hidden, reverse=True))


def weights_in(folder):
    return {name: array for path in folder.glob("*.safetensors") for name, array in load_file(path).items()}


def test_keras_hub_reads_the_folder_and_computes_the_same(model, tmp_path):
    facts = export_transformers(model, tmp_path / "out")
    assert facts["parameters"] == model.causal_lm.backbone.count_params()
    again = keras_hub.models.Backbone.from_preset(str(tmp_path / "out"))
    assert np.abs(logits(again) - logits(model.causal_lm.backbone)).max() < 1e-5


def test_weights_are_those_of_the_export_of_keras_hub(model, family, tmp_path):
    export_transformers(model, tmp_path / "ours")
    ours = weights_in(tmp_path / "ours")
    assert {array.dtype for array in ours.values()} == {np.dtype("float32")}
    if family == "llama2":  # KerasHub writes no Llama 2; the names are those of Llama 3, which it writes
        assert {name.split(".")[-2] for name in ours} == {
            *("embed_tokens", "input_layernorm", "post_attention_layernorm", "norm", "lm_head"),
            *("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
        }
        assert ours["model.layers.1.self_attn.k_proj.weight"].shape == (16, 32)
        return
    model.causal_lm.export_to_transformers(str(tmp_path / "theirs"))
    theirs = weights_in(tmp_path / "theirs")
    tied = {"lm_head.weight"} if family in ("gpt2", "qwen2") else set()  # they write the embedding twice
    assert set(theirs) - set(ours) == tied and set(ours) <= set(theirs)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_the_configuration_says_what_the_backbone_is(model, family, tmp_path):
    export_transformers(model, tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    tokenizer = model.tokenizer
    assert config["architectures"] and config["dtype"] == "float32"
    assert (config["bos_token_id"], config["eos_token_id"]) == (tokenizer.start_id, tokenizer.end_id)
    generation = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert generation["eos_token_id"] == tokenizer.end_id
    if family == "gpt2":
        assert (config["n_inner"], config["n_positions"], config["layer_norm_epsilon"]) == (128, 64, 1e-5)
    else:
        assert config["rms_norm_eps"] == 1e-6 and config["max_position_embeddings"] == model.context
        assert config["rope_theta"] == (500 if family == "llama2" else 10_000)
        assert config["tie_word_embeddings"] == (family == "qwen2")
    if family == "mistral":
        assert (config["sliding_window"], config["head_dim"]) == (9, 16)
    assert ("rope_scaling" in config) == (family == "llama3")


def test_positions_that_are_divided_are_noted(tokenizers, tmp_path):
    backbone = MODELS.MistralBackbone(vocabulary_size=300, **GROUPED, rope_scaling_factor=2.0)
    task = MODELS.MistralCausalLM(backbone=backbone, preprocessor=None)
    model = replace(language_model("mistral", tokenizers["mistral"]), causal_lm=task)
    export_transformers(model, tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["rope_scaling"] == {"rope_type": "linear", "factor": 2.0}


def test_an_adapter_is_written_merged_and_stays(tokenizers, tmp_path):
    model = language_model("gpt2", tokenizers["gpt2"])
    backbone = model.causal_lm.backbone
    add_lora(backbone, rank=2, alpha=4, targets=("query", "value"))
    for variable in backbone.trainable_variables:
        variable.assign(np.random.default_rng(2).normal(scale=0.5, size=variable.shape))
    before = logits(backbone)
    export_transformers(model, tmp_path / "out")
    assert np.abs(logits(keras_hub.models.Backbone.from_preset(str(tmp_path / "out"))) - before).max() < 1e-5
    assert (
        np.array_equal(logits(backbone), before)
        and backbone.transformer_layers[0]._self_attention_layer._query_dense.lora_enabled
    )


def test_large_weights_lie_in_several_files(tokenizers, tmp_path):
    model = language_model("llama3", tokenizers["llama3"])
    export_transformers(model, tmp_path / "one")
    facts = export_transformers(model, tmp_path / "many", most_bytes=40_000)
    files = [name for name in facts["files"] if name.endswith(".safetensors")]
    index = json.loads((tmp_path / "many" / "model.safetensors.index.json").read_text())
    assert len(files) > 2 and set(index["weight_map"].values()) == set(files) and f"of-{len(files):05}" in files[0]
    one, many = weights_in(tmp_path / "one"), weights_in(tmp_path / "many")
    assert one.keys() == many.keys() == index["weight_map"].keys()
    assert index["metadata"]["total_size"] == sum(array.nbytes for array in one.values())
    assert np.array_equal(
        logits(keras_hub.models.Backbone.from_preset(str(tmp_path / "many"))),
        logits(keras_hub.models.Backbone.from_preset(str(tmp_path / "one"))),
    )


def test_a_preset_exported_loads_again_with_its_template(tiny_tokenizer, tmp_path):
    from chatbot.model import save_preset
    from tests.conftest import build_tiny

    save_preset(
        build_tiny(tiny_tokenizer, intermediate=64), tmp_path / "preset", {"template": "alpaca", "exchanges": 2}
    )
    first = load_model(str(tmp_path / "preset"))
    export_transformers(first, tmp_path / "out")
    again = load_model(str(tmp_path / "out"))
    assert (again.template.name, again.exchanges, again.context) == ("alpaca", 2, first.context)
    assert again.tokenizer.encode(TEXTS[0]) == first.tokenizer.encode(TEXTS[0])
    assert np.array_equal(logits(again.causal_lm.backbone), logits(first.causal_lm.backbone))


def test_what_cannot_be_written_right_is_refused(tokenizers, tmp_path):
    model = language_model("llama3", tokenizers["llama3"])
    bloom = MODELS.BloomBackbone(300, 2, 4, hidden_dim=32, intermediate_dim=48)
    with pytest.raises(InputError, match="famille"):
        export_transformers(replace(model, causal_lm=MODELS.BloomCausalLM(bloom, preprocessor=None)), tmp_path / "out")
    both = MODELS.LlamaBackbone(vocabulary_size=300, **GROUPED, **SCALED, rope_position_scaling_factor=2.0)
    with pytest.raises(InputError, match="deux échelles"):
        export_transformers(replace(model, causal_lm=MODELS.LlamaCausalLM(both, preprocessor=None)), tmp_path / "out")
    model.causal_lm.quantize("int8")
    with pytest.raises(InputError, match="quantifié"):
        export_transformers(model, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_taken_is_refused_and_an_empty_one_filled(tokenizers, tmp_path):
    model = language_model("gpt2", tokenizers["gpt2"])
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("x")
    for out in (tmp_path / "taken", tmp_path / "taken" / "mine.txt"):
        with pytest.raises(InputError, match="existe déjà"):
            export_transformers(model, out)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert export_transformers(model, tmp_path / "empty")["files"]["model.safetensors"]


def test_whole_or_nothing(tokenizers, tmp_path):
    import io

    import sentencepiece

    from chatbot.tokenizer import SentencePieceTokenizer

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(  # lower case, no bytes: not Llama's settings
        sentence_iterator=iter(TEXTS[:1] * 50), model_writer=written, vocab_size=60, hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc_cf", minloglevel=2,
    )  # fmt: skip
    model = language_model("llama2", tokenizers["llama2"])
    with pytest.raises(InputError, match="SentencePiece"):
        export_transformers(replace(model, tokenizer=SentencePieceTokenizer(written.getvalue())), tmp_path / "out")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorldError, match="Rien n'a été écrit"):
        export_transformers(model, tmp_path / "file" / "out")


@pytest.mark.parametrize("kind", ["gpt2", "llama2", "llama3", "qwen2"])
def test_the_tokenizer_file_gives_our_ids(kind, tokenizers, tmp_path):
    """Texts, and conversations in every template, read by the library that transformers and vLLM read them with."""
    from tokenizers import Tokenizer

    model = language_model(kind, tokenizers[kind])
    for template in TEMPLATES.values():
        if template.end and template.end not in model.tokenizer.special:
            continue  # `load_model` refuses it: it is made of special tokens
        out = tmp_path / template.name
        export_transformers(replace(model, template=template), out)
        reader = Tokenizer.from_file(str(out / "tokenizer.json"))
        rendered = renderer(out)
        for talk in (TALK[:1], TALK[:3], TALK, [SYSTEM, *TALK[:1]], [SYSTEM, *TALK]):
            segments = template.prompt([Message(**message) for message in talk])
            wanted = encode_segments(model.tokenizer, segments)[0]
            assert reader.encode(rendered(talk), add_special_tokens=False).ids == wanted
    start = [] if model.tokenizer.start_id is None else [model.tokenizer.start_id]
    for text in TEXTS:
        if kind == "llama2" and text.startswith(" "):
            continue  # the library puts no blank before a blank, outside of a conversation
        assert reader.encode(text).ids == start + model.tokenizer.encode_start(text)
        assert reader.decode(model.tokenizer.encode_start(text)) == (
            text if kind != "qwen2" else normalize("NFC", text)
        )


def renderer(folder):
    """What renders a conversation as transformers does."""
    config = json.loads((folder / "tokenizer_config.json").read_text())
    special = {name: config[name] for name in ("bos_token", "eos_token")}
    return lambda talk: rendered((folder / "chat_template.jinja").read_text(encoding="utf-8"), talk, **special)


def rendered(source, talk, **special):
    def raise_exception(text):
        raise ValueError(text)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = raise_exception
    return environment.from_string(source).render(messages=talk, add_generation_prompt=True, **special)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the first drawn text reads Unicode's tables
@given(
    dialogue=dialogues(),
    template=st.sampled_from(list(TEMPLATES.values())),
    start=st.booleans(),
    blank=st.booleans(),
    answered=st.booleans(),
)
def test_templates_in_jinja_give_our_prompts(dialogue, template, start, blank, answered):
    special = ["<|endoftext|>", "<s>"]
    source = jinja_of(template, start=start, blank=blank, special=special)
    messages = dialogue.messages if answered else dialogue.messages[:-1]
    harmless = [
        Message(role=each.role, content=broken_up(each.content, special), context=broken_up(each.context, special))
        for each in messages
    ]
    segments = template._segments(harmless)
    wanted = "".join(
        ("<s>" if one.start and start else "")
        + (" " if one.start and blank else "")
        + one.text
        + ("■" if one.end else "")
        for one in segments
    )
    talk = [message.to_json() for message in messages]
    assert rendered(source, talk, bos_token="<s>", eos_token="■") == wanted


def broken_up(text, tokens):
    for token in tokens:
        text = text.replace(token, token[0] + " " + token[1:])
    return text


def test_turns_out_of_order_are_refused():
    source = jinja_of(ALPACA, start=False, blank=False, special=[])
    for roles in (["assistant"], ["user", "user"], ["user", "system"], ["system", "assistant"], ["user", "tool"]):
        with pytest.raises(ValueError, match="turns must be"):
            rendered(source, [{"role": role, "content": "x"} for role in roles], eos_token="■")


def test_blanks_around_a_request_are_where_ids_can_differ(tokenizers, tmp_path):
    """The case that `chatbot.export_template` names: two runs of blanks that meet become one."""
    from tokenizers import Tokenizer

    model = replace(language_model("gpt2", tokenizers["gpt2"]), template=ALPACA)
    export_transformers(model, tmp_path / "out")
    reader = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    for answer, alike in (("Oui.", True), (" Oui.", True), ("\n\n\nOui.", False)):
        dialogue = Dialogue.of_pair("Q", answer, id="1", source="s", group="g")
        ours = encode_segments(model.tokenizer, ALPACA.render(dialogue))[0]
        text = renderer(tmp_path / "out")([user("Q").to_json(), assistant(answer).to_json()])
        assert (reader.encode(text, add_special_tokens=False).ids == ours) == alike


def test_transformers_gives_our_logits_and_ids(model, family, tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    export_transformers(model, tmp_path / "out")
    backbone = model.causal_lm.backbone
    ids = np.random.default_rng(1).integers(3, backbone.vocabulary_size, (2, 24))
    with torch.no_grad():
        theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")(torch.tensor(ids)).logits.numpy()
    assert np.abs(theirs - logits(backbone)).max() < 1e-3
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    wanted = encode_segments(model.tokenizer, model.template.prompt([Message(**message) for message in TALK]))[0]
    assert tokenizer.apply_chat_template(TALK, add_generation_prompt=True, return_dict=False) == wanted
