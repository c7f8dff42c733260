"""What a file of votes keeps, what it refuses, and that a withdrawal leaves nothing."""

import sqlite3
from collections import Counter

import pytest

from app.feedback.ballot import Ballot, ballot_of
from app.feedback.report import VOTES
from app.feedback.store import NAME, FeedbackStore
from app.page.opinions import LONGEST_COMMENT
from chatbot.errors import InputError
from tests.app.votes import MAIN, NEAREST, begun, cast, main_is_on_the_left, opinion, prefer

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
