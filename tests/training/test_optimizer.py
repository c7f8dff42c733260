"""The compiled update is Keras' own AdamW: same weights after several steps, clipped, decayed, accumulated."""

import keras
import numpy as np
import pytest

from training.optimizer import make_optimizer

SHAPES = {"kernel": (6, 5), "bias": (5,)}


class Held:
    """What `make_optimizer` asks of a model."""

    def __init__(self):
        random = np.random.default_rng(0)
        self.trainable_variables = [
            keras.Variable(random.normal(size=shape).astype("float32"), name=name) for name, shape in SHAPES.items()
        ]


@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_compiled_update_is_that_of_keras(accumulation):
    ours, plain = Held(), Held()
    before = [variable.numpy() for variable in ours.trainable_variables]
    compiled = make_optimizer(ours, weight_decay=0.1, clip_norm=1.0, accumulation=accumulation)
    keras_own = keras.optimizers.AdamW(
        0.0,
        weight_decay=0.1,
        global_clipnorm=1.0,
        gradient_accumulation_steps=accumulation if accumulation > 1 else None,
    )
    keras_own.exclude_from_weight_decay(var_list=plain.trainable_variables[1:])
    random = np.random.default_rng(1)
    for step in range(4):
        gradients = [random.normal(size=shape).astype("float32") * 3 for shape in SHAPES.values()]  # clipped
        for optimizer, held in ((compiled, ours), (keras_own, plain)):
            optimizer.build(held.trainable_variables)
            optimizer.learning_rate = 0.1 / (step + 1)
            optimizer.apply([keras.ops.convert_to_tensor(each) for each in gradients], held.trainable_variables)
    for mine, theirs, was in zip(ours.trainable_variables, plain.trainable_variables, before, strict=True):
        assert np.abs(mine.numpy() - was).max() > 0.05
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)
