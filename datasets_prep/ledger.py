"""The licence ledger: what each source states, and the strictest of it for a mixture. Facts only, no legal advice.

redistribution of a mixture    yes     yes     unknown
sources                        yes ×2  yes     yes, unknown      … and "no" as soon as one says no
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chatbot.language import tr
from datasets_prep.own_licence import stated_of
from datasets_prep.spec import Answer, Licence

FROM_STRICT_TO_FREE: tuple[Answer, ...] = ("no", "unknown", "yes")
# The terms of a licence as people call them, and the answers to them.
TERM_NAMES = {
    "redistribution": ("Redistribution", "Redistribution"),
    "commercial_use": ("Usage commercial", "Commercial use"),
    "share_alike": ("Partage à l'identique", "Sharing alike"),
}
ANSWERS = {"yes": ("oui", "yes"), "no": ("non", "no"), "unknown": ("inconnu", "unknown")}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What holds for a mixture of sources.

    Args:
        redistribution: whether copies may be passed on.
        commercial_use: whether it may serve in a product.
        share_alike: whether what is made from it must bear a source's licence.
        licences: source → its licence as stated.
        non_commercial: the sources that forbid commercial use.
        share_alike_sources: the sources that must be shared alike.
        unknown: the sources of which a term is unknown.
        attributions: whom to name, each once, in the order of the sources.
    """

    redistribution: Answer
    commercial_use: Answer
    share_alike: Answer
    licences: Mapping[str, str]
    non_commercial: tuple[str, ...]
    share_alike_sources: tuple[str, ...]
    unknown: tuple[str, ...]
    attributions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The terms as a manifest holds them."""
        return asdict(self)


def strictest(licences: Mapping[str, Licence]) -> Terms:
    """The terms of a mixture: of each term the strictest, for "no" < "unknown" < "yes".

    Sharing alike is an obligation, so there "yes" is the strictest, then "unknown".

    Args:
        licences: source → its licence; at least one.
    """
    all_of_them = list(licences.values())
    return Terms(
        redistribution=min((one.redistribution for one in all_of_them), key=FROM_STRICT_TO_FREE.index),
        commercial_use=min((one.commercial_use for one in all_of_them), key=FROM_STRICT_TO_FREE.index),
        share_alike=max((one.share_alike for one in all_of_them), key=FROM_STRICT_TO_FREE.index),
        licences={name: licence.to_json()["stated"] for name, licence in licences.items()},
        non_commercial=tuple(name for name, one in licences.items() if one.commercial_use == "no"),
        share_alike_sources=tuple(name for name, one in licences.items() if one.share_alike == "yes"),
        unknown=tuple(name for name, one in licences.items() if "unknown" in _terms_of(one)),
        attributions=tuple(dict.fromkeys(one.attribution for one in all_of_them if one.attribution)),
    )


def answer_in_words(answer: Answer) -> str:
    """ "oui", "non" or "inconnu"."""
    return tr(*ANSWERS[answer])


def licence_from_json(record: Mapping[str, str]) -> Licence:
    """Reads `Licence.to_json`'s form, as a manifest holds it: in one language, but for a declared licence."""
    words = {name: (record[name], record[name]) for name in ("stated", "personal_data")}
    both = stated_of(record.get("identifier", ""))
    if both and record["stated"] in both:
        words["stated"] = both
    known = {name: value for name, value in record.items() if name in Licence.__dataclass_fields__}
    return Licence(**{**known, **words})  # type: ignore[arg-type]


def licences_of(manifest: Mapping[str, Any]) -> dict[str, Licence]:
    """Source → licence, from the manifest of a prepared set."""
    names = (source["name"] + (f":{source['part']}" if source["part"] else "") for source in manifest["sources"])
    licences = (licence_from_json(source["licence"]) for source in manifest["sources"])
    return dict(zip(names, licences, strict=True))


def _terms_of(licence: Licence) -> tuple[Answer, ...]:
    return licence.redistribution, licence.commercial_use, licence.share_alike
