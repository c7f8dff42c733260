"""The names of KerasHub's causal language models, read from its files: importing it, and its backend, takes ten seconds.

    keras_hub/src/models/gpt2/gpt2_causal_lm.py      this family is a causal language model
    keras_hub/src/models/gpt2/gpt2_presets.py        backbone_presets = {"gpt2_base_en": {"kaggle_handle": "kaggle://…"}}

A test compares them with what KerasHub itself says.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def kaggle_handles() -> dict[str, str]:
    """Name of each model → its address at Kaggle. Encoder-decoder models are left out: no models to talk to."""
    return dict(pair for family in _families() for path in family.glob("*_presets.py") for pair in _listed_in(path))


def _families() -> Iterator[Path]:
    spec = find_spec("keras_hub")  # finds it without importing it
    for root in (spec and spec.submodule_search_locations) or ():
        for family in sorted((Path(root) / "src" / "models").glob("*")):
            if any(family.glob("*_causal_lm.py")) and not any(family.glob("*_seq*2*seq_lm.py")):
                yield family


def _listed_in(path: Path) -> Iterator[tuple[str, str]]:
    """The presets of a file of literal dicts."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign):
            for name, preset in ast.literal_eval(statement.value).items():
                yield name, preset["kaggle_handle"]
