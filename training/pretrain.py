"""Plain text → tokenizer and base preset: how `chatbot/presets/mini` was made.

    texts/fr/*.txt.gz, texts/en/*.txt.gz  →  byte-level BPE  →  GPT-2 backbone  →  preset folder, card, curve

Whole works are held out for validation (a book is never on both sides), and the measure is bits per byte, which does
not depend on the vocabulary.
"""

import csv
import gzip
import io
import json
import math
import re
import shutil
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chatbot.errors import InputError
from chatbot.files import folder_written_whole, write_json, write_text, write_whole
from chatbot.language import tr
from chatbot.model import save_preset
from chatbot.template import HUMAN_ASSISTANT
from chatbot.tokenizer import BytePairTokenizer
from training.loop import Batch, Schedule, StepReport, make_optimizer, optimise, total_loss
from training.state import load_state, save_state


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    texts: Path
    """Folder with one sub-folder per language, each holding .txt or .txt.gz files."""
    out: Path
    """Folder of the preset to write."""
    vocabulary: int = 16_000
    """Entries of the byte-level BPE vocabulary."""
    layers: int = 4
    """Transformer layers."""
    hidden: int = 384
    """Width of the hidden states."""
    heads: int = 6
    """Attention heads."""
    context: int = 512
    """Longest sequence of the model, in tokens."""
    row: int = 256
    """Length of a training row; the last tenth of the training uses rows of `context`."""
    rows_per_step: int = 8
    """Rows of one optimizer step (halved for the long rows, so that a step keeps its tokens)."""
    tokens: int = 5_000_000
    """Tokens to train on."""
    learning_rate: float = 1e-3
    """Peak of the learning rate."""
    held_out: int = 3
    """Works per language kept for validation."""
    exclude: tuple[str, ...] = ("wikitext",)
    """Files whose name holds one of these are left out."""
    seed: int = 1
    """Order of the rows, choice of the held-out works, initial weights."""


@dataclass
class Corpus:
    """Texts by language, split by work."""

    train: dict[str, list[str]] = field(default_factory=dict)
    validation: dict[str, list[str]] = field(default_factory=dict)
    held_out_names: list[str] = field(default_factory=list)


def clean(text: str) -> str:
    """NFC, straight apostrophes, one line feed between paragraphs, no broken characters."""
    text = unicodedata.normalize("NFC", text).replace("\N{REPLACEMENT CHARACTER}", "").replace("’", "'")
    text = re.sub(r"[ \t]+", " ", text)
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def read_corpus(config: PretrainConfig) -> Corpus:
    """Reads and cleans all texts; holds `held_out` whole works per language out.

    Raises:
        InputError: no text is there.
    """
    corpus = Corpus()
    folders = sorted(p for p in config.texts.iterdir() if p.is_dir()) if config.texts.is_dir() else []
    for folder in folders:
        files = [p for p in sorted(folder.iterdir()) if p.name.endswith((".txt", ".txt.gz"))]
        files = [p for p in files if not any(word in p.name for word in config.exclude)]
        held = set(np.random.default_rng(config.seed).permutation(len(files))[: config.held_out].tolist())
        texts = [clean((gzip.open if p.suffix == ".gz" else open)(p, "rt", encoding="utf-8").read()) for p in files]
        corpus.train[folder.name] = [t for i, t in enumerate(texts) if i not in held]
        corpus.validation[folder.name] = [t for i, t in enumerate(texts) if i in held]
        corpus.held_out_names += [f"{folder.name}/{p.name}" for i, p in enumerate(files) if i in held]
    if not any(corpus.train.values()):
        raise InputError(
            tr(f"{config.texts} : aucun fichier .txt ou .txt.gz dans ses sous-dossiers (un par langue, comme fr/ et en/).",
               f"{config.texts}: no .txt or .txt.gz file in its sub-folders (one per language, like fr/ and en/).")
        )  # fmt: skip
    return corpus


def encode_texts(tokenizer: BytePairTokenizer, texts: list[str]) -> np.ndarray:
    """All texts as one stream of ids, an end token after each."""
    paragraphs = [text.split("\n") for text in texts]
    pieces = []
    for lines in paragraphs:
        # A line feed belongs to the line it ends, so lines can be encoded in parallel.
        encoded = tokenizer.encode_batch([line + "\n" for line in lines])
        pieces += [
            np.fromiter((i for ids in encoded for i in ids), dtype="int32"),
            np.array([tokenizer.end_id], "int32"),
        ]
    return np.concatenate(pieces)


def rows_of(stream: np.ndarray, length: int) -> np.ndarray:
    """Cuts a stream into (rows, length + 1): inputs and, one further, their targets."""
    count = (len(stream) - 1) // length
    return np.lib.stride_tricks.sliding_window_view(stream, length + 1)[::length][:count]


def batch_of(rows: np.ndarray) -> Batch:
    ids = rows[:, :-1].astype("int32")
    return Batch(
        token_ids=ids,
        segment_ids=np.ones_like(ids),
        positions=np.broadcast_to(np.arange(ids.shape[1], dtype="int32"), ids.shape).copy(),
        targets=rows[:, 1:].astype("int32"),
        weights=np.ones(ids.shape, "float32"),
    )


def plan(config: PretrainConfig) -> tuple[int, int]:
    """(steps with short rows, steps with rows of the whole context)."""
    steps = config.tokens // (config.row * config.rows_per_step)
    return steps - steps // 10, steps // 10


def batches(config: PretrainConfig, stream: np.ndarray, start: int) -> Iterator[list[Batch]]:
    """The steps from `start` on; the same at every call (a resumed run goes on where it was)."""
    short, long = plan(config)
    phases = [(0, short, config.row), (short, short + long, config.context)]
    for first, last, length in phases:
        rows = rows_of(stream, length)
        per_step = max(1, config.rows_per_step * config.row // length)
        order = np.random.default_rng(config.seed + length).permutation(len(rows))
        for step in range(max(first, start), last):
            chosen = order[np.arange((step - first) * per_step, (step - first + 1) * per_step) % len(rows)]
            yield [batch_of(rows[np.sort(chosen)])]


def bits_per_byte(model, tokenizer: BytePairTokenizer, texts: list[str], context: int, limit: int = 200_000) -> float:
    """Mean code length of `texts` (first `limit` characters of each) in bits per UTF-8 byte."""
    texts = [text[:limit] for text in texts]
    stream = encode_texts(tokenizer, texts)
    rows = rows_of(stream, context)
    loss, predicted = total_loss(model, (batch_of(rows[i : i + 8]) for i in range(0, len(rows) - 7, 8)))
    bytes_per_token = sum(len(text.encode()) for text in texts) / len(stream)
    return loss / predicted / math.log(2) / bytes_per_token


def build(config: PretrainConfig, vocabulary: int, *, dtype: str = "float32"):
    """An untrained KerasHub GPT-2 causal LM of the configured size, without preprocessor."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(config.seed)
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=vocabulary,
        num_layers=config.layers,
        num_heads=config.heads,
        hidden_dim=config.hidden,
        intermediate_dim=4 * config.hidden,
        max_sequence_length=config.context,
        dropout=0.0,  # less than one pass over the texts: nothing to regularise
        dtype=dtype,
    )
    return keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=None)


def pretrain(
    config: PretrainConfig, *, resume: bool = False, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Trains tokenizer and model, and writes the preset.

    Work in progress lies in ``<out>.work``: tokenizer, token streams, state every 200 steps, curve.

    Returns:
        The recipe and what came out of it, as written to `recipe.json` beside the preset.

    Raises:
        InputError: the preset exists already, or no text is there.
    """
    work = _work_folder(config, resume)
    corpus = read_corpus(config)
    tokenizer = _tokenizer(config, corpus, work, say)
    stream = _stream(config, corpus, tokenizer, work, say)

    model = _trainer(config, tokenizer.vocabulary_size)
    short, long = plan(config)
    schedule = Schedule(peak=config.learning_rate, warmup_steps=100, total_steps=short + long, floor=0.05)
    state, curve = work / "state.npz", _Curve(work / "curve.csv")
    start = load_state(state, model)["step"] if resume and state.exists() else 0
    curve.cut_after(start)
    measured: dict[str, float] = {}
    for report in optimise(model, batches(config, stream, start), schedule, start=start):
        curve.note(report)
        last = report.step == short + long
        if report.step % SAY_EVERY and not last:
            continue
        if report.step % SAVE_EVERY == 0 or last:
            measured = _validate(model, tokenizer, corpus, config)
            save_state(state, model, {"step": report.step})
        row = curve.write(report, measured if report.step % SAVE_EVERY == 0 or last else {})
        say(f"{report.step}/{short + long}  " + "  ".join(f"{key} {value}" for key, value in row.items() if value))
    measured = measured or _validate(model, tokenizer, corpus, config)  # a finished run that is only published again
    return publish(config, model, tokenizer, corpus, measured, curve)


SAY_EVERY = 20
SAVE_EVERY = 200


class _Curve:
    """The curve of a pre-training, one row each `SAY_EVERY` steps, kept across resumes."""

    HEAD = ("step", "tokens", "loss", "learning_rate", "tokens_per_second", "bpb_fr", "bpb_en")

    def __init__(self, path: Path):
        self.path = path
        self._losses: list[float] = []
        self._rates: list[float] = []

    def cut_after(self, step: int) -> None:
        """Forgets what an interrupted run wrote after its last state."""
        rows = [row for row in self.rows() if int(row["step"]) <= step]
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=self.HEAD, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.path, text.getvalue())

    def rows(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def note(self, report: StepReport) -> None:
        self._losses.append(report.loss)
        self._rates.append(report.tokens / report.seconds)

    def write(self, report: StepReport, measured: dict[str, float]) -> dict[str, str]:
        """Adds the row of the steps noted since the last one."""
        row = {
            "step": str(report.step),
            "tokens": str(report.step * report.tokens),
            "loss": f"{np.mean(self._losses):.4f}",
            "learning_rate": f"{report.learning_rate:.2e}",
            "tokens_per_second": f"{np.median(self._rates):.0f}",
            **{
                f"bpb_{language}": f"{measured[language]:.4f}" if language in measured else ""
                for language in ("fr", "en")
            },
        }
        self._losses, self._rates = [], []
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, fieldnames=self.HEAD, lineterminator="\n").writerow(row)
        return row


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
    return work


def _trainer(config: PretrainConfig, vocabulary: int) -> Any:
    from training.packed_lm import PackedCausalLM

    model = PackedCausalLM(build(config, vocabulary))
    optimizer = make_optimizer(model, weight_decay=0.1, clip_norm=1.0, accumulation=1, beta_2=0.95)
    model.compile(optimizer=optimizer, jit_compile=True)
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


def _validate(model, tokenizer, corpus: Corpus, config: PretrainConfig) -> dict[str, float]:
    return {
        language: bits_per_byte(model, tokenizer, texts, config.row, limit=100_000)
        for language, texts in corpus.validation.items()
    }


def publish(
    config: PretrainConfig,
    model: Any,
    tokenizer: BytePairTokenizer,
    corpus: Corpus,
    measured: dict[str, float],
    curve: _Curve,
) -> dict[str, Any]:
    """Writes the preset (weights in float16: half the disk, no measurable loss), its recipe, curve and card, whole."""
    import keras_hub

    half = build(config, tokenizer.vocabulary_size, dtype="float16")
    for target, source in zip(half.backbone.weights, model.backbone.weights, strict=True):
        target.assign(source)
    words = keras_hub.models.GPT2Tokenizer(vocabulary=tokenizer.vocabulary, merges=tokenizer.merges)
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(words, sequence_length=config.context)
    task = keras_hub.models.GPT2CausalLM(backbone=half.backbone, preprocessor=preprocessor)
    rows = curve.rows()
    recipe = {
        **{
            key: str(value) if isinstance(value, Path) else value
            for key, value in asdict(config).items()
            if key != "texts"
        },
        "parameters": int(half.backbone.count_params()),
        "steps": sum(plan(config)),
        "held_out_works": corpus.held_out_names,
        "bits_per_byte": measured,
        "median_tokens_per_second": float(np.median([float(row["tokens_per_second"]) for row in rows]))
        if rows
        else None,
    }
    recipe.pop("out")
    with folder_written_whole(config.out) as folder:
        save_preset(task, folder, {"template": HUMAN_ASSISTANT.name, "languages": sorted(corpus.train)})
        write_json(folder / "recipe.json", recipe)
        shutil.copy(curve.path, folder / "curve.csv")
        write_text(folder / "README.md", card(recipe))
    return recipe


def card(recipe: dict[str, Any]) -> str:
    """The model card: what it is, from which texts, how it was measured, what it is not."""
    measured = "\n".join(f"| {language} | {value:.3f} |" for language, value in recipe["bits_per_byte"].items())
    held_out = ", ".join(recipe["held_out_works"])
    return f"""---
language: [fr, en]
license: apache-2.0
library_name: keras-hub
pipeline_tag: text-generation
---

# Causette mini

A small base model with the architecture of GPT-2, for French and English: {recipe["parameters"] / 1e6:.1f} million
parameters ({recipe["layers"]} layers, width {recipe["hidden"]}, {recipe["heads"]} heads), a byte-level BPE vocabulary of
{recipe["vocabulary"]:,} entries learnt on both languages, a context of {recipe["context"]} tokens. Its only purpose is
to let a whole chatbot course run offline on two processor cores. It continues text; it knows no dialogue and no fact
reliably before it is fine-tuned.

## Training

{recipe["tokens"]:,} tokens (less than one pass over the texts), {recipe["steps"]:,} steps, AdamW, peak learning rate
{recipe["learning_rate"]:g} with warm-up and cosine, rows of {recipe["row"]} then {recipe["context"]} tokens. Weights are
stored in float16. `recipe.json` holds every setting, `curve.csv` the whole curve. Made by
`causette pretrain TEXTS --out …`.

## Measured

Bits per UTF-8 byte on whole works that were never trained on ({held_out}):

| language | bits per byte |
|---|---:|
{measured}

## Data

| texts | licence |
|---|---|
| ELTeC-fra and ELTeC-eng, novels 1840-1920, one per author (COST Action Distant Reading) | texts in the public domain; English mark-up CC BY 4.0 |
| French codes (civil, consommation, patrimoine, électoral, sport, justice administrative), DILA | Licence Ouverte |
| a sample of English Wikipedia | CC BY-SA |
| a sample of C4 (Common Crawl) | ODC-BY |

No question/answer set was used: MedQuAD and the embedded set of Causette are unseen.

## Limits

Nineteenth-century novels and law texts colour its language and carry the views of their time. It is far too small to
answer anything from knowledge. Do not use it where a wrong answer does harm.
"""
