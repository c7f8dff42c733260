"""What `causette inspect` drew of a prepared set: lengths, frequent words, sentences, word clouds and other figures."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from chatbot.language import tr
from datasets_prep.atlas.draw import NUMBERS
from datasets_prep.atlas.findings import findings_of
from livrables import told
from livrables.fact import Fact, unmeasured
from livrables.parts import Picture
from livrables.reading import UNREADABLE, Reader

WORDS = 20  # of the most frequent
CLOUD = re.compile(r"cloud_(?:(?P<kind>split|class)_(?P<place>\d+)_?(?P<name>.*)|all)_(?P<hue>count|tfidf)\.png")


def atlas_facts(reader: Reader, folder: Path, key: str, fingerprint: str) -> dict[str, Any]:
    """The fields of `SetFacts` that the atlas tells.

    Args:
        reader: of the work.
        folder: of the set, below that of the work.
        key: of the set's facts.
        fingerprint: of the set; an atlas of another one is not told.
    """
    file, cure = reader.folder / folder / NUMBERS, f"causette inspect {folder.as_posix()}"
    atlas = _atlas(reader, file, fingerprint)
    if atlas is None:
        lengths = tuple((name, unmeasured(f"{key}.lengths.{where}.{what}", cure)) for where, what, name in _lengths())
        return {"lengths": lengths, "words": (), "findings": (), "clouds": (), "figures": ()}
    fact = partial(reader.fact, date=atlas["set"].get("created", ""), cure=cure)
    pictures = [_picture(reader, file, name, atlas) for name in atlas.get("figures", ())]
    found = [one for one in pictures if one is not None]
    return {
        "lengths": tuple(
            (name, fact(f"{key}.lengths.{where}.{what}", file, f"/lengths/{where}/{what}", told.tokens if what != "over" else told.count))
            for where, what, name in _lengths()
        ),
        "words": _words(fact, file, key, atlas),
        "findings": tuple(findings_of(atlas)),
        "clouds": tuple(picture for cloud, picture in found if cloud),
        "figures": tuple(picture for cloud, picture in found if not cloud),
    }  # fmt: skip


def _atlas(reader: Reader, file: Path, fingerprint: str) -> Mapping[str, Any] | None:
    try:
        atlas: Mapping[str, Any] = reader.content(file)
        return atlas if fingerprint and atlas["set"]["fingerprint"] == fingerprint else None
    except UNREADABLE:
        return None


def _lengths() -> list[tuple[str, str, str]]:
    return [
        ("dialogue", "median", tr("Dialogue, longueur médiane", "Dialogue, median length")),
        ("dialogue", "p90", tr("Dialogue, neuf sur dix au plus", "Dialogue, nine in ten at most")),
        ("dialogue", "longest", tr("Dialogue, le plus long", "Dialogue, the longest")),
        ("answer", "median", tr("Réponse, longueur médiane", "Answer, median length")),
        ("answer", "longest", tr("Réponse, la plus longue", "Answer, the longest")),
        ("dialogue", "over", tr("Dialogues plus longs que le contexte", "Dialogues longer than the context")),
    ]


def _words(fact: Any, file: Path, key: str, atlas: Mapping[str, Any]) -> tuple[tuple[str, Fact], ...]:
    parts = atlas["words"]["parts"]
    place = next((place for place, part in enumerate(parts) if not part["name"]), None)
    if place is None:
        return ()
    return tuple(
        (str(word), fact(f"{key}.words.{word}", file, f"/words/parts/{place}/count/{row}/1", told.count))
        for row, (word, _) in enumerate(parts[place]["count"][:WORDS])
    )


def _picture(reader: Reader, file: Path, name: str, atlas: Mapping[str, Any]) -> tuple[bool, Picture] | None:
    """Whether it is a word cloud, and the figure; None where its file is gone."""
    drawn = file.parent / name
    if not drawn.is_file() or not reader.inside(drawn):
        return None
    cloud = CLOUD.fullmatch(drawn.name)
    caption = _cloud_caption(cloud, atlas) if cloud else _caption(drawn.stem)
    return bool(cloud), Picture(file=drawn, caption=caption, source=reader.source(file))


def _cloud_caption(cloud: re.Match[str], atlas: Mapping[str, Any]) -> str:
    hue = tr("taille : nombre d'apparitions", "size: raw count") if cloud["hue"] == "count" else tr("taille : TF-IDF", "size: TF-IDF")  # fmt: skip
    if not cloud["kind"]:
        return tr(f"Nuage de mots de tout le jeu ({hue})", f"Word cloud of the whole set ({hue})")
    name = atlas["words"]["parts"][int(cloud["place"])]["name"]
    what = tr("de la partie", "of the split") if cloud["kind"] == "split" else tr("de la classe", "of the class")
    quoted = tr(f"«\u00a0{name}\u00a0»", f"“{name}”")
    return tr(f"Nuage de mots {what} {quoted} ({hue})", f"Word cloud {what} {quoted} ({hue})")


def _caption(stem: str) -> str:
    captions = {
        "lengths_dialogue": tr("Longueur des dialogues, en jetons", "Length of the dialogues, in tokens"),
        "lengths_answer": tr("Longueur des réponses, en jetons", "Length of the answers, in tokens"),
        "contrast_questions_answers": tr("Mots distinctifs des questions et des réponses", "Telling words of questions and answers"),
        "contrast_splits": tr("Mots distinctifs des parties train et test", "Telling words of the splits train and test"),
        "contrast_classes": tr("Mots distinctifs des deux classes", "Telling words of the two classes"),
        "contrast_class": tr("Mots propres à chaque classe", "Words of each class"),
        "contrast_sets": tr("Mots distinctifs de deux jeux", "Telling words of two sets"),
    }  # fmt: skip
    return captions.get(stem, stem.replace("_", " "))
