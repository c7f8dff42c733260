"""A model that was made on the page: the note that outlives the server, where its parts lie, what is shown of it.

ROOT/essai-3/             the run, like any other
ROOT/essai-3-jeu/         the prepared set that it was trained on
ROOT/.jobs/essai-3/       the reader's file, the log, and this note; nobody else's to read
"""

import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from app.exhibits.findings import finding_told
from app.page.tuning_jobs import Method, Result, Sample, Warned
from chatbot.files import read_json, write_json
from chatbot.language import number, tr
from training.outcome import verdict
from training.runs import RunFolder, working_folder
from training.samples import read_samples

NOTE = "job.json"
PRIVATE = ".jobs"
NAME = re.compile(r"essai-([1-9]\d{0,6})")
ANSWERS = 3  # shown
FEW, MODEST = 50, 300  # dialogues below which a model learns by heart, and below which it knows little


def run_folder(root: Path, name: str) -> Path:
    return root / name


def data_folder(root: Path, name: str) -> Path:
    return root / f"{name}-jeu"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Args:
    name: "essai-3".
    owner: fingerprint of the reader's name.
    file: name of the reader's file.
    base, method, epochs: as they were chosen.
    seconds: from the click to the model.
    """

    name: str
    owner: str
    file: str
    base: str
    method: Method
    epochs: int
    seconds: float

    @property
    def number(self) -> int:
        return number_of(self.name) or 0

    def write(self, folder: Path) -> None:
        write_json(folder / NOTE, asdict(self))

    def folders(self, root: Path) -> list[Path]:
        return [run_folder(root, self.name), data_folder(root, self.name), root / PRIVATE / self.name]


def read_record(folder: Path, root: Path) -> Record | None:
    """The note of a model that is there; None where there is none, or the model is gone."""
    try:
        record = Record(**read_json(folder / NOTE))
    except (OSError, ValueError, TypeError):
        return None
    whole = number_of(record.name) and folder.name == record.name and run_folder(root, record.name).is_dir()
    return record if whole else None


def number_of(name: str) -> int | None:
    """3 for "essai-3"."""
    found = NAME.fullmatch(name)
    return int(found[1]) if found else None


def highest_number(root: Path) -> int:
    """That of the models in a folder, of what is left of some included; 0 where there is none."""
    found = (re.match(r"\.?essai-(\d{1,7})\b", path.name) for path in root.iterdir())
    return max((int(match[1]) for match in found if match), default=0)


def remove_unfinished(root: Path, name: str) -> None:
    """Removes what a training that gave no model leaves."""
    if number_of(name) and not run_folder(root, name).exists():
        for folder in (working_folder(run_folder(root, name)), data_folder(root, name)):
            shutil.rmtree(folder, ignore_errors=True)


def result_of(record: Record, root: Path) -> Result:
    """What is shown of a model.

    Raises:
        InputError: its run lost a file.
    """
    run = RunFolder.open(run_folder(root, record.name))
    metrics, counts = run.metrics, run.data_manifest["counts"]["by_split"]
    learnt, checking = counts.get("train", 0), counts.get("validation", 0)
    found = [Warned(*finding_told(noted, cure=True)) for noted in metrics["findings"]]
    return Result(
        name=record.name,
        folder=run.path,
        file=record.file,
        settings=_settings(record),
        losses=[(0, metrics["validation_loss_before"]), *((row.step, row.validation_loss) for row in run.history)],
        seconds=record.seconds,
        train=learnt,
        validation=checking,
        others=sum(counts.values()) - learnt - checking,
        verdict=verdict(metrics),
        warnings=[*map(Warned, _few(learnt)), *found],
        samples=_answers(run, metrics["best_step"]),
        commands=[
            f"causette compare {run.path}",
            f"causette chat {run.path}",
            f"causette runs {root}",
        ],
    )


def _settings(record: Record) -> str:
    method = {"full": tr("tous les poids", "all weights"), "lora": tr("adaptateur LoRA", "LoRA adapter")}[record.method]
    passes = tr(
        f"{record.epochs} époque{'s' if record.epochs > 1 else ''}",
        f"{record.epochs} epoch{'s' if record.epochs > 1 else ''}",
    )
    return f"{record.base}, {method}, {passes}"


def _few(learnt: int) -> list[str]:
    if learnt < FEW:
        return [tr(f"{number(learnt)} dialogues : le modèle récite ce qu'il a lu, et invente le reste. Il en faut des centaines.",
                   f"{number(learnt)} dialogues: the model recites what it read, and makes up the rest. It takes hundreds.")]  # fmt: skip
    if learnt < MODEST:
        return [tr(f"{number(learnt)} dialogues : le modèle retient le ton et quelques réponses, il n'en sait pas plus.",
                   f"{number(learnt)} dialogues: the model takes on the tone and a few answers, it knows no more.")]  # fmt: skip
    return []


def _answers(run: RunFolder, step: int) -> list[Sample]:
    """The answers of the weights that were kept, or of those before the training, where they were the best."""
    samples = [sample for sample in read_samples(run.path / "samples.jsonl") if sample.step == step]
    return [Sample(question=each.question, expected=each.expected, answer=each.answer) for each in samples[:ANSWERS]]
