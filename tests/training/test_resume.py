"""Resuming: a training killed at any moment, as often as one likes, ends as if nothing had happened.

`CAUSETTE_KILLS=100 pytest tests/training/test_resume.py -s` kills each method that often and tells where.
"""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import h5py
import numpy as np
import pytest

from chatbot.errors import InputError
from chatbot.model import save_preset
from datasets_prep.prepare import PrepareConfig, prepare
from tests.conftest import build_tiny
from tests.training.test_fit import PAIRS, config_of, interrupted
from training import runs
from training.config import RunConfig
from training.fit import train
from training.recorder import Watcher
from training.runs import RunFolder, working_folder
from training.state import KEPT, Backup, changing_variables, values_of

ROOT = Path(__file__).resolve().parents[2]
METHODS = get_args(RunConfig.model_fields["method"].annotation)
KILLS = int(os.environ.get("CAUSETTE_KILLS", max(5, 20 // len(METHODS))))  # of each method
TIMES = {"train_seconds", "tokens_per_second", "seconds", "sample_seconds", "date"}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    openings = ("", "Dites-moi :", "Au fait,", "Une question :", "S'il vous plaît,")
    lines = [f'"{opening} {q}","{a}",{number} {q}' for q, a in PAIRS for number, opening in enumerate(openings)]
    (folder / "faq.csv").write_text("question,answer,group\n" + "\n".join(lines) + "\n", encoding="utf-8")
    sources = (str(folder / "faq.csv"),)
    prepare(PrepareConfig(sources=sources, out=folder / "faq", seed=2, near_question=1.0, near_answer=1.0))
    return folder / "faq"


@pytest.fixture(scope="module")
def preset(tiny_tokenizer, tmp_path_factory) -> Path:
    """One layer: most of a short life is compiling."""
    folder = tmp_path_factory.mktemp("presets") / "one"
    save_preset(build_tiny(tiny_tokenizer, layers=1), folder, {"template": "human_assistant"})
    return folder


def options_of(data, out, preset, method="full", **fit) -> RunConfig:
    """Dropout, accumulation, a state after each step, and a learning rate that makes some steps worse than before."""
    return config_of(
        data, out, preset, method=method,
        **{"dropout": 0.1, "accumulation": 2, "epochs": 5, "evaluate_every": 4, "patience": 99, "save_every": 1,
           "learning_rate": 0.1, "samples": 1, **fit},
    )  # fmt: skip


class Zygote:
    """See `tests.training.zygote`."""

    def __init__(self):
        words = [sys.executable, "-m", "tests.training.zygote"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def train(self, config, *, after=None, at=None) -> tuple[int, list[tuple[float, str]]]:
        order = {"config": config.model_dump(mode="json"), "after": after, "at": at}
        print(json.dumps(order), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer["status"], answer["notes"]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(timeout=60) == 0


def killed_again_and_again(method, data, preset, folder, seed) -> Counter:
    """Half of the kills after a random time, half before a random operation on a file. Where they fell."""
    chance, zygote, fell, number = random.Random(f"{method} {seed}"), Zygote(), Counter(), 0
    try:
        whole = options_of(data, folder / "whole", preset, method)
        status, notes = zygote.train(whole)
        assert status == 0, notes[-1]
        life, operations = notes[-1][0], int(notes[-1][1].split()[-1])
        while True:
            config = options_of(data, folder / f"killed{number}", preset, method)
            enough = sum(fell.values()) >= KILLS
            moment = {} if enough else chance.choice(
                [{"after": chance.uniform(0, life)}, {"at": chance.randint(1, operations)}]
            )  # fmt: skip
            status, notes = zygote.train(config, **moment)
            assert status in (0, -signal.SIGKILL), (method, seed, moment, notes[-1])
            states = Backup(working_folder(config.out) / "backup").states
            assert len(states) <= KEPT + 1, states  # one more when killed before the oldest went
            if status:
                fell[place(notes)] += 1
            if config.out.exists() and not runs.was_finishing(config.out):
                assert_same(whole.out, config.out)
                number += 1
                if enough:
                    return fell
    finally:
        zygote.close()


def place(notes) -> str:
    """What a killed training was doing."""
    last = notes[-1][1] if notes else "said nothing yet"
    if last.endswith("…"):
        return last.removesuffix("…")
    return {"said": "loading", "begun": "compiling", "resumed": "compiling"}.get(last.split()[0], "training")


def assert_same(left: Path, right: Path) -> None:
    """Every file of two runs, but for times, and for what bears the time in its name or its head."""
    files = [sorted(path.relative_to(run) for path in run.rglob("*") if path.is_file()) for run in (left, right)]
    named = [{path for path in each if path.parts[0] != "tensorboard"} for each in files]
    assert named[0] == named[1]
    assert any(path.parts[0] in ("preset", "adapter") for path in named[0])
    for path in sorted(named[0] - {Path("config.yaml")}):
        assert read(left / path) == read(right / path), path
    assert events(left) == events(right)


def read(path: Path):
    if path.suffix == ".h5":
        arrays = {}
        with h5py.File(path) as file:
            file.visititems(lambda name, each: arrays.update({name: each[()]}) if hasattr(each, "dtype") else None)
        return {name: (array.shape, array.dtype, array.tobytes()) for name, array in arrays.items()}
    if path.suffix == ".npz":
        with np.load(path) as file:
            return {name: (file[name].shape, file[name].dtype, file[name].tobytes()) for name in file.files}
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return [{key: value for key, value in row.items() if key not in TIMES} for row in csv.DictReader(file)]
    if path.suffix == ".json":
        values = json.loads(path.read_text())
        # Keras writes the moment of saving into `metadata.json`.
        return {key: value for key, value in values.items() if key not in {*TIMES, "date_saved"}}
    return path.read_bytes()


def events(run: Path) -> list[tuple[str, int, str]]:
    """(curve, step, value) of all event files, as TensorBoard shows them."""
    import tensorflow as tf

    found = []
    for path in sorted((run / "tensorboard").glob("events*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            found += [(v.tag, event.step, str(tf.make_ndarray(v.tensor).tolist())) for v in event.summary.value]
    return sorted(each for each in found if each[0] not in TIMES)  # a resumed training draws its curves first


@pytest.fixture(scope="module")
def killed(data, preset, tmp_path_factory):
    """The trainings of all methods, two at a time."""
    if not hasattr(os, "fork"):
        pytest.skip("kill -9 and fork are POSIX")
    seed, folder = time.time_ns() % 10**6, tmp_path_factory.mktemp("killed")
    with ThreadPoolExecutor(2) as pool:
        ended = {
            method: pool.submit(killed_again_and_again, method, data, preset, folder / method, seed)
            for method in METHODS
        }
    return ended, folder, seed


@pytest.mark.parametrize("method", METHODS)
def test_kills_at_any_moment_change_nothing(killed, method):
    ended, folder, seed = killed
    print(f"\nseed {seed}; {method}: killed in", dict(ended[method].result()))
    assert sum(ended[method].result().values()) >= KILLS, seed
    run = RunFolder.open(folder / method / "whole")
    assert run.metrics["weights_moved"] > 0.01
    assert [row.step for row in run.history] == [*range(4, 30, 4), 30]


def damaged(whole: bytes, kind: str, place: int) -> bytes:
    if kind == "cut":
        return whole[:place]
    if kind == "zeros to the end":  # what a file system may leave after a power cut
        return whole[:place] + bytes(len(whole) - place)
    return whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]


@pytest.fixture
def small(tmp_path):
    """A backup of two states, with other best weights in them, and what they hold."""
    import keras

    from training.optimizer import make_optimizer

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.Dropout(0.5)])
    model.compile(make_optimizer(model, weight_decay=0.1, clip_norm=1.0, accumulation=2))
    model.optimizer.build(model.trainable_variables)
    backup, held = Backup(tmp_path / "run" / "backup"), {}
    for step in (8, 12):
        for number, variable in enumerate(changing_variables(model)):
            variable.assign(keras.ops.full(variable.shape, step + number, variable.dtype))
        best = {name: value - step for name, value in values_of(model.trainable_variables).items()}
        backup.save(model, {"step": step}, best)
        held[step] = values_of(changing_variables(model)), best
    return model, backup, held


@pytest.mark.parametrize("kind", ["cut", "zeros to the end", "one bit"])
def test_a_state_damaged_anywhere_is_known(small, kind):
    """Every place of the file: the state before is taken, or nothing that counts was hit."""
    model, backup, held = small
    last = backup.states[-1]
    whole, fallen_back = last.read_bytes(), 0
    for place in range(0, len(whole), int(os.environ.get("CAUSETTE_STRIDE", 37))):
        last.write_bytes(damaged(whole, kind, place))
        said = []
        progress, best = backup.load(model, said.append)
        values, wanted = held[progress["step"]]
        for found, right in ((values_of(changing_variables(model)), values), (best, wanted)):
            assert found.keys() == right.keys()
            assert all(np.array_equal(found[name], right[name]) for name in right), (kind, place)
        if progress["step"] == 8:
            assert said == ["Le dernier état (pas 12) est abîmé\u00a0: reprise au pas 8."]
            assert [each.name for each in backup.states] == ["state-000008.npz"]
            fallen_back += 1
    assert fallen_back > 0.5 * place / int(os.environ.get("CAUSETTE_STRIDE", 37))


def test_two_states_are_kept_and_nothing_else(small):
    model, backup, _ = small
    for step in (13, 100, 1_000_000, 1_000_001):
        backup.save(model, {"step": step})
    assert [path.name for path in backup.states] == ["state-1000000.npz", "state-1000001.npz"]
    (backup.folder / ".state-1000002.npz.part").write_bytes(b"killed while it wrote")
    progress, best = backup.load(model)
    assert progress["step"] == 1_000_001
    assert all(np.array_equal(best[name], value) for name, value in values_of(model.trainable_variables).items())
    assert sorted(backup.folder.iterdir()) == backup.states


def test_no_whole_state_is_told_and_none_is_deleted(small):
    model, backup, _ = small
    for path in backup.states:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"aucun état ne peut être repris(.|\n)*Effacez .*run et relancez"):
        backup.load(model)
    assert len(backup.states) == 2


def test_the_state_before_ends_with_the_same_weights(killed, data, preset, tmp_path):
    ended, folder, _ = killed
    ended["full"].result()
    config = options_of(data, tmp_path / "run", preset)
    interrupted(config, at=11)
    last = Backup(working_folder(config.out) / "backup").states[-1]
    assert last.name == "state-000010.npz"
    last.write_bytes(damaged(last.read_bytes(), "zeros to the end", 2000))
    said = []

    class Listener(Watcher):
        def say(self, text):
            said.append(text)

    train(config, resume=True, watcher=Listener())
    assert "Le dernier état (pas 10) est abîmé\u00a0: reprise au pas 9." in said
    assert_same(folder / "full" / "whole", config.out)


def test_a_training_killed_while_it_got_its_name_only_needs_its_backup_removed(killed, data, preset, tmp_path):
    ended, folder, _ = killed
    ended["full"].result()
    out = Path(shutil.copytree(folder / "full" / "whole", tmp_path / "run"))
    config = options_of(data, out, preset)
    (out / "backup").mkdir()
    (out / "backup" / "notes.txt").write_text("à moi", encoding="utf-8")
    with pytest.raises(InputError, match="existe déjà"):
        train(config, resume=True)
    (out / "backup" / "notes.txt").rename(out / "backup" / "state-000030.npz")
    assert runs.saved_config(out).fit == config.fit
    assert train(config, resume=True).metrics["steps"] == 30
    assert not (out / "backup").exists()
    assert_same(folder / "full" / "whole", out)


def test_a_resumed_training_keeps_the_arithmetic_that_was_measured_best_at_its_beginning(
    data, preset, tmp_path, monkeypatch
):
    monkeypatch.setattr("training.fit.choose_precision", lambda asked: "mixed_bfloat16")
    config = options_of(data, tmp_path / "run", preset, precision="auto", epochs=1)
    interrupted(config, at=3)
    monkeypatch.setattr("training.fit.choose_precision", lambda asked: "float32")
    assert train(config, resume=True).metrics["precision"] == "mixed_bfloat16"
