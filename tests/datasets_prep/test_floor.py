"""The floor itself: what it may import, and how light it is."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "datasets_prep").rglob("*.py"))
HEAVY = ("pandas", "datasketch", "numpy", "ftfy", "charset_normalizer", "kagglehub", "tensorflow", "keras")


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_imports_point_down(path):
    assert not imported(ast.parse(path.read_text(encoding="utf-8"))) & {"training", "livrables", "app"}


def test_opening_a_prepared_set_and_listing_the_sources_is_light():
    code = f"import sys, datasets_prep.prepare, datasets_prep.sources; print([m for m in {HEAVY} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
