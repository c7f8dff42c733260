"""What the cards of the Hub have in common: metadata above, Markdown below.

---
license: apache-2.0
---

# faq
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from chatbot.language import current_language, number, speaking, tr
from training.evaluation.markdown import inline

HUB = "https://huggingface.co"


def card(metadata: Any, lines: Sequence[str]) -> str:
    """README.md: a `CardData` of huggingface_hub, then the text.

    Raises:
        ValueError: the Hub's own library does not read the metadata back as they are: a fault of ours.
    """
    from huggingface_hub import RepoCard

    text = f"---\n{metadata.to_yaml()}\n---\n\n" + "\n".join(lines).strip() + "\n"
    if RepoCard(text, ignore_metadata_errors=False).data.to_dict() != metadata.to_dict():
        raise ValueError("the metadata do not come back out of the card as they went in")
    return text


def section(title: str, *lines: str) -> list[str]:
    """A section of the card; nothing where it has no line."""
    return ["", f"## {title}", "", *lines] if lines else []


def other_language(told: Callable[[], list[str]]) -> list[str]:
    """A short section in the language that the card is not written in, for those who do not read it."""
    other = "en" if current_language() == "fr" else "fr"
    with speaking(other):
        return section(tr("En français", "In English"), *told())


def literal(text: str) -> str:
    """Code outside of a table, where nothing is escaped; a backtick in it becomes an apostrophe."""
    return "`" + " ".join(text.split()).replace("`", "'") + "`"


def link(words: str, address: str) -> str:
    """A link, where the address is one of the web and harmless in Markdown; else the words alone."""
    plain = address.startswith(("https://", "http://")) and not set(address) & set(" <>()[]\"'`\\|\n\r\t")
    return f"[{inline(words)}]({address})" if plain else inline(words)


def items(*lines: str) -> list[str]:
    """A list, without the lines that say nothing."""
    return [f"- {line}" for line in lines if line]


def told(name: str, value: str) -> str:
    """A fact with its name; nothing where nothing is known."""
    return tr(f"{name} : {value}", f"{name}: {value}") if value else ""


def plurals(text: str) -> str:
    """Counts that were written for one and for several: "2 604 dialogue(s)" → "2 604 dialogues", "1 row(s)" → "1 row"."""
    alone = re.sub(r"(?<![\d.,])(?<!\d\s)1(\s\w+)\(s\)", r"1\1", text)
    return alone.replace("(s)", "s")


def duration(seconds: float) -> str:
    """1 h 05 min, 3 min 20 s, 12 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{number(hours)} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
