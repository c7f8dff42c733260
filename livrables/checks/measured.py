"""All measures of a comparison computed again from its stored answers, without a model: values, intervals, differences."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from chatbot.language import tr
from chatbot.words import words
from datasets_prep.languages import language_of
from livrables.checks.check import Check, Place, differing, listed, same, says
from livrables.checks.comparison import AGAIN, Stored
from training.evaluation import metrics
from training.evaluation.by_category import by_category
from training.evaluation.compare import Comparison
from training.evaluation.contamination import contamination
from training.evaluation.failures import failures_of
from training.evaluation.measures import confusion_matrix, labels_in
from training.evaluation.records import AnswerRecord

INTERVAL = ("low", "high", "p")  # drawn: another NumPy may draw otherwise


def measured_checks(stored: Stored) -> Iterator[Check]:
    """Of each split: what is measured of each answer, then what follows from it for each side."""
    for value, comparison in zip(stored.value["comparisons"], stored.compared.comparisons, strict=True):
        place = Place(kind="metrics", where=f"{stored.where} · {comparison.split}")
        yield place.equal(tr("questions", "questions"), value["questions"], comparison.questions, tr(*AGAIN))
        for said, side in zip(value["evaluations"], comparison.evaluations, strict=True):
            here = place.at(side.model)
            yield from _answers(here, side.answers)
            yield from _recomputed(here, tr("mesures et intervalles", "measures and intervals"), said["measures"],
                                   {name: asdict(one) for name, one in comparison.measures[side.model].items()})  # fmt: skip
        for said, (pair, gaps) in zip(value["differences"], comparison.differences.items(), strict=True):
            here = place.at(" − ".join(pair))
            yield from _recomputed(
                here, tr("nom des deux côtés", "names of the two sides"), [said["model"], said["other"]], list(pair)
            )
            yield from _recomputed(here, tr("différences et intervalles", "differences and intervals"), said["measures"],
                                   {name: asdict(gap) for name, gap in gaps.items()})  # fmt: skip
        yield from _tables(place, stored, value, comparison)


def _tables(place: Place, stored: Stored, value: dict[str, Any], comparison: Comparison) -> Iterator[Check]:
    """Kinds of failure, categories, labels."""
    learnt = stored.training.dialogues
    what = tr("échecs par sorte", "failures by kind")
    if learnt:
        found = {side.model: failures_of(side, learnt).to_json() for side in comparison.evaluations}
        yield from _recomputed(place, what, value["failures"], found)
    else:
        yield place.unverified(what, tr("le jeu d'entraînement n'est pas là", "the training set is not there"),
                               count=sum(len(kinds) for kinds in value["failures"].values()))  # fmt: skip
    categories = {name: [row.to_json() for row in rows] for name, rows in by_category(comparison).items()}
    yield from _recomputed(place, tr("catégories", "categories"), value["categories"], categories)
    if labels := labels_in(comparison.evaluations[0]):
        sides = {side.model: confusion_matrix(side).tolist() for side in comparison.evaluations}
        yield from _recomputed(
            place, tr("étiquettes", "labels"), value["confusion"], {"labels": labels, "sides": sides}
        )
    yield from _near(place, stored, value, comparison)


def _near(place: Place, stored: Stored, value: dict[str, Any], comparison: Comparison) -> Iterator[Check]:
    """What training has nearly seen of the questions asked."""
    if not (said := value.get("contamination")):
        return
    what = tr("questions presque vues à l'entraînement", "questions nearly seen in training")
    if not stored.training.dialogues:
        count = sum(1 for _ in differing(said, said))
        yield place.unverified(
            what, tr("le jeu d'entraînement n'est pas là", "the training set is not there"), count=count
        )
        return
    near = contamination(comparison, stored.training)
    yield from _recomputed(place, what, said, near and near.to_json())


def _answers(place: Place, answers: tuple[AnswerRecord, ...]) -> Iterator[Check]:
    """What is measured of each answer alone: token F1, exact match, ROUGE, chrF, BLEU, repetition, words, language."""
    what = tr("mesure d'une réponse, de son texte", "measure of an answer, from its text")
    right, wrong = 0, []
    for answer in answers:
        for name, found in measured(answer).items():
            said = getattr(answer, name)
            if same(tuple(said) if isinstance(said, list) else said, found):  # a list where it comes from JSON
                right += 1
            else:
                wrong.append((f"{answer.id} ({name})", says(said, found)))
    if right:
        yield place.holds(what, right)
    yield from listed(place, what, wrong, tr(*AGAIN))


def measured(answer: AnswerRecord) -> dict[str, Any]:
    """What `causette compare` measures of an answer's text against the expected one's."""
    text, expected = answer.answer, answer.expected
    return {
        "token_f1": metrics.token_f1(text, expected),
        "exact_match": metrics.exact_match(text, expected),
        **metrics.rouge(text, expected),
        "chrf": metrics.chrf(text, expected),
        "repetition": metrics.repetition(text),
        "words": len(words(text)),
        "language": language_of(text),
        "bleu": metrics.bleu_counts(text, expected),
    }


def _recomputed(place: Place, what: str, said: Any, found: Any) -> Iterator[Check]:
    """Leaf by leaf; intervals that all differ while no value does were drawn otherwise, and tell nothing."""
    leaves = list(differing(said, found))
    wrong = [leaf for leaf in leaves if leaf is not None]
    drawn = [leaf for leaf in wrong if leaf[0].rsplit(".", 1)[-1] in INTERVAL]
    intervals = sum(1 for path in _paths(found) if path in INTERVAL)
    if drawn and len(drawn) == len(wrong) and len(drawn) > intervals / 2:
        why = tr("tirés autrement ici (autre version de NumPy ?), leurs valeurs tiennent",
                 "drawn otherwise here (another version of NumPy?), their values hold")  # fmt: skip
        yield place.unverified(tr("intervalles", "intervals"), why, count=len(drawn))
        wrong = []
    if right := len(leaves) - max(len(wrong), len(drawn)):
        yield place.holds(what, right)
    yield from listed(place, what, [(path, says(one, other)) for path, one, other in wrong], tr(*AGAIN))


def _paths(value: Any, name: str = "") -> Iterator[str]:
    """The last key of each leaf that is a number."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, name)
    elif value is not None:
        yield name
