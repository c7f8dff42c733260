"""Memory for a little time: what is cheap to compute is computed again in the backward pass, not kept until then.

Most of what a GPT-2 block keeps for its gradient comes from elementwise work: GELU alone writes down several arrays of
four times the size of its hidden states. Beside the matrix products the time to compute them again hardly shows.

Where that is not enough, `layer_recomputed` keeps nothing of a whole layer but its input, for a third more time.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras


def not_before(known, *arrays):
    """The same arrays, for a computation that must not begin before `known` is there.

    TensorFlow runs whatever it can: without this it recomputes an array in the forward pass already, side by side with
    the first computation of it, and keeps both. XLA on TensorFlow ignores the order, and schedules by itself.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.control_dependencies([known]):
            return tuple(tf.identity(array) for array in arrays)
    if keras.backend.backend() == "jax":
        import jax

        return jax.lax.optimization_barrier((known, *arrays))[1:]
    return arrays


@contextmanager
def replaced(attributes: list[tuple[Any, str, Callable]]) -> Iterator[None]:
    """While it lasts, `layer.name` is the given function, for each (layer, name, function); Keras does not notice."""
    before = [(layer, name, vars(layer).get(name)) for layer, name, _ in attributes]
    for layer, name, function in attributes:
        object.__setattr__(layer, name, function)
    try:
        yield
    finally:
        for layer, name, own in before:
            if own is None:  # a method of its class
                object.__delattr__(layer, name)
            else:
                object.__setattr__(layer, name, own)


def cheap_parts_recomputed(backbone: Any):
    """Context in which a KerasHub backbone computes its activations and normalisations twice instead of keeping them."""
    parts = []
    for layer in backbone._flatten_layers():
        if _normalises(layer):
            parts.append((layer, "call", keras.remat(layer.call)))
        activation = getattr(layer, "activation", None)
        if activation not in (None, keras.activations.linear):
            parts.append((layer, "activation", _activation_recomputed(activation)))
    return replaced(parts)


@functools.cache
def _activation_recomputed(activation: Callable) -> Callable:
    """The same function of one array, computed again for its gradient.

    TensorFlow's own graph goes through memory for each operation of a GELU, XLA once: 23 ms instead of 76 on two cores,
    forward and backward, for 2,048 × 3,072 numbers. (A LayerNorm gains nothing: 16 ms either way.)
    """
    if keras.backend.backend() != "tensorflow":
        return keras.remat(activation)
    import tensorflow as tf

    forward = tf.function(activation, jit_compile=True, autograph=False)

    @tf.function(jit_compile=True, autograph=False)
    def backward(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = activation(x)
        return tape.gradient(y, x, upstream)

    @tf.custom_gradient
    def recomputed(x):
        return forward(x), lambda upstream: backward(x, upstream)

    return recomputed


def _normalises(layer: Any) -> bool:
    """Whether all that a layer has learnt is one or two vectors (LayerNorm, RMSNorm, and those of each family)."""
    own = layer.weights
    return bool(own) and all(len(weight.shape) == 1 for weight in own)


def layer_recomputed(layer: Any, around: Callable[[], AbstractContextManager]) -> Callable:
    """`layer` as a function of its hidden states that keeps nothing but them until its backward pass (Chen et al. 2016).

    Gradients flow to the hidden states and to the layer's trainable variables. Its dropout draws the same in both
    passes: the seeds go in as values, and come out moved on once.

    Args:
        layer: one of the backbone's.
        around: gives the context that this is called in; TensorFlow's backward pass comes when it is long left.
    """
    seeds = [variable for variable in layer.non_trainable_variables if "seed_generator_state" in variable.path]
    again = _again_on_tensorflow if keras.backend.backend() == "tensorflow" else _again_on_jax

    def call(x, **options):
        y, moved_on = again(layer, seeds, x, options, around)
        for seed, value in zip(seeds, moved_on, strict=True):
            seed.assign(value)
        return y

    return call


def _again_on_tensorflow(
    layer: Any, seeds: list[Any], x: Any, options: dict[str, Any], around: Callable[[], AbstractContextManager]
) -> tuple[Any, list[Any]]:
    """As `tf.recompute_grad`, but with seeds, and so that XLA does not join the two equal computations into one again."""
    import tensorflow as tf

    before = [tf.identity(seed.value) for seed in seeds]

    def once(x):
        with keras.StatelessScope(state_mapping=list(zip(seeds, before, strict=True))) as scope:
            y = layer(x, **options)
        return y, [scope.get_current_value(seed) for seed in seeds]

    @tf.custom_gradient
    def twice(x):
        y, moved_on = once(x)

        def gradient(upstream, *_, variables=()):
            (x_again,) = _behind_barrier(upstream, x) if _traced_for_xla() else not_before(upstream, x)
            with around(), tf.control_dependencies([upstream]), tf.GradientTape() as tape:
                tape.watch([x_again, *variables])
                y_again, _ = once(x_again)
            of_x, *of_variables = tape.gradient(y_again, [x_again, *variables], upstream)
            return of_x, of_variables

        return (y, *moved_on), gradient

    y, *moved_on = twice(x)
    return y, moved_on


def _traced_for_xla() -> bool:
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_util

    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def _behind_barrier(known, *arrays):
    """As `not_before`, in XLA's own words; they mean nothing to TensorFlow elsewhere, and XLA forgets them on a CPU."""
    from tensorflow.compiler.tf2xla.python import xla

    return tuple(xla.optimization_barrier(known, *arrays)[1:])


def _again_on_jax(
    layer: Any, seeds: list[Any], x: Any, options: dict[str, Any], around: Callable[[], AbstractContextManager]
) -> tuple[Any, list[Any]]:
    import jax

    @jax.checkpoint
    def twice(x, before):
        # No scope of its own: in it the other variables would lose the values that this training step gave them.
        for seed, value in zip(seeds, before, strict=True):
            seed.assign(value)
        return layer(x, **options), [seed.value for seed in seeds]

    return twice(x, [seed.value for seed in seeds])
