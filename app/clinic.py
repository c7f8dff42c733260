"""What `data check` and `data repair` print: the diagnosis of a table, and where its repaired form lies."""

from pathlib import Path
from typing import Any

from rich.text import Text

from app.output import table
from chatbot.language import number, tr
from datasets_prep.clinic import Files, default_out, examine, repair, shown_names
from datasets_prep.diagnosis import Diagnosis
from datasets_prep.repairs import LONGEST_SHOWN, repair_in_words, shortened
from datasets_prep.rows import reason_in_words
from datasets_prep.sources.csv_pairs import columns_in_words, separator_in_words
from datasets_prep.spec import Given
from datasets_prep.tables import RejectedRecord


def check_table(path: Path, given: Given) -> tuple[Any, ...]:
    """The diagnosis as a JSON value, and as what is shown."""
    diagnosis = examine(path, given)
    return diagnosis.to_json(), *_shown(diagnosis)


def repair_table(path: Path, given: Given, out: Path | None, *, replace_old: bool) -> tuple[Any, ...]:
    """The same, once the repaired table is written."""
    diagnosis, files = repair(path, given, out=out or default_out(path), replace_old=replace_old)
    written = {"table": str(files.table)}
    written |= {"repairs": str(files.repairs)} if diagnosis.repairs else {}
    written |= {"rejected": str(files.rejected)} if diagnosis.rejected else {}
    return {**diagnosis.to_json(), "out": written}, *_shown(diagnosis), _written(diagnosis, files)


def _shown(diagnosis: Diagnosis) -> list[Any]:
    shown: list[Any] = [Text(str(diagnosis.path), style="bold"), _traits(diagnosis)]
    if diagnosis.repairs:
        shown.append(_repairs(diagnosis))
    if diagnosis.reasons:
        shown.append(_rejects(diagnosis))
    if diagnosis.not_kept:
        shown.append(_not_kept(diagnosis))
    return [*shown, *_warnings(diagnosis), _balance(diagnosis), *_foresight(diagnosis)]


def _traits(diagnosis: Diagnosis) -> Any:
    layout, ends = diagnosis.layout, diagnosis.line_ends
    names = ", ".join(shown_names(layout))
    header = (
        names if layout.has_header else tr("aucun : la première ligne est une donnée", "none: the first row is data")
    )
    listed = ", ".join(f"{end} ({number(count)})" for end, count in ends.most_common() if end != "–")
    rows = [
        (tr("Encodage", "Encoding"), diagnosis.encoding),
        (tr("Séparateur", "Separator"), separator_in_words(layout.separator)),
        (tr("En-tête", "Header"), header),
        *((tr("Au-dessus", "Above it"), title) for title in layout.titles),
        (tr("Fins de ligne", "Line ends"), listed or "–"),
    ]
    drawn = table(("", ""), rows)
    drawn.show_header, drawn.box = False, None
    return drawn


def _repairs(diagnosis: Diagnosis) -> Any:
    rows = []
    for kind, count in diagnosis.repairs.most_common():
        one, line = diagnosis.examples[kind]
        before, after = shortened(one.before, one.after)
        where = _place(line) + (f", {one.column}" if one.column else "")
        rows.append((repair_in_words(kind), number(count), f"{where}\n- {before}\n+ {after}"))
    head = tr(
        "Réparations|Nombre|Premier exemple (- avant, + après)", "Repairs|Count|First example (- before, + after)"
    )
    return table(head.split("|"), rows)


def _rejects(diagnosis: Diagnosis) -> Any:
    rows = [(reason_in_words(reason), number(count), _first(diagnosis.rejects[reason])) for reason, count in diagnosis.reasons.most_common()]  # fmt: skip
    return table(tr("Rejets|Nombre|Première ligne", "Rejected|Count|First row").split("|"), rows)


def _not_kept(diagnosis: Diagnosis) -> Any:
    rows = []
    for reason, count in diagnosis.not_kept.most_common():
        row, line = diagnosis.first_not_kept[reason]
        rows.append(
            (reason_in_words(reason), number(count), _shown_row(line, row.detail, f"{row.question} → {row.answer}"))
        )
    head = tr("Ce que prepare rejettera|Nombre|Première ligne", "What prepare will reject|Count|First row")
    return table(head.split("|"), rows)


def _first(record: RejectedRecord) -> str:
    return _shown_row(record.line, record.detail, record.text)


def _shown_row(line: int, detail: str, text: str) -> str:
    """ "line 17 of the file (3 ≠ 2)", and the row below it."""
    text = " ".join(text.split())
    cut = f"{text[:LONGEST_SHOWN]}…" if len(text) > LONGEST_SHOWN else text
    return f"{_place(line)}{f' ({detail})' if detail else ''}\n{cut}"


def _place(line: int) -> str:
    return tr(f"ligne {number(line)} du fichier", f"line {number(line)} of the file")


def _warnings(diagnosis: Diagnosis) -> list[str]:
    lines = [columns_in_words(pair) for pair in diagnosis.pairs]
    if not diagnosis.pairs:
        lines.append(
            tr(
                "Colonnes de question et de réponse : rien ne les désigne ; donnez-les à prepare par --columns.",
                "Question and answer columns: nothing tells them; give them to prepare with --columns.",
            )
        )
    if len(diagnosis.pairs) > 1:
        languages = ", ".join(pair.language for pair in diagnosis.pairs)
        lines.append(
            tr(
                f"Deux langues ({languages}) : chaque ligne donnera un dialogue par langue ; --columns en choisit une.",
                f"Two languages ({languages}): each row will give a dialogue in each; --columns chooses one.",
            )
        )
    if diagnosis.lost:
        lost = number(diagnosis.lost)
        lines.append(
            tr(
                f"Cellules avec « \ufffd » : {lost}. Un autre logiciel y a déjà perdu des caractères, ils ne reviendront pas.",
                f"Cells with “\ufffd”: {lost}. Another program has lost characters there already, they will not come back.",
            )
        )
    return lines


def _balance(diagnosis: Diagnosis) -> str:
    read, written, rejected = (number(n) for n in (diagnosis.rows, diagnosis.written, diagnosis.rejected))
    repaired = number(diagnosis.repaired_rows)
    return tr(
        f"Lignes : lues {read} = lisibles {written} (dont réparées : {repaired}) + rejetées {rejected}.",
        f"Rows: read {read} = readable {written} ({repaired} of them repaired) + rejected {rejected}.",
    )


def _foresight(diagnosis: Diagnosis) -> list[str]:
    """What `prepare` will make of the rows; nothing where the columns are not known yet."""
    if not diagnosis.pairs:
        return []
    counts = diagnosis.dialogues, diagnosis.dialogues - diagnosis.not_kept.total(), diagnosis.not_kept.total()
    made, kept, rejected = (number(count) for count in counts)
    return [
        tr(
            f"Dialogues pour prepare : lus {made} = à garder {kept} + à rejeter {rejected} ; les doublons, qu'il cherche "
            "aussi, ne sont pas comptés ici.",
            f"Dialogues for prepare: read {made} = to keep {kept} + to reject {rejected}; duplicates, which it looks for "
            "too, are not counted here.",
        )
    ]


def _written(diagnosis: Diagnosis, files: Files) -> str:
    """The files written, one on a line."""
    lines = [tr(f"Écrit : {files.table} (UTF-8, virgules, en-tête) ; l'original n'a pas changé.",
                f"Written: {files.table} (UTF-8, commas, header); the original has not changed.")]  # fmt: skip
    if diagnosis.repairs:
        lines.append(
            tr(
                f"        {files.repairs} : chaque réparation, avant et après.",
                f"         {files.repairs}: each repair, before and after.",
            )
        )
    if diagnosis.rejected:
        lines.append(
            tr(
                f"        {files.rejected} : chaque ligne rejetée, entière, et pourquoi.",
                f"         {files.rejected}: each rejected row, whole, and why.",
            )
        )
    return "\n".join(lines)
