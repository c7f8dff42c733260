"""DOCX and PDF beside a document: made of this Markdown, or of an older one."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from chatbot.errors import InputError
from chatbot.language import tr
from livrables.checks.check import Check, Place, listed, plain
from livrables.checks.documents import BUILD, Page, whole

LARGEST = 64 * 2**20  # bytes of the text of a DOCX once unpacked
PARAGRAPH, TEXT, BREAKS = "p", "t", ("tab", "br")


def page_checks(page: Page) -> Iterator[Check]:
    """The text of every fact stands in each of the two, where they are there; neither is older than the Markdown."""
    for suffix in (".docx", ".pdf"):
        file = page.file.with_suffix(suffix)
        if not file.is_file():
            continue
        place = Place(kind="documents", where=page.name.removesuffix(".md") + suffix)
        try:
            text = docx_text(file) if suffix == ".docx" else pdf_text(file)
        except (ValueError, KeyError, OSError, RuntimeError, SyntaxError, zipfile.BadZipFile, InputError) as error:
            yield place.broken(
                tr("pages du document", "pages of the document"),
                tr(f"illisible ({error})", f"unreadable ({error})"),
                BUILD,
            )
            continue
        yield from _facts(place, page, text)
        if file.stat().st_mtime + 1 < page.file.stat().st_mtime:
            yield place.unverified(tr("pages faites de ce Markdown", "pages made of this Markdown"),
                                   tr("plus vieux que le Markdown", "older than the Markdown"), BUILD)  # fmt: skip


def _facts(place: Place, page: Page, text: str) -> Iterator[Check]:
    what = tr("texte d'un fait, dans les pages", "text of a fact, on the pages")
    wrong, right = [], 0
    for fact in page.facts:
        if not fact.measured or not fact.text:
            continue
        if whole(fact.text, text):
            right += 1
        else:
            wrong.append(
                (fact.key, tr(f"« {plain(fact.text, 60)} » n'y est pas", f"“{plain(fact.text, 60)}” is not in it"))
            )
    if right:
        yield place.holds(what, right)
    yield from listed(place, what, wrong, BUILD)


def docx_text(file: Path) -> str:
    """The paragraphs of a DOCX.

    Raises:
        ValueError, KeyError, OSError, SyntaxError, BadZipFile: it is none.
        InputError: its text is too large.
    """
    with zipfile.ZipFile(file) as archive:
        inside = archive.getinfo("word/document.xml")
        if inside.file_size > LARGEST:
            raise InputError(tr("texte trop grand", "text too large"))
        with archive.open(inside) as opened:
            content = opened.read(LARGEST + 1)
    if len(content) > LARGEST or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise InputError(tr("texte trop grand, ou piégé", "text too large, or forged"))
    parts = []
    for element in ElementTree.fromstring(content).iter():
        name = element.tag.rsplit("}", 1)[-1]
        parts.append(
            element.text or "" if name == TEXT else "\n" if name == PARAGRAPH else " " if name in BREAKS else ""
        )
    return "".join(parts)


def pdf_text(file: Path) -> str:
    """The text of a PDF's pages.

    Raises:
        RuntimeError, ValueError: it is none.
    """
    import pymupdf

    with pymupdf.open(file, filetype="pdf") as opened:
        return "\n".join(page.get_text() for page in opened)
