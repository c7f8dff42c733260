"""What `load_model` computes from folders that transformers wrote, beside what transformers computes.

    python -m benchmarks.formats [--peer-python .venv-peers/bin/python] [--json]

Tiny models of every family that is read, with random weights and tokenizers learnt on the guide, made and saved by
transformers itself (`benchmarks.formats_peer`): one file and several, float32, float16 and bfloat16, a `tokenizer.model`
and none, configurations of transformers 4 and 5, tied heads, few key heads, windows, scaled positions. Per model:

    logits    the largest difference to Keras' logits, and to those of the embedded decoder; the largest logit
    again     the same, of the KerasHub preset that `save_preset` writes and `load_model` reads
    tokens    texts whose ids are the same, of all: French, English, figures, emoji, special tokens typed as text
    template  whether a conversation has the ids that the official chat template gives (Llama 3, Mistral)
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.formats_peer import TALK
from benchmarks.lines import ROOT
from benchmarks.machine import answer, describe
from benchmarks.with_transformers import options_of, peer_versions, said_by_peer

CORPUS = ROOT / "docs" / "deploiement.md"  # any long page: texts to learn a vocabulary from


def main() -> None:
    answer(measure, in_words, options_of(__doc__))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Has the other Python write the folders, and loads them.

    Raises:
        InputError: the peers' Python is none, or has no transformers.
        SideFailed: it could not write them.
    """
    versions = peer_versions(options.peer_python, ("tokenizers", "sentencepiece"))
    with tempfile.TemporaryDirectory() as folder:
        said_by_peer(options.peer_python, "formats_peer.py", folder, CORPUS)
        models = {each.name: compared(each) for each in sorted(Path(folder).iterdir())}
    return {"machine": {**describe(), **versions}, "models": models}


def compared(folder: Path) -> dict[str, Any]:
    """A folder of `benchmarks.formats_peer`, loaded."""
    from chatbot.decoder import Decoder
    from chatbot.dialogue import Message
    from chatbot.encoding import encode_segments
    from chatbot.model import load_model, save_preset
    from chatbot.plain_weights import plain_weights

    kept, ids = np.load(folder / "logits.npz"), json.loads((folder / "ids.json").read_text(encoding="utf-8"))
    prompts, wanted = kept["prompts"], kept["logits"]
    chat = {"llama3": "llama3", "mistral": "mistral"}.get(folder.name.split("_")[0]) if ids["talk"] else None
    model = load_model(str(folder / "model"), template=chat)
    weights = plain_weights(model.causal_lm.backbone, model.context)
    assert weights is not None
    length = prompts.shape[1]
    decoded = Decoder(weights, slots=1).forward(prompts[0], [0] * length, range(length))
    save_preset(model.causal_lm, folder / "preset", model.note)
    again = load_model(str(folder / "preset"))
    unlike = [text for text, theirs in ids["texts"] if model.tokenizer.encode_start(text) != theirs]
    segments = model.template.prompt([Message(**message) for message in TALK])
    return {
        "keras": difference(logits(model, prompts), wanted),
        "decoder": difference(decoded, wanted[0]),
        "again": difference(logits(again, prompts), wanted),
        "largest": float(np.abs(wanted).max()),
        "tokens": f"{len(ids['texts']) - len(unlike)}/{len(ids['texts'])}",
        "again_tokens": again.tokenizer.fingerprint == model.tokenizer.fingerprint,
        "template": encode_segments(model.tokenizer, segments)[0] == ids["talk"] if chat else None,
        "context": model.context,
        "unlike": [f"tokens: {text!r}" for text in unlike],
    }


def logits(model: Any, prompts: Any) -> np.ndarray:
    return np.asarray(model.causal_lm({"token_ids": prompts, "padding_mask": np.ones_like(prompts)}))


def difference(ours: Any, theirs: Any) -> float:
    return float(np.abs(ours - theirs).max())


def in_words(result: dict[str, Any]) -> str:
    """The figures as lines to read."""
    lines = [
        f"{'model':26} {'Keras':>9} {'decoder':>9} {'again':>9} {'(largest)':>10} {'tokens':>7} {'template':>9} context"
    ]
    for name, each in result["models"].items():
        template = {None: "-", True: "same", False: "DIFFERS"}[each["template"]]
        lines.append(
            f"{name:26} {each['keras']:9.1e} {each['decoder']:9.1e} {each['again']:9.1e} {each['largest']:10.2f} "
            f"{each['tokens']:>7} {template:>9} {each['context']:>7}"
        )
        lines += [f"    {text}" for text in each["unlike"]]
        lines += ["    the preset has another tokenizer"] * (not each["again_tokens"])
    return "\n".join([*lines, json.dumps(result["machine"])])


if __name__ == "__main__":
    main()
