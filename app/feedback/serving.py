"""What `causette serve` needs of this package: where feedback goes, the study of a user test, who keeps opinions."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from app.feedback.ballot import Ballot, Shown
from app.feedback.sealed import sealed_key, sealed_questions
from app.feedback.store import NAME, FeedbackStore
from app.feedback.study import COMPARISON, Study, read_study, sealed_in
from app.page.opinions import Opinion, Person
from chatbot.errors import InputError
from chatbot.language import number, tr


@dataclass(frozen=True)
class StoredTest:
    """A user test whose votes go to a store; what `app.page.user_test` asks for."""

    store: FeedbackStore
    study: Study

    @cached_property
    def name(self) -> str:
        return self.study.id[:16]

    @cached_property
    def _id(self) -> str:
        return self.study.id

    def join(self, training: bool) -> str:
        return self.store.join(self._id, training)

    def knows(self, person: Person) -> bool:
        return self.store.knows(person, self._id)

    def next(self, person: str) -> Shown | None:
        return self.store.next(self._id, person)

    def vote(self, person: str, ticket: str, ballot: Ballot) -> bool:
        return self.store.vote(person, ticket, ballot)

    def votes_of(self, person: str) -> int:
        return self.store.votes_of(person)

    def withdraw(self, person: str) -> int:
        return self.store.withdraw(person)


@dataclass
class StoredOpinions:
    """Opinions on a run's answers, kept in a store; what `app.page.opinions` asks for.

    With the first one the held-out questions of the run's data are noted, so that they are known where that data is not.

    Args:
        store: where they go.
        data: the prepared set that the model was trained on, if it is known.
        comparison: of the run, if there is one.
    """

    store: FeedbackStore
    data: Path | None = None
    comparison: Path | None = None
    _noted: bool = False
    _lock: Any = field(default_factory=threading.Lock)

    def agree(self, training: bool) -> str:
        self._note_sealed()
        return self.store.agree(training)

    def knows(self, person: Person) -> bool:
        return self.store.knows(person)

    def keep(self, person: str, opinion: Opinion) -> None:
        self._note_sealed()  # again where the server was started again: the set may be another one
        self.store.keep(person, opinion)

    def withdraw(self, person: str) -> int:
        return self.store.withdraw(person)

    def _note_sealed(self) -> None:
        with self._lock:
            if self._noted:
                return
            keys = (sealed_questions(self.data) or set()) if self.data else set()
            keys |= sealed_in(self.comparison) if self.comparison else set()
            self.store.note_sealed(keys, str(self.data or ""))
            self._noted = True


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a page offers: opinions on its answers, a user test, both or neither."""

    opinions: StoredOpinions | None = None
    test: StoredTest | None = None

    def told(self) -> list[str]:
        """What is asked for and where it goes, for who serves the page."""
        lines = []
        if self.test:
            study, file = self.test.study, self.test.store.path
            count, identical, missing = (number(n) for n in (len(study.items), study.identical, study.missing))
            lines.append(
                tr(f"Test à l'aveugle : {study.main} et {study.reference}, {count} questions (écartées : {identical} où les "
                   f"deux réponses sont identiques, {missing} sans réponse d'un côté). Votes : {file}",
                   f"Blind test: {study.main} and {study.reference}, {count} questions (left out: {identical} with the same "
                   f"answer twice, {missing} without an answer on one side). Votes: {file}")
            )  # fmt: skip
        if self.opinions:
            file = self.opinions.store.path
            lines.append(tr(f"Avis sur les réponses : {file} (--no-feedback pour n'en demander aucun)",
                            f"Opinions on answers: {file} (--no-feedback to ask for none)"))  # fmt: skip
        return lines

    def without_tested(self, examples: Sequence[str]) -> list[str]:
        """Examples without the questions of the test, whose answer in the chat would tell which model is which."""
        tested = {sealed_key(item.question, item.context) for item in self.test.study.items} if self.test else set()
        return [text for text in examples if sealed_key(text) not in tested]


def feedback_for(
    model: str | None,
    *,
    file: Path | None = None,
    off: bool = False,
    user_test: bool = False,
    comparison: Path | None = None,
    pair: str | None = None,
) -> Feedback:
    """What the options of `causette serve` ask for; a user test is noted in its file here, before a model is loaded.

    Args:
        model: that is served; a run folder keeps its own file of votes.
        file: another file of votes.
        off: nothing is asked and nothing kept.
        user_test: whether people vote on the run's comparison.
        comparison: another one.
        pair: "A,B", two models of it.

    Raises:
        InputError: options that contradict each other or have no effect, no comparison, a file that is none of votes.
        WorldError: the disk refuses.
    """
    run = Path(model) if model and (Path(model) / "config.yaml").is_file() else None
    _check(file=file, off=off, user_test=user_test, comparison=comparison, pair=pair)
    if off:
        return Feedback()
    where = comparison or run
    if user_test and where is None:
        raise InputError(
            tr("--user-test : quel test ? Servez un dossier d'entraînement comparé, ou dites --comparison CHEMIN.",
               "--user-test: which test? Serve a run that was compared, or say --comparison PATH.")
        )  # fmt: skip
    beside = where if where is None or where.is_dir() or not where.suffix else where.parent
    test = None
    if user_test and where is not None and beside is not None:
        study = read_study(where, pair_of(pair))
        test = StoredTest(FeedbackStore(file or (run or beside) / NAME), study)
        test.store.begin(study)
    kept = file or (run / NAME if run else None)
    if kept is None:
        return Feedback(test=test)
    store = FeedbackStore(kept)
    if kept.exists():
        store.rows("SELECT 1")  # a file of another kind is told now, not to the first reader
    compared = run / COMPARISON if run else None
    return Feedback(opinions=StoredOpinions(store, _data_of(run), compared), test=test)


def _check(*, file: Path | None, off: bool, user_test: bool, comparison: Path | None, pair: str | None) -> None:
    if off and (file or user_test):
        other = "--feedback" if file else "--user-test"
        raise InputError(
            tr(f"--no-feedback et {other} se contredisent : gardez l'un des deux.",
               f"--no-feedback and {other} contradict each other: keep one of them.")
        )  # fmt: skip
    for option, value in (("--comparison", comparison), ("--pair", pair)):
        if value and not user_test:
            raise InputError(
                tr(
                    f"{option} ne sert qu'avec --user-test : ajoutez-le.",
                    f"{option} is of use only with --user-test: add it.",
                )
            )


def pair_of(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, comma, second = text.partition(",")
    if not comma or not first.strip() or not second.strip():
        raise InputError(
            tr(f"--pair : deux noms séparés par une virgule, A,B (reçu : « {text} »).",
               f"--pair: two names with a comma between, A,B (received: “{text}”).")
        )  # fmt: skip
    return first.strip(), second.strip()


def _data_of(run: Path | None) -> Path | None:
    """The prepared set of a run, as its configuration names it."""
    if run is None:
        return None
    import yaml

    try:
        data = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8")).get("data")
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return None
    return Path(data) if isinstance(data, str) else None
