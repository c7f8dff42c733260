"""What `causette inspect` draws: the atlas of a prepared set, seen with a model's tokenizer and context."""

import webbrowser
from pathlib import Path
from typing import Any

from app.disk import check_writable
from app.output import Output
from chatbot.language import tr
from datasets_prep.atlas.analysis import AtlasRequest
from datasets_prep.atlas.draw import PAGE, draw_atlas
from datasets_prep.atlas.findings import findings_of


def atlas_of(request: AtlasRequest, out: Path, *, output: Output) -> tuple[dict[str, Any], str]:
    """Draws the atlas into `out`; returns its JSON value and what to print.

    Raises:
        InputError: `out` cannot be written to.
    """
    check_writable(out / PAGE)
    atlas = draw_atlas(request, out, output.say)
    lines = "\n".join(f"- {sentence}" for sentence in findings_of(atlas))
    page = out / PAGE
    value = {"page": str(page), **{key: atlas[key] for key in ("sample", "contrasts", "lengths", "figures")}}
    return value, tr(f"\n{lines}\nAtlas : {page}", f"\n{lines}\nAtlas: {page}")


def open_atlas(out: Path) -> None:
    """Opens the page in the browser."""
    webbrowser.open((out / PAGE).resolve().as_uri())
