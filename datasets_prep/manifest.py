"""manifest.json: what a prepared set was made from, how, and what came out of it."""

from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chatbot.language import tr
from datasets_prep.config import PrepareConfig
from datasets_prep.ledger import strictest
from datasets_prep.outcome import Outcome
from datasets_prep.personal import MASKS
from datasets_prep.prepared import FORMAT, FORMAT_VERSION
from datasets_prep.rows import normalised
from datasets_prep.sifted import Sifted
from datasets_prep.splits import group_key
from datasets_prep.text_files import describe_file, sha256_of

# What of `prepare`'s options a manifest notes beside seed, shares and sources.
OPTIONS = {
    "shortest_question", "longest_question", "shortest_answer", "longest_answer", "near_question", "near_answer",
    "only_language", "keep_personal", "cut_boilerplate",
}  # fmt: skip


def manifest_of(config: PrepareConfig, outcome: Outcome, folder: Path) -> dict[str, Any]:
    """The manifest of the splits, whose files already lie in `folder`.

    Args:
        config: what was asked for.
        outcome: what came out of all steps.
        folder: where the splits lie.
    """
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "causette": _version(),
        "sources": [_source(one, outcome) for one in outcome.sifted],
        "counts": _totals(outcome),
        "terms": strictest({one.source.words: one.source.licence for one in outcome.sifted}).to_json(),
        "languages": _languages(outcome),
        "cleaning": _cleaning(outcome, cut=config.cut_boilerplate),
        "duplicates": _duplicates(outcome),
        "several_answers": len(outcome.several_answers),
        **({"leak": _leak(outcome)} if outcome.leak else {}),
        "seed": config.seed,
        "shares": config.shares._asdict(),
        "split_rule": list(dict.fromkeys(tr(*one.source.split_rule.words) for one in outcome.sifted)),
        "options": config.model_dump(include=OPTIONS),
        "fingerprints": {split: sha256_of(folder / f"{split}.jsonl") for split in outcome.splits},
    }


def cleaning_of(outcome: Outcome) -> dict[str, Any]:
    """The examples of what the cleaning did: texts of the data, so not part of the manifest, which is published."""
    return {
        "sources": {one.source.words: one.tally.to_json() for one in outcome.sifted},
        "boilerplate": [{"text": text, "times": times} for text, times in outcome.boilerplate.examples()],
        "leak": {kind: list(leak.examples) for kind, leak in outcome.leak.items()},
        "several_answers": list(outcome.several_answers_shown),
    }


def counts_of(one: Sifted) -> dict[str, Any]:
    """Rows of one source: read, kept, rejected, and rejected by reason."""
    assert one.read == len(one.kept) + one.rejected.total(), "a row was lost"
    by_reason = dict(one.rejected.most_common())
    return {"read": one.read, "kept": len(one.kept), "rejected": one.rejected.total(), "by_reason": by_reason}


def _source(one: Sifted, outcome: Outcome) -> dict[str, Any]:
    spec = one.source.spec
    return {
        "name": one.source.name,
        "set": spec.name,
        "part": one.source.given.part,
        "weight": one.source.weight,
        "title": tr(*spec.title),
        "language": spec.language,
        "origin": tr(*spec.origin),
        "revision": one.reading.revision,
        "licence": one.source.licence.to_json(),
        "files": [describe_file(path) for path in one.reading.files],
        "guessed": dict(one.reading.guessed),
        "counts": {**counts_of(one), "by_split": _lines(one, outcome)},
    }


def _lines(one: Sifted, outcome: Outcome) -> dict[str, int]:
    """Split → the lines that come from this source, copies included."""
    own = {each.number for each in one.kept}
    return {
        split: sum(outcome.times(split, each.number) for each in dialogues if each.number in own)
        for split, dialogues in outcome.splits.items()
    }


def _totals(outcome: Outcome) -> dict[str, Any]:
    by_reason: Counter[str] = sum((one.rejected for one in outcome.sifted), Counter())
    by_split = outcome.lines()
    read, kept = sum(one.read for one in outcome.sifted), sum(map(len, outcome.splits.values()))
    assert read == kept + by_reason.total(), "a row was lost"
    return {
        "read": read,
        "kept": kept,
        "rejected": by_reason.total(),
        "copies": sum(by_split.values()) - kept,
        "by_reason": dict(by_reason.most_common()),
        "by_split": by_split,
        "merged_groups": outcome.merged_groups,
        "shared_answers": dict(outcome.shared_answers),
    }


def _languages(outcome: Outcome) -> dict[str, int]:
    """Code of a language → dialogues; "" where it is not sure."""
    return dict(Counter(each.language for one in outcome.sifted for each in one.kept).most_common())


def _cleaning(outcome: Outcome, *, cut: bool) -> dict[str, Any]:
    counts: Counter[str] = sum((one.tally.counts for one in outcome.sifted), Counter())
    masked = {kind: counts[kind] for kind in MASKS}
    sentences = {"answers": outcome.boilerplate.answers, "sentences": len(outcome.boilerplate.met), "cut": cut}
    return {"normalised": counts["normalised"], "masked": masked, "boilerplate": sentences}


def _duplicates(outcome: Outcome) -> dict[str, dict[str, int]]:
    """Reason → where the rejected row would have gone, beside its twin: the same split, another one, or anywhere.

    A row goes where its group goes; "anywhere" counts those whose group has no other row.
    """
    home_of_group: dict[str, str] = {}
    home_of_number: dict[int, str] = {}
    for split, dialogues in outcome.splits.items():
        for each in dialogues:
            home_of_group.setdefault(group_key(each), split)
            home_of_number[each.number] = split
    found: dict[str, Counter[str]] = {reason: Counter() for reason in ("exact_duplicate", "near_duplicate")}
    for duplicate in outcome.duplicates:
        home, twin = home_of_group.get(normalised(duplicate.group)), home_of_number.get(duplicate.twin)
        where = "anywhere" if home is None or twin is None else "within" if home == twin else "across"
        found[duplicate.reason][where] += 1
    return {
        reason: {where: counts[where] for where in ("within", "across", "anywhere")} for reason, counts in found.items()
    }


def _leak(outcome: Outcome) -> dict[str, dict[str, int]]:
    return {kind: leak.counts() for kind, leak in outcome.leak.items()}


def _version() -> str | None:
    try:
        return version("causette")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return None
