"""Any CSV file with a question column and an answer column, whatever their usual names, in French or in English.

Upstream: the user's own file (.csv, .tsv, gzipped or not). UTF-8, else cp1252 (Excel on Windows); columns separated by
a comma, a semicolon, a tab or "|". Licence: its owner's; nothing is known, so nothing is claimed.

Sample rows::

    question;réponse                                        instruction,input,output
    Où est mon colis ?;Suivez-le dans « Mon compte ».       Traduis en anglais.,Bonjour !,Hello!
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.rows import Rejected, Row
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading
from datasets_prep.tables import Table, column_named, read_table, wrong_columns

# What a column holds → its usual names, the surest first; case and accents do not count.
COLUMN_NAMES = {
    "question": ("question", "instruction", "prompt", "query", "consigne", "demande", "requete", "questions"),
    "answer": ("answer", "response", "completion", "output", "reponse", "sortie", "answers", "reponses"),
    "context": ("context", "input", "contexte", "entree"),
    "group": ("group", "groupe", "document", "theme", "focus_area"),
}


def read(given: Given) -> Reading:
    """Opens the user's CSV file.

    Raises:
        InputError: no file is given, it cannot be read, or its columns are not recognised.
    """
    path = own_file(given, "faq.csv")
    table = read_table(path, lambda header: {"question", "answer"} <= find_columns(header, given.columns).keys())
    columns = find_columns(table.header, given.columns)
    if not {"question", "answer"} <= columns.keys():
        raise _unknown_columns(path, table.header, given)
    guessed = {"encoding": table.encoding, "separator": table.separator, "columns": columns}
    return Reading(rows=_rows(table, columns), files=(path,), guessed=guessed)


def own_file(given: Given, example: str) -> Path:
    """The user's file.

    Raises:
        InputError: none is given.
    """
    if given.path is None:
        raise InputError(
            tr(
                f"Quel fichier lire ? Donnez-le : causette prepare {example} --out data/faq",
                f"Which file? Give it: causette prepare {example} --out data/faq",
            )
        )
    return given.path


def find_columns(header: Sequence[str], chosen: tuple[str, str] | None = None) -> dict[str, str]:
    """What each known column holds → its name in `header`; `chosen` settles the question and the answer."""
    names = COLUMN_NAMES
    if chosen:
        names = {**names, "question": (chosen[0],), "answer": (chosen[1],)}
    columns: dict[str, str] = {}
    for role, candidates in names.items():
        free = [column for column in header if column not in columns.values()]
        if column := column_named(free, candidates):
            columns[role] = column
    return columns


def _rows(table: Table, columns: dict[str, str]) -> Iterator[Row | Rejected]:
    for record in table.records:
        if isinstance(record, Rejected):
            yield record
            continue
        cells = {role: record.cells[column] for role, column in columns.items()}
        yield Row(
            key=str(record.number),
            place=record.place,
            question=cells["question"],
            answer=cells["answer"],
            context=cells.get("context", ""),
            group=cells.get("group", ""),
            meta={"row": record.number},
        )


def _unknown_columns(path: Path, header: Sequence[str], given: Given) -> InputError:
    wanted = ", ".join(given.columns or ("question", "answer"))
    return wrong_columns(
        path,
        header,
        wanted,
        (
            "Dites lesquelles lire : --columns COLONNE_QUESTION,COLONNE_RÉPONSE",
            "Say which ones to read: --columns QUESTION_COLUMN,ANSWER_COLUMN",
        ),
    )


OWN_FILE = ("votre fichier", "your own file")
UNKNOWN_LICENCE = Licence(
    stated=("inconnue : celle de votre fichier", "unknown: that of your own file"),
    attribution="",
    redistribution="unknown",
    commercial_use="unknown",
    personal_data=("inconnues : vérifiez avant de publier", "unknown: check before publishing"),
    link="",
    checked="2026-11",
)
SPEC = DatasetSpec(
    name="csv",
    title=("Votre fichier CSV de questions et réponses", "Your CSV file of questions and answers"),
    language="",
    size=("", ""),
    origin=OWN_FILE,
    licence=UNKNOWN_LICENCE,
    read=read,
    takes_file=True,
)
