"""What `causette data` shows: the sets that can be read, what of them is on disk, and their licences."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.download import bytes_of
from datasets_prep.ledger import Terms, answer_in_words, licences_of, strictest
from datasets_prep.prepared import PreparedSet, is_prepared
from datasets_prep.sources import SOURCES, did_you_mean, find_source
from datasets_prep.sources.embedded import FOLDER
from datasets_prep.spec import Answer, DatasetSpec, Licence

WIDTH = 100
COLUMNS = (22, 8, 44, 20)  # characters of the columns of `list_sets`, 94 in all
MOST_PARTS = 4  # listed whole; of more, two
STYLES = {"yes": "green", "no": "red", "unknown": "yellow"}


def list_sets() -> tuple[dict[str, Any], Text]:
    """The JSON value, then the list. What is on disk is looked up without a network."""
    entries = [_entry(spec) for spec in SOURCES.values()]
    head = tr("Nom|Langue|Taille|Sur le disque", "Name|Language|Size|On disk").split("|")
    shown = Text("".join(map(str.ljust, head, COLUMNS)) + "\n", style="bold")
    for spec, entry in zip(SOURCES.values(), entries, strict=True):
        shown.append("\n").append(_lines(spec, entry))
    return {"sets": entries}, shown


def show_licences(wanted: Sequence[str]) -> tuple[Any, ...]:
    """The JSON value, then what to print: the ledger of the sets and prepared folders named, all sets by default.

    Raises:
        InputError: neither a set nor a prepared folder.
    """
    licences: dict[str, Licence] = {}
    for name in wanted or [name for name, spec in SOURCES.items() if spec.upstreams or not spec.takes_file]:
        licences |= _licences(name)
    terms = strictest(licences)
    entries = {name: licence.to_json() for name, licence in licences.items()}
    shown: list[Any] = [_licence_table(licences), _attributions(licences)]
    if (wanted and len(licences) > 1) or any(is_prepared(Path(name)) for name in wanted):
        shown.append(_terms_in_words(terms))
    return {"licences": entries, "terms": terms.to_json()}, *shown


def _entry(spec: DatasetSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": tr(*spec.title),
        "language": spec.language,
        "size": tr(*spec.size),
        "licence": tr(*spec.licence.stated),
        "origin": tr(*spec.origin),
        "parts": list(spec.parts),
        "on_disk": _on_disk(spec),
    }


def _on_disk(spec: DatasetSpec) -> dict[str, Any] | None:
    """Paths and size of what is there; None for the user's own files, which have no place of their own."""
    if spec.name == "embedded":
        return {"complete": True, "paths": [str(FOLDER)], "bytes": bytes_of(FOLDER)}
    if not spec.upstreams:
        return None
    found = [path for upstream in spec.upstreams if (path := upstream.on_disk())]
    return {
        "complete": len(found) == len(spec.upstreams),
        "paths": [str(path) for path in found],
        "bytes": sum(bytes_of(path) for path in found),
    }


def _on_disk_in_words(found: Mapping[str, Any] | None) -> Text:
    if found is None:
        return Text("–", style="not bold dim")
    if not found["paths"]:
        return Text(tr("non", "no"), style="not bold dim")
    size = _size(found["bytes"])
    return Text(size if found["complete"] else tr(f"en partie, {size}", f"in part, {size}"), style="not bold green")


def _size(count: int) -> str:
    units = tr("o Ko Mo Go", "B KB MB GB").split()
    power = min((len(str(count)) - 1) // 3, 3)
    return f"{number(count / 1000**power, 1 if power else 0)} {units[power]}"


def _lines(spec: DatasetSpec, entry: Mapping[str, Any]) -> Text:
    """A set: name, language, size, what is on disk; below it what it is, its parts, its licence, where it is from."""
    text = Text(style="not bold")
    text.append(spec.name.ljust(COLUMNS[0]), style="bold cyan")
    text.append((spec.language or "–").ljust(COLUMNS[1]) + (entry["size"] or "–").ljust(COLUMNS[2]))
    text.append(_on_disk_in_words(entry["on_disk"])).append("\n")
    parts = [f":{part}" for part in spec.parts]
    few = parts if len(parts) <= MOST_PARTS else [*parts[:2], "…"]
    about = [" ".join([entry["title"], *few]), tr(f"licence : {entry['licence']}", f"licence: {entry['licence']}")]
    for line in about:
        text.append(f"  {line}\n")
    return text.append(f"  {entry['origin']}\n", style="dim")


def _plain_table(head: Sequence[str], widths: Sequence[int]) -> Table:
    """A table without frames, made for 100 columns; a cell too long goes on below."""
    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name, width in zip(head, widths, strict=True):
        drawn.add_column(name, overflow="fold", max_width=width)
    return drawn


def _licences(name: str) -> dict[str, Licence]:
    if name.partition(":")[0] in SOURCES:
        spec, _ = find_source(name)
        return {name: spec.licence}
    if Path(name).exists():
        return licences_of(PreparedSet.open(Path(name)).manifest)
    raise InputError(
        tr(
            f"« {name} » : ni un jeu connu, ni un dossier préparé.{did_you_mean(name, SOURCES)}",
            f"“{name}”: neither a known set nor a prepared folder.{did_you_mean(name, SOURCES)}",
        )
    )


def _licence_table(licences: Mapping[str, Licence]) -> Table:
    head = tr(
        "Source|Licence énoncée|Redistribuer|Commerce|À l'identique|Données personnelles",
        "Source|Licence as stated|Redistribute|Commerce|Share alike|Personal data",
    )
    drawn = _plain_table(head.split("|"), widths=(20, 17, 12, 8, 13, 18))
    for name, licence in licences.items():
        answers = (licence.redistribution, licence.commercial_use, licence.share_alike)
        drawn.add_row(Text(name, style="bold"), tr(*licence.stated), *map(_answer, answers), tr(*licence.personal_data))
    return drawn


def _answer(answer: Answer) -> Text:
    return Text(answer_in_words(answer), style=STYLES[answer])


def _attributions(licences: Mapping[str, Licence]) -> Text:
    text = Text(tr("À citer", "To be named"), style="bold")
    for name, licence in licences.items():
        checked = tr("non vérifiée", "not checked")
        if licence.checked:
            checked = tr(f"vérifiée en {licence.checked}", f"checked {licence.checked}")
        text.append(f"\n{name}", style="cyan").append(f" ({checked})", style="not bold dim")
        for line in textwrap.wrap(licence.attribution, WIDTH - 2):
            text.append(f"\n  {line}", style="not bold")
        if licence.link:
            text.append(f"\n  {licence.link}", style="not bold dim")
    return text.append("\n")


def _terms_in_words(terms: Terms) -> Text:
    """The strictest of all, and whose it is."""
    redistribution, commercial = answer_in_words(terms.redistribution), answer_in_words(terms.commercial_use)
    text = Text(tr("L'ensemble reprend le plus strict\n", "The whole takes the strictest\n"), style="bold")
    lines = [
        tr(f"- redistribution : {redistribution}", f"- redistribution: {redistribution}"),
        tr(f"- usage commercial : {commercial}", f"- commercial use: {commercial}")
        + (f" ({', '.join(terms.non_commercial)})" if terms.non_commercial else ""),
    ]
    if terms.share_alike_sources:
        listed = ", ".join(terms.share_alike_sources)
        lines.append(tr(f"- partage à l'identique : {listed}", f"- share alike: {listed}"))
    if terms.unknown:
        listed = ", ".join(terms.unknown)
        lines.append(tr(f"- conditions inconnues : {listed}", f"- unknown terms: {listed}"))
    return text.append("\n".join(lines), style="not bold")
