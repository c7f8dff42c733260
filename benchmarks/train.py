"""Response tokens per second of our training, of KerasHub's own `fit`, and of TRL's `SFTTrainer` on PyTorch.

    python -m benchmarks.train [--json] [--also …] [--peer-python .venv-peers/bin/python] [--rounds 3] [--seconds 240]

GPT-2 124M with random weights and the real tokenizer, the same few hundred dialogues of MedQuAD and Financial PhraseBank
in the same template, as many tokens per step on every side, no dropout; peers keep all activations:

    ours         packed rows, trained on the answers
    keras_hub    its own preprocessor and `fit`, padded, as the keras.io guide on GPT-2 does, in our precision
    trl          transformers and TRL with packing, trained on the answers, in float32 and in bfloat16 (autocast)

Each side is a process of its own, of which one computes at a time; they make a step each in turn, and ratios are taken
round by round. Sides that train on all tokens count the answers' alone. A round that would pass the time given to a
comparison is left out, and said to be. `--also` adds what the libraries do when left alone (`…_as_shipped`: GPT-2's
dropout of 0.1, and TRL's recomputed activations) and other settings of the peers, `keras_hub_128` for one: the length
of the guide's own preprocessor. `--also` alone adds them all; `--also keras_hub_128 trl_at_once` these two.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.lines import ROOT
from benchmarks.machine import answer, describe, versions_in
from benchmarks.sides.data import write_drawn
from benchmarks.sides.plan import EXTRA, TRL, extra_groups, our_side, strict_groups
from benchmarks.sides.results import with_best
from benchmarks.sides.rounds import Bench, say
from benchmarks.sides.worker import Job, Worker
from chatbot.errors import InputError
from chatbot.language import tr

SHARED = ROOT.parent / "shared" / "data"


def main() -> None:
    answer(measure, in_words, parser().parse_args())


def parser() -> argparse.ArgumentParser:
    """All options; the last four make it small enough for a test."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="one JSON object on standard output")
    made.add_argument(
        "--also", nargs="*", choices=EXTRA, metavar="SIDE", help=f"other peers too, alone for all: {', '.join(EXTRA)}"
    )
    made.add_argument("--rounds", type=int, default=3, help="measured rounds, at most")
    made.add_argument("--seconds", type=float, default=240, help="for each comparison, its peers' start included")
    made.add_argument("--peer-python", default=sys.executable, help="the Python with requirements-bench.txt")
    made.add_argument("--medquad", type=Path, default=SHARED / "medquad" / "medquad.csv.gz")
    made.add_argument("--phrasebank", type=Path, default=SHARED / "financial_phrasebank", help="a file or its folder")
    made.add_argument("--tokenizer", type=Path, default=SHARED / "gpt2_tokenizer", help="vocab.json and merges.txt")
    made.add_argument("--precision", default="auto", help="of ours and of KerasHub's: auto, float32, mixed_bfloat16")
    made.add_argument("--dialogues", type=int, default=400, help="drawn from each data set")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--rows", type=int, default=2, help="rows of a step")
    made.add_argument("--context", type=int, default=1024)
    made.add_argument("--layers", type=int, default=12)
    made.add_argument("--width", type=int, default=768)
    made.add_argument("--heads", type=int, default=12)
    return made


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Draws the dialogues, runs every group, and puts the figures together.

    Raises:
        InputError: a file is missing or is not the data set's.
        SideFailed: ours did; a peer that fails is reported as not measured.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        job, peer_versions = _job(options, Path(folder)), versions_in(options.peer_python)
        side = our_side(options, sys.executable)
        say("ours: starts and compiles")
        with Worker(side, job) as ours:
            bench = Bench(ours, job, rounds=options.rounds, seconds=options.seconds, peer_versions=peer_versions)
            groups = strict_groups(side, ours.facts["precision"], options.peer_python)
            for group in groups:
                bench.compare(group)
            results = bench.results()
            best = with_best(results, "trl", TRL)
            if options.also is not None:
                (keras_hub,), trl = (group.peers for group in groups)
                fastest = next((side for side in trl if side.name == best), trl[0])
                for group in extra_groups(keras_hub, fastest):
                    if not options.also or group.name in options.also:
                        bench.compare(group)
                results = bench.results()
                with_best(results, "trl", TRL)
    return {
        "machine": {**describe(ours.facts["device"]), **peer_versions},
        "settings": {**_settings(options), "best_trl": best},
        "sides": bench.sides(),
        **results,
        "left_out": bench.left_out,
        "not_measured": bench.not_measured,
        "seconds": time.perf_counter() - began,
    }


def _job(options: argparse.Namespace, folder: Path) -> Job:
    for option, path in (("medquad", ""), ("phrasebank", ""), ("tokenizer", "vocab.json"), ("tokenizer", "merges.txt")):
        if not (wanted := getattr(options, option) / path).exists():
            raise InputError(
                tr(f"{wanted} : fichier introuvable. Donnez-le par --{option}.",
                   f"{wanted}: no such file. Give it by --{option}.")
            )  # fmt: skip
    files = {}
    for data in ("medquad", "phrasebank"):
        drawn = {"count": options.dialogues, "context": options.context, "seed": options.seed}
        file = folder / f"{data}.jsonl"
        count = write_drawn(data, getattr(options, data), file, tokenizer=options.tokenizer, **drawn)
        files[data] = str(file)
        say(f"{data}: {count} dialogues")
    shape = {name: getattr(options, name) for name in ("layers", "width", "heads", "seed")}
    return Job(tokenizer=str(options.tokenizer.resolve()), files=files, **shape)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """The options that the figures depend on; no path of this machine."""
    names = ("rounds", "seconds", "dialogues", "seed", "rows", "context", "layers", "width", "heads")
    return {name: getattr(options, name) for name in names} | {"positions_per_step": options.rows * options.context}


def in_words(result: dict[str, Any]) -> str:
    """The figures as lines to read."""
    lines = [f"{'side':22} {'data':11} {'steps':>5} {'s/step':>8} {'tokens/s':>9} {'response/s':>10} {'peak MB':>8}"]
    for name, side in result["sides"].items():
        for data, rates in side["data"].items():
            seconds = sum(rates["seconds_per_step"]) / rates["steps"]
            peak = f"{side['peak_mb']:8.0f}" if side["peak_mb"] else "       –"
            lines.append(
                f"{name:22} {data:11} {rates['steps']:5} {seconds:8.2f} {rates['tokens_per_second']:9.1f} "
                f"{rates['response_tokens_per_second']:10.1f} {peak}   {side['precision']}"
            )
    lines.append("\nours over theirs, response tokens per second (lowest and highest round); peak memory")
    for name, ratio in result["ratios"].items():
        if ratio is None:
            lines.append(f"{name:32} not measured")
            continue
        low, high = result["spread"][name]
        memory = result["memory"][name]
        lines.append(f"{name:32} {ratio:6.2f} ({low:.2f} to {high:.2f}); {f'{memory:.2f}' if memory else '–'}")
    lines += [f"{name}: {why}" for name, why in {**result["left_out"], **result["not_measured"]}.items()]
    return "\n".join([*lines, f"{result['seconds']:.0f} s in all", json.dumps(result["machine"])])


if __name__ == "__main__":
    main()
