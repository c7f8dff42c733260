"""Notices (calls for tenders and the like): paragraphs → rubrics, by their labels.

Two forms: emphasised labels ("*Lieu d'exécution :* Briey.", BOAMP) and codes ("II.1.1) Intitulé : …", European forms).
"""

import re
from collections.abc import Sequence

from datasets_prep.documents.lines import SEPARATOR
from datasets_prep.documents.paragraphs import Paragraph
from datasets_prep.documents.passage import Passage

CODE = re.compile(
    r"(?P<code>Section\s+[IVX]{1,4}\b|[IVX]{1,4}(?:\.\d{1,2}){1,3}|[IVX]{1,4}(?=\)))\s?[).:]*\s+(?P<rest>\S.*)",
    re.DOTALL,
)
LABEL = re.compile(r"[-–\s]*(?P<label>[^:]{3,150}?)\s*:(?!//)\s*(?P<value>.*)", re.DOTALL)
NAME = re.compile(r"\bavis\s+n\s?[°o]\s?([\d./-]*\d)", re.IGNORECASE)
FEWEST_RUBRICS, SHARE = 6, 0.25
SHORT_LABEL = 60  # characters of a label that nothing but its colon makes one


def is_notice(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether labels make up a good part of the document, whose start calls it a notice."""
    labels = sum(_rubric(paragraph) is not None for paragraph in paragraphs)
    start = " ".join(paragraph.text for paragraph in paragraphs[:12])
    return (
        labels >= max(FEWEST_RUBRICS, SHARE * len(paragraphs))
        and re.search(r"\b(avis|notice)\b", start, re.I) is not None
    )


def notice_name(paragraphs: Sequence[Paragraph]) -> str:
    """ "avis n° 20-100721"; "" when the notice bears no number."""
    found = NAME.search(" ".join(paragraph.text for paragraph in paragraphs[:12]))
    return f"avis n° {found[1]}" if found else ""


def rubrics(paragraphs: Sequence[Paragraph]) -> list[Passage]:
    """The rubrics of a notice, each with the paragraphs under it.

    What comes before the first is "outside", and so is what stands alone after a code: "II.1.6) Les variantes seront
    prises en considération".
    """
    passages: list[Passage] = []
    label, alone, pages = "", "", (0, 0)
    texts: list[str] = []

    def close() -> None:
        if texts:
            kind = "rubric" if label else "outside"
            passages.append(Passage(kind=kind, label=label, paragraphs=tuple(texts), pages=pages))  # type: ignore[arg-type]
        elif alone:
            passages.append(Passage(kind="outside", label="", paragraphs=(alone,), pages=pages))

    for paragraph in paragraphs:
        if paragraph.text == SEPARATOR:
            continue
        found = _rubric(paragraph)
        if found is None and not _stands_alone(paragraph, label, texts):
            texts.append(paragraph.text)
            pages = (pages[0] or paragraph.pages[0], paragraph.pages[1])
            continue
        close()
        label, value = found or ("", paragraph.text)
        alone = paragraph.text if _has_no_label(paragraph.text) else ""
        texts, pages = ([value] if re.search(r"\w", value) else []), paragraph.pages
    close()
    return passages


def _has_no_label(text: str) -> bool:
    """Whether a code stands before words that no colon makes a label."""
    found = CODE.fullmatch(text)
    return found is not None and not LABEL.fullmatch(found["rest"])


def _stands_alone(paragraph: Paragraph, label: str, texts: Sequence[str]) -> bool:
    """Whether a paragraph without a label is no part of the rubric before it: a statement of its own ("Refus des variantes.").

    It is emphasised itself, or a sentence after a value that was short and complete.
    """
    if not label:
        return False
    if paragraph.emphasised > 3 and paragraph.emphasised >= len(paragraph.text) - 2:
        return True
    complete = len(texts) == 1 and len(texts[0]) <= SHORT_LABEL and texts[0].endswith(".")
    return complete and paragraph.text[:1].isupper() and paragraph.text.endswith(".")


def _rubric(paragraph: Paragraph) -> tuple[str, str] | None:
    """The label and the value that a paragraph begins a rubric with."""
    text = paragraph.text
    if found := CODE.fullmatch(text):
        named = LABEL.fullmatch(found["rest"])
        code = found["code"].rstrip(" ).:")
        return (f"{code} {named['label']}", named["value"]) if named else (f"{code} {found['rest']}", "")
    found = LABEL.fullmatch(text)
    if not found or not found["label"][:1].isupper():
        return None
    emphasised = paragraph.emphasised > 3 and found.end("label") >= paragraph.emphasised - 4
    plain = len(found["label"]) <= SHORT_LABEL and not re.search(r"[,.;]", found["label"]) and not text.startswith("-")
    return (found["label"].strip(), found["value"].strip()) if emphasised or (plain and found["value"]) else None
