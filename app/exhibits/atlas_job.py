"""The process that draws an atlas for the page: ``python -m app.exhibits.atlas_job SET MODEL OUT``.

It ends when its standard input does, and so with the page that holds the other end.
"""

import base64
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.page.exhibit_json import to_json
from app.page.exhibits import AtlasExhibit, Histogram, TellingWord, TellingWords, WordCloud
from app.quiet import load_keras
from app.tokens import measure_of
from chatbot.files import read_json, write_json
from chatbot.model import context_of, load_tokenizer, needs_keras
from datasets_prep.atlas.analysis import FORMAT, FORMAT_VERSION, AtlasRequest, analyse
from datasets_prep.atlas.clouds import Cloud, cloud_of, face
from datasets_prep.atlas.draw import HUES, NUMBERS
from datasets_prep.atlas.lengths import TokenMeasure
from datasets_prep.atlas.words import Weighed
from datasets_prep.prepared import PreparedSet

FIRST = 10  # words named for those who do not see a cloud


def main(folder: Path, model: str, out: Path) -> None:
    """Draws the atlas of a set and writes it as JSON."""
    with suppress(AttributeError, OSError):
        os.nice(10)  # answers come first
    if needs_keras(model):
        load_keras()
    data, (tokenizer, template) = PreparedSet.open(folder), load_tokenizer(model)
    measure = measure_of(Path(model).name, tokenizer, template, context_of(model))
    numbers = kept_numbers(data, measure) or analyse(AtlasRequest(data=data, tokens=measure))
    write_json(out, to_json(exhibit_of(numbers)))


def kept_numbers(data: PreparedSet, measure: TokenMeasure) -> dict[str, Any] | None:
    """atlas.json of `causette inspect`, if it is of this very set, template, context and tokenizer."""
    try:
        found = read_json(data.folder / NUMBERS)
        lengths = found["lengths"]
        known = (found["format"], found["format_version"], found["set"]["fingerprint"])
        ours = known == (FORMAT, FORMAT_VERSION, data.fingerprint)
        ours = ours and (lengths["template"], lengths["limit"]) == (measure.template, measure.limit)
        return found if ours and _same_tokens(found["tokens"], data, measure) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _same_tokens(views: list[dict[str, Any]], data: PreparedSet, measure: TokenMeasure) -> bool:
    """Whether the dialogues that the atlas shows token by token are cut the same way now: a name proves nothing."""
    wanted = {(view["split"], view["id"]): view for view in views}
    for split in {split for split, _ in wanted}:
        for dialogue in data.split(split):
            if view := wanted.pop((split, dialogue.id), None):
                tokens = [list(token) for token in measure.view(dialogue)]
                if len(tokens) != view["count"] or tokens[: len(view["tokens"])] != view["tokens"]:
                    return False
    return bool(views) and not wanted


def exhibit_of(numbers: Mapping[str, Any]) -> AtlasExhibit:
    """What the page shows of an atlas; its samples, which come from all splits, are left out."""
    lengths, words = numbers["lengths"], numbers["words"]
    clouds = [_clouds(part, numbers["sample"]["seed"]) for part in words["parts"]]
    drawn = [word for pair in clouds for cloud in pair.values() for word in cloud.drawn]
    return AtlasExhibit(
        dialogues=numbers["sample"]["dialogues"],
        of=numbers["sample"]["of"],
        words=words["total"],
        distinct=words["distinct"],
        template=lengths["template"],
        limit=lengths["limit"],
        whole=_histogram(lengths["dialogue"], lengths["limit"]),
        answers=_histogram(lengths["answer"], lengths["limit"]),
        clouds=tuple(_shown(part, pair) for part, pair in zip(words["parts"], clouds, strict=True)),
        telling=tuple(map(_telling, numbers["contrasts"])),
        font=base64.b64encode(face(drawn)).decode() if drawn else "",
    )


def _clouds(part: Mapping[str, Any], seed: int) -> dict[str, Cloud]:
    """Without a text for the blind, which the page adds in the reader's language."""
    return {hue: cloud_of([Weighed(*word) for word in part[hue]], hue=hue, alt="", seed=seed) for hue in HUES}


def _shown(part: Mapping[str, Any], pair: Mapping[str, Cloud]) -> WordCloud:
    return WordCloud(
        **{key: part[key] for key in ("kind", "name", "dialogues", "words", "few")},
        commonest=pair["count"].svg,
        typical=pair["tfidf"].svg,
        first_common=tuple(word for word, _ in part["count"][:FIRST]),
        first_typical=tuple(word for word, _ in part["tfidf"][:FIRST]),
    )


def _histogram(part: Mapping[str, Any], limit: int) -> Histogram:
    histogram = part["histogram"]
    return Histogram(
        width=histogram["width"],
        counts=tuple(histogram["counts"]),
        tail=len(histogram["tail"]),
        tail_over=sum(length > limit for length in histogram["tail"]),
        **{key: part[key] for key in ("median", "p90", "longest", "over", "share_over")},
    )


def _telling(contrast: Mapping[str, Any]) -> TellingWords:
    def side(words: list[dict[str, Any]]) -> tuple[TellingWord, ...]:
        return tuple(TellingWord(**{key: word[key] for key in ("word", "here", "there", "z")}) for word in words)

    one, other = contrast["names"]
    return TellingWords(
        kind=contrast["kind"], names=(one, other), first=side(contrast["first"]), second=side(contrast["second"]),
        threshold=contrast["threshold"], few=contrast["few"],
    )  # fmt: skip


def _end_with_parent() -> None:
    os.read(0, 1)  # not `sys.stdin`, whose lock a thread must not hold when Python ends
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
