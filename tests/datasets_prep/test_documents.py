"""Documents as they are found: the real files with their counts, headings of law, notices, hard-wrapped text."""

import json
import re
from collections import Counter

import pytest

from chatbot.errors import InputError
from datasets_prep.documents.headings import article_heading, level_heading
from datasets_prep.documents.passages import read_document
from datasets_prep.questions.pairs import LeftAside, Pair
from datasets_prep.questions.rules import pairs_by_rules


def articles_of(document):
    return [passage for passage in document.passages if passage.kind == "article"]


def one_line(text: str) -> str:
    return " ".join(text.split())


# --- real files ---


def test_every_article_of_the_code_is_found_with_its_text_and_headings(shared_data):
    folder = shared_data / "marches_publics_fr"
    records = [
        json.loads(line) for line in (folder / "code_marches_publics_2006.jsonl").read_text("utf-8").splitlines()
    ]
    document = read_document(folder / "code_marches_publics_2006.txt")
    found = articles_of(document)
    assert document.title == "Code des marchés publics (édition 2006)" and document.kind == "law"
    assert [passage.label for passage in found] == [record["article"] for record in records]
    assert len(found) == 306
    for passage, record in zip(found, records, strict=True):
        assert one_line(passage.text) == one_line(record["texte"]), passage.label
    above = [
        one_line(" > ".join(passage.path)) == one_line(record["section"].split(" > ", 1)[1])
        for passage, record in zip(found, records, strict=True)
    ]
    assert above.count(False) <= 2  # two articles whose trail is of another form


def test_the_benin_code_hard_wrapped_without_hyphens(shared_data, write):
    path = shared_data / "marches_publics_fr" / "benin_code_marches_publics_2020.jsonl"
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    text = "\n\n".join(f"{record['article']}\n{record['texte']}" for record in records)
    document = read_document(write("benin.txt", f"Code des marchés publics du Bénin\n\n{text}"))
    found = articles_of(document)
    assert len(found) == 134 and len({passage.label for passage in found}) == 134
    assert found[1].title == "Objet" and found[1].text.startswith(
        "La présente loi fixe les règles régissant la passation, le contrôle, l'exécution,"
    )
    assert (
        "accord-cadre :" in found[0].text
        and "ciaprès" not in found[0].text
        and "<!" not in "".join(p.text for p in found)
    )
    assert document.cleaned["lost_hyphens"] == 95


def test_machine_read_tender_files(shared_data, write):
    path = shared_data / "marches_publics_fr" / "maroc_dossiers_ao_2025_ocr.jsonl"
    text = "\n\n".join(json.loads(line)["texte"] for line in path.read_text("utf-8").splitlines())
    document = read_document(write("maroc.txt", text))
    assert len(articles_of(document)) == 21 and document.cleaned["contents_lines"] == 19


def test_the_labour_code_of_119_pages(shared_data):
    document = read_document(shared_data / "marches_publics_fr" / "pdf" / "maroc_code_du_travail_2004.pdf")
    found = articles_of(document)
    assert document.page_count == 119 and document.title == "Le nouveau code de travail 2004"
    assert [passage.label for passage in found] == ["Article premier", *(f"Article {n}" for n in range(2, 590))]
    by_label = {passage.label: passage for passage in found}
    assert by_label["Article 19"].pages == (11, 11) and by_label["Article 17"].pages == (10, 11)
    assert by_label["Article 22"].pages == (11, 12)
    assert by_label["Article 589"].text.endswith("Bulletin Officiel.")  # not the footnote, nor the note under the line
    assert by_label["Article 59"].text.startswith(
        "Le salarié bénéficie, en cas de licenciement abusif, de versement de dommage-intérêts"
    )
    assert "visée à l'article 63 ci-dessus" in "".join(passage.text for passage in found)
    assert ("Titre III : Dispositions générales") in {heading for passage in found for heading in passage.path}
    assert not any("Il :" in heading or "Ill" in heading for passage in found for heading in passage.path)


@pytest.mark.parametrize(
    ("number", "pages", "rubrics", "ends"),
    [
        ("20-100260", 4, 32, "1er septembre 2020, à 12 heures."),
        ("20-100721", 3, 34, "10 septembre 2020, à 12 heures."),
        ("20-101053", 8, 36, "10 septembre 2020, à 16 heures."),
        ("20-101498", 2, 19, "26 août 2020, à 18 heures."),
        ("20-101609", 3, 28, "11 septembre 2020, à 12 heures."),
        ("20-101626", 4, 23, None),
    ],
)
def test_the_notices_of_boamp(shared_data, number, pages, rubrics, ends):
    document = read_document(shared_data / "marches_publics_fr" / "pdf" / f"boamp-avis-{number}.pdf")
    assert (document.kind, document.title, document.page_count) == ("notice", f"avis n° {number}", pages)
    text = "\n".join(passage.text for passage in document.passages)
    assert "page " + str(pages) not in text and "pagepage" not in text and "....." not in text
    values = {
        passage.label: passage.text
        for passage in document.passages
        if passage.kind == "rubric" and passage.occurrence == 1
    }
    assert ends is None or values["Date limite de réception des offres"] == ends
    assert sum(passage.kind == "rubric" for passage in document.passages) >= rubrics
    assert document.cleaned["page_numbers"] == pages - 1 and document.cleaned["lost_images"] >= 1


# --- headings ---


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        ("Article 12", "12", ""),
        ("Article 12 :Le salarié doit", "12", "Le salarié doit"),
        ("Art. 12. - Le marché est écrit.", "12", "Le marché est écrit."),
        ("Art. R. 2-3 Les offres", "R. 2-3", "Les offres"),
        ("Article L2123-1 : Objet", "L2123-1", "Objet"),
        ("ARTICLE 9 Justification des capacités", "9", "Justification des capacités"),
        ("Article premier :Les dispositions", "premier", "Les dispositions"),
        ("Article 1er.– Objet", "1er", "Objet"),
        ("Article 2 L'acheteur choisit.", "2", "L'acheteur choisit."),
        ("Article 5 A défaut d'accord,", "5", "A défaut d'accord,"),
        ("Article 70-2", "70-2", ""),
        ("Article 4 bis : Délais", "4 bis", "Délais"),
        ("Article 12. The buyer shall", "12", "The buyer shall"),
    ],
)
def test_article_headings(text, number, rest):
    found = article_heading(text)
    assert found is not None and (found.number, found.rest) == (number, rest)


@pytest.mark.parametrize(
    "text",
    [
        "Article 12 du présent code",
        "l'article 12",
        "Articles 12 et 13",
        "Article 12 est abrogé",
        "L'Article R2142-21 du Code",
        "Artisan 3",
    ],
)
def test_what_is_no_article_heading(text):
    assert article_heading(text) is None


@pytest.mark.parametrize(
    ("text", "level", "mended"),
    [
        ("PREMIÈRE PARTIE : DISPOSITIONS", 0, "PREMIÈRE PARTIE : DISPOSITIONS"),
        ("Livre Il : Des conditions de travail", 1, "Livre II : Des conditions de travail"),
        ("Titre Premier : Dispositions générales", 2, "Titre Premier : Dispositions générales"),
        ("Chapitre IlI : Du travail", 4, "Chapitre III : Du travail"),
        ("Sous-section V : Contentieux", 6, "Sous-section V : Contentieux"),
        ("Section 1. - Objet", 5, "Section 1. - Objet"),
        ("TITRE II", 2, "TITRE II"),
        ("ANNEXE 2 : Seuils", 8, "ANNEXE 2 : Seuils"),
    ],
)  # fmt: skip
def test_headings_above_articles(text, level, mended):
    found = level_heading(text)
    assert found is not None and (found.level, found.text) == (level, mended)


@pytest.mark.parametrize(
    "text", ["livre II de la présente loi", "partie de ses activités à des salariés", "Section de vote n° 3 ouverte"]
)
def test_what_is_no_heading(text):
    assert level_heading(text) is None


# --- small texts ---


def test_titles_on_their_own_lines_and_repeated_numbers(write):
    text = "TITRE II\nDES MARCHÉS\n\nArticle 1\nObjet du marché\nLe marché est écrit.\n\nArticle 2\nIl est signé.\n\nANNEXE\n\nArticle 1\nUn autre texte.\n"
    document = read_document(write("code.txt", text))
    first, second, third = articles_of(document)
    assert (first.title, first.text, first.path) == (
        "Objet du marché",
        "Le marché est écrit.",
        ("TITRE II : DES MARCHÉS",),
    )
    assert (second.text, third.name, third.path) == ("Il est signé.", "Article 1 (2)", ("ANNEXE",))


def test_pages_of_a_text_with_form_feeds(write):
    pages = [
        f"Recueil des essais\n\nArticle {n} : Le marché {n} est écrit en\ndeux lignes.\n\n- {n} -\n"
        for n in range(1, 5)
    ]
    document = read_document(write("code.txt", "\f".join(pages)))
    assert [(passage.pages, passage.text) for passage in articles_of(document)][2] == (
        (3, 3),
        "Le marché 3 est écrit en deux lignes.",
    )
    assert document.page_count == 4 and document.cleaned["page_numbers"] == 4


def test_the_place_of_a_passage_is_its_place_among_the_characters(write):
    document = read_document(
        write("a.txt", "\n\n".join(f"Article {n}\n\nLe texte numéro {n}.\n\nFin." for n in range(1, 5)))
    )
    whole = "\n\n".join(passage.text for passage in document.passages)
    assert all(whole[passage.start : passage.end] == passage.text for passage in document.passages)


def test_nothing_of_a_text_is_lost(shared_data):
    """All words of the code are in a passage, a heading or a title."""
    path = shared_data / "marches_publics_fr" / "code_marches_publics_2006.txt"
    document = read_document(path)
    kept = Counter()
    for passage in document.passages:
        kept.update(f"{passage.text} {passage.title}".split())
    body = Counter(
        word
        for line in path.read_text("utf-8").splitlines()
        if " > " not in line and not line.startswith("Article ") and level_heading(line) is None
        for word in line.split()
    )
    assert body == kept


# Texts of which lines without text under them could go lost.
BARE = {
    "steps": (
        "prose",
        "Manuel de la machine\n\nPour démarrer, suivez les étapes.\n\n1. Branchez la machine\n2. Attendez dix secondes\n"
        "3. Appuyez sur le bouton rouge\n4. Vérifiez la pression\n\nEnsuite la machine tourne seule pendant une heure.\n\n"
        "5. Débranchez la machine\n",
    ),
    "notice": (
        "notice",
        "Avis n° 20-1\n\nI.1) Nom : Mairie\nI.2) Adresse : rue\nII.1.1) Intitulé : Travaux\n"
        "II.1.6) Les variantes seront prises en considération\nII.1.7) Une enchère électronique sera effectuée\n"
        "II.2) Lieu : Briey\nII.3) Date : mai\nII.4) Objet : école\n",
    ),
    "law": (
        "law",
        "Code\n\nArticle 1 : Le marché est écrit.\nArticle 2 : Abrogé\nArticle 3 : Le marché est signé.\n"
        "Article 4 : Sans objet\nArticle 5 : Le marché est payé.\nArticle 6 : Abrogé\nArticle 7 : Abrogé\nArticle 8 : Abrogé\n"
        "Article 9 : Le marché est clos.\n",
    ),
}


@pytest.mark.parametrize("name", BARE)
def test_nothing_of_a_text_of_bare_headings_is_lost(write, name):
    kind, text = BARE[name]
    document = read_document(write("bare.txt", text))
    assert document.kind == kind
    pieces = [piece for one in document.passages for piece in (one.label, one.title, one.text)]
    found = Counter(re.findall(r"\w+", " ".join(pieces)))
    assert Counter(re.findall(r"\w+", text)) == found, document.passages
    aside = {one.passage.number for one in pairs_by_rules(document) if isinstance(one, LeftAside)}
    paired = {one.passage.number for one in pairs_by_rules(document) if isinstance(one, Pair)}
    assert aside | paired == {passage.number for passage in document.passages}


def test_articles_of_contents_and_headings_printed_twice_are_no_text(write):
    contents = "Article 1 : Objet\nArticle 2 : Durée du marché\nTITRE II\nArticle 3 : Prix\n\n"
    body = "Article 1 : Le marché est écrit.\n\nArticle 2 : Le marché dure.\n\nArticle 3 : Prix\nArticle 3 : Prix\nLe prix est ferme.\n"
    document = read_document(write("code.txt", "Code\n\n" + contents + body))
    found = [(passage.label, passage.title, passage.text) for passage in articles_of(document)]
    assert found == [("Article 1", "", "Le marché est écrit."), ("Article 2", "", "Le marché dure."),
                     ("Article 3", "Prix", "Le prix est ferme.")]  # fmt: skip
    assert document.cleaned["contents_lines"] == 4


def test_markdown_keeps_its_sections_when_every_paragraph_is_one_line(write):
    text = "# Cours de droit\n\n## Définition\n\nUn marché est un contrat conclu avec un prix.\n\n## Lot\n\nUn lot est une part du marché.\n"
    document = read_document(write("cours.txt", text))
    assert document.title == "Cours de droit"
    assert [(passage.label, passage.path, passage.text) for passage in document.passages] == [
        ("Définition", ("Cours de droit",), "Un marché est un contrat conclu avec un prix."),
        ("Lot", ("Cours de droit",), "Un lot est une part du marché."),
    ]


def test_a_byte_that_is_no_text_is_shown_and_counted(write, prepared):
    articles = "\n\n".join(f"Article {n}\n\nLe marché {n} est signé par le maire de la ville." for n in range(1, 30))
    path = write("code.txt", articles.encode() + b"\n\nArticle 30\n\nLe mot \xff est rare ici dans ce texte.\n")
    document = read_document(path)
    assert document.passages[-1].text == "Le mot \\xFF est rare ici dans ce texte."
    assert document.cleaned["unreadable_bytes"] == 1 and len(document.passages[-1].sha256) == 64
    data = prepared(path)
    answers = [dialogue.messages[-1].content for split in data.splits for dialogue in data.split(split)]
    assert any("\\xFF" in answer for answer in answers)


@pytest.mark.parametrize(
    ("piece", "count"),
    [("x ", 150_000), ("a", 100_000), (".", 50_000), ("(", 15_000), ("- \n", 5_000), ("1. ", 10_000)],
)
def test_strange_texts_take_time_by_their_length_and_not_by_its_square(write, growth, piece, count):
    small, large = write("odd.txt", piece * count), write("odd_twice.txt", piece * 2 * count)
    assert growth(read_document, small, large) < 3


def test_missing_and_empty_texts(write, tmp_path):
    with pytest.raises(InputError, match="introuvable"):
        read_document(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="vide"):
        read_document(write("vide.txt", " \n"))
