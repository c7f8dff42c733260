"""The tables of `causette runs`.

Losses are ranked only among runs that were measured on the same tokens; the others bear another letter.
"""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from rich.markup import escape

from app.output import short, table
from chatbot.language import number, tr
from training.run_list import Row, differing, groups

MISSING = "—"
WIDE = 112  # columns; a narrower terminal does not show date, steps and time


def in_order(rows: Sequence[Row], key: str) -> list[Row]:
    """Sorted: the newest, the best or the longest first; losses within what compares; the damaged last."""
    letters = groups(rows)
    worth: dict[str, Callable[[Row], Any]] = {
        "date": lambda row: row.date and -datetime.fromisoformat(row.date).timestamp(),
        "name": lambda row: row.name,
        "loss": lambda row: row.after,
        "gain": lambda row: None if gain(row) is None else -(gain(row) or 0),
        "test": lambda row: None if row.test() is None else -(row.test() or 0),
        "time": lambda row: row.seconds and -row.seconds,
        "steps": lambda row: row.steps and -row.steps,
    }

    def place(row: Row) -> tuple[Any, ...]:
        value = worth[key](row)
        group = letters.get(row.measured_on or "", "~") if key in ("loss", "gain") else ""
        return (row.state == "damaged", group, value is None, 0 if value is None else value, row.name)

    return sorted(rows, key=place)


def gain(row: Row) -> float | None:
    """By how much the validation loss fell."""
    return None if row.before is None or row.after is None else row.before - row.after


def listed(rows: Sequence[Row], width: int) -> list[Any]:
    """The table of a list as wide as the terminal allows, and what must be said beside it."""
    if not rows:
        return [tr("Aucun entraînement ici.", "No run here.")]
    letters, best = groups(rows), _best(rows)
    columns: dict[str, Callable[[Row], str]] = {
        tr("Entraînement", "Run"): lambda row: _safe(row.name),
        tr("Date", "Date"): _date,
        tr("Modèle", "Model"): lambda row: _safe(f"{row.model} {row.method}") if row.model else MISSING,
        tr("Données", "Data"): lambda row: _data(row, letters),
        tr("Pas", "Steps"): lambda row: _number(row.steps),
        tr("Perte", "Loss"): lambda row: _change(row.before, row.after) + ("\u00a0★" if row in best else ""),
        tr("F1 test", "Test F1"): lambda row: _change(row.test(side="generic"), row.test()),
        tr("Durée", "Time"): lambda row: _time(row.seconds),
        tr("État", "State"): _state,
    }
    narrow = () if width >= WIDE else (tr("Date", "Date"), tr("Pas", "Steps"), tr("Durée", "Time"))
    cells = {name: [cell(row) for row in rows] for name, cell in columns.items() if name not in narrow}
    known = {name: cell for name, cell in cells.items() if set(cell) != {MISSING}}
    return [table(list(known), zip(*known.values(), strict=True)), *_damage(rows), *_not_comparable(letters)]


def side_by_side(rows: Sequence[Row]) -> list[Any]:
    """What differs in the settings, then in the results, a column per run."""
    letters = groups(rows)
    head = [tr("Réglage", "Setting"), *(_safe(row.name) for row in rows)]
    settings = [(key, *(_safe(_value(value)) for value in values)) for key, values in differing(rows).items()]
    lines: list[tuple[str, Callable[[Row], str]]] = [
        (tr("État", "State"), _state),
        (tr("Mesuré sur", "Measured on"), lambda row: _data(row, letters)),
        (tr("Perte de validation, avant", "Validation loss, before"), lambda row: _number(row.before, 3)),
        (tr("Perte de validation, après", "Validation loss, after"), lambda row: _number(row.after, 3)),
        (tr("Meilleur pas", "Best step"), lambda row: _number(row.best_step)),
        (tr("Pas faits", "Steps done"), lambda row: _number(row.steps)),
        (tr("Durée", "Time"), lambda row: _time(row.seconds)),
        (tr("Constats", "Findings"), lambda row: ", ".join(row.findings) or MISSING),
    ]
    for split in dict.fromkeys(split for row in rows for split in row.tests):
        for measure, name in (
            ("token_f1", "F1"),
            ("exact_match", tr("exactes", "exact")),
            ("bits_per_byte", tr("bits/o", "bits/B")),
        ):
            lines.append(
                (f"{split} · {name}", lambda row, split=split, measure=measure: _number(row.test(measure, split), 3))  # type: ignore[misc]
            )
    results = [(name, *(cell(row) for row in rows)) for name, cell in lines]
    return [
        table(head, settings, title=tr("Ce qui diffère dans les réglages", "What differs in the settings"))
        if settings
        else tr("Mêmes réglages.", "Same settings."),
        table([tr("Résultat", "Result"), *head[1:]], results, title=tr("Résultats", "Results")),
        *_damage(rows),
        *_not_comparable(letters),
    ]


def _best(rows: Sequence[Row]) -> list[Row]:
    """The run with the lowest loss of each group that has several."""
    best = []
    for key in groups(rows):
        same = [row for row in rows if row.measured_on == key and row.after is not None]
        if len(same) > 1:
            best.append(min(same, key=lambda row: row.after or 0.0))
    return best


def _not_comparable(letters: dict[str, str]) -> list[str]:
    if len(letters) < 2:
        return []
    known = ", ".join(letters.values())
    return [
        tr(f"Les pertes ne se comparent qu'à lettre égale ({known}) : mêmes dialogues de validation, mêmes jetons.",
           f"Losses compare only where the letter is the same ({known}): same validation dialogues, same tokens.")
    ]  # fmt: skip


def _damage(rows: Sequence[Row]) -> list[str]:
    return [tr(f"{_plain(row.name)} : {_plain(row.reason or '')}", f"{_plain(row.name)}: {_plain(row.reason or '')}")
            for row in rows if row.state == "damaged"]  # fmt: skip


def _data(row: Row, letters: dict[str, str]) -> str:
    letter = letters.get(row.measured_on or "") if len(letters) > 1 else None
    return _safe(f"{row.data} [{letter}]" if letter else row.data or MISSING)


def _state(row: Row) -> str:
    if row.state == "finished":
        stops = {
            "patience": tr("arrêt anticipé", "stopped early"),
            "nan": tr("arrêté (NaN)", "stopped (NaN)"),
        }
        return stops.get(row.stopped or "", tr("fini", "finished"))
    words = {"unfinished": tr("à reprendre", "to resume"), "damaged": tr("abîmé", "damaged")}
    return words[row.state]


def _change(before: float | None, after: float | None) -> str:
    if before is None and after is None:
        return MISSING
    return f"{_number(before, 2)} → {_number(after, 2)}".replace(" ", "\u00a0")


def _date(row: Row) -> str:
    """On this machine's clock."""
    return MISSING if row.date is None else f"{datetime.fromisoformat(row.date).astimezone():%Y-%m-%d\u00a0%H:%M}"


def _number(value: float | None, digits: int = 0) -> str:
    return MISSING if value is None else number(value, digits)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return MISSING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours} h {minutes:02d}" if hours else f"{minutes} min {rest:02d}" if minutes else f"{rest} s"
    return text.replace(" ", "\u00a0")


def _value(value: Any) -> str:
    if value is None:
        return MISSING
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(text: str) -> str:
    """Without control characters: names and reasons come from folders that anybody may have made."""
    return short(text, 160)


def _safe(text: str) -> str:
    """As a cell of a table, where rich reads brackets."""
    return escape(_plain(text))


def as_csv(rows: Sequence[Row]) -> str:
    """One line per run, one column per fact and per setting; numbers with a point."""
    facts = ("name", "state", "reason", "date", "model", "method", "data", "measured_on", "steps", "planned_steps",
             "best_step", "before", "after", "stopped", "seconds")  # fmt: skip
    measures = dict.fromkeys(
        (split, name) for row in rows for split, sides in row.tests.items() for name in sides["specialised"]
    )
    settings = dict.fromkeys(key for row in rows for key in row.settings)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [*facts, "findings", *(f"{split}.{name}" for split, name in measures), *(f"set.{key}" for key in settings)]
    )
    for row in rows:
        writer.writerow(
            [getattr(row, fact) for fact in facts]
            + [" ".join(row.findings)]
            + [row.test(name, split) for split, name in measures]
            + [_value(row.settings[key]) if row.settings.get(key) is not None else "" for key in settings]
        )
    return text.getvalue()
