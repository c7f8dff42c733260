"""What narrower weights cost in quality and give in speed: perplexity on the answers of a prepared set, tokens per second.

    python -m benchmarks.quality --data data/medquad [--model mini] [--dialogues 40] [--json]
    python -m benchmarks.quality --data data/medquad --model gpt2 --tokenizer gpt2_tokenizer      (random weights)

For each width of `--weights`, the decoder of `causette chat` reads the same dialogues. `agreement` is the share of the
answers' places where the likeliest token is that of float32, `divergence` the mean of KL(float32 ‖ width) in nats. The
perplexity of random weights says nothing; their divergence says how far the arithmetic alone leads away.
"""

import argparse
import json
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks.gpt2 import random_gpt2_preset
from benchmarks.machine import describe

STEPS = 40  # of one token, timed; the median counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a prepared set")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--model", default="mini", help="gpt2 (random weights), or what `causette chat` takes")
    parser.add_argument("--tokenizer", type=Path, help="GPT-2's files, for gpt2")
    parser.add_argument("--dialogues", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    options = parser.parse_args()
    if options.model == "gpt2" and options.tokenizer is None:
        parser.error("--model gpt2 needs --tokenizer, a folder with GPT-2's vocab.json and merges.txt")
    print(json.dumps(measure(options), indent=None if options.json else 2))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    from chatbot.decoder import Decoder
    from chatbot.model import load_model
    from chatbot.plain_weights import Width, plain_weights

    with tempfile.TemporaryDirectory() as folder:
        name = options.model
        if name == "gpt2":
            name = str(random_gpt2_preset(options.tokenizer, Path(folder) / "preset"))
        model = load_model(name)
    decoders, bytes_read = {}, {}
    for width in get_args(Width):
        weights = plain_weights(model.causal_lm.backbone, model.context, width)
        if weights is None:
            raise SystemExit(f"{options.model}: only Keras can compute this family")
        decoders[width], bytes_read[width] = Decoder(weights, 1), weights.bytes
    rows = encoded(model, options)
    sums = {width: np.zeros(3) for width in decoders}
    for ids, places in rows:
        exact = log_probabilities(decoders["float32"], ids, places)
        for width, decoder in decoders.items():
            sums[width] += compared(log_probabilities(decoder, ids, places), exact, ids[places + 1])
    count = sum(len(places) for _, places in rows)
    return {
        "machine": describe(),
        "settings": {"model": options.model, "data": options.data.name, "split": options.split, "dialogues": len(rows)},
        "answer_tokens": count,
        "widths": {
            width: {
                "perplexity": float(np.exp(sums[width][0] / count)),
                "agreement": sums[width][1] / count,
                "divergence": sums[width][2] / count,
                "tokens_per_second": 1 / seconds_of_a_step(decoder, model.context),
                "megabytes_read_for_a_token": bytes_read[width] / 1e6,
            }
            for width, decoder in decoders.items()
        },
    }


def encoded(model: Any, options: argparse.Namespace) -> list[tuple[np.ndarray, np.ndarray]]:
    """Ids of each dialogue, cut at the context, and the places whose next token belongs to an answer."""
    from chatbot.encoding import encode_segments
    from datasets_prep.prepared import PreparedSet

    rows = []
    for dialogue in islice(PreparedSet.open(options.data).split(options.split), options.dialogues):
        ids, trained = encode_segments(model.tokenizer, model.template.render(dialogue))
        places = np.flatnonzero(trained[1 : model.context])
        if len(places):
            rows.append((np.array(ids[: model.context]), places))
    return rows


def log_probabilities(decoder: Any, ids: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(places, vocabulary) float32."""
    logits = decoder.forward(ids, np.zeros_like(ids), np.arange(len(ids)), places)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def compared(logs: np.ndarray, exact: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Summed over some places: loss in nats, places that agree with float32, divergence from it in nats."""
    loss = -logs[np.arange(len(wanted)), wanted].sum(dtype="float64")
    agreed = (logs.argmax(axis=1) == exact.argmax(axis=1)).sum()
    return np.array([loss, agreed, (np.exp(exact) * (exact - logs)).sum(dtype="float64")])


def seconds_of_a_step(decoder: Any, context: int) -> float:
    """The median time of one more token, half the context being read."""
    times = []
    for place in range(context // 2, context // 2 + min(STEPS, context // 4)):
        began = time.perf_counter()
        decoder.forward([1], [0], [place])
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
