"""`benchmarks.export` says what it lacks before it builds anything; `tests/chatbot/test_export.py` uses its material."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(importlib.util.find_spec("transformers") is not None, reason="this Python has transformers")
def test_a_python_without_transformers_is_told_in_a_line():
    command = [sys.executable, "-m", "benchmarks.export"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert "requirements-bench.txt" in done.stderr.strip().splitlines()[-1]
