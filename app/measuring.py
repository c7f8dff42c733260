"""What `causette evaluate` and `causette compare` do: load, measure, write, show."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.disk import check_writable
from app.output import Output, advice, table
from chatbot.adapter import bits_of
from chatbot.errors import InputError
from chatbot.files import write_json
from chatbot.language import tr
from chatbot.model import LanguageModel, load_model, load_tokenizer
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from training.evaluation.asked import Asked, Training
from training.evaluation.baselines import BASELINES, evaluate_baseline
from training.evaluation.compare import Comparison, check_different, compare
from training.evaluation.comparison_file import Compared
from training.evaluation.evaluate import Evaluator
from training.evaluation.kept import Kept
from training.evaluation.measures import MEASURES, label_of, measures_of
from training.evaluation.records import Evaluation, EvaluationSettings
from training.evaluation.report import split_title, write_comparison
from training.evaluation.similarity import Encoder
from training.evaluation.tables import SHORT, signs_told, told
from training.evaluation.tables import table as comparison_table
from training.evaluation.unseen import comparable, unknown_reading
from training.run_list import is_run
from training.runs import RunFolder

LEARNT = ("train", "validation")  # a run has had to do with these questions: nothing to guard
KEPT = ".comparison"  # folder beside the report, while it is not done


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What is asked, and how: the same for all models.

    Args:
        data: prepared set; None for that of the run.
        count: answers per split, at most.
        sampling: how they are written.
        seed: which questions.
        splits: None for all that can be compared.
        encoder: of BERTScore; None for none.
    """

    data: Path | None = None
    count: int = 40
    sampling: Sampling
    seed: int = 1
    splits: tuple[str, ...] | None = None
    encoder: str | None = None

    def of(self, split: str) -> EvaluationSettings:
        return EvaluationSettings(split=split, questions=self.count, sampling=self.sampling, seed=self.seed)


def evaluate_model(name: str, split: str, questions: Questions, out: Path | None, output: Output) -> tuple[Any, ...]:
    """Measures one model; returns the JSON value and what to print.

    Raises:
        InputError: no such model, set or split, or `out` cannot be written.
    """
    data = PreparedSet.open(questions.data or _data_of(name))
    remarks = unknown_reading([name])
    if is_run(Path(name)) and split not in LEARNT:
        remarks += comparable([RunFolder.open(Path(name))], data)[1]
    asked = _asked(data, questions, split, _training(data))
    if out:
        check_writable(out)
    encoder = Encoder(questions.encoder) if questions.encoder else None
    with Bar(output) as bar:
        kept = out.with_name(f".{out.name}.answers") if out else None
        evaluation = Evaluator(load_model(name), method=_method_of(name), kept=kept).evaluate(asked, bar.of(name))
    if encoder:
        evaluation = encoder.scored(evaluation)
    measures = measures_of(evaluation)
    value = {
        **evaluation.to_json(),
        "remarks": remarks,
        "measures": {key: asdict(one) for key, one in measures.items()},
    }
    if out and kept:
        write_json(out, value)
        Kept(kept).done()
    rows = [(label_of(key), told(one, MEASURES[key].digits)) for key, one in measures.items()]
    # Not `split_title`: whether the questions of a split were learnt depends on the model.
    part = tr(f"partie « {split} »", f"split “{split}”")
    title = f"{name} · {part} · {len(evaluation.answers)} " + tr("réponses", "answers")
    shown = table((tr("Mesure", "Measure"), tr("Valeur (95 %)", "Value (95%)")), rows, title=title)
    return value, shown, *remarks


def compare_run(
    run: Path,
    others: Sequence[str],
    generic: str | None,
    questions: Questions,
    out: Path,
    output: Output,
    *,
    baselines: bool = True,
    texts: bool = True,
) -> tuple[Any, ...]:
    """Compares a run with a generic model and others, writes the report into `out`; returns the JSON value and what to
    print.

    Args:
        run: the run that the comparison is about.
        others: more models.
        generic: the reference; None for the base of the run.
        questions: what is asked.
        out: folder of the report.
        output: for progress.
        baselines: whether to look the answers up, too.
        texts: whether the report quotes questions and answers.

    Raises:
        InputError: no such run, model or set, a comparison that the guard refuses, or `out` cannot be written to.
    """
    folder = RunFolder.open(run)
    data = PreparedSet.open(questions.data or folder.config.data)
    named = [generic or folder.config.model, *others]
    runs = [folder, *(RunFolder.open(Path(name)) for name in named if is_run(Path(name)))]
    splits, remarks = comparable(runs, data)
    splits = _wanted(splits, questions.splits)
    check_writable(out / "comparison.json")
    sides = _sides(folder, others, generic)
    encoder = Encoder(questions.encoder) if questions.encoder else None  # before all else: it may not be there
    training = _training(data)
    asked = {split: _asked(data, questions, split, training) for split in splits}
    with Bar(output) as bar:
        measured = _measured(sides, asked, out / KEPT, bar)
    if baselines:
        for split in splits:
            measured[split] += [evaluate_baseline(kind, asked[split]) for kind in BASELINES]
    if encoder:
        measured = {split: [encoder.scored(one) for one in found] for split, found in measured.items()}
    main, reference = list(sides)[1], next(iter(sides))
    compared = Compared(
        comparisons=tuple(compare(measured[split], main, reference) for split in splits),
        remarks=(
            *remarks,
            *unknown_reading(named),
            *_more_remarks(folder, generic, measured[splits[0]], questions.encoder),
        ),
        data={"folder": str(data.folder), "fingerprint": data.fingerprint},
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    report = write_comparison(out, compared, training, texts=texts)
    Kept(out / KEPT).done()
    tables = [*(drawn(comparison) for comparison in compared.comparisons), signs_told()]
    where = tr(f"Rapport : {report}", f"Report: {report}")
    return {**compared.to_json(), "report": str(report)}, *tables, *compared.remarks, where


def _measured(
    sides: Mapping[str, Callable[[], LanguageModel]], asked: Mapping[str, Asked], kept: Path, bar: "Bar"
) -> dict[str, list[Evaluation]]:
    """What each model answers on each split; one model at a time is in memory."""
    measured: dict[str, list[Evaluation]] = {split: [] for split in asked}
    last = list(asked)[-1]
    for name, load in sides.items():
        evaluator = Evaluator(load(), method=_method_of(name), kept=kept)
        for split, questions in asked.items():
            check_different(name, evaluator.weights, measured[split])
            progress = bar.of(f"{name} · {split}")
            measured[split].append(evaluator.evaluate(questions, progress, timed=split == last))  # once is enough
        del evaluator
        gc.collect()
    return measured


def drawn(comparison: Comparison) -> Any:
    """The table of a comparison."""
    head, rows = comparison_table(comparison, SHORT, signs=True)
    title = f"{split_title(comparison.split)} · {comparison.questions} " + tr("questions", "questions")
    return table(head, rows, title=title)


class Bar:
    """Progress of an evaluation, on a terminal; one line per model and split."""

    def __init__(self, output: Output):
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=advice, transient=True, disable=output.as_json or not advice.is_terminal,
        )  # fmt: skip
        self._output = output

    def of(self, what: str) -> Callable[[int, int], None]:
        """What is to be told of the progress of one evaluation."""
        self._output.say(f"{what}…")
        task = self._progress.add_task(what, total=None)
        return lambda done, total: self._progress.update(task, completed=done, total=total)

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()


def _sides(folder: RunFolder, others: Sequence[str], generic: str | None) -> dict[str, Callable[[], LanguageModel]]:
    """What loads each model, by its name: the reference, the run, the others.

    The generic model gets the same text as the run, so its own template, if it had one, is not used here. Beside a
    narrowed run its base is narrowed too: what differs is what was learnt, and both fit where one did.
    """
    run, base = str(folder.path), generic or folder.config.model
    bits = bits_of(folder.config.method) if generic is None else None
    template = load_tokenizer(run)[1].name  # without the weights
    sides: dict[str, Callable[[], LanguageModel]] = {
        base: partial(load_model, base, template=None if is_run(Path(base)) else template, bits=bits),
        run: partial(load_model, run),
    }
    for other in others:
        if other in sides:
            raise InputError(
                tr(
                    f"Comparaison refusée : {other} est donné deux fois.",
                    f"Comparison refused: {other} is given twice.",
                )
            )
        own = None if is_run(Path(other)) else template
        sides[other] = partial(load_model, other, template=own)
    if len(sides) < 2 + len(others):
        raise InputError(
            tr(f"Comparaison refusée : {run} et son modèle de départ portent le même nom.",
               f"Comparison refused: {run} and its base bear the same name.")
        )  # fmt: skip
    return sides


def _more_remarks(
    folder: RunFolder, generic: str | None, sides: Sequence[Evaluation], encoder: str | None
) -> list[str]:
    remarks = []
    bits = bits_of(folder.config.method) if generic is None else None
    if bits:
        remarks.append(tr(f"Le modèle générique est celui de départ, quantifié en {bits} comme à l'entraînement.",
                          f"The generic model is the base, quantised to {bits} as it was for training."))  # fmt: skip
    if encoder:
        remarks.append(tr(f"BERTScore : encodeur {encoder}, dernière couche, sans mise à l'échelle.",
                          f"BERTScore: encoder {encoder}, last layer, not rescaled."))  # fmt: skip
    templates = {side.model: side.template for side in sides if side.kind == "model"}
    if len(set(templates.values())) > 1:
        told_ = ", ".join(f"{name} : {template}" for name, template in templates.items())
        remarks.append(tr(f"Chaque modèle reçoit les mêmes questions dans le gabarit de son entraînement ({told_}).",
                          f"Each model gets the same questions in the template of its training ({told_})."))  # fmt: skip
    return remarks


def _wanted(possible: tuple[str, ...], wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    if not wanted:
        return possible
    if missing := [split for split in wanted if split not in possible]:
        raise InputError(
            tr(f"--split {missing[0]} : pas de comparaison possible là-dessus. Au choix : {', '.join(possible)}.",
               f"--split {missing[0]}: no comparison is possible on it. One of: {', '.join(possible)}.")
        )  # fmt: skip
    return tuple(dict.fromkeys(wanted))


def _asked(data: PreparedSet, questions: Questions, split: str, training: Training) -> Asked:
    return Asked(list(data.split(split)), questions.of(split), training)


def _training(data: PreparedSet) -> Training:
    return Training(list(data.split("train")))


def _method_of(name: str) -> str:
    return RunFolder.open(Path(name)).config.method if is_run(Path(name)) else ""


def _data_of(name: str) -> Path:
    """The prepared set a run was trained on."""
    if is_run(Path(name)):
        return RunFolder.open(Path(name)).config.data
    raise InputError(
        tr(f"{name} n'est pas un dossier d'entraînement : dites sur quoi l'évaluer avec --data DOSSIER.",
           f"{name} is not a run folder: say what to evaluate it on with --data FOLDER.")
    )  # fmt: skip
