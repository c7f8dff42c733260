"""Loss scaling for float16, by whole optimizer steps.

float16 has no numbers below 6e-8, where many gradients lie: the loss is multiplied by a scale before its gradients are
computed, and they are divided by it before they are clipped, added up and applied. A gradient that overflows (infinite,
or not a number) says that the scale was too large: that step is skipped and the scale halved; after 2,000 steps without
it is doubled (Micikevicius et al. 2018, section 3.2).

Keras' own `LossScaleOptimizer` decides by micro-batch: the optimizer that it wraps never hears of one that overflows,
does not count it, and from then on ends its accumulated steps in the middle of ours. Here an overflow travels through
the accumulated gradients to the end of its step, which is skipped as a whole.
"""

from typing import Any

import keras
from keras import ops

from chatbot.language import tr
from training.diagnosis import LossNotFinite
from training.one_pass import in_one_pass

LEAST = 1.0  # a scale below: some sixteen steps one after the other have overflowed, and the scale is not the cause


class StepLossScale(keras.optimizers.LossScaleOptimizer):
    """Scales the loss for `inner_optimizer`, which may accumulate gradients.

    As in Keras, `iterations` counts the steps that were applied, without those that were skipped.
    """

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """A micro-batch, its gradients still scaled; at the end of a step the update, or none."""
        if not self.built:
            self.build(trainable_variables)
        in_one_pass(lambda given: self._apply(given, trainable_variables), grads)

    def _apply(self, grads: list[Any], trainable_variables: Any) -> None:
        """No branches: the same on every backend."""
        inner = self.inner_optimizer
        variables = list(trainable_variables or self._trainable_variables)
        micro_batches = inner.gradient_accumulation_steps or 1
        accumulated = inner._accumulated_gradients if micro_batches > 1 else []
        unscaled = [grad if grad is None else ops.divide(grad, self.dynamic_scale) for grad in grads]
        ends = ops.equal((ops.convert_to_tensor(inner._iterations) + 1) % micro_batches, 0)
        finite = self.check_finite([*unscaled, *accumulated])
        skipped = ops.logical_and(ends, ops.logical_not(finite))
        kept = [v for v in [*variables, *inner.variables] if not any(v is each for each in accumulated)]
        before = [ops.copy(variable) for variable in kept]  # `convert_to_tensor` would give the variable itself
        inner.apply(unscaled, trainable_variables)
        for variable, was in zip(kept, before, strict=True):
            if variable is inner._iterations:  # back to where this step began
                was -= micro_batches - 1
            variable.assign(ops.where(skipped, was, ops.convert_to_tensor(variable)))
        self._rescale(ends, skipped)

    def stateless_apply(self, optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
        """As every other optimizer does it: by `apply`."""
        return keras.optimizers.Optimizer.stateless_apply(self, optimizer_variables, grads, trainable_variables)

    def _rescale(self, ends: Any, skipped: Any) -> None:
        good = ops.cast(ops.logical_and(ends, ops.logical_not(skipped)), self.step_counter.dtype)
        counted = ops.where(skipped, 0, self.step_counter + good)
        grows = ops.equal(counted, self.dynamic_growth_steps)
        factor = ops.where(skipped, 0.5, ops.where(grows, 2.0, 1.0))
        self.step_counter.assign(ops.where(grows, 0, counted))
        self.dynamic_scale.assign(self.dynamic_scale * ops.cast(factor, "float32"))


def require_recovery(optimizer: StepLossScale, step: int) -> None:
    """Tells an overflow, which passes, from a divergence, which stays. Reads the scale: waits for the device.

    Raises:
        LossNotFinite: step after step is skipped.
    """
    if float(optimizer.dynamic_scale) >= LEAST:
        return
    raise LossNotFinite(
        tr(f"Au pas {step}, les gradients débordent toujours en float16 : chaque pas est sauté. Prenez "
           "fit.precision=float32, ou baissez fit.learning_rate.",
           f"At step {step} gradients still overflow in float16: every step is skipped. Take fit.precision=float32, "
           "or lower fit.learning_rate.")
    )  # fmt: skip
