"""The card of a model: metadata that the Hub takes, facts of the run, results with intervals, and no path, text or trick."""

import json
import shutil
from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries

from app.hub.model_card import card_files
from app.hub.pushed import Pushed, note_pushed
from chatbot.dialogue import read_dialogues
from chatbot.files import read_json, write_json
from chatbot.language import set_language
from chatbot.locate import EMBEDDED
from datasets_prep.prepare import PrepareConfig, prepare
from tests.app.test_dataset_card import HOSTILE, assert_harmless, plain
from tests.hub_cards import card_errors
from tests.training.evaluation.made_by_hand import compared_on
from training.config import RunConfig, save_config
from training.evaluation.asked import Training
from training.evaluation.comparison_file import Compared
from training.evaluation.report import write_comparison
from training.runs import HistoryRow, write_history

METRICS = {
    "validation_loss_before": 6.4411, "validation_loss_after": 2.1669, "best_step": 8, "steps": 10, "planned_steps": 10,
    "skipped_steps": 0, "epochs": 1.0, "weights_moved": 0.5, "trained_tokens": 68271, "train_seconds": 3874.4,
    "truncated_dialogues": 2, "row_length": 256, "row_filled": 0.99, "method": "full", "precision": "float32",
    "stopped": None, "findings": [], "date": "2026-11-22T10:41:06+00:00",
}  # fmt: skip
ENVIRONMENT = {
    "python": "3.11.7", "system": "Linux x86_64", "backend": "tensorflow", "device": "CPU (puce)", "precision": "float32",
    "packages": {"keras": "3.15.1", "keras-hub": "0.32.0", "tensorflow": "2.21.0", "jax": "0.10.2"},
}  # fmt: skip
FULL = {"adapter": False, "transformers": True, "repo": "zoe/faq"}
ALONE = {"adapter": True, "transformers": False, "repo": "zoe/faq"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    out = tmp_path_factory.mktemp("data") / "boutique"
    return prepare(PrepareConfig(sources=("embedded:boutique_commande",), out=out))


@pytest.fixture
def home(tmp_path):
    """A folder whose name must stand nowhere."""
    return tmp_path / "zoe-dupont"


def a_run(folder, data, preset=None, adapter=None, *, config=None, **metrics):
    """A run as a training leaves it, without the training: a preset of two layers, or an adapter's note."""
    folder.mkdir(parents=True)
    made = RunConfig(data=data, out=folder, **(config or {}))
    save_config(made, folder / "config.yaml")
    write_json(folder / "data_manifest.json", read_json(data / "manifest.json"))
    write_json(folder / "metrics.json", METRICS | metrics)
    write_json(folder / "environment.json", ENVIRONMENT)
    rows = [(4, 0.4, 3.0, 2.9), (8, 0.8, 2.2, 2.1669), (10, 1.0, 2.0, 2.2)]
    history = [HistoryRow(step=step, epoch=epoch, loss=loss, validation_loss=other, learning_rate=1e-3, tokens_per_second=9.0, seconds=step)
               for step, epoch, loss, other in rows]  # fmt: skip
    write_history(folder / "history.csv", history)
    if preset:
        shutil.copytree(preset, folder / "preset")
    if adapter:
        (folder / "adapter").mkdir()
        write_json(folder / "adapter" / "adapter.json", adapter)
        (folder / "adapter" / "adapter.safetensors").write_bytes(b"")
    return folder


@pytest.fixture
def run(home, shop, tiny_preset):
    return a_run(home / "runs" / "faq", shop, tiny_preset)


def compared(run, shop, *, better=True, generic="mini", looked_up=True):
    """A comparison of the run, on twelve questions of the training split called unseen ones."""
    training = list(read_dialogues(shop / "train.jsonl"))
    asked = [replace(one, group=str(place)) for place, one in enumerate(training[:12])]
    said = {
        "generic": ["je ne sais pas"] * 12,
        "special": [one.answer if better else "je ne sais rien" for one in asked],
        "bm25": [one.answer if looked_up else "rien" for one in asked],
    }  # fmt: skip
    found = compared_on(asked, said, Training(training))
    names = {"generic": generic, "special": str(run), "bm25": "bm25"}
    sides = tuple(replace(side, model=names[side.model]) for side in found.evaluations)
    found = replace(found, evaluations=sides, main=str(run), reference=generic)
    remarks = (f"{run} n'a lu que 80 % des lignes.", f"BERTScore : encodeur {run.parent / 'bert'}.")
    whole = Compared(comparisons=(found,), remarks=remarks, data={"folder": str(shop), "fingerprint": "x"}, date="2026-11-22T12:00:00+00:00")  # fmt: skip
    write_comparison(run, whole, training)


def model_card(model: str, **asked) -> str:
    return card_files(model, **asked)["README.md"].decode()


def body_of(card: str) -> str:
    return ModelCard(card).text


def test_the_metadata_are_what_the_hub_takes(run):
    card = model_card(str(run), **FULL)
    assert card_errors("model", card) == ([], [])
    data = ModelCard(card).data.to_dict()
    assert data == {
        "language": ["fr"], "library_name": "keras-hub", "license": "apache-2.0", "pipeline_tag": "text-generation",
        "tags": ["causette", "chat", "keras"],
    }  # fmt: skip


def test_a_run_that_was_not_compared_says_so(run):
    text = plain(model_card(str(run), **FULL))
    assert (
        "**Non mesuré.**" in text
        and "ne sont pas mesurées" in text
        and card_files(str(run), **FULL).keys() == {"README.md"}
    )


def test_how_it_was_trained(run):
    text = plain(model_card(str(run), **FULL))
    for told in ("10 pas, 1 époque ; poids gardés : ceux du pas 8", "68 271", "1 h 04 min", "CPU (puce)", "float32",
                 "keras 3.15.1, keras-hub 0.32.0, tensorflow 2.21.0", "| 8 | 0,8 | 2,200 | 2,167 |",
                 "6,441 avant l'entraînement, 2,167 pour les poids gardés", "Les poids gardés n'ont lu que 80 %", "2026-11-22"):  # fmt: skip
        assert told in text, told
    assert "jax" not in text
    preset = read_json(run / "preset" / "metadata.json")["parameter_count"]
    assert f"{preset / 1e6:.1f}".replace(".", ",") + " millions de paramètres, contexte de 128 jetons" in text


@pytest.mark.parametrize(("epochs", "french", "english"), [
    (0.25, "0,25 époque ;", "0.25 epochs;"), (1.0, "1 époque ;", "1 epoch;"), (1.5, "1,50 époque ;", "1.50 epochs;"),
    (12.0, "12 époques ;", "12 epochs;"),
])  # fmt: skip
def test_epochs_agree_with_their_number(epochs, french, english, home, shop, tiny_preset):
    run = a_run(home / "runs" / "faq", shop, tiny_preset, epochs=epochs, steps=1)
    assert f"1 pas, {french}" in plain(model_card(str(run), **FULL))
    set_language("en")
    assert f"1 step, {english}" in model_card(str(run), **FULL)


def test_findings_are_told_without_their_cure(home, shop, tiny_preset):
    numbers = {"cut": 2, "dialogues": 10, "row_length": 256, "context": 512, "needed": 900}
    known = {"key": "truncated", "step": 0, "text": "ancien", "values": numbers}
    old = {"key": "autre", "step": 0, "text": "Ceci ne va pas. Remède : --set x=1."}
    run = a_run(home / "runs" / "faq", shop, tiny_preset, findings=[known, old])
    text = plain(model_card(str(run), **FULL))
    assert "2 dialogues sur 10 (20 %" in text and "Ceci ne va pas." in text
    assert "--set" not in text and "ancien" not in text


def test_results_with_intervals_in_the_hub_s_form_and_in_words(run, shop):
    compared(run, shop)
    card = model_card(str(run), **FULL)
    assert card_errors("model", card) == ([], [])
    results = {result.metric_name.partition(",")[0]: result for result in ModelCard(card).data.eval_results}
    assert results["F1 des mots"].metric_value == 1.0 and results["F1 des mots"].metric_type == "f1"
    assert "IC à 95 %" in plain(results["F1 des mots"].metric_name)
    assert results["F1 des mots"].dataset_split == "test" and "12 questions" in results["F1 des mots"].dataset_name
    text = plain(card)
    assert "est **meilleur** pour F1 des mots (1,000 contre 0," in text
    assert "| Mesure | mini | faq | BM25 (réponse apprise la plus proche) | faq est |" in text
    assert "Copies d'une réponse apprise" in text and "12 ont presque leur pareille dans l'entraînement" in text
    assert "meilleur » veut dire ici plus proche de la réponse attendue, pas plus vrai" in text.lower()
    assert "0 meilleur" not in text


def test_a_model_that_is_not_better_is_not_said_to_be(run, shop):
    compared(run, shop, better=False)
    text = plain(model_card(str(run), **FULL))
    assert "chercher la réponse apprise la plus proche fait mieux : 1,000" in text
    assert "est **meilleur** pour F1" not in text


def headline_of(run) -> str:
    text = plain(model_card(str(run), **FULL))
    return next(line for line in text.splitlines() if "jamais vues :" in line)


def test_the_headline_names_what_the_run_was_compared_with(run, shop, home):
    compared(run, shop)
    assert "pour le modèle de départ (" in headline_of(run) and "aucune différence" not in headline_of(run)
    compared(run, shop, generic=str(home / "runs" / "autre"))  # `compare --generic`: any other model
    assert "pour `autre` (" in headline_of(run) and "modèle de départ (" not in headline_of(run)
    assert "zoe-dupont" not in headline_of(run)


def test_the_base_is_the_same_model_where_its_folder_is(home, shop, tiny_preset):
    first = a_run(home / "runs" / "premier", shop, tiny_preset)
    run = a_run(home / "runs" / "faq", shop, tiny_preset, config={"model": str(first)})
    compared(run, shop, generic=str(home / "runs" / ".." / "runs" / "premier"))
    assert "pour le modèle de départ (" in headline_of(run)


def test_the_headline_does_not_hide_that_no_difference_is_shown(run, shop):
    compared(run, shop, better=False, looked_up=False)
    assert "; aucune différence n'est montrée. Cela mesure" in headline_of(run)


def test_no_text_of_the_set_and_no_path_of_the_machine(run, shop, home):
    compared(run, shop)
    card = model_card(str(run), **FULL)
    for one in list(read_dialogues(shop / "train.jsonl"))[:40]:
        assert one.question not in card and one.answer not in card
    for path in (str(run), str(shop), "zoe-dupont", str(home.parent)):
        assert path not in card
    assert "faq n'a lu que 80 % des lignes." in plain(card) and "encodeur bert" in plain(card)


def test_a_comparison_of_another_run_is_not_its_own(run, shop, home):
    other = run.rename(home / "runs" / "autre")
    compared(other, shop)
    other.rename(run)
    assert "**Non mesuré.**" in plain(model_card(str(run), **FULL))


def test_a_damaged_comparison_is_none(run):
    (run / "comparison.json").write_text('{"main": "faq", "format": 1}')
    assert "**Non mesuré.**" in plain(model_card(str(run), **FULL))


def test_where_the_set_was_sent_it_is_named_and_the_results_have_the_newer_form(run, shop, tmp_path):
    data = shutil.copytree(shop, tmp_path / "copy")
    config = yaml.safe_load((run / "config.yaml").read_text())
    (run / "config.yaml").write_text(yaml.safe_dump(config | {"data": str(data)}))
    compared(run, data)
    note_pushed(data, "dataset", Pushed(repo="zoe/boutique", commit="c" * 40, tag="v1", date="2026-11-22"))
    card = ModelCard(model_card(str(run), **FULL))
    assert card.data.datasets == ["zoe/boutique"]
    assert (
        card.data.eval_results[0].dataset_type == "zoe/boutique"
        and card.data.eval_results[0].dataset_revision == "c" * 40
    )
    assert "https://huggingface.co/datasets/zoe/boutique" in card.text
    [(_, _), (place, content)] = card_files(str(run), **FULL).items()
    entries = {one.task_id: one for one in parse_eval_result_entries(yaml.safe_load(content))}
    assert place == ".eval_results/boutique.yaml"
    assert entries["token_f1"].dataset_id == "zoe/boutique" and entries["token_f1"].value == 1.0
    assert entries["token_f1"].dataset_revision == "c" * 40 and entries["token_f1"].date == "2026-11-22"
    write_json(data / "manifest.json", read_json(data / "manifest.json") | {"fingerprints": {"train": "other"}})
    assert ModelCard(model_card(str(run), **FULL)).data.datasets is None  # prepared anew since: not that set


def test_an_adapter_alone_and_one_that_was_merged(home, shop):
    note = {"method": "lora", "rank": 16, "alpha": 32.0, "targets": ["all"], "base": "mini", "base_fingerprint": "x", "template": "alpaca", "exchanges": 1}  # fmt: skip
    config = {"method": "lora", "lora": {"rank": 16, "alpha": 32.0, "targets": ["all"]}}
    run = a_run(home / "runs" / "faq", shop, adapter=note, config=config, method="lora")
    alone = model_card(str(run), **ALONE)
    assert ModelCard(alone).data.tags == ["causette", "chat", "keras", "lora"]
    text = plain(alone)
    assert "L'adaptateur seul" in text and "adaptateur LoRA de rang 16" in text and "alpha 32, couches toutes" in text
    assert "causette merge" in text and "from_preset" not in text and "transformers" not in text
    assert "### Instruction:" in text and "'\\n### Response:'" in text  # the template of the adapter
    merged = plain(model_card(str(run), **FULL))
    assert (
        "fondu dans les poids" in merged
        and 'from_preset("hf://zoe/faq"' in merged
        and 'subfolder="transformers"' in merged
    )
    without = plain(model_card(str(run), **{**FULL, "transformers": False}))
    assert 'subfolder="transformers"' not in without


@pytest.mark.parametrize(("base", "known"), [("hf://keras/gpt2", "keras/gpt2"), ("gpt2_base_en", None)])
def test_a_base_is_named_to_the_hub_only_where_it_is_there(base, known, home, shop, tiny_preset):
    run = a_run(home / "runs" / "faq", shop, tiny_preset, config={"model": base})
    data = ModelCard(model_card(str(run), **FULL)).data
    assert data.base_model == known and data.get("base_model_relation") == ("finetune" if known else None)
    assert (data.license, data.license_name) == ("other", "base-model-and-apache-2.0")
    assert "dont la licence n'est pas relevée" in plain(model_card(str(run), **FULL))


def test_a_run_that_began_from_a_run_names_it_and_what_that_one_learnt(home, shop, tiny_preset, tmp_path):
    (tmp_path / "own.csv").write_text("question;réponse\nQui ?;Lui.\nOù ?;Ici.\nQuand ?;Hier.\n", encoding="utf-8")
    own = prepare(PrepareConfig(sources=(str(tmp_path / "own.csv"),), out=tmp_path / "own"))
    first = a_run(home / "runs" / "premier", own, tiny_preset)
    note_pushed(first, "model", Pushed(repo="zoe/premier", commit="c" * 40, tag=None, date="2026-11-22"))
    second = a_run(home / "runs" / "faq", shop, tiny_preset, config={"model": str(first)})
    card = ModelCard(model_card(str(second), **FULL))
    assert card.data.base_model == "zoe/premier" and card.data.license == "unknown"
    assert "**own**" in card.text and "avant de rendre ce modèle public" in plain(card.text)
    assert "zoe-dupont" not in card.text


def test_hostile_names_do_nothing(home, shop, tiny_preset):
    findings = [{"key": "autre", "step": 0, "text": HOSTILE}]
    run = a_run(home / "runs" / "faq", shop, tiny_preset, findings=findings, config={"model": f"kaggle://{HOSTILE}"})
    manifest = read_json(run / "data_manifest.json")
    source = manifest["sources"][0]
    source |= {"name": HOSTILE, "title": HOSTILE, "part": ""}
    source["licence"] |= {"stated": HOSTILE, "attribution": f"{HOSTILE}\n# titre", "link": "javascript:alert(1)"}
    write_json(run / "data_manifest.json", manifest)
    write_json(run / "environment.json", ENVIRONMENT | {"device": f"{HOSTILE}\n# titre", "precision": HOSTILE})
    card = model_card(str(run), **FULL)
    assert card_errors("model", card) == ([], [])
    assert_harmless(body_of(card))


def test_english_and_the_other_language(run):
    set_language("en")
    text = model_card(str(run), **FULL)
    assert "## How it was trained" in text and "**Not measured.**" in text and "\n## En français\n" in text
    set_language("fr")
    assert "\n## In English\n" in model_card(str(run), **FULL)


def test_mini_tells_its_own_facts():
    card = model_card("mini", **FULL)
    data = ModelCard(card).data
    assert (data.license, data.language, data.base_model) == ("apache-2.0", ["en", "fr"], None)
    assert "9,676,000 tokens in all" in card and "ELTeC" in card and "### Training" in card
    assert card.count("\n# ") == 1 and "Comment il a été entraîné" not in card and "Non mesuré." not in card


def test_a_preset_of_which_nothing_is_known(tiny_preset):
    card = model_card(str(tiny_preset), **FULL)
    assert ModelCard(card).data.license == "unknown"
    assert "Rien n'est noté de son entraînement." in card and "cherchez-en la licence" in card


def test_an_adapter_that_came_back_from_the_hub(tmp_path):
    """No run any more: the adapter's note is all that is known."""
    (tmp_path / "back" / "adapter").mkdir(parents=True)
    write_json(tmp_path / "back" / "adapter" / "adapter.json", {"base": "mini", "template": "alpaca"})
    card = model_card(str(tmp_path / "back"), **ALONE)
    assert "Adaptateur pour `mini` (13,4" in plain(card) and "### Instruction:" in card
    assert ModelCard(card).data.license == "unknown" and str(tmp_path) not in card


@pytest.mark.parametrize("name", ["mini", "tiny"])
def test_what_the_card_tells_to_type_works(name, tiny_preset, capsys):
    """The five lines of KerasHub, on the preset as it lies here: something is said after the question."""
    model, folder = ("mini", EMBEDDED["mini"]) if name == "mini" else (str(tiny_preset), tiny_preset)
    code = next(part for part in model_card(model, **FULL).split("```") if "keras_hub" in part)
    code = code.removeprefix("python\n").replace("hf://zoe/faq", str(folder)).replace("max_length=200", "max_length=60")
    said = {}
    exec(code, said)
    told = capsys.readouterr().out
    assert told.startswith(said["prompt"]) and len(told.removeprefix(said["prompt"]).strip()) > 10


def test_a_public_card_names_no_private_repository(run, shop, home, tiny_preset, tmp_path):
    data = shutil.copytree(shop, tmp_path / "copy")
    first = a_run(home / "runs" / "premier", shop, tiny_preset)
    second = a_run(home / "runs" / "second", data, tiny_preset, config={"model": str(first)})
    compared(second, data)

    def named(*, sent_public: bool, public: bool) -> tuple[bool, bool]:
        push = {"commit": "c" * 40, "tag": "v1", "date": "2026-11-22", "public": sent_public}
        note_pushed(data, "dataset", Pushed(repo="zoe/clients", **push))
        note_pushed(first, "model", Pushed(repo="zoe/secret", **push))
        files = card_files(str(second), **FULL, public=public)
        told = "".join(files) + b"".join(files.values()).decode()
        return "clients" in told, "zoe/secret" in told

    assert named(sent_public=False, public=True) == (False, False)
    assert named(sent_public=False, public=False) == named(sent_public=True, public=True) == (True, True)


def test_the_words_of_the_card(run, home, shop, tiny_preset):
    text = plain(model_card(str(run), **FULL))
    assert "dialogues de « Jeu intégré : le cours et une boutique en ligne (boutique\\_commande) »" in text
    brief = text.partition("## In English")[2]
    assert (
        "“Embedded set: the course and an online shop (French) (boutique\\_commande)”" in brief and "Jeu" not in brief
    )
    assert "embedded" not in text.partition("## Données et licences")[0]
    assert "Une réponse finit par le jeton de fin du tokenizer." in text
    numbers = {"cut": 2, "dialogues": 10, "row_length": 256, "context": 512, "needed": 900}
    findings = [{"key": "truncated", "step": 0, "text": "", "values": numbers},
                {"key": "autre", "step": 0, "text": "2 604 dialogue(s) sur 1 ligne(s)."}]  # fmt: skip
    late = plain(model_card(str(a_run(home / "runs" / "b", shop, tiny_preset, findings=findings)), **FULL))
    assert "n'a pas appris à finir" in late and "n'apprendra" not in late
    assert "2 604 dialogues sur 1 ligne." in late
    mini = plain(model_card("mini", **FULL))
    assert "causette train --model hf://zoe/faq" in mini and "causette chat hf://" not in mini
    assert "sans lui" not in mini and "sans lui, les réponses" in text


def test_the_question_in_the_code_is_of_no_set(run, shop):
    card = model_card(str(run), **FULL)
    assert "que sais-tu faire" in card
    assert all(
        "que sais-tu faire" not in json.dumps(one.to_json(), ensure_ascii=False)
        for one in read_dialogues(shop / "train.jsonl")
    )
