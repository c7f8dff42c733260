"""Each rule on numbers, and each through a real training that provokes it; a healthy one raises none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.dialogue import read_dialogues
from chatbot.errors import WorldError
from chatbot.language import speaking
from chatbot.model import load_model
from datasets_prep.prepare import PrepareConfig, prepare
from tests.training.test_fit import config_of, data  # noqa: F401
from training.config import load_config
from training.diagnosis import Finding, Known, Setup, findings, truncated
from training.encoded import encode
from training.finding_words import form_cure, rate_in_words, rate_text, what
from training.fit import train
from training.loop import Schedule
from training.recorder import Watcher
from training.runs import HistoryRow, working_folder

SETUP = Setup(method="full", parameters=13e6, learning_rate=1e-3, epochs=10, dropout=0.0)


def row(step: int, loss: float, validation: float) -> HistoryRow:
    return HistoryRow(
        step=step, epoch=step / 10, loss=loss, validation_loss=validation, learning_rate=1e-3, tokens_per_second=1.0,
        seconds=1.0,
    )  # fmt: skip


def known(**changes) -> Known:
    usual = {
        "setup": SETUP,
        "step": 50,
        "total_steps": 100,
        "start": 6.0,
        "recent": [4.0] * 10,
        "history": [],
        "moved": 0.1,
    }
    return Known(**{**usual, **changes})


def keys(**changes) -> list[str]:
    return [finding.key for finding in findings(known(**changes))]


def test_a_training_that_learns_raises_nothing():
    falling = [row(10, 5.5, 5.2), row(20, 4.0, 4.1), row(30, 3.0, 3.5), row(40, 2.5, 3.4)]
    assert keys(history=falling, recent=[2.0, 3.0] * 5) == []
    assert keys(history=[*falling, row(50, 2.4, 3.41)]) == []  # one validation a little above the best
    assert keys(step=1, recent=[30.0], moved=None) == []  # a single step says nothing
    learnt = [row(10, 0.05, 0.1), row(20, 0.03, 0.09)]
    assert keys(history=learnt, recent=[0.02] * 9 + [0.9]) == []  # one bad step near zero


def test_divergence_from_the_start_and_from_the_best():
    assert keys(recent=[9.5] * 5) == ["divergence"]
    assert keys(recent=[9.5] * 4) == []
    assert keys(history=[row(10, 1.0, 1.1)], recent=[3.1] * 10) == ["divergence"]
    assert keys(history=[row(10, 1.0, 1.1)], recent=[2.9] * 10) == []


STEEP = [6.83, 6.83, 3.28, 3.28, 1.61, 1.61, 0.83, 0.83, 0.67, 0.67, 0.58, 0.58]  # 24 rows, 6 epochs, 2 steps each


def told_on_the_way(losses: list[float]) -> set[str]:
    """What is found at each step of a training that validates every second one."""
    found = set()
    for step in range(1, len(losses) + 1):
        rows = [row(at, sum(losses[at - 2 : at]) / 2, 6.0 - at / 10) for at in range(2, step + 1, 2)]
        found |= set(keys(step=step, total_steps=12, start=6.9, recent=losses[:step][-10:], history=rows))
    return found


def test_a_steep_fall_is_no_divergence_and_a_climb_after_it_is():
    assert told_on_the_way(STEEP) == set()
    assert told_on_the_way([*STEEP[:7], 2.9, 4.1, 5.2, 6.3, 7.4]) == {"divergence"}  # never above where it began
    assert told_on_the_way([*STEEP[:8], 0.8, 9.0, 0.8, 0.7]) == set()  # one bad step


def test_a_finding_is_told_from_its_numbers_in_either_language():
    by_heart = [row(10, 3.0, 4.0), row(20, 2.0, 3.5), row(30, 1.0, 3.6), row(40, 0.5, 3.9)]
    cut = truncated(cut=2604, dialogues=13_085, row_length=7680, needed=9000, context=8192)
    found = [*findings(known(recent=[9.5] * 5)), *findings(known(history=by_heart, recent=[0.5] * 10)), cut]
    for finding in found:
        values = json.loads(json.dumps(finding.values))  # as the run keeps it
        with speaking("en"):
            english = f"{what(finding.key, finding.step, values)} {form_cure(finding.key, values)}"
        french = f"{what(finding.key, finding.step, values)} {form_cure(finding.key, values)}"
        assert "--set" in finding.text and "--set" not in french + english and "fit." not in french + english
        assert not set("éèîœ") & set(english) and set("éèîœ") & set(french)
    assert "(0,001)" in found[0].text and "adaptateur LoRA" in form_cure("divergence", found[0].values)
    assert "2 époques, ou davantage de lignes" in form_cure("validation_rising", found[1].values)
    assert cut.text.startswith("2\u202f604 dialogues sur 13\u202f085 (20 % de") and "à 7\u202f680 jetons" in cut.text
    one = truncated(cut=1, dialogues=20, row_length=64, needed=100, context=512).text
    assert one.startswith("1 dialogue sur 20") and "perd la fin de sa réponse" in one
    assert [rate_in_words(rate) for rate in (1e-3, 5e-4, 0.02, 1.0, 1e-12)] == ["0,001", "0,0005", "0,02", "1", "1e-12"]


def test_no_movement_of_the_weights_or_of_the_losses():
    assert keys(moved=1e-7) == ["no_movement"]
    assert keys(moved=1e-7, step=20) == []
    assert keys(moved=1e-7, step=2, ended=True) == ["no_movement"]  # stopped early, by patience
    flat = [row(20, 6.01, 5.99), row(40, 6.0, 5.98)]
    assert keys(history=flat) == ["no_movement"]
    assert keys(history=flat, step=40) == []
    assert keys(history=[row(20, 6.01, 5.99), row(40, 5.0, 5.98)]) == []


def test_validation_rising_while_the_training_goes_on_falling():
    rising = [row(10, 3.0, 4.0), row(20, 2.0, 3.5), row(30, 1.0, 3.6), row(40, 0.5, 3.9)]
    (finding,) = findings(known(history=rising, recent=[0.5] * 10))
    assert finding.key == "validation_rising" and "fit.epochs=2 " in finding.text and "fit.dropout=0.1" in finding.text
    assert keys(history=rising[:3], recent=[0.5] * 10) == []
    both = [*rising[:2], row(30, 2.5, 3.6), row(40, 3.0, 3.9)]
    assert keys(history=both) == []  # both rise: not by heart


def test_answers_cut_by_the_rows_and_by_the_context():
    assert truncated(cut=0, dialogues=100, row_length=64, needed=64, context=512) is None
    assert truncated(cut=3, dialogues=1000, row_length=512, needed=900, context=512) is None
    by_row = truncated(cut=20, dialogues=100, row_length=64, needed=192, context=512)
    assert "fit.row_length=192" in by_row.text and "contexte" not in by_row.text
    by_context = truncated(cut=20, dialogues=100, row_length=512, needed=900, context=512)
    assert "contexte plus long" in by_context.text and "fit.row_length" not in by_context.text
    by_both = truncated(cut=20, dialogues=100, row_length=64, needed=900, context=512)
    assert "fit.row_length=512" in by_both.text and "contexte plus long" in by_both.text


@pytest.mark.parametrize(
    ("setup", "changes", "cure"),
    [
        (replace(SETUP, learning_rate=0.5), {"recent": [20.0] * 9}, 1e-3),
        (replace(SETUP, learning_rate=2e-3), {"recent": [20.0] * 9}, 2e-4),
        (replace(SETUP, learning_rate=1e-9), {"moved": 0.0}, 1e-3),
        (replace(SETUP, learning_rate=1e-9, parameters=124e6), {"moved": 0.0}, 1e-4),
        (replace(SETUP, learning_rate=1e-9, method="lora"), {"moved": 0.0}, 5e-4),
    ],
)
def test_the_cure_is_an_option_that_can_be_given(setup, changes, cure):
    (finding,) = findings(known(setup=setup, **changes))
    change = finding.text.partition("--set ")[2].split()[0].rstrip(".")
    config = load_config("mini", {"data": "d", "out": "o"}, (change,))
    assert config.fit.learning_rate == pytest.approx(cure)
    assert ("lora.alpha" in finding.text) == (setup.method == "lora")


def test_rates_are_written_as_one_reads_them():
    assert [rate_text(rate) for rate in (1.0, 0.02, 1e-3, 2.5e-5, 1e-12)] == ["1", "0.02", "1e-3", "2.5e-5", "1e-12"]


class Listener(Watcher):
    def __init__(self):
        self.found: list[Finding] = []
        self.steps: list[int] = []
        self.said: list[str] = []

    def say(self, text):
        self.said.append(text)

    def finding(self, finding):
        self.found.append(finding)

    def step(self, report):
        self.steps.append(report.step)


def trained(config) -> tuple[dict, list[str]]:
    """The metrics of a real training, and the findings in the order they were told; both sources agree."""
    listener = Listener()
    metrics = train(config, watcher=listener).metrics
    assert [finding.key for finding in listener.found] == [finding["key"] for finding in metrics["findings"]]
    assert all(
        finding.text == noted["text"] for finding, noted in zip(listener.found, metrics["findings"], strict=True)
    )
    return metrics, [finding.key for finding in listener.found]


def test_a_rate_far_too_high_is_told_as_divergence(data, tiny_preset, tmp_path):  # noqa: F811
    config = config_of(
        data, tmp_path / "run", tiny_preset, learning_rate=1.0, max_steps=12, evaluate_every=12, samples=0
    )
    assert trained(config)[1] == ["divergence"]


def test_a_rate_far_too_low_is_told_and_with_the_cure_the_training_is_healthy(data, tiny_preset, tmp_path):  # noqa: F811
    options = {"max_steps": 8, "evaluate_every": 2, "samples": 0}
    metrics, found = trained(config_of(data, tmp_path / "run", tiny_preset, learning_rate=1e-12, **options))
    assert found == ["no_movement"] and "fit.learning_rate=1e-3" in metrics["findings"][0]["text"]
    metrics, found = trained(config_of(data, tmp_path / "healthy", tiny_preset, learning_rate=1e-3, **options))
    assert found == [] and metrics["stopped"] is None
    assert metrics["validation_loss_after"] < metrics["validation_loss_before"]


def test_an_adapter_that_does_not_move_is_told(data, tiny_preset, tmp_path):  # noqa: F811
    options = {"method": "lora", "learning_rate": 1e-12, "max_steps": 4, "evaluate_every": 2, "samples": 0}
    metrics, found = trained(config_of(data, tmp_path / "run", tiny_preset, **options))
    assert found == ["no_movement"] and "lora.alpha" in metrics["findings"][0]["text"]


def test_learning_a_few_dialogues_by_heart_is_told(tiny_preset, tmp_path):
    """Every group has words of its own: what is learnt of some makes the others less likely."""
    words = ["glaucome", "livraison", "élève", "modèle", "trente", "commande", "article", "disease", "working", "cœur"]
    rows = [f"{word} {word} ?,{word[::-1]} {word} {word[::-1]}.,{word}" for word in words]
    (tmp_path / "faq.csv").write_text("question,answer,group\n" + "\n".join(rows) + "\n", encoding="utf-8")
    out = prepare(PrepareConfig(sources=(str(tmp_path / "faq.csv"),), out=tmp_path / "faq", shares=(0.4, 0.4, 0.2)))
    config = config_of(
        out, tmp_path / "run", tiny_preset, epochs=60, learning_rate=3e-2, evaluate_every=3, patience=4, samples=0
    )
    metrics, found = trained(config)
    assert found == ["validation_rising"] and metrics["stopped"] == "patience"
    assert f"au pas {metrics['best_step']}" in metrics["findings"][0]["text"]


def test_short_rows_are_told_before_the_first_step(data, tiny_preset, tmp_path):  # noqa: F811
    class Early(Listener):
        def finding(self, finding):
            assert finding.key == "truncated" and not self.steps
            super().finding(finding)

    listener = Early()
    model = load_model(str(tiny_preset))
    dialogues = encode(read_dialogues(data / "train.jsonl"), model.template, model.tokenizer)
    length = max(int(each.trainable.argmax()) for each in dialogues)  # the first token of each answer
    config = config_of(
        data, tmp_path / "run", tiny_preset, row_length=length, max_steps=2, samples=0, learning_rate=1e-2
    )
    metrics = train(config, watcher=listener).metrics
    assert [finding.key for finding in listener.found] == ["truncated"] and metrics["truncated_dialogues"] > 0
    assert "--set fit.row_length=" in listener.found[0].text


def blown_up(monkeypatch, after: int) -> None:
    """Learning rates that no weight survives, after so many steps."""
    real = Schedule.at
    monkeypatch.setattr(Schedule, "at", lambda self, step: real(self, step) if step < after else 1e30)


def test_a_loss_that_is_no_number_keeps_the_best_weights(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    blown_up(monkeypatch, after=10)
    config = config_of(data, tmp_path / "run", tiny_preset, epochs=8, learning_rate=1e-2, evaluate_every=4)
    metrics, found = trained(config)
    assert metrics["stopped"] == "nan" and metrics["best_step"] == 8 and 8 < metrics["steps"] < metrics["planned_steps"]
    assert found[-1] == "not_finite" and "au pas 8" not in metrics["findings"][0]["text"]
    assert "du pas 8" in metrics["findings"][-1]["text"] and "fit.precision" not in metrics["findings"][-1]["text"]
    load_model(str(tmp_path / "run"))  # which refuses weights that are not finite
    assert metrics["validation_loss_after"] < metrics["validation_loss_before"]
    assert "NaN" not in (tmp_path / "run" / "metrics.json").read_text(encoding="utf-8")
    steps = {json.loads(line)["step"] for line in (tmp_path / "run" / "samples.jsonl").read_text("utf-8").splitlines()}
    assert steps == {0, 4, 8} and not working_folder(tmp_path / "run").exists()


def test_a_loss_that_is_no_number_before_anything_was_learnt_is_an_error(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    blown_up(monkeypatch, after=2)
    config = config_of(data, tmp_path / "run", tiny_preset, evaluate_every=20, samples=0)
    with pytest.raises(WorldError, match=r"fit\.learning_rate"):
        train(config)
    assert list(Path(tmp_path).iterdir()) == []  # nothing that a second attempt would have to delete first
