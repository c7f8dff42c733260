"""PDF files made here with PyMuPDF: what is taken away, what is put together, what is refused."""

import os
import re
import shlex
from pathlib import Path

import pymupdf
import pytest

from chatbot.errors import InputError
from datasets_prep.documents.furniture import contents_lines, undoubled, without_furniture
from datasets_prep.documents.lines import Box, Cleaned, Line, Page
from datasets_prep.documents.paragraphs import Joiner
from datasets_prep.documents.passages import read_document
from datasets_prep.documents.pdf import ranges
from datasets_prep.sources.document import report_lines

WIDTH, HEIGHT = 595, 842


def font() -> str:
    """A TTF font with French letters and ligatures: matplotlib ships one."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


@pytest.fixture
def make(tmp_path):
    """Writes a PDF: for each page, what draws it."""

    def write(*pages, name="document.pdf", **options) -> Path:
        document = pymupdf.open()
        for draw in pages:
            page = document.new_page(width=WIDTH, height=HEIGHT)
            page.insert_font(fontname="dejavu", fontfile=font())
            draw(page)
        path = tmp_path / name
        document.save(path, **options)
        return path

    return write


def put(page, x, y, text, size=11.0):
    page.insert_text((x, y), text, fontname="dejavu", fontsize=size)


def column(page, x, lines, top=150, size=11.0):
    for number, line in enumerate(lines):
        put(page, x, top + 14 * number, line, size)


def law(page, first: int, count: int = 3):
    lines = []
    for number in range(first, first + count):
        lines += [f"Article {number} : Les marchés du lot {number} sont conclus par écrit,", "sans condition de forme."]
    column(page, 60, lines)


def texts(document, kind="article"):
    return {passage.label: passage.text for passage in document.passages if passage.kind == kind}


def test_headers_footers_and_page_numbers_go_and_pages_stay(make):
    def page(number):
        def draw(page):
            put(page, 60, 40, "Code des essais — édition 2026")
            law(page, 3 * number - 2)
            put(page, 60, 800, f"Recueil officiel, tome {number}")
            put(page, 280, 820, f"page {number}")
            put(page, 280, 820, f"page {number}")  # printed twice, as BOAMP does

        return draw

    document = read_document(make(*[page(number) for number in range(1, 6)]))
    assert document.kind == "law" and document.page_count == 5
    found = texts(document)
    assert len(found) == 15
    assert found["Article 7"] == "Les marchés du lot 7 sont conclus par écrit, sans condition de forme."
    assert next(passage.pages for passage in document.passages if passage.label == "Article 7") == (3, 3)
    assert document.cleaned["running_lines"] == 10 and document.cleaned["page_numbers"] == 5
    assert document.cleaned["doubled_lines"] == 5


def test_a_heading_at_the_top_of_every_page_is_no_header(make):
    document = read_document(make(*[lambda page, first=first: law(page, first, 1) for first in range(1, 7)]))
    assert list(texts(document)) == [f"Article {number}" for number in range(1, 7)]


def test_an_article_goes_on_over_the_page(make):
    def first(page):
        law(page, 1, 3)
        put(page, 60, 780, "Article 4 : Le contrat de sous-")

    def second(page):
        column(page, 60, ["traitance est écrit. Le sous-traitant est payé.", "Article 5 : Fin du texte, ici."], top=60)

    document = read_document(make(first, second))
    four = next(passage for passage in document.passages if passage.label == "Article 4")
    assert four.text == "Le contrat de sous-traitance est écrit. Le sous-traitant est payé."
    assert four.pages == (1, 2)


def test_two_columns_are_read_one_after_the_other(make):
    left = [f"gauche {number} avec des mots pour la largeur" for number in range(8)]
    right = [f"droite {number} avec des mots pour la largeur" for number in range(8)]

    def draw(page):
        put(page, 60, 100, "Un titre qui court par-dessus les deux colonnes de cette page entière")
        for number in range(8):  # drawn row by row, as some programs do
            column(page, 60, [left[number]], top=150 + 14 * number, size=10)
            column(page, 320, [right[number]], top=150 + 14 * number, size=10)

    document = read_document(make(draw))
    words = " ".join(passage.text for passage in document.passages)
    assert words.index("gauche 7") < words.index("droite 0")
    assert document.cleaned["columns"] == 1


def test_a_table_is_read_row_by_row(make):
    def draw(page):
        for number in range(8):
            put(page, 60, 150 + 14 * number, f"Lot {number}")
            put(page, 400, 150 + 14 * number, f"{number} 000 €")

    document = read_document(make(draw))
    assert "Lot 3 3 000 €" in " ".join(passage.text for passage in document.passages)


def test_ligatures_doubled_letters_dotted_rows_and_contents(make):
    def contents(page):
        column(page, 60, ["Sommaire", *[f"Article {n} Objet numéro {n} ........ {n}" for n in range(1, 6)]])

    def text(page):
        column(page, 60, ["AArrttiiccllee 11 :: LL''ooffffiicciieerr ssiiggnnee..", "..............................",
                          "Article 2 : L’ofﬁce est ﬁnal et eﬃcace.", "Article 3 : Rien de plus, vraiment."])  # fmt: skip

    document = read_document(make(contents, text))
    found = texts(document)
    assert found["Article 2"] == "L’office est final et efficace."
    assert list(found) == ["Article 1", "Article 2", "Article 3"]
    assert document.cleaned["contents_lines"] == 6 and document.cleaned["dotted_rows"] == 1
    assert document.cleaned["doubled_letters"] == 1


def test_small_print_at_the_foot_is_no_part_of_an_article(make):
    def draw(page):
        law(page, 1)
        put(page, 60, 800, "Note : texte consulté le 1er mai 2026.", 7)

    assert "Note" not in read_document(make(draw)).passages[-1].text


def test_prose_is_cut_at_its_headings(make):
    def draw(page):
        put(page, 60, 80, "Manuel de la machine", 22)
        put(page, 60, 130, "Mise en route", 16)
        column(page, 60, ["Branchez la machine.", "Attendez dix secondes."])
        put(page, 60, 230, "Entretien", 16)
        column(page, 60, ["Nettoyez le filtre chaque mois."], top=260)

    document = read_document(make(draw))
    assert document.kind == "prose" and document.title == "Manuel de la machine"
    assert [(passage.label, passage.path) for passage in document.passages] == [
        ("Mise en route", ("Manuel de la machine",)),
        ("Entretien", ("Manuel de la machine",)),
    ]


def test_scanned_pages_are_named_and_the_others_read(make):
    image = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    image.clear_with(200)

    def scanned(page):
        page.insert_image(page.rect, pixmap=image)

    document = read_document(make(lambda page: law(page, 1), scanned, scanned, lambda page: None))
    assert document.pages_without_text == (2, 3) and document.blank_pages == (4,)
    with pytest.raises(InputError, match=r"aucun texte dans 2 page\(s\), dont 2 en image.*\n.*ocrmypdf"):
        read_document(make(scanned, scanned, name="scan.pdf"))


def test_encrypted_files(make):
    lock = {"encryption": pymupdf.PDF_ENCRYPT_AES_256, "owner_pw": "maître"}
    opened = read_document(make(lambda page: law(page, 1), name="empty.pdf", user_pw="", **lock))
    assert len(texts(opened)) == 3
    with pytest.raises(InputError, match=r"secret\.pdf\s: PDF protégé par un mot de passe"):
        read_document(make(lambda page: law(page, 1), name="secret.pdf", user_pw="ouvre", **lock))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>non</html>", "ce n'est pas un fichier PDF"),
        (b"", "ce n'est pas un fichier PDF"),
        (b"%PDF-1.7\n\x00\x01 rien de lisible", "PDF abîmé ou incomplet"),
        (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>", "PDF abîmé ou incomplet"),
    ],
)  # fmt: skip
def test_what_is_no_readable_pdf_is_refused(write, content, said):
    with pytest.raises(InputError, match=said):
        read_document(write("faux.pdf", content))


def test_a_cut_file_is_read_as_far_as_it_goes_or_refused(make, tmp_path):
    whole = make(*[lambda page, first=first: law(page, first) for first in (1, 4, 7)]).read_bytes()
    cut = tmp_path / "cut.pdf"
    for share in (0.2, 0.6, 0.95):
        cut.write_bytes(whole[: int(share * len(whole))])
        try:
            assert read_document(cut).passages
        except InputError as error:
            assert "cut.pdf" in str(error)


def test_thousands_of_empty_pages_are_refused_without_delay(tmp_path, growth):
    def empty(pages: int) -> Path:
        document = pymupdf.open()
        for _ in range(pages):
            document.new_page()
        document.save(path := tmp_path / f"{pages}.pdf")
        return path

    def refused(path: Path) -> None:
        with pytest.raises(InputError, match=r"\d.000 page\(s\), toutes vides"):
            read_document(path)

    assert growth(refused, empty(1_000), empty(2_000)) < 3


def test_a_cut_file_is_told_as_one(tmp_path):
    whole = pymupdf.open()
    for text in ("Article 1. Le marché est public.", "", "Article 2. Le marché est écrit."):
        whole.new_page().insert_text((72, 72), text)
    data = whole.tobytes()
    (tmp_path / "whole.pdf").write_bytes(data)
    (tmp_path / "cut.pdf").write_bytes(data[: data.rindex(b"xref")])
    assert "abîmé" not in "\n".join(report_lines(read_document(tmp_path / "whole.pdf")))
    told = "\n".join(report_lines(read_document(tmp_path / "cut.pdf")))
    assert "fichier abîmé, peut-être coupé" in told and re.search(r"page vide\s: 2\.", told)
    assert "3 pages, 0 section." in told


def test_a_page_shown_turned_is_read_as_a_reader_sees_it(make):
    def turned(page):
        for number in range(3):
            page.insert_text((100 + 14 * number, 700), f"Article {number + 4} : Le lot {number} est conclu.", rotate=90)
        page.set_rotation(90)

    document = read_document(make(lambda page: law(page, 1), turned))
    assert list(texts(document)) == [f"Article {number}" for number in range(1, 7)]
    assert texts(document)["Article 5"] == "Le lot 1 est conclu." and document.blank_pages == ()
    assert document.cleaned["turned_lines"] == 0


def test_a_page_of_turned_lines_is_not_called_empty(make):
    def aslant(page):
        page.insert_text((100, 700), "BROUILLON", rotate=90)

    document = read_document(make(lambda page: law(page, 1), aslant, lambda page: None))
    assert document.blank_pages == (3,) and document.cleaned["turned_lines"] == 1
    with pytest.raises(InputError, match="dont le texte est en biais"):
        read_document(make(aslant, name="biais.pdf"))


@pytest.mark.parametrize(
    ("kids", "said"),
    [(b"[%b]", "la page 1 n'a pas pu être lue"), (b"[4 0 R null%b]", "la page 2 n'a pas pu être lue")],
)
def test_a_page_that_mupdf_cannot_make_sense_of_is_named(write, kids, said):
    whole = pymupdf.open()
    for number in range(3):
        whole.new_page().insert_text((72, 72), f"Article {number}. Le marché est public.")
    data = whole.tobytes()
    listed = re.search(rb"/Kids(\[[^\]]*\])", data)[1]
    broken = data.replace(listed, kids % (b" " * (len(listed) - len(kids % b""))))
    assert len(broken) == len(data)
    with pytest.raises(InputError, match=said):
        read_document(write("abîmé.pdf", broken))


def test_a_document_of_nothing_but_running_lines_has_no_passages(make):
    def draw(page):
        put(page, 60, 40, "Code des essais — édition 2026")

    document = read_document(make(draw, draw, draw))
    assert document.passages == () and document.cleaned["running_lines"] == 3


def test_the_command_for_a_scanned_file_takes_a_name_with_blanks(make):
    image = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    image.clear_with(200)

    def scanned(page):
        page.insert_image(page.rect, pixmap=image)

    told = report_lines(read_document(make(lambda page: law(page, 1), scanned, name="mon cours.pdf")))
    assert told[0].replace("\u00a0", " ") == "mon cours.pdf : 2 pages, 3 articles."
    assert "pas de texte à la page 2, sans doute numérisée" in told[1]
    words = shlex.split(told[1].partition("lire aussi\u00a0: ")[2])
    expected = ["ocrmypdf", "--language", "fra", "--skip-text", "mon cours.pdf", "texte-mon cours.pdf"]
    assert os.name == "nt" or words == expected
    with pytest.raises(InputError) as caught:
        read_document(make(scanned, name="un scan.pdf"))
    assert os.name == "nt" or shlex.split(str(caught.value))[-2:] == ["un scan.pdf", "texte-un scan.pdf"]


def test_running_lines_take_time_by_their_pages_and_not_by_its_square(growth):
    def lines(number: int) -> list[tuple[str, float]]:
        body = [(f"phrase {row} sans pareille {chr(97 + number % 26)}", 100 + 14 * row) for row in range(8)]
        return [
            ("Recueil officiel", 30 + number % 7),
            ("Tome deux", 45),
            *body,
            ("Édition du jour", 800),
            (f"{number}", 815),
        ]

    def book(count: int) -> list[Page]:
        return [
            Page(number=number, width=WIDTH, lines=tuple(
                Line(text=text, page=number, box=Box(60, y, 300, y + 12), size=11) for text, y in lines(number)))
            for number in range(1, count + 1)
        ]  # fmt: skip

    cleaned = Cleaned()
    assert all(len(page.lines) == 8 for page in without_furniture(book(50), cleaned))
    assert cleaned == {"running_lines": 150, "page_numbers": 50, "notes": 0, "contents_lines": 0}
    small, large = book(2_000), book(4_000)
    assert growth(lambda pages: without_furniture(pages, Cleaned()), small, large) < 3


@pytest.mark.parametrize("lines", [["Objet ........ 3"], ["Sommaire", "Objet du marché 3"]])
def test_contents_take_time_by_their_lines_and_not_by_its_square(growth, lines):
    small, large = lines * 3_000, lines * 6_000
    assert contents_lines(small) == set(range(len(small)))
    assert growth(contents_lines, small, large) < 3


# --- the small parts ---


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("un marché pu-", "blic conclu", "un marché public conclu"),  # "public" stands elsewhere
        ("l'article 5 ci-", "dessus", "l'article 5 ci-dessus"),
        ("le sous-", "traitant", "le sous-traitant"),  # the compound stands elsewhere
        ("à Pointe-", "à-Pitre", "à Pointe-à-Pitre"),
        ("Val-de-", "Briey", "Val-de-Briey"),
        ("tél. 03-27-21-87-", "01", "tél. 03-27-21-87-01"),
        ("voir https://www.marches-", "publics.gouv.fr", "voir https://www.marches-publics.gouv.fr"),
        ("la procé\u00ad", "dure", "la procédure"),
        ("une électro-", "nique", "une électronique"),
        ("un mot", "suivant", "un mot suivant"),
        ("un tiret -", "puis", "un tiret - puis"),
    ],
)
def test_words_cut_at_a_line_end(before, after, joined):
    joiner = Joiner(["le marché public", "le sous-traitant est payé", before, after], Cleaned())
    assert joiner.join(before, after) == joined


@pytest.mark.parametrize(
    ("text", "single"),
    [
        ("AArrttiiccllee 1122", "Article 12"),
        ("Article 12", "Article 12"),
        ("1122", "1122"),
        ("........", "........"),
        ("elle", "elle"),
    ],
)
def test_doubled_letters(text, single):
    assert undoubled(text) == single


def test_contents_with_and_without_leaders():
    plain = [
        "Table des matières",
        "Définitions 3",
        "Passation des marchés",
        "par lots 7",
        "Exécution 12",
        "Le texte commence.",
        "En 2004",
    ]
    assert contents_lines(plain) == {0, 1, 2, 3, 4}
    assert contents_lines(["Le montant est de 12", "Sommaire des faits", "Nom : ..............", "En 2004"]) == set()
    leaders = ["Objet .......... 3", "Durée . . . . . . 4", "Prix …… 5", "Le prix est de 5"]
    assert contents_lines(leaders) == {0, 1, 2}


def test_page_ranges():
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10" and ranges([]) == ""
