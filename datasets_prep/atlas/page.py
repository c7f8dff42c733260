"""The page: one HTML file that holds everything it shows and asks nothing of any other place.

Texts of the data set are untrusted: Jinja escapes all of them, and a policy in the page's head forbids scripts and
every outside address, should one slip through.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from chatbot.language import current_language, number, tr
from datasets_prep.atlas.analysis import FEW_DIALOGUES, FEW_WORDS
from datasets_prep.atlas.clouds import Cloud, face
from datasets_prep.atlas.findings import findings_of, percent, side_names
from datasets_prep.atlas.notes import notes_of, terms_of
from datasets_prep.ledger import TERM_NAMES, answer_in_words

HERE = Path(__file__).parent
TEMPLATE, STYLE = "page.html.jinja", "page.css"
_LANGUAGES = {"fr": lambda: tr("français", "French"), "en": lambda: tr("anglais", "English")}
TICKS = 5  # about so many figures on an axis


def page_of(atlas: Mapping[str, Any], clouds: Sequence[Mapping[str, Cloud]]) -> str:
    """The whole page.

    Args:
        atlas: what atlas.json holds.
        clouds: for each of its parts the clouds by hue, "count" and "tfidf".
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    drawn = [word for pair in clouds for cloud in pair.values() for word in cloud.drawn]
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    environment.filters |= {
        "number": number,
        "percent": percent,
        "link": _link,
        "date": _date,
        "answer_in_words": answer_in_words,
    }
    environment.globals |= {"tr": tr, "histogram": _histogram, "side_names": side_names, "split_name": split_name}
    return environment.get_template(TEMPLATE).render(
        atlas=atlas,
        clouds=[{hue: cloud.svg for hue, cloud in pair.items()} for pair in clouds],
        left_out=[sorted({word for cloud in pair.values() for word in cloud.left_out}) for pair in clouds],
        part_names=[part_name(part) for part in atlas["words"]["parts"]],
        few_parts=[part["name"] or part_name(part) for part in atlas["words"]["parts"] if part["few"]],
        thresholds=_thresholds(atlas["contrasts"]),
        few_dialogues=FEW_DIALOGUES,
        few_words=FEW_WORDS,
        term_names={name: tr(*words) for name, words in TERM_NAMES.items()},
        findings=findings_of(atlas),
        function_words=tr(" et ", " and ").join(_LANGUAGES[name]() for name in atlas["words"]["function_words"]),
        notes=notes_of(atlas),
        terms=terms_of(atlas),
        language=current_language(),
        style=(HERE / STYLE).read_text(encoding="utf-8"),
        font=base64.b64encode(face(drawn)).decode() if drawn else "",
    )


def split_name(split: str) -> str:
    """A split's name, with its meaning where it is one of ours."""
    meanings = {
        "train": tr("entraînement", "training"),
        "validation": tr("réglage", "tuning"),
        "test": tr("jamais vu", "never seen"),
        "recall": tr("appris, autrement dit", "learnt, in other words"),
    }
    return f"{split} ({meanings[split]})" if split in meanings else split


def part_name(part: Mapping[str, Any]) -> str:
    """A part of the corpus in words."""
    if part["kind"] == "split":
        return split_name(part["name"])
    return part["name"] or tr("Tout le jeu", "The whole set")


def _thresholds(contrasts: Sequence[Mapping[str, Any]]) -> str:
    """ " (4,4)", or " (de 4,1 à 4,6)", the z-scores from which the contrasts name a word; nothing without contrasts."""
    found = sorted({number(contrast["threshold"], 1) for contrast in contrasts})
    if len(found) < 2:
        return f" ({found[0]})" if found else ""
    return tr(f" (de {found[0]} à {found[-1]})", f" (from {found[0]} to {found[-1]})")


def _link(address: object) -> str:
    """The address where it is one of the web, else nothing: no "javascript:" becomes a link."""
    return str(address) if re.match("https?://", str(address)) else ""


def _date(stamp: str) -> str:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return ""
    return tr(f"{moment:%d/%m/%Y}", f"{moment:%Y-%m-%d}")


def _histogram(part: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Places and heights in per cent, for the style sheet to draw."""
    histogram = part["histogram"]
    width, counts = histogram["width"], histogram["counts"]
    reach, tail = width * len(counts), histogram["tail"]
    highest = max(*counts, len(tail), 1)
    step = _step(highest)
    top = -(-highest // step) * step
    over = sum(length > limit for length in tail)
    return {
        "bars": [
            {
                "height": round(100 * count / top, 2),
                "over": place * width >= limit,
                "title": tr(
                    f"de {number(place * width + 1)} à {number((place + 1) * width)} jetons : {number(count)}",
                    f"{number(place * width + 1)} to {number((place + 1) * width)} tokens: {number(count)}",
                ),
            }
            for place, count in enumerate(counts)
        ],
        "heights": [{"at": round(100 * value / top, 2), "value": value} for value in range(0, top + 1, step)],
        "lengths": [{"at": round(100 * value / reach, 2), "value": value} for value in range(0, reach, _step(reach))],
        "limit": round(100 * limit / reach, 2) if limit <= reach else None,
        "tail": len(tail),
        "tail_bars": [
            {"height": round(100 * count / top, 2), "over": above}
            for count, above in ((over, True), (len(tail) - over, False))
        ],
        "from": reach,
    }


def _step(reach: int) -> int:
    """A round step (1, 2 or 5 times a power of ten) that gives some `TICKS` figures up to `reach`."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * TICKS >= reach:
                return digit * power
        power *= 10
