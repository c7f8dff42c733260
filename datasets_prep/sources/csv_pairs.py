"""Any CSV file with a question column and an answer column, whatever their usual names, in French or in English.

Upstream: the user's own file (.csv, .tsv, gzipped, zipped or neither), as it is: its encoding, separator, header and
columns are found out, and its damage is repaired (see `tables`). Licence: its owner's; nothing is known, so nothing is
claimed that the owner does not declare (--licence).

Sample rows::

    question;réponse                                        instruction,input,output
    Où est mon colis ?;Suivez-le dans « Mon compte ».       Traduis en anglais.,Bonjour !,Hello!
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from chatbot.dialogue import Message
from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.columns import Columns, columns_by_content, find_pairs, is_header
from datasets_prep.own_licence import UNKNOWN_LICENCE
from datasets_prep.rows import Rejected, Row, normalised
from datasets_prep.spec import DatasetSpec, Given, Reading
from datasets_prep.tables import Record, RejectedRecord, Table, counted, read_table, repair_lines, wrong_columns

SAMPLE = 200  # records that the columns are guessed from, when their names say nothing
LONGEST_GROUP = 200  # characters


@dataclass(frozen=True, kw_only=True)
class OwnTable:
    """A user's table, opened.

    Args:
        table: what it holds; its records are those of `records`, and must be read there.
        records: all of them.
        pairs: its question and answer columns: one pair, or one for each language; none when nothing tells them.
    """

    table: Table
    records: Iterator[Record | RejectedRecord]
    pairs: tuple[Columns, ...]


def read(given: Given) -> Reading:
    """Opens the user's CSV file.

    Raises:
        InputError: no file is given, it cannot be read, or its columns are not recognised.
    """
    path = own_file(given, "faq.csv")
    own = open_table(path, given)
    if not own.pairs:
        raise unknown_columns(path, own.table, given)
    repairs: Counter[str] = Counter()
    return Reading(
        rows=_rows(own, repairs),
        files=(path,),
        guessed={**_guessed(own), "repairs": repairs},
        remarks=remarks(own),
        repairs=lambda: repair_lines(open_table(path, given).records),
    )


def open_table(path: Path, given: Given) -> OwnTable:
    """The user's table with its columns told, as far as the user, their names or their content tell them.

    Raises:
        InputError: the file cannot be read.
    """
    table = read_table(
        path,
        lambda cells: is_header(cells, given.columns),
        encoding=given.encoding,
        separator=given.separator,
        has_header=False if given.no_header else None,
    )
    pairs = find_pairs(table.layout.header, given.columns)
    _refuse_one_column_twice(path, pairs)
    if pairs or given.columns:
        return OwnTable(table=table, records=table.records, pairs=tuple(pairs))
    sample = list(islice(table.records, SAMPLE))
    rows = [list(record.cells.values()) for record in sample if isinstance(record, Record)]
    guess = columns_by_content(table.layout.header, rows)
    return OwnTable(table=table, records=chain(sample, table.records), pairs=(guess,) if guess else ())


def remarks(own: OwnTable) -> tuple[str, ...]:
    """What was found out about the table, in the user's language."""
    layout, shown = own.table.layout, separator_in_words(own.table.layout.separator)
    header = tr("avec en-tête", "with a header") if layout.has_header else tr("sans en-tête", "without a header")
    lines = [
        tr(
            f"{own.table.encoding}, séparateur {shown}, {header}.",
            f"{own.table.encoding}, separator {shown}, {header}.",
        )
    ]
    if layout.titles:
        titles = " / ".join(layout.titles)
        lines.append(
            tr(f"Au-dessus de l'en-tête, laissé de côté : {titles}", f"Above the header, left aside: {titles}")
        )
    return (*lines, *map(columns_in_words, own.pairs))


def columns_in_words(pair: Columns) -> str:
    """ "Colonnes (d'après leurs noms) : q → question, r → réponse.\""""
    told = {
        "user": tr("choisies par vous", "chosen by you"),
        "names": tr("d'après leurs noms", "from their names"),
        "content": tr(
            "devinées d'après leur contenu : vérifiez, ou imposez-les par --columns",
            "guessed from their content: check, or settle them by --columns",
        ),
    }[pair.told_by]
    language = f" {pair.language}" if pair.language else ""
    return tr(f"Colonnes{language} ({told}) : {pair.in_words()}.", f"Columns{language} ({told}): {pair.in_words()}.")


def separator_in_words(separator: str) -> str:
    return tr("tabulation", "tab") if separator == "\t" else tr(f"« {separator} »", f"“{separator}”")


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


def _refuse_one_column_twice(path: Path, pairs: Sequence[Columns]) -> None:
    """The user may name a column by its name and by its number: what counts is which one it is."""
    for pair in pairs:
        if pair.roles["question"] == pair.roles["answer"]:
            column = pair.roles["question"]
            raise InputError(
                tr(
                    f"--columns : la colonne « {column} » ne peut être à la fois celle des questions et celle des réponses.\n"
                    f"Donnez-en deux, par leur nom ou leur numéro : causette data check {path.name} montre l'en-tête.",
                    f"--columns: the column “{column}” cannot be both that of the questions and that of the answers.\n"
                    f"Give two, by name or number: causette data check {path.name} shows the header.",
                )
            )


def _guessed(own: OwnTable) -> dict[str, Any]:
    table, pairs = own.table, own.pairs
    columns = {pair.language: pair.to_json() for pair in pairs} if len(pairs) > 1 else pairs[0].to_json()
    return {
        "encoding": table.encoding,
        "separator": table.layout.separator,
        "header": table.layout.has_header,
        "columns": columns,
        "columns_told_by": pairs[0].told_by,
    }


def _rows(own: OwnTable, repairs: Counter[str]) -> Iterator[Row | Rejected]:
    for record in counted(own.records, repairs):
        if isinstance(record, Rejected):
            yield record
        else:
            yield from rows_of(record, own.pairs)


def rows_of(record: Record, pairs: Sequence[Columns]) -> Iterator[Row]:
    """The row of each pair of columns in a record."""
    return (_row(record, pair, pairs) for pair in pairs)


def _row(record: Record, pair: Columns, pairs: Sequence[Columns]) -> Row:
    cells = {role: record.cells[column] for role, column in pair.roles.items()}
    several = len(pairs) > 1
    repaired = {"repaired": sorted({repair.kind for repair in record.repairs})} if record.repairs else {}
    system = cells.get("system", "")
    return Row(
        key=f"{record.number}-{pair.language}" if several else str(record.number),
        place=f"{record.place} ({pair.language})" if several else record.place,
        question=cells["question"],
        answer=cells["answer"],
        context=cells.get("context", ""),
        group=cells.get("group", "") or (_translations(record, pairs) if several else ""),
        history=(Message(role="system", content=system),) if system.strip() else (),
        meta={"row": record.number, **({"language": pair.language} if pair.language else {}), **repaired},
    )


def _translations(record: Record, pairs: Sequence[Columns]) -> str:
    """The group of a record in several languages: a split must not cut what says the same."""
    return " / ".join(normalised(record.cells[pair.roles["question"]]) for pair in pairs)[:LONGEST_GROUP]


def unknown_columns(path: Path, table: Table, given: Given) -> InputError:
    """The error for a table whose question and answer columns nothing tells."""
    if len(table.layout.header) == 1:
        return InputError(
            tr(
                f"{path} : une seule colonne, les séparateurs usuels (virgule, point-virgule, tabulation, « | ») n'y sont "
                "pas.\nDonnez le bon : --separator X",
                f"{path}: a single column, the usual separators (comma, semicolon, tab, “|”) are not there.\n"
                "Give the right one: --separator X",
            )
        )
    if not table.layout.has_header and not given.columns:
        count = len(table.layout.header)
        return InputError(
            tr(
                f"{path} : {count} colonne(s) sans en-tête reconnu, et rien ne dit laquelle tient les questions.\n"
                "Donnez le numéro de celles des questions et des réponses : --columns 1,2",
                f"{path}: {count} column(s) without a known header, and nothing tells which holds the questions.\n"
                "Give the numbers of those of the questions and of the answers: --columns 1,2",
            )
        )
    return wrong_columns(
        path,
        table.layout.header,
        ", ".join(given.columns or ("question", "answer")),
        (
            "Dites lesquelles lire, par leur nom ou leur numéro : --columns COLONNE_QUESTION,COLONNE_RÉPONSE",
            "Say which ones to read, by name or number: --columns QUESTION_COLUMN,ANSWER_COLUMN",
        ),
    )


OWN_FILE = ("votre fichier", "your own file")
SPEC = DatasetSpec(
    name="csv",
    title=("Votre fichier CSV de questions et réponses", "Your CSV file of questions and answers"),
    language="",
    size=("", ""),
    origin=OWN_FILE,
    licence=UNKNOWN_LICENCE,
    read=read,
    takes_file=True,
    takes=frozenset({"columns", "encoding", "separator", "no_header", "licence"}),
)
