"""What the benchmarks beside transformers share: it lives in a Python of its own, which must be given and have it."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lines import ROOT, SideFailed
from benchmarks.machine import versions_in
from chatbot.errors import InputError
from chatbot.language import tr


def options_of(description: str | None) -> argparse.Namespace:
    """The call of such a benchmark."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default=sys.executable, help="the Python with requirements-bench.txt")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    return parser.parse_args()


def peer_versions(python: str, packages: Sequence[str]) -> dict[str, str | None]:
    """The versions that it has of torch, transformers and `packages`.

    Raises:
        InputError: it is no Python, or has no transformers.
    """
    versions = versions_in(python, ("torch", "transformers", *packages))
    if not versions["torch"] or not versions["transformers"]:
        raise InputError(
            tr("--peer-python : il faut un Python qui a transformers (requirements-bench.txt).",
               "--peer-python: a Python is needed that has transformers (requirements-bench.txt).")
        )  # fmt: skip
    return versions


def said_by_peer(python: str, script: str, *arguments: str | Path) -> str:
    """What a script of this folder printed there.

    Raises:
        SideFailed: with its last line.
    """
    command = [python, str(ROOT / "benchmarks" / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SideFailed((done.stderr.strip().splitlines() or ["nothing said"])[-1][:300])
    return done.stdout
