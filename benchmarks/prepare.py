"""Seconds and peak memory of `causette prepare`, and of tokenising and packing beside `datasets` and its `map`.

    python -m benchmarks.prepare [--rows 10000,100000,1000000] [--medquad medquad.csv.gz --rounds 3] [--json]
    python -m benchmarks.prepare --tokenizer gpt2_tokenizer --peer-python .venv-peers/bin/python --medquad … [--json]

Each run is a process of its own, so that its peak is its own. The rows are made of invented words, none like another:
the worst case for memory, since none is rejected.

With `--tokenizer` (a folder with GPT-2's vocab.json and merges.txt), the job that both sides do is run alternately: a
CSV file → the alpaca template → GPT-2's ids → rows of 1,024. The peer is `datasets.load_dataset`, `map` with
transformers' tokenizer, TRL's `pack_dataset`, with caches that are empty each time. `seconds` leaves out imports and
loading the tokenizer, `process_seconds` does not. The ids of both sides are compared: they must be the same. `prepare`
itself does far more (cleaning, languages, duplicates, splits), and is measured alone.
"""

import argparse
import functools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.watched import Failed, watched

Result = dict[str, str | float]
RUN = """
import sys
from pathlib import Path
from datasets_prep.prepare import PrepareConfig, prepare
source, out, *files = sys.argv[1:]
prepare(PrepareConfig(sources=(source,), out=Path(out), from_file=Path(files[0]) if files else None))
from benchmarks.machine import peak_bytes
print(peak_bytes() or 0)  # Windows does not tell
"""


def write_rows(path: Path, rows: int) -> None:
    """A CSV file of questions of 5 to 12 words and answers of 10 to 40."""
    chance = random.Random(1)
    syllables = [
        "ba",
        "co",
        "di",
        "fu",
        "ga",
        "li",
        "mo",
        "nu",
        "pe",
        "ra",
        "si",
        "to",
        "vu",
        "za",
        "che",
        "pri",
        "tron",
        "mal",
        "ver",
        "cou",
    ]
    words = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(20_000)]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("question,answer\n")
        for _ in range(rows):
            question = " ".join(chance.choices(words, k=chance.randint(5, 12)))
            answer = " ".join(chance.choices(words, k=chance.randint(10, 40)))
            file.write(f"{question} ?,{answer}.\n")


def generated(rows: int) -> Result:
    """A file of so many rows, prepared."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write_rows(path, rows)
        return {"set": f"{rows:,} rows", "file_mb": path.stat().st_size / 1e6, **measure(path, Path(folder) / "out")}


def medquad(path: Path) -> Result:
    """MedQuAD's file, prepared."""
    with tempfile.TemporaryDirectory() as folder:
        measured = measure("medquad", Path(folder) / "out", path)
        return {"set": "MedQuAD", "file_mb": path.stat().st_size / 1e6, **measured}


def measure(source: str | Path, out: Path, *files: Path) -> Result:
    """Seconds of the whole process and its peak memory."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", RUN, source, out, *files], capture_output=True, check=True)
    return {"seconds": time.perf_counter() - began, "peak_mb": int(done.stdout) / 1e6}


def packing(path: Path, tokenizer: Path, peer_python: str, rounds: int) -> dict[str, Any]:
    """The job that both sides do, in turn; ratios are theirs over ours, round by round."""
    ours = [sys.executable, "-m", "benchmarks.pack_ours", path, tokenizer]
    peer = [peer_python, Path(__file__).with_name("pack_datasets.py"), path, tokenizer]
    commands = {"causette": ours, "datasets_1": [*peer, "1"], "datasets_2": [*peer, "2"]}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    not_measured: dict[str, str] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            if name in not_measured:
                continue
            try:
                runs[name].append(_packed(command))
                print(f"{path.name}: {name} {runs[name][-1]['seconds']:.2f} s", file=sys.stderr, flush=True)
            except Failed as error:
                if name == "causette":
                    raise
                not_measured[name] = str(error)
    measured = {name: some for name, some in runs.items() if name not in not_measured}
    return {
        "sides": {name: _middle(some) for name, some in measured.items()},
        "same_ids": len({run["ids"] for some in measured.values() for run in some}) == 1,
        **_ratios(measured),
        "not_measured": not_measured,
    }


def _packed(command: list[str | Path]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as cache:
        done = watched(command, {"HF_HOME": cache, "HF_HUB_OFFLINE": "1"})
    facts = json.loads(done.output.splitlines()[-1])
    return {**facts, "process_seconds": done.seconds, "peak_mb": done.peak_mb}


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of what varies; what does not stays."""
    varies = ("seconds", "encode_seconds", "process_seconds", "peak_mb")
    known = {name: [run[name] for run in runs if run[name] is not None] for name in varies}
    medians = {name: statistics.median(values) if values else None for name, values in known.items()}
    return {**runs[0], **medians, "seconds_of_each": [run["seconds"] for run in runs]}


def _ratios(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    ratios: dict[str, float] = {}
    spread: dict[str, list[float]] = {}
    for peer in runs.keys() - {"causette"}:
        for what in ("seconds", "process_seconds"):
            pairs = zip(runs[peer], runs["causette"], strict=True)
            each = sorted(theirs[what] / mine[what] for theirs, mine in pairs)
            name = peer if what == "seconds" else f"{peer}_process"
            ratios[name], spread[name] = statistics.median(each), [each[0], each[-1]]
    return {"ratios": dict(sorted(ratios.items())), "spread": dict(sorted(spread.items()))}


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """The packing job on MedQuAD, where it is given, and on generated rows."""
    job = functools.partial(
        packing, tokenizer=options.tokenizer.resolve(), peer_python=options.peer_python, rounds=options.rounds
    )
    results = {"MedQuAD": job(options.medquad.resolve())} if options.medquad else {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in map(int, filter(None, options.peer_rows.split(","))):
            path = Path(folder) / f"{rows}.csv"
            write_rows(path, rows)
            results[f"{rows:,} rows"] = job(path)
    return results


def in_words(name: str, result: dict[str, Any]) -> str:
    """The figures of a packing job, a line for each side."""
    lines = [f"{name}: read, tokenised and packed; the same ids: {'yes' if result['same_ids'] else 'NO'}"]
    for side, facts in result["sides"].items():
        peak = f"{facts['peak_mb']:7.0f} MB" if facts["peak_mb"] else "peak not measured"
        low_high = " ({:.2f} to {:.2f})".format(*result["spread"][side]) if side in result["spread"] else ""
        ratio = f"  {result['ratios'][side]:5.2f} × ours{low_high}" if side in result["ratios"] else ""
        lines.append(
            f"{side:>15}  {facts['seconds']:7.2f} s  process {facts['process_seconds']:7.2f} s  {peak}  "
            f"{facts['packed_rows']:,} rows{ratio}"
        )
    lines += [f"{side:>15}  not measured: {why}" for side, why in result["not_measured"].items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="10000,100000,1000000", help="rows that `prepare` reads; empty: none")
    parser.add_argument("--medquad", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="runs of MedQuAD, and of each packing job")
    parser.add_argument("--tokenizer", type=Path, help="GPT-2's files; runs the packing jobs too")
    parser.add_argument("--peer-python", default=sys.executable, help="the Python with requirements-bench.txt")
    parser.add_argument("--peer-rows", default="10000", help="generated rows of the packing jobs; empty: none")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs = [functools.partial(generated, int(rows)) for rows in options.rows.split(",") if rows]
    runs += [functools.partial(medquad, options.medquad)] * (options.rounds if options.medquad else 0)
    results = []
    for run in runs:
        results.append(run())
        if not options.json:
            line = "{set:>15}  {file_mb:7.1f} MB  {seconds:7.1f} s  peak {peak_mb:7.0f} MB"
            print(line.format(**results[-1]), flush=True)
    packed = compared(options) if options.tokenizer else {}
    if options.json:
        print(json.dumps({"machine": describe(), "results": results, "packing": packed}, indent=2))
    else:
        print(*(in_words(name, result) for name, result in packed.items()), sep="\n")
        print(describe())


if __name__ == "__main__":
    main()
