"""A scientific paper as a list of sections, and what of it fits where a model reads 500 tokens.

A paper longer than that is cut by section, at the end of a sentence: `passages` are sections that follow each other,
`extract` is the beginning of every section.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datasets_prep.detokenise import detokenised
from datasets_prep.phrasing import beginning

FORMULA = re.compile(r"@xmath\d+(?:\s*\$\s*\])?")
LATEX = re.compile(r"\\[A-Za-z]+")
MOST_FORMULAS = 0.1  # of the words: above, a text is no longer read as a text
CITATION = re.compile(r"@xcite(?:\s*[,;\-]*\s*@xcite)*")
REFERENCE = re.compile(r"^\s*\[[^\]]*\]\s*|\[(?:sec|s|section|app|fig|tab|eq)[:.][^\]]*\]", re.IGNORECASE)
# Headings of which upstream kept the first letter alone.
INITIALS = {"I": "Introduction", "M": "Methods", "R": "Results", "D": "Discussion", "C": "Conclusion"}
LONGEST_HEADING = 120  # characters: some headings are sentences, and would leave no room for what they head
SHORTEST_SHARE = 250  # characters of a section in an extract: a sentence or two
BETWEEN = "\n\n"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section with its heading, in the order of the paper."""

    heading: str
    text: str

    @property
    def whole(self) -> str:
        """Heading and text, as they stand in a passage."""
        return f"{self.heading}\n{self.text}"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What of a paper comes with a request.

    Args:
        text: the sections, each under its heading.
        cut: whether something of these sections is left out.
    """

    text: str
    cut: bool


def tidy(text: str) -> str:
    """Text of these papers as people write it: no blanks before commas, "[formula]" and "[ref]" for the marks.

    The letters stay in lower case, as published: capitals cannot be put back without guessing.
    """
    text = FORMULA.sub("[formula]", CITATION.sub("[ref]", text))
    return detokenised(" ".join(text.split()), hyphens=True)


def tidy_heading(name: str) -> str:
    """ "[sec:introduction]introduction" → "Introduction"; "MATERIALS AND METHODS" → "Materials and methods"."""
    name = tidy(REFERENCE.sub("", name)).strip(" .:")
    name = INITIALS.get(name, name)
    plain = name.lower() if name.isupper() else name
    return beginning(plain[:1].upper() + plain[1:], LONGEST_HEADING)


def is_mostly_formulas(text: str) -> bool:
    """Whether a text holds raw LaTeX, or a formula for every ten words."""
    return bool(LATEX.search(text)) or text.count("[formula]") > MOST_FORMULAS * len(text.split())


def passages(sections: Sequence[Section], longest: int, longest_section: int) -> list[Passage]:
    """For each section, the passage that it stands in: sections that follow each other, each with its beginning.

    Args:
        sections: the paper.
        longest: characters of a passage.
        longest_section: characters of one section in it; its sentences after that are left out.
    """
    shown = [replace(section, text=beginning(section.text, longest_section)) for section in sections]
    runs: list[list[int]] = []  # places of the sections of each passage
    for place in range(len(shown)):
        if runs and _length([shown[other] for other in (*runs[-1], place)]) <= longest:
            runs[-1].append(place)
        else:
            runs.append([place])
    if len(runs) > 1 and len(runs[-1]) == 1 and len(runs[-2]) > 2:
        runs[-1].insert(0, runs[-2].pop())  # a section alone would leave nothing to look for
    return [
        Passage(
            text=BETWEEN.join(shown[place].whole for place in run),
            cut=any(shown[place] != sections[place] for place in run),
        )
        for run in runs
        for _ in run
    ]


def extract(sections: Sequence[Section], longest: int) -> Passage:
    """The whole paper when it fits, else the beginning of its sections, in shares as equal as their lengths allow.

    With too many sections for a sentence each, sections evenly spaced stand for all, the first and the last among them.
    """
    if _length(sections) <= longest:
        return Passage(text=BETWEEN.join(section.whole for section in sections), cut=False)
    chosen = _spread(sections, max(2, longest // SHORTEST_SHARE))
    room = longest - sum(len(section.heading) + 1 + len(BETWEEN) for section in chosen)
    share = _share([len(section.text) for section in chosen], room)
    texts = (f"{section.heading}\n{beginning(section.text, share)}" for section in chosen)
    return Passage(text=BETWEEN.join(texts), cut=True)


def _length(run: Sequence[Section]) -> int:
    return sum(len(section.whole) for section in run) + len(BETWEEN) * (len(run) - 1)


def _spread(sections: Sequence[Section], most: int) -> list[Section]:
    if len(sections) <= most:
        return list(sections)
    step = (len(sections) - 1) / (most - 1)
    return [sections[round(place * step)] for place in range(most)]


def _share(lengths: Sequence[int], room: int) -> int:
    """The most characters that each may have so that together they fill `room`; the short leave theirs to the long."""
    left = sorted(lengths)
    while left and left[0] * len(left) <= room:
        room -= left.pop(0)
    return room // len(left) if left else max(lengths)
