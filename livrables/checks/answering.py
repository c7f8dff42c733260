"""The models of a comparison loaded again: their weights, some of their answers, and what some expected answers cost them.

Answers are made in the batches that `causette compare` made, so that on the same machine they are the same. On another one
rounding may choose the other of two tokens that are equally likely, and the answer goes on differently from there: such a
one counts as near, and only an answer that the model would not give does not hold.
"""

import gc
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import CausetteError
from chatbot.language import number, tr
from chatbot.sampling import Sampling
from livrables.checks.check import Check, Place, listed, same, says
from livrables.checks.comparison import AGAIN, Stored
from livrables.checks.models import NotHere, load_side
from livrables.checks.reading import found
from training.evaluation.compare import Comparison
from training.evaluation.metrics import mean, token_f1
from training.evaluation.records import Evaluation, EvaluationSettings

TOLERANCE = 1e-3  # of a cost in nats, relative: what another device rounds otherwise
TIE = 0.95  # a token at least so likely as the likeliest, in proportion, that rounding may choose instead
LIKELY = 20  # tokens beside the written one that are looked at


def model_checks(stored: Stored, sample: int, seed: int, say: Callable[[str], object]) -> Iterator[Check]:
    """The specialised model, and the generic one beside it.

    Args:
        stored: the comparison.
        sample: answers made again, in whole batches, and expected answers scored again, per split and model.
        seed: which.
        say: told what is being done.
    """
    first = stored.compared.first
    for side in first.evaluations:
        if side.kind != "model":
            continue
        place = Place(kind="model", where=f"{stored.where} · {side.model}")
        if side.model in (first.main, first.reference):
            say(tr(f"{side.model} : réponses et coûts recalculés…", f"{side.model}: answers and costs computed again…"))
            yield from _side(place, stored, side, sample, seed)
        else:
            yield unloaded(place, stored, side.model, tr("seuls le modèle spécialisé et le générique sont rechargés",
                                                         "only the specialised and the generic model are loaded again"))  # fmt: skip


def unloaded(place: Place, stored: Stored, model: str, reason: str) -> Check:
    """That none of a model's answers and costs were made again."""
    sides = [comparison.of(model) for comparison in stored.compared.comparisons]
    count = sum(len(side.answers) + len(side.scores) for side in sides)
    return place.unverified(tr("réponses et coûts du modèle", "answers and costs of the model"), reason, count=count)


def _side(place: Place, stored: Stored, side: Evaluation, sample: int, seed: int) -> Iterator[Check]:
    from training.evaluation.evaluate import Evaluator

    try:
        evaluator = Evaluator(load_side(stored, side))
    except NotHere as reason:
        yield unloaded(place, stored, side.model, str(reason))
        return
    except CausetteError as error:
        yield place.broken(tr("chargement du modèle", "loading of the model"), str(error).replace("\n", " "))
        return
    yield _weights(
        place,
        evaluator,
        side,
        own=found(stored.work, side.model) is not None or side.model == stored.compared.first.main,
    )
    for comparison in stored.compared.comparisons:
        split = stored.split(comparison.split)
        here = place.at(comparison.split)
        if split:
            yield from _scores(here, evaluator, comparison.of(side.model), split, sample, seed)
            yield from _answers(here, evaluator, Questions(comparison, side.model, split), sample, seed)
        else:
            yield unloaded(
                here, stored, side.model, tr("cette partie du jeu n'est pas là", "this split of the set is not there")
            )
    del evaluator
    gc.collect()


def _weights(place: Place, evaluator: Any, side: Evaluation, *, own: bool) -> Check:
    """Whether they are those compared; `own`: they lie in the work folder."""
    what = tr("empreinte des poids, contre la comparaison", "fingerprint of the weights, against the comparison")
    if evaluator.weights == side.weights:
        return place.holds(what)
    if not own:
        return place.unverified(what, tr("ce modèle connu a ici une autre version (voir les coûts et les réponses)",
                                         "this known model has another version here (see costs and answers)"))  # fmt: skip
    if evaluator.model.adapter:
        why = tr("l'adaptateur fusionné ici ne donne pas les mêmes poids au bit près : autre machine, ou autres poids (voir les coûts)",
                 "the adapter merged here does not give the very same weights: another machine, or other weights (see the costs)")  # fmt: skip
        return place.unverified(what, why)
    return place.broken(
        what,
        tr("ces poids ne sont pas ceux qui ont été comparés", "these are not the weights that were compared"),
        tr(*AGAIN),
    )


def _scores(
    place: Place, evaluator: Any, side: Evaluation, split: Sequence[Dialogue], sample: int, seed: int
) -> Iterator[Check]:
    """What a draw of the stored costs is here: tokens and bytes the same, nats but for `TOLERANCE`."""
    known = {dialogue.id: dialogue for dialogue in split}
    stored = [one for one in side.scores if one.id in known]
    chosen = random.Random(seed).sample(stored, min(sample, len(stored)))
    what = tr("coût d'une réponse attendue, à 0,1 % près", "cost of an expected answer, within 0.1%")
    made = {one.id: one for one in evaluator.scores([known[one.id] for one in chosen])} if chosen else {}
    wrong, right = [], 0
    for one in chosen:
        again = made.get(one.id)
        if again and (one.tokens, one.octets) == (again.tokens, again.octets) and same(one.nats, again.nats, TOLERANCE):
            right += 1
        else:
            wrong.append((one.id, says(one.nats, again and again.nats)))
    if right:
        yield place.holds(what, right)
    yield from listed(place, what, wrong, tr(*AGAIN))
    if rest := len(side.scores) - len(chosen):
        yield place.unverified(what, tr("hors du tirage (--sample)", "not drawn (--sample)"), count=rest)


@dataclass(frozen=True)
class Questions:
    """What a side answered on a split, and how it was asked.

    Args:
        comparison: of that split.
        model: name of the side.
        split: all of its dialogues.
        batch: questions answered at a time; None for as many as `causette compare` took.
    """

    comparison: Comparison
    model: str
    split: Sequence[Dialogue]
    batch: int | None = None

    @property
    def settings(self) -> EvaluationSettings:
        values = self.comparison.settings
        settings = EvaluationSettings(**{**values, "sampling": Sampling(**values["sampling"])})
        return replace(settings, batch=self.batch) if self.batch else settings

    @property
    def stored(self) -> dict[str, str]:
        return {answer.id: answer.answer for answer in self.comparison.of(self.model).answers}

    def batches(self, sample: int, seed: int) -> list[Sequence[Dialogue]]:
        """Whole batches as `Evaluator` makes them, drawn until they hold as many questions."""
        from training.evaluation.evaluate import even_batches

        settings, stored = self.settings, self.stored
        asked = [one for one in drawn(self.split, settings.questions, settings.seed) if one.id in stored]
        batches = even_batches(sorted(asked, key=lambda one: len(one.question)), settings.batch)
        random.Random(seed).shuffle(batches)
        taken: list[Sequence[Dialogue]] = []
        while batches and sum(map(len, taken)) < sample:
            taken.append(batches.pop())
        return taken


def _answers(place: Place, evaluator: Any, asked: Questions, sample: int, seed: int) -> Iterator[Check]:
    what = tr("réponse refaite par le modèle", "answer made again by the model")
    equal, near, wrong, likeness = 0, 0, [], []
    known, stored, settings = {one.id: one for one in asked.split}, asked.stored, asked.settings
    for batch in asked.batches(sample, seed):
        for record in evaluator.answer(batch, replace(settings, questions=len(batch))):
            if record.answer == stored[record.id]:
                equal += 1
            elif settings.sampling.temperature == 0 and tied(
                evaluator.model, known[record.id], settings.sampling, stored[record.id]
            ):
                near += 1
                likeness.append(token_f1(record.answer, stored[record.id]))
            else:
                wrong.append((record.id, says(stored[record.id], record.answer)))
    if equal:
        yield place.holds(what, equal)
    if near:
        told = number(mean(likeness), 2)
        yield place.holds(tr(f"réponse proche, à l'arrondi d'un jeton près (F1 des mots {told})",
                             f"near answer, but for the rounding of a token (word F1 {told})"), near)  # fmt: skip
    if settings.sampling.temperature == 0:
        yield from listed(place, what, wrong, tr(*AGAIN))
    elif wrong:
        yield place.unverified(what, tr("tirée au hasard : une autre machine tire autrement", "drawn by chance: another machine draws otherwise"),
                               count=len(wrong))  # fmt: skip
    if rest := len(stored) - equal - near - len(wrong):
        yield place.unverified(what, tr("hors du tirage (--sample)", "not drawn (--sample)"), count=rest)


def tied(model: Any, dialogue: Dialogue, sampling: Sampling, stored: str) -> bool:
    """Whether the model, asked alone, writes the stored answer, or leaves it at two tokens that are equally likely."""
    from chatbot.runner import ChatModel

    reply = ChatModel(model).reply(dialogue.messages[:-1], sampling, likely=LIKELY)
    if reply.text() == stored:
        return True
    said = ""
    for token in reply.answer.tokens:
        if token.text and stored.startswith((said + token.text).lstrip()):
            said += token.text
            continue
        others = [
            other
            for other in token.likeliest
            if other.probability >= TIE * token.probability and other.text != token.text
        ]
        return any(_goes_on(stored, said, other.text) for other in others)
    return False


def _goes_on(stored: str, said: str, text: str) -> bool:
    """Whether the stored answer goes on with that text, or ends where it is the end token."""
    return stored.startswith((said + text).lstrip()) if text else stored == said.strip()
