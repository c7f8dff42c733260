"""What an atlas says in a few sentences, for the terminal and for the top of its page."""

from collections.abc import Mapping
from typing import Any

from chatbot.language import number, tr

TOP = 5  # words named in a sentence


def findings_of(atlas: Mapping[str, Any]) -> list[str]:
    """The main findings, each a sentence; `atlas` is what atlas.json holds."""
    found = [_extent(atlas), _lengths(atlas["lengths"]), *map(_telling, atlas["contrasts"])]
    found.append(_weakness(atlas))
    return [sentence for sentence in found if sentence]


def percent(share: float) -> str:
    """A share as people read it: "20 %", "0,3 %", "moins de 0,1 %"; 0 and 100 % only where they are exact."""
    digits = 0 if share in (0, 1) or 0.1 <= share <= 0.99 else 1
    if 0 < share < 0.001:
        return tr("moins de 0,1 %", "less than 0.1%")
    figure = number(min(100 * share, 99.9) if share < 1 else 100, digits)
    return tr(f"{figure} %", f"{figure}%")


def _extent(atlas: Mapping[str, Any]) -> str:
    words, sample = atlas["words"], atlas["sample"]
    seen, everything = number(sample["dialogues"]), number(sample["of"])
    of = "" if seen == everything else tr(f", tirés au sort parmi {everything}", f", drawn from {everything}")
    total, distinct = number(words["total"]), number(words["distinct"])
    return tr(
        f"{seen} dialogues{of} : {total} mots, dont {distinct} différents.",
        f"{seen} dialogues{of}: {total} words, {distinct} of them distinct.",
    )


def _lengths(lengths: Mapping[str, Any]) -> str:
    dialogue, model = lengths["dialogue"], lengths["model"]
    median, longest, limit = (number(value) for value in (dialogue["median"], dialogue["longest"], lengths["limit"]))
    if not dialogue["over"]:
        return tr(
            f"Longueur médiane : {median} jetons ; le plus long en a {longest} et tient dans le contexte de {model} ({limit}).",
            f"Median length: {median} tokens; the longest has {longest} and fits into the context of {model} ({limit}).",
        )
    over, share = dialogue["over"], percent(dialogue["share_over"])
    count = f"{number(over)} dialogue{'s' if over > 1 else ''}"
    return tr(
        f"Longueur médiane : {median} jetons ; au-delà du contexte de {model} ({limit}) : {count} ({share}), dont la fin ne "
        "sera pas apprise.",
        f"Median length: {median} tokens; beyond the context of {model} ({limit}): {count} ({share}), whose ends will not "
        "be learnt.",
    )


def _telling(contrast: Mapping[str, Any]) -> str:
    """The words that set two corpora apart; those of the classes are on the page alone."""
    if contrast["kind"] == "class":
        return ""
    sides = [
        f"{name} ({', '.join(word['word'] for word in contrast[side][:TOP])})"
        for side, name in zip(("first", "second"), side_names(contrast), strict=True)
        if contrast[side]
    ]
    if not sides:
        one, other = side_names(contrast)
        return tr(f"Aucun mot ne distingue sûrement {one} et {other}.", f"No word surely tells {one} from {other}.")
    return tr(f"Mots distinctifs : {' ; '.join(sides)}.", f"Telling words: {'; '.join(sides)}.")


def _weakness(atlas: Mapping[str, Any]) -> str:
    if not atlas["lengths"]["few"]:
        return ""
    return tr(
        "Le jeu est très petit : ces figures le décrivent, sans rien dire de plus général.",
        "The set is very small: these figures describe it, and say nothing more general.",
    )


def side_names(contrast: Mapping[str, Any]) -> tuple[str, str]:
    """The two corpora of a contrast in words."""
    one, other = contrast["names"]
    if contrast["kind"] == "questions_answers":
        return tr("questions", "questions"), tr("réponses", "answers")
    return one, other or tr("toutes les autres classes", "all other classes")
