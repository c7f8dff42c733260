"""Word, PDF and PowerPoint files of a document: what they show, and what they refuse."""

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from livrables.office import lay_out, lay_out_slides, without_comments

TODAY = date(2026, 9, 21)
SIGNS = "É œ « ça » 12\u202f345\u00a0€ ≥ → − ☐ ’ …"
TEXT = f"""# Spécialisation du modèle

| Équipe | Les Bavards |
|---|---|
| Domaine | marchés publics |

## Le modèle

<!-- équipe : contexte -->
Notre texte {SIGNS}
<!-- /équipe : contexte -->

| Mesure | Valeur |
|---|---:|
| Perte | 2,61\u00a0[S1] |

![Courbe](figures/curve.png)

*Figure\u00a01. La courbe\u00a0[S1]*

```
<!-- équipe : montré comme code -->
#import "x.typ"
```

```mermaid
gantt
```

> Une réponse\\
> sur deux lignes

1. un
2. deux
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "rendus/5/figures").mkdir(parents=True)
    Image.new("RGB", (1600, 4000), "navy").save(tmp_path / "rendus/5/figures/curve.png")
    Image.new("RGB", (40, 40), "red").save(tmp_path / "outside.png")
    (tmp_path / "rendus/5/broken.png").write_bytes(b"\x89PNG no picture")
    return tmp_path / "rendus"


def laid(folder: Path, text: str, formats=("docx", "pdf")):
    file = folder / "5/5-affinage.md"
    file.write_text(text, encoding="utf-8")
    return lay_out(file, formats, root=folder, today=TODAY)


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".rels"))}


def words(xml: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.sub(r"</w:p>", " ", xml))).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')  # fmt: skip


def test_word_and_pdf_show_the_document(folder):
    made = laid(folder, TEXT)
    word = parts(made.content["docx"])
    shown = words(word["word/document.xml"])
    pdf = pymupdf.open(stream=made.content["pdf"])
    pages = " ".join(page.get_text() for page in pdf)
    for text in (
        "Spécialisation du modèle",
        "Les Bavards",
        "marchés publics",
        "Le modèle",
        "Perte",
        "La courbe",
        "Une réponse",
        "deux",
    ):
        assert text in shown and text in pages
    assert "montré comme code" in shown and "montré comme code" in pages
    assert "gantt" not in shown and "contexte" not in shown + pages
    assert made.refused == ()


def test_french_signs_are_on_the_pages(folder):
    made = laid(folder, TEXT)
    pdf = pymupdf.open(stream=made.content["pdf"])
    drawn = "".join(page.get_text() for page in pdf)
    for sign in SIGNS.replace(" ", ""):
        assert sign in drawn or sign in "\u202f\u00a0", sign
    assert "\ufffd" not in drawn and "12\u202f345\u00a0€" in parts(made.content["docx"])["word/document.xml"]
    assert {font[3].split("+")[-1].split("-")[0] for page in pdf for font in page.get_fonts()} <= {"LibertinusSerif", "DejaVuSans", "DejaVuSansMono"}  # fmt: skip
    assert pdf.xref_get_key(pdf.pdf_catalog(), "Lang")[1] == "fr"


def test_pages_are_numbered_and_carry_title_and_team(folder):
    made = laid(folder, TEXT + "\n\ntexte\n" * 80)
    pdf = pymupdf.open(stream=made.content["pdf"])
    assert f"2 / {len(pdf)}" in pdf[1].get_text() and "Spécialisation du modèle" in pdf[1].get_text() and "Les Bavards" in pdf[1].get_text()  # fmt: skip
    word = parts(made.content["docx"])
    running = "".join(text for name, text in word.items() if re.match(r"word/(header|footer)\d*\.xml", name))
    assert "Spécialisation du modèle" in running and "Les Bavards" in running and "NUMPAGES" in running
    assert "headerReference" in word["word/document.xml"] and 'w:val="Heading1"' in word["word/document.xml"]
    assert 'w:lang w:val="fr' in word["word/styles.xml"]


def test_pictures_and_tables_stay_on_the_page(folder):
    cells = " | ".join(f"colonne_{n}_très_longue" for n in range(9))
    wide = f"| {cells} |\n|{'---|' * 9}\n| {' | '.join(['0,123 [0,100 ; 0,145]'] * 9)} |\n"
    path = f"`runs/{'un-nom-vraiment-long/' * 12}metrics.json`\n"
    made = laid(folder, TEXT + wide + "\n" + path)
    for page in pymupdf.open(stream=made.content["pdf"]):
        for image in page.get_image_info():
            box = pymupdf.Rect(image["bbox"])
            assert box.height <= 320 and page.rect.contains(box)
        assert all(page.rect.contains(pymupdf.Rect(word[:4])) for word in page.get_text("words"))
    extent = re.search(
        r'<wp:extent cx="(\d+)" cy="(\d+)"', parts(made.content["docx"])["word/document.xml"].replace("\n", " ")
    )
    assert extent and int(extent[2]) <= 11.1 * 360_000


def test_a_long_table_goes_on_over_the_page_with_its_head(folder):
    rows = "".join(f"| ligne {n} | {n} |\n" for n in range(90))
    pdf = pymupdf.open(
        stream=laid(folder, f"# T\n\n## A\n\n| Nom | Valeur |\n|---|---:|\n{rows}", ("pdf",)).content["pdf"]
    )
    assert [page.get_text().count("Nom") for page in pdf] == [1] * len(pdf) and len(pdf) >= 2
    assert all(f"ligne {n}\n" in "".join(page.get_text() for page in pdf) for n in range(90))


HOSTILE = """# T

<div align="center">
Notre texte
</div>

un<br>deux

<img src="https://mal.example/a.png"> <script>x</script> $\\int$ \\input{/etc/passwd} #read("/etc/passwd")

![loin](https://mal.example/a.png) ![dehors](../../outside.png) ![absolu](/etc/hostname.png) ![cassé](broken.png)

[fichier](file:///etc/passwd) [ancre](#nulle-part) [script](javascript:x) [bon](https://bon.example)

```{=typst}
#panic("typst")
```

```{=openxml}
<w:p/>
```

`#panic("x")`{=typst} {{ nom }} $body$ #panic("y")
"""


def test_nothing_raw_gets_through_and_pictures_come_from_the_folder_alone(folder):
    made = laid(folder, HOSTILE)
    assert made.refused == ("https://mal.example/a.png", "../../outside.png", "/etc/hostname.png", "broken.png")
    pdf = pymupdf.open(stream=made.content["pdf"])
    drawn = "".join(page.get_text() for page in pdf)
    flat = "".join(drawn.split())
    assert '#panic("y")' in flat and '#read("/etc/passwd")' in flat and "imagenonincluse" in flat
    assert {link["uri"] for page in pdf for link in page.get_links()} == {"https://bon.example"}
    word = parts(made.content["docx"])
    assert '<div align="center">Notre texte</div>' in drawn.replace("\n", "") and "undeux" not in drawn
    assert "<script>x</script>" in words(word["word/document.xml"])
    assert (
        "mal.example" not in word["word/_rels/document.xml.rels"]
        and "file:" not in word["word/_rels/document.xml.rels"]
    )


def test_pages_are_the_same_bytes_twice(folder):
    assert laid(folder, TEXT).content == laid(folder, TEXT).content


def test_comments_go_but_not_those_in_code():
    text = "a<!-- x\ny -->b\n\n```\n<!-- z -->\n```\n<!-- w -->c\n"
    assert without_comments(text) == "ab\n\n```\n<!-- z -->\n```\nc\n"


def test_slides_have_a_title_each_and_no_marks(folder):
    deck = folder / "presentation.md"
    deck.write_text("---\nmarp: true\n---\n\n# Les Bavards\n\nUn chatbot\n\n---\n\n## Données\n\n| Lues | Gardées |\n|---:|---:|\n| 12 | 10 |\n\n---\n\n## Mesures\n\n"
                    "<!-- équipe : a -->\nà dire\n<!-- /équipe : a -->\n\n| M | V |\n|---|---|\n| F1 | 1 |\n| BLEU | 2 |\n\n*Source\u00a0:\u00a0[S1]*\n\n---\n\n"
                    "## Courbe\n\n![C](5/figures/curve.png)\n\n*Figure\u00a01. C*\n", encoding="utf-8")  # fmt: skip
    made = lay_out_slides(deck, root=folder, today=TODAY)
    slides = {
        name: text
        for name, text in parts(made.content["pptx"]).items()
        if re.fullmatch(r"ppt/slides/slide\d+\.xml", name)
    }
    shown = [" ".join(re.findall(r"<a:t>([^<]*)</a:t>", slides[name])) for name in sorted(slides)]
    assert len(shown) == 5 and all('type="title"' in text or 'type="ctrTitle"' in text for text in slides.values())
    assert "Lues" in shown[1] and "<a:tbl>" not in slides["ppt/slides/slide2.xml"]
    assert "<a:tbl>" in slides["ppt/slides/slide3.xml"] and "Source" in shown[2]
    assert "Mesures (suite)" in shown[3] and "à dire" in shown[3] and "équipe" not in "".join(shown)
    assert "Figure" in shown[4] and "marp" not in "".join(shown)
