"""What the cleaning did to the rows of a source: a count of each thing, and its first examples."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from datasets_prep.personal import MASKS
from datasets_prep.rows import Rejected, Row

EXAMPLES = 3
Mask = Callable[[str], str]
SHOWN = 80  # characters of an example on each side of what changed


@dataclass
class Tally:
    """Counts with examples; texts of examples are short, and never show what was masked.

    Args:
        counts: kind → rows ("normalised") or items ("email").
        examples: kind → the first ones, as JSON objects.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "examples": self.examples}

    def note_changes(self, before: Row, after: Row, mask: Mask) -> None:
        """A row whose text its loader or the cleaning changed, but for blanks at its ends.

        Args:
            before: the row as its loader gave it.
            after: it, cleaned.
            mask: hides the personal data of a text, before an example of it is kept.
        """
        turns = zip(before.history, after.history, strict=True)
        texts = (
            *zip(before.found or before.texts, after.texts, strict=True),
            *((o.content, n.content) for o, n in turns),
        )
        for old, new in texts:
            if old.strip() != new:
                self.counts["normalised"] += 1
                if len(self.examples.get("normalised", ())) < EXAMPLES:
                    self._example("normalised", _difference(mask(old.strip()), mask(new), after.place))
                return

    def note_masks(self, row: Row, found: Counter[str]) -> Row:
        """A row whose personal data was masked; gives it back."""
        for kind, count in found.items():
            self.counts[kind] += count
            texts = (row.question, row.answer, row.context, *(turn.content for turn in row.history))
            places = ((text, text.find(mask)) for text in texts for mask in MASKS[kind])
            text, place = next((found for found in places if found[1] >= 0), ("", 0))
            self._example(kind, {"place": row.place, "text": _around(text, place)})
        return row

    def note_rejected(self, row: Rejected) -> None:
        """A row that is not kept."""
        texts = {"question": row.question, "answer": row.answer}
        if not any(texts.values()):
            texts["text"] = row.text
        shown = {name: text[:SHOWN] for name, text in texts.items()}
        self._example(row.reason, {"place": row.place, "detail": row.detail, **shown})

    def _example(self, kind: str, shown: dict[str, Any]) -> None:
        examples = self.examples.setdefault(kind, [])
        if len(examples) < EXAMPLES:
            examples.append(shown)


def _difference(old: str, new: str, where: str) -> dict[str, str]:
    place = _first_difference(old, new)
    return {"place": where, "before": _around(old, place), "after": _around(new, place)}


def _first_difference(left: str, right: str) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(left), len(right)))


def _around(text: str, place: int) -> str:
    begin, end = max(0, place - SHOWN // 2), place + SHOWN // 2
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"
