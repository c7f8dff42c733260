"""AdamW as our trainings take it."""

from typing import Any

import keras


class OnePassAdamW(keras.optimizers.AdamW):
    """AdamW whose whole update is one compiled function on TensorFlow too, as it is on JAX.

    TensorFlow's own graph goes through memory for each operation of clipping, moments, decay and step; XLA joins them.
    On two cores that makes a whole training step of GPT-2 124M some 5 % shorter.
    """

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Called once for each traced step: what it compiles then is part of that step."""
        if keras.backend.backend() != "tensorflow":
            super().apply(grads, trainable_variables)
            return
        import tensorflow as tf

        if tf.distribute.has_strategy():  # XLA cannot compile what several devices do together
            super().apply(grads, trainable_variables)
            return
        plain = super().apply
        tf.function(lambda given: plain(given, trainable_variables), jit_compile=True, autograph=False)(list(grads))

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        """TensorFlow only. Over several devices `training.mirrored` sums them, before they are clipped, not after."""
        return grads_and_vars


def make_optimizer(
    model: Any, *, weight_decay: float, clip_norm: float, accumulation: int, beta_2: float = 0.999
) -> OnePassAdamW:
    """AdamW without decay on biases, normalisations and embeddings of positions."""
    optimizer = OnePassAdamW(
        learning_rate=0.0,  # set before every step by `optimise`
        weight_decay=weight_decay,
        beta_2=beta_2,
        global_clipnorm=clip_norm or None,
        gradient_accumulation_steps=accumulation if accumulation > 1 else None,
    )
    flat = [
        variable
        for variable in model.trainable_variables
        if len(variable.shape) < 2 or variable.path.endswith("/bias") or "position_embedding" in variable.path
    ]
    optimizer.exclude_from_weight_decay(var_list=flat)
    return optimizer
