"""One side of `benchmarks.generate`: a model that answers prompts of random ids, greedily, as often as it is asked.

    python -m benchmarks.talker ours:int8 FOLDER        (FOLDER: preset/, transformers/, ctranslate2_…/ of one model)

A line asks ``{"rows": 1, "prompt": 200, "new": 64, "number": 3}``; the answer is the seconds it took and the ids; of
``chats``, see there. Only the libraries of the side itself are imported.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.lines import answering
from benchmarks.machine import peak_bytes

Ids = list[list[int]]
Generate = Callable[[Ids, int], Ids]  # prompts of one length, how many new ids; without an end token


def ours(folder: Path, width: str) -> Generate:
    """What `causette chat` and the page compute with: the engine, each answer streamed."""
    engine = _engine(folder, width)
    from chatbot.sampling import Sampling

    def generate(prompts: Ids, new: int) -> Ids:
        return engine.generate_batch(prompts, Sampling(max_new_tokens=new))

    return generate


def unstreamed(folder: Path, width: str) -> Generate:
    """Our decoder in a bare loop: no thread, no queue, nobody to tell."""
    decoder = _engine(folder, width).decoder

    def generate(prompts: Ids, new: int) -> Ids:
        rows, length = len(prompts), len(prompts[0])
        logits = [
            decoder.forward(ids, [row] * length, range(length), [length - 1])[0] for row, ids in enumerate(prompts)
        ]
        answers = [[int(each.argmax())] for each in logits]
        for place in range(length, length + new - 1):
            chosen = decoder.forward([ids[-1] for ids in answers], range(rows), [place] * rows).argmax(axis=1)
            for ids, token in zip(answers, chosen, strict=True):
                ids.append(int(token))
        return answers

    return generate


def chats(folder: Path, width: str) -> Callable[[Ids, int], dict[str, Any]]:
    """So many people at once, each a thread that reads its answer as it comes; then each alone, in another engine, which
    has read none of it.

    Returns:
        seconds until all have their answers, `alone` for all one after the other; the longest that anyone waited for the
        first token and between two; whether all answers are those given alone.
    """
    engine = _engine(folder, width)
    from chatbot.decoder import Decoder
    from chatbot.engine import Engine
    from chatbot.sampling import Sampling

    single = Engine(Decoder(engine.decoder.weights, 1), end_id=-1, limit=engine.limit)

    def ask(of: Any, prompt: list[int], new: int) -> tuple[list[int], list[float]]:
        """The answer, and when its parts came."""
        ids, times = [], [time.perf_counter()]
        for burst in of.bursts(prompt, Sampling(max_new_tokens=new)):
            ids += burst
            times.append(time.perf_counter())
        return ids, times

    def measure(prompts: Ids, new: int) -> dict[str, Any]:
        came: dict[int, tuple[list[int], list[float]]] = {}

        def visit(number: int) -> None:
            came[number] = ask(engine, prompts[number], new)

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(len(prompts))]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        began = time.perf_counter()
        alone = [ask(single, prompt, new)[0] for prompt in prompts]
        waits = [[later - sooner for sooner, later in pairwise(times)] for _, times in came.values()]
        return {
            "seconds": seconds,
            "alone": time.perf_counter() - began,
            "first": max(each[0] for each in waits),
            "between": max(max(each[1:], default=0.0) for each in waits),
            "same": [came[number][0] for number in range(len(prompts))] == alone,
        }

    return measure


def _timed(generate: Generate) -> Callable[[Ids, int], dict[str, Any]]:
    def measure(prompts: Ids, new: int) -> dict[str, Any]:
        began = time.perf_counter()
        ids = generate(prompts, new)
        return {"seconds": time.perf_counter() - began, "ids": ids}

    return measure


def _engine(folder: Path, width: Any) -> Any:
    from chatbot.decoder import Decoder
    from chatbot.engine import Engine
    from chatbot.model import load_model
    from chatbot.plain_weights import plain_weights

    model = load_model(str(folder / "preset"))
    weights = plain_weights(model.causal_lm.backbone, model.context, width)
    assert weights is not None
    return Engine(Decoder(weights, 16), end_id=-1, limit=model.context)


def keras_hub(folder: Path, _: str) -> Generate:
    """KerasHub's own `generate`."""
    import numpy as np

    from chatbot.model import load_model

    causal_lm = load_model(str(folder / "preset")).causal_lm
    causal_lm.compile(sampler="greedy")
    causal_lm.preprocessor = None

    def generate(prompts: Ids, new: int) -> Ids:
        length = len(prompts[0])
        ids = np.zeros((len(prompts), length + new), "int32")
        ids[:, :length] = prompts
        mask = np.zeros_like(ids)
        mask[:, :length] = 1
        out = causal_lm.generate({"token_ids": ids, "padding_mask": mask}, stop_token_ids=None)
        return np.asarray(out["token_ids"])[:, length:].tolist()

    return generate


def transformers(folder: Path, _: str) -> Generate:
    """transformers' `generate`, float32."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder / "transformers").eval()

    def generate(prompts: Ids, new: int) -> Ids:
        ids = torch.tensor(prompts)
        with torch.inference_mode():
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, min_new_tokens=new, do_sample=False,
                eos_token_id=None, pad_token_id=0,
            )  # fmt: skip
        return out[:, ids.shape[1] :].tolist()

    return generate


def ctranslate2(folder: Path, quantization: str) -> Generate:
    """CTranslate2, on both cores."""
    import os

    import ctranslate2
    from ctranslate2.converters import TransformersConverter

    converted = folder / f"ctranslate2_{quantization}"
    TransformersConverter(str(folder / "transformers")).convert(str(converted), quantization=quantization)
    generator = ctranslate2.Generator(str(converted), device="cpu", inter_threads=1, intra_threads=os.cpu_count())
    vocabulary = json.loads((folder / "transformers" / "vocab.json").read_text(encoding="utf-8"))
    words = sorted(vocabulary, key=vocabulary.__getitem__)

    def generate(prompts: Ids, new: int) -> Ids:
        results = generator.generate_batch(
            [[words[token] for token in ids] for ids in prompts],
            max_length=new, min_length=new, sampling_topk=1, include_prompt_in_result=False,
        )  # fmt: skip
        return [result.sequences_ids[0] for result in results]

    return generate


SIDES: dict[str, Callable[[Path, str], Generate]] = {
    "ours": ours,
    "unstreamed": unstreamed,
    "keras_hub": keras_hub,
    "transformers": transformers,
    "ctranslate2": ctranslate2,
}


def main() -> None:
    tell = answering()
    name, _, kind = sys.argv[1].partition(":")
    folder, vocabulary = Path(sys.argv[2]), int(sys.argv[3])
    measure = chats(folder, kind) if name == "chats" else _timed(SIDES[name](folder, kind))
    tell({})
    for line in sys.stdin:
        task = json.loads(line)
        drawn = random.Random(task["number"])
        prompts = [[drawn.randrange(vocabulary) for _ in range(task["prompt"])] for _ in range(task["rows"])]
        tell({**measure(prompts, task["new"]), "peak_mb": (peak_bytes() or 0) / 1e6})


if __name__ == "__main__":
    main()
