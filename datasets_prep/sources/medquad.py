"""MedQuAD: medical questions and answers from web pages of the US National Institutes of Health (NIH) and the CDC.

Upstream: https://github.com/abachaa/MedQuAD (Ben Abacha & Demner-Fushman, BMC Bioinformatics 20:511, 2019), read as the
one CSV file that Kaggle carries, ``medquad.csv`` of jpmiller/layoutlm. About 16,400
rows, 22 MB, English. Licence: CC BY 4.0.

Sample row::

    question    What is (are) Glaucoma ?
    answer      Glaucoma is a group of diseases that can damage the eye's optic nerve and result in vision loss …
    source      NIHSeniorHealth
    focus_area  Glaucoma

The group is the focus area. Fourteen rows have none: one shared empty group would tie unrelated rows together, so each
of these is grouped by its own question, and with those of the fourteen that share its answer.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from datasets_prep.download import KaggleFile, on_disk_or_downloaded
from datasets_prep.rows import Rejected, Row
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading
from datasets_prep.tables import Record, RejectedRecord, counted, read_table, repair_lines, wrong_columns

MEDQUAD = KaggleFile(handle="jpmiller/layoutlm", file="medquad.csv")
COLUMNS = ("question", "answer", "focus_area")


def read(given: Given) -> Reading:
    """Opens the user's file, or downloads the set from Kaggle.

    Raises:
        InputError: the file is not MedQuAD's CSV.
        WorldError: Kaggle cannot be reached.
    """
    path = given.path or on_disk_or_downloaded(MEDQUAD, "MedQuAD", "medquad")
    table, repairs = read_table(path, _is_header), Counter[str]()
    if missing := _missing(table.layout.header):
        raise wrong_columns(path, table.layout.header, ", ".join(COLUMNS), _cure(path, missing))
    guessed = {"encoding": table.encoding, "separator": table.layout.separator, "repairs": repairs}
    revision = "" if given.path else MEDQUAD.revision(path)
    return Reading(
        rows=_rows(counted(table.records, repairs)),
        files=(path,),
        revision=revision,
        guessed=guessed,
        repairs=lambda: repair_lines(read_table(path, _is_header).records),
    )


def tidy_question(question: str) -> str:
    """ "What is (are) Glaucoma ?" → "What is (are) Glaucoma?"; "… Glaucoma? ?" → "… Glaucoma?"."""
    return re.sub(r"\s*\?(\s*\?)*", "?", question)


def tidy_answer(answer: str) -> str:
    """Paragraphs as single lines: runs of blanks, indents and empty lines are leftovers of the XML files."""
    paragraphs = (" ".join(line.split()) for line in answer.splitlines())
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def _rows(records: Iterator[Record | RejectedRecord]) -> Iterator[Row | Rejected]:
    for record in records:
        yield record if isinstance(record, Rejected) else _row(record)


def _row(record: Record) -> Row:
    cells = record.cells
    return Row(
        key=str(record.number),
        place=record.place,
        question=tidy_question(cells["question"]),
        answer=tidy_answer(cells["answer"]),
        found=(cells["question"], cells["answer"], ""),
        group=cells["focus_area"].strip(),
        meta={"row": record.number, "origin": cells.get("source", "")},
    )


def _is_header(header: Sequence[str]) -> bool:
    return not _missing(header)


def _missing(header: Sequence[str]) -> list[str]:
    return [name for name in COLUMNS if name not in header]


def _cure(path: Path, missing: list[str]) -> tuple[str, str]:
    names = ", ".join(missing)
    return (
        f"Il manque : {names}. Pour un autre fichier de questions et réponses : causette prepare {path.name} --out …",
        f"Missing: {names}. For another file of questions and answers: causette prepare {path.name} --out …",
    )


SPEC = DatasetSpec(
    name="medquad",
    title=("Questions et réponses médicales des NIH et du CDC", "Medical questions and answers from NIH and CDC"),
    language="en",
    size=("environ 16 400 lignes, 22 Mo", "about 16,400 rows, 22 MB"),
    origin=(MEDQUAD.by_hand, MEDQUAD.by_hand),
    licence=Licence(
        stated=("CC BY 4.0", "CC BY 4.0"),
        attribution="Asma Ben Abacha and Dina Demner-Fushman, A Question-Entailment Approach to Question Answering, "
        "BMC Bioinformatics 20:511, 2019",
        redistribution="yes",
        commercial_use="yes",
        personal_data=("aucune connue : pages de santé publiques", "none known: public health pages"),
        link="https://github.com/abachaa/MedQuAD",
        checked="2026-11",
        share_alike="no",
    ),
    read=read,
    takes_file=True,
    upstreams=(MEDQUAD,),
)
