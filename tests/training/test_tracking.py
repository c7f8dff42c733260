"""Where the curves go: real TensorBoard files, and real runs of the services where they are installed."""

import importlib.util
import json
import os

import pytest

from chatbot.errors import InputError
from tests.training.test_fit import config_of, data, interrupted  # noqa: F401
from training import tracking
from training.fit import train
from training.samples import Sample
from training.tracking import Tracker, told, tracked, verbatim

SAMPLE = Sample(step=0, id="a", question="Où ?", expected="Là.", answer="ici\n# pas un titre\x1b[31m")
OPTIONS = {"max_steps": 4, "evaluate_every": 2, "samples": 2}


def with_services(config, *names):
    return config.model_copy(update={"tracking": names})


def board(folder) -> dict[str, list[int]]:
    """The tags of TensorBoard's event files, with their steps."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return {tag: [event.step for event in events.Tensors(tag)] for tag in events.Tags()["tensors"]}


def test_tensorboard_has_the_curves_and_the_answers(data, tiny_preset, tmp_path):  # noqa: F811
    run = train(config_of(data, tmp_path / "run", tiny_preset, **OPTIONS))
    tags = board(run.path / "tensorboard")
    assert tags["validation_loss"] == tags["loss"] == [2, 4]
    assert tags["samples/1"] == tags["samples/2"] == [0, 2, 4] and "samples/3" not in tags
    assert not (run.path / tracking.NOTE).exists()


def test_a_service_that_is_not_installed_is_told_before_anything_is_done(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("wandb", "mlflow") else real(name))
    config = with_services(config_of(data, tmp_path / "run", tiny_preset), "wandb", "mlflow")
    with pytest.raises(InputError, match="pip install wandb mlflow-skinny"):
        train(config)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_does_not_write_leaves_nothing(data, tiny_preset, tmp_path):  # noqa: F811
    config = with_services(config_of(data, tmp_path / "run", tiny_preset), "wandb")
    with tracked(config, tmp_path, print, writes=False) as tracker:
        tracker.scalars(1, {"loss": 1.0})
        tracker.samples(1, [SAMPLE])
        tracker.outcome({"steps": 1})
    assert list(tmp_path.iterdir()) == []


class Failing(Tracker):
    """A service whose server went away, and whose address holds an account."""

    id = "x"

    def scalars(self, step, values):
        raise ConnectionError("https://user:secret@host/api refused")

    def close(self, failed):
        raise AssertionError("closed after it was left")


def test_a_service_that_fails_half_way_is_left_and_told(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    said = []
    monkeypatch.setattr(tracking, "_opened", lambda name, config, known: Failing())
    config = with_services(config_of(data, tmp_path / "run", tiny_preset), "mlflow")
    with tracked(config, tmp_path, said.append) as tracker:
        tracker.scalars(1, {"loss": 1.0})
        tracker.scalars(2, {"loss": 0.5})
    assert len(said) == 1 and "mlflow" in said[0] and "refused" in said[0] and "secret" not in said[0]
    assert board(tmp_path / "tensorboard")["loss"] == [1, 2]


def test_what_is_told_of_the_settings_names_no_folder_of_this_machine(data, tiny_preset, tmp_path):  # noqa: F811
    values = told(config_of(data, tmp_path / "run", tiny_preset))
    assert values["fit.rows"] == 2 and values["out"] == "run" and values["model"] == tiny_preset.name
    assert not any(os.sep in str(value) for value in values.values())


def test_a_sample_is_shown_as_it_is():
    lines = verbatim(SAMPLE).splitlines()
    assert "    # pas un titre\x1b[31m" in lines and not any(line.startswith("#") for line in lines)


def test_mlflow_has_the_run(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    config = with_services(config_of(data, tmp_path / "run", tiny_preset, **OPTIONS), "mlflow")
    interrupted(config, at=3)
    train(config, resume=True)
    client = mlflow.MlflowClient()
    (found,) = client.search_runs([client.get_experiment_by_name("causette").experiment_id])  # one, resumed too
    assert found.info.run_id == json.loads((tmp_path / "run" / tracking.NOTE).read_text())["mlflow"]
    assert found.info.status == "FINISHED" and found.data.params["fit.rows"] == "2"
    assert [point.step for point in client.get_metric_history(found.info.run_id, "validation_loss")] == [2, 4]
    assert found.data.metrics["final.steps"] == 4
    assert len(client.list_artifacts(found.info.run_id, "samples")) == 3


def test_wandb_has_the_run_without_an_account_or_a_network(data, tiny_preset, tmp_path, monkeypatch):  # noqa: F811
    pytest.importorskip("wandb")
    key = "0123456789" * 4
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_API_KEY", key)
    config = with_services(config_of(data, tmp_path / "run", tiny_preset, **OPTIONS), "wandb")
    train(config)
    note = json.loads((tmp_path / "run" / tracking.NOTE).read_text())
    (offline,) = (tmp_path / "wandb").glob(f"offline-run-*-{note['wandb']}/run-{note['wandb']}.wandb")
    content = offline.read_bytes()
    assert b"validation_loss" in content and b"fit.rows" in content
    written = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in written if key.encode() in path.read_bytes()]
