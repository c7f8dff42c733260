"""The manifest of a prepared set as the tab *Données* shows it.

Only counts, terms and places come from here. Rejected rows and the examples of the cleaning are left out: what the
preparation masked or threw away must not come back on a page.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.exhibits.said import alike, both
from app.page.exhibits import Count, DataExhibit, Said, Source, SourceFile
from chatbot.errors import InputError
from chatbot.files import read_json
from datasets_prep.own_licence import stated_of
from datasets_prep.personal import KINDS, kind_in_words
from datasets_prep.prepared import MANIFEST, PreparedSet, is_prepared
from datasets_prep.rows import reason_in_words
from datasets_prep.sources import SOURCES
from datasets_prep.splits import BY_GROUP


def data_exhibit(manifest: Mapping[str, Any], folder: Path) -> DataExhibit:
    """What a manifest tells.

    Args:
        manifest: as the run keeps it, so that it can be told where the set itself is gone.
        folder: of the set.
    """
    counts = manifest["counts"]
    masked = manifest.get("cleaning", {}).get("masked", {})
    return DataExhibit(
        name=folder.resolve().name,
        created=manifest.get("created", ""),
        **{key: counts[key] for key in ("read", "kept", "rejected", "copies")},
        reasons=tuple(
            Count(both(lambda reason=reason: reason_in_words(reason)), count)  # type: ignore[misc]
            for reason, count in counts["by_reason"].items()
        ),
        splits=tuple(counts["by_split"].items()),
        languages=tuple(manifest.get("languages", {}).items()),
        masked=tuple(
            Count(both(lambda kind=kind: kind_in_words(kind)), count)  # type: ignore[misc]
            for kind, count in masked.items()
            if count and kind in KINDS
        ),
        terms=_terms(manifest),
        sources=tuple(map(_source, manifest["sources"])),
        **_split_rule(manifest.get("split_rule", ())),
        seed=manifest.get("seed", 0),
        fingerprint=PreparedSet(folder=folder, manifest=manifest).fingerprint,
        missing=_missing(manifest, folder),
    )


def _split_rule(noted: Sequence[str]) -> dict[str, Any]:
    """A manifest is in one language; the rules of the sources that we know are known in both."""
    known = [BY_GROUP.words, *(spec.split_rule.words for spec in SOURCES.values() if spec.split_rule)]
    found = [_words(rule, next((pair for pair in known if rule in pair), None)) for rule in noted]
    strange = [rule for rule in noted if not any(rule in pair for pair in known)]
    language = ("fr" if re.search("[àâéèêîœ]", " ".join(strange)) else "en") if strange else ""
    joined = Said(" ; ".join(rule.fr for rule in found), "; ".join(rule.en for rule in found))
    return {"split_rule": joined, "split_rule_language": language}


def _missing(manifest: Mapping[str, Any], folder: Path) -> Said | None:
    """Why the dialogues of the set cannot be shown; None where they can. Paths of this machine are not told."""
    name = folder.resolve().name
    if not is_prepared(folder):
        return Said(
            f"Le jeu « {name} » n'est plus à la place où l'entraînement l'a lu : ses comptes viennent de la copie du manifeste que l'entraînement a gardée, et ses dialogues ne peuvent pas être montrés.",
            f"The set “{name}” is no longer where the training read it: its counts come from the copy of the manifest that the run keeps, and its dialogues cannot be shown.",
        )
    if read_json(folder / MANIFEST).get("fingerprints") != manifest["fingerprints"]:
        return Said(
            f"Le jeu « {name} » a été préparé de nouveau depuis l'entraînement : ce n'est plus celui que le modèle a lu, et il n'est pas montré. Les comptes sont ceux du jeu d'alors.",
            f"The set “{name}” was prepared again since the training: it is no longer what the model read, and is not shown. The counts are those of the set as it was.",
        )
    try:
        PreparedSet.open(folder)
    except InputError:
        return Said(
            f"Un fichier du jeu « {name} » manque ou a été modifié depuis la préparation : ses dialogues ne sont pas montrés. Préparez de nouveau le jeu (--replace).",
            f"A file of the set “{name}” is missing or was changed since it was prepared: its dialogues are not shown. Prepare the set again (--replace).",
        )
    return None


def _terms(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    terms = manifest.get("terms", {})
    return tuple((key, terms[key]) for key in ("redistribution", "commercial_use", "share_alike") if key in terms)


def _source(source: Mapping[str, Any]) -> Source:
    spec, licence = SOURCES.get(source["set"]), source["licence"]
    return Source(
        name=source["name"] + (f":{source['part']}" if source["part"] else ""),
        title=_words(source["title"], spec.title if spec else None),
        origin=_words(source["origin"], spec.origin if spec else None),
        revision=source["revision"],
        language=source["language"],
        weight=source["weight"],
        read=source["counts"]["read"],
        kept=source["counts"]["kept"],
        licence=_words(
            licence["stated"], stated_of(licence.get("identifier", "")) or (spec.licence.stated if spec else None)
        ),
        attribution=licence["attribution"],
        redistribution=licence["redistribution"],
        commercial_use=licence["commercial_use"],
        share_alike=licence.get("share_alike", "unknown"),
        personal_data=_words(licence["personal_data"], spec.licence.personal_data if spec else None),
        link=licence["link"],
        checked=licence["checked"],
        files=tuple(
            SourceFile(name=file["name"], octets=file["bytes"], sha256=file["sha256"])
            for file in source.get("files", ())
        ),
    )


def _words(noted: str, known: tuple[str, str] | None) -> Said:
    """A manifest is in one language; where its words are those of a source that we know, the other one is known too."""
    return Said(*known) if known and noted in known else alike(noted)
