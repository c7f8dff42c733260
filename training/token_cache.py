"""The token ids of a prepared set, kept beside it: a second training does not tokenise again.

    data/medquad/.tokens/train-1c0f….npz

The name is made from all that the ids depend on: the split's own fingerprint (`PreparedSet.open` has just checked it
against the file), the tokenizer's, the template, and the version of this code. So nothing old is ever read: it has
another name. Within the set, because the ids are its texts: who deletes or replaces the set deletes them too.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from chatbot.files import write_whole
from chatbot.template import ChatTemplate
from chatbot.tokenizer import TextTokenizer
from datasets_prep.prepared import PreparedSet
from training.encoded import EncodedDialogues, encode
from training.state import DAMAGED

FOLDER = ".tokens"
VERSION = 1  # to be raised whenever the same dialogues, template and tokenizer would give other ids, or other arrays
WORTH_KEEPING = 2**20  # tokens; fewer are encoded within a second
MOST_KEPT = 4  # files of a set: the splits under several tokenizers or templates


def encoded_split(data: PreparedSet, split: str, template: ChatTemplate, tokenizer: TextTokenizer) -> EncodedDialogues:
    """Ids and flags of a split's dialogues, whole; read back where they were kept.

    Raises:
        InputError: there is no such split, or a line of it is no dialogue.
    """
    path = data.folder / FOLDER / f"{split}-{_key(data, split, template, tokenizer)}.npz"
    if (kept := _read(path)) is not None:
        return kept
    encoded = encode(data.split(split), template, tokenizer)
    if len(encoded.ids) >= WORTH_KEEPING:
        _keep(path, encoded)
    return encoded


def _key(data: PreparedSet, split: str, template: ChatTemplate, tokenizer: TextTokenizer) -> str:
    content = [VERSION, data.manifest["fingerprints"].get(split), tokenizer.fingerprint, asdict(template)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _read(path: Path) -> EncodedDialogues | None:
    """What was kept; None where nothing was, or where it is damaged: ZIP files have checksums, which NumPy checks."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = json.loads(arrays["names"].tobytes())
            return EncodedDialogues(
                names=names, ids=arrays["ids"], trainable=arrays["trainable"], offsets=arrays["offsets"]
            )
    except DAMAGED:
        return None


def _keep(path: Path, encoded: EncodedDialogues) -> None:
    """Writes the file, whole or not at all. Where nothing can be written, the next training encodes again."""
    names = np.frombuffer(json.dumps(encoded.names).encode(), "uint8")

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # given a path, NumPy would add .npz to its name
            np.savez(file, names=names, ids=encoded.ids, trainable=encoded.trainable, offsets=encoded.offsets)

    try:
        write_whole(path, write)
        newest_last = sorted(path.parent.glob("*.npz"), key=lambda each: each.stat().st_mtime)
        for old in newest_last[:-MOST_KEPT]:
            old.unlink()
    except OSError:
        return
