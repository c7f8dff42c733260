"""A finding of the diagnosis in words: what it is, from its kind and numbers, and its cure where it is read.

A run keeps kind and numbers, so that a page tells them in its reader's language. On the command line the cure is an
option; on a page it is what the form has, or nothing.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from chatbot.language import number, tr

Numbers = Mapping[str, Any]
MOST_DIGITS = 6  # after the point, of a learning rate written out


def what(key: str, step: int, found: Numbers) -> str:
    """What was found, in the current language, without a cure."""
    return WHAT[key](step, found)


def with_command(key: str, step: int, found: Numbers) -> str:
    """The same with the options that cure it."""
    return " ".join(filter(None, (what(key, step, found), COMMANDS[key](found))))


def form_cure(key: str, found: Numbers) -> str:
    """What a reader can change in the form of the page; "" where that is nothing."""
    adapter = found.get("method", "full") != "full"
    if key == "validation_rising":
        fewer = found["epochs"] < found["of_epochs"]
        epochs = plural(found["epochs"], ("époque", "époques"), ("epoch", "epochs"))
        return tr(
            f"La prochaine fois : {epochs}, ou davantage de lignes."
            if fewer
            else "La prochaine fois : davantage de lignes.",
            f"Next time: {epochs}, or more rows." if fewer else "Next time: more rows.",
        )
    if key == "truncated":
        return tr("Raccourcissez ces réponses, ou coupez-les en plusieurs questions.",
                  "Shorten these answers, or cut them into several questions.")  # fmt: skip
    if key == "no_movement":
        return tr("Prenez davantage d'époques, ou « Tous les poids »." if adapter else "Prenez davantage d'époques.",
                  "Take more epochs, or “All weights”." if adapter else "Take more epochs.")  # fmt: skip
    return "" if adapter else tr("Prenez l'adaptateur LoRA.", "Take the LoRA adapter.")


def plural(count: int, french: tuple[str, str], english: tuple[str, str]) -> str:
    """ "1 dialogue", "2 604 dialogues"; each pair is one and several."""
    return f"{number(count)} {tr(french[count > 1], english[count != 1])}"


def rate_text(rate: float) -> str:
    """A learning rate as an option takes it: 1e-4, 0.02."""
    if rate >= 0.01:
        return f"{rate:.2g}"
    mantissa, _, exponent = f"{rate:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def rate_in_words(rate: float) -> str:
    """A learning rate as people read it: 0,001 in French, 0.001 in English."""
    digits = next((d for d in range(MOST_DIGITS + 1) if math.isclose(round(rate, d), rate, rel_tol=1e-3)), None)
    return rate_text(rate) if digits is None else number(rate, digits)


def _divergence(step: int, found: Numbers) -> str:
    now, before, rate = number(found["now"], 2), number(found["before"], 2), rate_in_words(found["rate"])
    return tr(
        f"La perte d'entraînement diverge : {now} en moyenne sur les {found['steps']} derniers pas, contre {before} avant. "
        f"Le taux d'apprentissage ({rate}) est trop haut.",
        f"The training loss diverges: {now} on average over the last {found['steps']} steps, {before} before. The learning "
        f"rate ({rate}) is too high.",
    )


def _no_movement(step: int, found: Numbers) -> str:
    moved, rate = found["moved"], rate_in_words(found["rate"])
    percent = number(100 * (moved or 0), 4)
    french = "les pertes n'ont pas changé" if moved is None else f"les poids n'ont bougé que de {percent} %"
    english = "the losses did not change" if moved is None else f"the weights moved by {percent}% only"
    return tr(
        f"L'entraînement n'avance pas : {french} après {number(step)} pas. Le taux d'apprentissage ({rate}) est trop bas.",
        f"The training does not move: {english} after {plural(step, ('', ''), ('step', 'steps'))}. The learning rate "
        f"({rate}) is too low.",
    )


def _validation_rising(step: int, found: Numbers) -> str:
    loss, best, last = (number(found[name], 2) for name in ("loss", "best_loss", "last_loss"))
    at, end = number(found["best_step"]), number(found["last_step"])
    return tr(
        f"Le modèle apprend ses dialogues par cœur : la perte d'entraînement baisse encore ({loss}), celle de validation "
        f"remonte ({best} au pas {at}, {last} au pas {end}). Les meilleurs poids sont gardés.",
        f"The model learns its dialogues by heart: the training loss still falls ({loss}), that of validation rises "
        f"({best} at step {at}, {last} at step {end}). The best weights are kept.",
    )


def _truncated(step: int, found: Numbers) -> str:
    """The population is named: a page tells other ones beside it."""
    cut, of, length = found["cut"], number(found["dialogues"]), number(found["row_length"])
    share = number(100 * cut / found["dialogues"], 1 if cut < 0.1 * found["dialogues"] else 0)
    dialogues = plural(cut, ("dialogue", "dialogues"), ("dialogue", "dialogues"))
    lose = ("perd la fin de sa réponse", "perdent la fin de leur réponse")[cut > 1]
    return tr(
        f"{dialogues} sur {of} ({share} % de ceux d'entraînement et de validation) {lose}, coupée à {length} jetons : le "
        "modèle n'apprendra pas à finir de telles réponses.",
        f"{dialogues} of {of} ({share}% of those of training and validation) {'loses' if cut == 1 else 'lose'} the end of "
        f"the answer, cut at {length} tokens: the model will not learn to end such answers.",
    )


def _not_finite(step: int, found: Numbers) -> str:
    best = number(found["best_step"])
    return tr(
        f"Arrêt au pas {number(step)} : la perte n'est plus un nombre fini. Les poids gardés sont ceux du pas {best}, les "
        "meilleurs mesurés ; le modèle écrit est utilisable.",
        f"Stopped at step {number(step)}: the loss is no finite number any more. The weights kept are those of step {best}, "
        "the best measured; the model written is usable.",
    )


def _other_rate(found: Numbers) -> str:
    rate = rate_text(found["better_rate"])
    again = tr(f"Recommencez avec --set fit.learning_rate={rate}.", f"Start again with --set fit.learning_rate={rate}.")
    if "moved" not in found or found["method"] == "full":
        return again
    return again + tr(
        " Si cela ne change rien, l'adaptateur est mal placé : voyez lora.targets et lora.alpha.",
        " If nothing changes, the adapter is in the wrong place: see lora.targets and lora.alpha.",
    )


def _fewer_epochs(found: Numbers) -> str:
    cures = [f"--set fit.epochs={found['epochs']}"] if found["epochs"] < found["of_epochs"] else []
    cures += ["--set fit.dropout=0.1"] if found["dropout"] < 0.1 else []
    cure = tr(" ou ", " or ").join(cures) or tr("davantage de dialogues", "more dialogues")
    return tr(f"La prochaine fois : {cure}.", f"Next time: {cure}.")


def _longer_rows(found: Numbers) -> str:
    cures, needed, context = [], found["needed"], found["context"]
    if found["row_length"] < context:
        length = min(context, needed)
        cures.append(tr(f"prenez --set fit.row_length={length}", f"take --set fit.row_length={length}"))
    if needed > context:
        holds, asks = number(context), number(needed)
        cures.append(
            tr(f"le modèle lit {holds} jetons au plus, le plus long dialogue en demande {asks} : prenez un modèle au "
               "contexte plus long, ou coupez ces réponses en plusieurs questions",
               f"the model reads {holds} tokens at most, the longest dialogue takes {asks}: take a model with a longer "
               "context, or cut these answers into several questions")
        )  # fmt: skip
    cure = tr(" ; ", "; ").join(cures)
    return tr(f"Remède : {cure}.", f"Cure: {cure}.")


def _lower_rate_or_float32(found: Numbers) -> str:
    rate, exact = rate_text(found["better_rate"]), found["precision"] == "float32"
    other = "" if exact else tr(" ou --set fit.precision=float32", " or --set fit.precision=float32")
    return tr(f"Pour aller plus loin, recommencez avec --set fit.learning_rate={rate}{other}.",
              f"To go further, start again with --set fit.learning_rate={rate}{other}.")  # fmt: skip


WHAT: dict[str, Callable[[int, Numbers], str]] = {
    "divergence": _divergence,
    "no_movement": _no_movement,
    "validation_rising": _validation_rising,
    "truncated": _truncated,
    "not_finite": _not_finite,
}
COMMANDS: dict[str, Callable[[Numbers], str]] = {
    "divergence": _other_rate,
    "no_movement": _other_rate,
    "validation_rising": _fewer_epochs,
    "truncated": _longer_rows,
    "not_finite": _lower_rate_or_float32,
}
