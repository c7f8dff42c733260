"""Plain text → tokenizer and base preset: how `chatbot/presets/mini` was made.

    texts/fr/*.txt.gz, texts/en/*.txt.gz  →  byte-level BPE  →  GPT-2 backbone  →  preset folder, card, curve

Whole works are held out for validation (a book is never on both sides), and the measure is bits per byte, which does
not depend on the vocabulary.
"""

import functools
import json
import math
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.errors import InputError
from chatbot.files import read_json, write_json, write_whole
from chatbot.language import number, tr
from chatbot.model import load_model
from chatbot.tokenizer import BytePairTokenizer
from training.base_preset import build, publish
from training.corpus import Corpus, PretrainConfig, batch_of, encode_texts, read_corpus, rows_of
from training.curve import Curve
from training.loop import Batch, Schedule, StepReport, optimise, total_loss
from training.precision import choose_compilation
from training.state import Backup

SAY_EVERY = 20  # steps
SAVE_EVERY = 200
MEASURED_CHARACTERS = 100_000  # of each held-out work


def plan(config: PretrainConfig) -> tuple[int, int]:
    """(steps with short rows, steps with rows of the whole context)."""
    steps = config.tokens // (config.row * config.rows_per_step)
    return steps - steps // 10, steps // 10


def batches(config: PretrainConfig, stream: np.ndarray, start: int) -> Iterator[list[Batch]]:
    """The steps from `start` on; the same at every call (a resumed run goes on where it was)."""
    short, long = plan(config)
    long_before = config.seen // 10
    phases = [
        (0, short, config.row, config.seen - long_before),
        (short, short + long, config.context, long_before),
    ]
    for first, last, length, seen in phases:
        rows = rows_of(stream, length)
        per_step = _rows_of_step(config, length)
        order = np.random.default_rng(config.seed + length).permutation(len(rows))
        order = np.roll(order, -(seen // length))  # a run that goes on begins with the rows not yet seen
        for step in range(max(first, start), last):
            chosen = order[np.arange((step - first) * per_step, (step - first + 1) * per_step) % len(rows)]
            yield [batch_of(rows[np.sort(chosen)])]


def _rows_of_step(config: PretrainConfig, length: int) -> int:
    return max(1, config.rows_per_step * config.row // length)


def tokens_until(config: PretrainConfig, step: int) -> int:
    """Tokens of the first `step` steps; long rows need not fill a step as well as short ones."""
    short, _ = plan(config)
    parts = ((min(step, short), config.row), (max(0, step - short), config.context))
    return sum(steps * _rows_of_step(config, length) * length for steps, length in parts)


def bits_per_byte(model, tokenizer: BytePairTokenizer, texts: list[str], context: int, limit: int) -> float:
    """Mean code length of `texts` (first `limit` characters of each) in bits per UTF-8 byte.

    Measured on whole batches of one size, which compile once: up to 7 rows at the end are left out.
    """
    texts = [text[:limit] for text in texts]
    stream = encode_texts(tokenizer, texts)
    rows = rows_of(stream, context)
    size = min(8, len(rows))
    whole = range(0, len(rows) - size + 1, size)
    loss, predicted = total_loss(model, (batch_of(rows[i : i + size]) for i in whole))
    bytes_per_token = sum(len(text.encode()) for text in texts) / len(stream)
    return loss / predicted / math.log(2) / bytes_per_token


def pretrain(
    config: PretrainConfig, *, resume: bool = False, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Trains tokenizer and model, and writes the preset.

    Work in progress lies in ``<out>.work``: tokenizer, token streams, a state every 200 steps (the last two), curve.

    Returns:
        The recipe and what came out of it, as written to `recipe.json` beside the preset.

    Raises:
        InputError: the preset exists already, or no text is there.
    """
    base = _Base.load(config.start) if config.start else None
    if base:
        config = base.gone_on_with(config)
    config = replace(config, row=min(config.row, config.context))
    corpus = read_corpus(config)
    work = _work_folder(config, resume)
    tokenizer = base.tokenizer if base else _tokenizer(config, corpus, work, say)
    stream = _stream(config, corpus, tokenizer, work, say)
    _require_enough(config, corpus, tokenizer, len(stream))

    model = _trainer(config, tokenizer.vocabulary_size, base)
    backup, curve = Backup(work / "backup"), Curve(work / "curve.csv", corpus.validation)
    start = backup.load(model, say)[0]["step"] if resume and backup.states else 0
    curve.cut_after(start)
    plans = _plans(work / "plans.json", start, config.tokens)
    measured: dict[str, float] = {}
    with closing(_steps(config, model, stream, start)) as reports:
        for report in reports:
            curve.note(report)
            kept = _kept(config, report.step)
            if report.step % SAY_EVERY and not kept:
                continue
            if kept:
                measured = _validate(model, tokenizer, corpus, config)
            row = curve.write(report, tokens_until(config, report.step), measured if kept else {})
            if kept:  # after its row, which a run killed in between makes anew
                backup.save(model, {"step": report.step})
            figures = "  ".join(f"{key} {value}" for key, value in row.items() if value)
            say(f"{report.step}/{sum(plan(config))}  {figures}")
    measured = measured or _validate(model, tokenizer, corpus, config)  # a finished run that is only published again
    outcome = {
        "before": base.recipe if base else None,
        "steps": sum(plan(config)),
        "plans": plans,
        "corpus_tokens": len(stream),
        "held_out_works": corpus.held_out_names,
        "bits_per_byte": measured,
        "median_tokens_per_second": curve.median_speed(),
    }
    return publish(config, model.backbone, tokenizer, curve.path, outcome)


def _kept(config: PretrainConfig, step: int) -> bool:
    """Whether the model is measured and its state written after that step."""
    return step % SAVE_EVERY == 0 or step == sum(plan(config))


def _steps(config: PretrainConfig, model: Any, stream: np.ndarray, start: int) -> Generator[StepReport, None, None]:
    schedule = Schedule(peak=config.learning_rate, warmup_steps=100, total_steps=sum(plan(config)), floor=0.05)
    looks_at = functools.partial(_kept, config)
    return optimise(model, batches(config, stream, start), schedule, start=start, looks_at=looks_at)


def _plans(path: Path, start: int, tokens: int) -> list[dict[str, int]]:
    """How long the training was meant to be, from which step on: more than one entry if a resume changed it."""
    plans = [plan for plan in (read_json(path) if path.exists() else []) if plan["from_step"] < start]
    if not plans or plans[-1]["tokens"] != tokens:
        plans.append({"from_step": start, "tokens": tokens})
    write_json(path, plans)
    return plans


@dataclass(frozen=True, kw_only=True)
class _Base:
    """The preset that a training goes on from."""

    backbone: Any
    tokenizer: BytePairTokenizer
    recipe: dict[str, Any]

    @classmethod
    def load(cls, name: str) -> "_Base":
        """Raises InputError when `causette pretrain` did not make it."""
        model = load_model(name)
        recipe = model.folder / "recipe.json"
        if not recipe.exists() or not isinstance(model.tokenizer, BytePairTokenizer):
            raise InputError(
                tr(f"{name} : ce n'est pas un préréglage de « causette pretrain » (il n'a pas de recipe.json).",
                   f"{name}: no preset of `causette pretrain` (it has no recipe.json).")
            )  # fmt: skip
        return cls(backbone=model.causal_lm.backbone, tokenizer=model.tokenizer, recipe=read_json(recipe))

    def gone_on_with(self, config: PretrainConfig) -> PretrainConfig:
        """`config` with what these weights were made with: their shape, the order of the rows and the works held out
        (both by the seed), and the tokens that they have seen."""
        return replace(
            config,
            vocabulary=self.tokenizer.vocabulary_size,
            layers=self.backbone.num_layers,
            hidden=self.backbone.hidden_dim,
            heads=self.backbone.num_heads,
            context=self.backbone.max_sequence_length,
            seed=self.recipe["seed"],
            held_out_works=tuple(self.recipe["held_out_works"]),
            seen=self.recipe["tokens"] + self.recipe.get("seen", 0),
        )


def _work_folder(config: PretrainConfig, resume: bool) -> Path:
    if config.out.exists():
        raise InputError(
            tr(f"{config.out} existe déjà. Choisissez un autre --out, ou effacez ce dossier.",
               f"{config.out} exists already. Choose another --out, or delete that folder.")
        )  # fmt: skip
    work = config.out.with_name(config.out.name + ".work")
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    _require_same_settings(work / "settings.json", config)
    return work


def _require_same_settings(path: Path, config: PretrainConfig) -> None:
    """Notes what a training begins with. A resumed one must begin with the same: another seed would hold out works
    that have been trained on. Its length (`tokens`) may change: `_plans` notes that."""
    now = {key: value for key, value in asdict(config).items() if key not in ("out", "tokens", "sources")}
    now |= {"texts": str(config.texts)} | {key: list(now[key]) for key in ("exclude", "held_out_works")}
    before = read_json(path) if path.exists() else now
    if differ := sorted(key for key in now if before.get(key) != now[key]):
        names = ", ".join(differ)
        raise InputError(
            tr(f"Reprise refusée, ce qui suit a changé depuis le début : {names}.\n"
               "Remettez les mêmes options, ou recommencez sans --resume.",
               f"Cannot resume, this changed since the beginning: {names}.\n"
               "Give the same options again, or start anew without --resume.")
        )  # fmt: skip
    write_json(path, now)


def _trainer(config: PretrainConfig, vocabulary: int, base: _Base | None) -> Any:
    from training.optimizer import make_optimizer
    from training.packed_lm import PackedCausalLM

    model = PackedCausalLM(build(config, vocabulary))
    if base:
        for variable, source in zip(model.backbone.weights, base.backbone.weights, strict=True):
            variable.assign(source)
    optimizer = make_optimizer(model, weight_decay=0.1, clip_norm=1.0, accumulation=1, beta_2=0.95)
    model.compile(optimizer=optimizer, jit_compile=choose_compilation())
    model.optimizer.build(model.trainable_variables)
    return model


def _tokenizer(config: PretrainConfig, corpus: Corpus, work: Path, say) -> BytePairTokenizer:
    files = work / "vocabulary.json", work / "merges.txt"
    if all(path.exists() for path in files):
        return BytePairTokenizer.from_files(*files)
    began = time.perf_counter()
    lines = (line + "\n" for texts in corpus.train.values() for text in texts for line in text.split("\n"))
    tokenizer = BytePairTokenizer.train(lines, config.vocabulary)
    write_whole(
        files[0], lambda p: p.write_text(json.dumps(tokenizer.vocabulary, ensure_ascii=False), encoding="utf-8")
    )
    write_whole(
        files[1], lambda p: p.write_text("#version: 0.2\n" + "\n".join(tokenizer.merges) + "\n", encoding="utf-8")
    )
    say(f"tokenizer: {tokenizer.vocabulary_size} tokens in {time.perf_counter() - began:.0f} s")
    return tokenizer


def _stream(config: PretrainConfig, corpus: Corpus, tokenizer: BytePairTokenizer, work: Path, say) -> np.ndarray:
    path = work / "stream.npy"
    if not path.exists():
        texts = [text for language in corpus.train.values() for text in language]
        ids = encode_texts(tokenizer, texts).astype("uint16" if tokenizer.vocabulary_size < 2**16 else "int32")

        def write(target: Path) -> None:
            with target.open("wb") as file:
                np.save(file, ids)

        write_whole(path, write)
    stream = np.load(path, mmap_mode="r")
    say(f"{len(stream):,} training tokens; held out: {', '.join(corpus.held_out_names)}")
    return stream


def _require_enough(config: PretrainConfig, corpus: Corpus, tokenizer: BytePairTokenizer, tokens: int) -> None:
    """Raises InputError when a row, a step or a held-out text would be empty: before the training, not after it."""
    held_out = min(
        len(encode_texts(tokenizer, [text[:MEASURED_CHARACTERS] for text in texts]))
        for texts in corpus.validation.values()
        if texts
    )
    least = min(tokens, held_out)
    if least <= config.context or not all(plan(config)):
        raise InputError(
            tr(f"Trop peu de texte ({number(tokens)} jetons, {number(held_out)} mis de côté pour une langue, lignes de "
               f"{config.context}) ou --tokens trop petit ({number(config.tokens)}).",
               f"Too little text ({number(tokens)} tokens, {number(held_out)} held out for a language, rows of "
               f"{config.context}) or --tokens too small ({number(config.tokens)}).")
        )  # fmt: skip


def _validate(model, tokenizer, corpus: Corpus, config: PretrainConfig) -> dict[str, float]:
    return {
        language: bits_per_byte(model, tokenizer, texts, config.row, limit=MEASURED_CHARACTERS)
        for language, texts in corpus.validation.items()
    }
