"""The file of votes: what is kept, what is refused, many at once, kills, withdrawals, other files."""

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

from app.feedback.ballot import Ballot, ballot_of
from app.feedback.report import VOTES
from app.feedback.store import NAME, FeedbackStore
from app.feedback.study import read_study, sealed_in
from app.page.opinions import LONGEST_COMMENT, Opinion
from chatbot.dialogue import user
from chatbot.errors import InputError, WorldError
from tests.app.votes import MAIN, NEAREST, REFERENCE, begun, cast, comparison, main_is_on_the_left, prefer, written

ROOT = Path(__file__).resolve().parents[2]


def opinion(turn="t1", liked=True, **more):
    fields = {"messages": (user("Où est ma commande ?"),), "answer": "Elle arrive.", "finish": "end", "model": MAIN,
              "settings": {"temperature": 0.0}, "seconds": 0.4, "first_seconds": 0.1}  # fmt: skip
    return Opinion(turn=turn, liked=liked, **{**fields, **more})


# -- the study --------------------------------------------------------------------------------------------------------


def test_a_study_is_what_the_comparison_holds(tmp_path):
    folder = written(tmp_path, comparison((("train", 3), ("test", 4)), same=1))
    study = read_study(folder)
    assert (study.main, study.reference) == (MAIN, REFERENCE)
    assert len(study.items) == 5 and study.identical == 2
    first = next(item for item in study.items if item.split == "test")
    assert first.sealed and first.main.answer == "Alpha dit test 1." and first.main.seconds == 0.5
    assert first.settings["sampling"]["max_new_tokens"] == 80
    assert len(study.sealed) == 4  # the one left out is sealed too
    assert sealed_in(folder) == study.sealed and sealed_in(tmp_path / "absent") == set()
    assert read_study(folder / "comparison.json").id == study.id
    other = read_study(folder, (MAIN, NEAREST))
    assert other.reference == NEAREST and other.id != study.id


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda value: value.update(format=1), "format 2"),
        (lambda value: value.pop("models"), "pas une comparaison entière"),
        (lambda value: value["comparisons"][0].pop("split"), "pas une comparaison entière"),
        (lambda value: value.update(reference="gpt2"), f"Modèles comparés\u00a0: {MAIN}"),
    ],
)
def test_a_file_that_is_no_comparison_is_told_with_its_cure(tmp_path, change, said):
    value = comparison()
    change(value)
    with pytest.raises(InputError, match=said):
        read_study(written(tmp_path, value))


def test_no_comparison_no_json_no_difference_are_told(tmp_path):
    with pytest.raises(InputError, match=r"causette compare .*run"):
        read_study(tmp_path / "run")
    (tmp_path / "comparison.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="format 2"):
        read_study(tmp_path)
    with pytest.raises(InputError, match="identiques\u00a0: 10.*--pair"):
        read_study(written(tmp_path, comparison(same=99)))
    with pytest.raises(InputError, match="deux modèles différents"):
        read_study(written(tmp_path), (MAIN, MAIN))


# -- voting -----------------------------------------------------------------------------------------------------------


def test_a_person_is_asked_each_question_once_and_what_is_kept_is_all_of_it(tmp_path):
    test = begun(tmp_path)
    person = test.join(training=True)
    seen = [cast(test, person, "both_good", comment=" Bien. ", left_clear=5, right_correct=1) for _ in range(8)]
    assert len({shown.question for shown in seen}) == 8 and test.next(person) is None
    assert [(shown.number, shown.of) for shown in seen] == [(n, 8) for n in range(1, 9)]
    rows = test.store.rows(VOTES, test.study.id)
    assert len(rows) == 8 and {row["verdict"] for row in rows} == {"both_good"}
    assert {(row["comment"], row["left_clear"], row["left_useful"], row["right_correct"]) for row in rows} == {
        ("Bien.", 5, None, 1)
    }
    columns = {column for table in ("person", "shown", "vote") for column in columns_of(test.store, table)}
    assert not columns & {"name", "ip", "address", "email", "agent"}
    assert (tmp_path / NAME).read_bytes()[:16] == b"SQLite format 3\0"
    with sqlite3.connect(tmp_path / NAME) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def columns_of(store, table):
    return [row["name"] for row in store.rows(f"SELECT name FROM pragma_table_info('{table}')")]


def test_the_winner_is_the_model_whatever_its_side(tmp_path):
    test = begun(tmp_path)
    persons = [test.join(training=False) for _ in range(2)]
    sides = {person: [main_is_on_the_left(prefer(test, person)) for _ in range(8)] for person in persons}
    assert {row["verdict"] for row in test.store.rows(VOTES, test.study.id)} == {"main"}
    assert [sum(given) for given in sides.values()] == [4, 4]


def test_a_question_stays_until_it_is_judged_and_a_second_click_is_the_same_vote(tmp_path):
    test = begun(tmp_path)
    person = test.join(training=False)
    shown = test.next(person)
    assert test.next(person) == shown
    assert test.vote(person, shown.ticket, Ballot(choice="left"))
    assert not test.vote(person, shown.ticket, Ballot(choice="right"))
    (row,) = test.store.rows(VOTES, test.study.id)
    assert row["choice"] == "left" and test.next(person).number == 2


@pytest.mark.parametrize(
    ("choice", "ratings", "comment", "said"),
    [
        ("middle", [None] * 6, "", "Choisissez"),
        (None, [None] * 6, "", "Choisissez"),
        (["left"], [None] * 6, "", "Choisissez"),
        ("left", [0, *[None] * 5], "", "de 1 à 5"),
        ("left", [*[None] * 5, 6], "", "de 1 à 5"),
        ("left", [2.5, *[None] * 5], "", "de 1 à 5"),
        ("left", ["3", *[None] * 5], "", "de 1 à 5"),
        ("left", [True, *[None] * 5], "", "de 1 à 5"),
        ("left", [None] * 6, "a" * (LONGEST_COMMENT + 1), "trop long"),
        ("left", [None] * 6, ["a"], "un texte"),
    ],
)
def test_a_ballot_that_no_page_would_send_is_refused(choice, ratings, comment, said):
    with pytest.raises(InputError, match=said):
        ballot_of(choice, ratings, comment)


def test_a_vote_needs_the_ticket_of_this_person(tmp_path):
    test = begun(tmp_path)
    one, other = test.join(training=False), test.join(training=False)
    ticket = test.next(one).ticket
    for person, given in ((other, ticket), (one, "made up"), ("nobody", ticket)):
        with pytest.raises(InputError, match="pas été posée"):
            test.vote(person, given, Ballot(choice="left"))
    with pytest.raises(InputError, match="accord"):
        test.next("nobody")
    assert test.store.rows(VOTES, test.study.id) == []


def test_a_study_goes_on_after_a_restart_and_another_one_is_apart(tmp_path):
    test = begun(tmp_path)
    person = test.join(training=False)
    cast(test, person)
    again = begun(tmp_path)
    assert again.knows(person) and again.next(person).number == 2
    other = begun(tmp_path, pair=(MAIN, NEAREST))
    assert not other.knows(person) and other.name != test.name
    assert len(test.store.rows("SELECT id FROM study")) == 2


def test_a_withdrawal_leaves_nothing_in_the_file(tmp_path):
    test = begun(tmp_path)
    gone, stays = test.join(training=True), test.join(training=True)
    cast(test, gone, comment="un secret que je regrette")
    cast(test, stays, comment="celui-ci reste")
    assert b"regrette" in content(tmp_path)
    assert test.withdraw(gone) == 1 and not test.knows(gone)
    assert b"regrette" not in content(tmp_path) and gone.encode() not in content(tmp_path)
    assert b"celui-ci reste" in content(tmp_path)
    assert len(test.store.rows(VOTES, test.study.id)) == 1
    assert test.withdraw(gone) == 0


def content(folder):
    return b"".join(path.read_bytes() for path in folder.glob(f"{NAME}*"))


def test_who_withdraws_gives_their_place_in_the_order_back(tmp_path):
    test = begun(tmp_path)
    persons = [test.join(training=False) for _ in range(3)]  # parities 0, 1, 0
    test.withdraw(persons[1])
    test.join(training=False)
    parities = Counter(row["parity"] for row in test.store.rows("SELECT parity FROM person"))
    assert parities == {0: 2, 1: 1}


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


# -- opinions ---------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_of_somebody_who_did_not_agree(tmp_path):
    store = FeedbackStore(tmp_path / NAME)
    assert not store.knows("somebody") and not store.path.exists()
    with pytest.raises(InputError, match="accord"):
        store.keep("somebody", opinion())
    assert store.rows("SELECT * FROM opinion") == []


def test_an_opinion_is_replaced_by_the_next_on_the_same_answer(tmp_path):
    store = FeedbackStore(tmp_path / NAME)
    person = store.agree(training=True)
    store.keep(person, opinion(comment="Trop vague"))
    store.keep(person, opinion(liked=False))
    store.keep(person, opinion(turn="t2"))
    first, second = store.rows("SELECT * FROM opinion ORDER BY turn")
    assert (first["liked"], first["comment"], second["liked"]) == (0, "Trop vague", 1)
    assert first["messages"] == '[{"role": "user", "content": "Où est ma commande ?"}]'
    assert (first["model"], first["seconds"], first["settings"]) == (MAIN, 0.4, '{"temperature": 0.0}')
    assert store.withdraw(person) == 2 and store.rows("SELECT * FROM opinion") == []


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
