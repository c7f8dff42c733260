"""The embedded set: questions and answers in French, written for Causette.

Upstream: this repository, ``datasets_prep/embedded/``, one file per theme: 470 entries, 3,572 rows, 0.3 MB. An entry is
one answer and the phrasings of its question: 22 in the shop's themes of welcome, orders and delivery, six elsewhere.
The themes make two parts: the course's own subject (``embedded:cours``), and the customer service of an online bookshop
(``embedded:boutique``). Licence: that of the project, Apache-2.0.

Sample entry::

    {"id": "hub-001", "theme": "hub", "questions": ["Qu'est-ce que le Hugging Face Hub ?", …], "answer": "Le Hub est …"}

It fixes its own splits, which answer two questions. Does a model *generalise*? The test share of each theme's entries
goes whole to ``test``. Does it *recall*? Of the other entries, the same share of the phrasings goes to ``recall``, a
known answer under an unseen wording, and the validation share to ``validation``: at the default shares, one phrasing of
six or two of 22 each. A share above 0 gets one at least; the first phrasing always stays in ``train``.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from chatbot.language import tr
from datasets_prep.rows import Row
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading, Shares, SplitRule, Splits
from datasets_prep.splits import seeded_order
from datasets_prep.spool import Kept

FOLDER = Path(__file__).parent.parent / "embedded"
SHOP = ("boutique_accueil", "boutique_commande", "boutique_livraison", "boutique_service")
COURSE = (
    "droit_des_donnees",
    "evaluation",
    "fine_tuning",
    "gradio",
    "hub",
    "livrables",
    "modeles_de_langue",
    "tokenisation",
)
# What may follow the colon: one half of the set, or one theme.
PARTS = {"boutique": SHOP, "cours": COURSE, **{theme: (theme,) for theme in (*SHOP, *COURSE)}}


def read(given: Given) -> Reading:
    """Opens the whole set, or one part of it."""
    themes = PARTS[given.part] if given.part else (*SHOP, *COURSE)
    files = tuple(FOLDER / f"{theme}.jsonl" for theme in themes)
    return Reading(rows=_rows(files), files=files)


def split_phrasings(dialogues: Sequence[Kept], shares: Shares, seed: int) -> Splits:
    """Splits by entry and by phrasing, as told above. No test share: no ``test``, no ``recall``; so for validation."""
    entries: dict[str, dict[str, list[Kept]]] = {}  # theme → entry → its phrasings
    for dialogue in dialogues:
        entries.setdefault(dialogue.meta["theme"], {}).setdefault(dialogue.group, []).append(dialogue)
    homes: dict[str, str] = {}
    for theme in entries.values():
        unseen = _drawn(list(theme), shares.test, seed)
        for entry, phrasings in theme.items():
            whole = {dialogue.id: "test" for dialogue in phrasings}
            homes |= whole if entry in unseen else _homes(phrasings, shares, seed)
    splits: Splits = {"train": [], "validation": [], "test": [], "recall": []}
    for dialogue in dialogues:
        splits[homes[dialogue.id]].append(dialogue)
    return splits


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    for path in files:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield from _phrasings(path, number, line)


def _phrasings(path: Path, number: int, line: str) -> Iterator[Row]:
    entry = json.loads(line)
    for phrasing, question in enumerate(entry["questions"]):
        where = tr(f"ligne {number}, formulation {phrasing}", f"line {number}, phrasing {phrasing}")
        yield Row(
            key=f"{entry['id']}-{phrasing}",
            place=f"{path.name}, {where}",
            question=question,
            answer=entry["answer"],
            group=entry["id"],
            meta={"theme": entry["theme"], "phrasing": phrasing},
        )


def _count(share: float, of: int) -> int:
    return max(1, round(share * of)) if share else 0


def _drawn(entries: Sequence[str], share: float, seed: int) -> list[str]:
    return sorted(entries, key=lambda entry: seeded_order(entry, seed))[: _count(share, len(entries))]


def _homes(phrasings: Sequence[Kept], shares: Shares, seed: int) -> dict[str, str]:
    """Id → split, for the phrasings of one entry that is not in test; the first one always trains."""
    others = [dialogue.id for dialogue in phrasings if dialogue.meta["phrasing"] > 0]
    drawn = sorted(others, key=lambda key: seeded_order(key, seed))
    validation = _count(shares.validation, len(phrasings))
    recall = min(_count(shares.test, len(phrasings)), len(drawn) - min(validation, 1))  # leaves validation one
    homes = dict.fromkeys((dialogue.id for dialogue in phrasings), "train")
    homes |= dict.fromkeys(drawn[:recall], "recall")
    return homes | dict.fromkeys(drawn[recall : recall + validation], "validation")


SPEC = DatasetSpec(
    name="embedded",
    title=("Jeu intégré : le cours et une boutique en ligne", "Embedded set: the course and an online shop (French)"),
    language="fr",
    size=("470 entrées, 3 572 lignes, 0,3 Mo", "470 entries, 3,572 rows, 0.3 MB"),
    origin=("écrit pour Causette (datasets_prep/embedded)", "written for Causette (datasets_prep/embedded)"),
    licence=Licence(
        stated=("Apache-2.0", "Apache-2.0"),
        attribution="Causette",
        redistribution="yes",
        commercial_use="yes",
        personal_data=(
            "aucune : boutique et numéros de téléphone inventés",
            "none: invented shop, invented telephone numbers",
        ),
        link="https://www.apache.org/licenses/LICENSE-2.0",
        checked="2026-11",
        share_alike="no",
    ),
    read=read,
    parts=PARTS,
    invented=True,
    split_rule=SplitRule(
        split=split_phrasings,
        labels=("theme", "phrasing"),
        words=(
            "jeu intégré : la part de test en entrées entières, thème par thème ; pour les autres, la part de validation des "
            "formulations en validation, la part de test en recall (au moins une chaque fois), le reste en train (tirées "
            "selon la graine)",
            "embedded set: the test share in whole entries, theme by theme; of the phrasings of the others, the validation "
            "share to validation, the test share to recall (one at least each time), the rest to train (drawn by the seed)",
        ),
    ),
)
