"""What `prepare` noted in the manifest, in words: languages, masks, boilerplate, duplicates, leak, terms.

A set prepared by an earlier version has fewer of these notes; what is not there is not shown.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from chatbot.language import number, tr
from datasets_prep.atlas.findings import percent
from datasets_prep.ledger import TERM_NAMES, answer_in_words
from datasets_prep.personal import KINDS, kind_in_words
from datasets_prep.rows import REASONS, reason_in_words

Rows = list[tuple[str, str]]


class Note(NamedTuple):
    """A small table: names and values."""

    title: str
    rows: Rows


def notes_of(atlas: Mapping[str, Any]) -> list[Note]:
    """The notes on sifting and splitting that the manifest has, each with a row at least."""
    notes = (
        Note(tr("Langues", "Languages"), _languages(atlas.get("languages", {}))),
        Note(tr("Ce que le nettoyage a vu", "What cleaning saw"), _cleaning(atlas.get("cleaning", {}))),
        Note(
            tr("Où seraient allés les doublons, sans ce tri", "Where duplicates would have gone unsifted"),
            _duplicates(atlas),
        ),
        Note(
            tr("Lignes de test presque identiques à une ligne de train", "Test rows nearly the same as a row of train"),
            _leak(atlas),
        ),
    )
    return [note for note in notes if note.rows]


def terms_of(atlas: Mapping[str, Any]) -> Note | None:
    """The terms that a mixture inherits; one source alone has those of its own entry."""
    terms = atlas.get("terms", {})
    if len(atlas["sources"]) < 2 or not terms:
        return None
    rows = [(tr(*name), answer_in_words(terms[key])) for key, name in TERM_NAMES.items()]
    rows += [(tr("À citer", "To be named"), text) for text in terms.get("attributions", ())]
    return Note(
        tr("Conditions du mélange : de chacune, la plus stricte", "Terms of the mixture: of each the strictest"), rows
    )


def _languages(counts: Mapping[str, int]) -> Rows:
    return [(code or tr("incertaine", "not sure"), number(count)) for code, count in counts.items()]


def _cleaning(cleaning: Mapping[str, Any]) -> Rows:
    rows = []
    if "normalised" in cleaning:
        changed = tr("textes normalisés (Unicode, blancs, caractères invisibles)", "texts normalised (Unicode, blanks, invisible characters)")  # fmt: skip
        rows.append((changed, number(cleaning["normalised"])))
    for kind, count in cleaning.get("masked", {}).items():
        if count and kind in KINDS:
            rows.append((tr("masqués : ", "masked: ") + kind_in_words(kind), number(count)))
    repeated = cleaning.get("boilerplate", {})
    if repeated.get("answers"):
        done = tr("coupées", "cut out") if repeated.get("cut") else tr("laissées", "left")
        rows.append((tr(f"réponses qui portent une phrase répétée sous bien des questions ({done})",
                        f"answers with a sentence repeated under many questions ({done})"), number(repeated["answers"])))  # fmt: skip
    return rows


def _duplicates(atlas: Mapping[str, Any]) -> Rows:
    where = {
        "within": tr("avec l'original", "with the original"),
        "across": tr("dans une autre partie : une fuite", "in another split: a leak"),
        "anywhere": tr("partie tirée au sort (seuls de leur groupe)", "split drawn by lot (alone in their group)"),
    }
    return [
        (f"{reason_in_words(reason)}, {name}", number(counts[key]))
        for reason, counts in atlas.get("duplicates", {}).items()
        for key, name in where.items()
        if counts.get(key) and reason in REASONS
    ]


def _leak(atlas: Mapping[str, Any]) -> Rows:
    names = {
        "by_group": tr("découpage par groupes (celui de ce jeu)", "split by group (that of this set)"),
        "at_random": tr(
            "les mêmes dialogues tirés au sort, pour comparer", "the same dialogues drawn by lot, to compare"
        ),
    }
    return [
        (names[kind], f"{number(counts['either'])} ({percent(counts['either'] / counts['test'])})")
        for kind, counts in atlas.get("leak", {}).items()
        if kind in names and counts.get("test")
    ]
