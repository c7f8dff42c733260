"""Pieces of the tabs that show: texts made harmless, tables, tiles, folds, and numbers as people read them."""

import html
import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.page.exhibits import Said
from app.page.look import no_break, words
from chatbot.language import current_language, number, tr
from chatbot.session import printable

NONE = "—"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain(text: object) -> str:
    """Text of data, models or files as text: no markup, no control characters, and no `${…}` of a template."""
    return kept(str(text).strip())


def kept(text: str) -> str:
    """The same with the blanks at its ends."""
    return html.escape(printable(text)).replace("{", "&#123;").replace("$", "&#36;")


def said(text: Said | str) -> str:
    """A sentence of ours in the reader's language, well set and escaped."""
    return plain(no_break(str(text)))


def marked(text: Said | str) -> str:
    """The same for sentences of a report, whose **strong** words and `names` keep their looks."""
    shown = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", said(text))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", shown)


def section(title: str, body: str, *, lead: str = "") -> str:
    """A card with its heading."""
    intro = f'<p class="lead">{lead}</p>' if lead else ""
    return f'<section class="ex-card"><h2>{title}</h2>{intro}{body}</section>'


def exhibit(*sections: str) -> str:
    """What one HTML component holds."""
    return f'<div class="exhibit">{"".join(sections)}</div>'


def fold(title: str, body: str, *, opened: bool = False) -> str:
    """What is there for those who want it."""
    return f"<details{' open' if opened else ''}><summary>{title}</summary><div>{body}</div></details>"


def caution(text: str) -> str:
    return f'<p class="caution" role="note">{text}</p>'


def tiles(facts: Sequence[tuple[str, str]]) -> str:
    """A few large figures: (what it is, the figure)."""
    return f'<dl class="tiles">{"".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)}</dl>'


def facts_list(facts: Sequence[tuple[str, str]]) -> str:
    """Names and values side by side; those without a value are left out."""
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts if value)
    return f'<dl class="facts">{rows}</dl>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, name: str, text: Sequence[int] = (0,)) -> str:
    """A table that scrolls inside its own box; the first cell of a row names it.

    Args:
        head: of the columns.
        rows: cells, HTML already.
        name: of the table, for those who do not see it.
        text: columns that hold words; the others hold numbers and are set right.
    """

    def kind(place: int) -> str:
        return "" if place in text else ' class="number"'

    top = "".join(f'<th scope="col"{kind(place)}>{cell}</th>' for place, cell in enumerate(head))
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{kind(place)}>{cell}</td>" for place, cell in enumerate(row[1:], start=1))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{plain(name)}"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def foreign(shown: str, language: str) -> str:
    """HTML whose words are in that language; "" or the reader's own: as it is."""
    if language in ("", current_language()):
        return shown
    name = {"fr": tr("en français", "in French"), "en": tr("en anglais", "in English")}[language]
    return f'<span lang="{language}">{shown}</span> <small>({name})</small>'


def percent(share: float) -> str:
    """ "20 %", "0,3 %", "moins de 0,1 %"; 0 and 100 % only where they are exact."""
    digits = 0 if share in (0, 1) or 0.1 <= share <= 0.99 else 1
    if 0 < share < 0.001:
        return words("moins de 0,1 %", "less than 0.1%")
    figure = number(min(100 * share, 99.9) if share < 1 else 100, digits)
    return words(f"{figure} %", f"{figure}%")


def date(stamp: str) -> str:
    """The day of an ISO 8601 date, as people write it; "" where it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return ""
    return tr(f"{moment:%d/%m/%Y}", f"{moment:%Y-%m-%d}")


def duration(seconds: float) -> str:
    """1 h 04 min, 2 min 05 s, 8 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def value_in_words(value: Any) -> str:
    """The value of an option: 0,001, 5 × 10⁻⁵, oui, "auto"."""
    if value is None or value == [] or value == ():
        return words("non fixé", "not set")
    if isinstance(value, bool):
        return tr("oui", "yes") if value else tr("non", "no")
    if isinstance(value, list | tuple):
        return plain(", ".join(map(str, value)))
    if isinstance(value, float):
        return _figure(value)
    return number(value) if isinstance(value, int) else plain(value)


def _figure(value: float) -> str:
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6) and math.isfinite(value):
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        head = number(float(mantissa), 2).rstrip("0").rstrip(",.")
        return f"{head} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}".replace(" ", "\N{NO-BREAK SPACE}")
    digits = next((d for d in range(6) if math.isclose(round(value, d), value, rel_tol=1e-9)), 6)
    return number(value, digits)


def link(address: str) -> str:
    """An address of the web as a link, anything else as text: no "javascript:" becomes one."""
    if not re.match("https?://", address):
        return plain(address)
    return f'<a href="{plain(address)}" target="_blank" rel="noopener noreferrer">{plain(address)}</a>'


def method_in_words(method: str) -> str:
    """A method's name as the command line takes it, and what it is."""
    names = {
        "full": words("tous les poids", "all weights"),
        "lora": words("adaptateur LoRA, poids de départ gelés", "LoRA adapter, base weights frozen"),
        "qlora-int8": words("adaptateur LoRA sur un modèle en 8 bits", "LoRA adapter on a model of 8 bits"),
        "qlora-int4": words("adaptateur LoRA sur un modèle en 4 bits", "LoRA adapter on a model of 4 bits"),
    }
    code = f"<code>{plain(method)}</code>"
    return f"{names[method]} ({code})" if method in names else code


def split_name(split: str) -> str:
    """A split's name, with its meaning where it is one of ours."""
    meanings = {
        "train": tr("entraînement", "training"),
        "validation": tr("réglage", "tuning"),
        "test": tr("jamais vu", "never seen"),
        "recall": tr("appris, autrement dit", "learnt, in other words"),
    }
    return f"{split} ({meanings[split]})" if split in meanings else plain(split)
