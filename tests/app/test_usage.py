"""Help pages and wrong calls: all in the user's language, with the user's words."""

import functools
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import app
from app.main import main
from chatbot.sampling import Sampling

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = re.compile(
    r"Show this|Usage:|Input should|Invalid|requires|unexpected|must be|<\w+>|COMMAND\b|ARGS|required|default"
)
COMMANDS = [
    [],
    *([name] for name in get_command(app).commands),
    ["data", "list"],
    ["data", "check"],
    ["data", "repair"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_french_help_page_has_no_english(command, capsys):
    assert main([*command, "--help"]) == 0
    shown = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    assert not ENGLISH.search(shown), shown
    assert f"Usage : causette {' '.join(command)}".strip() in shown and "Montre cette aide." in shown


WRONG = {
    "value missing": (["prepare", "a.csv", "--out"], "--out attend une valeur.", "causette prepare"),
    "value too much": (["data", "list", "--json=3"], "--json ne prend pas de valeur.", "causette data list"),
    "argument too much": (["serve", "a", "b", "c"], "En trop dans l'appel : b, c.", "causette serve"),
    "not a whole number": (["prepare", "a", "--out", "x", "--seed", "z"],
                           "--seed : valeur refusée (z) ; attendu : un entier à partir de 0.", "causette prepare"),
    "not a number": (["chat", "--temperature", "chaud"],
                     "--temperature : valeur refusée (chaud) ; attendu : un nombre de 0 à 5.", "causette chat"),
    "below": (["evaluate", "m", "--questions", "0"],
              "--questions : valeur refusée (0) ; attendu : un entier à partir de 1.", "causette evaluate"),
    "above": (["serve", "--port", "99999"],
              "--port : valeur refusée (99999) ; attendu : un entier de 0 à 65535.", "causette serve"),
    "a decimal bound": (["chat", "--repetition-penalty", "0"],
                        "--repetition-penalty : valeur refusée (0) ; attendu : un nombre de 0,1 à 10.", "causette chat"),
    "another word": (["serve", "--engine", "vllm"],
                     "--engine : valeur refusée (vllm) ; attendu : keras ou openai.", "causette serve"),
    "no number at all": (["chat", "--temperature", "nan"], "--temperature : valeur refusée (nan)", "causette chat"),
    "argument missing": (["compare"], "Il manque RUN.", "causette compare"),
    "folder missing": (["inspect", "--row", "3"], "Il manque DOSSIER.", "causette inspect"),
    "option missing": (["prepare", "a.csv"], "Il manque --out.", "causette prepare"),
    "nothing to train on": (["train", "--recipe", "mini"], "Il manque --data et --out.", "causette train"),
    "one of both": (["train", "--out", "x"], "Il manque --data.", "causette train"),
    "unknown command": (["prepar"], "Commande inconnue : prepar. Vouliez-vous dire « prepare » ?", "causette"),
    "unknown part": (["data", "lst"], "Commande inconnue : lst. Vouliez-vous dire « list » ?", "causette data"),
    "unknown option": (["chat", "--temprature", "1"],
                       "Option inconnue : --temprature. Vouliez-vous dire « --temperature » ?", "causette chat"),
    "option that is no more": (["prepare", "a", "--out", "x", "--template", "alpaca"],
                               "Option inconnue : --template.", "causette prepare"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_are_told_in_french(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words, expected, command = WRONG[case]
    assert main(words) == 2
    captured = capsys.readouterr()
    told, where = captured.err.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert told.startswith(expected) and where == f"Aide : {command} --help"
    assert not ENGLISH.search(captured.err) and captured.out == ""


def test_english_by_a_switch(capsys):
    def told(*words):
        assert main(["--lang", "en", *words]) == 2
        return capsys.readouterr().err.splitlines()[0]

    assert told("prepar") == "No such command: prepar. Did you mean “prepare”?"
    assert (
        told("serve", "--port", "99999") == "--port: value refused (99999); expected: a whole number from 0 to 65535."
    )
    assert told("train") == "--data and --out are missing."
    assert told("inspect", "a", "b") == "Too much in the call: b."


def test_help_in_english():
    done = subprocess.run(
        [sys.executable, "-m", "app", "prepare", "--help", "--lang", "en"], capture_output=True, text=True, check=True
    )
    assert "Usage: causette prepare [OPTIONS] SOURCE…" in done.stdout
    assert "Shows this help." in done.stdout and "PATH" in done.stdout


@pytest.mark.parametrize("words", [[], ["--"], ["data"]], ids=["none", "dashes", "group"])
def test_a_bare_call_shows_its_help_and_is_no_success(words, capsys):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert "Commandes" in captured.out and captured.err == ""


def test_every_value_that_the_command_line_takes_is_one_that_sampling_takes():
    names, tried = {"max_tokens": "max_new_tokens"}, set()
    for command in get_command(app).commands.values():
        for param in command.params:
            field = names.get(param.name, param.name)
            if field in Sampling.__dataclass_fields__ and field != "seed":
                Sampling(**{field: param.min}), Sampling(**{field: param.max})
                tried.add(field)
    assert tried == {"temperature", "top_k", "top_p", "repetition_penalty", "max_new_tokens"}


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is sent in another way there")
def test_ctrl_c_says_so_and_exits_130(tiny_preset):
    """In a chat that waits for a message on a pipe: surely under way, and it does not end by itself."""
    call = [sys.executable, "-m", "app", "chat", str(tiny_preset), "--domain", "aucun"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A shell that runs the tests in the background has SIGINT ignored, and children inherit that.
    unignored = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(call, cwd=ROOT, preexec_fn=unignored, **pipes) as process:
        assert "Modèle" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        rest = process.stderr.read()
    assert "Interrompu." in rest and "Traceback" not in rest and len(rest.strip().splitlines()) == 1
