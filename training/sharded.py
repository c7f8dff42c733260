"""Several devices on JAX, of one host or several, by `keras.distribution`.

* `data`: every device holds the whole model and reads its part of the rows (`DataParallel`).
* `model`: the weights are split over all devices, which read the same rows (`ModelParallel`; see `training.layouts`).

A model is loaded, quantised and given its adapter as on one device, and only then spread, so that nothing of it
depends on the number of devices. Several processes find one another by ``JAX_COORDINATOR_ADDRESS``,
``JAX_NUM_PROCESSES`` and ``JAX_PROCESS_ID``, or by Slurm's variables, which JAX reads by itself.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import keras
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import PartitionSpec

from chatbot.errors import InputError, WorldError
from chatbot.language import tr
from training.distribution import Micro, Mode, Strategy, assign, whole
from training.layouts import MODEL, axes_of, layout_rules, require_divisible

ROWS = "batch"  # the axis of the mesh that rows are split over
WAIT = 300  # seconds that the processes wait for one another at the beginning
LAST = 3600  # seconds that the others wait until process 0 has written the run


@contextmanager
def sharded(mode: Mode) -> Iterator[Strategy]:
    """The strategy over all devices of all processes; that of one device where there is one only.

    Raises:
        InputError: the processes were started wrongly.
        WorldError: they do not find one another.
    """
    _join()
    yield Sharded(mode) if jax.device_count() > 1 else Strategy()


class Sharded(Strategy):
    """Rows or weights split over the devices of one process or several."""

    def __init__(self, mode: Mode):
        self.devices = jax.device_count()
        self.shards = self.devices if mode == "data" else 1
        self.process, self.processes = jax.process_index(), jax.process_count()
        self._by_rows = mode == "data"
        names = keras.distribution.list_devices()
        shape = (self.devices, 1) if self._by_rows else (1, self.devices)
        self._mesh = keras.distribution.DeviceMesh(shape, (ROWS, MODEL), names)
        # Where the whole model has room: a device takes it with `data`, the memory of the host with `model`.
        self._home = jax.local_devices()[0] if self._by_rows else _host()

    def building(self) -> AbstractContextManager[Any]:
        return jax.default_device(self._home)

    def scope(self) -> AbstractContextManager[Any]:
        layouts = keras.distribution.LayoutMap(self._mesh)  # empty: `spread` gives every weight its own
        return keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name=ROWS).scope()

    def spread(self, trainer: Any) -> None:
        rules = {}
        if not self._by_rows:
            require_divisible(trainer.backbone, self.devices)
            rules = layout_rules(trainer.backbone.vocabulary_size, self.devices)
        for variable in trainer.variables:
            value = np.asarray(variable.value)
            axes = axes_of(variable.path, value.shape, rules, self.devices)
            variable._layout = keras.distribution.TensorLayout(axes, self._mesh)
            assign(variable, value)
        trainer.built = True  # its layers are; Keras would build it with a batch of any size, which may not divide

    def gather(self, trainer: Any) -> None:
        for variable in trainer.variables:
            value = whole(variable)
            variable._layout = None
            variable.assign(jax.device_put(value, self._home))

    def step(self, trainer: Any, micro_batches: list[Micro]) -> Any:
        return super().step(trainer, [self._placed(micro) for micro in micro_batches])

    def loss(self, trainer: Any, micro: Micro) -> float:
        return super().loss(trainer, self._placed(micro))

    def sum_over_shards(self, function: Callable, rows: Any, whole: Any) -> Any:
        if not self._by_rows:
            return function(rows, whole)

        def of_shard(rows, whole):
            return jax.lax.psum(function(rows, whole), ROWS)

        split, same = PartitionSpec(ROWS), PartitionSpec()
        over = jax.shard_map(
            of_shard, mesh=self._mesh.backend_mesh, in_specs=(split, same), out_specs=same, check_vma=False
        )
        return over(rows, whole)

    def same(self, value: str) -> str:
        letters = np.frombuffer(value.encode().ljust(256, b"\0"), "uint8")
        return bytes(multihost_utils.broadcast_one_to_all(letters)).rstrip(b"\0").decode()

    def failed_anywhere(self, failed: bool) -> bool:
        return bool(np.any(multihost_utils.process_allgather(np.array(failed, "int32"))))

    def _placed(self, micro: Micro) -> Micro:
        """A micro-batch, every process having the whole of it, as arrays over all devices."""
        layout = keras.distribution.TensorLayout((ROWS,), self._mesh).backend_layout

        def place(rows: np.ndarray) -> Any:
            return jax.make_array_from_callback(rows.shape, layout, lambda part: rows[part])

        return jax.tree.map(place, micro)


def _host() -> Any:
    """The processor as a device of JAX."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError as error:
        raise InputError(
            tr("--distribute model charge le modèle dans la mémoire de l'hôte, et JAX_PLATFORMS écarte « cpu ».\n"
               "Ajoutez-le : JAX_PLATFORMS=cuda,cpu.",
               "--distribute model loads the model into the host's memory, and JAX_PLATFORMS leaves out `cpu`.\n"
               "Add it: JAX_PLATFORMS=cuda,cpu.")
        ) from error  # fmt: skip


def _join() -> None:
    """Makes this process one of several, where its environment says so; before JAX computes anything."""
    settings = _settings(os.environ)
    if settings is None or jax.distributed.is_initialized():
        return
    jax.config.update(
        "jax_enable_preemption_service", False
    )  # it keeps SIGTERM for itself, and the process would live on
    try:
        jax.distributed.initialize(**settings, initialization_timeout=WAIT, shutdown_timeout_seconds=LAST)
    except (RuntimeError, ValueError) as error:
        raise WorldError(
            tr(f"Les processus ne se trouvent pas ({_line(error)}).\n"
               "Lancez-les tous en moins de cinq minutes, avec l'adresse du premier et un port libre que rien ne filtre.",
               f"The processes do not find one another ({_line(error)}).\n"
               "Start all of them within five minutes, with the address of the first and a free, unfiltered port.")
        ) from error  # fmt: skip


def _settings(environment: Any) -> dict[str, Any] | None:
    """What `jax.distributed.initialize` is given; None for a process alone.

    Raises:
        InputError: the variables contradict one another.
    """
    names = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
    given = {name: environment[name] for name in names if environment.get(name)}
    if not given:
        _require_slurm_devices(environment)
        return {} if int(environment.get("SLURM_STEP_NUM_TASKS") or 1) > 1 else None
    if lacking := [name for name in names if name not in given]:
        raise InputError(
            tr(f"Plusieurs processus : il manque {', '.join(lacking)} dans l'environnement.\n"
               "Donnez les trois à chacun : adresse:port du premier, nombre de processus, rang à partir de 0.",
               f"Several processes: {', '.join(lacking)} missing in the environment.\n"
               "Give all three to each: address:port of the first, number of processes, rank from 0.")
        )  # fmt: skip
    address, count, rank = given.values()
    if not (count.isdigit() and rank.isdigit() and int(rank) < int(count) and ":" in address):
        raise InputError(
            tr(f"JAX_COORDINATOR_ADDRESS={address}, JAX_NUM_PROCESSES={count}, JAX_PROCESS_ID={rank} ne vont pas.\n"
               "Il faut adresse:port du premier, le nombre de processus, et un rang de 0 à ce nombre moins un.",
               f"JAX_COORDINATOR_ADDRESS={address}, JAX_NUM_PROCESSES={count}, JAX_PROCESS_ID={rank} do not fit.\n"
               "Wanted: address:port of the first, the number of processes, and a rank from 0 to that number less one.")
        )  # fmt: skip
    return {"coordinator_address": address, "num_processes": int(count), "process_id": int(rank)}


def _require_slurm_devices(environment: Any) -> None:
    """JAX gives the n-th task of a Slurm host its n-th GPU: a host must not have more tasks than GPUs."""
    devices, rank = environment.get("SLURM_GPUS_ON_NODE", ""), environment.get("SLURM_LOCALID", "0")
    if devices.isdigit() and rank.isdigit() and 0 < int(devices) <= int(rank):
        raise InputError(
            tr(f"Plus de processus que de cartes sur cet hôte : {devices} carte(s), processus n° {int(rank) + 1}.\n"
               "Demandez autant de tâches que de cartes : --ntasks-per-node égal à --gpus-per-node.",
               f"More processes than GPUs on this host: {devices} GPU(s), process no. {int(rank) + 1}.\n"
               "Ask for as many tasks as GPUs: --ntasks-per-node equal to --gpus-per-node.")
        )  # fmt: skip


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
