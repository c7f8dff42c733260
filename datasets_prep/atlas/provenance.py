"""What the manifest and rejected.jsonl say of a prepared set: sources, licences, cleaning, and examples of rejects."""

import json
import random
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.prepared import REJECTED, PreparedSet
from datasets_prep.rows import reason_in_words
from datasets_prep.sources import SOURCES

EXAMPLES = 3  # of each reason


def sources_of(data: PreparedSet) -> list[dict[str, Any]]:
    """Of each source: name, title, language, counts, weight and licence, as far as the manifest has them."""
    keys = ("name", "title", "language", "origin", "revision", "licence", "counts", "weight")
    return [{key: source[key] for key in keys if key in source} for source in data.manifest.get("sources", [])]


def phrased_in(data: PreparedSet) -> dict[str, str]:
    """The sources whose requests Causette phrases, as their dialogues name them → the language of their texts."""
    ours = {name for name, spec in SOURCES.items() if "requests" in spec.takes}
    return {source["name"]: source["language"] for source in data.manifest["sources"] if source["set"] in ours}


def rejections_of(data: PreparedSet, seed: int, most: int) -> list[dict[str, Any]]:
    """Every reason of rejection with its count and a few examples drawn by the seed, the most frequent first.

    Args:
        data: the prepared set.
        seed: draws the examples.
        most: characters shown of each text.
    """
    counts = data.manifest["counts"].get("by_reason", {})
    drawn = _examples(data, seed) if counts else {}
    examples = {reason: [_shown(row, most) for row in rows] for reason, rows in drawn.items()}
    return [
        {"reason": reason, "words": reason_in_words(reason), "count": count, "examples": examples.get(reason, [])}
        for reason, count in counts.items()
    ]


def _examples(data: PreparedSet, seed: int) -> dict[str, list[dict[str, str]]]:
    """A reservoir per reason: the file is read once, line by line (Vitter 1985, algorithm R)."""
    path = data.folder / REJECTED
    if not path.is_file():
        return {}
    random_, seen = random.Random(seed), defaultdict[str, int](int)
    kept: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            row = _rejected(line, path, number)
            reason = row["reason"]
            seen[reason] += 1
            if len(kept[reason]) < EXAMPLES:
                kept[reason].append(row)
            elif (place := random_.randrange(seen[reason])) < EXAMPLES:
                kept[reason][place] = row
    return dict(kept)


def _shown(row: dict[str, str], most: int) -> dict[str, str]:
    """Where a row stands and what it says: whole where it could not be told apart, else question and answer."""
    texts = ("text",) if row.get("text") else ("question", "answer")
    clipped = {
        name: text if len(text) <= most else f"{text[:most]}…" for name in texts for text in (str(row.get(name, "")),)
    }
    return {name: str(row.get(name, "")) for name in ("source", "place", "detail")} | clipped


def _rejected(line: str, path: Path, number: int) -> dict[str, str]:
    """A line of rejected.jsonl.

    Raises:
        InputError: it was changed by hand, and is none any more.
    """
    with suppress(ValueError):
        row = json.loads(line)
        if isinstance(row, dict) and isinstance(row.get("reason"), str):
            return row
    raise InputError(
        tr(
            f"{path}, ligne {number} : ce n'est plus une ligne rejetée ; ce fichier ne se modifie pas à la main.\n"
            "Préparez de nouveau le jeu (--replace).",
            f"{path}, line {number}: no rejected row any more; this file is not to be changed by hand.\n"
            "Prepare the set again (--replace).",
        )
    )
