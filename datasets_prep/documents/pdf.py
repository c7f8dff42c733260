"""PDF files: pages → lines with their place and type.

PyMuPDF does the reading (AGPL; it runs on the user's machine only and is never part of what is served). It expands
ligatures and gives the boxes, sizes and weights that the cleaning needs.
"""

import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chatbot.errors import InputError, cannot_read, no_such_file
from chatbot.language import number, tr
from datasets_prep.documents.layout import in_reading_order
from datasets_prep.documents.lines import LOST_IMAGE, Box, Cleaned, Line, Page

BOLD, ITALIC, SUPERSCRIPT = 16, 2, 1  # bits of a span's flags
SMALL_IMAGE = 1.5  # heights of a line under which an image beside text stands for a character
OCR = ("ocrmypdf", "--language", "fra")  # the field's tool; named in advice, never run
UPRIGHT = 0.1  # vertical part of a line's direction (of length 1) up to which it is read


def read_pdf(path: Path, cleaned: Cleaned) -> list[Page]:
    """The pages of a PDF file, lines in reading order.

    Args:
        path: the file; encrypted under an empty password, it is opened all the same.
        cleaned: counts what was set right on the way.

    Raises:
        InputError: it is not a PDF file, is damaged, needs a password, has no page, or no page of it has text.
    """
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    pages: list[Page] = []
    with _open(path) as document:
        try:
            cleaned["mended_file"] += document.is_repaired
            for page in document:
                pages.append(_page(page, cleaned))
        except _faults() as error:
            raise _damaged(path, len(pages) + 1) from error
    if not any(page.lines for page in pages):
        raise _no_text(path, pages)
    return pages


def ranges(numbers: Sequence[int]) -> str:
    """Page numbers as people write them: [1, 2, 3, 7] → "1-3, 7"."""
    parts: list[list[int]] = []
    for one in numbers:
        if parts and one == parts[-1][1] + 1:
            parts[-1][1] = one
        else:
            parts.append([one, one])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def recognition(file: str, *options: str) -> str:
    """The command that gives a scanned PDF its text, as this system's shell takes a name with blanks in it."""
    words = [*OCR, *options, file, tr(f"texte-{file}", f"text-{file}")]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _faults() -> tuple[type[Exception], ...]:
    """What MuPDF raises on a file that it cannot make sense of; its own errors are no RuntimeError."""
    import pymupdf

    return (RuntimeError, ValueError, pymupdf.mupdf.FzErrorBase)


def _open(path: Path) -> Any:
    import pymupdf

    _check_start(path)
    try:
        document = pymupdf.open(path, filetype="pdf")
        locked = bool(document.needs_pass and not document.authenticate(""))
        page_count = 0 if locked else document.page_count
    except _faults() as error:
        raise _damaged(path) from error
    if not page_count:
        document.close()
        raise _locked(path) if locked else _damaged(path)
    return document


def _locked(path: Path) -> InputError:
    return InputError(
        tr(
            f"{path} : PDF protégé par un mot de passe.\n"
            "Ouvrez-le dans un lecteur PDF et enregistrez-en une copie sans protection.",
            f"{path}: PDF protected by a password.\nOpen it in a PDF reader and save a copy without protection.",
        )
    )


def _check_start(path: Path) -> None:
    if not path.is_file():
        raise no_such_file(path)
    try:
        with path.open("rb") as file:
            start = file.read(1024)
    except OSError as error:
        raise cannot_read(path, error) from error
    if b"%PDF" not in start:
        raise InputError(
            tr(
                f"{path} : ce n'est pas un fichier PDF, malgré son nom.\n"
                "Téléchargez le document lui-même, et non la page qui y mène.",
                f"{path}: not a PDF file, despite its name.\n"
                "Download the document itself, not the page that leads to it.",
            )
        )


def _damaged(path: Path, page: int | None = None) -> InputError:
    french = "aucune page n'a pu être lue" if page is None else f"la page {number(page)} n'a pas pu être lue"
    english = "no page could be read" if page is None else f"page {number(page)} could not be read"
    return InputError(
        tr(
            f"{path} : PDF abîmé ou incomplet, {french}. Téléchargez-le de nouveau.",
            f"{path}: damaged or incomplete PDF, {english}. Download it again.",
        )
    )


def _no_text(path: Path, pages: Sequence[Page]) -> InputError:
    count, scanned = number(len(pages)), sum(page.has_images for page in pages)
    if not scanned and any(page.has_turned_text for page in pages):
        return InputError(
            tr(
                f"{path} : {count} page(s), dont le texte est en biais : il n'est pas lu.",
                f"{path}: {count} page(s), whose text stands aslant: it is not read.",
            )
        )
    if not scanned:
        return InputError(
            tr(
                f"{path} : {count} page(s), toutes vides : ni texte ni image.",
                f"{path}: {count} page(s), all empty: neither text nor image.",
            )
        )
    return InputError(
        tr(
            f"{path} : aucun texte dans {count} page(s), dont {number(scanned)} en image : c'est un document numérisé.\n"
            f"Passez-le d'abord à la reconnaissance de caractères : {recognition(path.name)}",
            f"{path}: no text in {count} page(s), {number(scanned)} of them images: a scanned document.\n"
            f"Recognise its characters first: {recognition(path.name)}",
        )
    )


def _page(page: Any, cleaned: Cleaned) -> Page:
    import pymupdf

    number = page.number + 1
    if not page.get_contents():  # an empty page; ten thousand of them must not take long
        return Page(number=number, width=page.rect.width, lines=())
    if page.rotation:
        page.remove_rotation()  # else the lines of a page that is shown turned have the direction they were drawn in
    flags = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
    blocks = page.get_text("dict", flags=flags)["blocks"]  # without TEXT_PRESERVE_LIGATURES: ﬁ comes as "fi"
    found = [line for block in blocks for line in block["lines"]]
    upright = [line for line in found if abs(line["dir"][1]) <= UPRIGHT]
    turned = len(found) - len(upright)
    cleaned["turned_lines"] += turned
    lines = [line for one in upright for line in _line(one, number)]
    images = [Box(*image["bbox"]) for image in page.get_image_info()]
    lines += _lost_characters(lines, images, number, cleaned)
    ordered = in_reading_order(lines, page.rect.width, cleaned)
    return Page(
        number=number, width=page.rect.width, lines=tuple(ordered), has_images=bool(images), has_turned_text=turned > 0
    )


def _line(raw: dict[str, Any], page: int) -> Iterator[Line]:
    spans = [span for span in raw["spans"] if span["text"]]
    text = "".join(_span_text(span, spans[place - 1] if place else None) for place, span in enumerate(spans))
    if not (stripped := text.strip()):
        return
    inked = [span for span in spans if span["text"].strip()]
    size = max(inked, key=lambda span: len(span["text"]))["size"]
    bold = all(span["flags"] & BOLD for span in inked)
    emphasised = _emphasised(spans) - (len(text) - len(text.lstrip()))
    yield Line(
        text=stripped, page=page, box=Box(*raw["bbox"]), size=round(size, 1), bold=bold, emphasised=max(0, emphasised)
    )


def _span_text(span: dict[str, Any], before: dict[str, Any] | None) -> str:
    """ "n" and a raised "o" are "n°"."""
    raised = span["flags"] & SUPERSCRIPT and span["text"] in ("o", "os")
    return "°" if raised and before and before["text"][-1:] in ("n", "N") else span["text"]


def _emphasised(spans: Sequence[dict[str, Any]]) -> int:
    """How many characters the bold or italic spans at the start hold; a leading "- " belongs to what follows."""
    length = 0
    for place, span in enumerate(spans):
        bullet = place == 0 and not any(character.isalnum() for character in span["text"])
        if not (bullet or span["flags"] & (BOLD | ITALIC)):
            break
        length += len(span["text"])
    return length if any(span["flags"] & (BOLD | ITALIC) for span in spans[:2]) else 0


def _lost_characters(lines: Sequence[Line], images: Sequence[Box], page: int, cleaned: Cleaned) -> list[Line]:
    """Marks for small images that stand in a line for a character, as BOAMP does for the "@" of addresses."""
    marks = []
    for image in images:
        neighbour = next((line for line in lines if _beside(image, line)), None)
        if neighbour:
            marks.append(Line(text=LOST_IMAGE, page=page, box=image, size=neighbour.size))
    cleaned["lost_images"] += len(marks)
    return marks


def _beside(image: Box, line: Line) -> bool:
    near = min(abs(image.left - line.box.right), abs(line.box.left - image.right)) < line.size / 2
    return near and image.height < SMALL_IMAGE * line.size and image.same_row(line.box)
