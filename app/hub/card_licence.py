"""Licences as a card of the Hub states them: its identifiers where it knows one, and the terms in words.

sources          CC BY 4.0        CC BY 4.0, Apache-2.0                    CC BY 4.0, unknown
metadata         cc-by-4.0        other, cc-by-4.0-and-apache-2.0          unknown
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.hub.card_text import items, link, told
from chatbot.language import tr
from datasets_prep.ledger import TERM_NAMES, answer_in_words, licences_of, strictest
from datasets_prep.spec import Licence
from training.evaluation.markdown import inline

# The Hub's own list (its documentation, "Licenses"), as far as texts, data and weights bear them.
IDENTIFIERS = frozenset(
    [
        "apache-2.0",
        "mit",
        "openrail",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "c-uda",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "wtfpl",
        "etalab-2.0",
        "eupl-1.1",
        "eupl-1.2",
        "agpl-3.0",
        "gfdl",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "isc",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "ofl-1.1",
        "unlicense",
        "zlib",
        "pddl",
        "llama2",
        "llama3",
        "gemma",
    ]
)
UNKNOWN, OTHER = "unknown", "other"


def identifier(stated: str) -> str:
    """The Hub's identifier of a licence as a source states it: "CC BY-NC-SA 3.0" → "cc-by-nc-sa-3.0"; "" for none."""
    name = re.sub(r"[\s_]+", "-", stated.strip().lower())
    name = {"licence-ouverte-2.0": "etalab-2.0", "cc0": "cc0-1.0"}.get(name, name)
    return name if name in IDENTIFIERS else ""


def licence_metadata(licences: Mapping[str, Licence], address: str) -> dict[str, Any]:
    """`license` of a card, and where it is "other" its name and where it is told.

    Args:
        licences: source → its licence.
        address: of the card.
    """
    stated = list(dict.fromkeys(one.identifier or one.to_json()["stated"] for one in licences.values()))
    known = {identifier(words) or _slug(words): identifier(words) for words in stated}
    if len(known) == 1 and all(known.values()):
        return {"license": next(iter(known))}
    if not licences or strictest(licences).redistribution == "unknown":
        return {"license": UNKNOWN}
    return {"license": OTHER, "license_name": "-and-".join(known), "license_link": address}


def terms_lines(manifest: Mapping[str, Any]) -> list[str]:
    """The terms of a set in words: of each source, and what the mixture inherits."""
    licences = licences_of(manifest)
    terms = strictest(licences)
    lines = [f"- {_source_told(name, licence)}" for name, licence in licences.items()]
    of_all = tr("De l'ensemble, le plus strict de chaque source :", "Of the whole, the strictest of each source:")
    answers = [told(tr(*names), answer_in_words(getattr(terms, name))) for name, names in TERM_NAMES.items()]
    return [*lines, "", *([of_all, ""] if len(licences) > 1 else []), *items(*answers), *_obligations(manifest)]


def attributions(manifest: Mapping[str, Any]) -> Sequence[str]:
    """Whom to name."""
    return strictest(licences_of(manifest)).attributions


def _source_told(name: str, licence: Licence) -> str:
    stated = licence.to_json()["stated"]
    shown = link(stated, licence.link) if licence.link else inline(stated)
    checked = tr(f" (lu en {licence.checked})", f" (read in {licence.checked})") if licence.checked else ""
    named = told(tr(". À citer", ". To be named"), inline(licence.attribution)) if licence.attribution else ""
    return told(f"**{inline(name)}**", shown + checked + named)


def _obligations(manifest: Mapping[str, Any]) -> list[str]:
    terms = strictest(licences_of(manifest))

    def names(sources: Sequence[str]) -> str:
        return ", ".join(inline(name) for name in sources)

    return [
        *items(
            told(tr("Usage commercial interdit par", "Commercial use forbidden by"), names(terms.non_commercial)),
            told(tr("À partager sous la même licence", "To be shared under the same licence"), names(terms.share_alike_sources)),
            told(tr("Un terme au moins n'est pas connu", "One term at least is not known"), names(terms.unknown)),
            tr("Ce sont des faits relevés, pas un avis juridique.", "These are facts that were noted, no legal advice."),
        ),
    ]  # fmt: skip


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-") or "unnamed"
