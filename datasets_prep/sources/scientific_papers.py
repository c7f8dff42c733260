"""Scientific papers of arXiv and PubMed: their summary, their sections, their outline.

Upstream: https://github.com/armancohan/long-summarization (Cohan et al., NAACL 2018), through TFDS ``scientific_papers``
(parts ``arxiv`` and ``pubmed``): 215,913 and 133,215 papers in English, one download of 4.2 GiB. Licence: none stated for
the data; papers are open access under their own terms.

Sample row, in the original form (TFDS serves ``article``, ``abstract`` and ``section_names``, without the sections)::

    {"article_id": "1405.3379", "abstract_text": ["<S> additive models play … </S>", …], "article_text": [ … ],
     "section_names": ["introduction", …], "sections": [["additive models @xcite provide …", …], …]}

A paper gives several rows, in one group, so that no split cuts it: its summary, what each section says or how it
begins, and an outline from the abstract. Most papers are longer than a small model reads: they are cut by section (see
`datasets_prep.papers`), and both request and ``meta`` say so. From records in TFDS's form, where the sections cannot be
told apart, come the summary of the paper's beginning and the outline. Texts are in lower case upstream, and stay so.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets_prep.download import TfdsSet, on_disk_or_downloaded
from datasets_prep.paper_files import RECORDS, Paper, paper_files, read_papers
from datasets_prep.papers import Passage, extract, is_mostly_formulas, passages
from datasets_prep.phrasing import LONGEST_CONTEXT, Phrasings, beginning, question_of
from datasets_prep.rows import Rejected, Row, rejected_from
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading

DRIVE = "https://drive.google.com/uc?id={}&export=download"
PARTS = {
    part: TfdsSet(
        name=f"scientific_papers/{part}",
        version="1.1.1",
        archive_folder=f"{part}-dataset",
        by_hand=DRIVE.format(file),
    )
    for part, file in (("arxiv", "1b3rmCSIoh6VhD4HKWjI4HOW-cSwcwbeC"), ("pubmed", "1lvsqvsFi3W-pE1SqNZI0s8NR9rC1tsja"))
}
LONGEST_ANSWER = 700  # characters of a section in an answer
FEWEST_HEADINGS = 3  # of an outline
BACK_MATTER = (
    "acknowledg", "author", "competing interest", "conflict", "consent", "declaration", "disclosure", "ethic", "financial",
    "fund", "pre-publication", "source of support", "supplement", "supporting information", "abbreviation", "reference",
)  # fmt: skip
SUMMARY: Phrasings = {
    "en": ("Summarise this scientific paper.", "What are the main points of this paper?", "Write the abstract of this paper.",
           "What did the authors of this paper do, and what did they find?"),
    "fr": ("Résumez cet article scientifique, en anglais.", "Quels sont les points principaux de cet article ? Répondez en anglais.",
           "Rédigez en anglais le résumé de cet article.", "Qu'ont fait les auteurs de cet article, et qu'ont-ils trouvé ? Répondez en anglais."),
}  # fmt: skip
SUMMARY_OF_EXTRACT: Phrasings = {
    "en": ("Here are the first sentences of the sections of a paper. Summarise the paper.",
           "From the beginning of each section, write the abstract of this paper.",
           "What are the main points of the paper whose sections begin like this?"),
    "fr": ("Voici les premières phrases des sections d'un article. Résumez l'article, en anglais.",
           "À partir du début de chaque section, rédigez en anglais le résumé de cet article.",
           "Quels sont les points principaux de l'article dont les sections commencent ainsi ? Répondez en anglais."),
}  # fmt: skip
SUMMARY_OF_BEGINNING: Phrasings = {
    "en": ("Here is the beginning of a paper. Write its abstract.", "What is the paper about that begins like this? Summarise it.",
           "From its first sentences, summarise this paper."),
    "fr": ("Voici le début d'un article. Rédigez son résumé, en anglais.", "De quoi parle l'article qui commence ainsi ? Résumez-le en anglais.",
           "D'après ses premières phrases, résumez cet article en anglais."),
}  # fmt: skip
SECTION: Phrasings = {
    "en": ("What does the section “{}” say?", "Give the content of the section “{}”.", "What do the authors write under “{}”?"),
    "fr": ("Que dit la section « {} » ? Répondez en anglais, avec les mots des auteurs.", "Donnez, en anglais, le contenu de la section « {} ».",
           "Qu'écrivent les auteurs sous le titre « {} » ? Répondez en anglais."),
}  # fmt: skip
START_OF_SECTION: Phrasings = {
    "en": ("How does the section “{}” begin?", "Give the first sentences of the section “{}”.", "What do the authors write first under “{}”?"),
    "fr": ("Comment commence la section « {} » ? Répondez en anglais, avec les mots des auteurs.",
           "Donnez, en anglais, les premières phrases de la section « {} ».",
           "Qu'écrivent d'abord les auteurs sous le titre « {} » ? Répondez en anglais."),
}  # fmt: skip
OUTLINE: Phrasings = {
    "en": ("Propose an outline for the paper that has this abstract.", "Here is an abstract. Which sections could the paper have?",
           "From this abstract, write the headings of the paper."),
    "fr": ("Proposez, en anglais, le plan de l'article dont voici le résumé.", "Voici un résumé. Quelles sections l'article peut-il avoir ? Répondez en anglais.",
           "À partir de ce résumé, écrivez en anglais les titres des sections de l'article."),
}  # fmt: skip


def read(given: Given) -> Reading:
    """Opens the user's file or folder, or what TFDS downloads.

    Raises:
        InputError: no file of papers is there.
        WorldError: the download failed.
    """
    files = [file for path in _places(given) for file in paper_files(path, given.part)]
    guessed = {"documents": 0, "longest_context": LONGEST_CONTEXT, "requests": given.requests}
    revision = "" if given.path else f"TFDS scientific_papers:{PARTS['arxiv'].version}"
    rows = _all_rows(files, given.requests, guessed)
    return Reading(rows=rows, files=tuple(_on_disk(files)), revision=revision, guessed=guessed)


def _places(given: Given) -> list[Path]:
    if given.path:
        return [given.path]
    parts = [given.part] if given.part else list(PARTS)
    return [
        on_disk_or_downloaded(PARTS[part], f"scientific_papers/{part}", f"scientific_papers:{part}") for part in parts
    ]


def _on_disk(files: list[Path]) -> Iterator[Path]:
    """The files, each folder of TFDS's records with all that is in it."""
    for file in files:
        yield from sorted(file.parent.iterdir()) if file.name == RECORDS else [file]


def _all_rows(files: list[Path], language: str, counts: dict[str, Any]) -> Iterator[Row | Rejected]:
    for file in files:
        for paper in read_papers(file):
            counts["documents"] += 1
            yield from [paper] if isinstance(paper, Rejected) else _rows(paper, language)


def _rows(paper: Paper, language: str) -> Iterator[Row | Rejected]:
    yield _summary(paper, language)
    yield from _sections(paper, language)
    headings = [name for name in paper.headings if name and not _is_back_matter(name)]
    if len(headings) >= FEWEST_HEADINGS:
        yield _outline(paper, headings, language)


def _summary(paper: Paper, language: str) -> Row | Rejected:
    body = [section for section in paper.sections if not _is_back_matter(section.heading)]
    if body:
        passage = extract(body, LONGEST_CONTEXT)
        questions = SUMMARY_OF_EXTRACT if passage.cut else SUMMARY
    else:
        passage = Passage(text=beginning(paper.text, LONGEST_CONTEXT), cut=len(paper.text) > LONGEST_CONTEXT)
        questions = SUMMARY_OF_BEGINNING if passage.cut else SUMMARY
    length = sum(len(section.text) for section in body) or len(paper.text)
    meta = {"task": "summary", "cut": passage.cut, "characters": length, "sections": len(paper.headings)}
    return _row(paper, "summary", questions, language, passage.text, paper.abstract, meta)


def _sections(paper: Paper, language: str) -> Iterator[Row | Rejected]:
    for number, (section, passage) in enumerate(
        zip(paper.sections, passages(paper.sections, LONGEST_CONTEXT, LONGEST_ANSWER), strict=True), start=1
    ):
        if _is_back_matter(section.heading):
            yield Rejected(
                place=paper.place, reason="back_matter", detail="", question=section.heading, answer=section.text
            )
            continue
        answer = beginning(section.text, LONGEST_ANSWER)
        whole = answer == section.text
        questions = {
            name: [phrasing.format(section.heading) for phrasing in phrasings]
            for name, phrasings in (SECTION if whole else START_OF_SECTION).items()
        }
        meta = {"task": "section", "section": section.heading, "cut": passage.cut, "answer_cut": not whole}
        yield _row(paper, f"section-{number}", questions, language, passage.text, answer, meta)


def _outline(paper: Paper, headings: list[str], language: str) -> Row | Rejected:
    answer = "\n".join(name if name[0].isdigit() else f"- {name}" for name in headings)
    context = beginning(paper.abstract, LONGEST_CONTEXT)
    meta = {"task": "outline", "cut": context != paper.abstract}
    return _row(paper, "outline", OUTLINE, language, context, answer, meta)


def _row(
    paper: Paper, what: str, questions: Phrasings, language: str, context: str, answer: str, meta: Mapping[str, Any]
) -> Row | Rejected:
    row = Row(
        key=f"{paper.key}-{what}",
        place=paper.place,
        question=question_of(questions, language, f"{paper.article} {what}"),
        context=context,
        answer=answer,
        group=paper.article,
        meta={**meta, "article": paper.article},
    )
    return rejected_from(row, "formulas") if is_mostly_formulas(answer) else row


def _is_back_matter(heading: str) -> bool:
    return heading.lower().lstrip("0123456789. '").startswith(BACK_MATTER)


SPEC = DatasetSpec(
    name="scientific_papers",
    title=("Articles scientifiques : résumés et sections", "Scientific papers: summaries and sections"),
    language="en",
    size=("349 128 articles, 4,2 Gio à télécharger", "349,128 papers, 4.2 GiB to download"),
    origin=("https://www.tensorflow.org/datasets/catalog/scientific_papers",) * 2,
    licence=Licence(
        stated=(
            "aucune pour les données, chaque article garde la sienne",
            "none for the data, each paper keeps its own",
        ),
        attribution="A. Cohan, F. Dernoncourt, D. S. Kim, T. Bui, S. Kim, W. Chang and N. Goharian, A Discourse-Aware "
        "Attention Model for Abstractive Summarization of Long Documents, NAACL 2018",
        redistribution="unknown",
        commercial_use="unknown",
        personal_data=(
            "cas cliniques publiés, noms dans les remerciements (écartés)",
            "published clinical cases, names in acknowledgements (left out)",
        ),
        link="https://github.com/armancohan/long-summarization",
        checked="2026-11",
    ),
    read=read,
    takes_file=True,
    parts={part: (part,) for part in PARTS},
    upstreams=tuple(PARTS.values()),
    phrased=True,
)
