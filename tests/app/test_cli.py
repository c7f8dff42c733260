"""The command line as a user meets it: the whole road in small, exit statuses, one or two clear lines."""

import errno
import io
import json
import os
import shutil
import subprocess
import sys

import pytest
from rich.console import Console

from app.main import main
from app.output import Output, table
from training.evaluation.markdown import inline


@pytest.fixture(scope="module")
def faq(tmp_path_factory):
    """A small CSV of a team: twenty-four questions, a semicolon, cp1252."""
    path = tmp_path_factory.mktemp("csv") / "faq.csv"
    rows = [f"Où est la commande numéro {n} ?;Elle est expédiée le {n}." for n in range(3, 27)]
    path.write_bytes(("question;réponse\n" + "\n".join(rows) + "\n").encode("cp1252"))
    return path


@pytest.fixture(scope="module")
def prepared(faq, tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared") / "faq"
    assert main(["prepare", str(faq), "--out", str(out), "--shares", "0.6,0.2,0.2"]) == 0
    return out


@pytest.fixture(scope="module")
def run(prepared, tiny_preset, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "faq"
    words = ["train", "--data", str(prepared), "--out", str(out), "--model", str(tiny_preset)]
    words += [
        "--set",
        "fit.epochs=2",
        "--set",
        "fit.compile=false",
        "--set",
        "fit.learning_rate=0.01",
        "--set",
        "fit.row_length=64",
    ]
    assert main(words) == 0
    return out


def json_of(capsys) -> dict:
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def test_the_switches_of_cleaning_reach_the_set(tmp_path, capsys):
    """Each is seen in what it does: a sentence under every answer cut, a number left, English left out, a leak counted."""
    said = "Toute réponse finit par cette phrase, qui ne dit rien du tout."
    rows = [
        f"Où est la commande numéro {n} ?;Elle part le {n}, dit Léa au 06 12 34 56 78. {said}" for n in range(3, 40)
    ]
    rows.append("Where is my order, please?;It was sent yesterday morning from the warehouse in London.")
    (tmp_path / "faq.csv").write_text("question;réponse\n" + "\n".join(rows) + "\n", encoding="utf-8")
    call = ["prepare", str(tmp_path / "faq.csv"), "--json", "--out"]
    switches = ["--cut-boilerplate", "--keep-personal", "--only-language", "fr", "--show-leak"]
    texts = {}
    for name, more in (("with", switches), ("without", [])):
        assert main([*call, str(tmp_path / name), *more]) == 0
        manifest = json.loads(capsys.readouterr().out)
        files = (tmp_path / name).glob("t*.jsonl"), (tmp_path / name).glob("validation.jsonl")
        texts[name] = "".join(path.read_text(encoding="utf-8") for found in files for path in found)
        assert ("leak" in manifest) == (name == "with")
    assert said not in texts["with"] and said in texts["without"]
    assert "06 12 34 56 78" in texts["with"] and "06 12 34 56 78" not in texts["without"]
    assert "London" not in texts["with"] and "London" in texts["without"]


def test_prepare_says_what_became_of_every_row(faq, tmp_path, capsys):
    assert main(["prepare", str(faq), "--out", str(tmp_path / "x"), "--json"]) == 0
    counts = json_of(capsys)["counts"]
    assert counts["read"] == counts["kept"] + counts["rejected"] == 24


def test_data_check_shows_and_data_repair_writes(tmp_path, capsys):
    path = tmp_path / "abîmé.csv"
    path.write_bytes('question;réponse\n"Il a dit "oui"";Bien\nOÃ¹ ?;Là\nun;deux;trois\n'.encode())
    assert main(["data", "check", str(path)]) == 0
    shown = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    assert "- OÃ¹ ?" in shown and "+ Où ?" in shown and "ligne 4 du fichier (3 ≠ 2)" in shown
    assert "Lignes : lues 3 = lisibles 2 (dont réparées : 2) + rejetées 1." in shown
    assert list(tmp_path.iterdir()) == [path]
    out = tmp_path / "propre.csv"
    assert main(["data", "repair", str(path), "--out", str(out), "--json"]) == 0
    value = json_of(capsys)
    assert value["rows"] == {"read": 3, "written": 2, "repaired": 2, "rejected": 1} and value["out"]["table"] == str(
        out
    )
    assert out.read_text(encoding="utf-8").splitlines()[2] == "Où ?,Là"
    assert main(["data", "repair", str(path), "--out", str(out)]) == 2 and "--replace" in capsys.readouterr().err
    options = ["--replace", "--no-header", "--separator", ",", "--encoding", "latin-1"]
    assert main(["data", "repair", str(path), "--out", str(out), "--json", *options]) == 0
    value = json_of(capsys)
    assert (value["separator"], value["header"], value["encoding"], value["rows"]["read"]) == (
        ",",
        None,
        "iso8859-1",
        4,
    )


def test_data_check_counts_as_prepare_does(tmp_path, capsys):
    path = tmp_path / "faq.csv"
    rows = [f"Où est l'objet {n} ?;Au rayon {n * 7}." for n in range(12)]
    path.write_text("\n".join(["question;réponse", *rows, "Et là ?;", ";Ici.", "Et donc ?;…"]), encoding="utf-8")
    assert main(["data", "check", str(path)]) == 0
    shown = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    assert "Lignes : lues 15 = lisibles 15 (dont réparées : 0) + rejetées 0." in shown
    assert "Dialogues pour prepare : lus 15 = à garder 12 + à rejeter 3 ;" in shown
    assert "réponse vide" in shown and "ligne 14 du fichier" in shown and "Et là ? →" in shown
    assert main(["data", "check", str(path), "--json"]) == 0
    foreseen = json_of(capsys)["prepare"]
    assert main(["prepare", str(path), "--out", str(tmp_path / "x"), "--json"]) == 0
    counts = json_of(capsys)["counts"]
    assert (foreseen["dialogues"], foreseen["kept_at_most"]) == (counts["read"], counts["kept"]) == (15, 12)
    assert foreseen["rejected"] == {"empty_answer": 1, "empty_question": 1, "no_answer": 1}
    assert main(["data", "check", str(path), "--columns", "1,1"]) == 2 and "--columns" in capsys.readouterr().err


def test_inspect_shows_what_is_learnt(prepared, tiny_preset, capsys):
    assert main(["inspect", str(prepared), "--model", str(tiny_preset), "--row", "1"]) == 0
    shown = capsys.readouterr().out
    assert "Dialogues" in shown and "■" in shown and "gabarit human_assistant" in shown
    assert main(["inspect", str(prepared), "--model", str(tiny_preset), "--template", "alpaca", "--json"]) == 0
    tokens = json_of(capsys)["tokens"]
    learnt = "".join(token["text"] for token in tokens if token["learnt"])
    assert learnt.startswith("Elle est expédiée") and learnt.endswith(".■")


def test_what_is_learnt_is_marked_with_and_without_colours(prepared, tiny_preset, capsys, monkeypatch):
    def shown() -> str:
        assert main(["inspect", str(prepared), "--model", str(tiny_preset)]) == 0
        return capsys.readouterr().out

    plain = shown()
    learnt = plain.partition("⟦ et ⟧")[2].partition("⟦")[2].partition("⟧")[0]
    assert learnt.replace("|", "").strip().startswith("Elle est expédiée") and learnt.endswith("■")
    assert "fond vert" not in plain and "\033" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = shown()
    assert "sur fond vert" in coloured and "\033[" in coloured and "⟦" not in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "⟦" in shown()


def test_columns_of_numbers_are_to_the_right_and_long_cells_are_whole():
    address = "https://www.kaggle.com/datasets/jpmiller/layoutlm"
    console = Console(width=40, record=True, file=io.StringIO())
    console.print(
        table(("Nom", "Titre", "Nombre"), [("a", "court", "1\N{NARROW NO-BREAK SPACE}200,5"), ("b", address, "3")])
    )
    lines = console.export_text().splitlines()
    assert address in "".join(line.split("│")[2].strip() for line in lines if line.startswith("│"))
    assert any("│ court " in line for line in lines) and any(line.endswith("     3 │") for line in lines)


UNWRITABLE = {"a folder": ".", "below a file": "file/x.json"}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_a_place_that_cannot_be_written_is_refused_before_measuring(case, run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("app.measuring.Evaluator", lambda *_, **__: pytest.fail("measured first"))
    (tmp_path / "file").touch()
    out = str(tmp_path / UNWRITABLE[case])
    assert main(["evaluate", str(run), "--out", out]) == 2
    told = capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")
    assert told.startswith(f"{out} : ") and told.endswith("Choisissez un autre --out.\n")
    assert main(["compare", str(run), "--out", str(tmp_path / "file")]) == 2
    assert "Choisissez un autre --out" in capsys.readouterr().err


def test_a_full_disk_is_no_surprise(run, tmp_path, monkeypatch, capsys):
    def full(path, value):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("app.measuring.write_json", full)
    out = tmp_path / "e.json"
    assert main(["evaluate", str(run), "--questions", "1", "--max-tokens", "2", "--out", str(out)]) == 1
    assert f"{out}\N{NO-BREAK SPACE}: le disque est plein.\n" in capsys.readouterr().err


def test_evaluate_and_compare(run, prepared, tiny_preset, tmp_path, capsys):
    capsys.readouterr()
    out = tmp_path / "e.json"
    assert main(["evaluate", str(run), "--questions", "3", "--max-tokens", "6", "--json", "--out", str(out)]) == 0
    measured = json_of(capsys)
    assert measured == json.loads(out.read_text(encoding="utf-8"))
    assert len(measured["answers"]) == 3 and measured["settings"]["split"] == "test"
    assert {"value", "low", "high"} <= measured["measures"]["token_f1"].keys()
    assert main(["compare", str(run), "--questions", "3", "--max-tokens", "6"]) == 0
    shown = capsys.readouterr().out
    assert "Bits par octet" in shown and "BM25" in shown and "≈ pas de différence montrée" in shown
    assert (
        (run / "comparison.json").exists() and (run / "comparison.md").exists() and not (run / ".comparison").exists()
    )
    assert main(["evaluate", str(tiny_preset)]) == 2
    assert "--data" in capsys.readouterr().err


def test_any_number_of_models_is_compared(run, tmp_path, tiny_tokenizer, capsys):
    """A run, another run, a model that is no run, and the two baselines, in the order given."""
    from chatbot.model import save_preset
    from tests.conftest import build_tiny

    other = tmp_path / "other"
    save_preset(build_tiny(tiny_tokenizer, seed=9), other, {})
    words = ["compare", str(run), str(other), "--questions", "2", "--max-tokens", "3", "--out", str(tmp_path), "--json"]
    capsys.readouterr()
    assert main([*words, "--split", "test"]) == 0
    value = json_of(capsys)
    names = [model["name"] for model in value["models"]]
    assert names == [value["reference"], str(run), str(other), "bm25", "copied_question"] and value["main"] == str(run)
    assert {model["template"] for model in value["models"][:3]} == {"human_assistant"}
    assert [model["method"] for model in value["models"][:3]] == ["", "full", ""]
    (test,) = value["comparisons"]
    assert test["split"] == "test" and len(test["differences"]) == 10
    assert main([*words, "--no-baselines", "--split", "train"]) == 0
    value = json_of(capsys)
    assert [model["kind"] for model in value["models"]] == ["model"] * 3
    assert not value["comparisons"][0]["sealed"]


def test_a_report_without_texts_quotes_nothing(run, tmp_path):
    words = ["compare", str(run), "--questions", "4", "--max-tokens", "6", "--split", "test", "--out", str(tmp_path)]
    reports = []
    for more in ([], ["--no-texts"]):
        assert main([*words, *more]) == 0
        reports.append((tmp_path / "comparison.md").read_text(encoding="utf-8"))
    assert "Où est la commande" in reports[0] and "Elle est expédiée" in reports[0]
    assert "commande numéro" not in reports[1].lower() and "expédiée" not in reports[1]
    assert "Bits par octet" in reports[1] and "Comment les réponses échouent" in reports[1]


def test_sampling_reaches_all_models(run, tmp_path, capsys):
    words = ["compare", str(run), "--questions", "2", "--max-tokens", "5", "--split", "test", "--json"]
    words += ["--out", str(tmp_path), "--temperature", "1.5", "--top-p", "0.8", "--repetition-penalty", "1.3"]
    texts = []
    for seed in ("3", "3", "4"):
        capsys.readouterr()
        assert main([*words, "--seed", seed]) == 0
        (test,) = json_of(capsys)["comparisons"]
        sampling = test["settings"]["sampling"]
        assert (sampling["temperature"], sampling["top_p"], sampling["repetition_penalty"]) == (1.5, 0.8, 1.3)
        texts.append([[one["answer"] for one in side["answers"]] for side in test["evaluations"]])
    assert texts[0] == texts[1] != texts[2]


def test_bertscore_needs_an_encoder_and_is_measured_for_all(run, tiny_preset, tmp_path, capsys):
    from tests.training.evaluation.test_similarity import save_bert

    words = ["compare", str(run), "--questions", "2", "--max-tokens", "3", "--split", "test", "--out", str(tmp_path)]
    assert main([*words, "--bertscore", str(tiny_preset)]) == 2
    assert "encodeur" in capsys.readouterr().err
    assert main([*words, "--bertscore", str(save_bert(tmp_path / "bert")), "--json"]) == 0
    value = json_of(capsys)
    sides = value["comparisons"][0]["evaluations"]
    assert all(-1 <= side["measures"]["bertscore"]["value"] <= 1 for side in sides) and len(sides) == 4
    assert any("BERTScore" in remark for remark in value["remarks"])


def test_a_comparison_with_itself_is_refused(run, tmp_path, capsys):
    words = ["--questions", "2", "--max-tokens", "2", "--out", str(tmp_path)]
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    for other, told in ((["--generic", str(run)], "même nom"), ([str(copy)], "mêmes poids"), ([str(run)], "deux fois")):
        capsys.readouterr()
        assert main(["compare", str(run), *other, *words]) == 2
        assert told in capsys.readouterr().err
    assert main(["compare", str(run), "--split", "recall", *words]) == 2
    assert "Au choix : train, test" in capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")
    assert not (tmp_path / "comparison.json").exists()


def test_questions_are_called_learnt_only_where_they_were(moved_run, prepared, faq, other_split, tmp_path, capsys):
    words = ["compare", str(moved_run), "--questions", "1", "--max-tokens", "2", "--json"]

    def compared(*more):
        capsys.readouterr()
        assert main([*words, *more]) == 0
        value = json_of(capsys)
        report = (moved_run / "comparison.md").read_text(encoding="utf-8")
        assert all(f"- {inline(remark)}\n" in report for remark in value["remarks"])
        return [one["split"] for one in value["comparisons"]], " ".join(value["remarks"]).replace(
            "\N{NO-BREAK SPACE}", " "
        )

    def refused(*more):
        capsys.readouterr()
        assert main([*words, *more]) == 2
        return capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")

    splits, remark = compared()
    assert splits == ["train", "test"] and "Rien ne montre" in remark and "%" not in remark
    metrics = json.loads((moved_run / "metrics.json").read_text())
    (moved_run / "metrics.json").write_text(json.dumps({**metrics, "epochs": 0.999, "steps": 8, "best_step": 8}))
    splits, remark = compared("--data", str(prepared))  # the same set, elsewhere
    assert splits == ["train", "test"] and "n'a lu que 99 % des lignes" in remark
    # Other questions: they can be shown to be unseen, as long as the set of the training is there.
    (tmp_path / "autre.csv").write_text(
        "question;réponse\n" + "\n".join(f"Quel est le prix du livre {n} ?;Il coûte {n} euros." for n in range(3, 27)),
        encoding="utf-8",
    )
    elsewhere = str(tmp_path / "autre")
    assert main(["prepare", str(tmp_path / "autre.csv"), "--out", elsewhere, "--shares", "0.6,0.2,0.2"]) == 0
    splits, remark = compared("--data", elsewhere)
    assert splits == ["test"] and "a appris un autre jeu" in remark and "aucune de ses questions" in remark
    # The same questions, split otherwise: some of the test were learnt.
    assert "étaient dans l'entraînement" in refused("--data", str(other_split))
    # The set of the training was prepared anew: nobody can know any more.
    assert main(["prepare", str(faq), "--out", str(moved_run.parent / "data"), "--shares", "0.6,0.2,0.2", "--seed", "7",
                 "--replace"]) == 0  # fmt: skip
    assert "n'est plus là tel quel" in refused() and "n'est plus là tel quel" in refused("--data", elsewhere)


@pytest.fixture(scope="module")
def other_split(faq, tmp_path_factory):
    """The same questions, split otherwise: some of its test questions are in the training of `run`."""
    out = tmp_path_factory.mktemp("other") / "faq"
    assert main(["prepare", str(faq), "--out", str(out), "--shares", "0.6,0.2,0.2", "--seed", "7"]) == 0
    return out


@pytest.fixture(scope="module")
def chained(run, other_split, tmp_path_factory):
    """A run that began from `run`, on that other split."""
    out = tmp_path_factory.mktemp("chain") / "chained"
    words = ["train", "--data", str(other_split), "--out", str(out), "--model", str(run), "--set", "fit.max_steps=2"]
    assert main([*words, "--set", "fit.compile=false", "--set", "fit.samples=0"]) == 0
    return out


def test_what_any_side_has_learnt_is_seen(run, chained, other_split, tiny_preset, tmp_path, capsys):
    """Given as the generic model, as the base of a run, or measured alone: learnt questions are no test."""
    asked = ["--questions", "1", "--max-tokens", "2", "--out", str(tmp_path / "out")]
    for words in (
        ["compare", str(chained), *asked],  # its base, and its reference, is `run`
        ["compare", str(chained), "--generic", str(tiny_preset), *asked],
        ["evaluate", str(run), "--data", str(other_split), *asked],
        ["evaluate", str(chained), *asked],
    ):
        capsys.readouterr()
        assert main(words) == 2
        assert "étaient dans l'entraînement" in capsys.readouterr().err
    words = ["evaluate", str(run), "--data", str(other_split), "--split", "train", *asked]
    assert main(words) == 0  # nobody calls these held out


def test_models_of_unknown_reading_are_named(run, tiny_preset, tmp_path, capsys):
    words = ["compare", str(run), "--questions", "1", "--max-tokens", "2", "--split", "test", "--out", str(tmp_path)]
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    assert any("Rien ne montre" in one and str(tiny_preset) in one for one in json_of(capsys)["remarks"])


def piped(monkeypatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))


def test_export_writes_a_folder_that_loads_and_chats_the_same(run, tmp_path, capsys, monkeypatch):
    out = tmp_path / "hf"
    assert main(["export", str(run), "--to", "transformers", "--out", str(out), "--json"]) == 0
    facts = json_of(capsys)
    assert (facts["to"], facts["architecture"], facts["template"]) == (
        "transformers",
        "GPT2LMHeadModel",
        "human_assistant",
    )
    assert facts["files"].keys() == {path.name for path in out.iterdir()} and facts["stop"][0] == "\n###human:"
    config = json.loads((out / "config.json").read_text())
    assert config["n_layer"] == 2 and (out / "chat_template.jinja").exists()
    for name, status in ((str(out), 2), (str(tmp_path / "other"), 0)):
        assert main(["export", str(run), "--out", name]) == status
        captured = capsys.readouterr()
        assert ("existe déjà" in captured.err) if status else ("Textes d'arrêt" in captured.out)
    assert main(["export", str(run), "--out", str(tmp_path / "x"), "--to", "gguf"]) == 2
    assert "attendu : transformers ou onnx." in capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")


def test_chat_from_a_pipe_writes_answers_and_nothing_else(run, capsys, monkeypatch):
    piped(monkeypatch, "Où est ma commande ?\nquitter\n")
    assert main(["chat", str(run), "--max-tokens", "5"]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip() and "Causette" not in captured.out and "bientôt" not in captured.out
    assert "Modèle" in captured.err and "À bientôt" in captured.err and "\033" not in captured.out + captured.err


REFUSED = {
    "empty": ("\n", "vide"),
    "invisible": ("\0\n", "vide"),
    "too long": ("commande " * 300 + "\n", "jetons, le modèle"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_message_of_a_pipe_is_told_and_the_others_are_answered(case, run, capsys, monkeypatch):
    message, reason = REFUSED[case]
    piped(monkeypatch, "Où est ma commande ?\n")
    assert main(["chat", str(run), "--max-tokens", "5"]) == 0
    answer = capsys.readouterr().out
    piped(monkeypatch, message + "Où est ma commande ?\n")
    assert main(["chat", str(run), "--max-tokens", "5"]) == 2
    captured = capsys.readouterr()
    assert captured.out == answer and reason in captured.err


def test_chat_settings_have_an_effect(run, capsys, monkeypatch):
    def say(*options):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Bonjour ?\n"), encoding="utf-8"))
        assert main(["chat", str(run), "--max-tokens", "12", *options]) == 0
        return capsys.readouterr().out

    greedy = say()
    assert say("--temperature", "3", "--seed", "1") != greedy
    assert say("--temperature", "3", "--seed", "1") == say("--temperature", "3", "--seed", "1")
    assert say("--temperature", "3", "--top-k", "1", "--seed", "1") == greedy
    assert say("--temperature", "3", "--top-p", "0.000001", "--seed", "1") == greedy
    assert say("--repetition-penalty", "5") != greedy


@pytest.mark.parametrize(("weights", "kind"), [("float32", "float32"), ("bfloat16", "uint16"), ("int8", "int8")])
def test_weights_are_kept_in_the_width_asked_for(run, monkeypatch, weights, kind):
    """The model that the terminal is handed, and the order for the page's, which is loaded in a process of its own."""
    handed, orders = [], []
    monkeypatch.setattr("chatbot.terminal.talk", lambda session: handed.append(session.chat) or 0)
    monkeypatch.setattr("app.serving.serve_model", lambda serving, *_: orders.append(serving))
    assert main(["chat", str(run), "--domain", "aucun", "--weights", weights]) == 0
    assert main(["serve", str(run), "--weights", weights]) == 0
    assert [chat.generator.decoder.weights.head.weight.dtype for chat in handed] == [kind]
    assert [serving.weights for serving in orders] == [weights]


@pytest.fixture
def moved_run(run, prepared, tmp_path):
    """A copy of the run whose data is a copy, too, to be spoilt."""
    from training.config import save_config
    from training.runs import RunFolder

    data, copy = tmp_path / "data", tmp_path / "run"
    shutil.copytree(prepared, data)
    shutil.copytree(run, copy)
    save_config(RunFolder.open(run).config.model_copy(update={"data": data}), copy / "config.yaml")
    return copy


def test_half_of_the_page_s_examples_were_learnt_and_half_were_not(run, prepared, tiny_preset, capsys):
    from app.page_content import examples_of
    from datasets_prep.prepared import PreparedSet

    examples = examples_of(run, Output())
    assert len(examples) == 4
    for split, shown in (("train", examples[:2]), ("validation", examples[2:])):
        assert set(shown) <= {dialogue.question for dialogue in PreparedSet.open(prepared).split(split)}
    assert examples_of(tiny_preset, Output()) == []
    assert capsys.readouterr().err == ""


def test_the_other_half_of_the_embedded_set_is_learnt_answers_in_other_words(moved_run, capsys):
    from app.page_content import examples_of
    from datasets_prep.prepared import PreparedSet

    data = moved_run.parent / "data"
    assert main(["prepare", "embedded:boutique_commande", "--out", str(data), "--replace"]) == 0
    examples = examples_of(moved_run, Output())
    recall = list(PreparedSet.open(data).split("recall"))
    assert len(examples) == 4 and set(examples[2:]) <= {dialogue.question for dialogue in recall}
    groups = {
        d.group for split in ("train", "recall") for d in PreparedSet.open(data).split(split) if d.question in examples
    }
    assert len(groups) == 4


def test_a_page_opens_without_examples(moved_run, capsys):
    from app.page_content import examples_of

    data = moved_run.parent / "data"
    (data / "train.jsonl").write_text("changed", encoding="utf-8")
    assert examples_of(moved_run, Output()) == []
    assert "Pas d'exemples" in capsys.readouterr().err
    shutil.rmtree(data)
    assert examples_of(moved_run, Output()), "the answers that the run keeps"
    (moved_run / "samples.jsonl").unlink()
    assert examples_of(moved_run, Output()) == []
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_json_is_one_object_whatever_is_said_on_the_way(prepared, run, tiny_preset, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    words = ["train", "--data", str(prepared), "--out", str(out), "--model", str(tiny_preset), "--json"]
    assert main([*words, "--set", "fit.max_steps=1", "--set", "fit.compile=false"]) == 0
    assert json_of(capsys)["run"] == str(out)
    assert main(["compare", str(run), "--questions", "1", "--max-tokens", "2", "--out", str(tmp_path), "--json"]) == 0
    assert json_of(capsys)["report"] == str(tmp_path / "comparison.md")
    monkeypatch.setattr("training.pretrain.pretrain", lambda config, resume, say: say("…") or {"tokens": config.tokens})
    assert main(["pretrain", "textes", "--out", "base", "--tokens", "7", "--json"]) == 0
    assert json_of(capsys) == {"tokens": 7}


def test_data_list(capsys):
    assert main(["data", "list", "--json"]) == 0
    assert {"medquad", "embedded"} <= {entry["name"] for entry in json_of(capsys)["sets"]}


WRONG_CALLS = {
    "missing file": (["prepare", "absent.csv", "--out", "x"], "absent.csv"),
    "unknown model": (["chat", "gpt2_base_em"], "gpt2_base_en"),
    "not a prepared set": (["inspect", "."], "jeu préparé"),
    "nothing to resume": (["train", "--out", "x", "--resume"], "rien à reprendre"),
    "unknown key": (["train", "--data", "d", "--out", "x", "--set", "fit.epoch=1"], "clé inconnue"),
    "no such run": (["compare", "runs/absent"], "n'existe pas"),
    "bad columns": (["prepare", "a.csv", "--out", "x", "--columns", "q"], "--columns"),
    "table missing": (["data", "repair", "absente.csv"], "absente.csv"),
    "bad separator": (["data", "check", "a.csv", "--separator", "::"], "--separator"),
    "bad shares": (["prepare", "a.csv", "--out", "x", "--shares", "a,b"], "--shares"),
    "bad language": (["--lang", "de", "chat"], "--lang"),
    "no texts": (["pretrain", "nowhere", "--out", "x"], "aucun fichier"),
    "no such width": (["chat", "mini", "--weights", "int3"], "--weights"),
    "a shape to go on from": (["pretrain", "t", "--out", "x", "--start", "mini", "--layers", "2"], "retirez --layers"),
    "a seed to go on from": (["pretrain", "t", "--out", "x", "--start", "mini", "--seed", "2"], "retirez --seed"),
}


@pytest.mark.parametrize("case", WRONG_CALLS)
def test_wrong_calls_exit_2_with_one_or_two_lines_and_write_nothing(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words, expected = WRONG_CALLS[case]
    assert main(words) == 2
    captured = capsys.readouterr()
    assert expected in captured.err and captured.out == ""
    assert 1 <= len(captured.err.strip().splitlines()) <= 2
    assert list(tmp_path.iterdir()) == []


def test_english_by_a_switch_anywhere(capsys):
    assert main(["chat", "gpt2_base_em", "--lang", "en"]) == 2
    assert "Did you mean" in capsys.readouterr().err
    assert main(["--lang=en", "parler"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_broken_utf8_on_standard_input(run, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9\n"), encoding="utf-8"))
    assert main(["chat", str(run)]) == 2
    assert "ligne 1" in capsys.readouterr().err


def test_python_dash_m_and_debug():
    def call(*words):
        return subprocess.run([sys.executable, "-m", "app", *words], capture_output=True, text=True, check=False)

    assert "Commandes" in call("--help").stdout
    assert "Traceback" not in call("chat", "absent_model").stderr
    assert "Traceback" in call("chat", "absent_model", "--debug").stderr
