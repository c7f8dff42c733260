"""A prepared set against its manifest: counts, fingerprints, and that no question of the test is in the training."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.language import number, tr
from datasets_prep.manifest_shape import fault_of
from datasets_prep.prepared import MANIFEST, REJECTED, REPORT
from datasets_prep.rows import normalised
from livrables.checks.check import Check, Place, listed
from livrables.checks.reading import dialogues_of, inside, json_of, lines_of, sha256_of

AGAIN = ("préparez de nouveau le jeu (--replace), puis refaites ce qui en vient",
         "prepare the set again (--replace), then make again what came of it")  # fmt: skip
DIGITS = re.compile(r"\d+(?:[\s.,\u202f\xa0]\d{3})*")


def prepared_checks(folder: Path, work: Path, where: str) -> Iterator[Check]:
    """All of a set.

    Args:
        folder: of the set.
        work: that its files must lie in.
        where: it is told by.
    """
    place = Place(kind="data", where=f"{where}/{MANIFEST}")
    if not (folder / MANIFEST).is_file():
        yield place.unverified(tr("jeu préparé", "prepared set"), tr("manifeste absent", "no manifest"))
        return
    manifest = json_of(inside(work, f"{where}/{MANIFEST}"))
    if fault := fault_of(manifest):
        yield place.broken(tr("forme du manifeste", "shape of the manifest"),
                           tr(f"{fault} manque ou n'a pas la forme attendue", f"{fault} is missing or of another shape"), tr(*AGAIN))  # fmt: skip
        return
    yield from _sums(place, manifest)
    rows: dict[str, int] = {}
    for split, fingerprint in manifest["fingerprints"].items():
        yield from _split(place, work, f"{where}/{split}.jsonl", split, fingerprint, manifest, rows)
    yield from _rejected(place, work, f"{where}/{REJECTED}", manifest)
    yield from _report(work, f"{where}/{REPORT}", manifest["counts"])
    if "test" in rows and "train" in rows:
        yield from _apart(place, work, where, rows)


def _sums(place: Place, manifest: Mapping[str, Any]) -> Iterator[Check]:
    """Read = kept + rejected, in all and for each source; the sources add up."""
    totals = manifest["counts"]
    what = tr("lues = gardées + rejetées", "read = kept + rejected")
    for name, counts in [("", totals), *((one["name"], one["counts"]) for one in manifest["sources"])]:
        part = place.at(name) if name else place
        yield part.equal(what, counts["read"], counts["kept"] + counts["rejected"], tr(*AGAIN))
        yield part.equal(tr("rejetées = somme des raisons", "rejected = sum of the reasons"),
                         counts["rejected"], sum(counts["by_reason"].values()), tr(*AGAIN))  # fmt: skip
    for key in ("read", "kept", "rejected"):
        yield place.equal(tr(f"total des sources ({key})", f"total of the sources ({key})"), totals[key],
                          sum(one["counts"][key] for one in manifest["sources"]), tr(*AGAIN))  # fmt: skip
    yield place.equal(tr("gardées + copies = lignes des parties", "kept + copies = lines of the splits"),
                      totals["kept"] + totals["copies"], sum(totals["by_split"].values()), tr(*AGAIN))  # fmt: skip


def _split(
    place: Place, work: Path, name: str, split: str, fingerprint: str, manifest: Mapping[str, Any], rows: dict[str, int]
) -> Iterator[Check]:
    file, here = inside(work, name), Place(kind="data", where=name)
    if not file.is_file():
        yield here.unverified(
            tr("lignes et empreinte", "lines and fingerprint"), tr("fichier absent", "no such file"), count=2
        )
        return
    rows[split] = sum(1 for _ in lines_of(file))
    yield here.equal(tr("lignes comptées contre le manifeste", "lines counted against the manifest"),
                     manifest["counts"]["by_split"][split], rows[split], tr(*AGAIN))  # fmt: skip
    if sha256_of(file) == fingerprint:
        yield here.holds(tr("empreinte (sha256)", "fingerprint (sha256)"))
    else:
        yield here.broken(tr("empreinte (sha256)", "fingerprint (sha256)"),
                          tr("le fichier a changé depuis la préparation", "the file changed since it was prepared"), tr(*AGAIN))  # fmt: skip


def _rejected(place: Place, work: Path, name: str, manifest: Mapping[str, Any]) -> Iterator[Check]:
    file, here = inside(work, name), Place(kind="data", where=name)
    what = tr("lignes rejetées, par raison, contre le manifeste", "rejected rows, by reason, against the manifest")
    if not file.is_file():
        yield here.unverified(what, tr("fichier absent", "no such file"))
        return
    reasons = Counter(str(json.loads(line)["reason"]) for line in lines_of(file))
    yield here.equal(tr("lignes rejetées contre le manifeste", "rejected rows against the manifest"),
                     manifest["counts"]["rejected"], reasons.total(), tr(*AGAIN))  # fmt: skip
    for reason in dict.fromkeys([*manifest["counts"]["by_reason"], *reasons]):
        yield here.at(reason).equal(what, manifest["counts"]["by_reason"].get(reason, 0), reasons[reason], tr(*AGAIN))


def _report(work: Path, name: str, counts: Mapping[str, Any]) -> Iterator[Check]:
    """The counts are in the report, however it writes them."""
    file, here = inside(work, name), Place(kind="data", where=name)
    if not file.is_file():
        yield here.unverified(tr("comptes du rapport", "counts of the report"), tr("fichier absent", "no such file"))
        return
    told = {
        int(re.sub(r"\D", "", found))
        for line in lines_of(file)
        for found in DIGITS.findall(line.decode("utf-8", "replace"))
    }
    for key in ("read", "kept", "rejected"):
        what = tr(f"le rapport dit le compte du manifeste ({key})", f"the report tells the manifest's count ({key})")
        if counts[key] in told:
            yield here.holds(what)
        else:
            yield here.broken(
                what, tr(f"{number(counts[key])} n'y est pas", f"{number(counts[key])} is not in it"), tr(*AGAIN)
            )


def _apart(place: Place, work: Path, where: str, rows: Mapping[str, int]) -> Iterator[Check]:
    """Groups and questions on both sides of the split.

    A set whose recall split asks learnt questions in other words has them in validation too: there it is only the test
    that shares no group with the training.
    """
    apart = ["test"] if "recall" in rows else [split for split in ("validation", "test") if split in rows]
    groups, requests = set(), set()
    for dialogue in dialogues_of(inside(work, f"{where}/train.jsonl")):
        groups.add(normalised(dialogue.group))
        requests.add(request_of(dialogue))
    for split in apart:
        both: Counter[str] = Counter()
        again: list[str] = []
        for dialogue in dialogues_of(inside(work, f"{where}/{split}.jsonl")):
            both[dialogue.group] += normalised(dialogue.group) in groups
            if request_of(dialogue) in requests:
                again.append(dialogue.question)
        here = Place(kind="data", where=f"{where}/{split}.jsonl")
        yield from _none(
            here,
            tr("aucun groupe aussi dans l'entraînement", "no group that is in the training too"),
            [group for group in both if both[group]],
        )
        yield from _none(
            here,
            tr("aucune question mot pour mot dans l'entraînement", "no question word for word in the training"),
            again,
        )


def _none(place: Place, what: str, wrong: list[str]) -> Iterator[Check]:
    if not wrong:
        yield place.holds(what)
        return
    there = tr("se trouve dans train.jsonl", "is in train.jsonl")
    yield from listed(place, what, [(f"« {one[:60]} »", there) for one in wrong], tr(*AGAIN))


def request_of(dialogue: Dialogue) -> str:
    """What is asked, but for case and blanks."""
    asked = dialogue.messages[-2]
    return normalised("\n".join([asked.context, asked.content]))
