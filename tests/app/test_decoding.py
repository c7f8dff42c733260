"""`causette sweep` on a run, and who decodes as it says: the user's options, then the run, then the defaults."""

import io
import json
import shutil
import sys

import pytest

from app import serving
from app.decoding import left_behind, sampling_for
from app.main import main
from app.output import Output
from chatbot.dialogue import user
from chatbot.files import write_json
from chatbot.model import load_model
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from chatbot.session import printable
from datasets_prep.prepared import PreparedSet
from training.config import save_config, validated
from training.decoding import decoding_of, weights_of, write_decoding
from training.evaluation.records import EvaluationSettings
from training.runs import RunFolder

QUESTION = "Où est la commande numéro 5 ?"
WAY = Sampling(temperature=1.5, top_p=0.8, repetition_penalty=1.3, max_new_tokens=8)
SMALL = ["--temperature", "0,1", "--top-p", "1", "--repetition-penalty", "1,1.5", "--questions", "5", "--seeds", "2",
         "--max-tokens", "8"]  # fmt: skip


@pytest.fixture(scope="module")
def run(tiny_preset, tmp_path_factory):
    """A run folder as a training leaves it, of weights that no training has touched."""
    folder = tmp_path_factory.mktemp("decoded")
    rows = [f"Où est la commande numéro {n} ?;Elle est expédiée le {n}." for n in range(3, 27)]
    (folder / "faq.csv").write_text("question;réponse\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert main(["prepare", str(folder / "faq.csv"), "--out", str(folder / "data"), "--shares", "0.5,0.25,0.25"]) == 0
    run, data = folder / "run", PreparedSet.open(folder / "data")
    shutil.copytree(tiny_preset, run / "preset")
    config = {"data": data.folder, "out": run, "model": str(tiny_preset), "fit": {}}
    save_config(validated(config, "test"), run / "config.yaml")
    write_json(run / "data_manifest.json", data.manifest)
    write_json(run / "metrics.json", {})
    return run


@pytest.fixture
def decided(run):
    """The run with a way of decoding of its own."""
    write_decoding(RunFolder(run), WAY, {})
    yield run
    (run / "decoding.json").unlink()


def said(capsys) -> str:
    return capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")


# -- the sweep -------------------------------------------------------------------------------------------------------


def test_a_sweep_writes_what_it_found_and_asks_validation_questions_only(run, capsys, monkeypatch):
    read, split = [], PreparedSet.split
    monkeypatch.setattr(PreparedSet, "split", lambda data, name: read.append(name) or split(data, name))
    assert main(["sweep", str(run), *SMALL, "--measure", "token_f1", "--json"]) == 0
    captured = capsys.readouterr()
    value = json.loads(captured.out)
    assert read == ["validation"] and value["split"] == "validation"
    assert "4 décodages, 6 passages de 5 questions de validation : 30 réponses." in captured.err.replace("\u00a0", " ")
    assert [one["way"]["repetition_penalty"] for one in value["tried"]] == [1, 1.5, 1, 1.5]
    assert [one["passes"] for one in value["tried"]] == [1, 1, 2, 2]
    assert (value["questions"], value["left_out"], value["measure"]) == (5, 0, "token_f1")
    assert json.loads((run / "sweep.json").read_text(encoding="utf-8")) == value
    decoding = json.loads((run / "decoding.json").read_text(encoding="utf-8"))
    assert decoding["weights"] == weights_of(RunFolder(run)) and decoding["questions"] == 5
    assert decoding["sampling"] == {name: value["chosen"][name] for name in ("temperature", "top_p", "repetition_penalty")}  # fmt: skip
    assert dict(decoding_of(RunFolder(run)).values) == decoding["sampling"]
    report = (run / "sweep.md").read_text(encoding="utf-8")
    assert report.count("\n| T 1, top-p 1") == 2 and report.count("★") == 1 and value["command"] in report
    assert not (run / ".sweep").exists()
    assert main(["sweep", str(run), *SMALL]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert value["command"] in shown and "Petit échantillon" in shown and "glouton, pénalité 1,5" in shown
    (run / "decoding.json").unlink()


def test_the_value_of_plain_greedy_is_that_of_evaluate(run, capsys):
    assert main(["sweep", str(run), *SMALL, "--measure", "token_f1", "--json"]) == 0
    swept = json.loads(capsys.readouterr().out)["tried"][0]["value"]
    assert main(["evaluate", str(run), "--split", "validation", "--questions", "5", "--max-tokens", "8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["measures"]["token_f1"] == swept
    (run / "decoding.json").unlink()


WRONG = {
    "no list": (["--temperature", "chaud"], "--temperature : valeurs refusées (chaud)"),
    "out of range": (["--top-p", "0.5,2"], "attendu : des nombres de 1e-6 à 1"),
    "not a number": (["--repetition-penalty", "nan"], "--repetition-penalty"),
    "too many": (["--temperature", ",".join(f"{n / 100}" for n in range(1, 60))], "il en faut de 2 à 99"),
    "nothing to compare": (["--temperature", "0", "--repetition-penalty", "1"], "1 réglage(s) à essayer"),
    "another measure": (["--measure", "perplexity"], "--measure"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_leave_no_file(case, run, capsys):
    words, reason = WRONG[case]
    assert main(["sweep", str(run), *words]) == 2
    assert reason in said(capsys) and not (run / "decoding.json").exists()


def test_another_set_than_that_of_the_training_is_refused(run, tmp_path, capsys):
    """Its validation questions may have been learnt."""
    copy = shutil.copytree(run, tmp_path / "run")
    manifest = json.loads((copy / "data_manifest.json").read_text(encoding="utf-8"))
    manifest["fingerprints"]["validation"] = "other"
    (copy / "data_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert main(["sweep", str(copy)]) == 2
    assert "ce jeu a changé depuis l'entraînement" in said(capsys)
    assert main(["sweep", str(tmp_path / "none")]) == 2


# -- who decodes so --------------------------------------------------------------------------------------------------

NOTHING = {"temperature": None, "top_p": None, "repetition_penalty": None}
DEFAULT = Sampling(top_p=0.95, max_new_tokens=160, seed=4)


def test_options_go_before_the_run_and_the_run_before_the_defaults(decided, capsys):
    def resolved(**options):
        return sampling_for(str(decided), {**NOTHING, **options}, DEFAULT, Output())

    own = {"temperature": 1.5, "top_p": 0.8, "repetition_penalty": 1.3}
    assert resolved() == Sampling(**own, max_new_tokens=160, seed=4)
    assert "Décodage du run : T 1,5, top-p 0,8, pénalité 1,3 (causette sweep)\n" in said(capsys)
    assert resolved(temperature=0.0) == Sampling(**{**own, "temperature": 0.0}, max_new_tokens=160, seed=4)
    assert "vos options l'emportent : --temperature" in said(capsys)
    assert resolved(top_p=1.0, repetition_penalty=1.0).repetition_penalty == 1.0
    assert sampling_for(None, NOTHING, DEFAULT, Output()) == DEFAULT  # a server elsewhere
    assert sampling_for("mini", NOTHING, DEFAULT, Output()) == DEFAULT


def test_a_greedy_run_says_nothing_of_top_p(run):
    write_decoding(RunFolder(run), Sampling(repetition_penalty=1.2), {})
    found = sampling_for(str(run), {**NOTHING, "temperature": 0.8}, DEFAULT, Output())
    assert (found.temperature, found.top_p, found.repetition_penalty) == (0.8, 0.95, 1.2)
    (run / "decoding.json").unlink()


def test_a_run_without_a_sweep_is_as_before(run, capsys):
    assert sampling_for(str(run), NOTHING, DEFAULT, Output()) == DEFAULT
    assert said(capsys) == ""


SPOILT = {
    "other weights": (lambda value: value | {"weights": "0" * 64}, "trouvé pour d'autres poids"),
    "another format": (lambda value: value | {"format": 2}, "illisible"),
    "out of range": (lambda value: value | {"sampling": value["sampling"] | {"temperature": 9}}, "illisible"),
    "a value missing": (lambda value: value | {"sampling": {}}, "illisible"),
    "no object": (lambda value: [], "illisible"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_stale_or_damaged_file_is_ignored_and_it_is_said(case, decided, capsys):
    change, reason = SPOILT[case]
    file = decided / "decoding.json"
    file.write_text(json.dumps(change(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")
    assert sampling_for(str(decided), NOTHING, DEFAULT, Output()) == DEFAULT
    told = said(capsys)
    assert told.startswith("Attention : ") and reason in told and "causette sweep" in told


def test_other_weights_make_it_stale(decided, tmp_path):
    copy = shutil.copytree(decided, tmp_path / "run")
    assert dict(decoding_of(RunFolder(copy)).values)["temperature"] == 1.5  # a copy is the same model
    (copy / "preset" / "README.md").write_text("Une fiche.", encoding="utf-8")
    assert decoding_of(RunFolder(copy)).values
    with (copy / "preset" / "model.weights.h5").open("ab") as file:
        file.write(b"0")
    assert not decoding_of(RunFolder(copy)).values and decoding_of(RunFolder(copy)).why_not


def test_the_terminal_and_the_page_decode_as_the_run_says(decided, capsys, monkeypatch):
    def piped():
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{QUESTION}\n".encode()), encoding="utf-8"))

    model = ChatModel(load_model(str(decided)))
    sampling = Sampling(temperature=1.5, top_p=0.8, repetition_penalty=1.3, max_new_tokens=12, seed=3)
    piped()
    assert main(["chat", str(decided), "--domain", "aucun", "--max-tokens", "12", "--seed", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip() == printable(model.reply([user(QUESTION)], sampling).text()).strip()
    assert "Décodage du run" in captured.err
    piped()
    plain = ["--domain", "aucun", "--max-tokens", "12", "--temperature", "0", "--repetition-penalty", "1"]
    assert main(["chat", str(decided), *plain]) == 0
    greedy = model.reply([user(QUESTION)], Sampling(max_new_tokens=12)).text()
    assert capsys.readouterr().out.strip() == printable(greedy).strip()

    served = []
    monkeypatch.setattr(serving, "serve_model", lambda serving, *_: served.append(serving.sampling))
    assert main(["serve", str(decided)]) == 0
    assert main(["serve", str(decided), "--temperature", "0.4", "--max-tokens", "9"]) == 0
    assert served[0] == Sampling(temperature=1.5, top_p=0.8, repetition_penalty=1.3, max_new_tokens=160)
    assert (served[1].temperature, served[1].top_p, served[1].max_new_tokens) == (0.4, 0.8, 9)


def test_a_comparison_stays_greedy(decided, capsys):
    assert main(["evaluate", str(decided), "--split", "validation", "--questions", "2", "--max-tokens", "4", "--json"]) == 0  # fmt: skip
    sampling = json.loads(capsys.readouterr().out)["settings"]["sampling"]
    assert sampling == json.loads(json.dumps(EvaluationSettings().sampling.__dict__)) | {"max_new_tokens": 4}


def test_an_export_says_what_it_leaves_behind(decided, tmp_path, capsys):
    assert main(["export", str(decided), "--out", str(tmp_path / "with")]) == 0
    said_of_it = "Décodage du run, à donner à qui génère (il n'est pas écrit ici) : T 1,5, top-p 0,8, pénalité 1,3"
    assert said_of_it in capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    write_decoding(RunFolder(decided), Sampling(), {})  # plain greedy is what everybody does
    assert left_behind(str(decided)) == left_behind("mini") == ""
