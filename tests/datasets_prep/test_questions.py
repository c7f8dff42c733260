"""Questions by rules: good French or none, answers that are text of the document, and nothing lost on the way."""

import re
from collections import Counter
from dataclasses import replace

import pymupdf
import pytest

from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document, read_document
from datasets_prep.questions.article_rules import cut
from datasets_prep.questions.french import (
    de,
    document_phrase,
    participle_pronoun,
    points_back,
    sentences,
    subject_pronoun,
)
from datasets_prep.questions.pairs import RULES, LeftAside, Pair, RefusedPair, reference, with_part
from datasets_prep.questions.rules import pairs_by_rules
from datasets_prep.questions.statements import LONGEST_ANSWER
from datasets_prep.rows import REASONS, Rejected
from datasets_prep.sources import SOURCES
from datasets_prep.spec import Given


def asked(*paragraphs: str, title: str = "", language: str = "fr") -> dict[str, str]:
    """Question → answer, of one article 7, its own number's questions left out."""
    passage = Passage(kind="article", label="Article 7", paragraphs=paragraphs, title=title, number=1)
    document = Document(file="c.txt", title="Code des essais", kind="law", language=language, passages=(passage,))
    pairs = [one for one in pairs_by_rules(document) if isinstance(one, Pair)]
    return {pair.question.replace("\u00a0", " "): pair.answer for pair in pairs if pair.rule != "article"}


SENTENCES = {
    "Un ouvrage est le résultat d'un ensemble de travaux destiné à remplir une fonction.": "Qu'est-ce qu'un ouvrage ?",
    "Les marchés de services sont les marchés conclus avec des prestataires.": "Que sont les marchés de services ?",
    'On entend par " travail par relais ", l\'organisation de travail en équipes.': "Qu'entend-on par « travail par relais » ?",
    "Lorsqu'un marché porte à la fois sur des services et des travaux, il est un marché de travaux.": "Que prévoit le code des essais lorsqu'un marché porte à la fois sur des services et des travaux ?",
    "En cas de sous-traitance, le titulaire demeure responsable.": "Que prévoit l'article 7 du code des essais en cas de sous-traitance ?",
    "La durée des accords-cadres ne peut dépasser quatre ans.": "D'après l'article 7 du code des essais, quelle est la durée des accords-cadres ?",
    "Le délai de réception des offres, en cas de lettre, est de quinze jours.": "D'après l'article 7 du code des essais, quel est le délai de réception des offres ?",
    "La décision est notifiée au candidat dans un délai de dix jours.": "D'après l'article 7 du code des essais, dans quel délai la décision est-elle notifiée au candidat ?",
    "Les offres doivent être déposées dans un délai de 30 jours.": "D'après l'article 7 du code des essais, dans quel délai les offres doivent-elles être déposées ?",
    "Le maire transmet le dossier au préfet dans un délai de huit jours.": "D'après l'article 7 du code des essais, dans quel délai le maire transmet-il le dossier au préfet ?",
    "Le titulaire dispose d'un délai de dix jours pour présenter ses observations.": None,  # "ses" leans on nothing seen
    "Le titulaire dispose d'un délai de dix jours pour répondre au maire.": "D'après l'article 7 du code des essais, de quel délai dispose le titulaire pour répondre au maire ?",
    "Le montant de la caution est fixé à 3 % du montant du marché.": "D'après l'article 7 du code des essais, à combien est fixé le montant de la caution ?",
    "Le montant de la retenue ne peut être supérieur à 5 % du prix.": "D'après l'article 7 du code des essais, quel est le maximum fixé pour le montant de la retenue ?",
    "Tout marché d'un montant supérieur à 15 000 euros HT est précédé d'une publicité.": "D'après l'article 7 du code des essais, à partir de quel montant un marché est-il précédé d'une publicité ?",
    "Est puni d'une amende de 300 à 500 dirhams le refus de délivrer la carte.": "D'après l'article 7 du code des essais, de quelle amende est puni le refus de délivrer la carte ?",
    "Il est interdit d'employer des mineurs la nuit.": "D'après l'article 7 du code des essais, est-il permis d'employer des mineurs la nuit ?",
    "Les membres du jury sont désignés par le maire.": "D'après l'article 7 du code des essais, par qui les membres du jury sont-ils désignés ?",
    # what no rule is sure of
    "Le montant est le prix.": None,
    "Ce délai est de dix jours.": None,
    "Lorsqu'il le demande, le candidat est entendu.": None,
    "Lorsque cette décision est prise par le maire, le jury se réunit.": None,
    "Le livre doit être conservé par l'employeur pendant deux ans au moins à compter de sa clôture.": None,
    "Lorsque la procédure est ouverte par le maire, les dispositions de l'article 5 sont applicables.": None,
}  # fmt: skip


@pytest.mark.parametrize(("sentence", "question"), SENTENCES.items())
def test_a_sentence_makes_its_question_or_none(sentence, question):
    assert asked(sentence) == ({question: sentence} if question else {})


def test_a_list_comes_whole_with_the_line_that_opens_it():
    items = ("1° L'identité du candidat ;", "2° Le prix ;", "3° La date.")
    assert asked("I. - Le dossier comprend :", *items, "Il est signé.") == {
        "D'après l'article 7 du code des essais, que comprend le dossier ?": "\n".join(
            ("Le dossier comprend :", *items)
        )
    }


def test_terms_of_a_glossary():
    found = asked("Les termes ci-après se comprennent comme suit :", "acompte : paiement partiel effectué en cours de marché ;",
                  "avenant : acte écrit qui modifie le marché.", "Il est signé par les parties.")  # fmt: skip
    assert (
        found["Que désigne « acompte » dans le code des essais ?"]
        == "acompte : paiement partiel effectué en cours de marché"
    )
    assert found["Que désigne « avenant » dans le code des essais ?"].endswith("signé par les parties.")


def test_english_law():
    found = asked("“Buyer” means the person who pays for the goods.", title="Meaning of terms used", language="en")
    assert found == {"What does “Buyer” mean?": "“Buyer” means the person who pays for the goods."}


def test_long_articles_are_cut_at_paragraphs_with_the_opening_line_again():
    items = [f"{n}° " + "Un élément de la liste, long de bien des mots ; " * 6 for n in range(1, 15)]
    parts = cut(["Le dossier comprend :", *items])
    assert len(parts) > 2 and all(text.startswith("Le dossier comprend :\n[…]\n") for _, text in parts[1:])
    assert all(len(text) <= LONGEST_ANSWER + 400 for _, text in parts)
    assert [line for _, text in parts for line in text.split("\n") if re.match(r"\d+°", line)] == items
    romans = cut([f"{numeral}. - " + "Une phrase assez longue pour compter. " * 20 for numeral in ("I", "II", "III")])
    assert [numeral for numeral, _ in romans] == ["I", "II", "III"]


@pytest.mark.parametrize(
    "name", ["code_marches_publics_2006.txt", "pdf/maroc_code_du_travail_2004.pdf", "pdf/boamp-avis-20-101053.pdf"]
)
def test_every_answer_is_text_of_its_passage(shared_data, name):
    document = read_document(shared_data / "marches_publics_fr" / name)
    pairs = [one for one in pairs_by_rules(document) if isinstance(one, Pair)]
    for pair in pairs:
        whole = " ".join(pair.passage.text.split())
        for line in pair.answer.split("\n"):
            if line != "[…]":
                assert line[1:] in whole, (pair.question, line)
    questions = [pair.question for pair in pairs]
    assert len(set(questions)) == len(questions)
    assert all(question[:1].isupper() and re.search(r"\u00a0\?$", question) for question in questions)


def test_every_passage_has_a_pair_or_a_reason(shared_data):
    document = read_document(shared_data / "marches_publics_fr" / "code_marches_publics_2006.txt")
    outcomes = list(pairs_by_rules(document))
    with_pair = {one.passage.number for one in outcomes if isinstance(one, Pair)}
    aside = {one.passage.number for one in outcomes if isinstance(one, LeftAside)}
    assert with_pair | aside == {passage.number for passage in document.passages} and not with_pair & aside
    rules = Counter(one.rule for one in outcomes if isinstance(one, Pair))
    assert rules["article"] > 700 and rules["condition"] > 70 and rules["deadline"] > 15 and rules["definition"] > 10
    assert (
        set(rules) <= RULES.keys() and {one.reason for one in outcomes if isinstance(one, LeftAside)} <= REASONS.keys()
    )


def test_rows_of_the_source(shared_data):
    path = shared_data / "marches_publics_fr" / "pdf" / "maroc_code_du_travail_2004.pdf"
    reading = SOURCES["document"].read(Given(path=path))
    rows = list(reading.rows)
    kept = [row for row in rows if not isinstance(row, Rejected)]
    assert len({row.key for row in kept}) == len(kept) > 1_200
    nineteen = next(row for row in kept if row.meta["passage"] == "Article 19")
    assert nineteen.meta["pages"] == [11] and nineteen.answer.endswith("Référence\u00a0: article 19, page 11.")
    assert nineteen.group == "Le nouveau code de travail 2004, Article 19" and nineteen.place == "Article 19, page 11"
    assert nineteen.meta["section"].startswith("Livre premier : Des conventions") and len(nineteen.meta["sha256"]) == 64
    assert reading.guessed["pages"] == 119 and sum(reading.guessed["pairs_by_rule"].values()) == len(kept)


def test_no_article_stands_on_both_sides_of_a_split(shared_data, prepared):
    data = prepared(shared_data / "marches_publics_fr" / "code_marches_publics_2006.txt")
    homes: dict[str, set[str]] = {}
    for split in data.splits:
        for dialogue in data.split(split):
            homes.setdefault(dialogue.meta["passage"], set()).add(split)
    assert all(len(splits) == 1 for splits in homes.values())
    counts = data.manifest["counts"]
    assert counts["read"] == counts["kept"] + counts["rejected"]


def test_scanned_pages_and_lost_characters_are_rejected_rows(tmp_path):
    image = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    image.clear_with(200)
    file = pymupdf.open()
    page = file.new_page()
    for number in range(1, 5):
        page.insert_text((60, 100 + 28 * number), f"Article {number} : Le lot {number} est conclu par écrit.")
    page.insert_text((60, 300), "Article 5 : Ecrivez au maire, a la mairie")
    width = pymupdf.get_text_length("Article 5 : Ecrivez au maire, a la mairie")
    page.insert_image(pymupdf.Rect(61 + width, 291, 70 + width, 301), pixmap=image)  # stands for "@"
    page.insert_text((72 + width, 300), "du bourg.")
    file.new_page().insert_image(pymupdf.Rect(0, 0, 500, 800), pixmap=image)
    file.save(tmp_path / "code.pdf")
    rows = list(SOURCES["document"].read(Given(path=tmp_path / "code.pdf")).rows)
    assert [(row.place, row.reason) for row in rows if isinstance(row, Rejected)] == [
        ("page 2", "scanned_page"),
        ("Article 5, page 1", "lost_character"),
    ]
    kept = [row for row in rows if not isinstance(row, Rejected)]
    assert {row.meta["passage"] for row in kept} == {f"Article {number}" for number in range(1, 5)}
    assert not any("\ufffc" in row.question + row.answer for row in kept)


def test_no_row_of_a_notice_holds_a_lost_character_or_an_address(shared_data):
    path = shared_data / "marches_publics_fr" / "pdf" / "boamp-avis-20-100721.pdf"
    rows = list(SOURCES["document"].read(Given(path=path)).rows)
    assert sum(not isinstance(row, Rejected) for row in rows) == 22
    assert not any("\ufffc" in row.answer for row in rows if not isinstance(row, Rejected))
    assert not any(re.search(r"\btél\b|courriel", row.answer) for row in rows if not isinstance(row, Rejected))


def test_articles_of_one_number_are_not_asked_for_by_it(write):
    term = "La durée des accords-cadres ne peut dépasser {} ans."
    clause = (
        "Lorsqu'un marché porte à la fois sur des services et des travaux de la commune, il est un marché de travaux."
    )
    body = [f"Article {n}\n{term.format(n + 3)}" for n in (1, 2)] + [f"Article 3\n{clause}"]
    text = "\n\n".join(
        ["Code des essais", *body, "ANNEXE", f"Article 1\n{term.format(9)}", "Article 3\nIl est payé par la commune."]
    )
    outcomes = list(pairs_by_rules(read_document(write("code.txt", text))))
    pairs = {one.question.replace("\u00a0", " "): one.passage.name for one in outcomes if isinstance(one, Pair)}
    assert pairs["D'après l'article 2 du code des essais, quelle est la durée des accords-cadres ?"] == "Article 2"
    assert not any(re.search(r"article [13]\b", question) for question in pairs)
    assert [
        name
        for question, name in pairs.items()
        if question.startswith("Que prévoit le code des essais lorsqu'un marché")
    ] == ["Article 3"]
    aside = {one.passage.name: one.reason for one in outcomes if isinstance(one, LeftAside)}
    assert aside.items() >= {("Article 1", "no_rule"), ("Article 1 (2)", "no_rule"), ("Article 3 (2)", "no_rule")}


def test_refused_pairs_of_a_passage_with_others_are_counted():
    def outcomes(*paragraphs):
        passages = tuple(
            Passage(kind="article", label=f"Article {number}", paragraphs=texts, number=number)
            for number, texts in enumerate(paragraphs, start=1)
        )
        return list(pairs_by_rules(Document(file="c", title="Code", kind="law", language="fr", passages=passages)))

    means = "Un ouvrage est le résultat d'un ensemble de travaux destiné à remplir une fonction."
    refused = [one for one in outcomes((means,), (means,)) if isinstance(one, RefusedPair)]
    assert [(one.passage.label, one.reason, one.question.replace("\u00a0", " "), one.answer) for one in refused] == [
        ("Article 2", "exact_duplicate", "Qu'est-ce qu'un ouvrage ?", means)
    ]
    found = outcomes((means, "Écrivez au maire, lea\ufffcexemple.fr, avant la fin du mois."))
    assert [one.question.replace("\u00a0", " ") for one in found if isinstance(one, Pair)] == [
        "Qu'est-ce qu'un ouvrage ?"
    ]
    assert [one.reason for one in found if isinstance(one, RefusedPair)] == ["lost_character"] * 2
    assert not any(isinstance(one, LeftAside) for one in found)


# --- French ---


def test_sentences():
    text = "Voir l'art. 12 et le n° 3 de l'article R. 2-3. M. Dupont signe. C'est fini ! « Oui. » Non ?"
    assert sentences(text) == [
        "Voir l'art. 12 et le n° 3 de l'article R. 2-3.",
        "M. Dupont signe.",
        "C'est fini !",
        "« Oui. »",
        "Non ?",
    ]


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        ("Code des marchés publics (édition 2006)", "le code des marchés publics"),
        ("Le nouveau code de travail 2004", "le nouveau code de travail 2004"),
        ("LOI SUR LES MARCHÉS", "la loi sur les marchés"),
        ("Arrêté du 3 mai", "l'arrêté du 3 mai"),
        ("Manuel X", "le manuel X"),
        ("Les marchés publics", "le document «\u00a0Les marchés publics\u00a0»"),
        ("Bilan 2025", "le document «\u00a0Bilan 2025\u00a0»"),
        ("", "le texte"),
    ],
)
def test_document_phrase(title, phrase):
    assert document_phrase(title) == phrase


def test_small_grammar():
    assert [de(one) for one in ("le code", "les lots", "l'avis", "la loi", "un lot")] == [
        "du code",
        "des lots",
        "de l'avis",
        "de la loi",
        "d'un lot",
    ]
    assert participle_pronoun("est", "notifiée") == "elle" and participle_pronoun("sont", "désignés") == "ils"
    assert participle_pronoun("est", "possible") is None and participle_pronoun("sont", "notifié") is None
    assert subject_pronoun("L'employeur") == "il" and subject_pronoun("L'aubergine") is None
    assert points_back("Ces documents sont joints.") and not points_back("Le présent code s'applique.")


def test_the_reference_says_the_page_or_nothing():
    passage = Passage(kind="article", label="Article 7", paragraphs=("Un texte.",), pages=(3, 4))
    document = Document(file="c.pdf", title="", kind="law", language="fr", passages=(passage,))
    pair = Pair(question="Que dit l'article 7 du texte ?", answer="Un texte.", rule="article", passage=passage)
    assert reference(pair, document) == "Référence\u00a0: article 7, pages 3-4."
    bare = replace(passage, pages=(0, 0))
    assert reference(replace(pair, passage=bare), document) == ""
    unnamed = replace(pair, passage=bare, question="Que dit le texte ?")
    assert reference(unnamed, document) == "Référence\u00a0: article 7."
    assert reference(pair, replace(document, language="en")) == "Reference: article 7, pages 3-4."


@pytest.mark.parametrize(
    ("part", "language", "asked"),
    [((1, 1), "fr", "Que dit l'article ?"), ((2, 3), "fr", "Que dit l'article (partie 2 sur 3) ?"),
     ((2, 3), "en", "Que dit l'article (part 2 of 3) ?")],
)  # fmt: skip
def test_a_part_is_named_before_the_question_mark(part, language, asked):
    assert with_part("Que dit l'article ?", *part, language) == asked
    assert with_part("What does it say?", 2, 3, "en") == "What does it say (part 2 of 3)?"
