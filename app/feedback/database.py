"""The file of votes and opinions: SQLite in WAL mode, one short transaction each.

A connection lives as long as its transaction, so any thread and any process may write, and between two writes the one
file is all there is. A commit is on the disk before the voter is thanked (``synchronous=FULL``): neither a killed server
nor a power cut loses what was said to be kept. What is withdrawn is overwritten, not only unlinked (``secure_delete``).
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.feedback.ballot import RATED
from chatbot.errors import InputError, WorldError
from chatbot.language import tr

VERSION = 2
APPLICATION = 0x43415553  # "CAUS": tells our files from other SQLite files
PATIENCE = 30.0  # seconds that a writer waits for the one before it

SCHEMA = f"""
CREATE TABLE study (id TEXT PRIMARY KEY, main TEXT NOT NULL, reference TEXT NOT NULL, flip INTEGER NOT NULL,
  identical INTEGER NOT NULL, missing INTEGER NOT NULL, facts TEXT NOT NULL, began TEXT NOT NULL);
CREATE TABLE item (study TEXT NOT NULL REFERENCES study, id TEXT NOT NULL, place INTEGER NOT NULL, split TEXT NOT NULL,
  sealed INTEGER NOT NULL, topic TEXT NOT NULL, question TEXT NOT NULL, main_answer TEXT NOT NULL,
  reference_answer TEXT NOT NULL, main_finish TEXT NOT NULL, reference_finish TEXT NOT NULL, main_seconds REAL,
  reference_seconds REAL, settings TEXT NOT NULL, context TEXT NOT NULL DEFAULT '', history TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (study, id), UNIQUE (study, place));
CREATE TABLE person (id TEXT PRIMARY KEY, study TEXT REFERENCES study, parity INTEGER, training INTEGER NOT NULL,
  began TEXT NOT NULL);
CREATE TABLE shown (ticket TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES person ON DELETE CASCADE,
  item TEXT NOT NULL, main_left INTEGER NOT NULL, at TEXT NOT NULL, UNIQUE (person, item));
CREATE TABLE vote (ticket TEXT PRIMARY KEY REFERENCES shown ON DELETE CASCADE,
  choice TEXT NOT NULL CHECK (choice IN ('left', 'right', 'both_good', 'both_bad')),
  {", ".join(f"{name} INTEGER CHECK ({name} BETWEEN 1 AND 5)" for name in RATED)},
  comment TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE opinion (person TEXT NOT NULL REFERENCES person ON DELETE CASCADE, turn TEXT NOT NULL,
  liked INTEGER NOT NULL, messages TEXT NOT NULL, answer TEXT NOT NULL, finish TEXT NOT NULL, model TEXT NOT NULL,
  settings TEXT NOT NULL, seconds REAL NOT NULL, first_seconds REAL NOT NULL, comment TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (person, turn));
CREATE TABLE sealed (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE prepared (folder TEXT PRIMARY KEY) WITHOUT ROWID;
"""

# Version 2 keeps what came with a question: its text, and the conversation before it.
FROM_1 = """
ALTER TABLE item ADD COLUMN context TEXT NOT NULL DEFAULT '';
ALTER TABLE item ADD COLUMN history TEXT NOT NULL DEFAULT '[]'
"""


@dataclass(frozen=True)
class FeedbackFile:
    """The file: opened, its tables made, its errors told; it is made when it is first opened to write."""

    path: Path

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a query, for the report and the export.

        Raises:
            InputError: there is no such file.
        """
        if not self.path.is_file():
            raise InputError(
                tr(f"{self.path} : pas de votes ici. Ouvrez un test : causette serve RUN --user-test",
                   f"{self.path}: no votes here. Open a test: causette serve RUN --user-test")
            )  # fmt: skip
        with self._reading() as db:
            return [dict(row) for row in db.execute(query, values)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection for one transaction, its errors in the user's words."""
        try:
            if not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            db.row_factory = sqlite3.Row
            with closing(db):
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA foreign_keys = ON")
                db.execute("PRAGMA secure_delete = ON")
                self._check(db)
                yield db
        except sqlite3.Error as error:
            raise self._in_words(error) from error
        except OSError as error:
            raise self._in_words(sqlite3.OperationalError(str(error))) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that waits for its turn, is whole or not at all, and on the disk when the block is left."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    _reading = _open

    def _check(self, db: sqlite3.Connection) -> None:
        """Makes the tables of a new file, brings an older one up; refuses one that is not ours, or of a later version."""
        version = _pragma(db, "user_version")
        if version == 0 and not _tables(db):
            _to_wal(db)
            db.execute("BEGIN IMMEDIATE")
            if not _tables(db):  # nobody was faster
                for statement in SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        elif _pragma(db, "application_id") != APPLICATION:
            raise InputError(
                tr(f"{self.path} : cette base SQLite n'est pas un fichier de votes de Causette. Choisissez un autre nom.",
                   f"{self.path}: this SQLite database is no file of votes of Causette. Choose another name.")
            )  # fmt: skip
        elif version > VERSION:
            raise InputError(
                tr(f"{self.path} : fichier de la version {version}, celle-ci lit la {VERSION}. Mettez Causette à jour.",
                   f"{self.path}: file of version {version}, this one reads {VERSION}. Update Causette.")
            )  # fmt: skip
        elif version < VERSION:
            db.execute("BEGIN IMMEDIATE")
            if _pragma(db, "user_version") < VERSION:  # nobody was faster
                for statement in FROM_1.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")

    def _in_words(self, error: sqlite3.Error) -> InputError | WorldError:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            return InputError(
                tr(f"{self.path} : fichier de votes abîmé, ou d'une autre sorte ({error}). Reprenez une copie, ou un autre nom.",
                   f"{self.path}: damaged file of votes, or of another kind ({error}). Take a copy, or another name.")
            )  # fmt: skip
        return WorldError(
            tr(f"{self.path} : le fichier de votes ne se laisse pas écrire ou lire ({error}).",
               f"{self.path}: the file of votes cannot be written or read ({error}).")
        )  # fmt: skip


def _to_wal(db: sqlite3.Connection) -> None:
    """Makes a new file one with a write-ahead log.

    SQLite does not wait here as it does elsewhere: where two connections ask at once, one is refused without delay.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _tables(db: sqlite3.Connection) -> int:
    return db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
