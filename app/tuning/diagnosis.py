"""A reader's file looked at before anything is trained: the clinic's diagnosis, and dialogues to show.

The readers of tables and of JSON files are those of `causette data check` and `causette prepare`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.page.tuning_jobs import Diagnosed, Fault
from app.tuning.limits import Limits
from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep import cleaning
from datasets_prep.clinic import shown_names
from datasets_prep.columns import column_named
from datasets_prep.diagnosis import Diagnosis
from datasets_prep.repairs import LONGEST_SHOWN, repair_in_words, shortened
from datasets_prep.rows import Rejected, Row, reason_in_words
from datasets_prep.sources import SOURCES
from datasets_prep.sources.csv_pairs import open_table, rows_of, separator_in_words
from datasets_prep.spec import Given

SAMPLES = 3
TABLES = (".csv", ".tsv")


@dataclass(kw_only=True)
class Examined:
    """What was found in a file; the words for it are found when somebody looks.

    Args:
        given: how it was read, and how `prepare` is to read it.
        table: the clinic's diagnosis; None for a file of JSON objects.
        remarks: of the reader of JSON, in the language of the moment.
        read: rows.
        rejects: of JSON: reason → how many, and the first.
        dialogues, not_kept: as those of `Diagnosis`.
        samples: some dialogues that will be kept.
    """

    given: Given
    table: Diagnosis | None = None
    remarks: tuple[str, ...] = ()
    read: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    first: dict[str, Rejected] = field(default_factory=dict)
    dialogues: int = 0
    samples: list[tuple[str, str]] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """Dialogues at most: duplicates are looked for later."""
        if self.table:
            return self.table.dialogues - self.table.not_kept.total()
        return self.dialogues


def examine(file: Path, limits: Limits, columns: tuple[str, str] | None = None) -> Examined:
    """Reads a file from end to end.

    Args:
        file: the reader's.
        limits: of its rows.
        columns: those of the question and of the answer, by name or number.

    Raises:
        InputError: it cannot be read, holds nothing, or has too many rows.
    """
    if file.suffix in TABLES:
        return _table(file, limits, columns)
    reading = SOURCES["jsonl"].read(Given(path=file))
    examined = Examined(given=Given(path=file), remarks=reading.remarks)
    for row in _at_most(reading.rows, limits.most_rows):
        _count(examined, row)
    return _with_rows(examined)


def _table(file: Path, limits: Limits, columns: tuple[str, str] | None) -> Examined:
    given = Given(path=file, columns=columns)
    own = open_table(file, given)
    layout = own.table.layout
    diagnosis = Diagnosis(
        path=file, encoding=own.table.encoding, layout=layout, pairs=own.pairs, line_ends=own.table.line_ends
    )
    examined = Examined(given=given, table=diagnosis)
    for record in _at_most(own.records, limits.most_rows):
        diagnosis.count(record)
        examined.read += 1
        if len(examined.samples) < SAMPLES and not isinstance(record, Rejected):
            for row in rows_of(record, own.pairs):
                _sample(examined, cleaning.clean(row, cleaning.Limits()))
    return _with_rows(examined)


def _with_rows(examined: Examined) -> Examined:
    if not examined.read:
        raise InputError(tr("Aucune ligne de données dans le fichier.", "No row of data in the file."))
    return examined


def _at_most(rows: Iterator[Any], most: int) -> Iterator[Any]:
    for place, row in enumerate(rows):
        if place == most:
            raise InputError(
                tr(f"Plus de {number(most)} lignes : c'est trop pour un essai sur la page.\n"
                   "Gardez-en une partie, ou entraînez avec causette prepare et causette train.",
                   f"More than {number(most)} rows: too many for a try on the page.\n"
                   "Keep a part of them, or train with causette prepare and causette train.")
            )  # fmt: skip
        yield row


def _count(examined: Examined, row: Row | Rejected) -> None:
    """Takes a row of JSON in, as `Diagnosis.count` does one of a table."""
    examined.read += 1
    outcome = row if isinstance(row, Rejected) else cleaning.clean(row, cleaning.Limits())
    if isinstance(outcome, Rejected):
        examined.rejects[outcome.reason] += 1
        examined.first.setdefault(outcome.reason, outcome)
        return
    examined.dialogues += 1
    _sample(examined, outcome)


def _sample(examined: Examined, row: Row | Rejected) -> None:
    if not isinstance(row, Rejected) and len(examined.samples) < SAMPLES:
        examined.samples.append((row.question, row.answer))


def in_words(examined: Examined, name: str, limits: Limits) -> Diagnosed:
    """The diagnosis for the reader, in their language.

    Args:
        examined: what was found.
        name: of the file, as the reader knows it.
        limits: from how many dialogues on a training makes sense.
    """
    if examined.table is None:
        rejects = [
            _fault(reason_in_words(reason), count, examined.first[reason].place, examined.first[reason].text)
            for reason, count in examined.rejects.most_common()
        ]
        return Diagnosed(
            file=name, facts=[(tr("Format", "Format"), " ".join(examined.remarks))], not_kept=rejects, read=examined.read,
            readable=examined.read, kept=examined.kept, enough=examined.kept >= limits.fewest, fewest=limits.fewest, samples=examined.samples,
        )  # fmt: skip
    return _table_in_words(examined, examined.table, name, limits)


def _table_in_words(examined: Examined, table: Diagnosis, name: str, limits: Limits) -> Diagnosed:
    header = _choices(table)
    return Diagnosed(
        file=name,
        facts=_facts(table),
        repairs=[_repair(table, kind, count) for kind, count in table.repairs.most_common()],
        rejects=[
            _fault(reason_in_words(reason), count, _line(table.rejects[reason].line), table.rejects[reason].text)
            for reason, count in table.reasons.most_common()
        ],
        not_kept=[
            _fault(reason_in_words(reason), count, _line(line), f"{row.question} → {row.answer}")
            for reason, count in table.not_kept.most_common()
            for row, line in [table.first_not_kept[reason]]
        ],
        header=header,
        chosen=_chosen(table, header),
        columns=_columns_in_words(table),
        read=table.rows,
        readable=table.written,
        kept=examined.kept,
        enough=examined.kept >= limits.fewest,
        fewest=limits.fewest,
        remarks=_remarks(table),
        samples=examined.samples,
    )


def _facts(table: Diagnosis) -> list[tuple[str, str]]:
    layout = table.layout
    none = tr("aucun : la première ligne est une donnée", "none: the first row is data")
    return [
        (tr("Encodage", "Encoding"), table.encoding),
        (tr("Séparateur", "Separator"), separator_in_words(layout.separator)),
        (tr("En-tête", "Header"), ", ".join(shown_names(layout)) if layout.has_header else none),
        *((tr("Au-dessus, laissé de côté", "Above it, left aside"), title) for title in layout.titles),
    ]


def _choices(table: Diagnosis) -> list[tuple[str, str]]:
    """The columns as (name shown, what `Given.columns` takes): a name where it tells one column, else the number."""
    header = table.layout.header
    if len(header) < 2:
        return []
    return [
        (shown, column if table.layout.has_header and column_named(header, (column,)) == column else str(place))
        for place, (column, shown) in enumerate(zip(header, shown_names(table.layout), strict=True), start=1)
    ]


def _chosen(table: Diagnosis, header: list[tuple[str, str]]) -> tuple[str, str] | None:
    """The values, among those of `header`, of the columns taken; None where there are several pairs, or none."""
    if len(table.pairs) != 1:
        return None
    values = dict(zip(table.layout.header, (value for _, value in header), strict=False))
    question, answer = (values.get(table.pairs[0].roles[role]) for role in ("question", "answer"))
    return (question, answer) if question and answer else None


def _columns_in_words(table: Diagnosis) -> str:
    if not table.pairs:
        if len(table.layout.header) < 2:
            return tr("Une seule colonne : aucune virgule, aucun point-virgule ni tabulation ne la sépare d'une autre. "
                      "Enregistrez de nouveau le tableau en CSV, une colonne pour les questions, une pour les réponses.",
                      "A single column: no comma, semicolon or tab parts it from another. Save the table as CSV again, "
                      "a column for the questions, one for the answers.")  # fmt: skip
        return tr("Rien ne dit quelle colonne tient les questions et laquelle les réponses : choisissez-les ci-dessous.",
                  "Nothing tells which column holds the questions and which the answers: choose them below.")  # fmt: skip
    told = {
        "user": tr("choisies par vous", "chosen by you"),
        "names": tr("d'après leurs noms", "from their names"),
        "content": tr("devinées d'après leur contenu, vérifiez-les", "guessed from their content, check them"),
    }[table.pairs[0].told_by]
    listed = " ; ".join(pair.in_words() for pair in table.pairs)
    return tr(f"Colonnes ({told}) : {listed}.", f"Columns ({told}): {listed}.")


def _remarks(table: Diagnosis) -> list[str]:
    lines = []
    if len(table.pairs) > 1:
        languages = ", ".join(pair.language for pair in table.pairs)
        lines.append(tr(f"Deux langues ({languages}) : chaque ligne donnera un dialogue par langue.",
                        f"Two languages ({languages}): each row will give a dialogue in each."))  # fmt: skip
    if table.lost:
        lost = number(table.lost)
        lines.append(tr(f"Cellules avec « \ufffd » : {lost}. Un autre logiciel y a déjà perdu des caractères.",
                        f"Cells with “\ufffd”: {lost}. Another program has lost characters there already."))  # fmt: skip
    return lines


def _repair(table: Diagnosis, kind: str, count: int) -> Fault:
    one, line = table.examples[kind]
    before, after = shortened(one.before, one.after)
    where = _line(line) + (f", {one.column}" if one.column else "")
    return Fault(words=repair_in_words(kind), count=count, example=f"{where}\n− {before}\n+ {after}")


def _fault(words: str, count: int, place: str, text: str) -> Fault:
    text = " ".join(text.split())
    cut = f"{text[:LONGEST_SHOWN]}…" if len(text) > LONGEST_SHOWN else text
    return Fault(words=words, count=count, example=f"{place}\n{cut}")


def _line(line: int) -> str:
    return tr(f"ligne {number(line)} du fichier", f"line {number(line)} of the file")
