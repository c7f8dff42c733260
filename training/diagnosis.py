"""What goes wrong in a training, told while it runs: rules on numbers, each with its cure for this very training.

    divergence          the training loss climbs well above where it began, or where it had come to
    not_finite          the loss is no number any more: the training ends, the best weights are kept
    no_movement         after a quarter of the steps the weights are where they were, or after half of them the losses
    validation_rising   the model learns its training dialogues by heart and gets worse at the others
    truncated           answers are cut by the length of the rows: their ends cannot be learnt

The rules are pure: a `Known` in, findings out. Whoever calls them says each key once.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from chatbot.errors import WorldError
from chatbot.language import number, tr
from training.runs import HistoryRow

WINDOW = 10  # last steps whose mean loss is looked at
LEAST = 5  # of them, before anything is said of them
SMALL = 50e6  # parameters; below, a model takes (and needs) the higher rates of our recipes
FEW_CUT = 0.01  # share of the dialogues; a few very long ones are nothing to worry about


class LossNotFinite(WorldError):
    """The loss is infinite or not a number."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that the user should know. `key` is stable, `text` is in the user's language, with the cure."""

    key: str
    step: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the cures depend on.

    Args:
        method: of the training: "full", "lora", …
        parameters: of the whole model.
        learning_rate: at its peak.
        epochs: asked for.
        dropout: share of activations switched off.
    """

    method: str
    parameters: float
    learning_rate: float
    epochs: int
    dropout: float

    @property
    def usual_rate(self) -> float:
        """The learning rate of the recipe that is nearest to this training."""
        if self.method != "full":
            return 5e-4
        return 1e-3 if self.parameters < SMALL else 1e-4


@dataclass(frozen=True, kw_only=True)
class Known:
    """Where a training stands.

    Args:
        setup: its options.
        step: steps done.
        total_steps: planned.
        start: validation loss before the first step.
        recent: training losses of the last steps, `WINDOW` at most.
        history: its validations.
        moved: relative change of the trained weights; None where it was not measured.
        ended: whether no step will follow.
    """

    setup: Setup
    step: int
    total_steps: int
    start: float
    recent: Sequence[float]
    history: Sequence[HistoryRow]
    moved: float | None = None
    ended: bool = False

    @property
    def share(self) -> float:
        """Of the steps done; all of them when the training is over, however soon."""
        return 1.0 if self.ended else self.step / self.total_steps


def findings(known: Known) -> list[Finding]:
    """All that the rules find now."""
    return [
        Finding(key=key, step=known.step, text=text) for key, rule in RULES.items() if (text := rule(known)) is not None
    ]


def _divergence(known: Known) -> str | None:
    if len(known.recent) < LEAST:
        return None
    now, best = fmean(known.recent), min((row.loss for row in known.history), default=math.inf)
    if not (now > 1.5 * known.start or now > 2 * best + 1):
        return None
    rate = rate_text(min(known.setup.learning_rate / 10, known.setup.usual_rate))
    since = min(best, known.start)
    return tr(
        f"La perte d'entraînement diverge : {number(now, 2)} en moyenne sur les {len(known.recent)} derniers pas, "
        f"contre {number(since, 2)} avant. Le taux d'apprentissage ({rate_text(known.setup.learning_rate)}) est trop "
        f"haut : recommencez avec --set fit.learning_rate={rate}.",
        f"The training loss diverges: {number(now, 2)} on average over the last {len(known.recent)} steps, "
        f"{number(since, 2)} before. The learning rate ({rate_text(known.setup.learning_rate)}) is too high: start "
        f"again with --set fit.learning_rate={rate}.",
    )


def _no_movement(known: Known) -> str | None:
    still = known.moved is not None and known.moved < 1e-5 and known.share >= 0.25
    if not (still or (known.share >= 0.5 and _flat(known))):
        return None
    moved = tr(f"les poids n'ont bougé que de {number(100 * (known.moved or 0), 4)} %",
               f"the weights moved by {number(100 * (known.moved or 0), 4)}% only")  # fmt: skip
    flat = tr("les pertes n'ont pas changé", "the losses did not change")
    what = moved if still else flat
    rate = rate_text(min(1.0, max(known.setup.learning_rate * 10, known.setup.usual_rate)))
    adapter = "" if known.setup.method == "full" else tr(
        " Si cela ne change rien, l'adaptateur est mal placé : voyez lora.targets et lora.alpha.",
        " If nothing changes, the adapter is in the wrong place: see lora.targets and lora.alpha.",
    )  # fmt: skip
    return (
        tr(
            f"L'entraînement n'avance pas : {what} après {known.step} pas. Le taux d'apprentissage "
            f"({rate_text(known.setup.learning_rate)}) est trop bas : recommencez avec --set fit.learning_rate={rate}.",
            f"The training does not move: {what} after {known.step} steps. The learning rate "
            f"({rate_text(known.setup.learning_rate)}) is too low: start again with --set fit.learning_rate={rate}.",
        )
        + adapter
    )


def _flat(known: Known) -> bool:
    """Whether neither loss has changed by half a percent since the beginning."""
    rows = known.history
    if len(rows) < 2:
        return False
    measured = [(row.validation_loss, known.start) for row in rows] + [(row.loss, rows[0].loss) for row in rows]
    return all(abs(loss - before) <= 0.005 * before for loss, before in measured)


def _validation_rising(known: Known) -> str | None:
    rows = known.history
    if len(rows) < 3:
        return None
    best = min(rows, key=lambda row: row.validation_loss)
    last, before = rows[-1], rows[-2]
    climbs = last.validation_loss > 1.02 * best.validation_loss and before.validation_loss > best.validation_loss
    if not (climbs and best.step < before.step and last.loss < best.loss):
        return None
    epochs = max(1, math.ceil(best.epoch))
    cures = [f"--set fit.epochs={epochs}"] if epochs < known.setup.epochs else []
    cures += ["--set fit.dropout=0.1"] if known.setup.dropout < 0.1 else []
    cure = tr(" ou ", " or ").join(cures) or tr("davantage de dialogues", "more dialogues")
    return tr(
        f"Le modèle apprend ses dialogues par cœur : la perte d'entraînement baisse encore "
        f"({number(last.loss, 2)}), celle de validation remonte ({number(best.validation_loss, 2)} au pas {best.step}, "
        f"{number(last.validation_loss, 2)} au pas {last.step}). Les meilleurs poids sont gardés ; la prochaine fois : "
        f"{cure}.",
        f"The model learns its dialogues by heart: the training loss still falls ({number(last.loss, 2)}), that of "
        f"validation rises ({number(best.validation_loss, 2)} at step {best.step}, {number(last.validation_loss, 2)} at "
        f"step {last.step}). The best weights are kept; next time: {cure}.",
    )


RULES: dict[str, Callable[[Known], str | None]] = {
    "divergence": _divergence,
    "no_movement": _no_movement,
    "validation_rising": _validation_rising,
}


def truncated(*, cut: int, dialogues: int, row_length: int, needed: int, context: int) -> Finding | None:
    """Before the training: whether answers are cut.

    Args:
        cut: dialogues that lose the end of their last answer.
        dialogues: all of them.
        row_length: places of a row.
        needed: places that the longest dialogue takes.
        context: places that the model has.
    """
    if cut < FEW_CUT * dialogues or not cut:
        return None
    share = number(100 * cut / dialogues, 1 if cut < 0.1 * dialogues else 0)
    cures = []
    if row_length < context:
        length = min(context, needed)
        cures.append(tr(f"prenez --set fit.row_length={length}", f"take --set fit.row_length={length}"))
    if needed > context:
        cures.append(
            tr(f"le modèle lit {context} jetons au plus, le plus long dialogue en demande {needed} : prenez un modèle au "
               "contexte plus long, ou coupez ces réponses en plusieurs questions",
               f"the model reads {context} tokens at most, the longest dialogue takes {needed}: take a model with a "
               "longer context, or cut these answers into several questions")
        )  # fmt: skip
    cure = tr(" ; ", "; ").join(cures)
    return Finding(
        key="truncated",
        step=0,
        text=tr(
            f"{number(cut)} dialogue(s) sur {number(dialogues)} ({share} %) perdent la fin de leur réponse, coupée à "
            f"{row_length} jetons : le modèle n'apprendra pas à les finir. Remède : {cure}.",
            f"{number(cut)} of {number(dialogues)} dialogue(s) ({share}%) lose the end of their answer, cut at "
            f"{row_length} tokens: the model will not learn to end them. Cure: {cure}.",
        ),
    )


def not_finite(setup: Setup, *, step: int, best_step: int, precision: str) -> Finding:
    """The loss of the step after `step` was no number; the weights of `best_step` are kept."""
    rate = rate_text(min(setup.learning_rate / 10, setup.usual_rate))
    other = "" if precision == "float32" else tr(" ou --set fit.precision=float32", " or --set fit.precision=float32")
    return Finding(
        key="not_finite",
        step=step,
        text=tr(
            f"Arrêt au pas {step} : la perte n'est plus un nombre fini. Les poids gardés sont ceux du pas {best_step}, les "
            f"meilleurs mesurés ; le modèle écrit est utilisable. Pour aller plus loin, recommencez avec "
            f"--set fit.learning_rate={rate}{other}.",
            f"Stopped at step {step}: the loss is no finite number any more. The weights kept are those of step "
            f"{best_step}, the best measured; the model written is usable. To go further, start again with "
            f"--set fit.learning_rate={rate}{other}.",
        ),
    )


def rate_text(rate: float) -> str:
    """A learning rate as one writes it: 1e-4, 0.02."""
    if rate >= 0.01:
        return f"{rate:.2g}"
    mantissa, _, exponent = f"{rate:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
