"""The clinic: one test per quirk of a real file, then the files it writes, and what must cost nothing."""

import csv
import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chatbot.errors import InputError
from datasets_prep.clinic import default_out, examine, repair
from datasets_prep.rows import Rejected
from datasets_prep.sources import SOURCES
from datasets_prep.spec import Given

ROOT = Path(__file__).resolve().parents[2]
PAIRS = [
    ("Où est mon colis ?", "Dans « Mon compte », rubrique Suivi."),
    ("Livrez-vous à l’étranger ?", "Oui : Belgique, Suisse et Luxembourg."),
    ("Combien coûte l'envoi ?", "3,90 € ; gratuit dès 35 €."),
]


def csv_of(rows, separator=",", end="\n") -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if separator in text or '"' in text or "\n" in text else text

    return "".join(separator.join(map(cell, row)) + end for row in rows)


def pairs_of(path: Path, **given) -> list[tuple[str, str]]:
    rows = SOURCES["csv"].read(Given(path=path, **given)).rows
    return [(row.question, row.answer) for row in rows if not isinstance(row, Rejected)]


FRENCH = csv_of([("question", "réponse"), *PAIRS], ";")
SOUND = {
    "Excel, French Windows": csv_of([("Question", "Réponse"), *PAIRS], ";", "\r\n").encode("cp1252"),
    "semicolons left at the ends": (csv_of([("Question", "Réponse", "", ""), *((*pair, "", "") for pair in PAIRS)], ";")).encode(),
    "semicolons left out": ("Question;Réponse;;\n" + csv_of(PAIRS, ";")).encode(),
    "Notepad, UTF-16": csv_of([("question", "reponse"), *PAIRS], "\t", "\r\n").encode("utf-16"),
    "UTF-16 without a mark": FRENCH.encode("utf-16-le"),
    "UTF-16, the other order": FRENCH.encode("utf-16-be"),
    "UTF-8 with a mark": FRENCH.encode("utf-8-sig"),
    "MacRoman, carriage returns": (csv_of([("question", "réponse"), *PAIRS], ";", "\r")).encode("mac_roman"),
    "mixed line ends": FRENCH.replace("\n", "\r\n", 1).encode(),
    "a title above": ("FAQ de la boutique\n\n" + FRENCH).encode(),
    "Excel's own first line": ("sep=;\r\n" + FRENCH).encode(),
    "a form of Google": csv_of([("Horodateur", "Votre question", "La réponse attendue"), *(("2026/11/01", *pair) for pair in PAIRS)]).encode(),
    "no header": csv_of(PAIRS * 2, ";").encode(),
    "no header, no accent": csv_of([("Where is it?", "In the hall, on the left."), ("And now?", "Still there, I think.")]).encode(),
    "mojibake": FRENCH.encode().decode("cp1252").encode(),
    "blanks before quotes": 'question, réponse\n"Où ?", "Là, en bas."\n'.encode(),
}  # fmt: skip
READ = {
    "no header": PAIRS * 2,
    "no header, no accent": [("Where is it?", "In the hall, on the left."), ("And now?", "Still there, I think.")],
    "blanks before quotes": [("Où ?", "Là, en bas.")],
}


@pytest.mark.parametrize("case", SOUND)
def test_quirks_that_lose_nothing(case, write):
    assert pairs_of(write("faq.csv", SOUND[case])) == READ.get(case, PAIRS)


# a line after the header "question,answer" → its cells, or the reason why it is rejected
LINES = {
    "stray quotes": ('"Il a dit "oui", je crois",Bien.', ('Il a dit "oui", je crois', "Bien.")),
    "stray quotes over two lines": ('"Il a dit "oui"\npuis, rien",Bien.', ('Il a dit "oui"\npuis, rien', "Bien.")),
    "quotes of a database": (r'"Il a dit \"oui\"",Bien.', ('Il a dit "oui"', "Bien.")),
    "a word in quotes first": ('"Oui" dit-il ?,Bien.', ('"Oui" dit-il ?', "Bien.")),
    "inches": ('Un écran de 5" ?,Oui.', ('Un écran de 5" ?', "Oui.")),
    "quote never closed": ('"Où, déjà ?,Là.', ("Où, déjà ?", "Là.")),
    "comma in an unquoted answer": ("Où ?,Dans la rue, au 3, en haut.", ("Où ?", "Dans la rue, au 3, en haut.")),
    "comma in an unquoted question": ("Où, déjà ?,Là.", ("Où, déjà ?", "Là.")),
    "a figure in an unquoted answer": ("Combien ?,Cela coûte 1,000 euros.", ("Combien ?", "Cela coûte 1,000 euros.")),
    "any other cell too many": ("un,deux,trois", "ragged_row"),
    "a quoted cell too many": ('"un","deux","trois"', "ragged_row"),
    "a cell too few": ("Où est-ce ? Là.", "ragged_row"),
    "a quoted cell, a blank, one cell too many": ('Où ?,"Rue A" ,porte 3', "bad_quotes"),
    "quotes that make no sense": ('"a"b"c', "bad_quotes"),
    "the header again": ("question,answer", "repeated_header"),
    "nothing": (" , ", "empty_row"),
    "NUL": ("O\0ù ?,L\0à.", ("Où ?", "Là.")),
    "French typography": ("«\u00a0Cœur\u00a0» : l’été à 30\u202f% ?,Ça…", ("«\u00a0Cœur\u00a0» : l’été à 30\u202f% ?", "Ça…")),
    "capitals": ("DÉJÀ À CÔTÉ ?,ÉTÉ À VENDRE…", ("DÉJÀ À CÔTÉ ?", "ÉTÉ À VENDRE…")),
}  # fmt: skip


@pytest.mark.parametrize("case", LINES)
def test_a_line_among_sound_ones(case, write):
    """The lines around it come back as they are, and it is repaired or rejected whole."""
    line, expected = LINES[case]
    path = write("faq.csv", f'question,answer\nun ?,"1, un"\n{line}\n"deux ?",2\n')
    before, *found, after = list(SOURCES["csv"].read(Given(path=path)).rows)
    assert (before.answer, after.question) == ("1, un", "deux ?")
    (row,) = found
    assert (row.reason if isinstance(row, Rejected) else (row.question, row.answer)) == expected


def test_bytes_of_two_encodings(write):
    sound = "Où dormir ?,À l’hôtel, en forêt.\n".replace("hôtel,", "hôtel").encode() * 3
    path = write("faq.csv", b"question,answer\n" + sound + "Où manger ?,À côté.\n".encode("cp1252") + b"Fin ?,coup\xc3")
    diagnosis = examine(path, Given())
    assert (diagnosis.rows, diagnosis.written, dict(diagnosis.reasons)) == (5, 4, {"unreadable_bytes": 1})
    assert diagnosis.repairs == {"broken_bytes": 2} and pairs_of(path)[-1] == ("Où manger ?", "À côté.")
    assert diagnosis.rejects["unreadable_bytes"].text == "Fin ?,coup\\xC3"


def test_options_have_an_effect(write):
    path = write("faq.csv", "où^là\nqui^lui\n")
    assert pairs_of(path, separator="^", no_header=True, columns=("1", "2")) == [("où", "là"), ("qui", "lui")]
    path = write("faq.csv", "question^answer\ncœur^œuf\n".encode("iso8859-15"))
    assert pairs_of(path, separator="^", encoding="iso8859-15") == [("cœur", "œuf")]
    assert pairs_of(path, separator="^") != [("cœur", "œuf")]
    path = write("faq.csv", "question,answer\nOù ?,Là.\n")
    assert pairs_of(path, no_header=True, columns=("2", "1")) == [("answer", "question"), ("Là.", "Où ?")]
    path = write("faq.tsv", "question\tanswer\nOù ?\tLà.\n")
    assert pairs_of(path, separator="tab") == [("Où ?", "Là.")]


@pytest.mark.parametrize(
    ("given", "message"),
    [({"encoding": "utf-9"}, "--encoding utf-9"), ({"encoding": "hex"}, "--encoding hex"), ({"separator": "::"}, "--separator ::"),
     ({"columns": ("1", "1")}, "à la fois"), ({"columns": ("question", "1")}, "--columns.*« question »")],
)  # fmt: skip
def test_options_that_make_no_sense(write, given, message):
    with pytest.raises(InputError, match=message):
        pairs_of(write("faq.csv", FRENCH), **given)


def test_two_languages_side_by_side(shared_data):
    path = shared_data / "messy_csv" / "gc_infobase_faq_bilingual.csv"
    reading = SOURCES["csv"].read(Given(path=path))
    rows = list(reading.rows)
    assert len(rows) == 26 and [row.meta["language"] for row in rows[:2]] == ["en", "fr"]
    assert len({row.group for row in rows}) == 13 and len({row.key for row in rows}) == 26
    assert reading.guessed["columns"]["fr"] == {"question": "q_fr", "answer": "a_fr"}
    assert rows[1].question.startswith("D'où proviennent") and rows[0].place == "ligne de données 1 (en)"


REAL = {
    "messy_csv/bootcamp_faq_cp1252.csv": (75, None),
    "messy_csv/gc_infobase_faq_bilingual.csv": (13, ("q_fr", "a_fr")),
    "instructions_small/mental_health_faq.csv": (98, None),
    "instructions_small/alpaca_en_demo.json": (999, None),
    "instructions_small/seed_tasks_en.jsonl": (175, None),
    "instructions_small/seed_tasks_fr_vigogne.jsonl": (175, None),
    "instructions_small/gt_doremiti_fr.jsonl": (28, None),
    "instructions_small/oasst_fr_top1.jsonl": (256, None),
    "instructions_small/ecommerce_faq.json": (79, None),
    "corona_tweets/Corona_NLP_test.csv": (3798, ("OriginalTweet", "Sentiment")),
    "corona_tweets/Corona_NLP_train_first89.csv": (89, ("OriginalTweet", "Sentiment")),
    "cancer_text_substitute/cancer_kaggle_shape_600.csv": (600, ("a", "0")),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(name, shared_data):
    count, columns = REAL[name]
    rows = list(
        SOURCES["jsonl" if ".json" in name else "csv"].read(Given(path=shared_data / name, columns=columns)).rows
    )
    assert len(rows) == count and not [row for row in rows if isinstance(row, Rejected)]


def test_mojibake_of_a_real_file(shared_data):
    reading = SOURCES["csv"].read(Given(path=shared_data / "instructions_small" / "mental_health_faq.csv"))
    rows = list(reading.rows)
    assert not any("â€™" in row.answer for row in rows) and "person’s thoughts" in rows[0].answer
    log = list(reading.repairs())
    assert reading.guessed["repairs"] == {"mojibake": len(log)} and len(log) == 4
    assert (log[0]["row"], log[0]["line"], log[0]["column"]) == (1, 2, "response") and "personâ€™s" in log[0]["before"]
    assert rows[0].meta["repaired"] == ["mojibake"]


# --- what repair writes ---

DAMAGED = 'question;réponse;note\r\nOÃ¹ ?;"LÃ\u00a0";1\r\n"Il a dit "oui"";Bien;2\r\nun;deux\r\n"ouvert;trois;3\r\nQui ?;Moi, oui.;4\r\n'


def test_repair_writes_a_clean_table_a_log_and_the_rejected(write, tmp_path):
    path = write("faq.csv", DAMAGED)
    diagnosis, files = repair(path, Given(), out=default_out(path))
    assert (diagnosis.rows, diagnosis.written, diagnosis.repaired_rows, diagnosis.rejected) == (5, 4, 3, 1)
    assert path.read_bytes() == DAMAGED.encode()
    data = files.table.read_bytes()
    assert data.startswith("question,réponse,note\r\nOù ?,Là,1\r\n".encode()) and b'"Moi, oui."' in data
    with files.table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert [row["question"] for row in rows] == ["Où ?", 'Il a dit "oui"', "ouvert", "Qui ?"]
    log = [json.loads(line) for line in files.repairs.read_text(encoding="utf-8").splitlines()]
    assert [(one["row"], one["line"], one["repair"], one["column"]) for one in log] == [
        (1, 2, "mojibake", "question"), (1, 2, "mojibake", "réponse"), (2, 3, "stray_quote", ""), (4, 5, "unclosed_quote", ""),
    ]  # fmt: skip
    assert (log[0]["before"], log[0]["after"]) == ("OÃ¹ ?", "Où ?")
    (rejected,) = (json.loads(line) for line in files.rejected.read_text(encoding="utf-8").splitlines())
    assert rejected == {"row": 3, "line": 4, "reason": "ragged_row", "detail": "2 ≠ 3", "text": "un;deux\r\n"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["faq.csv", "faq.repaired.csv", "faq.repaired.rejected.jsonl", "faq.repaired.repairs.jsonl"]  # fmt: skip
    again = examine(files.table, Given())
    assert (again.rows, again.repaired_rows, again.rejected) == (4, 0, 0)


def test_a_column_whose_name_holds_bytes_that_are_no_text(write):
    path = write("faq.csv", "question,réponse,où\n".encode()[:-1] + b"\xff\x81\n" + "OÃ¹ ?,Là.,LÃ\u00a0\n".encode())
    _, files = repair(path, Given(), out=default_out(path))
    log = [json.loads(line) for line in files.repairs.read_text(encoding="utf-8").splitlines()]
    assert [one["column"] for one in log] == ["question", "où\\xFF\\x81"]


def test_a_header_is_made_where_there_is_none_and_files_that_would_be_empty_are_not_written(write, tmp_path):
    path = write("faq.csv", csv_of(PAIRS * 2, ";"))
    _, files = repair(path, Given(), out=tmp_path / "new" / "propre.csv")
    assert (
        files.table.read_text(encoding="utf-8").startswith("question,réponse\n") and pairs_of(files.table) == PAIRS * 2
    )
    assert [one.name for one in files.table.parent.iterdir()] == ["propre.csv"]


def test_repair_replaces_nothing_unasked(write):
    path = write("faq.csv", DAMAGED)
    with pytest.raises(InputError, match="jamais touché"):
        repair(path, Given(), out=path, replace_old=True)
    out = write("faq.repaired.csv", "mine")
    with pytest.raises(InputError, match=r"existe déjà.*--replace"):
        repair(path, Given(), out=out)
    assert out.read_text() == "mine"
    repair(path, Given(), out=out, replace_old=True)
    assert out.read_text(encoding="utf-8").startswith("question")


def test_a_folder_where_the_table_should_go_is_told_as_one(write, tmp_path):
    path = write("faq.csv", DAMAGED)
    (tmp_path / "out").mkdir()
    for replace_old in (False, True):
        with pytest.raises(InputError, match="out\u00a0: c'est un dossier, pas un fichier"):
            repair(path, Given(), out=tmp_path / "out", replace_old=replace_old)


@pytest.mark.parametrize("name", ["faq.json.csv", "faq.JSON.csv.gz"])
def test_the_last_ending_says_what_a_file_is(write, name):
    content = b"question,answer\na,b\n"
    assert examine(write(name, gzip.compress(content) if name.endswith(".gz") else content), Given()).rows == 1
    for other in ("faq.csv.json", "faq.jsonl.gz", "faq.JSON"):
        with pytest.raises(InputError, match="pas un tableau"):
            examine(write(other, content), Given())


def test_a_failed_repair_leaves_nothing(write, tmp_path):
    path = write("faq.csv", "question,answer\nun ?,1\n" + "x" * (9 * 2**20))
    with pytest.raises(InputError, match=r"ligne 3.*millions de caractères"):
        repair(path, Given(), out=default_out(path))
    assert [one.name for one in tmp_path.iterdir()] == ["faq.csv"]


def test_prepare_tells_and_logs_its_repairs(write, prepared):
    rows = [(f"Où trouver l'objet {n} ?", f"Au dépôt, rayon {n * 7}.") for n in range(12)]
    data = prepared(write("faq.csv", csv_of([("question", "réponse"), *rows], ";").encode().decode("cp1252").encode()))
    (source,) = data.manifest["sources"]
    log = [json.loads(line) for line in (data.folder / "repairs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert source["guessed"]["repairs"] == {"mojibake": 24} and len(log) == 24
    assert log[0] == {"source": "faq", "row": 1, "line": 2, "repair": "mojibake", "column": "question", "before": "OÃ¹ trouver l'objet 0 ?", "after": "Où trouver l'objet 0 ?"}  # fmt: skip


# --- archives ---


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def test_one_file_in_an_archive(tmp_path, prepared):
    rows = csv_of(
        [("question", "réponse"), *((f"Où trouver l'objet {n} ?", f"Rayon {n * 7}.") for n in range(12))], ";"
    )
    path = zipped(tmp_path / "faq.zip", faq__csv=rows.encode())
    assert prepared(path).manifest["counts"]["kept"] == 12
    lines = "\n".join(json.dumps({"question": f"Où est {n} ?", "answer": f"Rayon {n * 7}."}) for n in range(12))
    path = zipped(tmp_path / "talks.zip", talks__jsonl=lines.encode())
    assert prepared(path, out=tmp_path / "2").manifest["counts"]["kept"] == 12


def test_archives_that_are_refused(tmp_path, write):
    several = zipped(tmp_path / "several.zip", a__csv=b"a", b__csv=b"b")
    nested = zipped(tmp_path / "nested.csv.zip", faq__csv=gzip.compress(b"question,answer\n", mtime=0))
    bomb = zipped(tmp_path / "bomb.csv.zip", faq__csv=b"a,b\n" * 2**25)
    gz = write("bomb.csv.gz", b"".join(gzip.compress(b"\n" * 2**20, mtime=0) for _ in range(128)))
    for path, message in (
        (several, "2 fichiers"),
        (nested, "archive dans une archive"),
        (bomb, "bombe"),
        (gz, "bombe"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            examine(path, Given())
        assert len(str(caught.value).splitlines()) <= 2


def test_an_archive_whose_two_heads_disagree(tmp_path):
    path = zipped(tmp_path / "faq.zip", faq__csv=FRENCH.encode())
    path.write_bytes(path.read_bytes().replace(b"faq.csv", b"fax.csv", 1))  # the first head, not the directory
    with pytest.raises(InputError, match="archive incomplète ou abîmée"):
        examine(path, Given())


MEASURED = """
import json, resource, sys, time
from pathlib import Path
from datasets_prep.clinic import examine
from datasets_prep.spec import Given

def most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before, measures = most(), []
for path in sys.argv[1:]:
    begin = time.process_time()
    diagnosis = examine(Path(path), Given())
    measures.append(((diagnosis.rows, diagnosis.rejected), time.process_time() - begin, most() - before))
print(json.dumps(measures))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
def test_many_rows_take_no_memory(tmp_path):
    counts = (40_000, 80_000)
    paths = [tmp_path / f"{count}.csv" for count in counts]
    for path, count in zip(paths, counts, strict=True):
        with path.open("w", encoding="utf-8") as file:
            file.write("question;réponse\n")
            file.writelines(f"Où est le colis {n} ?;Au dépôt {n % 97}, « rayon {n % 13} ».\n" for n in range(count))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (half, seconds, kib), (whole, twice, more) = json.loads(done.stdout)
    assert (half, whole) == tuple([count, 0] for count in counts)
    assert kib < 20_000 and more < kib + 3_000 and twice < 3 * seconds
