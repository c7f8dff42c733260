"""Plain text for a base model: read, cleaned, split by work, and cut into rows of ids.

    texts/fr/*.txt.gz, texts/en/*.txt.gz  →  Corpus  →  one stream of ids  →  rows

Whole works are held out for validation: a book is never on both sides.
"""

import gzip
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.tokenizer import BytePairTokenizer
from training.loop import Batch


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    texts: Path
    """Folder with one sub-folder per language, each holding .txt or .txt.gz files."""
    out: Path
    """Folder of the preset to write."""
    start: str | None = None
    """Preset to go on from. Its vocabulary, shape and seed then hold, and the works that it held out stay held out."""
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
    """Length of a training row, `context` at most; the last tenth of the training uses rows of `context`."""
    rows_per_step: int = 8
    """Rows of one optimizer step (halved for the long rows, so that a step keeps its tokens)."""
    tokens: int = 5_000_000
    """Tokens to train on."""
    learning_rate: float = 1e-3
    """Peak of the learning rate."""
    held_out: int = 3
    """Works per language kept for validation."""
    held_out_works: tuple[str, ...] = ()
    """Those that the training of `start` kept, as language/file; in their languages no others are."""
    exclude: tuple[str, ...] = ("wikitext",)
    """Files whose name holds one of these are left out."""
    sources: Path | None = None
    """Markdown file that names the texts, their licences and their limits; it goes into the model card."""
    seed: int = 1
    """Order of the rows, choice of the held-out works, initial weights."""
    seen: int = 0
    """Tokens that the weights of `start` were trained on: the rows they have seen come last."""


@dataclass
class Corpus:
    """Texts by language, split by work."""

    train: dict[str, list[str]] = field(default_factory=dict)
    validation: dict[str, list[str]] = field(default_factory=dict)
    held_out_names: list[str] = field(default_factory=list)


def _text_of(path: Path) -> str:
    data = path.read_bytes()
    try:
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise InputError(
            tr(f"{path} : ce n'est pas un texte UTF-8 ({error}).\nConvertissez-le, ou retirez-le du dossier.",
               f"{path}: not a UTF-8 text ({error}).\nConvert it, or take it out of the folder.")
        ) from error  # fmt: skip


def clean(text: str) -> str:
    """NFC, straight apostrophes, one line feed between paragraphs, no broken characters."""
    text = unicodedata.normalize("NFC", text).replace("\N{REPLACEMENT CHARACTER}", "").replace("’", "'")
    text = re.sub(r"[ \t]+", " ", text)
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def read_corpus(config: PretrainConfig) -> Corpus:
    """Reads and cleans all texts; holds `held_out` whole works per language out.

    Raises:
        InputError: no text is there, one is not UTF-8, or all are held out.
    """
    corpus = Corpus()
    folders = sorted(p for p in config.texts.iterdir() if p.is_dir()) if config.texts.is_dir() else []
    for folder in folders:
        files = [p for p in sorted(folder.iterdir()) if p.name.endswith((".txt", ".txt.gz"))]
        files = [p for p in files if not any(word in p.name for word in config.exclude)]
        held = _held_out(folder.name, files, config)
        if not files:
            continue
        if len(files) <= len(held):
            raise InputError(
                tr(f"{folder} : {len(files)} fichier(s), dont {len(held)} mis de côté : rien pour l'entraînement.",
                   f"{folder}: {len(files)} file(s), {len(held)} of them held out: nothing left to train on.")
            )  # fmt: skip
        texts = [clean(_text_of(path)) for path in files]
        corpus.train[folder.name] = [t for i, t in enumerate(texts) if i not in held]
        corpus.validation[folder.name] = [t for i, t in enumerate(texts) if i in held]
        corpus.held_out_names += [f"{folder.name}/{p.name}" for i, p in enumerate(files) if i in held]
    if not any(corpus.train.values()):
        raise InputError(
            tr(f"{config.texts} : aucun fichier .txt ou .txt.gz dans ses sous-dossiers (un par langue, comme fr/ et en/).",
               f"{config.texts}: no .txt or .txt.gz file in its sub-folders (one per language, like fr/ and en/).")
        )  # fmt: skip
    return corpus


def _held_out(language: str, files: list[Path], config: PretrainConfig) -> set[int]:
    """The numbers of the files kept for validation. A work that the weights have been trained on would measure nothing:
    those of an earlier training are kept again, even where the list of files has changed."""
    names = [f"{language}/{file.name}" for file in files]
    if before := {number for number, name in enumerate(names) if name in config.held_out_works}:
        return before
    return set(np.random.default_rng(config.seed).permutation(len(files))[: config.held_out].tolist())


def encode_texts(tokenizer: BytePairTokenizer, texts: list[str]) -> np.ndarray:
    """All texts as one stream of ids, an end token after each."""
    paragraphs = [text.split("\n") for text in texts]
    pieces = []
    for lines in paragraphs:
        # A line feed belongs to the line it ends, so lines can be encoded one by one.
        pieces += [tokenizer.encode_batch([line + "\n" for line in lines])[0], np.array([tokenizer.end_id], "int32")]
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
