"""Fine-tuning, whole: it learns, it says what happened, it leaves nothing half-written. (`test_resume` kills it.)"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from chatbot.dialogue import read_dialogues
from chatbot.errors import InputError, WorldError
from chatbot.model import load_model
from datasets_prep.prepare import PrepareConfig, prepare
from training import runs
from training.config import RunConfig, load_config, validated
from training.fit import train
from training.recorder import Watcher
from training.runs import RunFolder, working_folder

PAIRS = [
    ("Quel est le délai ?", "Deux jours."),
    ("Où en est ma commande ?", "Elle est expédiée."),
    ("Puis-je retourner un article ?", "Oui, trente jours."),
    ("How long?", "Four days."),
    ("Bonjour ?", "Bonjour."),
    ("Quel modèle ?", "Très bien."),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Six questions; those of training and validation are the same ones in other words, so that learning shows."""
    folder = tmp_path_factory.mktemp("data")
    file = folder / "faq.csv"
    openings = ("", "Dites-moi :", "Au fait,", "Une question :", "S'il vous plaît,")
    lines = [f'"{opening} {q}","{a}",{number} {q}' for q, a in PAIRS for number, opening in enumerate(openings)]
    file.write_text("question,answer,group\n" + "\n".join(lines) + "\n", encoding="utf-8")
    out = folder / "faq"
    prepare(PrepareConfig(sources=(str(file),), out=out, seed=2, near_question=1.0, near_answer=1.0))
    return out


def config_of(data: Path, out: Path, preset: Path, **fit) -> RunConfig:
    options = {
        "epochs": 4,
        "rows": 2,
        "row_length": 64,
        "learning_rate": 3e-3,
        "compile": False,
        "precision": "float32",  # "auto" is another one on a processor with bfloat16 units
        "save_every": 2,
        "samples": 1,
        **fit,
    }
    method = options.pop("method", "full")
    return validated(
        {"data": data, "out": out, "model": str(preset), "method": method, "lora": {"rank": 4}, "fit": options}, "test"
    )


@pytest.fixture(scope="module")
def run(data, tiny_preset, tmp_path_factory) -> RunFolder:
    out = tmp_path_factory.mktemp("runs") / "learnt"
    return train(config_of(data, out, tiny_preset, epochs=40, patience=50, learning_rate=2e-2))


def test_dropout_of_the_training_is_that_of_the_saved_model(data, tiny_preset, tmp_path):
    out = train(config_of(data, tmp_path / "run", tiny_preset, max_steps=1, dropout=0.1, samples=0)).path
    config = json.loads((out / "preset" / "config.json").read_text(encoding="utf-8"))
    assert config["config"]["dropout"] == 0.1
    assert json.loads((tiny_preset / "config.json").read_text(encoding="utf-8"))["config"]["dropout"] == 0.0


def test_it_learns_and_says_so(run):
    metrics = run.metrics
    assert metrics["validation_loss_after"] < 0.5 * metrics["validation_loss_before"]
    assert metrics["weights_moved"] > 0.01
    assert metrics["steps"] <= metrics["planned_steps"]
    assert min(row.validation_loss for row in run.history) == pytest.approx(metrics["validation_loss_after"])


def test_the_run_folder_is_whole(run):
    names = {path.name for path in run.path.iterdir()}
    assert names == {
        "config.yaml", "data_manifest.json", "preset", "history.csv", "metrics.json", "samples.jsonl", "tensorboard", "environment.json",
    }  # fmt: skip
    assert list((run.path / "tensorboard").glob("events*"))
    environment = json.loads((run.path / "environment.json").read_text())
    assert environment["precision"] == "float32" and environment["packages"]["keras"]
    assert len((run.path / "samples.jsonl").read_text(encoding="utf-8").splitlines()) >= 1
    assert run.config.fit.epochs == 40


def test_the_run_is_a_model_with_its_template(run):
    model = load_model(str(run.path))
    assert model.template.name == "human_assistant"
    assert model.context == 128
    assert model.exchanges == 1  # the dialogues of the set have one question each


def test_best_weights_are_kept(run):
    """The saved preset has the loss that the metrics call the best."""
    from training.loop import total_loss
    from training.packed_lm import PackedCausalLM
    from training.packing import PackedRows, encode

    model = load_model(str(run.path))
    scorer = PackedCausalLM(model.causal_lm)
    scorer.compile(jit_compile=False)
    dialogues = list(read_dialogues(run.config.data / "validation.jsonl"))
    rows = PackedRows.of(encode(dialogues, model.template, model.tokenizer), 64)
    loss, weight = total_loss(scorer, rows.batches(2))
    assert loss / weight == pytest.approx(run.metrics["validation_loss_after"], rel=1e-4)


def interrupted(config, at=3):
    """A training that stops after `at` steps by Ctrl-C."""

    class Impatient(Watcher):
        def step(self, report):
            if report.step == at:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, watcher=Impatient())


def test_an_unfinished_training_is_neither_lost_nor_mixed_with_another(data, tiny_preset, tmp_path):
    config = config_of(data, tmp_path / "run", tiny_preset, evaluate_every=2)
    interrupted(config)
    with pytest.raises(InputError, match="un entraînement inachevé est là"):
        train(config)
    with pytest.raises(InputError, match=r"fit\.learning_rate, fit\.seed"):
        train(config_of(data, tmp_path / "run", tiny_preset, evaluate_every=2, seed=7, learning_rate=1e-9), resume=True)
    assert runs.saved_config(tmp_path / "run") == config
    train(runs.saved_config(tmp_path / "run"), resume=True)
    assert not working_folder(tmp_path / "run").exists()
    with pytest.raises(InputError, match="rien à reprendre"):
        runs.saved_config(tmp_path / "run")


def test_another_set_cannot_be_slipped_under_a_resumed_training(data, tiny_preset, tmp_path):
    copy = shutil.copytree(data, tmp_path / "data")
    interrupted(config_of(copy, tmp_path / "run", tiny_preset))
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps({**manifest, "seed": 99}), encoding="utf-8")
    with pytest.raises(InputError, match=r"a changé depuis le début.: data"):
        train(config_of(copy, tmp_path / "run", tiny_preset), resume=True)


def test_a_training_killed_after_its_early_stop_takes_no_step_more(data, tiny_preset, tmp_path):
    options = {"epochs": 40, "learning_rate": 1e-9, "patience": 2, "evaluate_every": 1, "warmup": 0.0}
    config = config_of(data, tmp_path / "run", tiny_preset, **options)

    steps = []

    class KilledAtTheEnd(Watcher):
        def step(self, report):
            steps.append(report.step)

        def say(self, text):
            if "Arrêt anticipé" in text:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, watcher=KilledAtTheEnd())
    run = train(config, resume=True)
    assert run.metrics["steps"] == len(run.history) == steps[-1] < run.metrics["planned_steps"]


def test_lora_changes_the_targets_alone(data, tiny_preset, tmp_path):
    run = train(
        config_of(data, tmp_path / "lora", tiny_preset, method="lora", epochs=30, patience=30, learning_rate=2e-2)
    )
    assert run.metrics["validation_loss_after"] < run.metrics["validation_loss_before"]
    base, merged = load_model(str(tiny_preset)).causal_lm, load_model(str(run.path)).causal_lm
    changed = {
        left.path.split("/")[-2]
        for left, right in zip(base.backbone.weights, merged.backbone.weights, strict=True)
        if not np.array_equal(left, right)
    }
    assert changed == {"query", "value"}


def test_accumulation_equals_the_big_batch(data, tiny_preset, tmp_path):
    small = train(config_of(data, tmp_path / "small", tiny_preset, rows=1, accumulation=2, max_steps=3))
    big = train(config_of(data, tmp_path / "big", tiny_preset, rows=2, max_steps=3))
    left, right = (load_model(str(run.path)).causal_lm.backbone.weights for run in (small, big))
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_reaches_the_same_validation_loss(data, tiny_preset, tmp_path, precision):
    trained = [
        train(config_of(data, tmp_path / kind, tiny_preset, epochs=10, precision=kind))
        for kind in ("float32", precision)
    ]
    losses = [run.metrics for run in trained]
    assert losses[0]["validation_loss_after"] < 0.9 * losses[0]["validation_loss_before"]
    assert losses[1]["precision"] == precision
    assert losses[1]["validation_loss_after"] == pytest.approx(losses[0]["validation_loss_after"], rel=0.01)
    assert load_model(str(trained[1].path)).causal_lm.compute_dtype == "float32"


def test_early_stopping_stops(data, tiny_preset, tmp_path):
    said = []

    class Listener(Watcher):
        def say(self, text):
            said.append(text)

    run = train(
        config_of(
            data,
            tmp_path / "stopped",
            tiny_preset,
            epochs=40,
            learning_rate=1e-9,
            patience=2,
            evaluate_every=1,
            warmup=0.0,
        ),
        watcher=Listener(),
    )
    assert run.metrics["steps"] < run.metrics["planned_steps"]
    assert any("Arrêt anticipé" in text for text in said)


def test_a_run_that_did_not_learn_says_so():
    from training.outcome import verdict

    text = verdict({"validation_loss_before": 1.0, "validation_loss_after": 1.0, "weights_moved": 0.0, "best_step": 0})
    assert "N'A PAS baissé" in text


def test_an_infinite_loss_stops_with_advice(data, tiny_preset, tmp_path):
    from chatbot.model import save_preset

    causal_lm = load_model(str(tiny_preset)).causal_lm
    embedding = causal_lm.backbone.token_embedding.embeddings
    embedding.assign(embedding * 1e25)  # finite, but its squares are not
    save_preset(causal_lm, tmp_path / "huge", {})
    with pytest.raises(WorldError, match=r"fit\.learning_rate"):
        train(config_of(data, tmp_path / "exploded", tmp_path / "huge"))


def test_bad_calls_leave_nothing_behind(data, tiny_preset, tmp_path):
    with pytest.raises(InputError, match="n'est pas un jeu préparé"):
        train(config_of(tmp_path, tmp_path / "a", tiny_preset))
    with pytest.raises(InputError, match="ni dossier, ni modèle connu"):
        train(config_of(data, tmp_path / "b", Path("gpt2_basse_en")))
    with pytest.raises(InputError, match="rien à reprendre"):
        train(config_of(data, tmp_path / "c", tiny_preset), resume=True)
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="existe déjà"):
        train(config_of(data, tmp_path / "there", tiny_preset))
    with pytest.raises(WorldError):  # no network here
        train(config_of(data, tmp_path / "d", Path("gpt2_base_en")))
    assert {path.name for path in tmp_path.iterdir()} == {"there"}


def test_unknown_lora_targets_are_told(data, tiny_preset, tmp_path):
    config = config_of(data, tmp_path / "x", tiny_preset, method="lora")
    wrong = config.model_copy(update={"lora": config.lora.model_copy(update={"targets": ("querry",)})})
    with pytest.raises(InputError, match=r"querry.*query"):
        train(wrong)


def test_a_run_that_lost_a_file_is_told(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    (copy / "metrics.json").unlink()
    with pytest.raises(InputError, match=r"il manque metrics\.json"):
        RunFolder.open(copy)
    (copy / "preset" / "model.weights.h5").unlink()
    with pytest.raises(InputError, match="ne contient pas de poids"):
        load_model(str(copy))


def test_recipes_and_changes(tmp_path, data):
    given = {"data": data, "out": tmp_path / "x"}
    config = load_config("mini", given, ("fit.epochs=3", "lora.targets=[query, key]"))
    assert config.fit.epochs == 3 and config.lora.targets == ("query", "key") and config.fit.learning_rate == 1e-3
    with pytest.raises(InputError, match=r"fit\.epoch.*epochs"):
        load_config(None, given, ("fit.epoch=3",))
    wrong = {
        "fit.epochs=0": r"fit\.epochs.*il faut un nombre > 0 \(reçu",
        "fit.rows=x": "il faut un nombre entier",
        "method=fulll": "il faut 'full', 'lora'",
        "fit=3": "il faut une section",
        "fit.rows=[": "YAML illisible",
        "method.x=3": "il faut 'full', 'lora'",
        "model.x=3": "n'est pas une section",
    }
    for change, told in wrong.items():
        with pytest.raises(InputError, match=told):
            load_config(None, {**given, "model": "mini"}, (change,))
    with pytest.raises(InputError, match="clé=valeur"):
        load_config(None, given, ("fit.epochs",))
    with pytest.raises(InputError, match=r"recette introuvable.*mini"):
        load_config("minni", given)
    recipe = tmp_path / "wrong.yaml"
    recipe.write_text("modle: mini\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"clé inconnue «.modle.»"):
        load_config(recipe, given)
    recipe.write_text("model: [\n", encoding="utf-8")
    with pytest.raises(InputError, match="YAML illisible"):
        load_config(recipe, given)
