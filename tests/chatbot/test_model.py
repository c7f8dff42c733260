"""Loading: every kind of name, every kind of damage, two lines without a network."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from chatbot.dialogue import user
from chatbot.errors import InputError
from chatbot.known_models import kaggle_handles
from chatbot.locate import EMBEDDED, locate
from chatbot.model import load_model, load_tokenizer, save_preset, weights_fingerprint
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.conftest import build_tiny


@pytest.fixture
def copied(tiny_preset, tmp_path):
    return shutil.copytree(tiny_preset, tmp_path / "copy")


def test_a_preset_comes_back_bit_for_bit(tiny_preset, tiny_model, tiny_tokenizer, tmp_path):
    original = build_tiny(tiny_tokenizer)
    assert weights_fingerprint(original) == weights_fingerprint(tiny_model.causal_lm)
    save_preset(tiny_model.causal_lm, tmp_path / "again", {"template": "alpaca"})
    again = load_model(str(tmp_path / "again"))
    assert weights_fingerprint(again.causal_lm) == weights_fingerprint(original)
    assert again.template.name == "alpaca"
    assert load_model(str(tmp_path / "again"), template="plain").template.name == "plain"


def test_our_tokenizer_has_the_ids_of_the_preset(tiny_model, tiny_tokenizer):
    text = "L'élève a déjà préparé le cœur\n\nde son modèle."
    assert tiny_model.tokenizer.encode(text) == tiny_tokenizer.encode(text)
    tokenizer, template = load_tokenizer(str(tiny_model.folder))
    assert tokenizer.encode(text) == tiny_tokenizer.encode(text) and template.name == "human_assistant"


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_preset_of_half_precision_comes_back_in_float32(tiny_preset, tmp_path, policy):
    import keras_hub

    trained = load_model(str(tiny_preset), dtype=policy).causal_lm
    save_preset(trained, tmp_path / "ours", {"template": "plain"})
    trained.save_to_preset(str(tmp_path / "theirs"))  # KerasHub alone cannot read what it wrote here
    for name in ("ours", "theirs"):
        again = load_model(str(tmp_path / name)).causal_lm
        assert again.compute_dtype == "float32"
        assert weights_fingerprint(again) == weights_fingerprint(trained)
    assert keras_hub.models.CausalLM.from_preset(str(tmp_path / "ours")).compute_dtype == "float32"


def test_keras_hub_alone_loads_it(tiny_preset):
    import keras_hub

    causal_lm = keras_hub.models.CausalLM.from_preset(str(tiny_preset))
    assert causal_lm.backbone.num_layers == 2


def transformers_folder(causal_lm, folder):
    """The same weights as a GPT-2 folder in the transformers format (export lacks `architectures`: keras.md)."""
    causal_lm.export_to_transformers(str(folder))
    config = json.loads((folder / "config.json").read_text())
    config |= {"architectures": ["GPT2LMHeadModel"], "resid_pdrop": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_transformers_folder_gives_the_same_answers(tiny_tokenizer, tmp_path):
    # 64 is 4 × hidden: KerasHub's reader of these folders knows no other width of the feed-forward layers.
    causal_lm = build_tiny(tiny_tokenizer, intermediate=64)
    save_preset(causal_lm, tmp_path / "preset", {"template": "plain"})
    folders = tmp_path / "preset", transformers_folder(causal_lm, tmp_path / "hf")
    models = [load_model(str(folder), template="plain") for folder in folders]
    sampling = Sampling(max_new_tokens=16)
    left, right = (ChatModel(model).reply([user("Bonjour ?")], sampling).text() for model in models)
    assert left == right


def test_missing_things_are_told(copied, tmp_path):
    with pytest.raises(InputError, match=r"n'est pas un modèle \(config\.json y manque"):
        load_model(str(tmp_path))
    with pytest.raises(InputError, match="ni modèle connu"):
        load_model("bart_base_en")  # KerasHub has it, but it translates
    (copied / "config.json").write_text("{broken", encoding="utf-8")
    with pytest.raises(InputError, match="illisible"):
        load_model(str(copied))


def test_lost_weights_are_told(copied):
    (copied / "model.weights.h5").unlink()
    with pytest.raises(InputError, match="ne contient pas de poids"):
        load_model(str(copied))


def test_damaged_weights_are_told(copied):
    (copied / "model.weights.h5").write_bytes(b"\0" * 200_000)
    with pytest.raises(InputError, match="KerasHub ne peut pas lire"):
        load_model(str(copied))


def test_an_inflated_vocabulary_is_refused_before_memory_is_taken(copied):
    config = json.loads((copied / "config.json").read_text())
    config["config"]["vocabulary_size"] = 10**9
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="abîmé ou piégé"):
        load_model(str(copied))


def test_weights_that_are_not_finite_are_refused(tiny_tokenizer, tmp_path):
    causal_lm = build_tiny(tiny_tokenizer)
    variable = causal_lm.backbone.weights[3]
    variable.assign(np.full(variable.shape, np.nan))
    save_preset(causal_lm, tmp_path / "nan", {})
    with pytest.raises(InputError, match="pas des nombres finis"):
        load_model(str(tmp_path / "nan"))


def test_known_names_are_those_of_keras_hub():
    import keras_hub

    translators = keras_hub.models.Seq2SeqLM.presets
    presets = keras_hub.models.CausalLM.presets.items()
    assert kaggle_handles() == {name: one["kaggle_handle"] for name, one in presets if name not in translators}


def test_unknown_names_get_the_nearest():
    with pytest.raises(InputError, match="gpt2_base_en"):
        locate("gpt2_base_em")
    with pytest.raises(InputError, match="mini"):
        locate("minii")
    with pytest.raises(InputError, match="gabarit inconnu"):
        load_model(str(EMBEDDED["mini"]), template="alpacca")


@pytest.mark.parametrize("name", ["gpt2_base_en", "hf://owner/name", "kaggle://keras/gpt2/keras/gpt2_base_en"])
def test_without_a_network_two_lines_within_seconds(name, tmp_path):
    """A closed loopback port stands for the missing network; caches are empty."""
    dead = "http://127.0.0.1:9"
    environment = {
        **os.environ, "HTTP_PROXY": dead, "HTTPS_PROXY": dead, "http_proxy": dead, "https_proxy": dead,
        "HF_HOME": str(tmp_path), "KAGGLEHUB_CACHE": str(tmp_path), "HF_ENDPOINT": dead,
    }  # fmt: skip
    code = "import sys; from app.main import main; sys.exit(main(['chat', sys.argv[1]]))"
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2 and name in lines[0] and "mini" in lines[1], done.stderr
    assert done.stdout == ""


def test_dropout_reaches_the_backbone(tiny_preset, tmp_path):
    assert load_model(str(tiny_preset)).causal_lm.backbone.dropout == 0.0
    model = load_model(str(tiny_preset), dropout=0.25)
    assert model.causal_lm.backbone.dropout == 0.25
    assert model.causal_lm.backbone.transformer_layers[0].dropout == 0.25
    save_preset(model.causal_lm, tmp_path / "kept", {})
    assert load_model(str(tmp_path / "kept")).causal_lm.backbone.dropout == 0.25


DAMAGES = {
    "causette.json": ["{", "[]", '{"exchanges": "two"}', '{"template": ["alpaca"]}', '{"template": "alpacca"}'],
    "config.json": ["[]", '{"config": {"vocabulary_size": "abc"}}', "{}"],
    "tokenizer.json": ["{", "{}"],
    "assets/tokenizer/merges.txt": ["", "x"],
    "assets/tokenizer/vocabulary.json": ["[", "{}"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in DAMAGES.items() for text in texts])
def test_a_damaged_file_is_told_in_two_lines(copied, name, text):
    (copied / name).write_text(text, encoding="utf-8")
    told = []
    for load in (load_model, load_tokenizer):  # each reads some of these files
        try:
            load(str(copied))
        except InputError as error:
            told.append(str(error))
    assert told and all(1 <= len(text.splitlines()) <= 2 for text in told)


@pytest.mark.parametrize("key", ["num_layers", "intermediate_dim", "vocabulary_size", "max_sequence_length"])
@pytest.mark.parametrize("file", ["config.json", "task.json"])
def test_sizes_that_the_weights_cannot_hold_are_not_built(copied, file, key):
    """config.json is refused; what task.json says of the architecture is not believed in the first place."""
    values = json.loads((copied / file).read_text())
    sizes = values["config"] if file == "config.json" else values["config"]["backbone"]["config"]
    sizes[key] = 10_000_000
    (copied / file).write_text(json.dumps(values))
    if file == "config.json":
        with pytest.raises(InputError, match="annonce au moins"):
            load_model(str(copied))
    else:
        assert load_model(str(copied)).causal_lm.backbone.num_layers == 2


def test_truncated_safetensors_are_told(tiny_tokenizer, tmp_path):
    folder = transformers_folder(build_tiny(tiny_tokenizer, intermediate=64), tmp_path / "hf")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size * 3 // 4])
    with pytest.raises(InputError, match="KerasHub ne peut pas lire"):
        load_model(str(folder))
