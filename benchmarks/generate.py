"""Tokens per second of our generation, of KerasHub's `generate`, of transformers on PyTorch and of CTranslate2.

    python -m benchmarks.generate [--model gpt2|mini] [--peer-python .venv-peers/bin/python] [--rounds 3] [--json]

The same weights on every side (GPT-2 124M: random, with the real vocabulary), the same prompts of random ids, greedy, no
end token. Each side is a process of its own, of which one computes at a time; they take turns, and ratios are taken round
by round, ours over theirs:

    keras_hub, transformers_float32, ctranslate2_float32    our float32
    ctranslate2_int8                                        the fastest of our widths
    …_first                                                 time to the first token: theirs over ours

Rates are of writing alone, prompts of 200. Eight prompts are read one after the other while the first are being
answered already, hence rates count from where all are under way: rows × (tokens - 1) / (time of tokens + 24 - time of
25 tokens), for one as for eight, on every side alike. `whole` is all new tokens over all the time, reading included.

    batch_WIDTH, whole_batch_WIDTH    our rate for eight prompts over that for one: of writing, and of all
    streaming                         our rate over that of a bare loop without engine, thread and queue
    sixteen_chats                     sixteen people at once, each a thread that reads its answer as it comes (float32,
                                      questions of 32 tokens): all tokens over all the time, over the same of one
"""

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.gpt2 import random_gpt2_preset
from benchmarks.lines import ROOT, Lines, SideFailed
from benchmarks.machine import answer, describe, versions_in
from chatbot.errors import no_such_file

SHARED = ROOT.parent / "shared" / "data"
OURS = {"float32": "ours:float32", "bfloat16": "ours:bfloat16", "int8": "ours:int8"}
CHATS = 16  # at once
QUESTION = 32  # tokens
UNDER_WAY = 24  # tokens of an answer, by when eight prompts have been read
OTHERS = {"unstreamed": "unstreamed:float32", "keras_hub": "keras_hub"}
PEERS = {
    "transformers_float32": "transformers",
    "ctranslate2_float32": "ctranslate2:float32",
    "ctranslate2_int8": "ctranslate2:int8",
}


def main() -> None:
    answer(measure, in_words, parser().parse_args())


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--model", default="gpt2", help="gpt2 (random weights), or what `causette chat` takes")
    made.add_argument("--tokenizer", type=Path, default=SHARED / "gpt2_tokenizer", help="GPT-2's files, for gpt2")
    made.add_argument("--peer-python", default=sys.executable, help="the Python with requirements-bench.txt")
    made.add_argument("--prompt", type=int, default=200, help="tokens of a prompt")
    made.add_argument("--tokens", type=int, default=64, help="of an answer")
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--json", action="store_true", help="one JSON object on one line")
    return made


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Starts every side, lets them take turns, puts the figures together.

    Raises:
        InputError: a file is missing, or the peers' Python is none.
        SideFailed: one of ours, or KerasHub, did; a peer that fails is reported as not measured.
    """
    if options.model == "gpt2" and not (wanted := options.tokenizer / "vocab.json").exists():
        raise no_such_file(wanted)
    versions = versions_in(options.peer_python, ("torch", "transformers", "ctranslate2"))
    not_measured = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        vocabulary = _write_model(options, Path(folder))
        sides: dict[str, Lines] = {}
        for name, spec in {**OURS, **OTHERS, **PEERS}.items():
            python = options.peer_python if name in PEERS else sys.executable
            command = [python, "-m", "benchmarks.talker", spec, folder, str(vocabulary)]
            _say(f"{name}: starts")
            try:
                sides[name] = stack.enter_context(Lines(command, {}))
                _round(sides[name], options, number=0)  # compiles
            except SideFailed as error:
                if name not in PEERS:
                    raise
                sides.pop(name, None)
                not_measured[name] = str(error)
        _say("chats: starts")
        talking = stack.enter_context(
            Lines([sys.executable, "-m", "benchmarks.talker", "chats:float32", folder, str(vocabulary)], {})
        )
        _chats(talking, options, number=0)
        rounds, chats = [], []
        for number in range(1, options.rounds + 1):
            rounds.append({name: _round(side, options, number) for name, side in sides.items()})
            chats.append(_chats(talking, options, number))
            _say(f"round {number}: " + ", ".join(f"{name} {each['one']:.1f}" for name, each in rounds[-1].items()))
    return {
        "machine": {**describe(), **versions},
        "settings": {key: vars(options)[key] for key in ("model", "prompt", "tokens", "rounds")},
        "sides": {
            name: {
                key: statistics.median(each[name][key] for each in rounds)
                for key in ("first", "one", "eight", "whole_one", "whole_eight", "peak_mb")
            }
            for name in sides
        },
        "chats": {
            **{
                key: statistics.median(each[key] for each in chats) for key in ("alone", "together", "first", "between")
            },
            "same_answers": all(each["same"] for each in chats),
        },
        **_ratios(rounds, sides, chats),
        "same_answers": {name: all(each[name]["ids"] == each["float32"]["ids"] for each in rounds) for name in sides},
        "not_measured": not_measured,
    }


def _write_model(options: argparse.Namespace, folder: Path) -> int:
    """The same weights as a preset and in the transformers format; returns the vocabulary's size."""
    from chatbot.model import load_model

    name = str(random_gpt2_preset(options.tokenizer, folder / "preset")) if options.model == "gpt2" else options.model
    causal_lm = load_model(name).causal_lm
    if options.model != "gpt2":
        causal_lm.save_to_preset(str(folder / "preset"))
    causal_lm.export_to_transformers(str(folder / "transformers"))
    path = folder / "transformers" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"architectures": ["GPT2LMHeadModel"]}
    path.write_text(json.dumps(config), encoding="utf-8")
    return int(causal_lm.backbone.vocabulary_size)


def _round(side: Lines, options: argparse.Namespace, number: int) -> dict[str, Any]:
    """Seconds to the first token, rates for one prompt and for eight, and the ids of the first."""

    def ask(rows: int, new: int, salt: int) -> dict[str, Any]:
        # Other prompts each time: ours remembers what it has read.
        task = {"rows": rows, "prompt": options.prompt, "new": new, "number": 10 * number + salt}
        return side.ask(json.dumps(task))

    more = options.tokens - 1
    some, all_ = UNDER_WAY + 1, UNDER_WAY + options.tokens
    first = ask(1, 1, 1)
    one_begun, one, begun, eight = ask(1, some, 2), ask(1, all_, 3), ask(8, some, 4), ask(8, all_, 5)
    return {
        "first": first["seconds"],
        "one": more / max(1e-9, one["seconds"] - one_begun["seconds"]),
        "eight": 8 * more / max(1e-9, eight["seconds"] - begun["seconds"]),
        "whole_one": all_ / one["seconds"],
        "whole_eight": 8 * all_ / eight["seconds"],
        "peak_mb": eight["peak_mb"],
        "ids": one["ids"],
    }


def _chats(side: Lines, options: argparse.Namespace, number: int) -> dict[str, Any]:
    """Tokens per second alone and together, the longest waits (seconds), and whether the answers are the same."""
    got = side.ask(json.dumps({"rows": CHATS, "prompt": QUESTION, "new": options.tokens, "number": 10 * number + 6}))
    tokens = CHATS * options.tokens
    rates = {"alone": tokens / got["alone"], "together": tokens / got["seconds"]}
    return {**rates, **{key: got[key] for key in ("first", "between", "same")}}


def _ratios(rounds: list[dict[str, Any]], sides: dict[str, Lines], chats: list[dict[str, Any]]) -> dict[str, Any]:
    """Median, lowest and highest of each ratio over the rounds; None for what was not measured."""
    best = max(OURS, key=lambda width: statistics.median(each[width]["one"] for each in rounds))
    ratios: dict[str, Any] = {}

    def add(name: str, values: Iterator[float] | None) -> None:
        ratios[name] = sorted(values) if values else None

    for name in ("keras_hub", *PEERS):
        mine = best if name == "ctranslate2_int8" else "float32"
        known = name in sides
        add(name, (each[mine]["one"] / each[name]["one"] for each in rounds) if known else None)
        add(f"{name}_first", (each[name]["first"] / each[mine]["first"] for each in rounds) if known else None)
    for width in OURS:
        add(f"batch_{width}", (each[width]["eight"] / each[width]["one"] for each in rounds))
        add(f"whole_batch_{width}", (each[width]["whole_eight"] / each[width]["whole_one"] for each in rounds))
    add("sixteen_chats", (each["together"] / each["alone"] for each in chats))
    add("streaming", (each["float32"]["one"] / each["unstreamed"]["one"] for each in rounds))
    return {
        "best_width": best,
        "ratios": {name: values and statistics.median(values) for name, values in ratios.items()},
        "spread": {name: [values[0], values[-1]] for name, values in ratios.items() if values},
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def in_words(result: dict[str, Any]) -> str:
    """The figures as lines to read."""
    lines = [f"{'side':22} {'first token':>11} {'tokens/s':>9} {'eight at once':>13} {'peak MB':>8}  same answers"]
    for name, side in result["sides"].items():
        same = "yes" if result["same_answers"][name] else "no"
        lines.append(
            f"{name:22} {side['first'] * 1000:8.0f} ms {side['one']:9.1f} {side['eight']:13.1f} {side['peak_mb']:8.0f}  {same}"
        )
    lines.append(f"\nratios, ours over theirs (lowest and highest round); best width: {result['best_width']}")
    for name, ratio in result["ratios"].items():
        spread = result["spread"].get(name)
        lines.append(
            f"{name:28} " + (f"{ratio:.2f} ({spread[0]:.2f} to {spread[1]:.2f})" if spread else "not measured")
        )
    chats = result["chats"]
    lines.append(
        f"\n{CHATS} chats: {chats['together']:.0f} tokens/s together, {chats['alone']:.0f} alone; longest wait "
        f"{chats['first'] * 1000:.0f} ms for the first token, {chats['between'] * 1000:.0f} ms between two; "
        f"same answers as alone: {'yes' if chats['same_answers'] else 'no'}"
    )
    lines += [f"{name}: {why}" for name, why in result["not_measured"].items()]
    return "\n".join([*lines, json.dumps(result["machine"])])


if __name__ == "__main__":
    main()
