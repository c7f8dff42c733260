"""Questions on a whole article: by its number, and by its topic when the article is all that the document says of it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document
from datasets_prep.questions.french import de, document_phrase
from datasets_prep.questions.pairs import Pair, with_part
from datasets_prep.questions.statements import LONGEST_ANSWER, ROMAN, is_item

MOST_PARTS = 8  # an article cut in more is no answer any more; its sentences still make pairs
PHRASINGS = (
    ("Que prévoit {it} ?", "Que dit {it} ?", "Quel est le contenu {of_it} ?", "Que dispose {it} ?"),
    ("What does {it} provide?", "What does {it} say?", "What is in {it}?", "What is laid down in {it}?"),
)
# Titles that say nothing of their own.
GENERIC = re.compile(
    r"(?:dispositions?|règles?)\s+(?:générales?|communes?|diverses?|finales?|particulières?|transitoires?|pénales?|spécifiques?|"
    r"applicables?|préliminaires?)\b.{0,25}|(?:dispositions|définitions?|objet|généralités|divers|principes?|champ d['’]application|"
    r"principes généraux|exclusions?|terminologie|entrée en vigueur|abrogations?|préambule|introduction|general|definitions|scope|"
    r"miscellaneous|short title|commencement)", re.IGNORECASE,
)  # fmt: skip
# An article that begins so says what another one says, with changes.
REFERS = re.compile(
    r"(?:[IVX]+\s?\.?\s?[-–―]\s?)?(?:[^.;:]{3,140}, )?(?:[Ll]es?|[Ll]a|[Ll]['’])\s?(?:dispositions?|articles?|règles)\b[^.:;]{0,160}\b(?:applicables?|s['’]appliquent?)\b"
)  # fmt: skip
HEADING = re.compile(
    r"^(?:\w+\s+partie|partie|livre|titre|sous-titre|chapitre|section|sous-section|paragraphe)\s*[\w.-]*\s*[:.–—-]+\s*", re.IGNORECASE
)  # fmt: skip


def article_pairs(passage: Passage, document: Document, alone: bool) -> Iterator[Pair]:
    """The questions that name the article, and the one on its topic.

    Args:
        passage: an article.
        document: where it stands.
        alone: whether it is the only article under its headings.
    """
    parts = cut(passage.paragraphs)
    if len(parts) <= MOST_PARTS:
        for number, (numeral, text) in enumerate(parts, start=1):
            for question in _named(passage, document, numeral, number, parts):
                yield Pair(question=question, answer=text, rule="article", passage=passage, part=(number, len(parts)))
    topic = _topic(passage, alone)
    if topic and len(parts) == 1 and document.language == "fr" and not REFERS.match(passage.text):
        question = f"Que dit {document_phrase(document.title)} sur le thème « {topic} » ?"
        yield Pair(question=question, answer=passage.text, rule="theme", passage=passage)


def cut(paragraphs: Sequence[str]) -> list[tuple[str, str]]:
    """The parts of an article, at most `LONGEST_ANSWER` characters each unless one paragraph is longer.

    A long article is cut before its sections "I.-", "II.-", and these at the ends of paragraphs; a part that begins
    inside a list repeats the line that opens it. Each comes with its section's numeral, "" for none.
    """
    if len("\n".join(paragraphs)) <= LONGEST_ANSWER:
        return [("", "\n".join(paragraphs))]
    parts: list[tuple[str, str]] = []
    for numeral, section in _sections(paragraphs):
        parts += [(numeral, text) for text in _chunks(section)]
    return parts


def _sections(paragraphs: Sequence[str]) -> list[tuple[str, list[str]]]:
    sections: list[tuple[str, list[str]]] = []
    for paragraph in paragraphs:
        found = ROMAN.match(paragraph)
        if found or not sections:
            sections.append((found["numeral"] if found else "", []))
        sections[-1][1].append(paragraph)
    return sections


def _chunks(paragraphs: Sequence[str]) -> list[str]:
    chunks: list[list[str]] = [[]]
    opening = ""
    for paragraph in paragraphs:
        if sum(len(one) + 1 for one in chunks[-1]) + len(paragraph) > LONGEST_ANSWER and chunks[-1]:
            chunks.append([opening, "[…]"] if opening and is_item(paragraph) else [])
        chunks[-1].append(paragraph)
        if not is_item(paragraph) and paragraph.rstrip().endswith(":"):
            opening = paragraph
    return ["\n".join(chunk) for chunk in chunks]


def _named(
    passage: Passage, document: Document, numeral: str, number: int, parts: Sequence[tuple[str, str]]
) -> list[str]:
    """Two questions on a whole article, one on a part; the phrasings are taken in turn."""
    french = document.language == "fr"
    same = [place for place, (other, _) in enumerate(parts, start=1) if other == numeral]
    it = _article(passage, document, numeral if len(parts) > len(same) or numeral else "")
    phrasings = PHRASINGS[0 if french else 1]
    chosen = [phrasings[(passage.number + shift) % len(phrasings)] for shift in range(2 if len(parts) == 1 else 1)]
    questions = [phrasing.format(it=it, of_it=de(it) if french else it) for phrasing in chosen]
    return [with_part(question, same.index(number) + 1, len(same), document.language) for question in questions]


def _article(passage: Passage, document: Document, numeral: str) -> str:
    """ "l'article 12 (« Objet ») du Code des marchés publics", "le II de l'article 26 du Code …"."""
    if document.language == "en":
        inside = f"paragraph {numeral} of " if numeral else ""
        return f"{inside}{passage.label}" + (f" of “{document.title}”" if document.title else "")
    title = f" («\u00a0{passage.title}\u00a0»)" if passage.title else ""
    where = f" {de(document_phrase(document.title))}" if document.title else ""
    whole = f"l'article {passage.label.removeprefix('Article ')}{title}{where}"
    return f"le {numeral} {de(whole)}" if numeral else whole


def _topic(passage: Passage, alone: bool) -> str:
    """What the article is about, in words of its own title, or of the heading above when it is alone there."""
    words = passage.title or (HEADING.sub("", passage.path[-1]) if alone and passage.path else "")
    words = words.strip(" .")
    if words.isupper():
        words = words.capitalize()
    return "" if len(words.split()) < 2 or len(words) > 110 or GENERIC.fullmatch(words) else words


def alone_under_headings(passages: Sequence[Passage]) -> set[int]:
    """The numbers of the articles that are the only one under their headings."""
    articles = [passage for passage in passages if passage.kind == "article"]
    counts = Counter(passage.path for passage in articles)
    return {passage.number for passage in articles if passage.path and counts[passage.path] == 1}
