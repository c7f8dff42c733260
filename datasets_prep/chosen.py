"""The sources that the user asked for, and what the user says about each: weights, files, options.

    chosen_sources(["medquad:2", "faq.csv"], Path("medquad.csv.gz"), {"columns": ("q", "r")})

An option that no source takes is refused: one without effect would be believed.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.sources import FILE_KINDS, SOURCES, find_source, is_file_name, name_of
from datasets_prep.spec import DatasetSpec, Given, Licence, SplitRule, Words, silent
from datasets_prep.splits import BY_GROUP

WEIGHT = re.compile(r"\d+(?:[.,]\d+)?")  # what follows the last colon: "medquad:2", "faq.csv:0.5"
NUMBER_LIKE = re.compile(r"[-+]?(?:[\d.,]+(?:e[-+]?\d+)?|nan|inf(?:inity)?)", re.IGNORECASE)
LARGEST_WEIGHT = 100
# Field of `Given` → the options of the command line that set it, where the name does not tell.
FLAGS = {"making": "--maker, --max-calls, --max-cost, --prices"}
# Why an option is not for every source, where that is not plain.
REASONS: dict[str, Words] = {
    "licence": (
        "\nLa licence d'un jeu connu est au catalogue : causette data licences la montre.",
        "\nThe licence of a known set is in the catalogue: causette data licences shows it.",
    )
}
Found = tuple[DatasetSpec, Given]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source as the user asked for it.

    Args:
        name: stands in the ids of its dialogues: that of the set, or of the user's file ("faq" for "faq.csv.gz").
        spec: what it is.
        given: what the user says about it.
        weight: how often its training dialogues are written.
    """

    name: str
    spec: DatasetSpec
    given: Given
    weight: float = 1

    @property
    def words(self) -> str:
        """The source as the user names it: "embedded:boutique"."""
        return f"{self.name}:{self.given.part}" if self.given.part else self.name

    @property
    def licence(self) -> Licence:
        """What its owner declares, else what the set states."""
        return self.given.licence or self.spec.licence

    @property
    def split_rule(self) -> SplitRule:
        """The set's own rule, else by group."""
        return self.spec.split_rule or BY_GROUP


def chosen_sources(
    texts: Sequence[str],
    from_file: Path | Mapping[str, Path] | None = None,
    options: Mapping[str, Any] | None = None,
    say: Callable[[str], object] = silent,
) -> list[Source]:
    """The sources that the user's texts name, with what the user says about them.

    Args:
        texts: names, names with a part, files; each may end in its weight: "medquad:2".
        from_file: a file for the one of them that needs one, or several by the name of the source.
        options: fields of `Given` that only some sources take → what the user said; None where nothing was said.
        say: told what the reading of a document came to.

    Raises:
        InputError: an unknown source or part, two files of one name, a part that another source holds already, a
            weight out of bounds, or an option that no source takes.
    """
    weighed = [_weighed(text) for text in texts]
    found = [find_source(text) for text, _ in weighed]
    for name, file in (from_file if isinstance(from_file, Mapping) else {"": from_file}).items():
        found = _with_file(found, file, name) if file else found
    for option, value in (options or {}).items():
        found = _with_option(found, option, value) if value is not None else found
    sources = [
        Source(name=name_of(spec, given), spec=spec, given=replace(given, say=say), weight=weight)
        for (spec, given), (_, weight) in zip(found, weighed, strict=True)
    ]
    _refuse_twins(sources)
    _refuse_overlaps(sources)
    return sources


def _weighed(text: str) -> tuple[str, float]:
    """ "medquad:2" → ("medquad", 2.0); "embedded:boutique" → ("embedded:boutique", 1.0)."""
    name, _, end = text.rpartition(":")
    if not name or not (NUMBER_LIKE.fullmatch(end) or is_file_name(name)) or is_file_name(text):
        return text, 1.0
    weight = float(end.replace(",", ".")) if WEIGHT.fullmatch(end) else 0.0
    if not 0 < weight <= LARGEST_WEIGHT:
        raise InputError(
            tr(
                f"{text} : le poids doit être au-dessus de 0 et ne pas dépasser {LARGEST_WEIGHT}. Par exemple : {name}:2",
                f"{text}: the weight must be above 0 and at most {LARGEST_WEIGHT}. For example: {name}:2",
            )
        )
    return name, weight


def _with_file(found: Sequence[Found], file: Path, name: str = "") -> list[Found]:
    needy = [
        place
        for place, (spec, given) in enumerate(found)
        if spec.takes_file and given.path is None and name in ("", spec.name)
    ]
    if len(needy) != 1:
        takers = name or ", ".join(name for name, spec in SOURCES.items() if spec.takes_file)
        raise InputError(
            tr(
                f"--from {file} : il faut exactement une source à lire dans ce fichier ({takers}), "
                f"il y en a {len(needy)}.\nPour plusieurs sources, nommez-les : --from medquad=medquad.csv.gz",
                f"--from {file}: exactly one source to read from that file is needed ({takers}), "
                f"there are {len(needy)}.\nFor several sources, name them: --from medquad=medquad.csv.gz",
            )
        )
    return [
        (spec, replace(given, path=file) if place == needy[0] else given) for place, (spec, given) in enumerate(found)
    ]


def _with_option(found: Sequence[Found], option: str, value: Any) -> list[Found]:
    """What the user says about the sources that take this option; there must be one of them."""
    if not any(option in spec.takes for spec, _ in found):
        flag = FLAGS.get(option, "--" + option.replace("_", "-"))
        takers = ", ".join(_with_endings(name) for name, spec in SOURCES.items() if option in spec.takes)
        french, english = REASONS.get(option, ("", ""))
        raise InputError(
            tr(
                f"{flag} : seulement pour certaines sources ({takers}), et aucune n'est demandée ici.{french}",
                f"{flag}: only for some sources ({takers}), and none of them is asked for here.{english}",
            )
        )
    return [(spec, replace(given, **{option: value}) if option in spec.takes else given) for spec, given in found]


def _with_endings(name: str) -> str:
    """ "document" → "document (.pdf, .txt)"; "medquad" → "medquad"."""
    endings = ", ".join(ending for ending, kind in FILE_KINDS.items() if kind == name)
    return f"{name} ({endings})" if endings else name


def _refuse_twins(sources: Sequence[Source]) -> None:
    """Two files of one name, or a file that bears the name of a set, would give two dialogues of one id."""
    wholes = [source.name for source in sources if not source.given.part]
    parted = {source.name for source in sources if source.given.part}
    names = Counter(wholes) + Counter(name for name in parted if _is_file(name, sources))
    name, count = names.most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise InputError(
            tr(
                f"« {name} » : deux sources portent ce nom. Ôtez-en une, ou renommez un des fichiers.",
                f"“{name}”: two sources bear this name. Take one away, or rename one of the files.",
            )
        )


def _is_file(name: str, sources: Sequence[Source]) -> bool:
    """Whether a file of the user bears this name."""
    return any(source.name == name and source.spec.name != name for source in sources)


def _refuse_overlaps(sources: Sequence[Source]) -> None:
    """Read twice, a theme would come out as duplicates alone, and only once all was read."""
    for one, other in permutations(sources, 2):
        if one.spec is not other.spec or not other.given.part:
            continue
        if one.words == other.words:
            raise InputError(tr(f"« {one.words} » : source donnée deux fois.", f"“{one.words}”: source given twice."))
        if not one.given.part or set(one.spec.parts[other.given.part]) <= set(one.spec.parts[one.given.part]):
            raise InputError(
                tr(
                    f"« {one.words} » contient déjà « {other.words} » : ôtez l'une des deux sources.",
                    f"“{one.words}” already holds “{other.words}”: take one of the two away.",
                )
            )
