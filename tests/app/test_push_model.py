"""`causette push model`: what of a model is sent, and that others load it from the Hub by its name."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app import push_model
from app.hub import card_results
from app.hub.own_paths import leaf, without_paths
from app.hub.pushed import pushed
from app.main import main
from chatbot.adapter import Adapter, prepare, save_adapter
from chatbot.files import read_json, write_json
from chatbot.model import load_model
from datasets_prep.prepared import PreparedSet
from tests.app.exhibited import compared, prepared, trained
from tests.app.test_dataset_card import plain
from training.runs import RunFolder

PROMPT = [5, 17, 42, 101, 7]
SENT = ["README.md", "assets/tokenizer/merges.txt", "assets/tokenizer/vocabulary.json", "causette.json",
        "config.json", "metadata.json", "model.weights.h5", "preprocessor.json", "task.json",
        "tokenizer.json"]  # fmt: skip


def logits_of(name: str) -> np.ndarray:
    return logits_in(load_model(name).causal_lm)


def logits_in(causal_lm) -> np.ndarray:
    ids = np.array([PROMPT])
    return np.asarray(causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)}))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of a team: data/faq, runs/…"""
    return tmp_path_factory.mktemp("équipe")


@pytest.fixture(scope="module")
def data(place):
    return prepared(place)


@pytest.fixture(scope="module")
def run(place, data, tiny_preset):
    """A run with a comparison, whose base was a folder of this machine."""
    run = trained(place, tiny_preset, data, base=str(place / "presets" / "départ"))
    write_json(run / "preset" / "causette.json", {
        "template": "human_assistant", "exchanges": 1, "limit": None, "end": None, "base": str(place / "presets" / "départ"),
    })  # fmt: skip
    compared(run, data)
    return run


@pytest.fixture(scope="module")
def adapted(place, data, tiny_preset):
    """A run with an adapter that changes what the base says, which is a folder of this machine."""
    run = trained(place, tiny_preset, data, name="adapté", base=str(tiny_preset))
    shutil.rmtree(run / "preset")
    backbone = load_model(str(tiny_preset)).causal_lm.backbone
    targets = ("query", "value")
    base = prepare(backbone, "lora", rank=2, alpha=4, targets=targets)
    random = np.random.default_rng(3)
    for variable in backbone.trainable_variables:
        variable.assign(random.normal(scale=0.2, size=variable.shape))
    adapter = Adapter(method="lora", rank=2, alpha=4, targets=targets, base=str(tiny_preset), base_fingerprint=base,
                      template="human_assistant")  # fmt: skip
    save_adapter(run / "adapter", adapter, backbone)
    return run


@pytest.fixture(scope="module")
def exported(tiny_model, tmp_path_factory):
    """A folder in the transformers format, with what can run code beside it."""
    from chatbot.export import export_transformers

    folder = tmp_path_factory.mktemp("transformers") / "gpt2"
    export_transformers(tiny_model, folder)
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    (folder / "modeling.py").write_text("print('code')")
    return folder


def pushed_to(hub, *words, repo="zoe/faq") -> int:
    return main(["push", "model", *map(str, words), "--repo", repo])


def dry(tmp_path, *words) -> dict[str, bytes]:
    """The files of a dry run."""
    assert (
        main(["push", "model", *map(str, words), "--repo", "zoe/faq", "--dry-run", "--out", str(tmp_path / "vu")]) == 0
    )
    files = (path for path in (tmp_path / "vu").rglob("*") if path.is_file())
    return {path.relative_to(tmp_path / "vu").as_posix(): path.read_bytes() for path in files}


# -- what is sent ----------------------------------------------------------------------------------------------------------


def test_a_run_is_its_preset_with_its_card(run, tmp_path, place, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    files = dry(tmp_path, run, "--no-transformers")
    assert sorted(files) == SENT
    assert files["model.weights.h5"] == (run / "preset" / "model.weights.h5").read_bytes()
    assert json.loads(files["causette.json"])["base"] == "départ"


def test_no_path_of_this_machine_is_sent(run, tmp_path, place, adapted):
    for number, words in enumerate([(run,), (adapted,)]):
        for path, content in dry(tmp_path / str(number), *words).items():
            for own in (str(place), str(Path.home()) + "/", str(Path.cwd()), str(tmp_path)):
                assert own.encode() not in content, (path, own)
                assert json.dumps(own)[1:-1].encode() not in content, (path, own)


def test_no_text_of_the_data_is_sent(run, data, tmp_path):
    """The ledger does not release this set; the run keeps held-out questions with their answers."""
    samples = [json.loads(line) for line in (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    dialogues = [one for split in PreparedSet.open(data).splits for one in PreparedSet.open(data).split(split)]
    texts = {samples[0]["question"], *(one.question for one in dialogues), *(one.answer for one in dialogues)}
    for path, content in dry(tmp_path, run).items():
        for text in texts:
            for form in (text, json.dumps(text)[1:-1]):
                assert form.encode() not in content, (path, text)


def test_the_transformers_export_is_beside_unless_it_is_not_wanted(run, tmp_path):
    files = dry(tmp_path, run)
    assert {"transformers/config.json", "transformers/model.safetensors", "transformers/tokenizer.json"} <= set(files)
    assert b"transformers" in files["README.md"]


def test_a_family_without_an_export_is_sent_without(tmp_path, tiny_preset, capsys, monkeypatch):
    from chatbot import export

    monkeypatch.setattr(export, "FAMILIES", {})
    files = dry(tmp_path, tiny_preset)
    assert sorted(files) == SENT and "Sans export pour transformers" in capsys.readouterr().err


def test_a_preset_and_mini_are_sent_as_they_are(tmp_path, tiny_preset):
    files = dry(tmp_path / "a", tiny_preset, "--no-transformers")
    assert sorted(files) == SENT
    mini = dry(tmp_path / "b", "mini", "--no-transformers")
    assert set(mini) == {*SENT, "curve.csv", "recipe.json"}
    assert b"zoe/faq" in mini["README.md"] or b"faq" in mini["README.md"]


def test_an_adapter_is_merged_or_sent_alone(adapted, tmp_path, tiny_preset, capsys):
    files = dry(tmp_path / "a", adapted)
    assert {*SENT, "transformers/model.safetensors"} <= set(files) and not any("adapter/" in path for path in files)
    assert b"date_saved" not in files["metadata.json"]
    again = dry(tmp_path / "b", adapted)
    assert again == files  # so that a second push has nothing to send
    apart = np.abs(logits_of(str(tmp_path / "a" / "vu")) - logits_of(str(adapted))).max()
    assert apart < 1e-4 < np.abs(logits_of(str(adapted)) - logits_of(str(tiny_preset))).max()
    capsys.readouterr()
    assert (
        main(
            ["push", "model", str(adapted), "--repo", "zoe/faq", "--dry-run", "--adapter", "--out", str(tmp_path / "c")]
        )
        == 2
    )
    told = capsys.readouterr().err
    assert "hf://" in told and str(tiny_preset) not in told and len(told.splitlines()) == 2
    note = read_json(adapted / "adapter" / "adapter.json")
    other = tmp_path / "adapté"
    shutil.copytree(adapted, other)
    write_json(other / "adapter" / "adapter.json", {**note, "base": "hf://zoe/base"})
    alone = dry(tmp_path / "d", other, "--adapter")
    assert sorted(alone) == ["README.md", "adapter/adapter.json", "adapter/adapter.safetensors"]


def test_what_is_no_model_of_ones_own_is_told(run, tmp_path, capsys):
    call = ["push", "model", "--repo", "zoe/faq", "--dry-run", "--out", str(tmp_path / "vu")]
    for words, said in (
        ([str(run), "--adapter"], "--adapter"),
        (["gpt2_base_en"], "déjà publié"),
        (["hf://zoe/autre"], "déjà publié"),
        ([str(tmp_path / "rien")], "ni dossier"),
    ):
        assert main([*call, *words]) == 2
        assert said in capsys.readouterr().err and not (tmp_path / "vu").exists()
    assert main(["push", "model", str(run), "--repo", "faq", "--dry-run"]) == 2
    assert "--repo" in capsys.readouterr().err


def test_what_is_wrong_is_told_before_keras_is_loaded(run, data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(push_model, "load_keras", lambda: pytest.fail("Keras is loaded"))
    call = ["push", "model", "--repo", "zoe/faq", "--dry-run", "--out", str(tmp_path / "vu")]
    for words, said in (
        ([str(tmp_path / "rien")], "ni dossier"),
        (["gpt2_base_en"], "déjà publié"),
        (["hf://zoe/autre"], "déjà publié"),
        ([str(data)], f"causette push dataset {data}"),
        ([str(run), "--adapter"], "n'a pas d'adaptateur"),
    ):
        assert main([*call, *words]) == 2
        assert said in plain(capsys.readouterr().err)


def test_each_step_is_told_the_first_before_keras(run, tmp_path, capsys, monkeypatch):
    told = []
    monkeypatch.setattr(push_model, "load_keras", lambda: told.append(capsys.readouterr().err))
    dry(tmp_path, run)
    assert "Keras est chargé" in told[0]
    after = capsys.readouterr().err
    assert "L'export pour transformers est écrit…" in after and "La fiche est écrite…" in after


def test_a_public_model_of_data_that_may_not_be_passed_on_is_warned_of(run, tmp_path, capsys):
    dry(tmp_path / "a", run, "--no-transformers", "--public")
    told = " ".join(plain(capsys.readouterr().err).split())
    assert "transmission inconnue : faq (inconnue" in told and "peuvent garder des textes" in told
    dry(tmp_path / "b", run, "--no-transformers")
    assert "transmission" not in capsys.readouterr().err
    manifest = read_json(run / "data_manifest.json")
    other = shutil.copytree(run, tmp_path / "run")
    manifest["sources"][0]["licence"]["redistribution"] = "no"
    write_json(other / "data_manifest.json", manifest)
    dry(tmp_path / "c", other, "--no-transformers", "--public")
    assert "transmission interdite : faq" in " ".join(plain(capsys.readouterr().err).split())
    manifest["sources"][0]["licence"]["redistribution"] = "yes"
    write_json(other / "data_manifest.json", manifest)
    dry(tmp_path / "d", other, "--no-transformers", "--public")
    assert "transmission" not in capsys.readouterr().err


def test_an_old_preset_that_ends_with_the_padding_is_told(tiny_preset, tmp_path, capsys):
    old = shutil.copytree(tiny_preset, tmp_path / "ancien")
    file = old / "assets" / "tokenizer" / "vocabulary.json"
    words = read_json(file)
    first = next(word for word, number in words.items() if number == 0)
    words[first], words["<|endoftext|>"] = words["<|endoftext|>"], 0
    write_json(file, words)
    for preset, warned in ((old, True), (tiny_preset, False)):
        dry(tmp_path / str(warned), preset, "--no-transformers")
        assert ("ne répondra rien" in plain(capsys.readouterr().err).replace("\n", " ")) == warned


def test_a_damaged_run_is_told_before_anything_is_sent(run, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    assert main(["push", "model", str(tmp_path / "run"), "--repo", "zoe/faq", "--dry-run"]) == 2
    assert "metrics.json" in capsys.readouterr().err


def test_a_preset_sends_its_own_files_alone(tiny_preset, tmp_path, capsys):
    preset = shutil.copytree(tiny_preset, tmp_path / "preset")
    strange = ["notes.json", "clients.csv", "points/model.weights.h5", "causette/exhibits.json", "model.bin"]
    for path in [*strange, "hub.json", "README.md", "LICENSE.txt", "assets/plus/mots.txt"]:
        (preset / path).parent.mkdir(exist_ok=True, parents=True)
        (preset / path).write_text("{}")
    assert sorted(dry(tmp_path, preset, "--no-transformers")) == sorted([*SENT, "LICENSE.txt", "assets/plus/mots.txt"])
    told = plain(capsys.readouterr().err)
    assert "Laissés de côté" in told and all(path in told for path in strange)
    assert "hub.json" not in told and "README.md" not in told


def test_what_a_push_computes_of_a_comparison_it_computes_once(run, tmp_path, monkeypatch):
    real, read = card_results.read_compared, []
    monkeypatch.setattr(card_results, "read_compared", lambda file: read.append(file) or real(file))
    dry(tmp_path, run, "--no-transformers")
    assert read == [run / "comparison.json"]


def test_paths_become_names(tmp_path, monkeypatch):
    here = tmp_path / "cours"
    here.mkdir()
    monkeypatch.chdir(here)
    value = {"a": f"{here}/data/faq", "b": [f"Voir {here}/faq, ou {here}.", 3], "c": f"De {here}ier.", "d": "~/x/y",
             "e": "C:\\zoe\\faq", "f": ["https://a.b/c", "un / deux", "/x\ny"]}  # fmt: skip
    assert without_paths(value) == {"a": "faq", "b": ["Voir faq, ou cours.", 3], "c": f"De {here}ier.", "d": "y",
                                    "e": "faq", "f": ["https://a.b/c", "un / deux", "/x\ny"]}  # fmt: skip
    assert [leaf(name) for name in ("/home/zoe/runs/faq", "C:\\zoe\\faq", "runs/faq/", "mini", "hf://zoe/faq", ".", "")] == [
        "faq", "faq", "faq", "mini", "hf://zoe/faq", "cours", "?",
    ]  # fmt: skip


# -- sent and loaded again -------------------------------------------------------------------------------------------------

KERAS = """
import sys, numpy as np, keras_hub
model = keras_hub.models.CausalLM.from_preset("hf://zoe/faq")
ids = np.array([[5, 17, 42, 101, 7]])
np.save(sys.argv[1], np.asarray(model({"token_ids": ids, "padding_mask": np.ones_like(ids)})))
from chatbot.model import load_model
again = load_model("hf://zoe/faq")
np.save(sys.argv[2], np.asarray(again.causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)})))
assert again.template.name == "human_assistant" and again.exchanges == 1, again
other = load_model("hf://zoe/gpt2")
np.save(sys.argv[3], np.asarray(other.causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)})))
"""


def test_keras_hub_and_we_load_it_by_its_name(hub, run, tmp_path, exported):
    assert pushed_to(hub, run) == pushed_to(hub, exported, repo="zoe/gpt2") == 0
    env = {**hub.env(), "PYTHONPATH": str(Path.cwd())}
    paths = [str(tmp_path / "keras.npy"), str(tmp_path / "own.npy"), str(tmp_path / "other.npy")]
    done = subprocess.run([sys.executable, "-c", KERAS, *paths], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    for path, name in zip(paths, (run, run, exported), strict=True):
        np.testing.assert_array_equal(np.load(path), logits_of(str(name)))
    assert hub.token not in done.stdout + done.stderr


def test_a_run_notes_where_it_was_sent_and_is_still_the_same_run(hub, run, tmp_path, capsys):
    other = tmp_path / "runs" / "faq"
    shutil.copytree(run, other)
    files, call = RunFolder(other).answering_files, [other, "--no-transformers"]
    assert pushed_to(hub, *call) == 0
    noted = pushed(other, "model")
    assert noted and noted.tag == "v1" and not noted.public and noted.commit == hub.commits("model", "zoe/faq")[0].oid
    assert RunFolder.open(other).answering_files == files
    capsys.readouterr()
    assert main(["runs", str(other.parent), "--json"]) == 0 and "faq" in capsys.readouterr().out
    before = len(hub.commits("model", "zoe/faq"))
    assert pushed_to(hub, *call, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sent"] == [] and len(hub.commits("model", "zoe/faq")) == before
    assert hub.token not in (other / "hub.json").read_text(encoding="utf-8")


def test_a_second_push_into_a_public_repository_is_a_public_one(hub, run, tmp_path, capsys):
    other = shutil.copytree(run, tmp_path / "run")
    assert pushed_to(hub, other, "--no-transformers", "--public") == 0 and pushed(other, "model").public
    capsys.readouterr()
    assert pushed_to(hub, other, "--no-transformers") == 0
    assert "transmission inconnue" in plain(capsys.readouterr().err)
    assert pushed_to(hub, other, "--no-transformers", repo="zoe/autre") == 0
    assert "transmission" not in capsys.readouterr().err and not pushed(other, "model").public


def test_a_model_that_is_no_run_notes_nothing(hub, tiny_preset, tmp_path):
    preset = tmp_path / "preset"
    shutil.copytree(tiny_preset, preset)
    assert pushed_to(hub, preset, "--no-transformers", "--public", "--tag", "essai") == 0
    assert not (preset / "hub.json").exists() and hub.tags("model", "zoe/faq").keys() == {"essai"}
    assert not hub.repository("model", "zoe/faq").private
    assert hub.commits("model", "zoe/faq")[0].title == "Causette: preset"


@pytest.mark.parametrize("form", ["preset", "exported"])
def test_what_was_pulled_is_sent_again_as_it_came(hub, run, exported, form, tmp_path):
    sent = run if form == "preset" else exported
    assert pushed_to(hub, sent, "--no-transformers") == 0
    assert main(["pull", "zoe/faq", "--out", str(tmp_path / "pris")]) == 0
    assert (tmp_path / "pris" / "hub.json").is_file()
    assert pushed_to(hub, tmp_path / "pris", "--no-transformers", repo="zoe/encore") == 0
    first, again = ({**hub.files("model", f"zoe/{name}"), "README.md": b""} for name in ("faq", "encore"))
    first.pop("chat_template.jinja", None)  # which a pull leaves there
    assert again == first and "hub.json" not in again


def test_a_folder_in_the_transformers_format_stays_what_it_is(exported, tmp_path, capsys):
    sent = dry(tmp_path, exported)
    told = capsys.readouterr().err
    assert "tel quel" in told and "modeling.py" in told and "pytorch_model.bin" in told
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= set(sent)
    assert not {"modeling.py", "pytorch_model.bin", "transformers/config.json"} & set(sent)


def test_nothing_is_left_in_the_temporary_folder(run, tmp_path, monkeypatch):
    import tempfile

    work = tmp_path / "temporaire"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    dry(tmp_path, run)
    assert list(work.iterdir()) == []
