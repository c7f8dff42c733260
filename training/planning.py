"""What a training will read and how many steps it takes, settled before the first one."""

from chatbot.dialogue import drawn
from chatbot.language import number, tr
from chatbot.model import LanguageModel
from datasets_prep.prepared import PreparedSet
from training.config import RunConfig
from training.diagnosis import truncated
from training.packing import PackedRows, fit_length
from training.recorder import Plan, Watcher
from training.token_cache import encoded_split

FEW_STEPS = 60  # optimizer steps: 75 questions with the recipe `mini` made 24, and the answers were blank


def plan_of(config: RunConfig, model: LanguageModel, data: PreparedSet, watcher: Watcher) -> Plan:
    """The rows of a training, its validation, and its steps; what a beginner should know of them is said."""
    fit = config.fit
    dialogues, held_out = (
        encoded_split(data, split, model.template, model.tokenizer) for split in ("train", "validation")
    )
    validation = drawn(held_out, fit.validation_dialogues, fit.seed)
    needed = max(fit_length(split, model.context) for split in (dialogues, validation))
    length = min(fit.row_length or needed, model.context)
    rows = PackedRows.of(dialogues, length)
    per_epoch = rows.steps_per_epoch(fit.rows, fit.accumulation)
    total = min(per_epoch * fit.epochs, fit.max_steps or per_epoch * fit.epochs)
    several = "s" if rows.truncated > 1 else ""
    watcher.say(
        tr(f"{number(len(dialogues))} dialogues d'entraînement en {number(len(rows))} lignes de {number(length)} jetons, "
           f"remplies à {number(100 * rows.filled, 1)} % ; {number(rows.trained_tokens)} jetons appris par époque, "
           f"{number(rows.truncated)} dialogue{several} coupé{several}.",
           f"{number(len(dialogues))} training dialogues in {number(len(rows))} rows of {number(length)} tokens, "
           f"{number(100 * rows.filled, 1)}% full; {number(rows.trained_tokens)} learnt tokens per epoch, "
           f"{number(rows.truncated)} dialogue{'' if rows.truncated == 1 else 's'} cut.")
    )  # fmt: skip
    if total < FEW_STEPS and fit.max_steps is None and per_epoch < FEW_STEPS:
        watcher.say(
            tr(f"Seulement {total} pas : c'est peu pour apprendre. Sur un petit fichier, prenez --recipe petit.",
               f"Only {total} steps: too few to learn much. For a small file take --recipe petit.")
        )  # fmt: skip
    held = PackedRows.of(validation, length)
    return Plan(
        train=rows,
        validation=held,
        cut=truncated(
            cut=rows.truncated + held.truncated,
            dialogues=len(dialogues) + len(validation),
            row_length=length,
            needed=max(fit_length(split, 2**31) for split in (dialogues, validation)),
            context=model.context,
        ),
        total_steps=total,
        steps_per_epoch=per_epoch,
        evaluate_every=fit.evaluate_every or max(1, min(per_epoch, total // 4)),
    )
