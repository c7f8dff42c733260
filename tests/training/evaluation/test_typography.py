"""French as it is printed: a no-break blank before `: ; ? ! » %` and after `«`, in all that a report says."""

import ast
import re
from pathlib import Path

import pytest

import training.evaluation

FOLDER = Path(training.evaluation.__file__).parent
NAMES = sorted(path.name for path in FOLDER.glob("*.py"))
BREAKING = re.compile(r" [:;?!»%]|« ")


@pytest.mark.parametrize("name", NAMES)
def test_no_line_breaks_before_a_sign(name):
    tree = ast.parse((FOLDER / name).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr"]
    french = [part.value for call in calls for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant)]
    assert [text for text in french if isinstance(text, str) and BREAKING.search(text)] == []
