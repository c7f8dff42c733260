"""Seconds and peak memory of `causette prepare`, for growing numbers of generated rows, and for MedQuAD.

    python -m benchmarks.prepare [--rows 10000,100000,1000000] [--medquad medquad.csv.gz --rounds 3] [--json]

Each run is a process of its own, so that its peak is its own. The rows are made of invented words, none like another:
the worst case for memory, since none is rejected.
"""

import argparse
import functools
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe

Result = dict[str, str | float]
RUN = """
import sys
from pathlib import Path
from datasets_prep.prepare import PrepareConfig, prepare
source, out, *files = sys.argv[1:]
prepare(PrepareConfig(sources=(source,), out=Path(out), from_file=Path(files[0]) if files else None))
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak if sys.platform == "darwin" else peak * 1024)
except ImportError:  # Windows has no such figure in the standard library
    print(0)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="10000,100000,1000000")
    parser.add_argument("--medquad", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="runs of MedQuAD")
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
    if options.json:
        print(json.dumps({"machine": describe(), "results": results}, indent=2))
    else:
        print(describe())


if __name__ == "__main__":
    main()
