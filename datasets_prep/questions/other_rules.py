"""Questions on lists of definitions, on the rubrics of a notice, and on the sections of prose."""

import re
from collections.abc import Iterator

from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document
from datasets_prep.questions.article_rules import GENERIC, cut
from datasets_prep.questions.french import document_phrase
from datasets_prep.questions.pairs import Pair, with_part

GLOSSARY = re.compile(
    r"(?:termes?|expressions?|mots?|acronymes?|définitions?)\b.*(?:comprennent|définis|signifie|entend|désigne|suit|suivante?s?|après)|on entend par\s*:?$|"
    r"the following (?:terms|definitions|meanings)|shall mean|unless the context", re.IGNORECASE | re.DOTALL,
)  # fmt: skip
TERM = re.compile(
    r"(?:\d{1,2}[.)°]\s?|[a-z][.)]\s?|[-–•]\s?)?[«“\"]?(?P<term>[^:;.«»“”\"]{3,70}?)[»”\"]?\s?:\s(?P<meaning>\S.{15,})",
    re.DOTALL,
)
ENGLISH_MEANS = re.compile(
    r"(?:\W{0,3}\w{1,4}\W\s)?[“\"'](?P<term>[^”\"']{2,60})[”\"'] (?:means|has the meaning|refers to)\b.*", re.DOTALL
)
PRIVATE = re.compile(r"\b(?:tél|courriel|télécopieur|e-mail|fax)\b|@", re.IGNORECASE)
NOT_ASKED = re.compile(r"correspondant|attention|.*\battention$|département|adresse", re.IGNORECASE)
# Rubrics that everybody asks about: the start of their label → the question.
ASKED = {
    "objet du marché": "Quel est l'objet du marché de {notice} ?",
    "date limite de réception des offres": "Quelle est la date limite de réception des offres pour {notice} ?",
    "date limite de réception des candidatures": "Quelle est la date limite de réception des candidatures pour {notice} ?",
    "délai minimum de validité des offres": "Quel est le délai minimum de validité des offres pour {notice} ?",
    "durée du marché": "Quelle est la durée du marché ou le délai d'exécution dans {notice} ?",
    "durée de l'accord-cadre": "Quelle est la durée de l'accord-cadre de {notice} ?",
    "type de procédure": "Quel est le type de procédure de {notice} ?",
    "critères d'attribution": "Quels sont les critères d'attribution de {notice} ?",
    "prestations divisées en lots": "Les prestations de {notice} sont-elles divisées en lots ?",
    "lieu d'exécution": "Quel est le lieu d'exécution indiqué dans {notice} ?",
    "nom et adresse officiels": "Quel organisme acheteur a publié {notice} ?",
    "quantités": "Quelles quantités ou quelle étendue {notice} indique-t-il ?",
    "caractéristiques principales": "Quelles sont les caractéristiques principales du marché de {notice} ?",
    "langues pouvant": "Dans quelle langue peut-on répondre à {notice} ?",
    "cautionnement et garanties": "Quel cautionnement et quelles garanties {notice} exige-t-il ?",
    "modalités essentielles de financement": "Quelles sont les modalités de financement et de paiement dans {notice} ?",
    "forme juridique": "Quelle forme juridique {notice} demande-t-il au groupement attributaire ?",
}  # fmt: skip


def glossary_pairs(passage: Passage, document: Document) -> Iterator[Pair]:
    """ "accord-cadre : accord conclu …" in a list that opens with "les termes ci-après …" → its definition."""
    texts = list(passage.paragraphs)
    start = next(
        (
            place
            for place, text in enumerate(texts)
            if text.rstrip().endswith(":") and len(text) < 1_000 and GLOSSARY.search(text)
        ),
        None,
    )
    if start is None:
        return
    french = document.language == "fr"
    where = f" dans {document_phrase(document.title)}" if document.title else ""
    for term, meaning in _entries(texts[start + 1 :]):
        question = f"Que désigne «\u00a0{term}\u00a0»{where} ?" if french else f"What does “{term}” mean?"
        yield Pair(question=question, answer=meaning, rule="definition", passage=passage)


def english_definitions(passage: Passage) -> Iterator[Pair]:
    """ "“Contract” means …" → "What does “Contract” mean?"."""
    for paragraph in passage.paragraphs:
        if found := ENGLISH_MEANS.fullmatch(paragraph):
            question = f"What does “{found['term']}” mean?"
            yield Pair(question=question, answer=paragraph, rule="definition", passage=passage)


def rubric_pairs(passage: Passage, document: Document) -> Iterator[Pair]:
    """One question on a rubric that holds something, and no address or telephone number of a person."""
    value = passage.text.strip(" .")
    if not re.search(r"\w", value) or PRIVATE.search(passage.text) or NOT_ASKED.match(passage.label):
        return
    notice = f"l'{document.title or 'avis'}"
    label = passage.label.lower()
    known = next((question for start, question in ASKED.items() if label.startswith(start)), None)
    if passage.occurrence > 1 or (known is None and len(value) < 3):
        return
    question = known or "Que dit {notice} à la rubrique «\u00a0{label}\u00a0» ?"
    question = question.format(notice=notice, label=passage.label)
    for number, (_, text) in enumerate(parts := cut(passage.paragraphs), start=1):
        asked = with_part(question, number, len(parts), "fr")
        yield Pair(question=asked, answer=_sentence(text), rule="rubric", passage=passage, part=(number, len(parts)))


def section_pairs(passage: Passage, document: Document) -> Iterator[Pair]:
    """What the document says under a heading; a heading that asks is the question."""
    heading = re.sub(r"^(?:\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5})\s?[.)–-]?\s+", "", passage.label).strip(" .:")
    if len(heading) < 3 or (GENERIC.fullmatch(heading) and not passage.path):
        return
    for number, (_, text) in enumerate(parts := cut(passage.paragraphs), start=1):
        question = with_part(_on_heading(heading, passage, document), number, len(parts), document.language)
        yield Pair(question=question, answer=text, rule="heading", passage=passage, part=(number, len(parts)))


def _on_heading(heading: str, passage: Passage, document: Document) -> str:
    if heading.endswith("?"):
        return heading
    above = passage.path[-1] if passage.path and passage.path[-1] != document.title else ""
    if document.language == "en":
        inside = f" (“{above}”)" if above else ""
        return f"What does {f'“{document.title}”' if document.title else 'the document'} say about “{heading}”{inside}?"
    inside = f" (partie «\u00a0{above}\u00a0»)" if above else ""
    return f"Que dit {document_phrase(document.title)} sur «\u00a0{heading}\u00a0»{inside} ?"


def _entries(texts: list[str]) -> Iterator[tuple[str, str]]:
    """The terms of a glossary with their definitions; lines without a term go on from the one before."""
    term = ""
    lines: list[str] = []
    for text in [*texts, ""]:
        found = TERM.match(text)
        new = bool(found) and not re.search(r"\b(?:est|sont|peut|peuvent|doit|doivent|a|ont)\b", found["term"])  # type: ignore[index]
        if (new or not text) and term:
            yield term, "\n".join(lines).rstrip(" ;")
        if new and found:
            term, lines = found["term"].strip(), [text]
        else:
            lines.append(text)


def _sentence(value: str) -> str:
    """A value as a sentence: its first letter a capital, now that no label stands before it."""
    if "://" in value.split(maxsplit=1)[0]:
        return value
    return value[:1].upper() + value[1:]
