"""Fine-tuning: a prepared folder and a base model in, a run folder out. Knows no data set.

The story: load the base → encode and pack the dialogues → measure the loss before → train, validating now and then and
keeping the best weights → say whether the weights moved and by how much the loss fell → write the run, whole.
"""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.dialogue import drawn
from chatbot.files import write_json, write_text
from chatbot.language import number, tr
from chatbot.model import LanguageModel, load_model, save_preset
from datasets_prep.prepared import PreparedSet
from training import runs
from training.config import RunConfig
from training.distribution import Strategy, distributed
from training.loop import Schedule, optimise
from training.packing import PackedRows, fit_length
from training.precision import choose_compilation, choose_precision, device_name
from training.recorder import Plan, Progress, Recorder, Watcher, require_finite, validation_loss
from training.runs import RunFolder
from training.state import load_arrays, load_state, put_back, save_arrays, save_state, values_of
from training.token_cache import encoded_split

FEW_STEPS = 60  # optimizer steps: 75 questions with the recipe `mini` made 24, and the answers were blank


def train(config: RunConfig, *, resume: bool = False, watcher: Watcher | None = None) -> RunFolder:
    """Fine-tunes and writes the run folder.

    Raises:
        InputError: data, model or options are wrong, or a training to resume was begun with others; nothing is left
            behind, and nothing that could be resumed is lost.
        WorldError: the loss became infinite.
    """
    with distributed(config.distribute) as strategy:
        return _train(config, resume, (watcher if strategy.writes else None) or Watcher(), strategy)


def _train(config: RunConfig, resume: bool, watcher: Watcher, strategy: Strategy) -> RunFolder:
    with strategy.together():
        data = PreparedSet.open(config.data)
    with strategy.folder(runs.working(config.out, resume=resume)) as work:
        with strategy.together():
            runs.note_beginning(work, config, data.manifest)
        strategy.require_same(config, data.manifest)
        strategy.require_rows(config.fit.rows)
        if config.distribute:
            watcher.say(strategy.sentence(config.distribute, config.fit.rows))
        precision = strategy.same(choose_precision(config.fit.precision))
        with strategy.together(), strategy.building():
            model = _load(config, precision, watcher)
            plan = _plan(config, model, data, watcher)
            trainer = _trainer(config, model.causal_lm, plan, strategy)
        with strategy.scope():
            _compile(config, trainer)
            runs.write_environment(work / "environment.json", device=strategy.named(device_name()), precision=precision)
            before = values_of(trainer.trainable_variables)
            progress = _run(config, trainer, plan, work, resume, watcher)
        strategy.gather(trainer)
        if not strategy.writes:
            return RunFolder(config.out)
        metrics = _outcome(config, trainer, plan, progress, before, precision)
        write_json(work / "metrics.json", metrics)
        _write_weights(config, model, data, trainer, work)
        _write_samples(model, data, work)
        watcher.say(verdict(metrics))
    return runs.finish(work, config.out)


def verdict(metrics: dict[str, Any]) -> str:
    """The two facts a beginner must know after a training: weights moved, response loss fell (or not)."""
    before, after = metrics["validation_loss_before"], metrics["validation_loss_after"]
    moved = number(100 * metrics["weights_moved"], 2)
    fell = tr("a baissé", "fell") if after < before else tr("N'A PAS baissé", "did NOT fall")
    return tr(
        f"Les poids entraînés ont bougé de {moved} % ; la perte sur les réponses de validation {fell} : "
        f"{number(before, 3)} → {number(after, 3)} (meilleur pas : {metrics['best_step']}).",
        f"Trained weights moved by {moved}%; the loss on validation answers {fell}: "
        f"{number(before, 3)} → {number(after, 3)} (best step: {metrics['best_step']}).",
    )


def _load(config: RunConfig, precision: str, watcher: Watcher) -> LanguageModel:
    import keras

    keras.utils.set_random_seed(config.fit.seed)
    model = load_model(config.model, dtype=precision, template=config.template, dropout=config.fit.dropout)
    if config.method == "lora":
        from training.lora import add_lora

        options = config.lora
        add_lora(model.causal_lm.backbone, rank=options.rank, alpha=options.alpha, targets=options.targets)
    trained = sum(int(np.prod(v.shape)) for v in model.causal_lm.backbone.trainable_variables)
    watcher.say(
        tr(f"Modèle {config.model} : {number(model.parameters / 1e6, 1)} M de paramètres, dont "
           f"{number(trained / 1e6, 2)} M entraînés, en {precision}.",
           f"Model {config.model}: {number(model.parameters / 1e6, 1)}M parameters, "
           f"{number(trained / 1e6, 2)}M of them trained, in {precision}.")
    )  # fmt: skip
    return model


def _plan(config: RunConfig, model: LanguageModel, data: PreparedSet, watcher: Watcher) -> Plan:
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
    watcher.say(
        tr(f"{number(len(dialogues))} dialogues d'entraînement en {number(len(rows))} lignes de {length} jetons, "
           f"remplies à {number(100 * rows.filled, 1)} % ; {number(rows.trained_tokens)} jetons appris par époque, "
           f"{rows.truncated} dialogue(s) coupé(s).",
           f"{number(len(dialogues))} training dialogues in {number(len(rows))} rows of {length} tokens, "
           f"{number(100 * rows.filled, 1)}% full; {number(rows.trained_tokens)} learnt tokens per epoch, "
           f"{rows.truncated} dialogue(s) cut.")
    )  # fmt: skip
    if total < FEW_STEPS and fit.max_steps is None and per_epoch < FEW_STEPS:
        watcher.say(
            tr(f"Seulement {total} pas : c'est peu pour apprendre. Sur un petit fichier, prenez --recipe petit.",
               f"Only {total} steps: too few to learn much. For a small file take --recipe petit.")
        )  # fmt: skip
    return Plan(
        train=rows,
        validation=PackedRows.of(validation, length),
        total_steps=total,
        steps_per_epoch=per_epoch,
        evaluate_every=fit.evaluate_every or max(1, min(per_epoch, total // 4)),
    )


def _trainer(config: RunConfig, causal_lm: Any, plan: Plan, strategy: Strategy) -> Any:
    from training.packed_lm import PackedCausalLM

    rows = config.fit.rows // strategy.shards
    places = max(split.most_trained(rows) for split in (plan.train, plan.validation))
    trainer = PackedCausalLM(causal_lm, places=places, strategy=strategy, dtype=causal_lm.dtype_policy)
    strategy.spread(trainer)
    return trainer


def _compile(config: RunConfig, trainer: Any) -> None:
    from training.optimizer import make_optimizer

    fit = config.fit
    accumulation = 1 if trainer.strategy.accumulates_by_itself() else fit.accumulation
    optimizer = make_optimizer(
        trainer, weight_decay=fit.weight_decay, clip_norm=fit.clip_norm, accumulation=accumulation
    )
    trainer.compile(optimizer=optimizer, jit_compile=choose_compilation(fit.compile))
    trainer.optimizer.build(trainer.trainable_variables)


def _run(config: RunConfig, trainer: Any, plan: Plan, work: Path, resume: bool, watcher: Watcher) -> Progress:
    """Trains to the end (or to the early stop) and leaves the best weights in `trainer`."""
    state, best, fit = work / "backup" / "state.npz", work / "backup" / "best.npz", config.fit
    progress = Progress(**load_state(state, trainer)) if resume else Progress()
    watcher.plan(plan.total_steps, progress.step)
    if not resume:
        progress.first_loss = progress.best_loss = validation_loss(trainer, plan, fit.rows)
        require_finite(progress.first_loss, step=0)
        save_arrays(best, values_of(trainer.trainable_variables))
        save_state(state, trainer, asdict(progress))
    recorder = Recorder(trainer, plan, config, progress, work, watcher)
    schedule = Schedule(
        peak=fit.learning_rate, warmup_steps=int(fit.warmup * plan.total_steps), total_steps=plan.total_steps
    )
    steps = plan.train.steps(fit.rows, fit.accumulation, fit.seed, progress.step, plan.total_steps)
    with closing(optimise(trainer, steps, schedule, start=progress.step, looks_at=recorder.looks_at)) as reports:
        # Asked before each step: a training killed after its early stop must not take one step more.
        while progress.without_progress < fit.patience and (report := next(reports, None)):
            recorder.record(report)
    if progress.without_progress >= fit.patience:
        watcher.say(
            tr(f"Arrêt anticipé au pas {progress.step} : {fit.patience} validations sans progrès.",
               f"Stopped early at step {progress.step}: {fit.patience} validations without progress.")
        )  # fmt: skip
    put_back(trainer.trainable_variables, load_arrays(best))
    runs.write_history(work / "history.csv", progress.rows)
    return progress


def _outcome(
    config: RunConfig, trainer: Any, plan: Plan, progress: Progress, before: dict[str, np.ndarray], precision: str
) -> dict[str, Any]:
    after = values_of(trainer.trainable_variables)
    change = sum(float(np.square(after[name] - before[name], dtype="float64").sum()) for name in before)
    size = sum(float(np.square(value, dtype="float64").sum()) for value in before.values())
    return {
        "validation_loss_before": progress.first_loss,
        "validation_loss_after": progress.best_loss,
        "best_step": progress.best_step,
        "steps": progress.step,
        "planned_steps": plan.total_steps,
        "epochs": progress.step / plan.steps_per_epoch,
        "weights_moved": (change / size) ** 0.5 if size else 0.0,
        "trained_tokens": progress.trained_tokens,
        "train_seconds": progress.seconds,
        "truncated_dialogues": plan.train.truncated + plan.validation.truncated,
        "row_length": plan.train.length,
        "row_filled": plan.train.filled,
        "method": config.method,
        "precision": precision,
    }


def _write_weights(config: RunConfig, model: LanguageModel, data: PreparedSet, trainer: Any, work: Path) -> None:
    if config.method == "lora":
        save_arrays(work / "adapter.npz", values_of(trainer.trainable_variables))
    exchanges = max(sum(turn.role == "user" for turn in dialogue.messages) for dialogue in data.split("train"))
    note = {"template": model.template.name, "base": config.model, "exchanges": exchanges}
    save_preset(model.causal_lm, work / "preset", note)


def _write_samples(model: LanguageModel, data: PreparedSet, work: Path, count: int = 5) -> None:
    """Greedy answers to some questions of the validation split, drawn by chance, beside the expected ones."""
    import json

    from chatbot.runner import ChatModel
    from chatbot.sampling import Sampling

    chosen = drawn(list(data.split("validation")), count, seed=1)
    answers = ChatModel(model).answers([d.messages[:-1] for d in chosen], Sampling(max_new_tokens=96))
    lines = [
        json.dumps({"id": d.id, "question": d.question, "expected": d.answer, "answer": a.text}, ensure_ascii=False)
        for d, a in zip(chosen, answers, strict=True)
    ]
    write_text(work / "samples.jsonl", "\n".join(lines) + "\n")
