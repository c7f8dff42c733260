"""The notebooks from their sources: `python -m notebooks.make` writes them, without outputs, the same bytes each time.

A source is a Markdown file that reads well by itself. A fence that begins with ```python is a code cell; what stands
between two fences is a Markdown cell, cut where a section (``##``) begins. Other fences (```py, ```text) stay text. Each
notebook gets the badge under its title, and before its first section what `sources/preparation.md` holds.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatbot.files import write_text

FOLDER = Path(__file__).parent
SOURCES = FOLDER / "sources"
NAMES = ("1_premiers_pas", "2_donnees_et_nuages", "3_affinage", "4_evaluation", "5_gradio_et_hub")
PREPARATION = SOURCES / "preparation.md"
REPOSITORY = (
    "PROPRIÉTAIRE/DÉPÔT"  # on GitHub, as Colab's addresses want it; the README of this folder says how to fill it in
)
BADGE = (
    "[![Ouvrir dans Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{repository}/blob/main/notebooks/{name}.ipynb)"
)
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^(?=## )", re.MULTILINE)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(name: str) -> dict[str, Any]:
    """A notebook as nbformat 4.5 has it.

    Args:
        name: of its source, without the ending.
    """
    title, text = (SOURCES / f"{name}.md").read_text(encoding="utf-8").split("\n", 1)
    head, sections = SECTION.split(text, maxsplit=1)
    preparation = PREPARATION.read_text(encoding="utf-8")
    badge = BADGE.format(repository=REPOSITORY, name=name)
    whole = "\n\n".join([title, badge, head.strip(), preparation.strip(), sections])
    cells = [{"id": f"{name[0]}-{place:02}", **cell} for place, cell in enumerate(_cells(whole), start=1)]
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def file_text(name: str) -> str:
    """What the notebook's file holds."""
    return json.dumps(notebook(name), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_all(folder: Path = FOLDER) -> None:
    """Writes all notebooks into a folder."""
    for name in NAMES:
        write_text(folder / f"{name}.ipynb", file_text(name))


def _cells(text: str) -> Iterator[dict[str, Any]]:
    """The cells of a text, in their order."""
    for place, piece in enumerate(CODE.split(text)):  # text, code, text, code, …, text
        if place % 2:
            yield {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": _lines(piece)}
            continue
        for section in SECTION.split(piece):
            if section.strip():
                yield {"cell_type": "markdown", "metadata": {}, "source": _lines(section)}


def _lines(text: str) -> list[str]:
    return text.strip("\n").splitlines(keepends=True)


if __name__ == "__main__":
    write_all()
