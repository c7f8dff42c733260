"""KerasHub's side: strings in `tf.data`, its own preprocessor and `fit`, padded.

Compiled and fed as the guide "GPT2 Text Generation with KerasHub" does (https://keras.io/examples/generative/
gpt2_text_generation_with_keras_hub/): Adam, cross-entropy from logits, weighted accuracy; the preprocessor works inside
`fit`. A callback holds `fit` at the end of each batch until the next step is asked for.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.gpt2 import random_gpt2
from benchmarks.sides.channel import Channel


def model_of(spec: dict[str, Any]) -> Any:
    """The task, compiled, with random weights."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(spec["seed"])
    folder = Path(spec["tokenizer"])
    words = keras_hub.models.GPT2Tokenizer(
        vocabulary=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), dtype="int32"
    )
    backbone = random_gpt2(
        **{name: spec[name] for name in ("layers", "heads", "width", "context", "dropout")},
        vocabulary=words.vocabulary_size(),
        dtype=spec["precision"],
    )
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(words, sequence_length=spec["context"])
    task = keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=preprocessor)
    task.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(5e-5, spec["steps"], 0.0)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=["accuracy"],
    )
    return task


def answer_tokens(row: dict[str, Any], length: int) -> int:
    """How many tokens of the answer (its end token too) stand in a padded row of `length`.

    The start token that the preprocessor puts in front is read and not predicted: `length` tokens of the text are.
    """
    return min(length, row["tokens"]) - min(length, row["prompt_tokens"])


def steps_of(rows: list[dict[str, Any]], size: int, length: int) -> Iterator[int]:
    """Answer tokens of each batch of `size` rows, in order, over and over."""
    endless = itertools.cycle(rows)
    while True:
        yield sum(answer_tokens(row, length) for row in itertools.islice(endless, size))


def texts_of(drawn: dict[str, list[dict[str, Any]]], size: int) -> Any:
    """Endless batches of texts: one of the first data set to compile with, then one of each in turn."""
    import tensorflow as tf

    parts = [
        tf.data.Dataset.from_tensor_slices([row["prompt"] + row["completion"] for row in rows]).repeat().batch(size)
        for rows in drawn.values()
    ]
    first = tf.data.Dataset.from_tensors(tf.constant(0, "int64"))
    turns = first.concatenate(tf.data.Dataset.range(len(parts)).repeat())
    return tf.data.Dataset.choose_from_datasets(parts, turns)


def main() -> None:
    channel = Channel()
    spec = channel.spec
    import keras
    import numpy as np

    size, length = spec["rows"], spec["context"]
    drawn = {data: channel.rows(data) for data in spec["files"]}
    counts = {data: steps_of(rows, size, length) for data, rows in drawn.items()}
    turns = itertools.chain([next(iter(drawn))], itertools.cycle(drawn))
    task = model_of(spec)

    class Held(keras.callbacks.Callback):
        """Tells of each batch and waits for the next."""

        compiled = False

        def on_train_batch_end(self, batch, logs=None):
            np.asarray(logs["loss"])  # some backends are still computing
            data = next(turns)
            tokens = next(counts[data])
            if self.compiled:
                channel.done(data, positions=size * length, response_tokens=tokens)
            else:
                channel.ready(
                    precision=task.dtype_policy.name,
                    backend=keras.backend.backend(),
                    xla=task.jit_compile,
                    response_share={
                        data: sum(answer_tokens(row, length) for row in rows) / (len(rows) * length)
                        for data, rows in drawn.items()
                    },
                )
            self.compiled = True
            if channel.wait() is None:
                task.stop_training = True

    task.fit(texts_of(drawn, size), steps_per_epoch=spec["steps"], epochs=1, verbose=0, callbacks=[Held()])


if __name__ == "__main__":
    main()
