"""What an article states: its sentences, each with the list that it opens and the sentences that go on from it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datasets_prep.documents.paragraphs import ITEM
from datasets_prep.documents.passage import Passage
from datasets_prep.questions.french import sentences

LONGEST_ANSWER = 1_500  # characters, about 400 tokens: what the smaller models hold beside a question
ROMAN = re.compile(r"(?:[-–—―]\s*)?(?P<numeral>[IVX]{1,5})\s?(?:bis|ter)?\.?\s?[-–—―.)]\s*(?:[-–—―]\s*)?(?=\S)")
DETERMINED = r"(?:[Ll]es?|[Ll]a|[Uu]ne?|[Tt]oute?|[Cc]haque)\s|[Ll]['’]"
SUBJECT = rf"(?P<subject>(?:{DETERMINED})[^,;:.()]{{3,110}}?)"
FINITE = re.compile(
    r"\s(?:est|sont|a|ont|qui|que|qu['’]\w+|ne|n['’]\w+|peut|peuvent|doit|doivent|fait|font|lorsque|si|se|dont|où)\s"
)
NUMERAL_END = re.compile(r"[;,]\s*$")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence that stands for itself.

    Args:
        sentence: the sentence, without a section's numeral ("I.-") before it.
        answer: the sentence with the list that it opens, or with the rest of its paragraph.
        opens_list: whether a list follows.
    """

    sentence: str
    answer: str
    opens_list: bool


def subject_match(pattern: str, sentence: str) -> re.Match[str] | None:
    """The match of a pattern with a group "subject" at the sentence's start; None where the subject holds a verb."""
    found = re.match(pattern, sentence)
    return found if found and not FINITE.search(f" {found['subject']} ") else None


def statements(passage: Passage) -> Iterator[Statement]:
    """The sentences of a passage; those of list items are left out, for they hang on their list's first line."""
    paragraphs = passage.paragraphs
    in_list_until = 0
    for place, paragraph in enumerate(paragraphs):
        if place < in_list_until or is_item(paragraph):
            continue
        text = without_numeral(paragraph)
        found = sentences(text)
        items = following_items(paragraphs, place)
        in_list_until = place + 1 + len(items)
        for number, sentence in enumerate(found):
            last = number == len(found) - 1
            rest = " ".join(found[number:])
            answer = "\n".join([rest, *items]) if found[-1].rstrip().endswith(":") else rest
            if len(answer) > LONGEST_ANSWER and not last:
                answer = sentence
            opens = last and bool(items) and sentence.rstrip().endswith(":")
            if len(answer) <= LONGEST_ANSWER and not answer.rstrip().endswith(":"):
                yield Statement(sentence=sentence, answer=answer, opens_list=opens)


def is_item(paragraph: str) -> bool:
    """Whether a paragraph is an item of a list: "1° …", "a) …", "- …". A section "I.-" is none."""
    return ITEM.match(paragraph) is not None and ROMAN.match(paragraph) is None


def without_numeral(paragraph: str) -> str:
    """ "I.-Les dispositions" → "Les dispositions", "II.-1° Le délai" → "Le délai"."""
    if not (found := ROMAN.match(paragraph)):
        return paragraph
    rest = paragraph[found.end() :]
    return rest[item.end() :] if (item := ITEM.match(rest)) else rest


def following_items(paragraphs: Sequence[str], place: int) -> list[str]:
    """The list that the paragraph at `place` opens: marked items, or lines that end with a semicolon and the last one."""
    if not paragraphs[place].rstrip().endswith(":"):
        return []
    items: list[str] = []
    for paragraph in paragraphs[place + 1 :]:
        hangs_on = bool(items) and NUMERAL_END.search(items[-1]) is not None
        begins = not items and NUMERAL_END.search(paragraph) is not None
        if ROMAN.match(paragraph) or not (is_item(paragraph) or hangs_on or begins):
            break
        items.append(paragraph)
    return items
