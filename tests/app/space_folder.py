"""The folder of a Gradio Space that a dry run wrote, and what its program and its README say."""

import ast

import yaml

from app.main import main

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def written(run, out, *more):
    """The folder of a dry run."""
    call = ["push", "space", str(run), "--repo", "zoe/page", "--dry-run", "--out", str(out), *more]
    assert main(call) == 0
    return out


def constants(folder):
    """Those at the top of its app.py."""
    tree, found = ast.parse((folder / "app.py").read_text(encoding="utf-8")), {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id.isupper():
            try:
                found[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def header(folder):
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
