"""pandoc, the program that its package on PyPI brings: it reads Markdown and writes Word, PowerPoint and Typst."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from chatbot.errors import WorldError
from chatbot.language import tr

# No raw TeX or Typst, no formulas, no attributes: only what these documents are made of. HTML is read, to be shown as text:
# without `raw_html` pandoc would throw it away, and what stands in it.
MARKDOWN = "commonmark+pipe_tables+strikeout+task_lists+footnotes+autolink_bare_uris"
LONGEST = 120  # seconds


def read_tree(markdown: str) -> dict[str, Any]:
    """The syntax tree of a Markdown text; pandoc may open no file meanwhile."""
    found: dict[str, Any] = json.loads(_run(["--from", MARKDOWN, "--to", "json", "--sandbox"], markdown.encode()))
    return found


def write_tree(tree: Mapping[str, Any], to: str, *options: str, folder: Path, today: date) -> bytes:
    """The document of a tree.

    Args:
        tree: pandoc's; its pictures are names in `folder`.
        to: pandoc's name of a format: "docx", "typst", "pptx".
        options: more of the command line.
        folder: where pandoc runs.
        today: noted in files that hold a date.
    """
    return _run(["--from", "json", "--to", to, "--output", "-", *options], json.dumps(tree).encode(), folder, today)


def default_file(name: str) -> bytes:
    """One of pandoc's own data files: "reference.docx"."""
    return _run(["--print-default-data-file", name], b"")


def _run(options: Sequence[str], given: bytes, folder: Path | None = None, today: date | None = None) -> bytes:
    import pypandoc

    moment = int((today - date(1970, 1, 1)).total_seconds()) if today else 0
    try:
        done = subprocess.run([pypandoc.get_pandoc_path(), *options], input=given, capture_output=True, cwd=folder,
                              timeout=LONGEST, check=False, env={**os.environ, "SOURCE_DATE_EPOCH": str(moment)})  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(str(error)) from error
    if done.returncode:
        raise _failed(done.stderr.decode(errors="replace"))
    return done.stdout


def _failed(told: str) -> WorldError:
    reason = (told.strip().splitlines() or ["?"])[-1][:200]
    return WorldError(tr(f"pandoc n'a pas pu mettre le document en page : {reason}. Réinstallez-le : pip install --force-reinstall pypandoc_binary",
                         f"pandoc could not lay the document out: {reason}. Reinstall it: pip install --force-reinstall pypandoc_binary"))  # fmt: skip
