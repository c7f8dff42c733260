"""What people gave, kept: who takes part, what they were shown, votes, opinions, withdrawals.

    study ─┬─ item                     the questions with their two answers, each with its hidden place
           └─ person ─┬─ shown ── vote     a vote belongs to a showing: person, question, side, time
                      └─ opinion           a thumb on an answer of a conversation (persons without a study)
    sealed, prepared                   hashes of the held-out questions; the folders where more of them may lie

A person is a random name without any other trait: no name, no address, no browser. The file itself is `database`'s.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.feedback.ballot import RATED, Ballot, Shown
from app.feedback.blind import Candidate, main_is_left, next_question
from app.feedback.database import FeedbackFile
from app.feedback.study import Study
from app.page.opinions import Opinion, Person
from chatbot.dialogue import Message
from chatbot.errors import InputError
from chatbot.language import tr

NAME = "feedback.sqlite"


@dataclass(frozen=True)
class FeedbackStore(FeedbackFile):
    """What is written into a file of votes and opinions; the file is made by the first that is to be kept.

    Every method may raise InputError (not our file, of a newer version, damaged) or WorldError (the disk refuses).
    """

    # -- user tests -------------------------------------------------------------------------------------------------

    def begin(self, study: Study) -> None:
        """Notes a study and its questions in hidden places; one that is known goes on."""
        places = list(range(len(study.items)))
        secrets.SystemRandom().shuffle(places)
        with self._writing() as db:
            if db.execute("SELECT 1 FROM study WHERE id = ?", [study.id]).fetchone():
                return
            db.execute(
                "INSERT INTO study VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [study.id, study.main, study.reference, secrets.randbelow(2), study.identical, study.missing,
                 json.dumps(study.facts, ensure_ascii=False), _now()],
            )  # fmt: skip
            db.executemany(
                f"INSERT INTO item VALUES ({', '.join('?' * 16)})",
                [
                    [study.id, item.id, place, item.split, item.sealed, item.group, item.question, item.main.answer,
                     item.reference.answer, item.main.finish, item.reference.finish, item.main.seconds,
                     item.reference.seconds, json.dumps(item.settings, ensure_ascii=False), item.context,
                     messages_json(item.history)]
                    for item, place in zip(study.items, places, strict=True)
                ],
            )  # fmt: skip
            _note_sealed(db, study.sealed)
            _note_prepared(db, str(study.facts["data"].get("folder", "")))

    def join(self, study: str, training: bool) -> str:
        """A new person, who agreed to take part, and to training or not; returns their random name.

        They get the parity that fewer persons have, and of two alike the one with fewer votes.
        """
        person = secrets.token_urlsafe(16)
        with self._writing() as db:
            counts = {0: (0, 0), 1: (0, 0)}
            for parity, persons, votes in db.execute(
                "SELECT parity, COUNT(DISTINCT person.id), COUNT(vote.ticket) FROM person "
                "LEFT JOIN shown ON shown.person = person.id LEFT JOIN vote USING (ticket) "
                "WHERE study = ? GROUP BY parity",
                [study],
            ):
                counts[parity] = persons, votes
            parity = min(counts, key=lambda parity: counts[parity])
            db.execute("INSERT INTO person VALUES (?, ?, ?, ?, ?)", [person, study, parity, training, _now()])
        return person

    def knows(self, person: Person, study: str | None = None) -> bool:
        """Whether somebody of that name agreed: to take part in this study, or (None) to have opinions kept."""
        if not isinstance(person, str) or not self.path.exists():
            return False
        with self._reading() as db:
            return _person(db, person, study) is not None

    def next(self, study: str, person: str) -> Shown | None:
        """What the person is to judge now, the same until they did; None when they judged all.

        Raises:
            InputError: nobody of that name takes part.
        """
        with self._writing() as db:
            known = _person(db, person, study)
            if known is None:
                raise _unknown_person()
            voted = db.execute("SELECT COUNT(*) FROM vote JOIN shown USING (ticket) WHERE person = ?", [person])
            number = voted.fetchone()[0] + 1
            candidates = [
                Candidate(id=id, place=place, shown=shown, main_left=left or 0, seen=bool(seen))
                for id, place, shown, left, seen in db.execute(
                    "SELECT item.id, place, COUNT(ticket), SUM(main_left), SUM(person.id = ?) FROM item "
                    "LEFT JOIN (shown JOIN person ON person.id = shown.person) "
                    "ON shown.item = item.id AND person.study = item.study "
                    "WHERE item.study = ? GROUP BY item.id ORDER BY place",
                    [person, study],
                )
            ]
            pending = db.execute(
                "SELECT ticket, item, main_left FROM shown LEFT JOIN vote USING (ticket) "
                "WHERE person = ? AND vote.ticket IS NULL",
                [person],
            ).fetchone()
            if pending is None:
                flip = db.execute("SELECT flip FROM study WHERE id = ?", [study]).fetchone()[0]
                chosen = next_question(candidates, person, known["parity"], flip)
                if chosen is None:
                    return None
                pending = secrets.token_urlsafe(16), chosen.id, main_is_left(known["parity"], chosen.place, flip)
                ticket, item, main_left = pending
                db.execute("INSERT INTO shown VALUES (?, ?, ?, ?, ?)", [ticket, person, item, main_left, _now()])
            ticket, item, main_left = pending
            question, context, history, *answers = db.execute(
                "SELECT question, context, history, main_answer, reference_answer FROM item WHERE study = ? AND id = ?",
                [study, item],
            ).fetchone()
        left, right = answers if main_left else reversed(answers)
        return Shown(ticket=ticket, number=number, of=len(candidates), question=question, context=context,
                     history=messages_of(history), left=left, right=right)  # fmt: skip

    def vote(self, person: str, ticket: str, ballot: Ballot) -> bool:
        """Keeps a vote; returns False when it was kept before (a double click, a request sent again).

        Raises:
            InputError: the person was not shown a question by that ticket.
        """
        ratings = [ballot.ratings.get(name) for name in RATED]
        with self._writing() as db:
            if not db.execute("SELECT 1 FROM shown WHERE ticket = ? AND person = ?", [ticket, person]).fetchone():
                raise InputError(
                    tr("Cette question ne vous a pas été posée, ou vos votes ont été retirés : rechargez la page.",
                       "You were not asked that question, or your votes were withdrawn: load the page again.")
                )  # fmt: skip
            done = db.execute(
                f"INSERT INTO vote VALUES ({', '.join('?' * (len(RATED) + 4))}) ON CONFLICT (ticket) DO NOTHING",
                [ticket, ballot.choice, *ratings, ballot.comment, _now()],
            )
            return done.rowcount == 1

    def votes_of(self, person: str) -> int:
        """How many votes of a person are kept."""
        with self._reading() as db:
            query = "SELECT COUNT(*) FROM vote JOIN shown USING (ticket) WHERE person = ?"
            return db.execute(query, [person]).fetchone()[0]

    # -- opinions ---------------------------------------------------------------------------------------------------

    def agree(self, training: bool) -> str:
        """A new person who agreed to have opinions kept; returns their random name."""
        person = secrets.token_urlsafe(16)
        with self._writing() as db:
            db.execute("INSERT INTO person VALUES (?, NULL, NULL, ?, ?)", [person, training, _now()])
        return person

    def keep(self, person: str, opinion: Opinion) -> None:
        """Keeps an opinion, in place of the person's earlier one on the same answer; a comment stays until another comes.

        Raises:
            InputError: nobody of that name agreed.
        """
        with self._writing() as db:
            if _person(db, person, None) is None:
                raise _unknown_person()
            db.execute(
                f"INSERT INTO opinion VALUES ({', '.join('?' * 12)}) ON CONFLICT (person, turn) DO UPDATE SET "
                "liked = excluded.liked, at = excluded.at, comment = ifnull(nullif(excluded.comment, ''), comment)",
                [person, opinion.turn, opinion.liked,
                 messages_json(opinion.messages), opinion.answer,
                 opinion.finish, opinion.model, json.dumps(opinion.settings, ensure_ascii=False), opinion.seconds,
                 opinion.first_seconds, opinion.comment, _now()],
            )  # fmt: skip

    # -- for both ---------------------------------------------------------------------------------------------------

    def withdraw(self, person: str) -> int:
        """Deletes a person with all votes and opinions; returns how many there were."""
        with self._writing() as db:
            count = db.execute(
                "SELECT (SELECT COUNT(*) FROM vote JOIN shown USING (ticket) WHERE person = ?1) "
                "+ (SELECT COUNT(*) FROM opinion WHERE person = ?1)",
                [person],
            ).fetchone()[0]
            db.execute("DELETE FROM person WHERE id = ?", [person])
        with self._open() as db:  # the log still holds the pages as they were
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def note_sealed(self, keys: Iterable[str], folder: str = "") -> None:
        """Notes held-out questions, and the prepared set where they lie."""
        with self._writing() as db:
            _note_sealed(db, keys)
            _note_prepared(db, folder)


def messages_json(messages: Iterable[Message]) -> str:
    """Messages as the file keeps them."""
    return json.dumps([message.to_json() for message in messages], ensure_ascii=False)


def messages_of(text: str) -> tuple[Message, ...]:
    """What `messages_json` wrote."""
    return tuple(Message(**message) for message in json.loads(text))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _person(db: sqlite3.Connection, person: str, study: str | None) -> Any:
    return db.execute("SELECT * FROM person WHERE id = ? AND study IS ?", [person, study]).fetchone()


def _unknown_person() -> InputError:
    return InputError(
        tr("Votre accord n'est pas noté, ou il a été retiré : rechargez la page.",
           "Your consent is not noted, or was withdrawn: load the page again.")
    )  # fmt: skip


def _note_sealed(db: sqlite3.Connection, keys: Iterable[str]) -> None:
    db.executemany("INSERT OR IGNORE INTO sealed VALUES (?)", [[key] for key in sorted(keys)])


def _note_prepared(db: sqlite3.Connection, folder: str) -> None:
    if folder:
        db.execute("INSERT OR IGNORE INTO prepared VALUES (?)", [folder])
