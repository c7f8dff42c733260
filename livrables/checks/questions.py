"""The stored questions and answers of a comparison against the set: the right questions, drawn by its seed, none learnt."""

import random
from collections.abc import Iterator, Sequence

from chatbot.dialogue import Dialogue, drawn
from chatbot.language import number, tr
from livrables.checks.check import Check, Place, listed, same, says
from livrables.checks.comparison import AGAIN, Stored
from livrables.checks.prepared import request_of
from training.evaluation.asked import Asked
from training.evaluation.baselines import evaluate_baseline
from training.evaluation.compare import Comparison
from training.evaluation.records import AnswerRecord, EvaluationSettings, prompt_fingerprint


def question_checks(stored: Stored, sample: int, seed: int) -> Iterator[Check]:
    """Of each split.

    Args:
        stored: the comparison.
        sample: answers whose nearness to the training, and baselines' answers that are looked up again.
        seed: which.
    """
    for comparison in stored.compared.comparisons:
        place = Place(kind="metrics", where=f"{stored.where} · {comparison.split}")
        split = stored.split(comparison.split)
        if not split:
            yield place.unverified(tr("questions et réponses attendues, contre le jeu", "questions and expected answers, against the set"),
                                   tr("cette partie du jeu n'est pas là", "this split of the set is not there"),
                                   count=comparison.questions)  # fmt: skip
            continue
        yield from _from_the_set(place, comparison, split)
        yield from _unseen(place, stored, comparison, split)
        yield from _looked_up(place, stored, comparison, split, sample, seed)


def _from_the_set(place: Place, comparison: Comparison, split: Sequence[Dialogue]) -> Iterator[Check]:
    """Each question and expected answer is the set's own, and the questions are those that the seed draws."""
    settings, known = comparison.settings, {dialogue.id: dialogue for dialogue in split}
    what = tr(
        "question, contexte et réponse attendue, contre le jeu",
        "question, context and expected answer, against the set",
    )
    wrong, right = [], 0
    for side in comparison.evaluations:
        for answer in side.answers:
            fault = _fault(answer, known.get(answer.id))
            right += not fault
            wrong += [(f"{side.model} · {answer.id}", fault)] if fault else []
    if right:
        yield place.holds(what, right)
    yield from listed(place, what, wrong, tr(*AGAIN))
    what = tr("questions tirées par la graine de la comparaison", "questions drawn by the comparison's seed")
    wanted = {dialogue.id for dialogue in drawn(split, int(settings["questions"]), int(settings["seed"]))}
    asked = {answer.id for answer in comparison.evaluations[0].answers}
    missing = len(wanted - asked)
    if asked <= wanted and missing == comparison.left_out:
        yield place.holds(what, len(asked))
    else:
        yield place.broken(what, tr(f"{number(len(asked - wanted))} autre(s), {number(missing)} absente(s), {number(comparison.left_out)} dite(s) laissée(s) de côté",
                                    f"{number(len(asked - wanted))} others, {number(missing)} missing, {number(comparison.left_out)} said to be left out"), tr(*AGAIN))  # fmt: skip


def _fault(answer: AnswerRecord, dialogue: Dialogue | None) -> str:
    if dialogue is None:
        return tr("cette question n'est pas dans le jeu", "this question is not in the set")
    asked = dialogue.messages[-2]
    for said, found in (
        (answer.expected, dialogue.answer), (answer.question, asked.content), (answer.context, asked.context),
        (answer.group, dialogue.group), (answer.prompt, prompt_fingerprint(dialogue.messages[:-1])),
    ):  # fmt: skip
        if said != found:
            return says(said, found)
    return ""


def _unseen(place: Place, stored: Stored, comparison: Comparison, split: Sequence[Dialogue]) -> Iterator[Check]:
    """A question of the test that stands in the training, word for word, is told by the comparison, or it does not hold."""
    if comparison.split != "test":
        return
    what = tr("questions du test absentes de l'entraînement", "test questions that are not in the training")
    if not stored.training.dialogues:
        yield place.unverified(
            what, tr("le jeu d'entraînement n'est pas là", "the training set is not there"), count=comparison.questions
        )
        return
    learnt = {request_of(dialogue) for dialogue in stored.training.dialogues}
    asked = {answer.id for answer in comparison.evaluations[0].answers}
    seen = [dialogue for dialogue in split if dialogue.id in asked and request_of(dialogue) in learnt]
    facts = stored.value["comparisons"][stored.compared.comparisons.index(comparison)].get("contamination") or {}
    untold = [one for one in seen if one.id not in facts.get("by_question", {})]
    if right := len(asked) - len(untold):
        yield place.holds(what, right)
    there = tr("elle y est mot pour mot", "it is there word for word")
    yield from listed(
        place,
        what,
        [(one.id, there) for one in untold],
        tr("préparez le jeu de nouveau, sans elles", "prepare the set again, without them"),
    )


def _looked_up(
    place: Place, stored: Stored, comparison: Comparison, split: Sequence[Dialogue], sample: int, seed: int
) -> Iterator[Check]:
    """A draw of what comes from the training set: baselines' answers, and how near an answer is to what was learnt."""
    what = tr("réponses des repères et proximité à l'entraînement", "baselines' answers and nearness to the training")
    if not stored.training.dialogues:
        yield place.unverified(what, tr("le jeu d'entraînement n'est pas là", "the training set is not there"))
        return
    known = {dialogue.id: dialogue for dialogue in split}
    wrong: list[tuple[str, str]] = []
    right = 0
    for side in comparison.evaluations:
        answers = [answer for answer in side.answers if answer.id in known]
        chosen = random.Random(seed).sample(answers, min(sample, len(answers)))
        settings = EvaluationSettings(split=comparison.split, questions=len(chosen))
        again = {}
        if side.kind != "model" and chosen:
            asked = Asked([known[one.id] for one in chosen], settings, stored.training)
            again = {one.id: one.answer for one in evaluate_baseline(side.kind, asked).answers}
        for one in chosen:
            nearness, nearest = stored.training.nearness(one.answer)
            pairs = [(one.nearness, nearness), (one.nearest, nearest)] + (
                [(one.answer, again[one.id])] if again else []
            )
            faults = [says(said, found) for said, found in pairs if not same(said, found)]
            right += len(pairs) - len(faults)
            wrong += [(f"{side.model} · {one.id}", fault) for fault in faults]
    if right:
        yield place.holds(what, right)
    yield from listed(place, what, wrong, tr(*AGAIN))
