"""What came out of a source: its rows kept, its rows rejected by reason, and what the cleaning did to them."""

from collections import Counter
from dataclasses import dataclass, field

from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.chosen import Source
from datasets_prep.rows import Rejected, reason_in_words
from datasets_prep.spec import Reading
from datasets_prep.spool import Kept
from datasets_prep.tally import Tally


@dataclass(kw_only=True)
class Sifted:
    """What came out of a source: every row read is in `kept` or counted in `rejected`.

    Args:
        source: where the rows come from.
        reading: it, opened.
        read: how many rows it gave.
        kept: what is remembered of the dialogues kept.
        rejected: reason → how many rows.
        first_rejected: where the first of them stands.
        tally: what the cleaning did, with examples.
    """

    source: Source
    reading: Reading
    read: int = 0
    kept: list[Kept] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejected: str = ""
    tally: Tally = field(default_factory=Tally)

    def note_rejected(self, row: Rejected) -> None:
        """Counts a row that is not kept."""
        self.rejected[row.reason] += 1
        self.first_rejected = self.first_rejected or row.place
        self.tally.note_rejected(row)


def reasons_in_words(rejected: Counter[str]) -> str:
    """ "48 × exact duplicate, 12 × near duplicate", the most frequent first."""
    return ", ".join(f"{number(count)} × {reason_in_words(reason)}" for reason, count in rejected.most_common())


def check_some_kept(sifted: Sifted) -> None:
    """Raises InputError for a source of which nothing is kept: it says why."""
    if sifted.kept:
        return
    name = sifted.source.words
    if not sifted.read:
        raise InputError(
            tr(f"{name} : aucune ligne de données dans le fichier.", f"{name}: no row of data in the file.")
        )
    first, reasons = sifted.first_rejected, reasons_in_words(sifted.rejected)
    read = number(sifted.read)
    raise InputError(
        tr(
            f"{name} : aucune ligne gardée sur {read} ({reasons}).\nPremier rejet : {first}. Corrigez le fichier.",
            f"{name}: none of {read} rows kept ({reasons}).\nFirst rejected: {first}. Mend the file.",
        )
    )
