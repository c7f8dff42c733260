"""Sifting: each row that a source gives becomes a dialogue in the spool, or is rejected with its reason.

Two passes. The first reads, cleans and masks, and rejects what is empty, too long or said already. The second, over all
sources together, finds what is nearly said already; it also meets the boilerplate, which is known only once all is read.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chatbot.dialogue import Dialogue, Message, assistant, user
from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.boilerplate import Boilerplate, SentenceCounts
from datasets_prep.chosen import Source
from datasets_prep.cleaning import Limits, clean, is_placeholder, masked_row
from datasets_prep.config import PrepareConfig
from datasets_prep.dedupe import NearRows, exact_key, given_text, request_text
from datasets_prep.languages import language_of
from datasets_prep.personal import masked
from datasets_prep.rows import Rejected, Row, normalised, rejected_from
from datasets_prep.sifted import Sifted, check_some_kept
from datasets_prep.spool import NO_META, Kept, Spool, fingerprint

Say = Callable[[str], object]
NEWS_EVERY = 5_000  # rows between two lines of progress, ten times more from the tenth line on
LONGEST_GROUP = 200  # characters of a group that is made from a request
LONGEST_LOGGED = 20_000  # characters of a rejected text that are logged: a megabyte of figures is slow to search
FEWEST_WORDS = 2  # "Oui.", or a label, answers many questions that are no paraphrases of one another


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A row rejected because an earlier one says the same: what is needed to tell whether it would have leaked."""

    reason: str
    group: str
    twin: int
    question: str


class Sieve:
    """The passes over all sources, and what they have in common.

    Args:
        config: lengths, nearness, language, masks.
        spool: where the dialogues wait.
        reject: told each row rejected, with the name of its source.
        say: told how far the reading is.
    """

    def __init__(
        self, config: PrepareConfig, spool: Spool, reject: Callable[[str, Rejected], object], say: Say
    ) -> None:
        self._config, self._spool, self._reject, self._say = config, spool, reject, say
        self._numbers: dict[int, int] = {}  # key of a dialogue → its number in the spool
        self._ids: list[str] = []  # by number
        self._sentences = SentenceCounts()
        self._phrased: set[str] = set()  # sources whose requests Causette phrased
        self.duplicates: list[Duplicate] = []

    def read(self, source: Source) -> Sifted:
        """Reads a source to its end.

        Raises:
            InputError: the source cannot be read, or no row of it is kept.
        """
        sifted = Sifted(source=source, reading=source.spec.read(source.given))
        if "requests" in source.spec.takes:
            self._phrased.add(source.name)
        for remark in sifted.reading.remarks:
            self._say(tr(f"{source.words} : {remark}", f"{source.words}: {remark}"))
        for row in sifted.reading.rows:
            sifted.read += 1
            outcome = self._sift_row(row, sifted)
            if isinstance(outcome, Rejected):
                self._rejected(sifted, outcome)
            else:
                sifted.kept.append(outcome)
            if _is_news(sifted.read):
                rows = number(sifted.read)
                self._say(tr(f"{source.words} : {rows} lignes lues…", f"{source.words}: {rows} rows read…"))
        assert sifted.read == len(sifted.kept) + sifted.rejected.total(), "a row was lost"
        check_some_kept(sifted)
        return sifted

    def near(self, sifted: Sequence[Sifted]) -> Boilerplate:
        """Rejects the near duplicates of all that was read; returns the boilerplate that was met.

        With `cut_boilerplate`, the spool gives the answers without it from here on.
        """
        self._check_ids()
        keys, rows = self._sentences.frequent()
        boilerplate = Boilerplate(keys=keys)
        for row in rows:
            boilerplate.note(self._spool[row].answer)
        if self._config.cut_boilerplate and boilerplate.keys:
            self._spool.treat(lambda dialogue: _with_answer(dialogue, boilerplate.cut_from(dialogue.answer)))
            for one in sifted:
                self._cut(one)
        repeats = self._repeats()
        for one in sifted:
            kept, one.kept = one.kept, []
            for each in kept:
                if each.number in repeats:
                    self._reject_repeat(one, each, repeats[each.number])
                else:
                    one.kept.append(each)
            check_some_kept(one)
        return boilerplate

    def _check_ids(self) -> None:
        """Two files may give one id: "faq.jsonl" with its row 3-1, "faq-3.csv" with its row 1."""
        if len(set(self._ids)) == len(self._ids):
            return
        twice, _ = Counter(self._ids).most_common(1)[0]
        raise InputError(
            tr(
                f"« {twice} » : deux dialogues de deux sources auraient cet identifiant. Renommez un des fichiers.",
                f"“{twice}”: two dialogues of two sources would have this id. Rename one of the files.",
            )
        )

    def _repeats(self) -> dict[int, int]:
        thresholds = {"near_question": self._config.near_question, "near_answer": self._config.near_answer}
        rows = NearRows(**thresholds, request_of=self._request_of)
        for count, dialogue in enumerate(self._spool, start=1):
            rows.add(dialogue)
            if _is_news(count):
                done = number(count)
                self._say(tr(f"Doublons proches : {done} dialogues vus…", f"Near duplicates: {done} dialogues seen…"))
        return rows.repeats(self._spool.__getitem__)

    def _reject_repeat(self, sifted: Sifted, each: Kept, twin: int) -> None:
        row = self._spool.rejected(each.number, "near_duplicate", self._ids[twin])
        self._note_duplicate(row, each.group, twin)
        self._rejected(sifted, row)

    def _cut(self, sifted: Sifted) -> None:
        """Remembers the answers as they are without their boilerplate; those that it leaves too short are rejected."""
        kept, sifted.kept = sifted.kept, []
        for each in kept:
            dialogue = self._spool[each.number]
            if fault := _fault_of(dialogue.answer, self._config.shortest_answer):
                self._rejected(sifted, self._spool.rejected(each.number, *fault))
                continue
            new = kept_of(dialogue, each.number)
            sifted.kept.append(replace(each, answers=new.answers, answer=new.answer, words=new.words))

    def _sift_row(self, row: Row | Rejected, sifted: Sifted) -> Kept | Rejected:
        if isinstance(row, Rejected):
            return row
        cleaned = clean(row, Limits.of(self._config))
        if isinstance(cleaned, Rejected):
            return cleaned
        language = language_of(cleaned.answer) or language_of(f"{cleaned.question} {cleaned.answer}")
        if self._config.only_language and language not in (self._config.only_language, ""):
            return rejected_from(cleaned, "other_language", language)
        sifted.tally.note_changes(row, cleaned, lambda text: self._hidden(text, sifted.source))
        if self._masks(sifted.source):
            cleaned = sifted.tally.note_masks(*masked_row(cleaned, language))
        dialogue = _dialogue(cleaned, sifted.source.name, language)
        return self._kept(dialogue, cleaned, sifted)

    def _kept(self, dialogue: Dialogue, row: Row, sifted: Sifted) -> Kept | Rejected:
        """What is remembered of a new dialogue, which goes into the spool; or the row, said already."""
        request = self._request_of(dialogue)
        key = exact_key(request, dialogue.answer)
        if key in self._numbers:
            twin = self._numbers[key]
            rejected = rejected_from(row, "exact_duplicate", self._ids[twin])
            self._note_duplicate(rejected, dialogue.group, twin)
            return rejected
        self._numbers[key] = number = self._spool.add(dialogue, row.place)
        self._sentences.add(number, dialogue.answer, dialogue.group)
        self._ids.append(dialogue.id)
        kept = kept_of(dialogue, number, own_group=not row.group, labels=sifted.source.split_rule.labels)
        return replace(kept, request=fingerprint(normalised(request)))

    def _rejected(self, sifted: Sifted, row: Rejected) -> None:
        texts = {name: getattr(row, name) for name in ("question", "answer", "context", "text", "detail")}
        row = replace(row, **{name: self._hidden(_logged(text), sifted.source) for name, text in texts.items()})
        sifted.note_rejected(row)
        self._reject(sifted.source.name, row)

    def _request_of(self, dialogue: Dialogue) -> str:
        """What is compared: our own phrasings, drawn at random, would hide that two texts are near."""
        return given_text(dialogue) if dialogue.source in self._phrased else request_text(dialogue)

    def _masks(self, source: Source) -> bool:
        return not (self._config.keep_personal or source.spec.invented)

    def _hidden(self, text: str, source: Source) -> str:
        """A text that is shown or logged, its personal data masked where that of the source is."""
        return masked(text, language_of(text))[0] if self._masks(source) else text

    def _note_duplicate(self, row: Rejected, group: str, twin: int) -> None:
        self.duplicates.append(Duplicate(reason=row.reason, group=group, twin=twin, question=row.question[:100]))


def kept_of(dialogue: Dialogue, number: int, *, own_group: bool = False, labels: Sequence[str] = ()) -> Kept:
    """What is remembered of a dialogue."""
    answers = _answers(dialogue)
    words = len(" ".join(answers[1::2]).split())
    meta: dict[str, Any] = {label: dialogue.meta[label] for label in labels}
    return Kept(
        number=number,
        id=dialogue.id,
        group=dialogue.group,
        own_group=own_group,
        answers=fingerprint("\0".join(answers)) if words >= FEWEST_WORDS else 0,
        answer=fingerprint(normalised(dialogue.answer)),
        words=len(dialogue.answer.split()),
        language=dialogue.meta.get("language", ""),
        meta=meta or NO_META,
    )


def first_request(messages: tuple[Message, ...]) -> str:
    """The group of a row without one: rows that begin with the same request stay together."""
    first = next(message for message in messages if message.role == "user")
    text = normalised(f"{first.content} {first.context}")
    if len(text) <= LONGEST_GROUP:
        return text
    return f"{text[: LONGEST_GROUP - 20]}… {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _dialogue(row: Row, source: str, language: str) -> Dialogue:
    messages = (*row.history, user(row.question, row.context), assistant(row.answer))
    return Dialogue(
        id=f"{source}-{row.key}",
        source=source,
        group=row.group or first_request(messages),
        messages=messages,
        meta={**row.meta, "language": language} if language else row.meta,
    )


def _logged(text: str) -> str:
    """The text; of one that is very long the beginning, and how long it is."""
    if len(text) <= LONGEST_LOGGED:
        return text
    return f"{text[:LONGEST_LOGGED]}… ({len(text):,})"


def _fault_of(answer: str, shortest: int) -> tuple[str, str] | None:
    """Reason and detail for what a cut left of an answer, where that is too little."""
    if len(answer) < shortest:
        return "short_answer", f"{len(answer)} < {shortest}"
    return ("no_answer", answer) if is_placeholder(answer) else None


def _with_answer(dialogue: Dialogue, answer: str) -> Dialogue:
    return replace(dialogue, messages=(*dialogue.messages[:-1], assistant(answer)))


def _answers(dialogue: Dialogue) -> list[str]:
    """All that is answered, turn by turn, and the contexts: the same words about another text are another answer."""
    turns = (turn for turn in dialogue.messages if turn.role != "system")
    return [normalised(turn.context if turn.role == "user" else turn.content) for turn in turns]


def _is_news(read: int) -> bool:
    return read % (NEWS_EVERY if read < 10 * NEWS_EVERY else 10 * NEWS_EVERY) == 0
