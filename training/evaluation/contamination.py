"""Questions asked that training has nearly seen, and what is left of the score without them.

Nearness is that of `datasets_prep.dedupe`, at the thresholds that `prepare` has by default: sets of words and pairs of
words, and no figure or letter that tells two requests apart ("type 1" is not "type 2"). Candidates are the 20 best of
BM25, each then checked exactly: of MedQuAD's 1,605 test questions that finds the 6 near ones and 160 of the 166 near
answers that `datasets_prep.leak` finds. Where a text comes with the question it is the text that counts, and an answer that is
a label is near no other (as in `datasets_prep.leak`). Of a conversation only the last question is known here.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chatbot.retrieval import Nearest
from datasets_prep.config import PrepareConfig
from datasets_prep.dedupe import given_text, jaccard, near_requests, shingles
from training.evaluation.asked import Training
from training.evaluation.compare import Comparison
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.labels import shared_answers
from training.evaluation.measures import MEASURES
from training.evaluation.records import AnswerRecord

NEAR_QUESTION, NEAR_ANSWER = (
    float(PrepareConfig.model_fields[f"near_{side}"].default) for side in ("question", "answer")
)
CANDIDATES = 20
EXAMPLES = 3  # of each side
MEASURED = (
    "token_f1",
    "bleu",
    "chrf",
    "rouge_l",
    "accuracy",
    "macro_f1",
)  # of the answers asked; scores have other ones

Near = Callable[[frozenset[str], frozenset[str]], bool]


@dataclass(frozen=True, kw_only=True)
class Contamination:
    """What is near.

    Args:
        split: that was asked.
        questions: asked.
        by_question, by_answer: id → id of the training dialogue that it is near to.
        labels: questions whose answers are labels, of which only the question was compared.
        examples: the two texts, and on which side they are near.
        whole, without: side → measure → value, over all questions and over those that are near nothing; the second is
            empty where none is near, or none is left.
        gaps: measure → main less reference, over all questions and without the near ones; empty likewise.
    """

    split: str
    questions: int
    by_question: dict[str, str]
    by_answer: dict[str, str]
    labels: int
    examples: tuple[dict[str, str], ...]
    whole: dict[str, dict[str, Estimate]]
    without: dict[str, dict[str, Estimate]]
    gaps: dict[str, tuple[Difference, Difference]]

    @property
    def either(self) -> list[str]:
        """Ids near by one side or both, by name."""
        return sorted(self.by_question.keys() | self.by_answer.keys())

    def to_json(self) -> dict[str, Any]:
        pairs = {
            name: {
                key: {**asdict(gap), "shown": gap.shown} for key, gap in zip(("whole", "without"), pair, strict=True)
            }
            for name, pair in self.gaps.items()
        }
        thresholds = {"near_question": NEAR_QUESTION, "near_answer": NEAR_ANSWER}
        return {**asdict(self), **thresholds, "either": self.either, "gaps": pairs}


def contamination(comparison: Comparison, training: Training) -> Contamination | None:
    """What training has nearly seen of what was asked; None for learnt questions, or where training is not known."""
    if not comparison.sealed or not training.dialogues:
        return None
    asked = comparison.of(comparison.main).answers
    given = [given_text(dialogue) for dialogue in training.dialogues]
    plain = all(text == dialogue.question for text, dialogue in zip(given, training.dialogues, strict=True))
    index = training.questions if plain else Nearest(given)
    by_question = _near(
        {one.id: _given(one) for one in asked}, given, index, lambda a, b: near_requests(a, b, NEAR_QUESTION)
    )
    labels = frozenset(shared_answers(training.dialogues))
    compared = {one.id: one.expected for one in asked if not one.wanted_label and one.expected not in labels}
    answers = [dialogue.answer for dialogue in training.dialogues]
    by_answer = _near(compared, answers, training.answers, lambda a, b: jaccard(a, b) >= NEAR_ANSWER)
    texts = {one.id: {"question": _given(one), "answer": one.expected} for one in asked}
    examples = [
        {"side": side, "id": place, "asked": texts[place][side], "training": learnt[where]}
        for side, found, learnt in (("question", by_question, given), ("answer", by_answer, answers))
        for place, where in list(found.items())[:EXAMPLES]
    ]
    near = by_question.keys() | by_answer.keys()
    far = [one.id for one in asked if one.id not in near]
    rest = comparison.only(far) if near and far else None
    return Contamination(
        split=comparison.split,
        questions=len(asked),
        by_question={place: training.dialogues[where].id for place, where in by_question.items()},
        by_answer={place: training.dialogues[where].id for place, where in by_answer.items()},
        labels=len(asked) - len(compared),
        examples=tuple(examples),
        whole=_values(comparison),
        without=_values(rest) if rest else {},
        gaps=_gaps(comparison, rest) if rest else {},
    )


def _near(asked: dict[str, str], learnt: Sequence[str], index: Nearest, near: Near) -> dict[str, int]:
    """Id of each text that has a near one → the place of that one."""
    found = {}
    for name, text in asked.items():
        mine = shingles(text)
        for place, _ in index.of(text, CANDIDATES):
            if near(mine, shingles(learnt[place])):
                found[name] = place
                break
    return found


def _given(answer: AnswerRecord) -> str:
    return answer.context or answer.question


def _values(comparison: Comparison) -> dict[str, dict[str, Estimate]]:
    found = {side.model: {name: MEASURES[name].of(side) for name in MEASURED} for side in comparison.evaluations}
    return {side: {name: one for name, one in values.items() if one} for side, values in found.items()}


def _gaps(comparison: Comparison, rest: Comparison) -> dict[str, tuple[Difference, Difference]]:
    found = {}
    for name in MEASURED:
        whole, without = (
            MEASURES[name].between(one.of(one.main), one.of(one.reference)) for one in (comparison, rest)
        )  # fmt: skip
        if whole and without:
            found[name] = (whole, without)
    return found
