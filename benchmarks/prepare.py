"""Seconds and peak memory of `causette prepare`, for growing numbers of generated rows.

    python -m benchmarks.prepare [--rows 10000,100000,1000000] [--json]

Each size runs in a process of its own, so that its peak is its own. The rows are made of invented words, none like
another: the worst case for memory, since none is rejected.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe

RUN = """
import sys
from pathlib import Path
from datasets_prep.prepare import PrepareConfig, prepare
prepare(PrepareConfig(sources=(sys.argv[1],), out=Path(sys.argv[2])))
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


def measure(rows: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write_rows(path, rows)
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", RUN, path, Path(folder) / "out"], capture_output=True, check=True)
        seconds = time.perf_counter() - began
        return {
            "rows": rows,
            "file_mb": path.stat().st_size / 1e6,
            "seconds": seconds,
            "peak_mb": int(done.stdout) / 1e6,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="10000,100000,1000000")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for rows in map(int, options.rows.split(",")):
        results.append(measure(rows))
        if not options.json:
            print(
                "{rows:>9,.0f} rows  {file_mb:7.1f} MB  {seconds:7.1f} s  peak {peak_mb:7.0f} MB".format(**results[-1])
            )
    if options.json:
        print(json.dumps({"machine": describe(), "results": results}, indent=2))
    else:
        print(describe())


if __name__ == "__main__":
    main()
