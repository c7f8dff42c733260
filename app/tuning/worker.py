"""The process of one training from the page: prepare → train, told to the server line by line.

    python -m app.tuning.worker FOLDER        with FOLDER/request.json, as `Request` writes it

Each line of its standard output is a JSON object with an "event"; what else is printed goes to the error stream, which
is the log of the job. It ends when its standard input does, and so with the server that holds the other end.
"""

import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import InputError, WorldError
from chatbot.files import read_json, write_json
from chatbot.language import set_language
from training.diagnosis import Finding
from training.loop import StepReport
from training.recorder import Plan, Watcher
from training.runs import HistoryRow
from training.samples import Sample

REQUEST = "request.json"
GENTLE = 10  # of nice: the page's own model comes first
FIRST_TO_GO = "900"  # of the kernel's 1000, where memory ends
FEW = 50  # dialogues, below which validation and test get more than a tenth each
Tell = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a training from the page is to do.

    Args:
        file: the reader's.
        columns: of the question and of the answer, in a table; None to find them out.
        dialogues: in it, about.
        data: prepared folder to write.
        out: run folder to write.
        recipe, changes, model, method, epochs: of the training.
        language: of what is told.
    """

    file: str
    columns: Sequence[str] | None
    dialogues: int
    data: str
    out: str
    recipe: str
    changes: Sequence[str]
    model: str
    method: str
    epochs: int
    language: str

    def write(self, folder: Path) -> None:
        write_json(folder / REQUEST, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Request":
        return cls(**read_json(folder / REQUEST))


class Teller(Watcher):
    """Tells the server what a training does."""

    def __init__(self, tell: Tell):
        self._tell = tell

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def finding(self, finding: Finding) -> None:
        self.say(finding.text)

    def prepared(self, model: Any, plan: Plan) -> None:
        self._tell("counts", train=len(plan.train.dialogues), validation=len(plan.validation.dialogues))

    def plan(self, total_steps: int, done: int) -> None:
        self._tell("plan", steps=total_steps)

    def start(self, loss: float, rows: Sequence[HistoryRow], samples: Sequence[Sample]) -> None:
        self._tell("validation", step=0, epoch=0.0, loss=loss)

    def step(self, report: StepReport) -> None:
        self._tell("step", step=report.step, loss=report.loss)

    def validation(self, row: HistoryRow) -> None:
        self._tell("validation", step=row.step, epoch=row.epoch, loss=row.validation_loss)

    def end(self) -> None:
        self._tell("phase", phase="save")


def run(request: Request, tell: Tell) -> None:
    """The story: dialogues out of the file, then the model.

    Raises:
        CausetteError: as `prepare` and `train` do.
    """
    from datasets_prep.prepare import PrepareConfig, prepare
    from datasets_prep.spec import Shares
    from training.config import load_config

    teller = Teller(tell)
    tell("phase", phase="prepare")
    shares = Shares(0.7, 0.15, 0.15) if request.dialogues < FEW else Shares(0.8, 0.1, 0.1)
    columns = (request.columns[0], request.columns[1]) if request.columns else None
    config = PrepareConfig(sources=(request.file,), out=Path(request.data), columns=columns, shares=shares)
    data = prepare(config, say=teller.say)
    tell("phase", phase="load")
    settings = {"data": data, "out": Path(request.out), "model": request.model, "method": request.method}
    recipe = load_config(request.recipe, settings, (*request.changes, f"fit.epochs={request.epochs}"))
    from app.quiet import load_keras

    load_keras()
    from training.fit import train

    train(recipe, watcher=teller)


def main(folder: Path) -> int:
    """The life of the process; its status is that of the command line."""
    tell = _told_on_standard_output()
    _end_with_the_server()
    _be_gentle()
    request = Request.read(folder)
    set_language(request.language)
    try:
        run(request, tell)
    except (InputError, WorldError) as error:
        from training.out_of_memory import is_out_of_memory

        print(error, file=sys.stderr)
        # The training tells the end of memory as advice for the command line; the page has its own.
        tell("memory" if error.__cause__ and is_out_of_memory(error.__cause__) else "failed", text=str(error))
        return error.exit_status
    except Exception as error:
        traceback.print_exc()  # for the log
        tell("crashed", text=" ".join(f"{type(error).__name__}: {error}".split())[:300])
        return 1
    tell("done")
    return 0


def _told_on_standard_output() -> Tell:
    """Events go where standard output leads; what libraries print there goes to the error stream from now on."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)

    def tell(event: str, **values: Any) -> None:
        values_told: Mapping[str, Any] = {"event": event, **values}
        events.write(json.dumps(values_told) + "\n")
        events.flush()

    return tell


def _end_with_the_server() -> None:
    """A server that was killed must leave nobody behind who writes into its folders."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _be_gentle() -> None:
    """Low priority, and the first to go when memory ends; on Windows the server sees to the former."""
    if hasattr(os, "nice"):
        os.nice(GENTLE)
    with contextlib.suppress(OSError):  # no Linux, or not allowed
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")


if __name__ == "__main__":
    status = main(Path(sys.argv[1]))
    sys.stderr.flush()
    os._exit(status)  # at once: TensorFlow's threads have nothing left to do
