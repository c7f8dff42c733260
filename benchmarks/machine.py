"""What a measurement was made on, in words that travel with the numbers."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.lines import SideFailed
from chatbot.errors import CausetteError, InputError
from chatbot.language import tr
from training.memory import peak_bytes as peak_bytes  # the workers of the benchmarks ask this module
from training.precision import device_name

PEERS = ("torch", "transformers", "trl", "datasets", "accelerate")


def describe(device: str = "") -> dict[str, str | int]:
    """Processor, cores, system and versions; nothing that identifies the machine.

    Args:
        device: what was computed on, where another process has asked Keras already.
    """
    packages = ("tensorflow", "jax", "keras", "keras-hub")
    return {
        "device": device or device_name(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }


def versions_in(python: str, packages: Sequence[str] = PEERS) -> dict[str, str | None]:
    """The versions that another Python has of these packages; None for one that it lacks.

    Raises:
        InputError: it is no Python.
    """
    code = (
        "import importlib.metadata as m, json, sys\n"
        "have = {d.metadata['Name'].lower(): d.version for d in m.distributions() if d.metadata['Name']}\n"
        "print(json.dumps({name: have.get(name) for name in sys.argv[1:]}))"
    )
    try:
        done = subprocess.run([python, "-c", code, *packages], capture_output=True, check=True)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise InputError(tr(f"{python} : ce n'est pas un Python.", f"{python}: not a Python.")) from error


def answer(measure: Callable[[Any], dict[str, Any]], in_words: Callable[[dict[str, Any]], str], options: Any) -> None:
    """Prints what a benchmark measured, as an object with ``--json``, or in words; an error in a line, and exits."""
    try:
        result = measure(options)
    except CausetteError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
    except SideFailed as error:
        print(f"ours: {error}", file=sys.stderr)
        sys.exit(1)
    print(json.dumps(result) if options.json else in_words(result))
