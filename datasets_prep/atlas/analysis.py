"""From a prepared set to the numbers of its atlas: everything that the page shows, as JSON values.

    numbers = analyse(request)          # what atlas.json holds

The dialogues stream by three times: for the words, for the lengths, for a few of them to show.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chatbot.dialogue import Dialogue
from chatbot.language import current_language
from datasets_prep.atlas.contrast import Contrast, contrast_of
from datasets_prep.atlas.lengths import Length, TokenMeasure, histogram_of, summary_of
from datasets_prep.atlas.parts import Labels, Part
from datasets_prep.atlas.provenance import phrased_in, rejections_of, sources_of
from datasets_prep.atlas.sample import MOST_DIALOGUES, Placed, Sample, batches
from datasets_prep.atlas.words import WordTable, total
from datasets_prep.prepared import PreparedSet

FORMAT = "causette-atlas"
FORMAT_VERSION = 1
BATCH = 2_000  # dialogues encoded at once
HEAVIEST = 120  # words noted of each part; a cloud draws as many of them as fit
SHOWN_ROWS, SHOWN_TOKENS = 3, 260  # dialogues shown token by token, and tokens shown of each
SHOWN_SAMPLES, SHOWN_CHARACTERS = 6, 700
FEW_DIALOGUES, FEW_WORDS = 100, 2_000  # under these a figure says little of anything but itself
CLASS_WORDS = 10  # telling words of a class against all others
# Keys that `prepare` may add to a manifest and that the page shows where they are.
NOTED = ("languages", "cleaning", "duplicates", "terms", "leak")


@dataclass(frozen=True, kw_only=True)
class AtlasRequest:
    """What to draw.

    Args:
        data: the prepared set.
        tokens: whose tokens are counted and shown.
        first: a dialogue that is shown token by token before those drawn.
        against: another prepared set to tell this one from.
        seed: draws samples and examples, and lays the clouds out.
        most: of more dialogues than these, so many are drawn and counted.
    """

    data: PreparedSet
    tokens: TokenMeasure
    first: Placed | None = None
    against: PreparedSet | None = None
    seed: int = 0
    most: int = MOST_DIALOGUES


def analyse(request: AtlasRequest) -> dict[str, Any]:
    """Every number of the atlas, as JSON values."""
    data, seed = request.data, request.seed
    sample = Sample.drawn(data, seed=seed, most=request.most)
    labels = Labels()
    phrased = phrased_in(data)
    table = WordTable.of(labels.noting(sample), phrased)
    parts = labels.parts()
    counts = data.manifest["counts"]
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "language": current_language(),
        "set": {"name": name_of(data), "fingerprint": data.fingerprint, "created": data.manifest.get("created", "")},
        "counts": {key: counts.get(key) for key in ("read", "kept", "rejected", "copies", "by_split")},
        "sample": {"dialogues": sample.size, "of": sample.total, "seed": seed},
        "sources": sources_of(data),
        "rejections": rejections_of(data, seed, SHOWN_CHARACTERS),
        **{key: data.manifest[key] for key in NOTED if data.manifest.get(key)},
        "class_key": labels.class_key,
        "phrased": sorted(phrased),
        "words": _words(table, parts),
        "contrasts": [contrast_json(one) for one in _contrasts(table, parts, request)],
        "lengths": _lengths(sample, request.tokens),
        "tokens": _token_views(sample, request),
        "samples": [_sample_json(placed) for placed in sample.few(SHOWN_SAMPLES, seed)],
    }


def name_of(data: PreparedSet) -> str:
    """The name of its folder, without where that lies: an atlas is passed on."""
    return data.folder.resolve().name


def contrast_json(contrast: Contrast) -> dict[str, Any]:
    """A contrast as atlas.json holds it."""
    sides = (contrast.first, contrast.second)
    first, second = ([word._asdict() for word in side] for side in sides)
    return {
        "kind": contrast.kind, "names": list(contrast.names), "totals": list(contrast.totals),
        "threshold": contrast.threshold, "first": first, "second": second, "few": min(contrast.totals) < FEW_WORDS,
    }  # fmt: skip


def _words(table: WordTable, parts: Sequence[Part]) -> dict[str, Any]:
    tfidf, dialogues = table.tfidf(), table.dialogues
    return {
        "total": int(dialogues.sum()),
        "distinct": len(table.keys),
        "function_words": list(table.languages),
        "parts": [
            {
                "kind": part.kind,
                "name": part.name,
                "dialogues": int(part.rows.sum()),
                "words": int(total(dialogues, part.rows).sum()),
                "few": bool(part.rows.sum() < FEW_DIALOGUES),
                "count": [[word, int(weight)] for word, weight in table.commonest(part.rows, HEAVIEST)],
                "tfidf": [
                    [word, round(weight, 6)]
                    for word, weight in table.heaviest(total(tfidf, part.rows) / max(part.rows.sum(), 1), HEAVIEST)
                ],
            }
            for part in parts
        ],
    }


def _contrasts(table: WordTable, parts: Sequence[Part], request: AtlasRequest) -> list[Contrast]:
    words, dialogues = table.shown, table.dialogues
    everything = np.ones(dialogues.shape[0], bool)
    asked, answered = total(table.questions, everything), total(table.answers, everything)
    of = {(part.kind, part.name): total(dialogues, part.rows) for part in parts}
    classes = {name: counts for (kind, name), counts in of.items() if kind == "class"}
    # Function words stay where they tell most: "how" and "what" make a question.
    found = [contrast_of("questions_answers", ("questions", "answers"), words, asked, answered)]
    if ("split", "train") in of and ("split", "test") in of:
        train, test = of["split", "train"], of["split", "test"]
        found.append(contrast_of("splits", ("train", "test"), words, train, test, hidden=table.stop))
    if len(classes) == 2:
        one, other = classes
        found.append(contrast_of("classes", (one, other), words, classes[one], classes[other], hidden=table.stop))
    elif classes:
        for name, counts in classes.items():
            rest = asked + answered - counts
            found.append(contrast_of("class", (name, ""), words, counts, rest, hidden=table.stop, count=CLASS_WORDS))
    if request.against:
        found.append(_against(table, request))
    return [contrast for contrast in found if contrast]


def _against(table: WordTable, request: AtlasRequest) -> Contrast | None:
    """This set and another one, over the words of both."""
    assert request.against is not None
    drawn = Sample.drawn(request.against, seed=request.seed, most=request.most)
    other = WordTable.of((placed.dialogue for placed in drawn), phrased_in(request.against))
    keys = np.union1d(table.keys, other.keys)
    (ours, our_counts), (theirs, their_counts) = (_spread(one, keys) for one in (table, other))
    shown = np.where(our_counts >= their_counts, ours, theirs)  # each word as the set that uses it more writes it
    hidden = np.isin(keys, np.concatenate([table.keys[table.stop], other.keys[other.stop]]))
    names = name_of(request.data), name_of(request.against)
    return contrast_of("sets", names, shown, our_counts, their_counts, hidden=hidden)


def _spread(table: WordTable, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The words of a table as shown, and their counts, at their places among more words."""
    place, shown, counts = np.searchsorted(keys, table.keys), np.empty(len(keys), object), np.zeros(len(keys), np.int64)
    shown[place] = table.shown
    counts[place] = total(table.dialogues, np.ones(table.dialogues.shape[0], bool))
    return shown, counts


def _lengths(sample: Sample, measure: TokenMeasure) -> dict[str, Any]:
    lengths: list[Length] = []
    splits: list[str] = []
    for batch in batches(sample, BATCH):
        lengths += measure.lengths([placed.dialogue for placed in batch])
        splits += [placed.split for placed in batch]
    read, learnt = (np.array([getattr(each, name) for each in lengths], int) for name in Length._fields)
    held, limit = np.array(splits, object), measure.limit
    return {
        "model": measure.model,
        "template": measure.template,
        "limit": limit,
        "few": len(read) < FEW_DIALOGUES,
        "dialogue": {"histogram": asdict(histogram_of(read, limit)), **_figures(read, limit)},
        "answer": {"histogram": asdict(histogram_of(learnt, limit)), **_figures(learnt, limit)},
        "by_split": {split: _figures(read[held == split], limit) for split in dict.fromkeys(splits)},
    }


def _figures(lengths: np.ndarray, limit: int) -> dict[str, Any]:
    summary = summary_of(lengths, limit)
    return {**asdict(summary), "share_over": summary.share_over}


def _token_views(sample: Sample, request: AtlasRequest) -> list[dict[str, Any]]:
    drawn = sample.few(SHOWN_ROWS, request.seed + 1)  # others than the samples
    first = [request.first] if request.first else []
    known = {placed.dialogue.id for placed in first}
    rows = [*first, *(placed for placed in drawn if placed.dialogue.id not in known)][:SHOWN_ROWS]
    return [_token_view(placed, request.tokens) for placed in rows]


def _token_view(placed: Placed, measure: TokenMeasure) -> dict[str, Any]:
    tokens = list(measure.view(placed.dialogue))
    return {
        **_identity(placed),
        "count": len(tokens),
        "learnt": sum(learnt for _, learnt in tokens),
        "tokens": [[text, learnt] for text, learnt in tokens[:SHOWN_TOKENS]],
    }


def _sample_json(placed: Placed) -> dict[str, Any]:
    turns = [
        {"role": turn.role, "text": text[:SHOWN_CHARACTERS], "more": max(0, len(text) - SHOWN_CHARACTERS)}
        for turn in placed.dialogue.messages
        for text in ("\n".join(filter(None, (turn.content, turn.context))),)
    ]
    return {**_identity(placed), "turns": turns}


def _identity(placed: Placed) -> dict[str, Any]:
    dialogue: Dialogue = placed.dialogue
    return {"id": dialogue.id, "split": placed.split, "source": dialogue.source, "group": dialogue.group}
