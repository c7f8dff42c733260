"""What a dialogue is about, as far as its preparation noted it: results are also told by these.

source          the data set or file
origin, theme   where the source itself has parts
focus           the group, where one has several questions: a disease, an article of law
language        of the question
question_type   "What are the symptoms of … ?", else the word that asks
"""

from collections import Counter
from collections.abc import Sequence

from chatbot.dialogue import Dialogue
from chatbot.words import words

ASKING = {
    "combien": "combien", "comment": "comment", "où": "où", "pourquoi": "pourquoi", "quand": "quand", "quel": "quel",
    "quelle": "quel", "quels": "quel", "quelles": "quel", "qui": "qui", "que": "que", "qu": "que", "quoi": "que",
    "what": "what", "who": "who", "when": "when", "where": "where", "why": "why", "how": "how", "which": "which",
}  # fmt: skip
FEWEST = 3  # questions of a type, under which it is no type of its own
OTHER = "…"


def categories_of(dialogues: Sequence[Dialogue]) -> dict[str, dict[str, str]]:
    """The categories of each dialogue by its id; only those that tell some apart from others.

    Args:
        dialogues: of one split, all that are asked.
    """
    from datasets_prep.languages import language_of

    found: dict[str, dict[str, str]] = {}
    for dialogue in dialogues:
        meta = dialogue.meta
        values = {
            "source": dialogue.source,
            "origin": str(meta.get("origin") or ""),
            "theme": str(meta.get("theme") or ""),
            "label": str(meta.get("label") or ""),
            "focus": dialogue.group,
            "language": language_of(dialogue.question) or str(meta.get("language") or ""),
            "question_type": question_type(dialogue),
        }
        found[dialogue.id] = {name: value for name, value in values.items() if value}
    return _telling(found)


def question_type(dialogue: Dialogue) -> str:
    """The question with its focus left out, or the word that it asks with: "what are the symptoms of …"."""
    asked, focus = words(dialogue.question), words(dialogue.group)
    for start in range(len(asked) - len(focus) + 1):
        if focus and asked[start : start + len(focus)] == focus:
            return " ".join([*asked[:start], OTHER, *asked[start + len(focus) :]])
    return next((ASKING[word] for word in asked if word in ASKING), OTHER)


def _telling(found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Rare values of a question's type become one; categories with one value for all, or another for each, go."""
    counts: dict[str, Counter[str]] = {}
    for values in found.values():
        for name, value in values.items():
            counts.setdefault(name, Counter())[value] += 1
    useful = {name for name, count in counts.items() if 1 < len(count) < len(found)}

    def kept(name: str, value: str) -> str:
        return OTHER if name == "question_type" and counts[name][value] < FEWEST else value

    return {
        place: {name: kept(name, value) for name, value in values.items() if name in useful}
        for place, values in found.items()
    }
