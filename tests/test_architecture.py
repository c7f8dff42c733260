"""The house holds: imports point down only, and names cost nothing."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ["chatbot", "datasets_prep", "training", "livrables", "app"]
# What a floor may import of the lowest one: the record, its template and tokens, and how to speak and write files.
DATA_MAY_USE = {f"chatbot.{name}" for name in ("address", "dialogue", "errors", "files", "language", "template")}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_imports_point_down_only():
    for height, floor in enumerate(FLOORS):
        for path in (ROOT / floor).rglob("*.py"):
            ours = {name for name in imports_of(path) if name.split(".")[0] in FLOORS}
            up = {name for name in ours if FLOORS.index(name.split(".")[0]) > height}
            assert not up, f"{path.relative_to(ROOT)} imports {up}"
            if floor == "datasets_prep":
                below = {name for name in ours if name.startswith("chatbot")}
                assert below <= DATA_MAY_USE, f"{path.relative_to(ROOT)} imports {below - DATA_MAY_USE}"


def test_keras_hub_is_known_to_one_file():
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "chatbot").rglob("*.py")
        if any(name.split(".")[0] == "keras_hub" for name in imports_of(path))
    }
    assert files == {"chatbot/model_folder.py"}


def test_help_loads_no_heavy_library():
    code = (
        "import sys, app.cli, chatbot.runner, datasets_prep.prepare, training.config\n"
        "heavy = {'tensorflow', 'jax', 'keras', 'keras_hub', 'gradio', 'pandas', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
