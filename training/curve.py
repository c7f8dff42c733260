"""The curve of a pre-training, as a CSV file."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from chatbot.files import write_text
from training.loop import StepReport


class Curve:
    """The curve of a pre-training, a row now and then, kept across resumes."""

    def __init__(self, path: Path, languages: Iterable[str]):
        self.path = path
        measures = [f"bpb_{language}" for language in sorted(languages)]
        self._head = ["step", "tokens", "loss", "learning_rate", "tokens_per_second", *measures]
        self._losses: list[float] = []
        self._rates: list[float] = []

    def cut_after(self, step: int) -> None:
        """Forgets what an interrupted run wrote after its last state."""
        rows = [row for row in self.rows() if int(row["step"]) <= step]
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=self._head, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.path, text.getvalue())

    def rows(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def median_speed(self) -> float | None:
        """Tokens per second."""
        speeds = [float(row["tokens_per_second"]) for row in self.rows()]
        return float(np.median(speeds)) if speeds else None

    def note(self, report: StepReport) -> None:
        self._losses.append(report.loss)
        self._rates.append(report.tokens / report.seconds)

    def write(self, report: StepReport, tokens: int, measured: dict[str, float]) -> dict[str, str]:
        """Adds the row of the steps noted since the last one.

        Args:
            report: of the last step.
            tokens: trained on so far.
            measured: bits per byte by language; none where they were not measured.
        """
        row = {
            "step": str(report.step),
            "tokens": str(tokens),
            "loss": f"{np.mean(self._losses):.4f}",
            "learning_rate": f"{report.learning_rate:.2e}",
            "tokens_per_second": f"{np.median(self._rates):.0f}",
            **{f"bpb_{language}": f"{value:.4f}" for language, value in measured.items()},
        }
        self._losses, self._rates = [], []
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, fieldnames=self._head, lineterminator="\n").writerow(row)
        return row
