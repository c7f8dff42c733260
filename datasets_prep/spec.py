"""What a source of rows declares about itself, what the user says about it, and what reading it gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from chatbot.language import tr
from datasets_prep.download import Upstream
from datasets_prep.phrasing import RequestLanguage
from datasets_prep.questions.making import BY_RULES, Making
from datasets_prep.rows import Rejected, Row
from datasets_prep.spool import Kept


class Shares(NamedTuple):
    """The part of the rows that each split should get; they sum to 1."""

    train: float
    validation: float
    test: float


Splits = dict[str, list[Kept]]
Words = tuple[str, str]  # in French and in English
Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, kw_only=True)
class SplitRule:
    """How dialogues are dealt out to the splits.

    Args:
        split: (dialogues, shares, seed) → split name → its dialogues.
        words: the rule in French and in English, for the manifest.
        labels: the keys of `meta` that it reads.
    """

    split: Callable[[Sequence[Kept], Shares, int], Splits]
    words: Words
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Licence:
    """The ledger entry of a source: what may be done with it, and where that is said.

    Args:
        stated: the licence as the source states it, in French and in English.
        attribution: whom to name, and how.
        redistribution: whether copies may be passed on.
        commercial_use: whether it may serve in a product.
        share_alike: whether what is made from it must bear the same licence.
        personal_data: what it holds about persons, in French and in English.
        link: where the licence is stated.
        checked: when that was read (year-month); "" where nobody did: a team's own file.
        identifier: of the licence that its owner declared ("cc-by-4.0"); "" where nobody declared one.
    """

    stated: Words
    attribution: str
    redistribution: Answer
    commercial_use: Answer
    personal_data: Words
    link: str
    checked: str
    share_alike: Answer = "unknown"
    identifier: str = ""

    def to_json(self) -> dict[str, str]:
        """The entry as a manifest holds it, its words in the user's language; `identifier` only where there is one."""
        entry = {**asdict(self), "stated": tr(*self.stated), "personal_data": tr(*self.personal_data)}
        return {name: value for name, value in entry.items() if name != "identifier" or value}


def silent(line: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the user says about a source.

    Args:
        path: a file to read instead of downloading.
        columns: names of the question and answer columns, instead of guessing them.
        part: the part of the set after the colon: "boutique" of "embedded:boutique".
        requests: language of the requests, in sets for which Causette phrases them.
        making: how pairs are made from a document.
        say: told what the reading of a document came to, in the user's language.
        encoding: of the file, instead of finding it out.
        separator: of its columns, instead of finding it out.
        no_header: whether its first row is data already.
        licence: what the owner of the file declares, instead of the source's own.
    """

    path: Path | None = None
    columns: tuple[str, str] | None = None
    part: str = ""
    requests: RequestLanguage = "en"
    making: Making = BY_RULES
    say: Callable[[str], object] = silent
    encoding: str | None = None
    separator: str | None = None
    no_header: bool = False
    licence: Licence | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A source opened for reading.

    Args:
        rows: its rows, in its order, each once.
        files: every file that the rows come from.
        revision: the version of the source, as far as it has one.
        guessed: what was guessed about the files: encoding, separator, columns; "repairs" holds a count for each kind of
            repair, complete once the rows are read.
        remarks: the same in sentences, for the user.
        repairs: reads the files anew and gives each repair as a line of repairs.jsonl.
    """

    rows: Iterator[Row | Rejected]
    files: tuple[Path, ...]
    revision: str = ""
    guessed: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    repairs: Callable[[], Iterator[dict[str, Any]]] = lambda: iter(())


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """A source of question and answer rows.

    Args:
        name: what the user types.
        title: what it is, in French and in English.
        language: of its texts: "fr", "en", or "" when only its owner knows.
        size: rows and bytes, in French and in English.
        origin: where it comes from, in French and in English.
        licence: its ledger entry.
        read: opens it.
        takes_file: whether a file of the user (`Given.path`) can be read.
        parts: names that may follow the colon ("embedded:boutique") → the themes that each holds.
        split_rule: a rule of its own, in place of the split by group.
        upstreams: what it is downloaded from.
        takes: the fields of `Given` beside `path` and `part` that it heeds.
        invented: whether its telephone numbers and addresses are invented, and need no mask.
    """

    name: str
    title: Words
    language: str
    size: Words
    origin: Words
    licence: Licence
    read: Callable[[Given], Reading]
    takes_file: bool = False
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split_rule: SplitRule | None = None
    upstreams: tuple[Upstream, ...] = ()
    takes: frozenset[str] = frozenset()
    invented: bool = False
