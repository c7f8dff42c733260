"""Questions on figures of French law: deadlines and durations ("dans un délai de dix jours"), amounts and thresholds."""

import re

from datasets_prep.questions.french import inverted, lowered, participle_pronoun, subject_pronoun
from datasets_prep.questions.statements import SUBJECT, Statement, subject_match

AMOUNT = r"\d[\d\s\u00a0\u202f.,]*(?:euros?|€|dirhams?|DH|MAD|F\s?CFA|FCFA|francs?|%|p\.?\s?(?:100|cent))"
SPAN = (
    r"(?:\d{1,3}|un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|douze|quinze|vingt|trente|quarante|quarante-huit|soixante|"
    r"quatre-vingt-dix|vingt-deux|trente-sept|cinquante-deux|trente-six|quarante-cinq)(?:\s\(\d+\))?\s(?:jours?|mois|ans?|années?|heures?|semaines?)"
)  # fmt: skip


def deadline(statement: Statement) -> str | None:
    """ "Le délai … ne peut être inférieur à quinze jours" → "Quel est le délai … ?"."""
    sentence = statement.sentence
    found = subject_match(
        rf"(?P<subject>(?:Le délai|La durée|Les délais|La périodicité)\s[^,;:.()]{{3,110}}?)(?:, [^,;:.]{{5,90}},)? "
        rf"(?:est (?:fixée? (?:au maximum |au minimum )?à|de|portée? à|limitée? à|réduite? à)|sont (?:fixés à|de)|"
        rf"ne (?:peut|peuvent|saurait)(?: en aucun cas)? (?:être (?:inférieure?s?|supérieure?s?) à|excéder|dépasser))[^.;:]{{0,30}}{SPAN}", sentence,
    )  # fmt: skip
    if found:
        word = {"Le": "Quel est", "La": "Quelle est", "Les": "Quels sont"}[found["subject"].split()[0]]
        return f"{word} {lowered(found['subject'])} ?"
    found = subject_match(
        rf"{SUBJECT} (?P<verb>dispose|disposent|bénéficie|bénéficient) d['’]un délai (?:maximum |maximal |minimum )?de {SPAN}[^,;:.]{{0,90}}?"
        rf"(?P<goal> (?:pour|afin de) [^,;:.]{{5,110}})", sentence,
    )  # fmt: skip
    if found:
        return f"De quel délai {found['verb']} {lowered(found['subject'])}{found['goal']} ?"
    return _within(sentence)


LIMIT = (
    rf",?\s(?:dans (?:un|le) délai (?:maximum |maximal |minimal )?de {SPAN}|dans les {SPAN}|(?:au plus tard |au moins ){SPAN} (?:avant|après|à compter)|"
    rf"{SPAN} (?:au plus tard |au moins )(?:avant|après|à compter))"
)  # fmt: skip
ACTS = (
    "procède|notifie|adresse|transmet|envoie|communique|informe|statue|rend|répond|convoque|délivre|remet|établit|publie|verse|avise|prend|"
    "dresse|invite|soumet|déclare|dépose|paie|règle|restitue"
)


def _within(sentence: str) -> str | None:
    """ "La décision est notifiée dans un délai de dix jours" → "Dans quel délai la décision est-elle notifiée ?"."""
    found = subject_match(
        rf"{SUBJECT} (?P<verb>est|sont) (?P<done>\w+)(?P<middle>(?: [^,;:.]{{3,80}}?)?){LIMIT}", sentence
    )
    if found:
        pronoun = participle_pronoun(found["verb"], found["done"])
        return (
            pronoun
            and f"Dans quel délai {lowered(found['subject'])} {found['verb']}-{pronoun} {found['done']}{found['middle']} ?"
        )
    found = subject_match(
        rf"{SUBJECT} (?P<verb>doit|doivent) (?P<do>(?:être (?P<done>\w+)|[a-zéèê]+(?:er|ir|re))(?: [^,;:.]{{3,90}}?)?){LIMIT}",
        sentence,
    )
    if found:
        plural = found["verb"] == "doivent"
        pronoun = (
            participle_pronoun("sont" if plural else "est", found["done"])
            if found["done"]
            else subject_pronoun(found["subject"])
        )
        return (
            pronoun
            and f"Dans quel délai {lowered(found['subject'])} {inverted(found['verb'], pronoun)} {found['do']} ?"
        )
    found = subject_match(rf"{SUBJECT} (?P<verb>{ACTS})(?P<middle> [^,;:.]{{3,90}}?){LIMIT}", sentence)
    if found:
        pronoun = subject_pronoun(found["subject"])
        return (
            pronoun
            and f"Dans quel délai {lowered(found['subject'])} {inverted(found['verb'], pronoun)}{found['middle']} ?"
        )
    return None


def amount(statement: Statement) -> str | None:
    """ "Le montant de l'avance est fixé à 5 % de …" → "À combien est fixé le montant de l'avance ?"."""
    found = subject_match(
        rf"{SUBJECT} (?P<verb>est|sont) (?P<done>fixée?s?|limitée?s?|égale?s?) à [^.;:]{{0,30}}?{AMOUNT}",
        statement.sentence,
    )
    if found:
        if found["done"].startswith("éga"):
            return f"À combien s'élève {lowered(found['subject'])} ?" if found["verb"] == "est" else None
        return f"À combien {found['verb']} {found['done']} {lowered(found['subject'])} ?"
    found = subject_match(
        rf"{SUBJECT} ne (?:peut|peuvent|saurait|doit|doivent)(?: en aucun cas)? (?P<way>être (?:inférieure?s?|supérieure?s?) à|excéder|dépasser) [^.;:]{{0,30}}?{AMOUNT}", statement.sentence,
    )  # fmt: skip
    if found:
        low = "inférieur" in found["way"]
        return f"Quel est le {'minimum' if low else 'maximum'} fixé pour {lowered(found['subject'])} ?"
    return _from_which_amount(statement.sentence)


def _from_which_amount(sentence: str) -> str | None:
    """ "Tout marché d'un montant supérieur à … est précédé …" → "À partir de quel montant un marché est-il … ?"."""
    found = re.search(
        rf"(?:^T|, t)out(?P<e>e?) (?P<noun>[^,;:.()]{{3,60}}?) d['’]un montant (?:estimé )?(?:égal ou )?supérieur (?:ou égal )?à {AMOUNT}[^,;:.]{{0,12}} est (?P<done>\w+)(?P<rest> [^,;:.]{{3,90}})", sentence,
    )  # fmt: skip
    if found:
        it, one = ("elle", "une") if found["e"] else ("il", "un")
        return f"À partir de quel montant {one} {found['noun']} est-{it} {found['done']}{found['rest']} ?"
    found = subject_match(
        rf"{SUBJECT} (?P<verb>est|sont) (?P<done>\w+)(?P<middle>(?: [^,;:.]{{3,80}}?)?) lorsque le montant [^,;:.]{{3,80}} supérieur (?:ou égal )?à {AMOUNT}",
        sentence,
    )
    if found:
        pronoun = participle_pronoun(found["verb"], found["done"])
        return (
            pronoun
            and f"À partir de quel montant {lowered(found['subject'])} {found['verb']}-{pronoun} {found['done']}{found['middle']} ?"
        )
    return None
