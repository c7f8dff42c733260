"""A run folder as the tab *Entraînement* shows it; it is read, and nothing is computed."""

from pathlib import Path
from typing import Any

from app.exhibits.comparison import comparison_exhibit
from app.exhibits.findings import finding_told
from app.exhibits.said import both
from app.exhibits.settings import settings_of
from app.hub.own_paths import leaf
from app.page.trained import Finding, Point, Sampled, TrainingExhibit
from chatbot.files import read_json
from training.runs import RunFolder
from training.samples import FILE, read_samples


def training_exhibit(run: RunFolder) -> TrainingExhibit:
    """What a run holds.

    Raises:
        InputError, OSError, ValueError, KeyError: a file of it cannot be read.
    """
    config, metrics, environment = run.config, run.metrics, _environment(run.path)
    return TrainingExhibit(
        name=run.path.resolve().name,
        base=leaf(config.model),
        method=config.method,
        date=metrics.get("date") or "",
        curve=_curve(run),
        before=float(metrics["validation_loss_before"]),
        after=float(metrics["validation_loss_after"]),
        best_step=int(metrics["best_step"]),
        steps=int(metrics["steps"]),
        planned_steps=int(metrics["planned_steps"]),
        epochs=float(metrics["epochs"]),
        stopped=metrics.get("stopped") or "",
        seconds=float(metrics["train_seconds"]),
        tokens=int(metrics.get("trained_tokens") or 0),
        row_length=int(metrics["row_length"]),
        row_filled=metrics.get("row_filled"),
        truncated=int(metrics.get("truncated_dialogues") or 0),
        weights_moved=metrics.get("weights_moved"),
        device=str(environment.get("device", "")),
        precision=str(metrics.get("precision") or environment.get("precision", "")),
        backend=str(environment.get("backend", "")),
        settings=settings_of(config),
        findings=tuple(map(_finding, metrics.get("findings", ()))),
        samples=_samples(run.path),
        comparison=comparison_exhibit(run.path),
        measure_command=f"causette compare {run.path}" if not run.path.is_absolute() else f"causette compare runs/{run.path.name}",
    )  # fmt: skip


def _finding(noted: dict[str, Any]) -> Finding:
    return Finding(step=int(noted["step"]), text=both(lambda: finding_told(noted)[0]), language=finding_told(noted)[1])


def _environment(run: Path) -> dict[str, Any]:
    file = run / "environment.json"
    return read_json(file) if file.is_file() else {}


def _curve(run: RunFolder) -> tuple[Point, ...]:
    names = ("step", "epoch", "loss", "validation_loss", "learning_rate")
    file = run.path / "history.csv"
    return tuple(
        Point(**{name: getattr(row, name) for name in names}) for row in (run.history if file.is_file() else ())
    )


def _samples(run: Path) -> tuple[Sampled, ...]:
    """By question, in the order in which they were first asked."""
    asked: dict[str, list[Any]] = {}
    for sample in read_samples(run / FILE):
        asked.setdefault(sample.id, []).append(sample)
    return tuple(
        Sampled(
            question=answers[0].question,
            expected=answers[0].expected,
            answers=tuple((one.step, one.answer) for one in sorted(answers, key=lambda one: one.step)),
        )
        for answers in asked.values()
    )
