"""The little French grammar that questions need: sentences, contractions, pronouns, what leans on earlier text.

Everything here is strict: where agreement cannot be told from the words themselves, the answer is None and the rule
that asked makes no question.
"""

import re

VOWELS = "aàâeéèêëiîïoôuùûhœAÀÂEÉÈÊËIÎÏOÔUÙÛHŒ"
# A full stop after these ends no sentence.
ABBREVIATIONS = (
    r"(?:\b(?:art|al|n|no|nos|p|pp|cf|etc|ex|env|max|min|M|MM|Mme|Dr|Pr|St|Ste|tél|bd|av|op|cit|chap|[A-Z])\.)"
)
BOUNDARY = re.compile(r"(?<=[.!?])(?:\s?[»”\"])?\s+(?=[«“\"(]?\s?[A-ZÀÂÉÈÊÎÔÇŒ])")
LEANS = re.compile(  # words that point at something said before
    r"\b(?:ce dernier|cette dernière|ces derniers|ces dernières|celui-ci|celle-ci|ceux-ci|celles-ci|ce|cet|cette|ces|il|elle|ils|elles|"
    r"son|sa|ses|leur|leurs|ledit|ladite|lesdits|lesdites|dudit|précitée?s?|susvisée?s?|susmentionnée?s?|ci-dessus|ci-après|ci-dessous|"
    r"précédente?s?|suivante?s?|ainsi|également|aussi|toutefois|cependant|en outre|même|mêmes|celui|celle|ceux|celles|y|"
    r"présente?s?\s(?:partie|article|loi|titre|livre|chapitre|section|sous-section|décret|arrêté|règlement|paragraphe|alinéa|cahier|marché|contrat)|"
    r"mentionnée?s?|prévue?s?|visée?s?|définie?s?|premier alinéa|deuxième alinéa|alinéa|ses|dits?|dite|dites|tels?|telles?|autres?)\b", re.IGNORECASE,
)  # fmt: skip
POINTS_BACK = re.compile(  # in an answer: words that only earlier text explains
    r"\b(?:cet|cette|ces)\s+(?!code\b|loi\b|dernière|derniers)|\bce\s+(?!qui|que|qu['’]|dont|code|dernier|cas\b)[^\W\d_]{3,}|\bci-dessus\b|\bl'alinéa précédent|"
    r"\b(?:précitée?s?|susvisée?s?|susmentionnée?s?|ledit|ladite|lesdits|lesdites)\b", re.IGNORECASE,
)  # fmt: skip
_FEMININE = (
    "autorité administration entité entreprise commission personne collectivité offre candidature partie procédure demande "
    "décision notification publication consultation commande société garantie avance prestation fourniture durée date "
    "personne direction association organisation institution caisse agence chambre juridiction salariée convention"
)
FEMININE = frozenset(_FEMININE.split())
_MASCULINE = (
    "acheteur pouvoir adjudicateur titulaire candidat opérateur employeur salarié ministre préfet maire président comité conseil "
    "jury soumissionnaire marché contrat maître juge tribunal directeur représentant médecin agent inspecteur syndicat "
    "organisme établissement service comptable ordonnateur cocontractant attributaire groupement mandataire gouverneur "
    "sous-traitant délégué concurrent responsable chef bureau parquet département état"
)
MASCULINE = frozenset(_MASCULINE.split())


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; "art. 12", "n° 3", "R. 2-3" and "M. Dupont" end none."""
    found, start = [], 0
    for boundary in BOUNDARY.finditer(text):
        before = text[start : boundary.start()]
        if re.search(ABBREVIATIONS + r"$", before):
            continue
        closing = boundary[0].rstrip()
        found.append(before + closing)
        start = boundary.end()
    return [*found, text[start:]] if text[start:].strip() else found


def lowered(phrase: str) -> str:
    """A noun phrase inside a sentence: "Les marchés" → "les marchés"; names keep their capital."""
    return phrase[:1].lower() + phrase[1:]


def de(phrase: str) -> str:
    """The phrase after "de": "le code" → "du code", "les marchés" → "des marchés", "un ouvrage" → "d'un ouvrage"."""
    phrase = lowered(phrase)
    if phrase.startswith("le "):
        return "du " + phrase[3:]
    if phrase.startswith("les "):
        return "des " + phrase[4:]
    return f"d'{phrase}" if phrase[:1] in VOWELS and not phrase.startswith("h") else f"de {phrase}"


def after_que(phrase: str) -> str:
    """ "Qu'est-ce que le jury", "Qu'est-ce qu'un ouvrage"."""
    phrase = lowered(phrase)
    return f"qu'{phrase}" if phrase[:1] in VOWELS else f"que {phrase}"


def participle_pronoun(verb: str, participle: str) -> str | None:
    """The pronoun that agrees with "est" or "sont" and a past participle: ("sont", "désignés") → "ils"."""
    feminine = re.search(r"(?:é|i|u|t|s)es?$", participle) is not None and participle.rstrip("s").endswith("e")
    if not re.search(r"(?:ée?s?|ie?s?|ue?s?|its?|ites?|erts?|ertes?|ise?s?|us)$", participle):
        return None
    if verb == "sont":
        return ("elles" if feminine else "ils") if participle.endswith("s") else None
    return "elle" if feminine else "il"


def subject_pronoun(phrase: str) -> str | None:
    """The pronoun for a subject: by its article, else by its noun; None when neither tells."""
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", phrase.replace("’", "'").lower())
    if not words:
        return None
    first, noun = words[0], words[1] if len(words) > 1 else ""
    if first in ("le", "un", "tout", "aucun"):
        return "il"
    if first in ("la", "une", "toute", "aucune"):
        return "elle"
    singular = noun.rstrip("sx")
    gender = (
        "f" if noun in FEMININE or singular in FEMININE else "m" if noun in MASCULINE or singular in MASCULINE else ""
    )
    if first in ("l", "chaque"):
        return {"f": "elle", "m": "il"}.get(gender)
    return {"f": "elles", "m": "ils"}.get(gender) if first == "les" else None


def inverted(verb: str, pronoun: str) -> str:
    """ "doit-il", "est-elle", "a-t-il"."""
    link = "-t-" if verb[-1] in "aec" else "-"
    return f"{verb}{link}{pronoun}"


def leans(text: str) -> bool:
    """Whether a question would lean on words that its reader has not seen."""
    return LEANS.search(text) is not None


def points_back(text: str) -> bool:
    """Whether an answer would point at earlier text of the document."""
    return POINTS_BACK.search(text) is not None


def document_phrase(title: str) -> str:
    """A document's name as a noun phrase with its article: "le Code des marchés publics".

    "Le nouveau code de travail 2004" → "le nouveau code de travail 2004"; "Manuel 3" → "le document « Manuel 3 »";
    "" → "le texte".
    """
    name = re.sub(r"\s*\([^)]*\)\s*$", "", title).strip(" .:")
    if not name:
        return "le texte"
    if re.match(r"(?:Le|La)\s|L['’]", name):  # of "Les marchés publics" no "que dit" may ask
        return lowered(name)
    first = re.split(r"[\s'’]", name)[0].lower()
    if first in (
        "code",
        "décret",
        "règlement",
        "cahier",
        "guide",
        "manuel",
        "traité",
        "protocole",
        "rapport",
        "statut",
        "dahir",
    ):
        return f"le {_cased(name)}"
    if first in (
        "loi",
        "convention",
        "directive",
        "charte",
        "constitution",
        "circulaire",
        "délibération",
        "décision",
        "notice",
    ):
        return f"la {_cased(name)}"
    if first in ("arrêté", "avis", "accord", "ordonnance", "instruction"):
        return f"l'{_cased(name)}"
    return f"le document «\u00a0{name}\u00a0»"


def _cased(name: str) -> str:
    """A name in capitals is said in small letters: "CODE DES DOUANES" → "code des douanes"."""
    return name.lower() if name.isupper() else lowered(name)
