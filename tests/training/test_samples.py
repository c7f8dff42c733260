"""The same few questions before the training and at each validation, also when it was interrupted, also on JAX."""

import json
import os
import subprocess
import sys

import pytest

from chatbot.dialogue import Dialogue, read_dialogues
from chatbot.model import load_model
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.training.test_fit import config_of, data, interrupted  # noqa: F401
from training.fit import train
from training.recorder import Watcher
from training.samples import FILE, LONGEST, Sampler, drawn_that_fit, read_samples

OPTIONS = {"max_steps": 4, "evaluate_every": 2, "samples": 3, "learning_rate": 2e-2}


class Listener(Watcher):
    def __init__(self):
        self.asked = []

    def samples(self, samples):
        self.asked.append(samples)


def test_the_same_questions_are_asked_at_each_validation(data, tiny_preset, tiny_model, tmp_path):  # noqa: F811
    listener = Listener()
    config = config_of(data, tmp_path / "whole", tiny_preset, **OPTIONS)
    whole = read_samples(train(config, watcher=listener).path / FILE)
    assert [[sample.step for sample in samples] for samples in listener.asked] == [[0] * 3, [2] * 3, [4] * 3]
    assert [sample for samples in listener.asked for sample in samples] == whole
    assert len({tuple(sample.id for sample in samples) for samples in listener.asked}) == 1
    validation = {dialogue.id: dialogue for dialogue in read_dialogues(data / "validation.jsonl")}
    chat = ChatModel(tiny_model)  # the base: what stood before the first step
    for sample in whole[:3]:
        dialogue = validation[sample.id]
        assert (sample.question, sample.expected) == (dialogue.question, dialogue.answer)
        assert sample.answer == chat.reply(dialogue.messages[:-1], Sampling(max_new_tokens=LONGEST)).text()
    assert [sample.answer for sample in whole[6:]] != [sample.answer for sample in whole[:3]]  # it learnt

    config = config_of(data, tmp_path / "resumed", tiny_preset, **OPTIONS)
    interrupted(config, at=3)
    listener = Listener()
    resumed = train(config, resume=True, watcher=listener)
    assert read_samples(resumed.path / FILE) == whole
    assert [samples[0].step for samples in listener.asked] == [4]  # those of before are not asked again


def test_none_are_asked_and_no_file_is_written_when_none_are_wanted(data, tiny_model, tmp_path):  # noqa: F811
    sampler = Sampler(tiny_model, list(read_dialogues(data / "validation.jsonl")), 0, 1, tmp_path / FILE)
    assert sampler.ask(0) == [] and list(tmp_path.iterdir()) == [] and read_samples(tmp_path / FILE) == []


def test_what_was_asked_after_the_last_state_is_asked_anew(data, tiny_model, tmp_path):  # noqa: F811
    dialogues = list(read_dialogues(data / "validation.jsonl"))
    first = Sampler(tiny_model, dialogues, 2, 1, tmp_path / FILE)
    for step in (0, 5):
        first.ask(step)
    again = Sampler(tiny_model, dialogues, 2, 1, tmp_path / FILE, step=3)
    assert [sample.step for sample in again.samples] == [0, 0] and again.ask(0) == []
    assert [sample.step for sample in again.ask(5)] == [5, 5]
    assert len(read_samples(tmp_path / FILE)) == 4


def test_questions_too_long_for_the_context_are_left_out(tiny_model):
    pairs = [("mot " * 400, "Non."), ("Court ?", "Oui."), ("Bref ?", "Si.")]
    dialogues = [Dialogue.of_pair(q, a, id=q[:5], source="s", group=q) for q, a in pairs]
    assert {each.id for each in drawn_that_fit(tiny_model, dialogues, 3, 1)} == {"Court", "Bref "[:5]}
    assert drawn_that_fit(tiny_model, dialogues, 1, 7) == drawn_that_fit(tiny_model, dialogues, 1, 7)


def test_samples_of_an_older_run_are_read(tmp_path):
    line = {"id": "a", "question": "q", "expected": "e", "answer": "r"}
    (tmp_path / FILE).write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert read_samples(tmp_path / FILE)[0].step == 0


def halved(model) -> None:
    """Other weights, which give other answers."""
    table = model.causal_lm.backbone.token_embedding.embeddings
    table.assign(table[::-1] * 0.5)


def test_on_an_accelerator_keras_answers_with_the_weights_as_they_are_then(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    dialogues, answers = list(read_dialogues(data / "validation.jsonl")), {}
    for accelerated in (False, True):
        monkeypatch.setattr("chatbot.runner.on_accelerator", lambda accelerated=accelerated: accelerated)
        model = load_model(str(tiny_preset))
        sampler = Sampler(model, dialogues, 2, 1, tmp_path / f"{accelerated}.jsonl")
        before = sampler.ask(0)
        halved(model)
        answers[accelerated] = [[sample.answer for sample in samples] for samples in (before, sampler.ask(1))]
    assert answers[True] == answers[False] and answers[True][0] != answers[True][1]


ON_JAX = """
import sys
from pathlib import Path
from chatbot.dialogue import read_dialogues
from chatbot.model import load_model
from tests.training.test_samples import halved
from training.samples import Sampler
model = load_model(sys.argv[1])
sampler = Sampler(model, list(read_dialogues(Path(sys.argv[2]))), 3, 1, Path(sys.argv[3]))
sampler.ask(0)
halved(model)
sampler.ask(1)
"""


def test_jax_answers_the_same(data, tiny_preset, tmp_path):  # noqa: F811
    pytest.importorskip("jax")
    words = [str(tiny_preset), str(data / "validation.jsonl"), str(tmp_path / "jax")]
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX, *words], env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    model = load_model(str(tiny_preset))
    sampler = Sampler(model, list(read_dialogues(data / "validation.jsonl")), 3, 1, tmp_path / "tensorflow")
    sampler.ask(0)
    halved(model)
    sampler.ask(1)
    assert read_samples(tmp_path / "jax") == sampler.samples and len(sampler.samples) == 6
