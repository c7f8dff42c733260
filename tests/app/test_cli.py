"""The command line as a user meets it: the whole road in small, exit statuses, one or two clear lines."""

import io
import json
import subprocess
import sys

import pytest

from app.main import main
from chatbot.language import set_language


@pytest.fixture(autouse=True)
def french_again():
    yield
    set_language("fr")


@pytest.fixture(scope="module")
def faq(tmp_path_factory):
    """A small CSV of a team: twelve questions, a semicolon, cp1252."""
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


def test_prepare_says_what_became_of_every_row(faq, tmp_path, capsys):
    assert main(["prepare", str(faq), "--out", str(tmp_path / "x"), "--json"]) == 0
    counts = json_of(capsys)["counts"]
    assert counts["read"] == counts["kept"] + counts["rejected"] == 24


def test_inspect_shows_what_is_learnt(prepared, tiny_preset, capsys):
    assert main(["inspect", str(prepared), "--model", str(tiny_preset), "--row", "1"]) == 0
    shown = capsys.readouterr().out
    assert "Dialogues" in shown and "■" in shown and "gabarit human_assistant" in shown
    assert main(["inspect", str(prepared), "--model", str(tiny_preset), "--template", "alpaca", "--json"]) == 0
    tokens = json_of(capsys)["tokens"]
    learnt = "".join(token["text"] for token in tokens if token["learnt"])
    assert learnt.startswith("Elle est expédiée") and learnt.endswith(".■")


def test_evaluate_and_compare(run, prepared, tiny_preset, tmp_path, capsys):
    capsys.readouterr()
    out = tmp_path / "e.json"
    assert main(["evaluate", str(run), "--questions", "3", "--max-tokens", "6", "--json", "--out", str(out)]) == 0
    measured = json_of(capsys)
    assert measured == json.loads(out.read_text(encoding="utf-8"))
    assert len(measured["answers"]) == 3 and measured["settings"]["split"] == "test"
    assert main(["compare", str(run), "--questions", "3", "--max-tokens", "6"]) == 0
    shown = capsys.readouterr().out
    assert "Générique" in shown and "Perplexité" in shown
    assert (run / "comparison.json").exists() and (run / "comparison.md").exists()
    assert main(["compare", str(run), "--generic", str(run), "--questions", "2", "--max-tokens", "4"]) == 2
    assert "mêmes poids" in capsys.readouterr().err
    assert main(["evaluate", str(tiny_preset)]) == 2
    assert "--data" in capsys.readouterr().err


def test_chat_from_a_pipe(run, capsys, monkeypatch):
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO("Où est ma commande ?\nquitter\n".encode()), encoding="utf-8")
    )
    assert main(["chat", str(run), "--max-tokens", "5"]) == 0
    shown = capsys.readouterr().out
    assert "Causette" in shown and "À bientôt" in shown and "\033" not in shown


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


def test_examples_of_the_page_come_from_the_set(run, tiny_preset):
    from app.serving import examples_of

    examples = examples_of(run)
    assert len(examples) == 4 and all("commande" in text for text in examples)
    assert examples_of(tiny_preset) == []


def test_data_list(capsys):
    assert main(["data", "list", "--json"]) == 0
    assert {"medquad", "embedded"} <= {entry["name"] for entry in json_of(capsys)["sets"]}


WRONG_CALLS = {
    "no such command": (["parler"], "Commande inconnue"),
    "no such option": (["chat", "--temprature", "1"], "Option inconnue"),
    "missing option": (["prepare", "embedded"], "Il manque"),
    "not a number": (["chat", "--temperature", "chaud"], "Valeur refusée"),
    "value out of range": (["chat", "--temperature", "-1"], "Réglage refusé"),
    "missing file": (["prepare", "absent.csv", "--out", "x"], "absent.csv"),
    "unknown model": (["chat", "gpt2_base_em"], "gpt2_base_en"),
    "not a prepared set": (["inspect", "."], "jeu préparé"),
    "no data": (["train", "--out", "x"], "data"),
    "unknown key": (["train", "--data", "d", "--out", "x", "--set", "fit.epoch=1"], "clé inconnue"),
    "no such run": (["compare", "runs/absent"], "n'existe pas"),
    "bad columns": (["prepare", "a.csv", "--out", "x", "--columns", "q"], "--columns"),
    "bad shares": (["prepare", "a.csv", "--out", "x", "--shares", "a,b"], "--shares"),
    "bad language": (["--lang", "de", "chat"], "--lang"),
    "no texts": (["pretrain", "nowhere", "--out", "x"], "aucun fichier"),
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
