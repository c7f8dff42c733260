"""Where the curves of a training go: TensorBoard always; Weights & Biases and MLflow where `tracking` asks for them.

Both services bring a Keras callback, which is not used here: `WandbMetricsLogger` and `MlflowCallback` live on the events
of `Model.fit` (epochs, batches, `model.optimizer.learning_rate` as TensorFlow's own variable), and this training is a
loop of its own, whose figures are optimizer steps and validations. Their plain logging calls take those as they are.

Where the services write, and with which account, is theirs to know (WANDB_MODE, WANDB_PROJECT, WANDB_API_KEY,
MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME…): nothing of it is read or written here but the name of the run there, in
``tracking.json``, so that a resumed training goes on with the same one.
"""

import importlib.util
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from chatbot.errors import InputError, WorldError
from chatbot.files import read_json, write_json
from chatbot.language import tr
from training.config import RunConfig
from training.runs import flat
from training.samples import Sample

PROJECT = "causette"
NOTE = "tracking.json"
PACKAGES = {"wandb": ("wandb", "wandb"), "mlflow": ("mlflow", "mlflow-skinny")}  # module, what pip installs


class Tracker:
    """Takes the figures of a training; this one forgets them: what every process but the first gets."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Figures by name, as they are after `step` steps."""

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        """Answers of the model after `step` steps."""

    def again(self, step: int, values: Mapping[str, float]) -> None:
        """Figures that a resumed training took in before it was interrupted; only what begins anew wants them."""

    def samples_again(self, samples: Sequence[Sample]) -> None:
        """Its answers, of all steps."""

    def outcome(self, values: Mapping[str, float]) -> None:
        """What came out in the end, by name."""


class TensorBoard(Tracker):
    """Event files in the run's own folder, begun anew: those of a killed training may know steps that were not kept."""

    def __init__(self, folder: Path):
        import tensorflow as tf

        shutil.rmtree(folder, ignore_errors=True)
        self._summary = tf.summary
        self._writer = tf.summary.create_file_writer(str(folder))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        with self._writer.as_default(step=step):
            for name, value in values.items():
                self._summary.scalar(name, value)
        self._writer.flush()

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        with self._writer.as_default(step=step):
            for place, sample in enumerate(samples, start=1):
                self._summary.text(f"samples/{place}", verbatim(sample))
        self._writer.flush()

    def close(self, failed: bool) -> None:
        self._writer.close()


class WeightsAndBiases(Tracker):
    """A run of Weights & Biases; of the machine only what it computes on, no paths, no code, no console."""

    def __init__(self, config: RunConfig, known: str | None):
        import wandb

        settings = wandb.Settings(
            disable_git=True,
            disable_code=True,
            save_code=False,
            console="off",
            silent=True,
            x_disable_machine_info=True,
            x_disable_meta=True,
        )
        project = os.environ.get("WANDB_PROJECT", PROJECT)
        self._wandb = wandb
        self.run = wandb.init(
            project=project, name=config.out.name, id=known, resume="allow" if known else None,
            config=told(config), settings=settings,
        )  # fmt: skip
        self.id = str(self.run.id)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self.run.log(dict(values), step=step)

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        rows = [[each.question, each.expected, each.answer] for each in samples]
        self.run.log({"samples": self._wandb.Table(columns=["question", "expected", "answer"], data=rows)}, step=step)

    def outcome(self, values: Mapping[str, float]) -> None:
        self.run.summary.update(dict(values))

    def close(self, failed: bool) -> None:
        self.run.finish(exit_code=int(failed))


class MLflow(Tracker):
    """A run of MLflow."""

    def __init__(self, config: RunConfig, known: str | None):
        from mlflow import MlflowClient

        for chatty in ("mlflow", "alembic"):  # each table of a new data base is a line
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._client = MlflowClient()
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        experiment = self._client.get_experiment_by_name(name)
        number = experiment.experiment_id if experiment else self._client.create_experiment(name)
        if known:
            self._client.update_run(known, status="RUNNING")
        self.id = known or self._client.create_run(number, run_name=config.out.name).info.run_id
        if not known:
            for key, value in told(config).items():
                self._client.log_param(self.id, key, value)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._client.log_metric(self.id, name, value, step=step)

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        text = "\n\n".join(verbatim(sample) for sample in samples)
        self._client.log_text(self.id, text, f"samples/step-{step:06d}.md")

    def outcome(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._client.log_metric(self.id, f"final.{name}", value)

    def close(self, failed: bool) -> None:
        self._client.set_terminated(self.id, "FAILED" if failed else "FINISHED")


class _Several(Tracker):
    """Gives each of several its part. A service that fails half-way is left, and said: it must not cost a training."""

    def __init__(self, board: TensorBoard, services: dict[str, Any], say: Callable[[str], None]):
        self._board, self._services, self._say = board, services, say

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._board.scalars(step, values)
        self._each(lambda service: service.scalars(step, values))

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        if samples:
            self._board.samples(step, samples)
            self._each(lambda service: service.samples(step, samples))

    def again(self, step: int, values: Mapping[str, float]) -> None:
        self._board.scalars(step, values)

    def samples_again(self, samples: Sequence[Sample]) -> None:
        for step, group in groupby(samples, key=lambda sample: sample.step):
            self._board.samples(step, list(group))

    def outcome(self, values: Mapping[str, float]) -> None:
        self._each(lambda service: service.outcome(values))

    def close(self, failed: bool) -> None:
        self._board.close(failed)
        self._each(lambda service: service.close(failed))

    def _each(self, call: Callable[[Any], None]) -> None:
        for name, service in list(self._services.items()):
            try:
                call(service)
            except Exception as error:  # each has exceptions of its own, and those of its network library
                del self._services[name]
                self._say(
                    tr(f"tracking={name} ne répond plus ({_reason(error)}) : l'entraînement continue sans.",
                       f"tracking={name} answers no more ({_reason(error)}): the training goes on without it.")
                )  # fmt: skip


@contextmanager
def tracked(config: RunConfig, work: Path, say: Callable[[str], None], *, writes: bool = True) -> Iterator[Tracker]:
    """The trackers of a training, open for as long as the block lasts.

    Args:
        config: whose `tracking` says which ones besides TensorBoard.
        work: folder of the training.
        say: is told when a service fails during the training.
        writes: whether this process is the one that writes; of several that train together only the first does.

    Raises:
        WorldError: a service refuses before anything is trained (no account, no network).
    """
    if not writes:
        yield Tracker()
        return
    note = work / NOTE
    known = read_json(note) if note.exists() else {}
    services: dict[str, Any] = {name: _opened(name, config, known.get(name)) for name in config.tracking}
    if services:
        write_json(note, {name: service.id for name, service in services.items()})
    tracker = _Several(TensorBoard(work / "tensorboard"), services, say)
    try:
        yield tracker
    except BaseException:
        tracker.close(failed=True)
        raise
    tracker.close(failed=False)


def _opened(name: str, config: RunConfig, known: str | None) -> Any:
    kinds: dict[str, Any] = {"wandb": WeightsAndBiases, "mlflow": MLflow}
    try:
        return kinds[name](config, known)
    except Exception as error:  # each has exceptions of its own, and those of its network library
        offline = {
            "wandb": tr("Sans compte ni réseau : WANDB_MODE=offline.", "Without account or network: WANDB_MODE=offline."),
            "mlflow": tr("Sans serveur : MLFLOW_TRACKING_URI=sqlite:///mlflow.db.",
                         "Without a server: MLFLOW_TRACKING_URI=sqlite:///mlflow.db."),
        }[name]  # fmt: skip
        raise WorldError(
            tr(f"tracking={name} : refusé ({_reason(error)}).\n{offline}",
               f"tracking={name}: refused ({_reason(error)}).\n{offline}")
        ) from error  # fmt: skip


def _reason(error: Exception) -> str:
    """An error in one line, without the account that an address may hold (https://user:password@host)."""
    return re.sub(r"//[^/\s@]*@", "//", " ".join(str(error).split()))[:300]


def require_installed(names: Sequence[str]) -> None:
    """Checks before anything is trained that the services asked for are installed.

    Raises:
        InputError: one is not; the line that installs it is named.
    """
    lacking = [name for name in names if importlib.util.find_spec(PACKAGES[name][0]) is None]
    if lacking:
        packages = " ".join(PACKAGES[name][1] for name in lacking)
        raise InputError(
            tr(f"tracking : {', '.join(lacking)} n'est pas installé.\nInstallez-le : pip install {packages}",
               f"tracking: {', '.join(lacking)} is not installed.\nInstall it: pip install {packages}")
        )  # fmt: skip


def told(config: RunConfig) -> dict[str, Any]:
    """The settings as a flat table, with the names of folders alone: paths are of this machine."""
    values = flat(config.model_dump(mode="json"))
    values |= {"data": config.data.name, "out": config.out.name}
    model = Path(config.model)
    return values | ({"model": model.name} if model.is_absolute() else {})


def verbatim(sample: Sample) -> str:
    """A sample as Markdown that shows each text as it is: indented by four blanks."""
    parts = (("Question", sample.question), ("Expected", sample.expected), ("Answer", sample.answer))
    return "\n\n".join(
        f"{title}\n\n" + "\n".join(f"    {line}" for line in text.splitlines() or [""]) for title, text in parts
    )
