"""The sets that Causette can read: one short file each, and one line here.

    SOURCES["medquad"].read(Given(path=Path("medquad.csv.gz"))).rows

The user types a name (``medquad``), a name and a part (``embedded:boutique``), or a file (``faq.csv``).
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.archives import excel, name_inside
from datasets_prep.sources import csv_pairs, embedded, jsonl, medquad
from datasets_prep.spec import DatasetSpec, Given, SplitRule
from datasets_prep.splits import BY_GROUP

SOURCES: dict[str, DatasetSpec] = {
    "csv": csv_pairs.SPEC,
    "embedded": embedded.SPEC,
    "jsonl": jsonl.SPEC,
    "medquad": medquad.SPEC,
}
# What the end of a file's name says, before an optional ".gz" or ".zip".
FILE_KINDS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".json": "jsonl"}
Found = tuple[DatasetSpec, Given]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source as the user asked for it.

    Args:
        name: stands in the ids of its dialogues: that of the set, or of the user's file ("faq" for "faq.csv.gz").
        spec: what it is.
        given: what the user says about it.
    """

    name: str
    spec: DatasetSpec
    given: Given

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
    from_file: Path | None = None,
    columns: tuple[str, str] | None = None,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    no_header: bool = False,
) -> list[Source]:
    """The sources that the user's texts name, with what the user says about them.

    Args:
        texts: names, names with a part, files.
        from_file: a file for the one of them that needs one.
        columns: question and answer columns of the CSV files.
        encoding: of the user's files.
        separator: of the columns of the CSV files.
        no_header: whether the first row of the CSV files is data.

    Raises:
        InputError: an unknown source or part, two files of one name, a part that another source holds already, or an
            option that no source takes.
    """
    found = [find_source(text) for text in texts]
    if from_file is not None:
        found = _with_file(found, from_file)
    csv_only = {"columns": columns, "separator": separator, "no_header": no_header or None}
    found = _with_options(found, csv_only, {"csv": csv_pairs.SPEC})
    found = _with_options(found, {"encoding": encoding}, {"csv": csv_pairs.SPEC, "jsonl": jsonl.SPEC})
    sources = [Source(name=_name(spec, given), spec=spec, given=given) for spec, given in found]
    _refuse_twins(sources)
    _refuse_overlaps(sources)
    return sources


def find_source(text: str) -> tuple[DatasetSpec, Given]:
    """The source that a user's text names, and what the text says about it.

    Raises:
        InputError: no such source, or no such part of it; the known ones are listed.
    """
    if kind := _file_kind(Path(text)):
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


def _file_kind(path: Path) -> str | None:
    """The source that reads a file of this name; that of the file within for "faq.zip"."""
    suffix = Path(_without_archive(path.name)).suffix.lower()
    if suffix in (".xlsx", ".xlsm", ".xls", ".ods"):
        raise excel(path)
    if not suffix and path.suffix.lower() == ".zip":
        return FILE_KINDS.get(Path(name_inside(path)).suffix.lower(), "csv")
    return FILE_KINDS.get(suffix)


def _without_archive(name: str) -> str:
    """The name without ".gz" or ".zip"."""
    return re.sub(r"\.(gz|zip)$", "", name, flags=re.IGNORECASE)


def _name(spec: DatasetSpec, given: Given) -> str:
    if spec.name in FILE_KINDS.values() and given.path:
        return Path(_without_archive(given.path.name)).stem
    return spec.name


def _with_file(found: Sequence[Found], file: Path) -> list[Found]:
    needy = [spec for spec, given in found if spec.takes_file and given.path is None]
    if len(needy) != 1:
        takers = ", ".join(name for name, spec in SOURCES.items() if spec.takes_file)
        raise InputError(
            tr(
                f"--from {file} : il faut exactement une source à lire dans ce fichier ({takers}), "
                f"il y en a {len(needy)}.",
                f"--from {file}: exactly one source to read from that file is needed ({takers}), "
                f"there are {len(needy)}.",
            )
        )
    return [
        (spec, replace(given, path=file) if spec is needy[0] and not given.path else given) for spec, given in found
    ]


def _with_options(found: Sequence[Found], options: dict[str, Any], takers: dict[str, DatasetSpec]) -> list[Found]:
    """What the user says about the files of these kinds; it must concern one source at least."""
    said = {name: value for name, value in options.items() if value is not None}
    specs, kinds = list(takers.values()), tr(" et ", " and ").join(kind.upper() for kind in takers)
    if said and not any(spec in specs for spec, _ in found):
        option = "--" + next(iter(said)).replace("_", "-")
        raise InputError(
            tr(
                f"{option} ne sert qu'aux fichiers {kinds}, et aucune des sources n'en est un.",
                f"{option} is for {kinds} files only, and none of the sources is one.",
            )
        )
    return [(spec, replace(given, **said) if spec in specs else given) for spec, given in found]


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
