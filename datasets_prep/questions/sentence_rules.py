"""Questions on one sentence of French law: definitions, conditions, deadlines, amounts, penalties, prohibitions, lists.

Each rule takes a statement and gives the question that it answers, or None. They are strict on purpose: a sentence that
no rule is sure of makes no pair.
"""

import re
from collections.abc import Callable, Iterator

from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document
from datasets_prep.questions.figure_rules import amount, deadline
from datasets_prep.questions.french import (
    after_que,
    de,
    document_phrase,
    leans,
    lowered,
    participle_pronoun,
    points_back,
    subject_pronoun,
)
from datasets_prep.questions.pairs import Pair
from datasets_prep.questions.statements import DETERMINED, FINITE, SUBJECT, Statement, statements, subject_match

Rule = Callable[[Statement], str | None]
QUOTES = " \"“”'’"
UNFINISHED = re.compile(r"\b(?:pendant|à|de|dans|par|pour|avec|et|ou|tenue?s?|censée?s?)(?:\s\?)$")
ANY_TEXT = "Que prévoit-on"
COMPARED = 60  # characters of a condition by which it is looked for elsewhere in the document
LONG_CLAUSE = 11  # words above which a condition is particular enough to do without its article
LONGEST_QUESTION = 230
# Sentences that only point at others.
SAYS_NOTHING = re.compile(
    r"(?:dispositions|articles?|règles|modalités)\b[^.;:]{0,160}\b(?:applicables?|s['’]appliquent?)\b[^.;:]{0,120}\.?$|suivante?s?\s(?:s['’]appliquent|sont applicables)|"
    r"\bsuivante?s?\.$|dispositions (?:du|de la|des|de l['’])", re.IGNORECASE
)  # fmt: skip
NOT_DEFINED = re.compile(
    r"\b(?:articles?|alinéas?|dispositions?|délais?|montants?|durées?|dates?|listes?|présente?s?|décisions?|conditions?|modalités|"
    r"règles|nombre|taux|valeur|prix|avis|cas|cadre|objet|but|effet|caractère|choix|notification|refus|absence)\b", re.IGNORECASE
)  # fmt: skip
DEFINING = re.compile(
    r"\b(?:qui|que|qu['’]|dont|par (?:lequel|laquelle|lesquels|lesquelles)|pour (?:lequel|laquelle|lesquels|lesquelles)|dans (?:lequel|laquelle)|"
    r"conclue?s?|destinée?s?|ayant|permettant|consistant|passée?s?|tendant|visant|effectuée?s?|réalisée?s?|chargée?s?)\b"
)  # fmt: skip
AGENT = (
    r"par (?:le|la|les|l['’]|un|une)\s?(?:ministre|préfet|président|autorité|pouvoir adjudicateur|personne responsable|employeur|"
    r"tribunal|juge|commission|comité|conseil|jury|maire|médecin|agent|inspecteur|délégué|assemblée|exécutif|gouverneur|Premier ministre|"
    r"représentant|titulaire|entité adjudicatrice|maître d['’]ouvrage|comptable|organe|chef|gouvernement|ministère|administration)"
)  # fmt: skip


def sentence_pairs(passage: Passage, document: Document, *, named_once: bool = True) -> Iterator[Pair]:
    """The pairs that single statements of a passage make; at most one each.

    Args:
        passage: an article.
        document: where it stands.
        named_once: whether no other article has its number; where one has, no question names it.
    """
    for statement in statements(passage):
        for name, rule in RULES_IN_ORDER:
            question = _of_this_code(rule(statement) or "")
            if question and not _refused(question, statement):
                asked = question if name == "definition" else anchored(question, passage, document, named_once)
                if asked:
                    yield Pair(question=asked, answer=statement.answer, rule=name, passage=passage)
                break


def anchored(question: str, passage: Passage, document: Document, named_once: bool) -> str:
    """The question with its article: the same words may stand elsewhere in the document with another answer.

    "" when it needs its article, and another one has the same number.
    "Que prévoit-on lorsque … ?" → "Que prévoit l'article 12 du code lorsque … ?"; others begin with "D'après …".
    """
    text = document_phrase(document.title)
    where = f"l'article {passage.label.removeprefix('Article ')} {de(text)}"
    if question.startswith(ANY_TEXT):
        clause = question.removeprefix(ANY_TEXT)
        if _is_particular(clause, document):
            return f"Que prévoit {text}{clause}"
        return f"Que prévoit {where}{clause}" if named_once else ""
    return f"D'après {where}, {lowered(question)}" if named_once else ""


def _is_particular(clause: str, document: Document) -> bool:
    """Whether a condition is long, and stands in one passage only: it then says by itself what is asked."""
    words = clause.strip(" ?\u00a0")
    start = words[1:COMPARED]  # its first letter is a capital in the text
    return len(words.split()) > LONG_CLAUSE and sum(start in passage.text for passage in document.passages) == 1


def _refused(question: str, statement: Statement) -> bool:
    return (
        leans(_without_inversion(question))
        or points_back(statement.sentence)
        or len(question) > LONGEST_QUESTION
        or UNFINISHED.search(question) is not None
        or not statement.sentence[:1].isupper()
        or SAYS_NOTHING.search(statement.sentence) is not None
    )


def _of_this_code(question: str) -> str:
    """ "soumis au présent code" → "soumis au code": in a question nothing is present."""
    return re.sub(r"\b(du|au|le) présent code\b", r"\1 code", question)


def _without_inversion(question: str) -> str:
    return re.sub(r"(?:-t)?-(?:ils?|elles?|ce|on)\b", "", question)


def definition(statement: Statement) -> str | None:
    """ "Un ouvrage est le résultat de …" → "Qu'est-ce qu'un ouvrage ?"."""
    sentence = statement.sentence
    if found := re.match(
        r"(?:Au sens [^,]{3,80}, |Pour l['’]application [^,]{3,80}, )?[Oo]n entend par «?\s?([^,:«»]{3,80}?)\s?»?\s?[,:]\s",
        sentence,
    ):
        return f"Qu'entend-on par «\u00a0{found[1].strip(QUOTES)}\u00a0» ?"
    if found := re.match(
        rf"(?P<term>(?:{DETERMINED})[^,;:]{{3,60}}?) s['’]entend(?:ent)? (?:de|d['’]|comme|par)", sentence
    ):
        return f"Que faut-il entendre par «\u00a0{lowered(found['term'])}\u00a0» ?"
    found = subject_match(
        rf"{SUBJECT}\s(?P<verb>est|sont)\s(?P<what>(?:les?|la|une?|des)\s|l['’])(?P<rest>.*)", sentence
    )
    if not found or found["subject"].lower().startswith(("tout", "chaque")):
        return None
    subject, rest = found["subject"], found["rest"]
    if NOT_DEFINED.search(subject) or len(subject.split()) > 9:
        return None
    head = " ".join(rest.split()[:14])
    if not DEFINING.search(head) or re.match(r"(?:même|seul|suivant|cas échéant)", rest):
        return None
    return (
        f"Que {found['verb']} {lowered(subject)} ?" if found["verb"] == "sont" else f"Qu'est-ce {after_que(subject)} ?"
    )


def constitutes(statement: Statement) -> str | None:
    """ "Constitue une inexactitude délibérée, la production …" → "Qu'est-ce qui constitue … ?"."""
    if found := re.match(r"Constitue(?:nt)? ((?:une?|des|le|la|les) [^,:;]{5,80}?)\s?[,:]\s", statement.sentence):
        return f"Qu'est-ce qui constitue {found[1]} ?"
    if found := re.match(r"Est considérée? comme ([^,:;]{3,80}?)\s?[,:]\stoute personne", statement.sentence):
        return f"Qui est considéré comme {found[1]} ?"
    return None


def condition(statement: Statement) -> str | None:
    """ "Lorsqu'un marché porte sur …, il est …" → "Que prévoit le code lorsqu'un marché porte sur … ?"."""
    found = re.match(
        r"(?P<clause>(?P<word>Lorsque|Lorsqu['’]|En cas d|Dans le cas où|Dans l['’]hypothèse où|Pour (?:les|la|le|l['’]|un|une|tout|toute))[^,;:]{15,210}),\s"
        r"(?P<main>(?:les?|la|une?|ils?|elles?|sont|est|des|aucune?|tout|toute|chaque|seule?s?|le cas échéant|peuvent|peut|on|sauf)\s|l['’]|s['’]il)",
        statement.sentence,
    )
    if not found or len(found["clause"].split()) < 4:
        return None
    if re.search(
        r"\b(?:et|ou)$|\b(?:le|la|les)quel(?:le|s|les)?\b|\blaquelle\b|\blesquel(?:le)?s\b", found["clause"]
    ) or found["clause"].count("(") != found["clause"].count(")"):
        return None
    clause = lowered(found["clause"])
    if clause.startswith(("pour l'application", "pour l’application", "pour le calcul", "pour la détermination")):
        return None
    return f"{ANY_TEXT} {clause} ?"


def penalty(statement: Statement) -> str | None:
    """ "Est puni d'une amende de 300 à 500 dirhams le refus …" → "Quelle sanction encourt … ?"."""
    found = re.match(
        r"(Est punie?|Sont punie?s) (d['’]une amende de [^:;,]{5,60}?(?:dirhams|euros|francs(?: CFA)?))\s?:$",
        statement.sentence,
    )
    if found and statement.opens_list:
        return f"Qu'est-ce qui est puni {found[2]} ?"
    found = re.match(
        r"(?:Est|Sont) (punie?s?) d['’]une amende de [^:;,]{5,60}?(?:dirhams|euros|francs),? ((?:le|la|les)\s|l['’])([^,;:.]{5,150})\.$",
        statement.sentence,
    )
    if found and not FINITE.search(f" {found[3]} "):
        verb = "sont" if found[1].endswith("s") else "est"
        return f"De quelle amende {verb} {found[1]} {found[2]}{found[3]} ?"
    return None


def prohibition(statement: Statement) -> str | None:
    """ "Il est interdit d'employer …" → "Est-il permis d'employer … ?"."""
    found = re.match(
        r"Il est (?:formellement |strictement )?interdit (?P<what>(?:aux? [^,;:.]{3,60} )?d(?:e\s|['’])[^,;:.]{8,170})\.$",
        statement.sentence,
    )
    return f"Est-il permis {found['what']} ?" if found else None


def who(statement: Statement) -> str | None:
    """ "Les membres du jury sont désignés par le …" → "Par qui les membres du jury sont-ils désignés ?"."""
    found = subject_match(rf"{SUBJECT} (?P<verb>est|sont) (?P<done>\w+) {AGENT}", statement.sentence)
    if not found:
        return None
    pronoun = participle_pronoun(found["verb"], found["done"])
    return pronoun and f"Par qui {lowered(found['subject'])} {found['verb']}-{pronoun} {found['done']} ?"


def contents(statement: Statement) -> str | None:
    """ "Le dossier comprend : …" → "Que comprend le dossier ?"."""
    if not statement.opens_list:
        return None
    found = subject_match(
        rf"{SUBJECT} (?P<verb>(?:doit |doivent )?(?:comprend|comprennent|comprendre|comporte|comportent|comporter|contient|contiennent|contenir|"
        rf"mentionne|mentionnent|mentionner|précise|précisent|préciser|indique|indiquent|indiquer))(?: au moins| notamment| obligatoirement)*"
        rf"(?: les (?:éléments|mentions|indications|pièces|documents|renseignements|informations) suivante?s?)?\s?:$", statement.sentence,
    )  # fmt: skip
    if found:
        return f"Que {found['verb']} {lowered(found['subject'])} ?"
    found = subject_match(
        r"(?P<subject>Les [^,;:.()]{5,110}) sont(?: les (?P<end>suivante?s?))?\s?:$", statement.sentence
    )
    if found:
        pronoun = {"suivants": "ils", "suivantes": "elles"}.get(found["end"] or "") or subject_pronoun(found["subject"])
        return pronoun and f"{'Quels' if pronoun == 'ils' else 'Quelles'} sont {lowered(found['subject'])} ?"
    return None


RULES_IN_ORDER: tuple[tuple[str, Rule], ...] = (
    ("definition", definition),
    ("definition", constitutes),
    ("penalty", penalty),
    ("prohibition", prohibition),
    ("deadline", deadline),
    ("amount", amount),
    ("list", contents),
    ("condition", condition),
    ("who", who),
)
