"""Several devices, one training: the strategy object that the training asks for whatever depends on how many there are.

    one device                    `Strategy`, here
    JAX, one or several hosts     `training.sharded`:  `data` (rows split) and `model` (weights split)
    TensorFlow, GPUs of one host  `training.mirrored`: `data`

A batch always has its global size, and the losses and weights are those of one device within rounding. The loss of a
step is a *sum* of weighted token losses, so shards are summed, never averaged. Process 0 writes all files.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from chatbot.errors import CausetteError, InputError, WorldError
from chatbot.language import tr

Mode = Literal["data", "model"] | None
Micro = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]  # inputs, targets, weights of all rows of a micro-batch


class Strategy:
    """One device: what Keras does by itself."""

    devices = 1
    shards = 1  # parts of a micro-batch, on as many devices
    process = 0
    processes = 1

    @property
    def writes(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.process == 0

    def building(self) -> AbstractContextManager[Any]:
        """Where the model is loaded, adapters and all."""
        return nullcontext()

    def scope(self) -> AbstractContextManager[Any]:
        """Where the trainer gets its optimizer, and trains."""
        return nullcontext()

    def spread(self, trainer: Any) -> None:
        """Brings the variables of a trainer without optimizer to the devices.

        Raises:
            InputError: the model cannot be split over so many.
        """

    def gather(self, trainer: Any) -> None:
        """Brings the model's variables back to one device of this process, to be saved and talked to. Collective."""

    def accumulates_by_itself(self) -> bool:
        """Whether `steps` adds up the gradients of several micro-batches, so that the optimizer must not."""
        return False

    def step(self, trainer: Any, micro_batches: list[Micro]) -> Any:
        """One optimizer step; returns the mean of the micro-batches' losses, a scalar of the backend not waited for."""
        _reset(trainer)  # Keras reports a running mean: begun anew, it is the mean of this step
        for micro in micro_batches:
            loss = _advance(trainer, micro, training=True)
        return loss

    def loss(self, trainer: Any, micro: Micro) -> float:
        """The summed loss of a batch, without training."""
        _reset(trainer)
        return float(_advance(trainer, micro, training=False))

    def sum_over_shards(self, function: Callable, rows: Any, whole: Any) -> Any:
        """``function(rows, whole)`` of each shard's rows, summed; called while a step is traced.

        Args:
            function: returns a scalar.
            rows: arrays of a tree, split along their first dimension.
            whole: arrays of a tree that every shard sees whole.
        """
        return function(rows, whole)

    def same(self, value: str) -> str:
        """The value of process 0. Collective."""
        return value

    def failed_anywhere(self, failed: bool) -> bool:
        """Whether any process failed. Collective."""
        return failed

    def require_rows(self, rows: int) -> None:
        """Raises InputError when a micro-batch of `rows` rows cannot be cut evenly."""
        if rows % self.shards:
            fitting = self.shards * -(-rows // self.shards)
            raise InputError(
                tr(f"fit.rows = {rows} ne se partage pas entre {self.shards} appareils.\n"
                   f"Prenez un multiple de {self.shards}, par exemple --set fit.rows={fitting}.",
                   f"fit.rows = {rows} does not divide by {self.shards} devices.\n"
                   f"Take a multiple of {self.shards}, for example --set fit.rows={fitting}.")
            )  # fmt: skip

    def require_precision(self, precision: str) -> None:
        """Raises InputError for arithmetic that these devices cannot share."""

    def require_same(self, config: Any, manifest: Any) -> None:
        """Raises InputError, in every process, when one was given other options or other data. Collective."""
        given = json.dumps([config.model_dump(mode="json", exclude={"data", "out"}), manifest], sort_keys=True)
        mine = hashlib.sha256(given.encode()).hexdigest()
        if self.failed_anywhere(self.same(mine) != mine):
            raise InputError(
                tr("Les processus n'ont pas tous reçu les mêmes options ou le même jeu.\n"
                   "Lancez la même commande partout, sur des copies du même jeu préparé.",
                   "The processes were not all given the same options or the same set.\n"
                   "Run the same command everywhere, on copies of the same prepared set.")
            )  # fmt: skip

    def named(self, device: str) -> str:
        """The devices in words, each of them being `device`."""
        return device if self.devices == 1 else f"{self.devices} × {device}"

    def sentence(self, mode: Mode, rows: int) -> str:
        """What the user is told."""
        if self.devices == 1:
            return tr(f"Un seul appareil : --distribute {mode} n'y change rien.",
                      f"One device only: --distribute {mode} changes nothing.")  # fmt: skip
        hosts = tr(f" ({self.processes} processus)", f" ({self.processes} processes)") if self.processes > 1 else ""
        if self.shards == 1:
            return tr(f"{self.devices} appareils{hosts} se partagent les poids.",
                      f"{self.devices} devices{hosts} share the weights between them.")  # fmt: skip
        each = rows // self.shards
        return tr(f"{self.devices} appareils{hosts} : {each} des {rows} lignes d'un micro-lot chacun.",
                  f"{self.devices} devices{hosts}: {each} of the {rows} rows of a micro-batch each.")  # fmt: skip

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block that all processes leave without an error, or none: nobody waits for one that is gone.

        Nothing collective may stand in it: a process that fails earlier would not take part.

        Raises:
            WorldError: another process failed, and said why.
        """
        try:
            yield
        except CausetteError:
            self.failed_anywhere(True)
            raise
        if self.failed_anywhere(False):
            raise WorldError(
                tr(f"Processus {self.process} : un autre processus n'a pas pu commencer.\n"
                   "Lisez son message, puis relancez-les tous.",
                   f"Process {self.process}: another process could not begin.\n"
                   "Read its message, then start all of them again.")
            )  # fmt: skip

    @contextmanager
    def folder(self, of_first: AbstractContextManager[Path]) -> Iterator[Path]:
        """The working folder: `of_first` in the process that writes, one that disappears in every other."""
        with ExitStack() as stack:
            with self.together():
                if self.writes:
                    work = stack.enter_context(of_first)
                else:
                    work = Path(stack.enter_context(TemporaryDirectory(prefix="causette-")))
            yield work


@contextmanager
def distributed(mode: Mode) -> Iterator[Strategy]:
    """The strategy of a training, for as long as it lasts.

    Raises:
        InputError: this backend cannot do it, or the processes were started wrongly.
        WorldError: the other processes do not answer.
    """
    import keras

    backend = keras.backend.backend()
    if mode is None:
        yield Strategy()
    elif backend == "jax":
        from training.sharded import sharded

        with sharded(mode) as strategy:
            yield strategy
    elif mode == "model":
        raise _with_jax(
            tr("--distribute model : TensorFlow ne partage pas un modèle entre plusieurs appareils.",
               "--distribute model: TensorFlow does not split a model over several devices.")
        )  # fmt: skip
    elif "TF_CONFIG" in os.environ or int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        raise _with_jax(
            tr("--distribute data : sur TensorFlow, plusieurs processus ne s'entraînent pas ensemble (Keras 3 échoue).",
               "--distribute data: on TensorFlow several processes cannot train together (Keras 3 fails).")
        )  # fmt: skip
    else:
        from training.mirrored import mirrored

        yield mirrored()


def writes_files() -> bool:
    """Whether this process writes files and speaks to the user: process 0, or the only one."""
    import keras

    if keras.backend.backend() != "jax":
        return True
    import jax

    return jax.process_index() == 0


def whole(variable: Any) -> np.ndarray:
    """A copy of a variable's value, whole also where it is split over devices. Collective when over processes."""
    value = variable.value
    if getattr(value, "is_fully_addressable", True) or value.is_fully_replicated:
        return np.array(variable)
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(value, tiled=True)


def assign(variable: Any, value: np.ndarray) -> None:
    """Gives a variable a new value, each device its part of it."""
    layout = getattr(getattr(variable, "_layout", None), "backend_layout", None)
    if layout is not None:
        import jax

        host = np.asarray(value, dtype=variable.dtype)
        variable.assign(jax.make_array_from_callback(host.shape, layout, lambda part: host[part]))
    else:
        variable.assign(value)


def _with_jax(fault: str) -> InputError:
    cure = tr("Lancez la même commande avec KERAS_BACKEND=jax.", "Run the same command with KERAS_BACKEND=jax.")
    return InputError(f"{fault}\n{cure}")


def _reset(trainer: Any) -> None:
    """`reset_metrics` for variables over several processes too."""
    for variable in trainer.metrics_variables:
        assign(variable, np.zeros(variable.shape, variable.dtype))


def _advance(trainer: Any, micro: Micro, *, training: bool) -> Any:
    """One micro-batch; returns the running mean of the loss as a scalar of the backend, without waiting for it.

    `train_on_batch` does wait, to return a float, and forgets the running mean before each micro-batch.
    """
    import keras

    if not trainer.built:  # these build it
        return trainer.train_on_batch(*micro) if training else trainer.test_on_batch(*micro)
    trainer.make_train_function() if training else trainer.make_test_function()
    function = trainer.train_function if training else trainer.test_function
    if keras.backend.backend() != "jax":
        return function(iter([micro]))["loss"]
    groups = [
        trainer.trainable_variables,
        trainer.non_trainable_variables,
        *([trainer.optimizer.variables] if training else []),
        trainer.metrics_variables,
    ]
    logs, state = function(tuple([v.value for v in group] for group in groups), iter([micro]))
    for group, values in zip(groups, state, strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)
    return logs["loss"]


def from_first(read: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What `read` gives in process 0, which alone has the files; in every process. Collective.

    Raises:
        WorldError: it failed there, where its own error is raised.
    """
    import keras

    if keras.backend.backend() != "jax":
        return read()
    import jax
    from jax.experimental import multihost_utils

    if jax.process_count() == 1:
        return read()
    arrays: dict[str, np.ndarray] = {}
    failure: Exception | None = None
    if jax.process_index() == 0:
        try:
            arrays = read()
        except Exception as error:  # raised below, once the others know
            failure = error
    kinds = json.dumps([(name, array.shape, array.dtype.name) for name, array in arrays.items()]).encode()
    size = int(multihost_utils.broadcast_one_to_all(np.int32(-1 if failure else len(kinds))))
    if failure:
        raise failure
    if size < 0:
        raise WorldError(tr("Le processus 0 n'a pas pu lire l'état de l'entraînement ; voyez son message.",
                            "Process 0 could not read the state of the training; see its message."))  # fmt: skip
    letters = np.frombuffer(kinds.ljust(size), "uint8") if arrays else np.zeros(size, "uint8")
    kinds = bytes(multihost_utils.broadcast_one_to_all(letters))
    return {
        name: multihost_utils.broadcast_one_to_all(arrays.get(name, np.zeros(shape, kind)))
        for name, shape, kind in json.loads(kinds)
    }
