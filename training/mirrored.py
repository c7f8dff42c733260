"""Several GPUs of one host on TensorFlow: the weights mirrored on each, the rows of a micro-batch split between them.

`tf.distribute.MirroredStrategy` with a step of our own, for Keras' own does two things that are not those of one
device: it clips the gradient of each device before it sums them, and it refuses `gradient_accumulation_steps`
(keras#20582). Here each device adds up the gradients of its rows over the micro-batches of a step; they are summed
over the devices once, at the last one, and then clipped and applied.
"""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from chatbot.errors import InputError
from chatbot.language import tr
from training.distribution import Micro, Strategy

SEEDS_APART = 7919  # between the dropout seeds of two devices, which would otherwise switch off the same places


def mirrored() -> Strategy:
    """The strategy for all GPUs of this host (or virtual CPU devices); that of one device where there is one only."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return Mirrored([device.name for device in devices]) if len(devices) > 1 else Strategy()


@functools.cache
def _over(devices: tuple[str, ...]) -> Any:
    """One for the whole process: the sums of a second one would meet those of the first under the same numbers."""
    return tf.distribute.MirroredStrategy(devices)


class Mirrored(Strategy):
    """Rows split over devices of one host."""

    def __init__(self, devices: list[str]):
        self.devices = self.shards = len(devices)
        self._over = _over(tuple(devices))
        self._functions: dict[bool, Callable] = {}
        self._test: Callable | None = None

    def building(self) -> AbstractContextManager[Any]:
        return self._over.scope()

    def scope(self) -> AbstractContextManager[Any]:
        return self._over.scope()

    def accumulates_by_itself(self) -> bool:
        return True

    def require_precision(self, precision: str) -> None:
        # The loss scale of float16 is one for all devices, and changes with what one of them finds.
        if precision == "mixed_float16":
            raise InputError(
                tr("--distribute data : sur TensorFlow, plusieurs cartes ne partagent pas float16.\n"
                   "Ajoutez --set fit.precision=float32, ou lancez la même commande avec KERAS_BACKEND=jax.",
                   "--distribute data: on TensorFlow several devices cannot share float16.\n"
                   "Add --set fit.precision=float32, or run the same command with KERAS_BACKEND=jax.")
            )  # fmt: skip

    def step(self, trainer: Any, micro_batches: list[Micro]) -> Any:
        if not self._functions:
            gradients = _GradientSum(trainer, parts=len(micro_batches))
            for last in (False, True):
                self._functions[last] = self._over_devices(gradients.finish if last else gradients.add)
        count = len(micro_batches)
        losses = [self._functions[number == count](self._cut(micro)) for number, micro in enumerate(micro_batches, 1)]
        return tf.add_n(losses) / count

    def loss(self, trainer: Any, micro: Micro) -> float:
        if self._test is None:

            def loss_of_rows(inputs, targets, weights):
                return trainer.compute_loss(inputs, targets, trainer(inputs, training=False), weights, training=False)

            self._test = self._over_devices(_compiled(loss_of_rows, trainer))
        return float(self._test(self._cut(micro)))

    def _over_devices(self, function: Callable) -> Callable:
        """A function that runs on every device with its rows, and returns the sum of what they return."""

        @tf.function(autograph=False, reduce_retracing=True)
        def run(micro):
            return self._over.reduce("SUM", self._over.run(function, args=micro), axis=None)

        return run

    def _cut(self, micro: Micro) -> Any:
        """A micro-batch, of which each device sees its rows."""
        parts = [tf.nest.map_structure(lambda rows, i=i: tf.constant(_part(rows, i, self.shards)), micro)
                 for i in range(self.shards)]  # fmt: skip
        return self._over.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group]
        )


def _part(rows: Any, index: int, parts: int) -> Any:
    size = len(rows) // parts
    return rows[index * size : (index + 1) * size]


def _compiled(function: Callable, trainer: Any) -> Callable:
    """XLA compiles what one device does alone; what passes between devices it cannot."""
    if not trainer.jit_compile:
        return function
    compiled = tf.function(function, jit_compile=True, autograph=False)

    def on_this_device(*arguments):
        (device,) = tf.nest.flatten(tf.distribute.get_replica_context().devices)
        with tf.device(device):  # XLA would look for the variables of every device on the first
            return compiled(*arguments)

    return on_this_device


class _GradientSum:
    """What one device does in a step: gradients of its rows, added up until the last micro-batch, then applied.

    Args:
        trainer: compiled, its optimizer built.
        parts: micro-batches of a step; the gradient applied is the mean over them, as Keras' own accumulation has it.
    """

    def __init__(self, trainer: Any, parts: int):
        self.trainer, self.parts = trainer, parts
        self.variables = [variable.value for variable in trainer.trainable_variables]
        self.seeds = [variable for variable in trainer.variables if "seed_generator_state" in variable.path]
        self.gradients = _compiled(self._gradients, trainer)
        self.sums = [self._zeros(variable) for variable in self.variables] if parts > 1 else []

    @staticmethod
    def _zeros(variable: Any) -> Any:
        return tf.Variable(
            tf.zeros(variable.shape, variable.dtype),
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,  # each device has a sum of its own
            aggregation=tf.VariableAggregation.SUM,
        )

    def add(self, inputs: Any, targets: Any, weights: Any) -> Any:
        loss, gradients = self._of(inputs, targets, weights)
        for held, gradient in zip(self.sums, gradients, strict=True):
            held.assign_add(gradient)
        return loss

    def finish(self, inputs: Any, targets: Any, weights: Any) -> Any:
        loss, gradients = self._of(inputs, targets, weights)
        if self.sums:
            gradients = [(held + new) / self.parts for held, new in zip(self.sums, gradients, strict=True)]
            for held in self.sums:
                held.assign(tf.zeros_like(held))
        summed = tf.distribute.get_replica_context().all_reduce("SUM", gradients)
        self.trainer.optimizer.apply(summed, self.trainer.trainable_variables)
        return loss

    def _of(self, *micro: Any) -> tuple[Any, list[Any]]:
        apart = [tf.distribute.get_replica_context().replica_id_in_sync_group * SEEDS_APART, 0]
        seeds = [tf.convert_to_tensor(seed) + tf.cast(apart, seed.dtype) for seed in self.seeds]
        loss, gradients, after = self.gradients(*micro, seeds)
        for seed, value in zip(self.seeds, after, strict=True):
            _assign_that_of_first(seed.value, value)
        return loss, gradients

    def _gradients(self, inputs: Any, targets: Any, weights: Any, seeds: list[Any]) -> tuple[Any, list[Any], list[Any]]:
        """Loss, its (scaled) gradients and the seeds after it; the variables stay as they are."""
        import keras

        trainer = self.trainer
        with keras.StatelessScope(state_mapping=list(zip(self.seeds, seeds, strict=True))) as scope:
            with tf.GradientTape() as tape:
                hidden = trainer(inputs, training=True)
                loss = trainer.compute_loss(inputs, targets, hidden, weights, training=True)
                scaled = trainer.optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, self.variables)
        after = [scope.get_current_value(seed) for seed in self.seeds]
        after = [before if value is None else value for before, value in zip(seeds, after, strict=True)]
        return loss, [tf.convert_to_tensor(gradient) for gradient in gradients], after


def _assign_that_of_first(variable: Any, value: Any) -> None:
    """Each device proposes a value for a mirrored variable; that of the first is taken."""

    def assign(strategy, variable, value):
        first = strategy.experimental_local_results(value)[0]
        strategy.extended.update(variable, lambda each, new: each.assign(new), args=(first,))

    tf.distribute.get_replica_context().merge_call(assign, args=(variable, value))
