"""How answers fail, told by rules that look at the text alone: each answer gets the first kind that fits.

empty      no word
language   in another language than the question, both being known
loop       half of its 4-grams of words stood in it before; or it ends in one sequence of words said three times in a row
           (the last time maybe cut, six words at least in all)
cut        it reached its length limit
off_topic  no content word in common with the question, its text or the expected answer, and a word F1 under 0.2
copied     nine tenths of its 4-grams stand in one training answer, which answers another question and is not the
           expected answer
none       none of these: that is not to say that it is right

A cut answer may be good as far as it goes, and a copied one may be true: the kinds say what is seen, not what is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from chatbot.dialogue import Dialogue
from chatbot.language import tr
from chatbot.words import words
from datasets_prep.atlas.stop_words import ENGLISH, FRAGMENTS, FRENCH
from datasets_prep.dedupe import near_requests, shingles
from training.evaluation.confidence import Estimate, wilson
from training.evaluation.contamination import NEAR_QUESTION
from training.evaluation.measures import COPIED
from training.evaluation.metrics import token_f1
from training.evaluation.records import AnswerRecord, Evaluation

Failure = Literal["empty", "language", "loop", "cut", "off_topic", "copied", "none"]
FAILURES: tuple[Failure, ...] = get_args(Failure)
LOOPING = 0.5  # share of an answer's 4-grams that stood before
TIMES, LEAST_SAID = 3, 6  # a sequence at the end: how often in a row, and how many words in all
LITTLE_ALIKE = 0.2  # word F1 that function words alone give
SAME_ANSWER = 0.5  # word F1 of a training answer with the expected one, from which copying it is no fault
STEM = 5  # letters by which content words are compared: "glaucome", "glaucomes"
FUNCTION_WORDS = FRENCH | ENGLISH | FRAGMENTS


@dataclass(frozen=True, kw_only=True)
class Failures:
    """The kinds of one side's answers.

    Args:
        by_id: dialogue → kind.
        groups: how many groups the answers are of.
    """

    by_id: Mapping[str, Failure]
    groups: int

    def ids(self, kind: Failure) -> list[str]:
        return [place for place, found in self.by_id.items() if found == kind]

    def share(self, kind: Failure) -> Estimate:
        """The share of the answers with Wilson's interval (1927), each group as one observation."""
        count, total = len(self.ids(kind)), len(self.by_id)
        low, high = wilson(count / total, self.groups) if total else (None, None)
        return Estimate(count / total if total else 0.0, low, high, self.groups, total)

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind in FAILURES:
            share = self.share(kind)
            numbers = {"count": len(self.ids(kind)), "share": share.value, "low": share.low, "high": share.high}
            found[kind] = {**numbers, "ids": self.ids(kind)}
        return found


def failures_of(side: Evaluation, training: Sequence[Dialogue] = ()) -> Failures:
    """The kind of each answer of a side.

    Args:
        side: the answers.
        training: what may have been copied; without it, a copy that is little like the expected answer counts as one.
    """
    nearest = {answer.nearest for answer in side.answers}
    learnt = {dialogue.id: dialogue for dialogue in training if dialogue.id in nearest}
    return Failures(
        by_id={answer.id: failure_of(answer, learnt.get(answer.nearest)) for answer in side.answers},
        groups=len({answer.group for answer in side.answers}),
    )


def failure_of(answer: AnswerRecord, nearest: Dialogue | None = None) -> Failure:
    """The first kind that fits, see the module's text.

    Args:
        answer: with what was measured of it.
        nearest: the training dialogue whose answer it is nearest to, where it is known.
    """
    said = words(answer.answer)
    if not said:
        return "empty"
    if answer.drifted:
        return "language"
    if (answer.repetition or 0.0) >= LOOPING or ends_in_loop(said):
        return "loop"
    if answer.finish == "length":
        return "cut"
    if _off_topic(answer):
        return "off_topic"
    return "copied" if _copied(answer, nearest) else "none"


def failure_name(kind: Failure) -> str:
    """What a kind is called."""
    return {
        "empty": tr("vide", "empty"),
        "language": tr("autre langue", "other language"),
        "loop": tr("en boucle", "loop"),
        "cut": tr("coupée", "cut"),
        "off_topic": tr("hors sujet", "off topic"),
        "copied": tr("copiée", "copied"),
        "none": tr("rien de cela", "none of these"),
    }[kind]


def failure_rule(kind: Failure) -> str:
    """What makes an answer one of a kind, for readers."""
    f1 = tr("F1 des mots sous 0,2", "word F1 under 0.2")
    return {
        "empty": tr("aucun mot", "no word"),
        "language": tr("dans une autre langue que la question", "in another language than the question"),
        "loop": tr("la moitié de ses suites de 4 mots y étaient déjà, ou la fin dit trois fois de suite la même chose",
                   "half of its 4-grams stood in it before, or its end says the same thing three times in a row"),
        "cut": tr("arrêtée par la limite de longueur ; ce qui précède peut être juste",
                  "stopped by the length limit; what stands before may be right"),
        "off_topic": tr(f"aucun mot plein en commun avec la question ni avec la réponse attendue, et {f1}",
                        f"no content word in common with the question or the expected answer, and {f1}"),
        "copied": tr("90 % de ses suites de 4 mots sont dans une réponse apprise, à une autre question, qui n'est pas la "
                     "réponse attendue ; elle peut être vraie",
                     "90% of its 4-grams stand in a training answer, to another question, that is not the expected "
                     "answer; it may be true"),
        "none": tr("ce qui ne veut pas dire juste", "which is not to say right"),
    }[kind]  # fmt: skip


def ends_in_loop(said: Sequence[str]) -> bool:
    """Whether the last words are one sequence, three times in a row at least, the last time maybe cut."""
    for size in range(1, len(said) // TIMES + 1):
        alike = size
        while alike < len(said) and said[-1 - alike] == said[-1 - alike + size]:
            alike += 1
        if alike >= max(TIMES * size, LEAST_SAID):
            return True
    return False


def content_words(text: str) -> set[str]:
    """The words that say what a text is about, cut so that a plural is the same word."""
    return {word.rstrip("sx")[:STEM] for word in words(text) if word not in FUNCTION_WORDS}


def _off_topic(answer: AnswerRecord) -> bool:
    if answer.token_f1 >= LITTLE_ALIKE or answer.label:  # "no." is all function word; a label is on the subject
        return False
    subject = content_words(f"{answer.question} {answer.context} {answer.expected}")
    return bool(subject) and not subject & content_words(answer.answer)


def _copied(answer: AnswerRecord, nearest: Dialogue | None) -> bool:
    if (answer.nearness or 0.0) < COPIED or answer.nearest == answer.id or answer.wanted_label:
        return False
    if nearest is None:
        return answer.token_f1 < SAME_ANSWER
    asked, learnt = (shingles(text) for text in (answer.question, nearest.question))
    return (
        token_f1(nearest.answer, answer.expected) < SAME_ANSWER and not near_requests(asked, learnt, NEAR_QUESTION)
    )  # fmt: skip
