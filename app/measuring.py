"""What `causette evaluate` and `causette compare` do: load, measure, write, show."""

from pathlib import Path
from typing import Any

from rich.progress import Progress

from app.disk import check_writable
from app.output import Output, advice, table
from chatbot.adapter import bits_of
from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.files import write_json
from chatbot.language import number, tr
from chatbot.model import load_model
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from training.compare import Comparison, comparable, compare, split_title, write_comparison
from training.compare import table as comparison_rows
from training.evaluate import MEASURES, Evaluation, EvaluationSettings, Evaluator
from training.runs import RunFolder

# Splits that a comparison covers where the set has them: does it repeat, does it recall, does it generalise?


def evaluate_model(
    name: str,
    data: Path | None,
    split: str,
    questions: int,
    sampling: Sampling,
    seed: int,
    out: Path | None,
    output: Output,
) -> tuple[dict[str, Any], Any]:
    """Measures one model; returns the JSON value and what to print.

    Raises:
        InputError: no such model, set or split, or `out` cannot be written.
    """
    prepared = PreparedSet.open(data or _data_of(name))
    settings = EvaluationSettings(split=split, questions=questions, sampling=sampling, seed=seed)
    dialogues = list(prepared.split(split))
    if out:
        check_writable(out)
    evaluation = _measured(Evaluator(load_model(name)), dialogues, settings, output)
    if out:
        write_json(out, evaluation.to_json())
    rows = [(tr(fr, en), number(evaluation.measures[key], digits)) for key, (_, digits, fr, en) in MEASURES.items()]
    # Not `split_title`: whether the questions of a split were learnt depends on the model.
    part = tr(f"partie « {split} »", f"split “{split}”")
    title = f"{name} · {part} · {len(evaluation.answers)} " + tr("réponses", "answers")
    return evaluation.to_json(), table((tr("Mesure", "Measure"), tr("Valeur", "Value")), rows, title=title)


def compare_run(
    run: Path,
    generic: str | None,
    data: Path | None,
    questions: int,
    sampling: Sampling,
    seed: int,
    out: Path,
    output: Output,
) -> tuple[Any, ...]:
    """Compares a run with a generic model, writes the report into `out`; returns the JSON value and what to print.

    Raises:
        InputError: no such run, model or set, the same weights twice, or `out` cannot be written to.
    """
    folder = RunFolder.open(run)
    prepared = PreparedSet.open(data or folder.config.data)
    base = generic or folder.config.model
    check_writable(out / "comparison.json")
    specialised = load_model(str(run))
    # The generic model gets the same text, so its own template, if it had one, is not used here.
    # Beside a narrowed run its base is narrowed too: what differs is what was learnt, and both fit where one did.
    bits = bits_of(folder.config.method) if generic is None else None
    original = load_model(base, template=specialised.template.name, bits=bits)
    sides = [Evaluator(original), Evaluator(specialised)]
    splits, remarks = comparable(folder, prepared)
    if bits:
        remarks = [*remarks, tr(f"Le modèle générique est celui de départ, quantifié en {bits} comme à l'entraînement.",
                                f"The generic model is the base, quantised to {bits} as it was for training.")]  # fmt: skip
    comparisons = []
    for split in splits:
        settings = EvaluationSettings(split=split, questions=questions, sampling=sampling, seed=seed)
        dialogues = list(prepared.split(split))
        output.say(f"{split_title(split)}…")
        comparisons.append(compare(*(_measured(side, dialogues, settings, output) for side in sides)))
    write_comparison(out, comparisons, remarks)
    value = {
        "remarks": remarks,
        "comparisons": [c.to_json() for c in comparisons],
        "report": str(out / "comparison.md"),
    }
    report = tr(f"Rapport : {out / 'comparison.md'}", f"Report: {out / 'comparison.md'}")
    return value, *(drawn(comparison) for comparison in comparisons), *remarks, report


def drawn(comparison: Comparison) -> Any:
    """The table of a comparison."""
    head = (tr("Mesure", "Measure"), tr("Générique", "Generic"), tr("Spécialisé", "Specialised"), "")
    count = len(comparison.generic.answers)
    title = f"{split_title(comparison.split)} · {count} " + tr("questions", "questions")
    return table(head, comparison_rows(comparison), title=title)


def _measured(side: Evaluator, dialogues: list[Dialogue], settings: EvaluationSettings, output: Output) -> Evaluation:
    with Progress(console=advice, transient=True, disable=output.as_json or not advice.is_terminal) as progress:
        task = progress.add_task(side.model.name, total=None)
        return side.evaluate(
            dialogues, settings, lambda done, total: progress.update(task, completed=done, total=total)
        )


def _data_of(name: str) -> Path:
    """The prepared set a run was trained on."""
    if (Path(name) / "config.yaml").exists():
        return RunFolder.open(Path(name)).config.data
    raise InputError(
        tr(f"{name} n'est pas un dossier d'entraînement : dites sur quoi l'évaluer avec --data DOSSIER.",
           f"{name} is not a run folder: say what to evaluate it on with --data FOLDER.")
    )  # fmt: skip
