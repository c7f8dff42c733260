"""Loss scaling by whole steps: what overflows is skipped, what does not is Keras' own AdamW, on both backends."""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

from chatbot.errors import WorldError
from tests.training.test_optimizer import SHAPES, Held
from tests.training.test_resume import assert_same, data, interrupted, options_of, preset  # noqa: F401
from training.fit import train
from training.loss_scale import StepLossScale, require_recovery


def optimizers(accumulation):
    """Ours, and Keras' AdamW without any scale; each with its variables."""
    import keras

    from training.optimizer import make_optimizer

    ours, plain = Held(), Held()
    ours.compute_dtype = "float16"
    scaled = make_optimizer(ours, weight_decay=0.1, clip_norm=1.0, accumulation=accumulation)
    scaled.dynamic_growth_steps = 3
    own = keras.optimizers.AdamW(
        0.0,
        weight_decay=0.1,
        global_clipnorm=1.0,
        gradient_accumulation_steps=accumulation if accumulation > 1 else None,
    )
    own.exclude_from_weight_decay(var_list=plain.trainable_variables[1:])
    for optimizer, held in ((scaled, ours), (own, plain)):
        optimizer.build(held.trainable_variables)
    return (scaled, ours), (own, plain)


def applied(optimizer, held):
    """A function of gradients, traced once, as Keras' trainers make it: JAX' has no other way than the stateless one."""
    import keras

    if keras.backend.backend() != "jax":
        import tensorflow as tf

        return tf.function(lambda gradients: optimizer.apply(gradients, held.trainable_variables), autograph=False)
    import jax

    update, groups = jax.jit(optimizer.stateless_apply), (held.trainable_variables, optimizer.variables)

    def apply(gradients):
        new = update([v.value for v in groups[1]], gradients, [v.value for v in groups[0]])
        for variables, values in zip(groups, new, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    return apply


def check(accumulation):
    """Six steps, of which two overflow, one of them in its first micro-batch only; Keras' AdamW is given the others."""
    (scaled, ours), (own, plain) = optimizers(accumulation)
    apply, apply_own = applied(scaled, ours), applied(own, plain)
    random, scales = np.random.default_rng(1), []
    before = [np.array(variable) for variable in ours.trainable_variables]
    for step in range(6):
        rate, overflows = 0.1 / (step + 1), {1: np.inf, 2: np.nan}.get(step)
        scaled.learning_rate = own.learning_rate = rate
        for micro in range(accumulation):
            gradients = [random.normal(size=shape).astype("float32") * 3 for shape in SHAPES.values()]
            times_scale = [gradient * float(scaled.dynamic_scale) for gradient in gradients]
            if overflows is None:
                apply_own(gradients)
            elif micro == 0:
                times_scale[1][2] = overflows
            apply(times_scale)
        scales.append(float(scaled.dynamic_scale) / 2**15)
        assert all(np.isfinite(np.array(variable)).all() for variable in [*ours.trainable_variables, *scaled.variables])
    assert scales == [1, 0.5, 0.25, 0.25, 0.25, 0.5]
    assert int(scaled.iterations) == int(own.iterations) == 4
    for mine, theirs, was in zip(ours.trainable_variables, plain.trainable_variables, before, strict=True):
        assert np.abs(np.array(mine) - was).max() > 0.05
        np.testing.assert_allclose(np.array(mine), np.array(theirs), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("accumulation", [1, 3])
def test_a_step_that_overflows_is_skipped_as_a_whole(accumulation):
    check(accumulation)


def test_the_same_on_jax():
    code = "from tests.training.test_loss_scale import check; check(1); check(3)"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_overflows_that_do_not_end_are_told():
    (scaled, ours), _ = optimizers(1)
    apply, overflown = applied(scaled, ours), [np.full(shape, np.nan, "float32") for shape in SHAPES.values()]
    for _ in range(15):
        apply(overflown)
        require_recovery(scaled, step=15)
    apply(overflown)
    with pytest.raises(WorldError, match=r"pas 16, .* débordent .*fit\.precision=float32"):
        require_recovery(scaled, step=16)


def test_a_training_in_float16_survives_overflows_and_resumes_exactly(data, preset, tmp_path, monkeypatch):  # noqa: F811
    """The scale begins far too high: its first steps overflow. Interrupted among them, with dropout and accumulation."""
    too_high = functools.partial(StepLossScale, initial_scale=2.0**28)
    monkeypatch.setattr("training.optimizer.StepLossScale", too_high)
    options = {"precision": "mixed_float16", "learning_rate": 1e-2}
    whole = train(options_of(data, tmp_path / "whole", preset, **options))
    assert whole.metrics["skipped_steps"] > 4
    assert whole.metrics["steps"] == 30
    assert whole.metrics["validation_loss_after"] < whole.metrics["validation_loss_before"]
    config = options_of(data, tmp_path / "resumed", preset, **options)
    interrupted(config, at=4)
    train(config, resume=True)
    assert_same(whole.path, config.out)
