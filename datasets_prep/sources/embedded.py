"""The embedded set: questions and answers in French, written for Causette.

Upstream: this repository, ``datasets_prep/embedded/``, one file per theme. 470 entries of one answer and six phrasings
of its question (2,820 rows, 0.3 MB): the course's own subject (``embedded:cours``), and the customer service of an
online bookshop (``embedded:boutique``). Licence: that of the project, Apache-2.0.

Sample entry::

    {"id": "hub-001", "theme": "hub", "questions": ["Qu'est-ce que le Hugging Face Hub ?", …], "answer": "Le Hub est …"}

It fixes its own splits, which answer two questions. Does a model *generalise*? About a tenth of each theme's entries go
whole to ``test``. Does it *recall*? Of the other entries, one phrasing goes to ``validation`` and one to ``recall``: a
known answer under an unseen wording. The first phrasing always stays in ``train``.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from chatbot.dialogue import Dialogue
from datasets_prep.rows import Row
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading, Shares, SplitRule, Splits
from datasets_prep.splits import seeded_order

FOLDER = Path(__file__).parent.parent / "embedded"
SHOP = ("boutique_commande", "boutique_service")
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


def split_phrasings(dialogues: Sequence[Dialogue], shares: Shares, seed: int) -> Splits:
    """Splits by entry and by phrasing, as told above. A share of 0 for test or validation leaves it empty."""
    entries: dict[str, dict[str, None]] = {}  # theme → its entries, each once
    for dialogue in dialogues:
        entries.setdefault(dialogue.meta["theme"], {})[dialogue.group] = None
    unseen = {entry for theme in entries.values() for entry in _drawn(list(theme), shares.test, seed)}
    splits: Splits = {"train": [], "validation": [], "test": [], "recall": []}
    for dialogue in dialogues:
        splits["test" if dialogue.group in unseen else _home(dialogue, shares, seed)].append(dialogue)
    return splits


def _rows(files: Sequence[Path]) -> Iterator[Row]:
    for path in files:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield from _phrasings(path, number, line)


def _phrasings(path: Path, number: int, line: str) -> Iterator[Row]:
    entry = json.loads(line)
    for phrasing, question in enumerate(entry["questions"]):
        yield Row(
            key=f"{entry['id']}-{phrasing}",
            place=f"{path.name} line {number}, phrasing {phrasing}",
            question=question,
            answer=entry["answer"],
            group=entry["id"],
            meta={"theme": entry["theme"], "phrasing": phrasing},
        )


def _drawn(entries: Sequence[str], share: float, seed: int) -> list[str]:
    count = max(1, round(len(entries) * share)) if share else 0
    return sorted(entries, key=lambda entry: seeded_order(entry, seed))[:count]


def _home(dialogue: Dialogue, shares: Shares, seed: int) -> str:
    """The split of one phrasing of an entry that is not in test."""
    phrasing = dialogue.meta["phrasing"]
    drawn = sorted(range(1, 6), key=lambda index: seeded_order(f"{dialogue.group}-{index}", seed))
    if phrasing == drawn[0]:
        return "recall"
    return "validation" if phrasing == drawn[1] and shares.validation else "train"


SPEC = DatasetSpec(
    name="embedded",
    title=("Jeu intégré : le cours et une boutique en ligne", "Embedded set: the course and an online shop (French)"),
    language="fr",
    size="470 entries, 2,820 rows, 0.3 MB",
    origin="written for Causette: datasets_prep/embedded",
    licence=Licence(
        stated="Apache-2.0",
        attribution="the authors of Causette",
        redistribution="yes",
        commercial_use="yes",
        personal_data="none: invented shop, invented telephone numbers",
        link="https://www.apache.org/licenses/LICENSE-2.0",
        checked="2026-11",
    ),
    read=read,
    parts=tuple(PARTS),
    split_rule=SplitRule(
        split=split_phrasings,
        words=(
            "jeu intégré : la part de test en entrées entières, thème par thème ; pour les autres, une formulation en "
            "validation, une en recall, le reste en train (tirées selon la graine)",
            "embedded set: the test share in whole entries, theme by theme; of the others, one phrasing to validation, "
            "one to recall, the rest to train (drawn by the seed)",
        ),
    ),
)
