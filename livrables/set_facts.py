"""A prepared set as facts: what was read, kept and rejected, under which licences; its atlas is in `atlas_facts`."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from chatbot.language import tr
from datasets_prep.ledger import ANSWERS, TERM_NAMES
from datasets_prep.own_licence import UNKNOWN_LICENCE
from datasets_prep.personal import KINDS
from datasets_prep.prepared import MANIFEST, PreparedSet
from datasets_prep.rows import reason_in_words
from livrables import told
from livrables.atlas_facts import atlas_facts
from livrables.fact import Fact, unmeasured
from livrables.parts import OneSource, SetFacts
from livrables.pointers import joined, leaf
from livrables.reading import Reader

LANGUAGES = {
    "ar": ("arabe", "Arabic"), "de": ("allemand", "German"), "en": ("anglais", "English"), "es": ("espagnol", "Spanish"),
    "fr": ("français", "French"), "it": ("italien", "Italian"), "nl": ("néerlandais", "Dutch"), "pt": ("portugais", "Portuguese"),
    "": ("langue incertaine", "language not sure"),
}  # fmt: skip
COPIED = "data_manifest.json"  # in a run: the manifest of the set as it was learnt


def set_facts(reader: Reader, folder: Path) -> SetFacts:
    """A prepared set.

    Raises:
        InputError: it is none, one of its files was lost or changed, or it lies outside the folder of the work.
    """
    name = str(reader.below(folder))
    data = PreparedSet.open(reader.folder / name)
    return _facts(reader, Path(name), data.folder / MANIFEST, f"set.{data.folder.name}", data.fingerprint)


def set_of_run(reader: Reader, run: Path, data: str) -> SetFacts:
    """The set that a run learnt, from the manifest which the run keeps: without atlas, for the set itself is gone.

    Args:
        reader: of the work.
        run: its folder.
        data: where the set was.
    """
    return _facts(reader, Path(leaf(data)), run / COPIED, f"set.{leaf(data)}", "")


def no_set(reader: Reader) -> SetFacts:
    """What stands where no set was prepared yet: nothing is measured."""
    folder = Path("data") / tr("NOM", "NAME")
    return _facts(reader, folder, reader.folder / folder / MANIFEST, "set", "")


def _facts(reader: Reader, folder: Path, manifest: Path, key: str, fingerprint: str) -> SetFacts:
    cure = _prepare(folder)
    fact = partial(_fact, reader, manifest, key, cure)
    found: Mapping[str, Any] = reader.content(manifest) if manifest.is_file() else {}
    counts = found.get("counts", {})
    return SetFacts(
        folder=folder,
        name=folder.name,
        sources=tuple(_source(reader, manifest, key, cure, place, one) for place, one in enumerate(found.get("sources", ()))),
        read=fact("read", "/counts/read", told.count),
        kept=fact("kept", "/counts/kept", told.count),
        rejected=fact("rejected", "/counts/rejected", told.count),
        splits={
            split: fact(f"splits.{split}", joined("counts", "by_split", split), told.count)
            for split in counts.get("by_split", {})
        },
        reasons=tuple(
            (reason_in_words(why), fact(f"reasons.{why}", joined("counts", "by_reason", why), told.count))
            for why, _ in sorted(counts.get("by_reason", {}).items(), key=lambda one: -one[1])
        ),
        cleaning=_cleaning(fact, found),
        languages=tuple(
            (tr(*LANGUAGES.get(code, (code, code))), fact(f"languages.{code or 'unsure'}", joined("languages", code), told.count))
            for code in found.get("languages", {})
        ),
        strictest=_strictest(fact),
        **atlas_facts(reader, folder, key, fingerprint),
    )  # fmt: skip


def _prepare(folder: Path) -> str:
    return f"causette prepare {tr('FICHIER', 'FILE')} --out {folder.as_posix()}"


def _fact(
    reader: Reader, manifest: Path, key: str, cure: str, name: str, pointer: str, how: Any = told.plain, lack: str = ""
) -> Fact:
    created = ""
    if manifest.is_file():
        created = str(reader.content(manifest).get("created", ""))
    return reader.fact(f"{key}.{name}", manifest, pointer, how, date=created, cure=lack or cure)


def _source(reader: Reader, manifest: Path, key: str, cure: str, place: int, one: Mapping[str, Any]) -> OneSource:
    full = f"{one['name']}:{one['part']}" if one["part"] else one["name"]
    said = partial(_fact, reader, manifest, f"{key}.sources.{full}", cure)
    here, licence = joined("sources", place), one["licence"]
    known = licence["stated"] not in UNKNOWN_LICENCE.stated
    lack = f"{cure} --licence {tr('LICENCE --attribution TEXTE', 'LICENCE --attribution TEXT')}"
    name = (
        said("name", f"join:{here}/name,{here}/part", lambda _: full) if one["part"] else said("name", f"{here}/name")
    )
    return OneSource(
        name=name,
        title=said("title", f"optional:{here}/title"),
        address=said("address", f"optional:{here}/origin"),
        revision=said("revision", f"optional:{here}/revision"),
        licence=said("licence", f"{here}/licence/stated") if known else unmeasured(f"{key}.sources.{full}.licence", lack),
        licence_address=said("licence_address", f"optional:{here}/licence/link"),
        terms={
            term: said(f"terms.{term}", f"{here}/licence/{term}", told.word(ANSWERS))
            for term in TERM_NAMES
            if term in licence
        },
        attribution=said("attribution", f"optional:{here}/licence/attribution"),
        personal=said("personal", f"optional:{here}/licence/personal_data"),
        **{count: said(count, f"{here}/counts/{count}", told.count) for count in ("read", "kept", "rejected")},
        declared=known and not licence["checked"] and bool(licence.get("identifier")),
    )  # fmt: skip


def _cleaning(fact: Any, manifest: Mapping[str, Any]) -> tuple[tuple[str, Fact], ...]:
    """What was done, with counts; what was looked for and not found is left out."""
    done, counts = manifest.get("cleaning") or {}, manifest.get("counts", {})
    listed = [(tr("textes normalisés (Unicode, blancs, caractères invisibles)", "texts normalised (Unicode, blanks, invisible characters)"),
               "cleaning.normalised", done.get("normalised"))]  # fmt: skip
    for kind, (french, english) in KINDS.items():
        words = tr(f"{french} masqués" if french.startswith("num") else f"{french} masquées", f"{english} masked")
        listed.append((words, f"cleaning.masked.{kind}", done.get("masked", {}).get(kind)))
    listed += [
        (tr("réponses où revient une phrase toute faite", "answers that hold a stock sentence"),
         "cleaning.boilerplate.answers", done.get("boilerplate", {}).get("answers")),
        (tr("demandes gardées avec plusieurs réponses", "requests kept with several answers"),
         "several_answers", manifest.get("several_answers")),
        (tr("groupes réunis parce que leurs réponses sont les mêmes", "groups joined because their answers are the same"),
         "counts.merged_groups", counts.get("merged_groups")),
        (tr("copies dues aux poids des sources", "copies made by the weights of sources"), "counts.copies", counts.get("copies")),
    ]  # fmt: skip
    return tuple((words, fact(name, joined(*name.split(".")), told.count)) for words, name, many in listed if many)


def _strictest(fact: Any) -> Fact:
    def words(value: str) -> str:
        pairs = zip(TERM_NAMES.values(), value.split(", "), strict=True)
        colon = tr(" : ", ": ")
        listed = [f"{tr(*name)}{colon}{tr(*ANSWERS[answer])}" for name, answer in pairs]
        listed[1:] = [one[0].lower() + one[1:] for one in listed[1:]]
        return tr(" ; ", "; ").join(listed)

    found: Fact = fact("strictest", "join:" + ",".join(joined("terms", name) for name in TERM_NAMES), words)
    return found
