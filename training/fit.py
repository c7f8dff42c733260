"""Fine-tuning: a prepared folder and a base model in, a run folder out. Knows no data set.

The story: load the base → encode and pack the dialogues → measure the loss before → train, validating now and then and
keeping the best weights → say whether the weights moved and by how much the loss fell → write the run, whole.
"""

import shutil
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.adapter import Adapter, bits_of, prepare, save_adapter
from chatbot.errors import InputError
from chatbot.files import write_json
from chatbot.language import number, tr
from chatbot.locate import locate
from chatbot.model import LanguageModel, load_model, save_preset
from datasets_prep.prepared import PreparedSet
from training import runs
from training.config import RunConfig
from training.diagnosis import LossNotFinite, Setup, not_finite
from training.distribution import Strategy, distributed
from training.dry_run import fitting
from training.loop import Schedule, optimise
from training.out_of_memory import Stage, told_with_advice
from training.outcome import outcome, verdict, weights_moved
from training.planning import plan_of
from training.precision import can_checkpoint, choose_checkpointing, choose_compilation, choose_precision, device_name
from training.recorder import Plan, Progress, Recorder, Watcher, require_finite, validation_loss
from training.runs import RunFolder
from training.samples import Sampler
from training.state import Backup, put_back, values_of
from training.tracking import Tracker, require_installed, tracked


def train(config: RunConfig, *, resume: bool = False, watcher: Watcher | None = None) -> RunFolder:
    """Fine-tunes and writes the run folder.

    Raises:
        InputError: data, model or options are wrong, or a training to resume was begun with others; nothing is left
            behind, and nothing that could be resumed is lost.
        WorldError: the loss became infinite before anything was learnt (later, the best weights are written, and
            `stopped` of the metrics is "nan"), memory ended, or a tracking service refused.
    """
    require_installed(config.tracking)
    if config.memory and config.distribute:
        raise InputError(
            tr("--memory mesure un seul appareil : il ne va pas avec --distribute.\n"
               "Mesurez d'abord sans --distribute, puis donnez fit.rows vous-même.",
               "--memory measures one device: it does not go with --distribute.\n"
               "Measure without --distribute first, then give fit.rows yourself.")
        )  # fmt: skip
    with distributed(config.distribute) as strategy:
        if strategy.same(str(resume and runs.was_finishing(config.out))) == "True":
            return runs.finish(config.out) if strategy.writes else RunFolder(config.out)
        return _train(config, resume, (watcher if strategy.writes else None) or Watcher(), strategy)


def _train(config: RunConfig, resume: bool, watcher: Watcher, strategy: Strategy) -> RunFolder:
    with strategy.together():
        data = PreparedSet.open(config.data)
    with strategy.folder(runs.working(config.out, resume=resume)) as work:
        with strategy.together():
            config = fitting(config, work, resume=resume, watcher=watcher)
            runs.note_beginning(work, config, data.manifest)
        strategy.require_same(config, data.manifest)
        strategy.require_rows(config.fit.rows)
        if config.distribute:
            watcher.say(strategy.sentence(config.distribute, config.fit.rows))
        # Not chosen again: "auto" may be a measurement, and a training goes on in the arithmetic it began in.
        noted = resume and strategy.writes
        precision = strategy.same(runs.noted_precision(work) if noted else choose_precision(config.fit.precision))
        strategy.require_precision(precision)
        with told_with_advice(config) as stage:
            stage.can_checkpoint = can_checkpoint(config.fit.compile)
            with strategy.together(), strategy.building():
                model, adapter = _load(config, precision, watcher)
                plan = plan_of(config, model, data, watcher)
                stage.row_length = plan.train.length
                watcher.prepared(model, plan)
                trainer = _trainer(config, model.causal_lm, plan, strategy)
            runs.write_environment(work / "environment.json", device=strategy.named(device_name()), precision=precision)
            with ExitStack() as opened:
                with strategy.together():
                    tracker = opened.enter_context(tracked(config, work, watcher.say, writes=strategy.writes))
                with strategy.scope():
                    _compile(config, trainer)
                    before = values_of(trainer.trainable_variables)
                    progress, asked = _run(config, model, data, trainer, plan, before, work, resume, watcher, tracker)
                strategy.gather(trainer)
                if not strategy.writes:
                    return RunFolder(config.out)
                if strategy.devices > 1:
                    asked = _ask_once(config, model, data, progress, work, watcher, tracker)
                metrics = outcome(config, trainer, plan, progress, before, precision)
                metrics |= {"sample_seconds": asked, "parameters": model.parameters}
                tracker.outcome({name: value for name, value in metrics.items() if isinstance(value, int | float)})
            write_json(work / "metrics.json", metrics)
            _write_weights(model, adapter, data, work)
        watcher.say(verdict(metrics))
    return runs.finish(config.out)


def _ask_once(
    config: RunConfig,
    model: LanguageModel,
    data: PreparedSet,
    progress: Progress,
    work: Path,
    watcher: Watcher,
    tracker: Tracker,
) -> float:
    """The samples of a training on several devices: of its best weights alone, which one device holds by now."""
    sampler = _sampler(config, model, data, work, config.fit.samples, progress.step)
    if samples := sampler.ask(progress.best_step):
        tracker.samples(progress.best_step, samples)
        watcher.samples(samples)
    return sampler.seconds


def _sampler(config: RunConfig, model: LanguageModel, data: PreparedSet, work: Path, count: int, step: int) -> Sampler:
    return Sampler(model, list(data.split("validation")), count, config.fit.seed, work / "samples.jsonl", step)


def rehearse(
    config: RunConfig, work: Path, *, stage: Stage | None = None, watcher: Watcher | None = None, steps: int = 2
) -> Any:
    """The first steps of a training, in `work`, with all that holds memory: validation, states, best weights.

    Returns:
        The model that was trained, with its optimizer.
    """
    watcher = watcher or Watcher()
    data = PreparedSet.open(config.data)
    model, _ = _load(config, choose_precision(config.fit.precision), watcher)
    plan = plan_of(config, model, data, watcher)
    if stage is not None:
        stage.row_length = plan.train.length
    trainer = _trainer(config, model.causal_lm, plan, Strategy())
    _compile(config, trainer)
    before = values_of(trainer.trainable_variables)
    few = min(steps, plan.total_steps)
    short = replace(plan, validation=plan.validation.first(config.fit.rows), total_steps=few, evaluate_every=few)
    progress, _ = _run(config, model, data, trainer, short, before, work, False, watcher, Tracker())
    outcome(config, trainer, short, progress, before, "")
    return trainer


def _load(config: RunConfig, precision: str, watcher: Watcher) -> tuple[LanguageModel, Adapter | None]:
    """The base, made what the method trains, and the note of its adapter."""
    import keras

    keras.utils.set_random_seed(config.fit.seed)
    located = locate(config.model)
    if located.adapter and (config.method != "full" or bits_of(Adapter.read(located.adapter).method)):
        raise InputError(
            tr(f"{config.model} est un adaptateur : on n'en entraîne pas un second dessus.\n"
               f"Fusionnez-le d'abord : causette merge {config.model} --out DOSSIER, puis --model DOSSIER.",
               f"{config.model} is an adapter: no second one is trained on top of it.\n"
               f"Merge it first: causette merge {config.model} --out FOLDER, then --model FOLDER.")
        )  # fmt: skip
    options, bits = config.lora, bits_of(config.method)
    model = load_model(config.model, dtype=precision, template=config.template, bits=bits, dropout=config.fit.dropout)
    backbone, adapter = model.causal_lm.backbone, None
    base = prepare(backbone, config.method, rank=options.rank, alpha=options.alpha, targets=options.targets)
    if config.method != "full":
        adapter = Adapter(
            method=config.method,
            rank=options.rank,
            alpha=options.alpha,
            targets=options.targets,
            base=config.model,
            base_fingerprint=base,
            template=model.template.name,
        )
    trained = sum(int(np.prod(v.shape)) for v in model.causal_lm.backbone.trainable_variables)
    watcher.say(
        tr(f"Modèle {config.model} : {number(model.parameters / 1e6, 1)} M de paramètres, dont "
           f"{number(trained / 1e6, 2)} M entraînés, en {precision}.",
           f"Model {config.model}: {number(model.parameters / 1e6, 1)}M parameters, "
           f"{number(trained / 1e6, 2)}M of them trained, in {precision}.")
    )  # fmt: skip
    return model, adapter


def _trainer(config: RunConfig, causal_lm: Any, plan: Plan, strategy: Strategy) -> Any:
    from training.packed_lm import PackedCausalLM

    rows = config.fit.rows // strategy.shards
    places = max(split.most_trained(rows) for split in (plan.train, plan.validation))
    trainer = PackedCausalLM(
        causal_lm,
        places=places,
        strategy=strategy,
        adapter_dropout=config.lora.dropout,
        seed=config.fit.seed,
        checkpointing=choose_checkpointing(config.fit.checkpointing, choose_compilation(config.fit.compile)),
        dtype=causal_lm.dtype_policy,
    )
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


def _run(
    config: RunConfig,
    model: LanguageModel,
    data: PreparedSet,
    trainer: Any,
    plan: Plan,
    before: dict[str, np.ndarray],
    work: Path,
    resume: bool,
    watcher: Watcher,
    tracker: Tracker,
) -> tuple[Progress, float]:
    """Trains to the end (or to the early stop) and leaves the best weights in `trainer`.

    Returns:
        Where it ended, and the seconds spent on samples.
    """
    fit, progress, best = config.fit, Progress(), before
    if resume:
        saved, best = Backup(work / "backup").load(trainer, watcher.say)
        progress = Progress(**saved)
    watcher.plan(plan.total_steps, progress.step)
    if not resume:
        progress.first_loss = progress.best_loss = validation_loss(trainer, plan, fit.rows)
        require_finite(progress.first_loss, step=0)
    sampler = _sampler(config, model, data, work, fit.samples if trainer.strategy.devices == 1 else 0, progress.step)
    setup = Setup(
        method=config.method, parameters=model.parameters, learning_rate=fit.learning_rate, epochs=fit.epochs,
        dropout=fit.dropout,
    )  # fmt: skip
    recorder = Recorder(
        trainer, plan, config, progress, best, work, watcher,
        tracker=tracker, sampler=sampler, setup=setup, moved=lambda: weights_moved(trainer, before),
    )  # fmt: skip
    recorder.begin(resumed=resume)
    schedule = Schedule(
        peak=fit.learning_rate, warmup_steps=int(fit.warmup * plan.total_steps), total_steps=plan.total_steps
    )
    steps = plan.train.steps(fit.rows, fit.accumulation, fit.seed, progress.step, plan.total_steps)
    try:
        with closing(optimise(trainer, steps, schedule, start=progress.step, looks_at=recorder.looks_at)) as reports:
            # Asked before each step: a training killed after its early stop must not take one step more.
            while progress.without_progress < fit.patience and (report := next(reports, None)):
                recorder.record(report)
    except LossNotFinite:
        if not progress.best_step:
            shutil.rmtree(work / "backup", ignore_errors=True)  # resumed, it would only come to the same end
            raise
        progress.stopped = "nan"
        precision = trainer.dtype_policy.name
        recorder.note(not_finite(setup, step=progress.step, best_step=progress.best_step, precision=precision))
    else:
        recorder.diagnose(measure=True, ended=True)
    watcher.end()
    if progress.without_progress >= fit.patience:
        progress.stopped = "patience"
        watcher.say(
            tr(f"Arrêt anticipé au pas {progress.step} : {fit.patience} validations sans progrès.",
               f"Stopped early at step {progress.step}: {fit.patience} validations without progress.")
        )  # fmt: skip
    put_back(trainer.trainable_variables, recorder.best)
    runs.write_history(work / "history.csv", progress.rows)
    return progress, sampler.seconds


def _write_weights(model: LanguageModel, adapter: Adapter | None, data: PreparedSet, work: Path) -> None:
    """The whole model, or its adapter alone."""
    exchanges = max(sum(turn.role == "user" for turn in dialogue.messages) for dialogue in data.split("train"))
    if adapter:
        save_adapter(work / "adapter", replace(adapter, exchanges=exchanges), model.causal_lm.backbone)
        return
    note = {**model.note, "base": model.name, "exchanges": exchanges}
    save_preset(model.causal_lm, work / "preset", note)
