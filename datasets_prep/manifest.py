"""manifest.json: what a prepared set was made from, how, and what came out of it."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chatbot.language import tr
from datasets_prep.config import PrepareConfig
from datasets_prep.ledger import strictest
from datasets_prep.prepared import FORMAT, FORMAT_VERSION
from datasets_prep.sift import Sifted
from datasets_prep.spec import Splits
from datasets_prep.text_files import describe_file, sha256_of


def manifest_of(
    config: PrepareConfig,
    sifted: list[Sifted],
    splits: Splits,
    folder: Path,
    *,
    merged_groups: int,
    shared_answers: dict[str, int],
) -> dict[str, Any]:
    """The manifest of the splits, whose files already lie in `folder`.

    Args:
        config: what was asked for.
        sifted: what came out of each source.
        splits: the dialogues of each split.
        folder: where the splits lie.
        merged_groups: groups that were joined to another because their answers are the same.
        shared_answers: split → how many of its answers are in train too.
    """
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "causette": _version(),
        "sources": [_source(one) for one in sifted],
        "counts": {**_totals(sifted, splits), "merged_groups": merged_groups, "shared_answers": shared_answers},
        "terms": strictest({one.source.name: one.source.spec.licence for one in sifted}).to_json(),
        "seed": config.seed,
        "shares": config.shares._asdict(),
        "split_rule": list(dict.fromkeys(tr(*one.source.split_rule.words) for one in sifted)),
        "options": config.model_dump(include={"near_question", "near_answer", *asdict(config.limits)}),
        "fingerprints": {split: sha256_of(folder / f"{split}.jsonl") for split in splits},
    }


def counts_of(one: Sifted) -> dict[str, Any]:
    """Rows of one source: read, kept, rejected, and rejected by reason."""
    by_reason = dict(Counter(row.reason for row in one.rejected).most_common())
    return {"read": one.read, "kept": len(one.kept), "rejected": len(one.rejected), "by_reason": by_reason}


def _source(one: Sifted) -> dict[str, Any]:
    spec = one.source.spec
    return {
        "name": one.source.name,
        "set": spec.name,
        "part": one.source.given.part,
        "title": tr(*spec.title),
        "language": spec.language,
        "origin": tr(*spec.origin),
        "revision": one.reading.revision,
        "licence": spec.licence.to_json(),
        "files": [describe_file(path) for path in one.reading.files],
        "guessed": dict(one.reading.guessed),
        "counts": counts_of(one),
    }


def _totals(sifted: list[Sifted], splits: Splits) -> dict[str, Any]:
    by_reason = Counter(row.reason for one in sifted for row in one.rejected)
    by_split = {split: len(dialogues) for split, dialogues in splits.items()}
    read, kept, rejected = sum(one.read for one in sifted), sum(by_split.values()), by_reason.total()
    assert read == kept + rejected, "a row was lost"
    reasons = dict(by_reason.most_common())
    return {"read": read, "kept": kept, "rejected": rejected, "by_reason": reasons, "by_split": by_split}


def _version() -> str | None:
    try:
        return version("causette")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return None
