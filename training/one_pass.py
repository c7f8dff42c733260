"""A whole update of variables as one compiled function on TensorFlow too, as it is on JAX."""

from collections.abc import Callable, Sequence
from typing import Any

import keras


def in_one_pass(update: Callable[[list[Any]], object], grads: Sequence[Any]) -> None:
    """Calls ``update(grads)``; on TensorFlow, within one function of XLA.

    TensorFlow's own graph goes through memory for each operation of clipping, moments, decay and step; XLA joins them.
    Called once for each traced step: what it compiles then is part of that step.
    """
    if keras.backend.backend() != "tensorflow":
        update(list(grads))
        return
    import tensorflow as tf

    tf.function(update, jit_compile=True, autograph=False)(list(grads))
