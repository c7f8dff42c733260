"""Coronavirus tweets: English tweets of March and April 2020, and how positive or negative each is.

Upstream: ``Corona_NLP_train.csv`` (41,157 rows) and ``Corona_NLP_test.csv`` (3,798 rows) of
https://www.kaggle.com/datasets/datatattle/covid-19-nlp-text-classification, about 12 MB, called latin-1 and in
truth cp1252 (curly quotes). Licence: "Other" on Kaggle; the texts are Twitter's users'.

Sample row::

    UserName 8   Location (empty)   TweetAt 03-03-2020   Sentiment Neutral
    OriginalTweet  @DrTedros "We can’t stop #COVID19 without protecting #healthworkers.\\r\\r\\nPrices of surgical masks …

What points to persons goes: mentions become "@user", links "[link]", and the location is not read. HTML entities
become their letters; "?" in place of a letter lost upstream (emoji, mostly) stays. The parts are the two files.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.download import KaggleFile, on_disk_or_downloaded
from datasets_prep.phrasing import question_of
from datasets_prep.rows import Rejected, Row
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading
from datasets_prep.tables import Record, RejectedRecord, counted, read_table, repair_lines, wrong_columns

FILES = {
    part: KaggleFile(handle="datatattle/covid-19-nlp-text-classification", file=f"Corona_NLP_{part}.csv")
    for part in ("train", "test")
}
COLUMNS = ("OriginalTweet", "Sentiment")
LINK = re.compile(r"https?:?/?/?\S*")
MENTION = re.compile(r"(?<![\w@])@\w+")
# From the most negative to the most positive, as Kaggle writes them, in English and in French.
SCALE = {
    "Extremely Negative": ("Extremely negative", "Très négatif"),
    "Negative": ("Negative", "Négatif"),
    "Neutral": ("Neutral", "Neutre"),
    "Positive": ("Positive", "Positif"),
    "Extremely Positive": ("Extremely positive", "Très positif"),
}
QUESTIONS = {
    "en": (
        "What is the sentiment of this tweet?",
        "Is this tweet positive, neutral or negative, and how strongly?",
        "Rate the tone of this tweet, from extremely negative to extremely positive.",
        "How does the author of this tweet feel about the situation?",
        "Classify this tweet about the coronavirus by its sentiment.",
    ),
    "fr": (
        "Quel est le sentiment de ce tweet ?",
        "Ce tweet est-il positif, neutre ou négatif, et à quel point ?",
        "Évaluez le ton de ce tweet, de très négatif à très positif.",
        "Quel est l'état d'esprit de l'auteur de ce tweet ?",
        "Classez ce tweet sur le coronavirus selon son sentiment.",
    ),
}


def read(given: Given) -> Reading:
    """Opens the user's file or folder of files, or downloads both files from Kaggle.

    Raises:
        InputError: a file has not the columns of Kaggle's, or the folder not the files.
        WorldError: Kaggle cannot be reached.
    """
    paths = _paths(given)
    tables = {path: read_table(path, _is_header) for path in paths}
    for path, table in tables.items():
        if not _is_header(table.layout.header):
            raise wrong_columns(path, table.layout.header, ", ".join(COLUMNS), _cure(path.name))
    repairs: Counter[str] = Counter()
    rows = chain.from_iterable(
        _rows(path, counted(table.records, repairs), given.requests) for path, table in tables.items()
    )
    encodings = {path.name: table.encoding for path, table in tables.items()}
    revision = "" if given.path else FILES["train"].revision(paths[0])
    guessed = {"encoding": encodings, "requests": given.requests, "repairs": repairs}
    return Reading(rows=rows, files=tuple(paths), revision=revision, guessed=guessed, repairs=lambda: _repairs(paths))


def tidy_tweet(tweet: str) -> str:
    """The tweet without what points to persons: "@DrTedros see https://t.co/x &amp; …" → "@user see [link] & …"."""
    text = MENTION.sub("@user", LINK.sub("[link]", html.unescape(tweet)))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _paths(given: Given) -> list[Path]:
    parts = [given.part] if given.part else list(FILES)
    if given.path is None:
        title, source = "Coronavirus tweets", f"corona_tweets:{given.part}" if given.part else "corona_tweets"
        others = {part: [FILES[other] for other in parts if other != part] for part in parts}
        return [on_disk_or_downloaded(FILES[part], title, source, others[part]) for part in parts]
    if not given.path.is_dir():
        return [given.path]
    paths = [path for part in parts if (path := _file_of(part, given.path))]
    if not paths:
        wanted = ", ".join(FILES[part].file for part in parts)
        raise InputError(tr(f"{given.path} : fichier attendu : {wanted}.", f"{given.path}: file expected: {wanted}."))
    return paths


def _file_of(part: str, folder: Path) -> Path | None:
    """The file of that part as Kaggle gives it, and not one made from it: Corona_NLP_train.repaired.csv has the same rows."""
    places = (folder / f"{FILES[part].file}{ending}" for ending in ("", ".gz", ".zip"))
    return next((path for path in places if path.is_file()), None)


def _is_header(header: Sequence[str]) -> bool:
    return set(COLUMNS) <= set(header)


def _rows(path: Path, records: Iterator[Record | RejectedRecord], language: str) -> Iterator[Row | Rejected]:
    file = _name(path)
    for record in records:
        if isinstance(record, Rejected):
            yield replace(record, place=f"{file}, {record.place}")
        else:
            yield _row(file, record, language)


def _repairs(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        for line in repair_lines(read_table(path, _is_header).records):
            yield {"file": _name(path), **line}


def _name(path: Path) -> str:
    """ "Corona_NLP_train" for Corona_NLP_train.csv.gz."""
    return path.name.partition(".")[0]


def _row(file: str, record: Record, language: str) -> Row | Rejected:
    label, tweet = record.cells["Sentiment"].strip(), tidy_tweet(record.cells["OriginalTweet"])
    place = f"{file}, {record.place}"
    if label not in SCALE:
        return Rejected(place=place, reason="unknown_label", detail=label[:40], question=tweet)
    question, answer = question_of(QUESTIONS, language, tweet) if tweet else "", _answer(label, language)
    return Row(
        key=f"{file}-{record.number}",
        place=place,
        question=question,
        context=tweet,
        answer=answer,
        found=(question, answer, record.cells["OriginalTweet"]),
        meta={"file": file, "row": record.number, "label": label, "date": record.cells.get("TweetAt", "")},
    )


def _answer(label: str, language: str) -> str:
    """ "Negative: 2 on a scale from 1 (extremely negative) to 5 (extremely positive)."."""
    rank, (english, french) = list(SCALE).index(label) + 1, SCALE[label]
    if language == "fr":
        return f"{french} : {rank} sur une échelle de 1 (très négatif) à 5 (très positif)."
    return f"{english}: {rank} on a scale from 1 (extremely negative) to 5 (extremely positive)."


def _cure(name: str) -> tuple[str, str]:
    files = ", ".join(upstream.file for upstream in FILES.values())
    return (
        f"Les fichiers de Kaggle s'appellent {files}. Pour un autre fichier : causette prepare {name} --out …",
        f"Kaggle's files are called {files}. For another file: causette prepare {name} --out …",
    )


PAGE = FILES["train"].by_hand
SPEC = DatasetSpec(
    name="corona_tweets",
    title=(
        "Tweets sur le coronavirus (2020) et leur sentiment",
        "Tweets on the coronavirus (2020) and their sentiment",
    ),
    language="en",
    size=("44 955 tweets, environ 12 Mo", "44,955 tweets, about 12 MB"),
    origin=(PAGE, PAGE),
    licence=Licence(
        stated=("« Other » sur Kaggle (textes de Twitter)", "“Other” on Kaggle (texts of Twitter)"),
        attribution="Coronavirus tweets NLP - Text Classification, datatattle, Kaggle",
        redistribution="unknown",
        commercial_use="unknown",
        personal_data=(
            "messages de personnes (mentions et liens neutralisés, lieu non lu)",
            "messages of persons (mentions and links neutralised, location not read)",
        ),
        link=PAGE,
        checked="2026-11",
    ),
    read=read,
    takes_file=True,
    parts={"train": ("train",), "test": ("test",)},
    upstreams=tuple(FILES.values()),
    takes=frozenset({"requests"}),
)
