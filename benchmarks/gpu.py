"""Training GPT-2 124M on one GPU: ours on Keras and JAX beside PyTorch and transformers, on the same chip in turn.

    python -m benchmarks.gpu [--json] [--method full,lora] [--rows 16] [--length 1024] [--documents 1]
                             [--peer-python PATH] [--precision auto] [--steps 20] [--rounds 5]
    python -m benchmarks.gpu --small        a check of the script on a CPU: two layers, nothing that can be quoted

Both sides train the same shape on the same random texts, every position of which is learnt, without dropout, with
AdamW and clipped gradients, LoRA of rank 16 on query and value (Keras gives each attention head a first matrix of its
own there, so that it trains more parameters: both numbers are printed). Each is a process of its own that compiles and
warms up first; then they take turns, a round of `--steps` steps each, and the ratio is taken round by round. A round
ends when the device is done (JAX `block_until_ready`, `torch.cuda.synchronize`).

`--documents 1` puts one text of the whole length into each row: PyTorch's best case, since its attention then needs no
mask. More of them make packed rows, in which attention stays inside a text on both sides.

The share of the chip's peak (MFU) is tokens per second × `benchmarks.flops.per_token` / `benchmarks.flops.peak_of`. On a
CPU the peak is what a matrix product was measured at, and is marked so.
"""

import argparse
import json
import statistics
import sys
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from benchmarks.flops import Shape, peak_of, per_token
from benchmarks.lines import Lines, SideFailed
from benchmarks.rounds import Job

RANK = 16
ENVIRONMENT = {"KERAS_BACKEND": "jax", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # JAX leaves the peer its memory
SMALL = Shape(layers=2, hidden=64, heads=2, vocabulary=512)
CHECK = "A check of the script with a small model on a CPU: nothing here is a measurement."
NO_GPU = "No GPU that JAX can use is here: nothing to measure.\nOn a CPU, --small checks that the script runs."


def measure(job: Job, rounds: int, peer: str) -> dict[str, Any]:
    """Both sides of one job, in turn.

    Raises:
        SideFailed: ours could not run. That the peer could not is said in the result.
    """
    with ExitStack() as stack:

        def begin(python: str, module: str, job: Job) -> Lines:
            return stack.enter_context(Lines([python, "-m", f"benchmarks.{module}", json.dumps(job)], ENVIRONMENT))

        sides, missing = {"causette": begin(sys.executable, "gpu_ours", job)}, None
        answers: dict[str, list[dict[str, Any]]] = {"causette": [], "torch": []}
        try:
            sides["torch"] = begin(peer, "gpu_torch", {**job, "precision": sides["causette"].ready["precision"]})
        except SideFailed as error:
            missing = str(error)
        for number in range(rounds):
            for name in sorted(sides, reverse=bool(number % 2)):
                try:
                    answers[name].append(sides[name].ask("round"))
                except SideFailed as error:
                    if name == "causette":
                        raise
                    missing = str(error)
                    del sides[name], answers[name][:]
        return result_of(job, {name: side.ready for name, side in sides.items()}, answers, missing)


def result_of(job: Job, about: dict[str, Any], answers: dict[str, list[Any]], missing: str | None) -> dict[str, Any]:
    """Speeds, shares of the peak, memory, and the ratio of the rounds, as they are printed."""
    ours = about["causette"]
    shape = Shape(**{name: job[name] for name in ("layers", "hidden", "heads", "vocabulary")})
    cost = per_token(shape, job["length"] // job["documents"], job["rank"])
    peak = peak_of(ours["device"], ours["precision"]) if ours["gpu"] else ours["matrix_products"]
    speeds = {name: [each["tokens"] / each["seconds"] for each in rounds] for name, rounds in answers.items() if rounds}
    pairs = sorted(a / b for a, b in zip(speeds["causette"], speeds.get("torch", []), strict=False))
    return {
        "flops_per_token": cost,
        "peak_flops": peak,
        "peak_source": _source(ours["gpu"], peak),
        "ratio": statistics.median(pairs) if pairs else None,
        "ratio_spread": [pairs[0], pairs[-1]] if pairs else None,
        **{
            name: {
                "tokens_per_second": statistics.median(each),
                "spread": [min(each), max(each)],
                "mfu": statistics.median(each) * cost / peak if peak else None,
                "peak_memory": max((r["peak_memory"] or 0) for r in answers[name]) or None,
                "memory_of": answers[name][-1]["memory_of"],
                "loss": answers[name][-1]["loss"],
                **about[name],
            }
            for name, each in speeds.items()
        },
        **({"torch": {"not_measured": missing}} if missing else {}),
    }


def _source(gpu: bool, peak: float | None) -> str:
    if not gpu:
        return "measured: a matrix product of 1024 x 1024 on this CPU"
    return "data sheet, dense" if peak else "not known for this chip and precision"


def main() -> None:
    options = _options()
    shape = SMALL if options.small else Shape()
    job = {
        **asdict(shape),
        **{name: getattr(options, name) for name in ("rows", "length", "documents", "steps", "precision", "small")},
        "seed": 1,
    }
    result: dict[str, Any] = {"job": job, "ratios": {}, "spread": {}, "methods": {}}
    for method in options.method:
        try:
            measured = measure({**job, "rank": RANK if method == "lora" else None}, options.rounds, options.peer_python)
        except SideFailed as error:
            told = NO_GPU if "no GPU here" in str(error) else f"{method}: {error}"
            sys.exit(told)
        result["machine"] = measured["causette"].pop("machine")
        result["methods"][method] = measured
        result["ratios"][method], result["spread"][method] = measured["ratio"], measured["ratio_spread"]
    on_gpu = all(measured["causette"]["gpu"] for measured in result["methods"].values())
    result["note"] = None if on_gpu and not options.small else CHECK
    print(json.dumps(result) if options.json else _table(result))


def _table(result: dict[str, Any]) -> str:
    lines = [f"{result['machine']['device']}, {result['job']}"]
    for method, measured in result["methods"].items():
        for side in ("causette", "torch"):
            each = measured[side]
            if "not_measured" in each:
                lines.append(f"{method:5} {side:9} not measured: {each['not_measured']}")
                continue
            share = "not known" if each["mfu"] is None else f"{100 * each['mfu']:.1f}%"
            memory = f"{(each['peak_memory'] or 0) / 2**30:.2f} GiB ({each['memory_of']})"
            lines.append(f"{method:5} {side:9} {each['tokens_per_second']:12,.0f} tokens/s  MFU {share}  peak {memory}")
        ratio, spread = measured["ratio"], measured["ratio_spread"]
        lines.append(f"{method:5} ratio     " + (f"{ratio:.2f} {spread}" if ratio else "not measured"))
        lines.append(f"      peak: {measured['peak_source']}")
    return "\n".join([*lines, *([result["note"]] if result["note"] else [])])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", type=lambda text: text.split(","), default=["full", "lora"])
    parser.add_argument("--rows", type=int, help="rows of a step: 16")
    parser.add_argument("--length", type=int, help="places of a row: 1024")
    parser.add_argument("--documents", type=int, default=1, help="texts of a row")
    parser.add_argument("--steps", type=int, help="steps of a round: 20")
    parser.add_argument("--rounds", type=int, help="rounds: 5")
    parser.add_argument("--precision", default="auto", help="auto, mixed_bfloat16, mixed_float16, float32")
    parser.add_argument("--peer-python", default=sys.executable, help="Python that has torch and transformers")
    parser.add_argument("--small", action="store_true", help="two layers, a CPU will do: checks the script")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name, small, usual in (("rows", 2, 16), ("length", 128, 1024), ("steps", 2, 20), ("rounds", 2, 5)):
        if getattr(options, name) is None:
            setattr(options, name, small if options.small else usual)
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if not 1 <= options.documents <= options.length // 2:
        parser.error("--documents must be at least 1, and leave each text two places")
    if unknown := set(options.method) - {"full", "lora"}:
        parser.error(f"--method: {', '.join(sorted(unknown))} is neither full nor lora")
    return options


if __name__ == "__main__":
    main()
