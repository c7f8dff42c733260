"""Trains what a JSON file lists, one after the other in this process, and keeps every loss and the final weights.

    python -m tests.training.distributed_runs CASES.json OUT

Of several processes only the first writes. A case is a RunConfig; with `"stopped": n` it is stopped after step n, as by
Ctrl-C, and resumed.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path


def two_virtual_devices() -> None:
    """On TensorFlow; JAX has them by XLA_FLAGS."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        processor = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)


def main(cases: Path, out: Path) -> None:
    two_virtual_devices()
    import numpy as np

    from chatbot.model import load_model
    from training.config import validated
    from training.distribution import writes_files
    from training.fit import train
    from training.recorder import Recorder, Watcher

    class Listener(Watcher):
        def __init__(self):
            self.losses, self.said = {}, []

        def say(self, text):
            self.said.append(text)

        def step(self, report):
            self.losses[report.step] = report.loss

    recorded, last = Recorder.record, float("inf")

    def stopping(recorder, report):  # in every process: only the first has a watcher
        recorded(recorder, report)
        if report.step == last:
            raise KeyboardInterrupt

    Recorder.record = stopping
    for case in json.loads(cases.read_text(encoding="utf-8")):
        listener, stopped = Listener(), case.pop("stopped", None)
        config = validated(case, "test")
        if stopped:
            last = stopped
            with suppress(KeyboardInterrupt):
                train(config, watcher=listener)
            last = float("inf")
        run = train(config, resume=bool(stopped), watcher=listener)
        if writes_files():
            weights = load_model(str(run.path)).causal_lm.backbone.weights
            arrays = {f"{index:03d}": np.asarray(weight) for index, weight in enumerate(weights)}
            np.savez(
                out / f"{config.out.name}.npz", losses=[listener.losses[s] for s in sorted(listener.losses)], **arrays
            )
            (out / f"{config.out.name}.txt").write_text("\n".join(listener.said), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
