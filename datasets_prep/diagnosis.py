"""The diagnosis of a user's table: what was found out about it, and what becomes of each of its rows.

A row is read twice over: told apart and repaired as a record of the table, or rejected; then cleaned as a dialogue, as
`prepare` does it, or rejected there. Both counts stand here, so that nobody is surprised by the second.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets_prep.cleaning import Limits, clean
from datasets_prep.columns import Columns
from datasets_prep.csv_layout import Layout
from datasets_prep.repairs import LOST, Repair
from datasets_prep.rows import Rejected
from datasets_prep.sources.csv_pairs import rows_of
from datasets_prep.tables import Record, RejectedRecord


@dataclass(kw_only=True)
class Diagnosis:
    """What was found in a table, complete once all its rows are read.

    Args:
        path: the file.
        encoding, layout, pairs, line_ends: as those of `Table` and `OwnTable`.
        rows: all that were read.
        repaired_rows: those in which something was repaired.
        repairs: kind of repair → how many.
        examples: kind of repair → the first one, and the line of the file where its row begins.
        reasons: reason of rejection → how many rows.
        rejects: reason of rejection → the first row.
        lost: cells with a character that another program had lost before.
        dialogues: what the rows written give, one for each pair of columns.
        not_kept: reason → how many of these dialogues `prepare` rejects; its duplicates, which take two rows, apart.
        first_not_kept: reason → the first of them, and the line of the file where its row begins.
    """

    path: Path
    encoding: str
    layout: Layout
    pairs: tuple[Columns, ...]
    line_ends: Counter[str]
    rows: int = 0
    repaired_rows: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[Repair, int]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: dict[str, RejectedRecord] = field(default_factory=dict)
    lost: int = 0
    dialogues: int = 0
    not_kept: Counter[str] = field(default_factory=Counter)
    first_not_kept: dict[str, tuple[Rejected, int]] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return self.reasons.total()

    @property
    def written(self) -> int:
        return self.rows - self.rejected

    def count(self, record: Record | RejectedRecord) -> None:
        """Takes one more record into the counts."""
        self.rows += 1
        if isinstance(record, Rejected):
            self.reasons[record.reason] += 1
            self.rejects.setdefault(record.reason, record)
            return
        self.repaired_rows += bool(record.repairs)
        self.lost += sum(LOST in cell for cell in record.cells.values())
        for repair in record.repairs:
            self.repairs[repair.kind] += 1
            self.examples.setdefault(repair.kind, (repair, record.line))
        self._count_dialogues(record)

    def _count_dialogues(self, record: Record) -> None:
        for row in rows_of(record, self.pairs):
            self.dialogues += 1
            outcome = clean(row, Limits())
            if isinstance(outcome, Rejected):
                self.not_kept[outcome.reason] += 1
                self.first_not_kept.setdefault(outcome.reason, (outcome, record.line))

    def to_json(self) -> dict[str, Any]:
        """The diagnosis as `--json` prints it."""
        return {
            "file": str(self.path),
            "encoding": self.encoding,
            "separator": self.layout.separator,
            "header": list(self.layout.header) if self.layout.has_header else None,
            "titles": list(self.layout.titles),
            "columns": [{"language": one.language, "told_by": one.told_by, **one.to_json()} for one in self.pairs],
            "line_ends": dict(self.line_ends),
            "rows": {"read": self.rows, "written": self.written, "repaired": self.repaired_rows, "rejected": self.rejected},
            "repairs": dict(self.repairs),
            "examples": {
                kind: {"line": line, **repair.to_json()} for kind, (repair, line) in self.examples.items()
            },
            "rejected": dict(self.reasons),
            "lost_characters": self.lost,
            "prepare": {
                "dialogues": self.dialogues,
                "kept_at_most": self.dialogues - self.not_kept.total(),
                "rejected": dict(self.not_kept),
            },
        }  # fmt: skip
