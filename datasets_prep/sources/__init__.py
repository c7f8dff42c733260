"""The sets that Causette can read: one short file each, and one line here.

    SOURCES["medquad"].read(Given(path=Path("medquad.csv.gz"))).rows

The user types a name (``medquad``), a name and a part (``embedded:boutique``), or a file (``faq.csv``); a weight may
follow (``medquad:2``, ``faq.csv:0.5``).
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.phrasing import RequestLanguage
from datasets_prep.sources import (
    cancer,
    corona_tweets,
    csv_pairs,
    embedded,
    financial_phrasebank,
    jsonl,
    medquad,
    scientific_papers,
)
from datasets_prep.spec import DatasetSpec, Given, SplitRule
from datasets_prep.splits import BY_GROUP

SOURCES: dict[str, DatasetSpec] = {
    "cancer": cancer.SPEC,
    "corona_tweets": corona_tweets.SPEC,
    "csv": csv_pairs.SPEC,
    "embedded": embedded.SPEC,
    "financial_phrasebank": financial_phrasebank.SPEC,
    "jsonl": jsonl.SPEC,
    "medquad": medquad.SPEC,
    "scientific_papers": scientific_papers.SPEC,
}
# What the end of a file's name says, after an optional ".gz".
FILE_KINDS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl"}
WEIGHT = re.compile(r"\d+(?:[.,]\d+)?")  # what follows the last colon: "medquad:2", "faq.csv:0.5"
LARGEST_WEIGHT = 100
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
    def split_rule(self) -> SplitRule:
        """The set's own rule, else by group."""
        return self.spec.split_rule or BY_GROUP


def chosen_sources(
    texts: Sequence[str],
    from_file: Path | Mapping[str, Path] | None = None,
    columns: tuple[str, str] | None = None,
    requests: RequestLanguage | None = None,
) -> list[Source]:
    """The sources that the user's texts name, with what the user says about them.

    Args:
        texts: names, names with a part, files; each may end in its weight: "medquad:2".
        from_file: a file for the one of them that needs one, or several by the name of the source.
        columns: question and answer columns of the CSV files.
        requests: language of the requests that Causette phrases.

    Raises:
        InputError: an unknown source or part, two files of one name, a part that another source holds already, a
            weight out of bounds, or an option that no source takes.
    """
    weighed = [_weighed(text) for text in texts]
    found = [find_source(text) for text, _ in weighed]
    for name, file in (from_file if isinstance(from_file, Mapping) else {"": from_file}).items():
        found = _with_file(found, file, name) if file else found
    if columns is not None:
        found = _with_columns(found, columns)
    if requests is not None:
        found = _with_requests(found, requests)
    sources = [
        Source(name=_name(spec, given), spec=spec, given=given, weight=weight)
        for (spec, given), (_, weight) in zip(found, weighed, strict=True)
    ]
    _refuse_twins(sources)
    _refuse_overlaps(sources)
    return sources


def find_source(text: str) -> tuple[DatasetSpec, Given]:
    """The source that a user's text names, and what the text says about it.

    Raises:
        InputError: no such source, or no such part of it; the known ones are listed.
    """
    if kind := FILE_KINDS.get(Path(_without_gz(text)).suffix.lower()):
        return SOURCES[kind], Given(path=Path(text))
    name, _, part = text.partition(":")
    if name not in SOURCES:
        endings = ", ".join(FILE_KINDS)
        raise _unknown(name, SOURCES, (f"un fichier {endings}", f"a {endings} file"))
    if part and part not in SOURCES[name].parts:
        raise _unknown(part, SOURCES[name].parts, (f"{name} tout entier", f"the whole of {name}"))
    return SOURCES[name], Given(part=part)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ " Did you mean “medquad”?" for "medquod"; "" when no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return tr(f" Vouliez-vous dire « {near[0]} » ?", f" Did you mean “{near[0]}”?") if near else ""


def _weighed(text: str) -> tuple[str, float]:
    """ "medquad:2" → ("medquad", 2.0); "embedded:boutique" → ("embedded:boutique", 1.0)."""
    name, _, end = text.rpartition(":")
    if not name or not WEIGHT.fullmatch(end):
        return text, 1.0
    weight = float(end.replace(",", "."))
    if not 0 < weight <= LARGEST_WEIGHT:
        raise InputError(
            tr(
                f"{text} : le poids doit être au-dessus de 0 et ne pas dépasser {LARGEST_WEIGHT}. Par exemple : {name}:2",
                f"{text}: the weight must be above 0 and at most {LARGEST_WEIGHT}. For example: {name}:2",
            )
        )
    return name, weight


def _without_gz(name: str) -> str:
    return name[:-3] if name.lower().endswith(".gz") else name


def _name(spec: DatasetSpec, given: Given) -> str:
    if spec.name in FILE_KINDS.values() and given.path:
        return Path(_without_gz(given.path.name)).stem
    return spec.name


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


def _with_columns(found: Sequence[Found], columns: tuple[str, str]) -> list[Found]:
    if not any(spec is csv_pairs.SPEC for spec, _ in found):
        raise InputError(
            tr(
                "--columns ne sert qu'aux fichiers CSV, et aucune des sources n'en est un.",
                "--columns is for CSV files only, and none of the sources is one.",
            )
        )
    return [(spec, replace(given, columns=columns) if spec is csv_pairs.SPEC else given) for spec, given in found]


def _with_requests(found: Sequence[Found], requests: RequestLanguage) -> list[Found]:
    if not any(spec.phrased for spec, _ in found):
        takers = ", ".join(name for name, spec in SOURCES.items() if spec.phrased)
        raise InputError(
            tr(
                f"--requests ne sert qu'aux jeux sans question ({takers}), et aucune des sources n'en est un.",
                f"--requests is for sets without questions only ({takers}), and none of the sources is one.",
            )
        )
    return [(spec, replace(given, requests=requests)) for spec, given in found]


def _refuse_twins(sources: Sequence[Source]) -> None:
    """Two files of one name would give two dialogues of one id."""
    names = Counter(source.name for source in sources if not source.given.part)
    name, count = names.most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise InputError(
            tr(
                f"« {name} » : deux sources portent ce nom. Ôtez-en une, ou renommez un des fichiers.",
                f"“{name}”: two sources bear this name. Take one away, or rename one of the files.",
            )
        )


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


def _unknown(name: str, known: Iterable[str], otherwise: tuple[str, str]) -> InputError:
    names = sorted(known)
    listed, guess = ", ".join(names) or "–", did_you_mean(name, names)
    return InputError(
        tr(
            f"« {name} » : source inconnue.{guess}\nConnues : {listed} ; ou bien {otherwise[0]}.",
            f"“{name}”: unknown source.{guess}\nKnown: {listed}; or else {otherwise[1]}.",
        )
    )
