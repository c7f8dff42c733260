"""Folders in the transformers format: what `chatbot.export` writes (transformers itself reads it, `benchmarks.export`) comes
back bit for bit; variants of it as other tools write them; what cannot be computed right is told in two lines."""

import json
import subprocess
import sys
import weakref
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import keras
import keras_hub
import ml_dtypes  # noqa: F401  NumPy's bfloat16
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from benchmarks.export import TEXTS, byte_pair_tokenizer, of_llama3, of_qwen, sentence_pieces
from chatbot.decoder import Decoder
from chatbot.dialogue import user
from chatbot.encoding import encode_segments
from chatbot.errors import InputError
from chatbot.export import export_transformers
from chatbot.generation import Generator
from chatbot.model import LanguageModel, context_of, load_model, load_tokenizer, needs_keras, save_preset
from chatbot.plain_weights import plain_weights
from chatbot.sampling import Sampling
from chatbot.template import LLAMA2, LLAMA3, MISTRAL
from chatbot.tokenizer import SentencePieceTokenizer
from chatbot.transformers_config import read_architecture
from chatbot.transformers_folder import Weights, put
from chatbot.weight_places import places
from tests.chatbot.shapes import GROUPED, SCALED, SHAPE
from tests.test_backends import run

MODELS = keras_hub.models
LOOSE = {"layer_norm_epsilon": 1e-3}  # far from the default, so that a lost one shows
FAMILIES = {
    "llama2": ("Llama", {**SHAPE, "num_query_heads": 4, "num_key_value_heads": 4, **LOOSE}),
    "llama2_grouped_tied": ("Llama", {**GROUPED, **LOOSE, "tie_word_embeddings": True, "rope_max_wavelength": 500}),
    "llama3": ("Llama3", {**GROUPED, **LOOSE, "rope_max_wavelength": 500_000}),
    "llama3_scaled_tied": ("Llama3", {**GROUPED, **SCALED, "tie_word_embeddings": True}),
    "mistral_window": ("Mistral", {**GROUPED, **LOOSE, "sliding_window": 9}),
    "mistral_wide_heads": ("Mistral", {**GROUPED, "sliding_window": None, "head_dim": 16, "rope_scaling_factor": 2.0}),
    "qwen2": ("Qwen", {**GROUPED, **LOOSE, "tie_word_embeddings": False}),
    "qwen2_tied_window": ("Qwen", {**GROUPED, "tie_word_embeddings": True, "use_sliding_window_attention": True,
                                   "sliding_window_size": 9}),
    "gpt2": ("GPT2", {**SHAPE, "num_heads": 4, "max_sequence_length": 64, "dropout": 0.1}),
}  # fmt: skip


@pytest.fixture(scope="module")
def tokenizers():
    pieces, pairs = sentence_pieces(), byte_pair_tokenizer()
    return {"Llama": pieces, "Mistral": pieces, "GPT2": pairs, "Llama3": of_llama3(pairs), "Qwen": of_qwen(pairs)}


@pytest.fixture(scope="module")
def exported(tokenizers, tmp_path_factory):
    """name → the model and the folder that holds it; made once."""
    made = {}

    def of(name):
        if name not in made:
            kind, options = FAMILIES[name]
            model = language_model(kind, options, tokenizers[kind])
            folder = tmp_path_factory.mktemp("exported") / name
            export_transformers(model, folder, most_bytes=40_000)  # several files
            (folder / "causette.json").unlink()  # as others write one
            made[name] = model, folder
        return made[name]

    return of


def language_model(kind, options, tokenizer):
    keras.utils.set_random_seed(3)
    backbone = getattr(MODELS, f"{kind}Backbone")(vocabulary_size=tokenizer.vocabulary_size, **options)
    random = np.random.default_rng(5)
    for variable in backbone.weights:
        variable.assign(np.asarray(variable) + random.normal(scale=0.25, size=variable.shape))
    task = getattr(MODELS, f"{kind}CausalLM")(backbone=backbone, preprocessor=None)
    return LanguageModel(name=kind, causal_lm=task, tokenizer=tokenizer, template=LLAMA2, folder=Path())


@pytest.fixture
def llama2(exported, tmp_path):
    """A copy of a Llama 2 folder with one file of weights, to spoil."""
    model, _ = exported("llama2")
    export_transformers(model, tmp_path / "llama2")
    (tmp_path / "llama2" / "causette.json").unlink()
    return tmp_path / "llama2"


def changed(folder, file="config.json", **values):
    """Sets values of a JSON file; None takes one away."""
    path = folder / file
    config = {**(json.loads(path.read_text()) if path.exists() else {}), **values}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    return folder


def rewritten(folder, change):
    """The weights as `change` makes them of a name and an array; None leaves one out."""
    arrays = {name: change(name, array) for name, array in load_file(folder / "model.safetensors").items()}
    save_file({name: array for name, array in arrays.items() if array is not None}, folder / "model.safetensors")
    return folder


def logits(causal_lm, length=24):
    ids = np.random.default_rng(1).integers(3, causal_lm.backbone.vocabulary_size, (2, length)).astype("int32")
    return np.asarray(causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)}))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_folder_gives_back_the_model_and_so_does_its_preset(name, exported, tmp_path):
    """`load_model` on the folder, then on the KerasHub preset that `save_preset` writes of it, then KerasHub alone."""
    original, folder = exported(name)
    model = load_model(str(folder))
    assert type(model.causal_lm) is type(original.causal_lm)
    wanted = logits(original.causal_lm)
    assert np.array_equal(logits(model.causal_lm), wanted)
    assert model.context == context_of(str(folder)) == original.context and model.exchanges is None
    save_preset(model.causal_lm, tmp_path / "preset", model.note)
    again = load_model(str(tmp_path / "preset"))
    assert np.array_equal(logits(again.causal_lm), wanted)
    assert again.context == context_of(str(tmp_path / "preset")) == model.context
    assert again.parameters == original.parameters
    alone = MODELS.CausalLM.from_preset(str(tmp_path / "preset"))
    assert np.array_equal(logits(alone), wanted)
    for tokenizer in (model.tokenizer, again.tokenizer, load_tokenizer(str(folder))[0]):
        assert [tokenizer.encode_start(text) for text in TEXTS] == [
            original.tokenizer.encode_start(text) for text in TEXTS
        ]
        assert (tokenizer.start_id, tokenizer.end_id) == (original.tokenizer.start_id, original.tokenizer.end_id)
    assert not needs_keras(str(folder))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_widened(dtype, exported, llama2):
    original, _ = exported("llama2")
    rewritten(llama2, lambda _, array: array.astype(dtype))
    model = load_model(str(llama2))
    for one, other in zip(model.causal_lm.backbone.weights, original.causal_lm.backbone.weights, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other).astype(dtype).astype("float32"))


def test_arrays_come_one_at_a_time_through_one_door(exported):
    """Each as float32 in the shape that Keras has, the one before forgotten: a caller may quantise it on its way in."""
    original, folder = exported("llama2_grouped_tied")
    architecture = read_architecture(folder, "x")
    seen, alive = [], []

    def look(layer, attribute, array):
        assert not any(reference() is not None for reference in alive)
        alive.append(weakref.ref(array if array.base is None else array.base))
        assert array.dtype == "float32" and array.shape == tuple(getattr(layer, attribute).shape)
        assert np.array_equal(array, np.asarray(getattr(layer, attribute)))
        seen.append(id(getattr(layer, attribute)))

    backbone = original.causal_lm.backbone
    with Weights(folder, "x") as weights:
        weights.fill(backbone, architecture.sizes, look)
    assert len(seen) == len(set(seen)) == len(backbone.weights) == len(list(places(architecture.sizes)))


def test_put_gives_a_weight_its_value():
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    put(layer, "kernel", np.full((3, 2), 7.0, "float32"))
    assert (np.asarray(layer.kernel) == 7).all()


def test_the_embedded_decoder_gives_the_answers_of_keras(exported):
    _, folder = exported("llama2")
    model = load_model(str(folder))
    prompt = model.tokenizer.encode_start("Bonjour, où en est")
    weights = plain_weights(model.causal_lm.backbone, 64)
    decoder = Decoder(weights, slots=1)
    wanted = logits(model.causal_lm)[0]
    ids = np.random.default_rng(1).integers(3, model.causal_lm.backbone.vocabulary_size, (2, 24))[0]
    got = decoder.forward(ids, [0] * 24, range(24))
    assert np.abs(got - wanted).max() < 1e-5 * np.abs(wanted).max()
    keras_says = list(Generator(model.causal_lm, -1, 64).stream(prompt, Sampling(max_new_tokens=12)))
    rows = Decoder(weights, slots=1).forward(prompt, [0] * len(prompt), range(len(prompt)))
    ours, decoder = [int(rows[-1].argmax())], Decoder(weights, slots=1)
    decoder.forward(prompt, [0] * len(prompt), range(len(prompt)))
    for place in range(len(prompt), len(prompt) + 11):
        ours.append(int(decoder.forward(ours[-1:], [0], [place])[0].argmax()))
    assert ours == keras_says and len(set(ours)) > 2


JAX = """
import sys
import numpy as np
from chatbot.model import load_model
kept = np.load(sys.argv[2])
model = load_model(sys.argv[1])
logits = model.causal_lm({"token_ids": kept["ids"], "padding_mask": np.ones_like(kept["ids"])})
print(np.abs(np.asarray(logits) - kept["logits"]).max())
"""


def test_jax_computes_the_same(exported, tmp_path):
    pytest.importorskip("jax")
    original, folder = exported("llama3_scaled_tied")
    ids = np.random.default_rng(1).integers(3, original.causal_lm.backbone.vocabulary_size, (2, 24)).astype("int32")
    np.savez(tmp_path / "kept.npz", ids=ids, logits=logits(original.causal_lm))
    assert float(run(JAX, "jax", folder, tmp_path / "kept.npz").split()[-1]) < 1e-4


def test_no_keras_is_imported_for_a_tokenizer(exported):
    _, folder = exported("llama2")
    code = (
        "import sys; from chatbot.model import context_of, load_tokenizer; load_tokenizer(sys.argv[1]);"
        "context_of(sys.argv[1]); sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(folder)], check=False).returncode == 0


def test_a_context_shorter_than_ours_is_kept(exported, llama2, tmp_path):
    changed(llama2, max_position_embeddings=2048)
    model = load_model(str(llama2))
    assert model.context == context_of(str(llama2)) == 2048
    save_preset(model.causal_lm, tmp_path / "preset", model.note)
    assert load_model(str(tmp_path / "preset")).context == context_of(str(tmp_path / "preset")) == 2048
    changed(llama2, max_position_embeddings=131_072)
    assert load_model(str(llama2)).context == 4096


def test_transformers_4_and_5_write_positions_otherwise(exported, llama2):
    """A base and a scaling, or both as `rope_parameters`; Llama's linear scaling divides all angles."""
    original, _ = exported("llama2")
    old = changed(llama2, rope_theta=1234.0, rope_scaling={"type": "linear", "factor": 4.0})
    one = logits(load_model(str(old)).causal_lm)
    rope = {"rope_type": "linear", "rope_theta": 1234.0, "factor": 4.0}
    new = changed(llama2, rope_theta=None, rope_scaling=None, rope_parameters=rope)
    assert np.array_equal(logits(load_model(str(new)).causal_lm), one)
    assert np.abs(one - logits(original.causal_lm)).max() > 0.1
    rotary = load_model(str(new)).causal_lm.backbone.transformer_layers[0]._self_attention_layer.rotary_embedding_layer
    angles = 1234.0 ** -(np.arange(0, 8, 2) / 8) / 4
    np.testing.assert_allclose(np.asarray(rotary._get_inverse_freq(8)), angles, rtol=1e-5)


# The tokenizer's files


def test_tokenizer_json_alone_is_enough(exported, llama2):
    """transformers 5 writes no tokenizer.model: the merges and their order give it back."""
    original, _ = exported("llama2")
    (llama2 / "tokenizer.model").unlink()
    tokenizer, _ = load_tokenizer(str(llama2))
    assert isinstance(tokenizer, SentencePieceTokenizer)
    for text in [*TEXTS, "\n\n", " ", "</s> <s>", "日本🎉"]:
        assert tokenizer.encode_start(text) == original.tokenizer.encode_start(text)
        assert tokenizer.decode(tokenizer.encode(text)) == text
    assert np.array_equal(logits(load_model(str(llama2)).causal_lm), logits(original.causal_lm))


def test_merges_that_sentence_piece_would_not_make_are_refused(llama2):
    (llama2 / "tokenizer.model").unlink()
    path = llama2 / "tokenizer.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    merges = whole["model"]["merges"]
    twice = next(two for one, two in pairwise(merges) if "".join(one) == "".join(two))  # of one union, the second cut
    for others in (merges[:-1], [*(merge for merge in merges if merge != twice), twice]):
        other = {**whole, "model": {**whole["model"], "merges": others}}
        path.write_text(json.dumps(other), encoding="utf-8")
        with pytest.raises(InputError, match=r"SentencePiece ; ajoutez tokenizer\.model"):
            load_tokenizer(str(llama2))


def with_added(folder, rows=None, **files):
    """A folder whose embedding has `rows` rows more, and other files of added tokens."""
    if rows:
        config = json.loads((folder / "config.json").read_text())
        changed(folder, vocab_size=config["vocab_size"] + rows)

        def longer(name, array):
            return (
                np.concatenate([array, array[:rows]])
                if name in ("model.embed_tokens.weight", "lm_head.weight")
                else array
            )

        rewritten(folder, longer)
    (folder / "tokenizer.json").unlink()
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


def test_added_tokens(exported, llama2):
    """As Vigogne and TinyLlama have them: structure stays text when it is typed, words are found, an end token ends."""
    original, _ = exported("llama2")
    size = original.tokenizer.vocabulary_size
    decoder = {
        "1": {"content": "<s>", "special": True},
        str(size): {"content": "<|im_end|>", "special": True},
        str(size + 2): {"content": "Causette", "special": False},
        str(size + 3): {"content": "<tool>", "special": False},
    }
    named = {"eos_token": {"content": "<|im_end|>"}, "bos_token": "<s>", "added_tokens_decoder": decoder}
    folder = with_added(llama2, rows=8, tokenizer_config=named)
    for tokenizer in (load_model(str(folder)).tokenizer, load_tokenizer(str(folder))[0]):
        assert (tokenizer.end_id, tokenizer.start_id, tokenizer.vocabulary_size) == (size, 1, size + 4)
        assert tokenizer.encode_start(TEXTS[0]) == original.tokenizer.encode_start(TEXTS[0])
        assert size + 2 in tokenizer.encode("dans Causette !") and tokenizer.decode([size + 2]) == "Causette"
        assert size + 1 not in tokenizer.encode("<unused_421>") and tokenizer.decode([size + 1, size + 5]) == ""
        typed = tokenizer.encode("<|im_end|> <tool>")
        assert not {size, size + 3} & set(typed) and tokenizer.decode(typed) == "<|im_end|> <tool>"
    (folder / "tokenizer_config.json").unlink()
    tokens = {"<|im_end|>": size, "Causette": size + 1}
    (folder / "added_tokens.json").write_text(json.dumps(tokens))
    changed(folder, "special_tokens_map.json", eos_token="<|im_end|>")
    tokenizer, _ = load_tokenizer(str(folder))  # the files of before 2023
    assert tokenizer.end_id == size and size + 1 in tokenizer.encode("Causette")


def test_a_token_without_a_row_is_left_out_unless_it_is_met(llama2, exported):
    """Many folders name a "<pad>" that the model was never enlarged for."""
    original, _ = exported("llama2")
    size = original.tokenizer.vocabulary_size
    named = {"eos_token": "</s>", "added_tokens_decoder": {str(size): {"content": "<pad>", "special": True}}}
    with_added(llama2, tokenizer_config=named)
    assert load_model(str(llama2)).tokenizer.vocabulary_size == size
    named["added_tokens_decoder"][str(size)] = {"content": "mot", "special": False}
    changed(llama2, "tokenizer_config.json", **named)
    with pytest.raises(InputError, match=f"Il a {size + 1} jetons, le modèle n'en a que {size}"):
        load_model(str(llama2))


def test_files_that_disagree_about_a_token_are_refused(llama2):
    with_added(llama2, tokenizer_config={"added_tokens_decoder": {"5": {"content": "<pad>", "special": True}}})
    with pytest.raises(InputError, match="pas d'accord sur le jeton 5"):
        load_tokenizer(str(llama2))


def test_control_pieces_of_mistral_are_tokens_of_its_template(tmp_path):
    """From its second version on "[INST]" is a token; a text cannot write it, with tokenizer.model or without."""
    pieces = sentence_pieces(["[INST]", "[/INST]", *(f"[control_{place}]" for place in range(5))])
    _, options = FAMILIES["mistral_window"]
    model = replace(language_model("Mistral", options, pieces), template=MISTRAL)
    export_transformers(model, tmp_path / "v3")
    segments = MISTRAL.prompt([user("[INST] où ? [control_1]")])
    wanted = [1, 3, *pieces.encode(" [ INST] où ? [control_1]"), 4]
    ids = []
    for _ in range(2):
        tokenizer, template = load_tokenizer(str(tmp_path / "v3"))
        assert template.name == "mistral" and tokenizer.special["[INST]"] == 3
        ids.append(encode_segments(tokenizer, segments)[0])
        (tmp_path / "v3" / "tokenizer.model").unlink(missing_ok=True)
    assert ids == [wanted, wanted]


def test_the_template_of_llama3_asks_for_its_tokens(exported):
    _, folder = exported("llama3")
    model = load_model(str(folder), template="llama3")
    special = model.tokenizer.special
    assert model.tokenizer.end_id == special["<|eot_id|>"] and model.tokenizer.start_id == special["<|begin_of_text|>"]
    ids, _ = encode_segments(model.tokenizer, LLAMA3.prompt([user("Où ?")]))
    assert ids[0] == model.tokenizer.start_id and ids.count(special["<|start_header_id|>"]) == 2
    with pytest.raises(InputError, match=r"n'a pas de jeton <\|start_header_id\|>") as told:
        load_model("mini", template="llama3")
    assert len(str(told.value).splitlines()) == 2


def test_an_instructed_llama3_ends_its_answers_with_another_token(exported, tmp_path):
    """KerasHub's tokenizer of Llama 3 ends with <|end_of_text|>; the template's end, or the noted one, wins."""
    _, folder = exported("llama3")
    base = load_model(str(folder))
    ended = replace(base, tokenizer=base.tokenizer.ending_with("<|end_of_text|>"))
    export_transformers(ended, tmp_path / "base")
    plain = load_model(str(tmp_path / "base"))
    assert plain.tokenizer.end_id == base.tokenizer.special["<|end_of_text|>"]
    instructed = load_model(str(tmp_path / "base"), template="llama3")
    assert instructed.tokenizer.end_id == base.tokenizer.special["<|eot_id|>"]
    save_preset(instructed.causal_lm, tmp_path / "preset", {**instructed.note, "template": "plain"})
    assert load_model(str(tmp_path / "preset")).tokenizer.end_id == base.tokenizer.special["<|eot_id|>"]


def test_byte_pairs_in_vocab_and_merges_alone(exported, tmp_path):
    original, _ = exported("gpt2")
    export_transformers(original, tmp_path / "gpt2")
    (tmp_path / "gpt2" / "tokenizer.json").unlink()
    tokenizer, _ = load_tokenizer(str(tmp_path / "gpt2"))
    assert [tokenizer.encode(text) for text in TEXTS] == [original.tokenizer.encode(text) for text in TEXTS]


def test_byte_pairs_that_cut_otherwise_or_have_added_words_are_refused(exported, tmp_path):
    original, _ = exported("gpt2")
    export_transformers(original, tmp_path / "gpt2")
    path = tmp_path / "gpt2" / "tokenizer.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    other = {**whole, "pre_tokenizer": {**whole["pre_tokenizer"], "add_prefix_space": True}}
    path.write_text(json.dumps(other))
    with pytest.raises(InputError, match="ne découpe pas les textes comme"):
        load_tokenizer(str(tmp_path / "gpt2"))
    word = {**whole["added_tokens"][0], "id": original.tokenizer.vocabulary_size, "content": "mot", "special": False}
    path.write_text(json.dumps({**whole, "added_tokens": [*whole["added_tokens"], word]}))
    with pytest.raises(InputError, match="Des mots lui ont été ajoutés"):
        load_tokenizer(str(tmp_path / "gpt2"))


def test_no_tokenizer_at_all_is_told(llama2):
    for file in ("tokenizer.json", "tokenizer.model"):
        (llama2 / file).unlink()
    with pytest.raises(InputError, match=r"Il lui faut tokenizer\.model"):
        load_model(str(llama2))


# What cannot be computed, or is damaged

REFUSED = [
    ({"attention_bias": True}, "attention_bias = True"),
    ({"mlp_bias": True}, "mlp_bias = True"),
    ({"hidden_act": "gelu"}, "hidden_act = 'gelu'"),
    ({"head_dim": 16}, "Têtes de largeur 16"),
    ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, "Positions de type « yarn »"),
    ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "Positions de type « dynamic »"),
    ({"quantization_config": {"quant_method": "gptq"}}, "déjà quantifiés"),
    ({"architectures": ["LlamaForSequenceClassification"]}, "n'est pas un modèle de langue causal"),
    ({"num_key_value_heads": 3}, "4 ne se partage pas en 3"),
    ({"num_attention_heads": "four"}, "num_attention_heads doit être un entier positif"),
    ({"rms_norm_eps": "small"}, "rms_norm_eps doit être un nombre positif"),
    ({"num_hidden_layers": 1}, r"model\.layers\.1\.\S+ : sans place"),
    ({"num_key_value_heads": 2}, "k_proj.weight : de forme 32 × 32 ; config.json annonce 16 × 32"),
    ({"vocab_size": 999}, "embed_tokens.weight : de forme"),
    ({"tie_word_embeddings": True}, r"lm_head\.weight : différent des plongements"),
    ({"model_type": "mistral", "architectures": ["MistralForCausalLM"], "tie_word_embeddings": True},
     "tie_word_embeddings = True"),
    ({"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "use_sliding_window": True, "sliding_window": 9,
      "max_window_layers": 1}, "la même fenêtre"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "told"), REFUSED)
def test_what_cannot_be_computed_is_refused_in_two_lines(values, told, llama2):
    with pytest.raises(InputError, match=told) as error:
        load_model(str(changed(llama2, **values)))
    assert len(str(error.value).splitlines()) == 2


def broken(name, array):
    return None if name == "model.norm.weight" else array


SPOILT = [
    (broken, r"model\.norm\.weight : absent"),
    (lambda name, array: array[:, :-1].copy() if "o_proj" in name else array, "o_proj.weight : de forme 32 × 31"),
    (lambda name, array: array.astype("int8") if "o_proj" in name else array, "o_proj.weight : de type I8"),
    (lambda name, array: array * np.nan if "norm" in name else array, "pas des nombres finis"),
]


@pytest.mark.parametrize(("change", "told"), SPOILT)
def test_weights_that_are_not_those_announced_are_told(change, told, llama2):
    with pytest.raises(InputError, match=told) as error:
        load_model(str(rewritten(llama2, change)))
    assert len(str(error.value).splitlines()) == 2


def test_a_head_that_is_the_embedding_and_masks_are_passed_over(exported, tmp_path):
    """A tied folder may hold its head too, and old ones hold angles and masks that are computed anew."""
    original, _ = exported("llama2_grouped_tied")
    export_transformers(original, tmp_path / "tied")
    path = tmp_path / "tied" / "model.safetensors"
    arrays = load_file(path)
    more = {"lm_head.weight": arrays["model.embed_tokens.weight"],
            "model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(4, "float32")}  # fmt: skip
    save_file({**arrays, **more}, path)
    assert np.array_equal(logits(load_model(str(tmp_path / "tied")).causal_lm), logits(original.causal_lm))


def test_names_of_the_first_gpt2(exported, tmp_path):
    """Its files say "wte.weight" for "transformer.wte.weight", and hold the masks."""
    original, _ = exported("gpt2")
    export_transformers(original, tmp_path / "gpt2")
    path = tmp_path / "gpt2" / "model.safetensors"
    arrays = {name.removeprefix("transformer."): array for name, array in load_file(path).items()}
    save_file({**arrays, "h.0.attn.bias": np.ones((1, 1, 64, 64), "float32")}, path)
    assert np.array_equal(logits(load_model(str(tmp_path / "gpt2")).causal_lm), logits(original.causal_lm))


def test_a_missing_file_of_several_is_told(exported, tmp_path):
    original, _ = exported("llama2")
    export_transformers(original, tmp_path / "many", most_bytes=40_000)
    lost = sorted((tmp_path / "many").glob("model-*.safetensors"))[1]
    lost.unlink()
    with pytest.raises(InputError, match=f"il manque {lost.name}"):
        load_model(str(tmp_path / "many"))


def test_weights_of_pytorch_alone_are_refused_with_the_cure(llama2):
    (llama2 / "model.safetensors").rename(llama2 / "pytorch_model.bin")
    with pytest.raises(InputError, match="save_pretrained") as error:
        load_model(str(llama2))
    assert len(str(error.value).splitlines()) == 2


def test_options_and_precision_reach_the_backbone(exported):
    _, folder = exported("llama2")
    model = load_model(str(folder), dtype="mixed_bfloat16", dropout=0.25)
    assert model.causal_lm.backbone.dropout == 0.25 and model.causal_lm.compute_dtype == "bfloat16"
