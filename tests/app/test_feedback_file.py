"""The file of votes: many at once, kills, files that are none of ours."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.feedback.report import VOTES
from app.feedback.store import NAME, FeedbackStore
from chatbot.errors import InputError, WorldError
from tests.app.votes import (
    begun,
    comparison,
    main_is_on_the_left,
    prefer,
    written,
)

ROOT = Path(__file__).resolve().parents[2]


# -- many at once -----------------------------------------------------------------------------------------------------


def test_twenty_simultaneous_voters_lose_nothing(tmp_path):
    test = begun(tmp_path, comparison((("test", 9),)))
    start = threading.Barrier(20)

    def voter(number):
        start.wait()
        person = test.join(training=number % 2 == 0)
        return [(shown := prefer(test, person, comment=f"{number}"), main_is_on_the_left(shown))[1] for _ in range(8)]

    with ThreadPoolExecutor(20) as pool:
        sides = list(pool.map(voter, range(20)))
    rows = test.store.rows(VOTES, test.study.id)
    assert len(rows) == 160 and {row["verdict"] for row in rows} == {"main"}
    assert Counter(row["comment"] for row in rows) == {f"{number}": 8 for number in range(20)}
    assert [sum(given) for given in sides] == [4] * 20
    on_the_left = Counter(row["item"] for row in rows if row["main_left"])
    assert set(on_the_left.values()) == {10} and len(on_the_left) == 8


VOTER = """
import sys
from app.feedback.ballot import Ballot
from app.feedback.serving import StoredTest
from app.feedback.store import FeedbackStore
from app.feedback.study import read_study
from pathlib import Path
folder = Path(sys.argv[1])
test = StoredTest(FeedbackStore(folder / "feedback.sqlite"), read_study(folder))
print("ready", flush=True)
sys.stdin.readline()
test.store.begin(test.study)
person = test.join(True)
while shown := test.next(person):
    test.vote(person, shown.ticket, Ballot(choice="left"))
    print(shown.ticket, flush=True)
"""


def voting(folder):
    return subprocess.Popen(
        [sys.executable, "-c", VOTER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_several_processes_make_one_file_and_lose_nothing(tmp_path):
    written(tmp_path, comparison((("test", 9),)))
    processes = [voting(tmp_path) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate()[0].split() for process in processes]
    assert [len(tickets) for tickets in told] == [8] * 4
    store = FeedbackStore(tmp_path / NAME)
    assert {row["ticket"] for row in store.rows("SELECT ticket FROM vote")} == {one for each in told for one in each}
    assert len(store.rows("SELECT id FROM study")) == 1


def test_a_killed_server_keeps_every_vote_that_was_told_kept(tmp_path):
    written(tmp_path, comparison((("test", 200),)))
    process = voting(tmp_path)
    process.stdin.write("\n")
    process.stdin.flush()
    told = [process.stdout.readline() for _ in range(6)][1:]
    process.send_signal(signal.SIGKILL)
    told += process.communicate()[0].splitlines(keepends=True)
    store = FeedbackStore(tmp_path / NAME)
    kept = {row["ticket"] for row in store.rows("SELECT ticket FROM vote")}
    assert {line.strip() for line in told if line.endswith("\n")} <= kept and len(kept) >= 5
    assert store.rows("PRAGMA integrity_check")[0] == {"integrity_check": "ok"}


# -- other files ------------------------------------------------------------------------------------------------------


def test_files_that_are_none_of_ours_are_told_in_one_line(tmp_path):
    store = FeedbackStore(tmp_path / NAME)
    with pytest.raises(InputError, match="pas de votes ici"):
        store.rows("SELECT 1")
    store.agree(training=False)
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(InputError, match=r"version 7.*Mettez Causette à jour"):
        store.rows("SELECT 1")

    text = replace(store, path=tmp_path / "notes.txt")
    text.path.write_text("Ce n'est pas une base, mais un texte assez long pour en avoir l'air." * 40, encoding="utf-8")
    with pytest.raises(InputError, match="abîmé, ou d'une autre sorte") as told:
        text.rows("SELECT 1")
    assert "\n" not in str(told.value)

    other = replace(store, path=tmp_path / "other.sqlite")
    with sqlite3.connect(other.path) as db:
        db.execute("CREATE TABLE music (title TEXT)")
    db.close()
    with pytest.raises(InputError, match="pas un fichier de votes"):
        other.agree(training=False)


def test_a_damaged_file_is_told(tmp_path):
    test = begun(tmp_path)
    path = tmp_path / NAME
    with path.open("r+b") as file:
        file.seek(2048)
        file.write(b"\xff" * (path.stat().st_size - 2048))
    with pytest.raises(InputError, match="abîmé"):
        test.store.rows("SELECT * FROM item")


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises((WorldError, InputError), match="ne se laisse pas"):
        FeedbackStore(tmp_path / "file" / NAME).agree(training=False)


COMERS = """
import multiprocessing, sys
from pathlib import Path
from app.feedback.store import FeedbackStore

def come(barrier, folder, told):
    refused = 0
    for number in range(100):
        store = FeedbackStore(Path(folder) / f"{number}.sqlite")
        barrier.wait(60)
        try:
            with store._writing():
                pass
        except Exception:
            refused += 1
    told.put(refused)

if __name__ == "__main__":
    barrier, told = multiprocessing.Barrier(4), multiprocessing.Queue()
    persons = [multiprocessing.Process(target=come, args=(barrier, sys.argv[1], told)) for _ in range(4)]
    for person in persons:
        person.start()
    print(sum(told.get() for _ in persons))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are begun by fork")
def test_a_new_file_is_made_once_by_those_who_come_at_the_same_moment(tmp_path):
    """SQLite itself refuses some of those who ask for the write-ahead log together: about one in twenty, here."""
    done = subprocess.run([sys.executable, "-c", COMERS, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "0", done.stderr[-500:]
