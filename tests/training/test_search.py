"""Search: real trainings of a tiny model, killed and gone on with; draws, looks and words checked on their own."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.main import main
from app.quiet import load_keras
from chatbot.errors import InputError
from chatbot.language import number
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import PreparedSet
from datasets_prep.spec import Shares
from tests.gate import until
from training.config import validated
from training.evaluation.ways import DEFAULT
from training.runs import resumable
from training.search import KEPT, SearchWatcher, search
from training.search_dimension import shown
from training.search_draws import drawn_values, drawn_way, next_trial
from training.search_folder import SearchFolder, SearchSettings, best_of
from training.search_gain import verdict
from training.search_look import compared
from training.search_report import enough_trials, write_report
from training.search_space import default_space, dimension, read_space, with_values
from training.search_worker import TrialFailed, Worker

ANSWERS = ("Deux jours.", "Elle est expédiée.", "Oui, trente jours.", "Très bien.")
THINGS = ("délai", "commande", "article", "modèle", "élève", "cœur", "retour", "livraison")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Eight questions in four forms; half of them trained on."""
    folder = tmp_path_factory.mktemp("data")
    rows = [
        f'"{opening} {thing} ?","{ANSWERS[place % 4]}",{place}'
        for place, thing in enumerate(THINGS)
        for opening in ("Quel est le", "Où est le", "Dites-moi le", "Au fait, le")
    ]
    (folder / "faq.csv").write_text("question,answer,group\n" + "\n".join(rows) + "\n", encoding="utf-8")
    out = folder / "faq"
    prepare(
        PrepareConfig(
            sources=(str(folder / "faq.csv"),), out=out, seed=2, near_question=1.0, near_answer=1.0,
            shares=Shares(0.5, 0.25, 0.25),
        )
    )  # fmt: skip
    return out


def recipe(data: Path, preset: Path, **values):
    fit = {"epochs": 4, "rows": 4, "row_length": 64, "learning_rate": 3e-3, "compile": False, "precision": "float32",
           "save_every": 1}  # fmt: skip
    options = {"data": data, "out": "unused", "model": str(preset), "template": "human_assistant", "fit": fit, **values}
    return validated(options, "test")


def settings_of(config, *changes: str, **options) -> SearchSettings:
    return SearchSettings(recipe=config, space=read_space(changes, None, config), **options)


SPACE = ("fit.learning_rate=1e-6..1e-1:log", "fit.epochs=2..4", "template=human_assistant,alpaca",
         "decoding.temperature=0,0.7", "decoding.max_new_tokens=4,8")  # fmt: skip
SCRIPT = """
import os, signal, sys
from pathlib import Path
from app.quiet import load_keras
from training.search import SearchWatcher, search
from training.search_folder import SearchFolder
from training.search_worker import Worker
worker = Worker(load_keras)
class Killer(SearchWatcher):
    begun = 0
    def trial(self, name, total, values):
        self.begun += 1
    def step(self, report):
        if self.begun == 2 and report.step == 4:
            print(worker._process.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    search(SearchFolder(Path(sys.argv[1])), trials=5, watcher=Killer(), worker=worker)
"""


class Listener(SearchWatcher):
    """Notes what a search tells."""

    def __init__(self):
        self.said, self.plans, self.trials = [], [], []

    def say(self, text):
        self.said.append(text)

    def plan(self, total_steps, done):
        self.plans.append((total_steps, done))

    def trial(self, name, total, values):
        self.trials.append((name, values))


@pytest.fixture(scope="module")
def killed(data, tiny_preset, tmp_path_factory):
    """A search killed by kill -9 in the middle of its second trial, then gone on with: folder, trial, listener."""
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("kill -9 is a POSIX signal")
    base = tmp_path_factory.mktemp("searches")
    settings = settings_of(recipe(data, tiny_preset), *SPACE, decoding=2, questions=4)
    folder = SearchFolder.begin(base / "killed", settings, 5, PreparedSet.open(data).manifest["fingerprints"])
    (base / "script.py").write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    done = subprocess.run([sys.executable, str(base / "script.py"), str(folder.path)], capture_output=True, text=True,
                          timeout=300, check=False, env=environment)  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    until(lambda: not alive(int(done.stdout)), "the end of the worker")
    left = folder.trials()[-1]
    assert resumable(folder.run(1))
    listener = Listener()
    search(SearchFolder(folder.path), trials=5, watcher=listener, worker=Worker(load_keras))
    return SearchFolder(folder.path), left, listener


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A process that ended is one still until its parent, gone here, is replaced and asks for its status.
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_after_kill_minus_nine_no_trial_is_lost_or_doubled(killed):
    folder, left, listener = killed
    trials = folder.trials()
    assert left.number == 1 and left.state == "unfinished"
    assert [trial.number for trial in trials] == list(range(5))
    assert {trial.state for trial in trials} <= {"complete", "pruned"}
    assert trials[1].values == left.values
    assert listener.trials[0][1] == left.values  # it begins with the trial that was killed
    assert listener.plans[0][1] >= 3  # and where its own training stood
    assert folder.training_study().trials[1].user_attrs["attempts"] == 2
    assert len({json.dumps(trial.values) for trial in trials}) == 5


def test_trial_0_is_the_recipe_and_bad_trials_are_ended_early(killed):
    folder, _, _ = killed
    trials = folder.trials()
    assert trials[0].values == {"fit.learning_rate": 3e-3, "fit.epochs": 4, "template": "human_assistant"}
    pruned = [trial for trial in trials if trial.state == "pruned"]
    assert pruned
    others = [trial for trial in trials if trial.state == "complete"]
    for trial in pruned:
        quarter = max(trial.curve)
        assert quarter < 4
        before = [other.curve[quarter] for other in others if other.number < trial.number and quarter in other.curve]
        assert trial.curve[quarter] > np.median(before)
        assert not folder.run(trial.number).exists() and not resumable(folder.run(trial.number))


def test_only_the_best_keep_their_weights(killed):
    folder, _, _ = killed
    complete = sorted((t.bits_per_byte, t.number) for t in folder.trials() if t.state == "complete")
    kept = {n for _, n in complete if any((folder.run(n) / name).exists() for name in ("preset", "adapter"))}
    assert kept == {0} | {n for _, n in complete[:KEPT]}
    assert all((folder.run(n) / "config.yaml").exists() for _, n in complete)


def test_the_value_is_bits_per_byte_of_the_best_weights(killed, data):
    """By another road: the run that was kept, loaded and measured answer by answer."""
    from chatbot.model import load_model
    from training.packing import encode
    from training.response_bits import ResponseBits, answer_bytes

    folder, _, _ = killed
    best = best_of(folder.trials())
    model = load_model(str(folder.run(best.number)))
    dialogues = list(PreparedSet.open(data).split("validation"))
    encoded = encode(dialogues, model.template, model.tokenizer)
    octets = sum(answer_bytes(one, model) for one in encoded)
    assert octets == sum(len(dialogue.answer.encode()) for dialogue in dialogues)
    assert ResponseBits(model).of(encoded).sum() / octets == pytest.approx(best.bits_per_byte, rel=1e-4)


def test_the_report_says_what_the_database_holds(killed):
    folder, _, _ = killed
    facts = write_report(folder)
    study = folder.training_study()
    with (folder.path / "trials.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["bits_per_byte"] for row in rows] == [
        repr(t.value) if t.state.name == "COMPLETE" else "" for t in study.trials
    ]
    report = (folder.path / "report.md").read_text(encoding="utf-8")
    assert facts["trials"]["all"] == 5 and "5 essais" in report
    assert number(study.best_value, 4) in report and facts["best"]["bits_per_byte"] == study.best_value
    assert facts["best"]["number"] == study.best_trial.number
    assert f"comptez-en {enough_trials(3)}" in report  # five trials tell no importance
    assert sum(facts["importance"].values()) == pytest.approx(1) and set(facts["importance"]) == set(rows[0]) & {
        "fit.learning_rate", "fit.epochs", "template",
    }  # fmt: skip
    for name in ("parallel", "history", "importance"):
        assert f"figures/{name}.png" in report
        assert (folder.path / "figures" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    assert len(facts["decoding"]) == 2 and facts["decoding"][0]["max_new_tokens"] == DEFAULT.max_new_tokens
    look = folder.look
    for value in look["bits_per_byte"]["values"].values():
        assert number(value, 4) in report
    assert "Partie test regardée une seule fois" in report


def test_a_failed_trial_is_noted_and_the_test_split_is_not_looked_at_again(killed, capsys):
    """A trial with an impossible value; the search goes on after it, and shows the first look."""
    folder, _, _ = killed
    before = (folder.path / "test_look.json").read_bytes()
    study = folder.training_study()
    with pytest.warns(UserWarning, match="out of range"):
        study.enqueue_trial({"fit.learning_rate": 5.0, "fit.epochs": 2, "template": "alpaca"})
        assert main(["search", "--out", str(folder.path), "--resume", "--trials", "6", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["trials"] == {
        "all": 6,
        "complete": facts["trials"]["complete"],
        "pruned": facts["trials"]["pruned"],
        "failed": 1,
    }
    failed = SearchFolder(folder.path).trials()[5]
    assert failed.state == "failed" and "fit.learning_rate" in failed.reason
    assert (folder.path / "test_look.json").read_bytes() == before
    assert "n'est pas regardée à nouveau" in (folder.path / "report.md").read_text(encoding="utf-8")


def draws(folder: SearchFolder, count: int) -> list[dict]:
    """The values of so many trials whose cost is a formula of them; each time the folder is opened anew."""
    drawn = []
    for _ in range(count):
        study = SearchFolder(folder.path).training_study()
        trial = next_trial(study, folder.settings)
        values = drawn_values(trial, folder.settings)
        drawn.append(values)
        study.tell(trial, abs(np.log10(values["fit.learning_rate"]) + 4) + values.get("lora.rank", 6) / 8)
    return drawn


def test_the_same_seed_draws_the_same_values_also_after_a_kill(tmp_path, tiny_preset):
    config = recipe(tmp_path, tiny_preset, method="lora")
    space = ("fit.learning_rate=1e-6..1e-2:log", "lora.rank=4,8,16", "method=full,lora")

    def begun(name, seed=1):
        return SearchFolder.begin(tmp_path / name, settings_of(config, *space, seed=seed), 12, {})

    whole = draws(begun("whole"), 12)
    folder = begun("killed")
    first = draws(folder, 8)
    study = SearchFolder(folder.path).training_study()
    interrupted = next_trial(study, folder.settings)  # begun, never told
    drawn_values(interrupted, folder.settings)
    assert first + draws(folder, 4) == whole
    assert len(folder.trials()) == 12
    assert draws(begun("other", seed=2), 3)[1:] != whole[1:3]
    assert all("lora.rank" not in values for values in whole if values["method"] == "full")
    assert any(values["method"] == "full" for values in whole)


def test_a_recipe_outside_the_space_is_still_trial_0(tmp_path, tiny_preset):
    folder = SearchFolder.begin(
        tmp_path / "s", settings_of(recipe(tmp_path, tiny_preset), "fit.learning_rate=1e-6..1e-4:log"), 2, {}
    )
    trial = next_trial(folder.training_study(), folder.settings)
    assert trial.number == 0 and drawn_values(trial, folder.settings) == {} and trial.params == {}
    assert folder.trials()[0].values == {"fit.learning_rate": 3e-3}
    assert drawn_way(trial, folder.settings) == DEFAULT


def test_two_searches_do_not_work_in_one_folder(tmp_path, tiny_preset):
    folder = SearchFolder.begin(tmp_path / "s", settings_of(recipe(tmp_path, tiny_preset), "fit.epochs=1..3"), 2, {})
    with folder.held(), pytest.raises(InputError, match="travaille déjà"), SearchFolder(folder.path).held():
        pass
    with folder.held():
        pass


def test_the_default_space_holds_the_recipe(tmp_path, tiny_preset):
    for method, keys in (("full", 3), ("lora", 6)):
        config = recipe(tmp_path, tiny_preset, method=method)
        space = default_space(config)
        assert len(space) == keys
        settings = SearchSettings(recipe=config, space=space)
        assert SearchSettings.from_json(json.loads(json.dumps(settings.to_json())), "test") == settings
        value = with_values(config, {"fit.learning_rate": space[0].high}, "test")
        assert value.fit.learning_rate == pytest.approx(5 * config.fit.learning_rate)
        assert all(one.holds(getattr(getattr(config, one.key.split(".")[0]), one.key.split(".")[1])) for one in space)


def test_spaces_are_read_from_text_and_files(tmp_path, tiny_preset):
    config = recipe(tmp_path, tiny_preset)
    rate = dimension("fit.learning_rate", "1e-5..1e-3:log", config, "t")
    assert (rate.low, rate.high, rate.log) == (1e-5, 1e-3, True) and rate.text == "1e-05..0.001:log"
    assert rate.told() == "fit.learning_rate : de 1e-5 à 0,001 (échelle logarithmique)"
    assert dimension("fit.epochs", "1..3", config, "t").low == 1
    targets = dimension("lora.targets", "[query,value],[query]", config, "t")
    assert targets.choices == (("query", "value"), ("query",)) and targets.value("query+value") == ("query", "value")
    assert shown(1.0) == "1" and shown(("a", "b")) == "a+b"
    file = tmp_path / "space.yaml"
    file.write_text("fit.epochs: 1..3\nlora.rank: [4, 8]\ndecoding.top_p: [0.8, 1]\n", encoding="utf-8")
    space = read_space((), file, config)
    assert [one.key for one in space] == ["fit.epochs", "lora.rank", "decoding.top_p"]
    assert space[2].choices == (0.8, 1.0)


WRONG = {
    "fit.epoch=1..3": "clé inconnue",
    "fit.epochs=3..1": "intervalle vide",
    "fit.epochs=0..3": "fit.epochs",
    "fit.learning_rate=0..1:log": "fit.learning_rate",
    "fit.dropout=0..0.3:log": "au-dessus de 0",
    "fit.learning_rate=1e-4..2": "fit.learning_rate",
    "fit.learning_rate=a..b": "il faut un nombre",
    "fit.epochs=1..3:lin": "seul",
    "fit.epochs=3": "deux choix",
    "fit.epochs=3,3": "deux choix",
    "method=full..lora": "choix",
    "method=full,fulll": "method",
    "template=alpaca,alpacca": "gabarit inconnu",
    "fit.seed=1,2": "ne se cherche pas",
    "data=a,b": "ne se cherche pas",
    "decoding.temperature=0,9": "decoding.temperature",
    "decoding.tempo=0,9": "clé inconnue",
    "fit.epochs": "écrivez",
    "fit.rows=[1": "illisibles",
}


@pytest.mark.parametrize("change", WRONG)
def test_a_wrong_space_is_told_in_two_lines(change, data, tiny_preset, tmp_path, capsys):
    out = tmp_path / "s"
    call = ["search", "--data", str(data), "--model", str(tiny_preset), "--out", str(out), "--vary", change]
    assert main(call) == 2
    told = capsys.readouterr().err.strip()
    assert WRONG[change] in told and len(told.splitlines()) <= 2 and not out.exists()


def test_wrong_calls_are_told(data, tiny_preset, tmp_path, capsys):
    out = str(tmp_path / "s")
    calls = {
        ("--resume", "--out", out): "aucune recherche",
        ("--data", str(data), "--out", str(tmp_path)): "existe déjà",
        ("--data", str(tmp_path), "--out", out): "pas un jeu préparé",
        ("--data", str(data), "--out", out, "--model", "gpt2_basse_en"): "ni dossier, ni modèle",
        ("--data", str(data), "--out", out, "--time", "demain"): "durée",
        ("--data", str(data), "--out", out, "--space", "absent.yaml"): "absent.yaml",
        ("--resume", "--out", out, "--seed", "3"): "--seed",
    }
    for call, told in calls.items():
        assert main(["search", *call]) == 2
        assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def boom(channel):
    raise MemoryError


def shot(channel):
    os.kill(os.getpid(), signal.SIGKILL)


def asked(channel, value):
    return channel.ask("question", value) + value


def broken(channel):
    raise ZeroDivisionError("a bug")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is a POSIX signal")
def test_a_worker_outlives_what_happens_to_a_trial():
    with Worker() as worker:
        assert worker.call(asked, 20, on_event=lambda name, value: 1 + value) == 41
        with pytest.raises(TrialFailed, match="mémoire insuffisante"):
            worker.call(boom)
        with pytest.raises(TrialFailed, match="faute de mémoire"):
            worker.call(shot)
        with pytest.raises(ZeroDivisionError):  # a bug is no failed trial
            worker.call(broken)
        assert worker.call(asked, 2, on_event=lambda name, value: 1) == 3


def test_sides_are_compared_on_common_dialogues_by_group():
    groups = {"a": "g", "b": "g", "c": "h"}
    old = {"a": (4.0, 2.0), "b": (6.0, 2.0), "c": (8.0, 2.0)}
    new = {"a": (2.0, 3.0), "b": (3.0, 2.0)}  # c did not fit; its own count of bytes is not used
    found = compared({"recipe": old, "best": new}, groups, 3, seed=1, same_weight=True)
    assert (found["dialogues"], found["groups"], found["left_out"]) == (2, 1, 1)
    assert found["values"] == {"recipe": 2.5, "best": 1.25}
    assert found["differences"]["best"] == {"value": -1.25, "low": None, "high": None}


def test_the_words_follow_the_interval():
    assert "aucun gain n'est montré" in verdict({"value": -0.2, "low": -0.5, "high": 0.1}, -1)
    assert "**un gain**" in verdict({"value": -0.2, "low": -0.5, "high": -0.1}, -1)
    assert "moins bon" in verdict({"value": 0.2, "low": 0.1, "high": 0.5}, -1)
    assert "**un gain**" in verdict({"value": 0.2, "low": 0.1, "high": 0.5}, 1)
    assert "aucun gain n'est montré" in verdict({"value": 0.2, "low": None, "high": None}, 1)
