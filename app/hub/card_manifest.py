"""A manifest as strangers read it: without paths, and without the words that the preparation says to a file's owner."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from app.hub.own_paths import leaf, without_paths
from chatbot.language import tr
from datasets_prep.own_licence import KNOWN, UNKNOWN_LICENCE, stated_of
from datasets_prep.sources import FILE_KINDS, SOURCES
from datasets_prep.sources.csv_pairs import OWN_FILE
from datasets_prep.spec import Words
from datasets_prep.splits import BY_GROUP

# What is said to the owner of a file → what is said of it to others; each in French and in English.
OF_OWN_FILES = (
    (SOURCES["csv"].title, ("un fichier CSV de questions et réponses", "a CSV file of questions and answers")),
    (SOURCES["jsonl"].title, ("un fichier JSON ou JSONL de dialogues", "a JSON or JSONL file of dialogues")),
    (SOURCES["document"].title, ("un PDF ou un texte : loi, avis, cours", "a PDF or text: law, notice, course")),
    (OWN_FILE, ("fichier de qui a préparé le jeu", "a file of whoever prepared the set")),
    (UNKNOWN_LICENCE.stated, ("inconnue : celle du fichier", "unknown: that of the file")),
)


def for_strangers(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as a card tells it, in the current language."""
    told = without_paths(manifest)
    for source in told["sources"]:
        source |= {name: _of_others(_translated(source[name])) for name in ("title", "origin")}
        licence = source["licence"]
        licence |= {name: _of_others(_translated(licence[name])) for name in ("stated", "personal_data")}
    if "split_rule" in told:
        told["split_rule"] = [_translated(rule) for rule in told["split_rule"]]
    return dict(told)


def source_title(source: Mapping[str, Any]) -> str:
    """A set of the catalogue by its title and its part, a user's own file by its name."""
    if source["set"] in FILE_KINDS.values() or source["set"] not in SOURCES:
        return leaf(source["name"])
    part = f" ({source['part']})" if source["part"] else ""
    return str(_of_others(_translated(source["title"]))) + part


@cache
def _known_words() -> Mapping[str, Words]:
    """What the catalogue says, in either language → in both: a manifest holds that of the day it was made.

    The words and not the name of the set are looked up, so that what was changed by hand stays what it says."""
    pairs: list[Words] = [UNKNOWN_LICENCE.stated, UNKNOWN_LICENCE.personal_data, OWN_FILE, BY_GROUP.words]
    for spec in SOURCES.values():
        pairs += [spec.title, spec.origin, spec.licence.stated, spec.licence.personal_data]
        pairs += [spec.split_rule.words] if spec.split_rule else []
    pairs += [others for _, others in OF_OWN_FILES]
    pairs += [words for name in KNOWN if (words := stated_of(name))]
    return {words: pair for pair in pairs for words in pair}


def _translated(words: str) -> str:
    return tr(*_known_words()[words]) if words in _known_words() else words


def _of_others(words: str) -> str:
    return next((tr(*others) for own, others in OF_OWN_FILES if words in own), words)
