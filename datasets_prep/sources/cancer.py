"""Texts of biomedical publications, and the cancer that each is about.

Upstream: ``alldata_1_for_kaggle.csv`` of https://www.kaggle.com/datasets/falgunipatel19/biomedical-text-publication-classification:
whole papers in English, tens of MB, many rows twice; not in UTF-8. Licence: unknown; the texts are journal articles.

Sample row (the header is ``,0,a``: an index without a name, the label, the text)::

    0,Thyroid_Cancer,"Changing natural history of differentiated thyroid cancer. The incidence of …"

The text comes with the request, the answer is the type of cancer and where it sits. A text longer than what a small
model reads is cut at a sentence end: request and ``meta`` say so.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from datasets_prep.download import KaggleFile, on_disk_or_downloaded
from datasets_prep.phrasing import LONGEST_CONTEXT, beginning, question_of
from datasets_prep.rows import Rejected, Row
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading
from datasets_prep.tables import Record, RejectedRecord, counted, read_table, repair_lines, wrong_columns

CANCER = KaggleFile(handle="falgunipatel19/biomedical-text-publication-classification", file="alldata_1_for_kaggle.csv")
LABEL, TEXT = "0", "a"  # names of the columns, as published
WHOLE = {
    "en": (
        "Which type of cancer is this text about?",
        "What cancer does this publication study?",
        "Classify this biomedical text: thyroid, colon or lung cancer?",
        "Read this text and name the cancer it deals with.",
    ),
    "fr": (
        "De quel type de cancer parle ce texte ?",
        "Quel cancer cette publication étudie-t-elle ?",
        "Classez ce texte biomédical : cancer de la thyroïde, du côlon ou du poumon ?",
        "Lisez ce texte et nommez le cancer dont il traite.",
    ),
}
START = {
    "en": (
        "Which type of cancer is the publication about that begins like this?",
        "Here is the beginning of a publication. What cancer does it study?",
        "From its first sentences, classify this publication: thyroid, colon or lung cancer?",
        "Read the beginning of this text and name the cancer it deals with.",
    ),
    "fr": (
        "De quel type de cancer parle la publication qui commence ainsi ?",
        "Voici le début d'une publication. Quel cancer étudie-t-elle ?",
        "D'après ses premières phrases, classez cette publication : cancer de la thyroïde, du côlon ou du poumon ?",
        "Lisez le début de ce texte et nommez le cancer dont il traite.",
    ),
}
ANSWERS = {
    "en": {
        "Thyroid_Cancer": "Thyroid cancer: a cancer of the thyroid, a gland at the base of the neck.",
        "Colon_Cancer": "Colon cancer: a cancer of the large intestine.",
        "Lung_Cancer": "Lung cancer: a cancer that starts in the lungs.",
    },
    "fr": {
        "Thyroid_Cancer": "Cancer de la thyroïde : il touche la thyroïde, une glande située à la base du cou.",
        "Colon_Cancer": "Cancer du côlon : il touche le gros intestin.",
        "Lung_Cancer": "Cancer du poumon : il naît dans les poumons.",
    },
}


def read(given: Given) -> Reading:
    """Opens the user's file, or downloads the set from Kaggle.

    Raises:
        InputError: the file has not the columns of Kaggle's.
        WorldError: Kaggle cannot be reached.
    """
    path = given.path or on_disk_or_downloaded(CANCER, "Biomedical Text Publication Classification", "cancer")
    table, repairs = read_table(path, _is_header), Counter[str]()
    if not _is_header(table.layout.header):
        raise wrong_columns(path, table.layout.header, f"{LABEL} (label), {TEXT} (text)", _cure(path.name))
    guessed = {
        "encoding": table.encoding,
        "separator": table.layout.separator,
        "requests": given.requests,
        "repairs": repairs,
    }
    revision = "" if given.path else CANCER.revision(path)
    return Reading(
        rows=_rows(counted(table.records, repairs), given.requests),
        files=(path,),
        revision=revision,
        guessed=guessed,
        repairs=lambda: repair_lines(read_table(path, _is_header).records),
    )


def _is_header(header: Sequence[str]) -> bool:
    return {LABEL, TEXT} <= set(header)


def _rows(records: Iterator[Record | RejectedRecord], language: str) -> Iterator[Row | Rejected]:
    for record in records:
        yield record if isinstance(record, Rejected) else _row(record, language)


def _row(record: Record, language: str) -> Row | Rejected:
    label, text = record.cells[LABEL].strip(), _tidy(record.cells[TEXT])
    if label not in ANSWERS[language]:
        return Rejected(place=record.place, reason="unknown_label", detail=label[:40], question=text)
    context, answer = beginning(text, LONGEST_CONTEXT), ANSWERS[language][label]
    question = question_of(WHOLE if context == text else START, language, context) if text else ""
    return Row(
        key=str(record.number),
        place=record.place,
        question=question,
        context=context,
        answer=answer,
        found=(question, answer, record.cells[TEXT]),
        meta={"row": record.number, "label": label, "characters": len(text), "cut": context != text},
    )


def _tidy(text: str) -> str:
    """One line, without the marks that PubMed puts before the parts of an abstract (their labels stay)."""
    text = re.sub(r'<AbstractText[^<>]*?Label="([^"]*)"[^<>]*>', r" \1: ", text)
    return " ".join(re.sub(r"</?AbstractText[^<>]*>", " ", text).split())


def _cure(name: str) -> tuple[str, str]:
    return (
        f"Le fichier de Kaggle s'appelle {CANCER.file}. Pour un autre fichier : causette prepare {name} --out …",
        f"Kaggle's file is called {CANCER.file}. For another file: causette prepare {name} --out …",
    )


SPEC = DatasetSpec(
    name="cancer",
    title=("Publications biomédicales et leur type de cancer", "Biomedical publications and their type of cancer"),
    language="en",
    size=("articles entiers, des dizaines de Mo", "whole papers, tens of MB"),
    origin=(CANCER.by_hand, CANCER.by_hand),
    licence=Licence(
        stated=("inconnue (textes d'articles de revues)", "unknown (texts of journal articles)"),
        attribution="Biomedical Text Publication Classification, falgunipatel19, Kaggle",
        redistribution="unknown",
        commercial_use="unknown",
        personal_data=("noms d'auteurs possibles", "possibly names of authors"),
        link=CANCER.by_hand,
        checked="2026-11",
    ),
    read=read,
    takes_file=True,
    upstreams=(CANCER,),
    takes=frozenset({"requests"}),
)
