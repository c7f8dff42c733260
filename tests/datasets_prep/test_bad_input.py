"""Bad input: one or two clear lines that say what, where and the cure; nothing is written."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from chatbot.errors import InputError, WorldError
from chatbot.language import set_language
from datasets_prep.prepare import PrepareConfig, prepare

GOOD = "question,answer\n" + "".join(f"Où est {name} ?,Page {name}.\n" for name in ("a1", "b2", "c3", "d4"))
ROOT = Path(__file__).resolve().parents[2]

# name of the file, its bytes (None: no file), what the message says
FILES = {
    "missing": ("faq.csv", None, r"faq\.csv : fichier introuvable\."),
    "empty": ("faq.csv", b"", r"faq\.csv : le fichier est vide\."),
    "blank": ("faq.csv", b"\xef\xbb\xbf \n\n", r"faq\.csv : le fichier est vide\."),
    "header only": ("faq.csv", b"question,answer\n", r"faq : aucune ligne de données"),
    "nothing kept": ("faq.csv", b"question,answer\n,a\n,b\n", r"aucune ligne gardée sur 2 \(2 × question vide\)\.\nPremier rejet : ligne de données 1\. Corrigez le fichier\.$"),
    "empty cells": ("faq.csv", b",\n;;\n", r"faq\.csv : toutes les cellules sont vides\."),
    "wrong columns": ("faq.csv", b"id,sujet,texte\n1,a,un texte plus long\n", r"colonnes attendues : question, answer ; trouvées : id, sujet, texte\.\n.*--columns"),
    "html": ("faq.csv", b"\n<!DOCTYPE html><html>", r"page HTML.*\n.*Raw"),
    "excel": ("faq.csv", b"PK\x03\x04....", r"classeur Excel.*\n.*CSV UTF-8"),
    "pdf": ("faq.csv", b"%PDF-1.7", r"un fichier PDF"),
    "no header": ("faq.csv", b"un,deux\ntrois,quatre\n", r"2 colonne\(s\) sans en-tête reconnu.*\n.*--columns 1,2"),
    "one column": ("faq.csv", b"question\nO\xc3\xb9 ?\n", r"une seule colonne.*\n.*--separator"),
    "cut utf-8": ("faq.csv", "question,answer\nprêt,ça \n".encode()[:-3] + b"\xc3", r"aucune ligne gardée sur 1 \(1 × octets illisibles\)"),
    "neither": ("faq.csv", b"question,answer\n\x81\xe9,oui\n", r"aucune ligne gardée sur 1 \(1 × octets illisibles\)"),
    "binary": ("faq.csv", bytes(range(256)) * 20, r"un fichier binaire.*\n"),
    "rtf": ("faq.csv", b"{\\rtf1\\ansi", r"un document RTF"),
    "html comment": ("faq.csv", b"<!-- saved from url --><html>", r"page HTML"),
    "workbook": ("faq.xlsx", b"PK\x03\x04", r"classeur Excel.*\n.*CSV UTF-8"),
    "bad json": ("faq.json", b'[\n{"question": "a",}\n]', r"faq\.json, ligne 2, colonne \d+ : ce n'est pas du JSON"),
    "cut gzip": ("faq.csv.gz", gzip.compress(GOOD.encode(), mtime=0)[:-9], r"archive incomplète ou abîmée.*Téléchargez-la"),
    "jsonl": ("talks.jsonl", b"{}\n[]\n", r"aucune ligne gardée sur 2 \(2 × ligne sans dialogue \(« messages »\) ni couple « question », « réponse »\)\.\nPremier rejet : ligne 1\."),
    "deep jsonl": ("talks.jsonl", b"[" * 100_000, r"aucune ligne gardée sur 1"),
    "too few groups": ("faq.csv", b"theme,question,answer\nt,aa,bb\nt,cc,dd\n", r"Groupes\s: 1, pour 3 parts"),
}  # fmt: skip

OPTIONS = {
    "unknown source": ({"sources": ["medquod"]}, r"« medquod » : source inconnue\. Vouliez-vous dire « medquad » \?\nConnues : cancer, corona_tweets, csv, document, embedded, financial_phrasebank, jsonl, medquad, scientific_papers"),
    "unknown theme": ({"sources": ["embedded:boutik"]}, r"« boutik » : source inconnue\. Vouliez-vous dire « boutique »"),
    "no source": ({"sources": []}, r"Aucune source donnée"),
    "csv without a file": ({"sources": ["csv"]}, r"Quel fichier lire"),
    "same source twice": ({"sources": ["embedded", "embedded"]}, r"« embedded » : deux sources portent ce nom"),
    "from for nobody": ({"sources": ["embedded"], "from_file": "m.csv"}, r"--from m\.csv : il faut exactement une source.*il y en a 0"),
    "from for two": ({"sources": ["medquad", "csv"], "from_file": "m.csv"}, r"il y en a 2"),
    "columns for nobody": ({"sources": ["embedded"], "columns": ["q", "r"]}, r"--columns : seulement pour certaines sources \(csv \(\.csv, \.tsv\)\), et aucune n'est demandée ici"),
    "licence of a public set": ({"sources": ["medquad"], "licence": "mit"}, r"--licence : seulement pour certaines sources \(csv .*et aucune n'est demandée ici\.\nLa licence d'un jeu connu est au catalogue : causette data licences"),
    "unknown licence": ({"sources": ["faq.csv"], "licence": "beerware"}, r"--licence beerware : licence inconnue ici\.\nConnues : cc0-1\.0, cc-by-4\.0, .*propriétaire"),
    "somebody to name under no licence": ({"sources": ["faq.csv"], "attribution": "Zoé"}, r"--attribution .* --licence cc-by-4\.0"),
    "shares": ({"sources": ["embedded"], "shares": [0.8, 0.1, 0.2]}, r"--shares .* somme 1.*\n.*Reçu : 0\.8,0\.1,0\.2"),
    "no training": ({"sources": ["embedded"], "shares": [0, 0.5, 0.5]}, r"train au-dessus de 0"),
    "negative share": ({"sources": ["embedded"], "shares": [1.1, -0.1, 0]}, r"--shares"),
    "nan": ({"sources": ["embedded"], "shares": [float("nan")] * 3}, r"--shares .* somme 1.*\n.*Reçu : nan,nan,nan"),
    "one share nan": ({"sources": ["embedded"], "shares": [0.9, float("nan"), 0.1]}, r"--shares"),
    "infinite share": ({"sources": ["embedded"], "shares": [float("inf"), 0, 0]}, r"--shares"),
    "part of the whole": ({"sources": ["embedded", "embedded:boutique"]}, r"« embedded » contient déjà « embedded:boutique »"),
    "part first": ({"sources": ["embedded:boutique", "embedded"]}, r"« embedded » contient déjà « embedded:boutique »"),
    "theme of a part": ({"sources": ["embedded:hub", "embedded:cours"]}, r"« embedded:cours » contient déjà « embedded:hub » : ôtez l'une"),
    "same part twice": ({"sources": ["embedded:hub", "embedded:hub"]}, r"« embedded:hub » : source donnée deux fois"),
}  # fmt: skip


def plain(error: BaseException) -> str:
    """The message with mere blanks, and its length checked: one or two lines."""
    message = str(error)
    assert 1 <= len(message.splitlines()) <= 2
    for sign in ":;!?»":
        assert f" {sign}" not in message, "French wants a no-break space here"
    return message.replace("\u00a0", " ")


@pytest.mark.parametrize("case", FILES)
def test_bad_files(case, tmp_path, write):
    name, content, expected = FILES[case]
    path = tmp_path / name
    if content is not None:
        write(name, content)
    with pytest.raises(InputError) as caught:
        prepare(PrepareConfig(sources=(str(path),), out=tmp_path / "out"))
    assert re.search(expected, plain(caught.value)), caught.value
    assert caught.value.exit_status == 2
    assert {child.name for child in tmp_path.iterdir()} <= {name}


@pytest.mark.parametrize("case", OPTIONS)
def test_bad_options(case, tmp_path):
    options, expected = OPTIONS[case]
    with pytest.raises(InputError) as caught:
        prepare(PrepareConfig(**options, out=tmp_path / "out"))
    assert re.search(expected, plain(caught.value)), caught.value
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("options", [{"epochs": 3}, {"near_question": 0.3}, {"shortest_answer": 0}, {"shares": [1]}])
def test_what_the_types_refuse(options, tmp_path):
    with pytest.raises(ValidationError):
        PrepareConfig(sources=("embedded",), out=tmp_path, **options)


def test_a_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "faq.csv").mkdir()
    with pytest.raises(InputError, match="c'est un dossier"):
        prepare(PrepareConfig(sources=(str(tmp_path / "faq.csv"),), out=tmp_path / "out"))


def test_wrong_columns_of_medquad(tmp_path, write):
    path = write("medquad.csv", GOOD)
    with pytest.raises(InputError) as caught:
        prepare(PrepareConfig(sources=("medquad",), from_file=path, out=tmp_path / "out"))
    assert "trouvées : question, answer.\nIl manque : focus_area." in plain(caught.value)


def test_wrong_columns_chosen(tmp_path, write):
    with pytest.raises(InputError, match=r"colonnes attendues.*: q, r.*trouvées.*: question, answer"):
        prepare(PrepareConfig(sources=(str(write("faq.csv", GOOD)),), columns=("q", "r"), out=tmp_path / "out"))


def test_a_message_in_english(tmp_path):
    set_language("en")
    with pytest.raises(InputError) as caught:
        prepare(PrepareConfig(sources=("medquod",), out=tmp_path / "out"))
    assert str(caught.value) == (
        "“medquod”: unknown source. Did you mean “medquad”?\n"
        "Known: cancer, corona_tweets, csv, document, embedded, financial_phrasebank, jsonl, medquad, scientific_papers; "
        "or else a .csv, .tsv, .jsonl, .json, .pdf, .txt file."
    )


# --- the output folder ---


def test_an_existing_output_is_refused(tmp_path, write):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"existe déjà.*--replace"):
        prepare(PrepareConfig(sources=(str(write("faq.csv", GOOD)),), out=tmp_path / "out"))


def test_replace_never_touches_what_is_not_a_prepared_set(tmp_path, write):
    """A slip such as `--out . --replace` must not delete the user's work."""
    path = write("faq.csv", GOOD)
    for out in (tmp_path, path):
        with pytest.raises(InputError, match="--replace n'y touche pas"):
            prepare(PrepareConfig(sources=(str(path),), out=out, replace=True))
    assert path.read_text() == GOOD


def test_a_failed_replacement_keeps_the_old_set(write, prepared):
    data = prepared(write("good.csv", GOOD))
    with pytest.raises(InputError):
        prepared(write("bad.csv", "question,answer\n"), replace=True)
    assert list(data.split("train"))


def test_a_place_that_cannot_be_written(tmp_path, write):
    path = write("faq.csv", GOOD)
    with pytest.raises(WorldError, match=r"écriture impossible.*Rien n'a été écrit") as caught:
        prepare(PrepareConfig(sources=(str(path),), out=path / "out"))
    assert caught.value.exit_status == 1


# --- no network ---

OFFLINE = """
import sys
from pathlib import Path
from chatbot.errors import WorldError
from datasets_prep.prepare import PrepareConfig, prepare
try:
    prepare(PrepareConfig(sources=("medquad",), out=Path(sys.argv[1])))
except WorldError as error:
    print(error)
    sys.exit(error.exit_status)
"""


def test_medquad_without_a_network(tmp_path):
    closed = "http://127.0.0.1:9"  # the discard port: nothing listens there
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), closed)
    environment = {**os.environ, **proxies, "NO_PROXY": "", "no_proxy": "", "KAGGLEHUB_CACHE": str(tmp_path / "cache")}
    result = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(tmp_path / "out")],
        cwd=ROOT, env=environment | {"CAUSETTE_LANG": "fr", "PYTHONUTF8": "1"}, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert result.returncode == 1, result.stderr
    first, second = result.stdout.splitlines()
    assert "https://www.kaggle.com/datasets/jpmiller/layoutlm" in first
    assert "(ProxyError)" in first  # of the first look at the site: kagglehub was not left to try again and again
    assert "causette prepare medquad --from medquad.csv --out" in second
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()
