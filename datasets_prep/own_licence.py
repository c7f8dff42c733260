"""The licence of a user's own file: unknown, unless its owner declares one of those that are known here.

    declared("cc-by-4.0", "Ada Lovelace").redistribution    "yes"

Whether it is the owner who speaks, nobody can check: `stated` says that the licence was declared, and `checked` stays "".
"""

from dataclasses import dataclass, replace

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.spec import Answer, Licence, Words

UNKNOWN_LICENCE = Licence(
    stated=("inconnue : celle de votre fichier", "unknown: that of your own file"),
    attribution="",
    redistribution="unknown",
    commercial_use="unknown",
    personal_data=("inconnues : vérifiez avant de publier", "unknown: check before publishing"),
    link="",
    checked="",
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a well-known licence says.

    Args:
        title: its name, in French and in English.
        link: its text.
        redistribution: whether copies may be passed on.
        commercial_use: whether it may serve in a product.
        share_alike: whether what is made from it must bear the same licence.
        names_author: whether whoever passes it on must name its author.
    """

    title: Words
    link: str
    redistribution: Answer = "yes"
    commercial_use: Answer = "yes"
    share_alike: Answer = "no"
    names_author: bool = True


def _creative_commons(terms: str, *, commercial_use: Answer = "yes", share_alike: Answer = "no") -> Known:
    """Version 4.0 of the licence of these terms: "by-nc" → CC BY-NC 4.0."""
    name, link = f"CC {terms.upper()} 4.0", f"https://creativecommons.org/licenses/{terms}/4.0/"
    return Known(title=(name, name), link=link, commercial_use=commercial_use, share_alike=share_alike)


RESERVED = "all-rights-reserved"
# By the identifiers of the Hub, which has none for reserved rights.
KNOWN: dict[str, Known] = {
    "cc0-1.0": Known(
        title=("CC0 1.0", "CC0 1.0"), link="https://creativecommons.org/publicdomain/zero/1.0/", names_author=False
    ),
    "cc-by-4.0": _creative_commons("by"),
    "cc-by-sa-4.0": _creative_commons("by-sa", share_alike="yes"),
    "cc-by-nc-4.0": _creative_commons("by-nc", commercial_use="no"),
    "cc-by-nc-sa-4.0": _creative_commons("by-nc-sa", commercial_use="no", share_alike="yes"),
    "etalab-2.0": Known(
        title=("Licence Ouverte 2.0 (Etalab)", "Open Licence 2.0 (Etalab)"),
        link="https://spdx.org/licenses/etalab-2.0.html",
    ),
    "odbl": Known(
        title=("ODbL 1.0", "ODbL 1.0"), link="https://opendatacommons.org/licenses/odbl/1-0/", share_alike="yes"
    ),
    "apache-2.0": Known(title=("Apache-2.0", "Apache-2.0"), link="https://www.apache.org/licenses/LICENSE-2.0"),
    "mit": Known(title=("MIT", "MIT"), link="https://spdx.org/licenses/MIT.html"),
    RESERVED: Known(
        title=("Tous droits réservés", "All rights reserved"),
        link="",
        redistribution="no",
        commercial_use="no",
        names_author=False,
    ),
}
OTHER_NAMES = {
    "cc0": "cc0-1.0", "etalab": "etalab-2.0", "licence-ouverte-2.0": "etalab-2.0", "odbl-1.0": "odbl",
    "propriétaire": RESERVED, "proprietaire": RESERVED, "proprietary": RESERVED, "tous-droits-réservés": RESERVED,
}  # fmt: skip


def declared(text: str, attribution: str = "") -> Licence:
    """The ledger entry of a file whose owner declares this licence.

    Args:
        text: its identifier, or a name near it: "cc-by-4.0", "CC BY 4.0", "propriétaire".
        attribution: whom to name.

    Raises:
        InputError: no licence that is known here; the known ones are listed.
    """
    name = "-".join(text.lower().replace("_", " ").split())
    name = OTHER_NAMES.get(name, name)
    if name not in KNOWN:
        listed = ", ".join(KNOWN)
        raise InputError(
            tr(
                f"--licence {text} : licence inconnue ici.\nConnues : {listed} (ou propriétaire).",
                f"--licence {text}: not a licence known here.\nKnown: {listed} (or proprietary).",
            )
        )
    known = KNOWN[name]
    return replace(
        UNKNOWN_LICENCE,
        identifier=name,
        stated=stated_of(name) or known.title,
        attribution="".join(filter(str.isprintable, " ".join(attribution.split()))),
        redistribution=known.redistribution,
        commercial_use=known.commercial_use,
        share_alike=known.share_alike,
        link=known.link,
    )


def stated_of(identifier: str) -> Words | None:
    """What a manifest states of a declared licence, in both languages; None where none was declared."""
    if identifier not in KNOWN:
        return None
    french, english = KNOWN[identifier].title
    return (
        f"{french}, selon la déclaration de qui a préparé le jeu",
        f"{english}, as declared by whoever prepared the set",
    )


def declaration_lines(licence: Licence, files: list[str]) -> list[str]:
    """What the user should read of the licence that he declares.

    Args:
        licence: what he declares.
        files: the sources that it is noted for.
    """
    known, listed = KNOWN[licence.identifier], ", ".join(files)
    title, author = tr(*known.title), licence.attribution
    named = tr(f" ; à citer : {author}", f"; to be named: {author}") if author else ""
    lines = [
        tr(
            f"Licence notée comme vous la déclarez, sans vérification : {title} ({listed}){named}.",
            f"Licence noted as you declare it, unchecked: {title} ({listed}){named}.",
        )
    ]
    if known.names_author and not author:
        lines.append(
            tr(
                f'{title} demande de citer l\'auteur : --attribution "Nom" le dit à qui recevra le jeu.',
                f'{title} asks to name the author: --attribution "Name" tells it to whoever gets the set.',
            )
        )
    return lines
