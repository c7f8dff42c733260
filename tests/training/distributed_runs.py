"""Trains what a JSON file lists, one after the other in this process, and keeps every loss and the final weights.

    python -m tests.training.distributed_runs CASES.json OUT

A process of several writes nothing but process 0. A case is a RunConfig; with `"stopped": n` it is stopped after step n
as by Ctrl-C, and resumed.
"""

import json
import os
import sys
from pathlib import Path


def main(cases: Path, out: Path) -> None:
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

    import numpy as np

    from chatbot.model import load_model
    from training.config import validated
    from training.distribution import writes_files
    from training.fit import train
    from training.recorder import Watcher

    class Listener(Watcher):
        def __init__(self):
            self.losses, self.said, self.stop = {}, [], None

        def say(self, text):
            self.said.append(text)

        def step(self, report):
            self.losses[report.step] = report.loss
            if report.step == self.stop:
                raise KeyboardInterrupt

    class Stopping(Listener):
        """Stops a process that is not shown any step."""

    for case in json.loads(cases.read_text(encoding="utf-8")):
        listener = Listener()
        stopped = case.pop("stopped", None)
        config = validated(case, "test")
        if stopped:
            import training.recorder

            record = training.recorder.Recorder.record

            def stop(self, report, record=record):
                record(self, report)
                if report.step == stopped:
                    raise KeyboardInterrupt

            training.recorder.Recorder.record = stop
            try:
                train(config, watcher=listener)
            except KeyboardInterrupt:
                pass
            training.recorder.Recorder.record = record
        run = train(config, resume=bool(stopped), watcher=listener)
        if writes_files():
            weights = {str(i): np.asarray(w) for i, w in enumerate(load_model(str(run.path)).causal_lm.backbone.weights)}
            np.savez(out / f"{config.out.name}.npz", losses=[listener.losses[s] for s in sorted(listener.losses)], **weights)
            (out / f"{config.out.name}.txt").write_text("\n".join(listener.said), encoding="utf-8")


main(Path(sys.argv[1]), Path(sys.argv[2]))
