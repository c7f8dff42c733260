"""What the tabs *Données*, *Entraînement* and *À propos* show, as plain values that go to JSON and come back.

Computing them takes data and training code (`app.exhibits`); showing them takes none, so that they can be carried to
where neither is. What is in words is there in both languages (`Said`), what is a number is one.
"""

from dataclasses import dataclass
from typing import Protocol

from chatbot.language import tr


@dataclass(frozen=True)
class Said:
    """A text in both languages; as text it is that of the current one."""

    fr: str
    en: str

    def __str__(self) -> str:
        return tr(self.fr, self.en)


@dataclass(frozen=True)
class Count:
    """How many of something."""

    name: Said
    count: int


# -- data -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file that rows were read from."""

    name: str
    octets: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source of a prepared set, with its entry in the licence ledger; answers are "yes", "no" or "unknown"."""

    name: str
    title: Said
    origin: Said
    revision: str
    language: str
    weight: float
    read: int
    kept: int
    licence: Said
    attribution: str
    redistribution: str
    commercial_use: str
    share_alike: str
    personal_data: Said
    link: str
    checked: str
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A turn of a dialogue; a text that came with the request stands below it."""

    role: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token as text, and whether it is learnt."""

    text: str
    learnt: bool


@dataclass(frozen=True, kw_only=True)
class ShownDialogue:
    """A training dialogue, and its first tokens as the model reads them.

    Args:
        id, source, group: of the dialogue.
        labels: key → value, what its source tells of it (theme, origin).
        turns: its messages.
        tokens: the first of them; none where the tokenizer is not at hand.
        count, learnt: how many tokens there are in all, and how many of them are learnt.
    """

    id: str
    source: str
    group: str
    labels: tuple[tuple[str, str], ...]
    turns: tuple[Turn, ...]
    tokens: tuple[Token, ...] = ()
    count: int = 0
    learnt: int = 0


@dataclass(frozen=True, kw_only=True)
class DataExhibit:
    """A prepared set as its manifest tells it.

    Args:
        name: of its folder.
        created: ISO 8601.
        read, kept, rejected, copies: rows; read = kept + rejected.
        reasons: why rows were rejected, the most frequent first.
        splits: name → dialogues.
        languages: code → dialogues; "" where it is not sure.
        masked: kinds of personal data → how many were masked.
        terms: redistribution, commercial use, sharing alike → the strictest answer of all sources.
        sources: each with its licence.
        split_rule: how dialogues were dealt out.
        split_rule_language: that of the preparation where the rule is known in that one alone; "" where in both.
        seed: of the splits.
        fingerprint: of all splits.
        missing: why its dialogues cannot be shown; None where they can.
        dialogues: training dialogues carried along, where the set itself is not.
    """

    name: str
    created: str
    read: int
    kept: int
    rejected: int
    copies: int
    reasons: tuple[Count, ...]
    splits: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]
    masked: tuple[Count, ...]
    terms: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]
    split_rule: Said
    seed: int
    fingerprint: str
    split_rule_language: str = ""
    missing: Said | None = None
    dialogues: tuple[ShownDialogue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Lengths in bins of equal width: the bin k holds those from k × width + 1 to (k + 1) × width.

    Args:
        width: tokens per bin.
        counts: per bin.
        tail, tail_over: how many are longer than the last bin, and how many of these are over the limit.
        median, p90, longest: in tokens.
        over, share_over: how many are longer than the context.
    """

    width: int
    counts: tuple[int, ...]
    tail: int
    tail_over: int
    median: int
    p90: int
    longest: int
    over: int
    share_over: float


@dataclass(frozen=True, kw_only=True)
class WordCloud:
    """The words of a part of the set: the whole ("all"), a split or a class.

    Args:
        kind, name: of the part.
        dialogues, words: how many it has.
        few: whether that is too little to say anything general.
        commonest, typical: the SVG of the words by count, and by TF-IDF; "" where there is none.
        first_common, first_typical: their heaviest words.
    """

    kind: str
    name: str
    dialogues: int
    words: int
    few: bool
    commonest: str
    typical: str
    first_common: tuple[str, ...]
    first_typical: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TellingWord:
    """A word that tells two corpora apart: how often it is on each side, and how sure that is."""

    word: str
    here: int
    there: int
    z: float


@dataclass(frozen=True, kw_only=True)
class TellingWords:
    """The words of each of two corpora; of a class against all others only the first side."""

    kind: str
    names: tuple[str, str]
    first: tuple[TellingWord, ...]
    second: tuple[TellingWord, ...]
    threshold: float
    few: bool


@dataclass(frozen=True, kw_only=True)
class AtlasExhibit:
    """Words and lengths of a prepared set.

    Args:
        dialogues, of: how many were looked at, and of how many.
        words, distinct: how many there are.
        template, limit: of the model whose tokens are counted; its context.
        whole, answers: lengths of the dialogues, and of what is learnt of them.
        clouds: the whole first.
        telling: two corpora side by side.
        font: of the clouds, WOFF in base64; "" for none.
    """

    dialogues: int
    of: int
    words: int
    distinct: int
    template: str
    limit: int
    whole: Histogram
    answers: Histogram
    clouds: tuple[WordCloud, ...]
    telling: tuple[TellingWords, ...]
    font: str


class Dialogues(Protocol):
    """The training dialogues of a set; never those of another split."""

    @property
    def beginning(self) -> int | None:
        """How many of them, from the first on, are looked through; None for all."""

    def found(self, wanted: str, start: int, count: int) -> tuple[int, list[ShownDialogue]]:
        """How many hold the text, in whatever case, and those from the `start`-th of them on; "" finds all."""


class AtlasOnDemand(Protocol):
    """An atlas that takes a while; one for all readers of a server."""

    def begin(self) -> None:
        """Has it drawn, unless it is or was."""

    @property
    def atlas(self) -> AtlasExhibit | None:
        """None until it is ready, and where it cannot be."""

    @property
    def failure(self) -> Said | None:
        """Why it cannot be drawn."""


@dataclass(frozen=True)
class Carried:
    """Dialogues out of the value itself, where the set is not."""

    dialogues: tuple[ShownDialogue, ...]

    @property
    def beginning(self) -> int | None:
        return len(self.dialogues)

    def found(self, wanted: str, start: int, count: int) -> tuple[int, list[ShownDialogue]]:
        wanted = wanted.casefold()
        hits = [one for one in self.dialogues if any(wanted in turn.text.casefold() for turn in one.turns)]
        return len(hits), hits[start : start + count]
