"""A process that has imported all that a training needs and forks a training for each order it reads.

Importing takes ten seconds, a tiny training one or two. No TensorFlow operation runs before the fork (so there are no
threads that a child would lack), and each child is a process of its own that can be killed by `kill -9` at any moment.

    order   {"config": RunConfig, "after": seconds or null, "at": number of a file operation or null}
    answer  {"status": as of subprocess.run, "notes": [[seconds, what the training did], …]}
"""

import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path

OPERATIONS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")  # of Python's audit events


def main() -> None:
    import keras_hub  # noqa: F401
    import tensorflow  # noqa: F401

    import chatbot.runner  # noqa: F401
    import training.fit
    import training.optimizer
    import training.packed_lm  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(_attempt(json.loads(line))), flush=True)


def _attempt(order: dict) -> dict:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _train(order, lambda text: os.write(writing, text.encode() + b"\n"))
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    notes = _notes_until_the_end(child, reading, order["after"])
    os.close(reading)
    return {"status": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "notes": notes}


def _notes_until_the_end(child: int, reading: int, after: float | None) -> list[tuple[float, str]]:
    began, notes, killed, text = time.monotonic(), [], False, b""
    while True:
        left = None if after is None or killed else began + after - time.monotonic()
        if left is not None and (left <= 0 or not select.select([reading], [], [], left)[0]):
            os.kill(child, signal.SIGKILL)
            killed = True
            continue
        if not (some := os.read(reading, 65536)):
            return notes
        *lines, text = (text + some).split(b"\n")
        notes += [(round(time.monotonic() - began, 4), line.decode()) for line in lines]


def _train(order: dict, note) -> None:
    from training import fit, runs, samples
    from training.config import validated
    from training.recorder import Watcher
    from training.state import Backup

    config = validated(order["config"], "test")

    class Noting(Watcher):
        def plan(self, total_steps, done):
            note(f"resumed at {done}" if done else "begun")

        def step(self, report):
            note(f"step {report.step}")

        def say(self, text):
            note(f"said {text}")

    def noted(function, name):
        def wrapped(*arguments, **options):
            note(f"{name}…")
            result = function(*arguments, **options)
            note(f"{name}, done")
            return result

        return wrapped

    Backup.save = noted(Backup.save, "saving")  # type: ignore[method-assign]
    Backup.load = noted(Backup.load, "loading")  # type: ignore[method-assign]
    runs.finish = noted(runs.finish, "finishing")
    fit._write_weights = noted(fit._write_weights, "writing weights")
    samples.Sampler.ask = noted(samples.Sampler.ask, "writing samples")
    count, folder = 0, str(config.out.parent)

    def hook(event, arguments):
        nonlocal count
        if event not in OPERATIONS or not isinstance(arguments[0], str):
            return
        if arguments[0].startswith(folder) or not Path(arguments[0]).is_absolute():
            count += 1
            if count == order["at"]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    fit.train(config, resume=runs.resumable(config.out) or runs.was_finishing(config.out), watcher=Noting())
    note(f"operations {count}")


if __name__ == "__main__":
    main()
