"""`causette pull` from a Hub on this machine: what comes, what stays there, what is refused, what an interruption leaves."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save

from app.hub.checks import check_no_code
from app.hub.pulled import pulled
from app.main import main
from app.output import Output
from chatbot.errors import InputError, WorldError
from chatbot.locate import locate
from chatbot.model import load_model, weights_fingerprint
from datasets_prep.prepared import PreparedSet


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def model_files(tiny_preset):
    return {
        path.relative_to(tiny_preset).as_posix(): path.read_bytes() for path in tiny_preset.rglob("*") if path.is_file()
    }


def pull(repo="zoe/faq", **options):
    from app.hub.pull import Wanted
    from app.hub.pull import pull as pull_from_hub

    return pull_from_hub(Wanted(repo=repo, **options), Output())


def here(folder="."):
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


# -- a model ---------------------------------------------------------------------------------------------------------


def test_a_model_comes_and_loads(hub, model_files, tiny_model, capsys):
    more = {
        "README.md": b"# faq", "LICENSE": b"MIT", "causette/exhibits.json": b"{}",
        "transformers/model.safetensors": b"twice", "pytorch_model.bin": b"pickle", "modeling.py": b"import os",
        "model.keras": b"zip", "tf_model.h5": b"other", "onnx/model.onnx": b"onnx", "a.gguf": b"gguf",
    }  # fmt: skip
    commit = hub.make("model", "zoe/faq", {**model_files, **more}, private=True)
    assert main(["pull", "zoe/faq", "--json"]) == 0
    said = capsys.readouterr()
    value = json.loads(said.out)
    assert value["commit"] == commit.oid and value["folder"] == str(Path("runs/faq")) and value["new"]
    left = {each["path"]: each["reason"] for each in value["left"]}
    assert set(left) == {
        "transformers/model.safetensors", "pytorch_model.bin", "modeling.py", "model.keras", "tf_model.h5",
        "onnx/model.onnx", "a.gguf",
    }  # fmt: skip
    assert left["modeling.py"] == "du code" and left["pytorch_model.bin"] == "peut exécuter du code"
    assert "Laissé là-bas\xa0: modeling.py (du code)." in said.err and commit.oid[:12] in said.err
    assert here("runs") == {
        f"faq/{path}" for path in {*model_files, "README.md", "LICENSE", "causette/exhibits.json", "hub.json"}
    }
    model = load_model("runs/faq")
    assert weights_fingerprint(model.causal_lm) == weights_fingerprint(tiny_model.causal_lm)
    assert model.template.name == tiny_model.template.name
    asked = len(hub.requests)
    assert main(["pull", "zoe/faq"]) == 0
    assert "rien à télécharger" in capsys.readouterr().out
    assert not [path for method, path, _ in hub.requests[asked:] if "/resolve/" in path]


def test_what_stays_is_told_by_folder(hub, model_files, capsys):
    more = {f"transformers/{name}": b"twice" for name in ("config.json", "model.safetensors", "vocab.json")}
    hub.make("model", "zoe/faq", {**model_files, **more})
    pull()
    told = capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")
    assert "transformers/, 3 fichiers (le même modèle, pour transformers)" in told and "vocab.json" not in told


def test_a_model_and_a_data_set_are_not_taken_for_each_other(hub, model_files):
    hub.make("model", "zoe/faq", model_files)
    hub.make("dataset", "zoe/jeu", {"a.csv": b"question,answer\n"}, private=True)
    with pytest.raises(InputError, match="--dataset"):
        pull("zoe/jeu")
    with pytest.raises(InputError, match="retirez --dataset"):
        pull("zoe/faq", dataset=True)
    with pytest.raises(InputError, match="introuvable"):
        pull("zoe/rien")


def test_the_revision_is_pinned(hub, model_files):
    first = hub.make("model", "zoe/faq", {**model_files, "README.md": b"one"})
    hub.repository("model", "zoe/faq").tags["v1"] = first.oid
    second = hub.edit("model", "zoe/faq", "README.md", b"two", "Two")
    for revision, commit, card in (("v1", first, b"one"), (first.oid, first, b"one"), ("main", second, b"two")):
        got = pull(revision=revision, out=Path(f"got/{revision}"))
        assert (got.folder / "README.md").read_bytes() == card
        noted = pulled(got.folder)
        assert (noted.repo, noted.revision, noted.commit) == ("zoe/faq", revision, commit.oid)
    assert main(["pull", "zoe/faq", "--revision", "v1", "--out", "got/asked"]) == 0
    assert pulled(Path("got/asked")).commit == first.oid
    with pytest.raises(InputError, match="révision"):
        pull(revision="v9")
    with pytest.raises(InputError, match="existe déjà"):
        pull(revision="main", out=Path("got/v1"))  # what is there is of another commit


def test_what_a_folder_lost_comes_again(hub, model_files, capsys):
    hub.make("model", "zoe/faq", {**model_files, "README.md": b"# faq", "hub.json": b"{}"})
    folder = pull(out=Path("got")).folder
    (folder / "mine.txt").write_bytes(b"kept")
    whole, note = here("got"), (folder / "hub.json").read_bytes()
    (folder / "model.weights.h5").unlink()
    (folder / "config.json").write_bytes(bytes(len(model_files["config.json"])))  # the same size
    asked = len(hub.requests)
    capsys.readouterr()
    assert main(["pull", "zoe/faq", "--out", "got"]) == 0
    said = capsys.readouterr()
    assert "rien à télécharger" not in said.out
    assert "got\xa0: config.json a changé, repris du Hub." in said.err and "model.weights.h5 manque" in said.err
    came = [path.rpartition("/")[2] for _, path, code in hub.requests[asked:] if "/resolve/" in path and code == 200]
    assert came == ["config.json", "model.weights.h5"]  # and no other
    assert here("got") == whole == here("got") and (folder / "hub.json").read_bytes() == note
    assert {path: (folder / path).read_bytes() for path in model_files} == model_files
    assert here() == {f"got/{path}" for path in whole}  # no stage beside it
    assert main(["pull", "zoe/faq", "--out", "got"]) == 0
    assert "rien à télécharger" in capsys.readouterr().out


def test_what_comes_again_is_checked_and_resumed(hub, model_files, monkeypatch):
    monkeypatch.setattr("app.hub.download.WAITS", (0.0,))
    monkeypatch.setattr("pathlib.Path.hardlink_to", lambda *_: (_ for _ in ()).throw(OSError))  # a disk without links
    hub.make("model", "zoe/faq", model_files)
    pull()
    Path("runs/faq/model.weights.h5").unlink()
    hub.drop(path="model.weights.h5", after=1000)
    hub.fail(503, path="model.weights.h5")
    with pytest.raises(WorldError, match="reprendra là"):
        pull()
    assert not Path("runs/faq/model.weights.h5").exists()
    assert pull().files == ("model.weights.h5",)
    assert weights_requests(hub)[-1] == 206
    assert Path("runs/faq/model.weights.h5").read_bytes() == model_files["model.weights.h5"]
    assert here("runs") == {f"faq/{path}" for path in {*model_files, "hub.json"}}


def test_a_model_in_the_transformers_format(hub, tiny_model, tmp_path):
    from chatbot.export import export_transformers

    export_transformers(tiny_model, tmp_path / "exported")
    files = {path.name: path.read_bytes() for path in (tmp_path / "exported").iterdir()}
    hub.make("model", "autre/gpt2", {**files, "rust_model.ot": b"1"})
    folder = pull("hf://autre/gpt2").folder
    assert weights_fingerprint(load_model(str(folder)).causal_lm) == weights_fingerprint(tiny_model.causal_lm)


def test_what_was_sent_comes_back(hub, tiny_preset, model_files, tiny_model):
    from app.hub.asked import Asked
    from app.hub.deliver import deliver
    from app.hub.parcel import folder_items, item, parcel

    sent = deliver(
        parcel("model", "faq", *folder_items(tiny_preset), item("README.md", b"---\nlicense: mit\n---\n# faq")),
        Asked(repo="zoe/faq"),
        Output(),
    )
    got = pull(revision=sent.tag)
    assert got.note.commit == sent.commit
    assert weights_fingerprint(load_model("hf://zoe/faq").causal_lm) == weights_fingerprint(tiny_model.causal_lm)
    assert {path: (got.folder / path).read_bytes() for path in model_files} == model_files


# -- an adapter ------------------------------------------------------------------------------------------------------


@pytest.fixture
def adapter_files(tmp_path):
    """Of an adapter of the embedded model, whose second matrix is not zero."""
    from chatbot.adapter import Adapter, prepare, save_adapter

    body = load_model("mini").causal_lm.backbone
    base = prepare(body, "lora", rank=2, alpha=4, targets=("query",))
    for variable in body.trainable_variables:
        variable.assign(np.full(variable.shape, 0.01))
    note = Adapter(
        method="lora", rank=2, alpha=4, targets=("query",), base="mini", base_fingerprint=base, template="human_assistant"
    )  # fmt: skip
    save_adapter(tmp_path / "adapter", note, body)
    return {f"adapter/{path.name}": path.read_bytes() for path in (tmp_path / "adapter").iterdir()}


def test_an_adapter_comes_alone(hub, adapter_files):
    hub.make("model", "zoe/lora", {**adapter_files, "README.md": b"# lora"})
    folder = pull("zoe/lora").folder
    model, there = load_model(str(folder)), load_model("hf://zoe/lora")
    assert model.adapter == folder / "adapter"
    assert weights_fingerprint(model.causal_lm) == weights_fingerprint(there.causal_lm)
    assert weights_fingerprint(model.causal_lm) != weights_fingerprint(load_model("mini").causal_lm)


def test_an_adapter_of_somebodys_folder_is_refused(hub, adapter_files):
    note = json.loads(adapter_files["adapter/adapter.json"])
    forged = {**adapter_files, "adapter/adapter.json": json.dumps({**note, "base": "/etc"}).encode()}
    hub.make("model", "zoe/lora", forged)
    for way in (lambda: pull("zoe/lora"), lambda: locate("hf://zoe/lora")):
        with pytest.raises(InputError, match="machine de son auteur"):
            way()
    assert here() == set()
    ring = {**adapter_files, "adapter/adapter.json": json.dumps({**note, "base": "hf://zoe/ring"}).encode()}
    hub.make("model", "zoe/ring", ring)  # an adapter that lies beside itself
    with pytest.raises(InputError, match="lui-même un adaptateur"):
        locate("hf://zoe/ring")


def test_hf_names_take_no_weights_twice(hub, model_files, tiny_model):
    more = {"transformers/model.safetensors": b"twice", "causette/exhibits.json": b"{}", "pytorch_model.bin": b"pickle"}
    hub.make("model", "zoe/faq", {**model_files, **more}, private=True)
    found = locate("hf://zoe/faq").folder
    assert here(found) == set(model_files)
    assert hub.home in found.parents
    with pytest.raises(InputError, match="révision"):
        locate("hf://zoe/faq", revision="v9")


# -- what is refused -------------------------------------------------------------------------------------------------


def spoilt(weights: bytes, change, tmp_path) -> bytes:
    """A file of weights whose first large array was changed."""
    path = tmp_path / "spoilt.weights.h5"
    path.write_bytes(weights)
    with h5py.File(path, "r+") as file:
        found = []
        file.visititems(lambda name, held: found.append(held) if isinstance(held, h5py.Dataset) and held.ndim else None)
        change(file, found[-1])
    return path.read_bytes()


def no_number(file, held):
    held[(-1,) * held.ndim] = np.nan


def outside(file, held):
    name = held.name
    del file[name]
    file[name] = h5py.ExternalLink("other.h5", "/data")


def bomb(file, held):
    name = held.name
    del file[name]
    file.create_dataset(name, shape=(1 << 30,), dtype="f4", chunks=(1 << 20,))


@pytest.mark.parametrize(
    ("change", "words"),
    [(no_number, "nombres finis"), (outside, "mène hors du fichier"), (bomb, "plus que le fichier ne contient")],
)
def test_weights_that_are_not_sound(hub, model_files, tmp_path, change, words):
    hub.make(
        "model",
        "zoe/faq",
        {**model_files, "model.weights.h5": spoilt(model_files["model.weights.h5"], change, tmp_path)},
    )
    with pytest.raises(InputError, match=words):
        pull()
    assert here() == set()


@pytest.mark.parametrize("kind", ["float32", "float16", "float64", "bfloat16"])
def test_every_kind_of_number_is_looked_at(tmp_path, kind):
    import ml_dtypes

    from app.hub.checks import check_weights

    values = np.linspace(-1, 1, 1000).astype(ml_dtypes.bfloat16 if kind == "bfloat16" else kind)
    ids = np.full(9, -1)  # integers of which every bit is one
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"a": values, "ids": ids}))
    check_weights(tmp_path, "m")
    for bad in (np.nan, np.inf, -np.inf):
        values[999] = bad
        path.write_bytes(save({"a": values, "ids": ids}))
        with pytest.raises(InputError, match="nombres finis"):
            check_weights(tmp_path, "m")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="plus que le fichier ne contient"):
        check_weights(tmp_path, "m")


def test_bfloat16_as_keras_writes_it(tmp_path):
    import keras

    from app.hub.checks import check_weights

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])
    for bad in (0.5, np.inf):
        model.layers[0].bias.assign([bad, 1.0])
        model.save_weights(tmp_path / "model.weights.h5", overwrite=True)
        if np.isfinite(bad):
            check_weights(tmp_path, "m")
        else:
            with pytest.raises(InputError, match="nombres finis"):
                check_weights(tmp_path, "m")


def changed(files, name, **values):
    config = json.loads(files[name])
    return {**files, name: json.dumps({**config, **values}).encode()}


def test_what_would_need_code(hub, model_files):
    config = json.loads(model_files["config.json"])["config"]
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}
    for files, words in (
        (changed(model_files, "task.json", module="evil.models"), "evil.models"),
        (
            changed(model_files, "tokenizer.json", config={"inner": [{"module": "os", "class_name": "system"}]}),
            r"\(os\.system\)",
        ),
        (changed(model_files, "config.json", auto_map={"AutoModel": "modeling.Evil"}), "auto_map"),
        (changed(model_files, "config.json", config={**config, "layer": layer}), "Lambda"),
        ({**model_files, "task.json": b"{"}, "illisible"),
    ):
        hub.make("model", "zoe/faq", files)
        asked = len(hub.requests)
        with pytest.raises(InputError, match=words):
            pull()
        assert not [path for _, path, _ in hub.requests[asked:] if path.endswith(".h5")]  # before the weights are there
    hub.make("model", "zoe/pickle", {"config.json": b"{}", "pytorch_model.bin": b"1"})
    with pytest.raises(InputError, match=r"que des poids qui peuvent exécuter du code \(pytorch_model.bin\)"):
        pull("zoe/pickle")
    hub.make("model", "zoe/rien", {"README.md": b"1"})
    with pytest.raises(InputError, match="pas de poids"):
        pull("zoe/rien")
    assert here() == set()


@pytest.mark.parametrize(
    ("module", "name", "registered"),
    [
        ("keras.utils", "get_file", None), ("keras.config", "enable_unsafe_deserialization", None),
        ("builtins", "function", "eval"), ("builtins", "eval", None), ("keras.layers", "Lambda", "Lambda"),
        ("keras_hub.src.utils.preset_utils", "get_file", None), ("keras_hub.models", "__lambda__", None),
        ("keras_hub.src.models.gpt2.gpt2_backbone", "GPT2Backbone", "other>Evil"), (None, "GPT2Backbone", "other>Evil"),
        (["os"], "GPT2Backbone", None), ("keras_hubs.models", "GPT2Backbone", None), ("keras.initializers", "get", None),
        ("keras.src.saving.saving_lib", "DTypePolicy", None), ("os", ["system"], None), ("\x1b[2Jos", "system", None),
    ],
)  # fmt: skip
def test_only_the_parts_of_a_model_are_named(tmp_path, module, name, registered):
    value = {"module": module, "class_name": name, "config": {}, "registered_name": registered}
    (tmp_path / "task.json").write_text(json.dumps({"config": {"inner": [value]}}), encoding="utf-8")
    with pytest.raises(InputError, match="autre chose qu'un modèle de KerasHub") as error:
        check_no_code(tmp_path, "m")
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("kind", ["GPT2", "Llama", "Llama3", "Mistral", "Qwen"])
def test_models_name_only_known_classes(tmp_path, kind):
    """What KerasHub writes of each family is no code."""
    import keras_hub

    sizes = {"vocabulary_size": 16, "num_layers": 1, "hidden_dim": 8, "intermediate_dim": 8}
    heads = {"num_heads": 2} if kind == "GPT2" else {"num_query_heads": 2, "num_key_value_heads": 1}
    model = getattr(keras_hub.models, f"{kind}CausalLM")
    for dtype in ("float32", "mixed_bfloat16"):
        written = as_preset(model.backbone_cls(**sizes, **heads, dtype=dtype), tmp_path)
        assert f"{kind}Backbone" in written and "DTypePolicy" in written
    for part in (model, model.preprocessor_cls, model.preprocessor_cls.tokenizer_cls):
        value = {"module": part.__module__, "class_name": part.__name__, "config": {},
                 "registered_name": f"keras_hub>{part.__name__}"}  # fmt: skip
        (tmp_path / "task.json").write_text(json.dumps(value), encoding="utf-8")
        check_no_code(tmp_path, "m")


def test_quantised_models_name_only_known_classes(tmp_path, tiny_tokenizer):
    from tests.conftest import build_tiny

    for width, policy in (("int8", "QuantizedDTypePolicy"), ("int4", "Int4DTypePolicy")):
        model = build_tiny(tiny_tokenizer, layers=1)
        model.backbone.quantize(width)
        written = as_preset(model.backbone, tmp_path)
        assert policy in written and "DTypePolicyMap" in written


def as_preset(part, folder) -> str:
    """The configuration that a preset holds of a part of a model, checked."""
    import keras

    written = json.dumps(keras.saving.serialize_keras_object(part))
    (folder / "config.json").write_text(written, encoding="utf-8")
    check_no_code(folder, "m")
    return written


def test_what_models_write_around_their_parts(tmp_path):
    """Initialisers, older names, and a vocabulary that has these words among its tokens."""
    for value in (
        {"module": "keras.initializers", "class_name": "RandomNormal", "config": {}, "registered_name": None},
        {"module": "keras_nlp.src.models.gpt2.gpt2_backbone", "class_name": "GPT2Backbone", "config": {},
         "registered_name": "keras_nlp>GPT2Backbone"},
        {"module": None, "class_name": "GPT2Tokenizer", "config": {}, "registered_name": "keras_hub>GPT2Tokenizer"},
        {"class_name": 17, "module": 18, "config": 19},
    ):  # fmt: skip
        (tmp_path / "tokenizer.json").write_text(json.dumps(value), encoding="utf-8")
        check_no_code(tmp_path, "m")


def test_a_configuration_that_would_fill_the_memory(hub, model_files, monkeypatch):
    monkeypatch.setattr("app.hub.needed.LONGEST_JSON", 10_000)
    hub.make("model", "zoe/faq", {**model_files, "causette/exhibits.json": b" " * 10_001})
    asked = len(hub.requests)
    with pytest.raises(InputError, match=r"exhibits\.json a 10,0\xa0ko"):
        pull()
    assert here() == set() and not [path for _, path, _ in hub.requests[asked:] if "/resolve/" in path]


@pytest.mark.parametrize("path", ["config.json", "model.weights.h5"])
@pytest.mark.parametrize("name", ["../../../evil", "/tmp/evil", "ABCDEF" + "0" * 58, "0" * 63, ""])
def test_a_hash_that_is_none(hub, model_files, monkeypatch, path, name):
    """A forged server gives a place for the name of a content: nothing may be written there."""
    from huggingface_hub.hf_api import RepoFile

    monkeypatch.setattr("app.hub.download.WAITS", (0.0,))
    listed = RepoFile.__init__

    def forged(entry, **announced):
        if announced["path"] == path:
            announced = {**announced, "oid": name}
            if announced.get("lfs"):
                announced["lfs"] = {**announced["lfs"], "oid": name}
        listed(entry, **announced)

    monkeypatch.setattr(RepoFile, "__init__", forged)
    hub.make("model", "zoe/faq", model_files)
    with pytest.raises(InputError, match="une empreinte qui n'en est pas une"):
        pull()
    assert here("..") == set()


def test_an_inflated_configuration(hub, model_files):
    config = json.loads(model_files["config.json"])["config"]
    hub.make("model", "zoe/faq", changed(model_files, "config.json", config={**config, "vocabulary_size": 10**9}))
    with pytest.raises(InputError, match="annonce au moins"):
        pull()
    assert here() == set()


def test_a_missing_part(hub, model_files):
    index = {"weight_map": {"/a": ["model_00000.weights.h5"], "/b": ["model_00001.weights.h5"]}}
    files = {path: content for path, content in model_files.items() if path != "model.weights.h5"}
    files |= {
        "model.weights.json": json.dumps(index).encode(),
        "model_00000.weights.h5": model_files["model.weights.h5"],
    }
    hub.make("model", "zoe/faq", files)
    with pytest.raises(InputError, match=r"il manque model_00001.weights.h5"):
        pull()


@pytest.mark.parametrize("path", ["model.weights.h5", "config.json"])
def test_a_file_that_is_not_what_the_hub_announces(hub, model_files, path):
    hub.make("model", "zoe/faq", model_files)
    content = model_files[path]
    for forged in (bytes([content[0] ^ 1]) + content[1:], content + b"more"):
        hub.forge("model", "zoe/faq", path, forged)
        with pytest.raises(InputError, match=f"{path} n'est pas le fichier que le Hub annonce"):
            pull()
        assert not Path("runs/faq").exists()
    hub.forged.clear()
    pull()  # nothing of it was kept


def test_names_that_lead_elsewhere_are_left(hub, model_files, capsys):
    hub.make(
        "model", "zoe/faq", {**model_files, "assets/../../x.json": b"{}", "C:x.json": b"{}", "\x1b[2J.json": b"{}"}
    )
    got = pull()
    assert {path for path, _ in got.left} == {"assets/../../x.json", "C:x.json", "\x1b[2J.json"}
    assert "\x1b" not in capsys.readouterr().err
    assert here() == {f"runs/faq/{path}" for path in {*model_files, "hub.json"}}


# -- interruptions ---------------------------------------------------------------------------------------------------


def weights_requests(hub):
    return [code for method, path, code in hub.requests if method == "GET" and path.endswith("model.weights.h5")]


def test_a_cut_connection_is_gone_on_from(hub, model_files, capsys, monkeypatch):
    monkeypatch.setattr("app.hub.download.WAITS", (0.0, 0.0))
    hub.make("model", "zoe/faq", model_files)
    size = len(model_files["model.weights.h5"])
    hub.drop(path="model.weights.h5", after=size // 2)
    hub.fail(503, path="resolve/.*/config.json")
    got = pull()
    assert (got.folder / "model.weights.h5").read_bytes() == model_files["model.weights.h5"]
    assert weights_requests(hub) == [200, 206]
    assert "nouvel essai" in capsys.readouterr().err


def test_a_later_call_goes_on(hub, model_files, monkeypatch):
    monkeypatch.setattr("app.hub.download.WAITS", (0.0,))
    hub.make("model", "zoe/faq", model_files)
    half = len(model_files["model.weights.h5"]) // 2
    hub.drop(path="model.weights.h5", after=half)
    hub.drop(path="model.weights.h5", after=0)  # and then nothing more
    with pytest.raises(WorldError, match="reprendra là") as error:
        pull()
    assert "127.0.0.1" not in str(error.value) and hub.token not in str(error.value)
    assert not Path("runs/faq").exists()
    asked = len(hub.requests)
    pull()
    again = [(path.rpartition("/")[2], code) for method, path, code in hub.requests[asked:] if "/resolve/" in path]
    assert again.count(("model.weights.h5", 206)) == 1 and ("config.json", 200) not in again
    assert here() == {f"runs/faq/{path}" for path in {*model_files, "hub.json"}}


def test_a_killed_call_leaves_no_folder(hub, model_files):
    """The process dies while the weights come; what it had is not asked for again."""
    hub.make("model", "zoe/faq", model_files)
    code = (
        "import os, app.hub.download as d\n"
        "written = d._written\n"
        "def dies(response, opened, file, done):\n"
        "    def cut(here):\n"
        "        opened.flush(); os._exit(9)\n"
        "    written(response, opened, file, cut if file.path == 'model.weights.h5' else done)\n"
        "d._written = dies\n"
        "from app.main import main; main(['pull', 'zoe/faq'])"
    )
    root = str(Path(__file__).parents[2])
    environment = {**hub.env(), "PYTHONPATH": root}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False, timeout=120).returncode == 9
    assert not Path("runs/faq").exists()
    pull()
    assert weights_requests(hub)[-1] == 206
    load_model("runs/faq")


def test_room_is_looked_for_first(hub, model_files, monkeypatch):
    hub.make("model", "zoe/faq", model_files)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(InputError, match=r"il faut .* le disque n'a plus que 1,0"):
        pull()
    assert weights_requests(hub) == []


def test_what_another_commit_left_is_not_kept(hub, model_files, monkeypatch):
    monkeypatch.setattr("app.hub.download.WAITS", (0.0,))
    hub.make("model", "zoe/faq", {**model_files, "assets/old.txt": b"old"})
    hub.drop(path="model.weights.h5", after=0)
    with pytest.raises(WorldError):
        pull()
    hub.make("model", "zoe/faq", {**model_files, "README.md": b"new"})
    pull()
    assert here() == {f"runs/faq/{path}" for path in {*model_files, "README.md", "hub.json"}}


# -- refusals of the Hub ---------------------------------------------------------------------------------------------


def test_what_the_hub_refuses(hub, model_files, monkeypatch, capsys):
    hub.make("model", "autre/secret", model_files, private=True)
    hub.make("model", "autre/gated", model_files, gated=True)
    for repo, words in (
        ("zoe/absent", "introuvable"), ("autre/secret", "introuvable"), ("autre/gated", "conditions"), ("faq", "propriétaire/nom"),
    ):  # fmt: skip
        assert main(["pull", repo]) == 2
        assert words in capsys.readouterr().err
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert main(["pull", "autre/gated"]) == 2
    said = capsys.readouterr().err
    assert "(401)" in said and "hf_wrong" not in said
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["pull", "autre/gated"]) == 1
    said = capsys.readouterr().err
    assert "la connexion au Hub a échoué" in said and "Relancez" in said and "hf_wrong" not in said
    assert here() == set()


# -- data sets -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared_set(tmp_path_factory):
    from datasets_prep.config import PrepareConfig
    from datasets_prep.prepare import prepare

    folder = tmp_path_factory.mktemp("sets")
    rows = "".join(f"Quel est le délai numéro {k} de la ville {k * 7} ?;Comptez {k + 2} jours.\n" for k in range(60))
    (folder / "faq.csv").write_text("question;reponse\n" + rows, encoding="utf-8")
    out = folder / "faq"
    prepare(PrepareConfig(sources=(str(folder / "faq.csv"),), out=out, seed=2, near_question=1.0, near_answer=1.0))
    return PreparedSet.open(out)


@pytest.fixture
def set_files(prepared_set):
    splits = {
        f"jsonl/{split}.jsonl": (prepared_set.folder / f"{split}.jsonl").read_bytes() for split in prepared_set.splits
    }
    manifest = (prepared_set.folder / "manifest.json").read_bytes()
    parquet = {f"data/{split}-00000-of-00001.parquet": b"PAR1" for split in prepared_set.splits}
    return {"README.md": b"# faq", "manifest.json": manifest, **splits, **parquet}


def test_a_prepared_set_comes_back(hub, prepared_set, set_files, capsys):
    hub.make("dataset", "zoe/faq", set_files, private=True)
    assert main(["pull", "zoe/faq", "--dataset"]) == 0
    assert "causette train --data data/faq" in capsys.readouterr().out.replace("\\", "/")
    back = PreparedSet.open(Path("data/faq"))
    assert back.fingerprint == prepared_set.fingerprint
    assert list(back.split("test")) == list(prepared_set.split("test"))
    assert here("data") == {
        "faq/README.md",
        "faq/manifest.json",
        "faq/hub.json",
        *(f"faq/{split}.jsonl" for split in back.splits),
    }
    assert main(["pull", "zoe/faq", "--dataset"]) == 0
    assert "rien à télécharger" in capsys.readouterr().out


def test_a_set_that_is_not_its_manifests(hub, set_files):
    hub.make("dataset", "zoe/faq", {**set_files, "jsonl/train.jsonl": set_files["jsonl/train.jsonl"] + b"\n"})
    with pytest.raises(InputError, match="n'est pas celui que son manifeste annonce"):
        pull(dataset=True)
    assert here() == set()


def test_a_prepared_set_that_lost_a_split(hub, prepared_set, set_files, capsys):
    hub.make("dataset", "zoe/faq", set_files)
    pull(dataset=True)
    Path("data/faq/train.jsonl").unlink()
    Path("data/faq/test.jsonl").write_bytes(b"")
    got = pull(dataset=True)
    assert got.new and got.prepared and set(got.files) == {"jsonl/test.jsonl", "jsonl/train.jsonl"}
    assert PreparedSet.open(Path("data/faq")).fingerprint == prepared_set.fingerprint
    assert not Path("data/faq/jsonl").exists() and not Path("data/.faq.pull").exists()
    assert not pull(dataset=True).new


def test_a_set_whose_splits_stayed_behind(hub, set_files):
    files = {path: content for path, content in set_files.items() if not path.startswith("jsonl/")}
    hub.make("dataset", "zoe/faq", {**files, "jsonl/more/train.jsonl": b"{}"})
    with pytest.raises(InputError, match=r"aucun fichier jsonl/\*\.jsonl"):
        pull(dataset=True)
    assert here() == set() and not Path("data/.faq.pull").exists()
    hub.make("dataset", "zoe/tables", files)  # a manifest, and tables: a data set like another
    assert pull("zoe/tables", dataset=True).prepared is False
    assert pull("zoe/tables", dataset=True).prepared is False  # the second time as well


def test_the_bar_speaks_french(hub, model_files, monkeypatch):
    import io

    from rich.console import Console

    shown = Console(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr("app.hub.download.advice", shown)
    hub.make("model", "zoe/faq", model_files)
    pull()
    assert "octets / 5,5\xa0ko" in shown.file.getvalue() and "kB" not in shown.file.getvalue()


def test_another_data_set(hub, capsys):
    rows = b"question,answer\nQuoi ?,Oui.\n"
    files = {"README.md": b"# x", "data/faq.csv": rows, "faq.py": b"import os", "train.parquet": b"PAR1", "w.pkl": b"1"}
    hub.make("dataset", "autre/x", files)
    assert main(["pull", "autre/x", "--dataset", "--out", "x"]) == 0
    said = capsys.readouterr()
    assert here("x") == {"README.md", "data/faq.csv", "train.parquet", "hub.json"}
    assert f"causette prepare {Path('x/data/faq.csv')}" in said.out and "read_parquet" in said.out
    assert "faq.py (du code)" in said.err and "w.pkl (peut exécuter du code)" in said.err
    hub.make("dataset", "autre/y", {"README.md": b"# y", "load.py": b"import os"})
    with pytest.raises(InputError, match="aucun fichier de données"):
        pull("autre/y", dataset=True)
