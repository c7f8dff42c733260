"""The options of `prepare`, each once, and what must hold among them."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.cleaning import Limits
from datasets_prep.spec import Shares

Similarity = Annotated[float, Field(ge=0.5, le=1)]


class PrepareConfig(BaseModel):
    """What to read, how to sift and split it, and where to write it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    sources: tuple[str, ...]
    """Sets to read, in order: embedded, embedded:boutique, medquad, or CSV and JSON files."""
    out: Path
    """Folder to write; it appears whole or not at all."""
    replace: bool = False
    """Whether a prepared set already in that folder is replaced."""
    from_file: Path | None = None
    """File to read instead of downloading, for the one source that needs it (medquad, csv, jsonl)."""
    columns: tuple[str, str] | None = None
    """Names (or numbers) of the question column and of the answer column of CSV files, instead of guessing them."""
    encoding: str | None = None
    """Encoding of the CSV and JSON files, instead of finding it out: utf-8, cp1252, utf-16."""
    separator: str | None = None
    """Separator of the columns of CSV files, instead of finding it out: a character, or tab."""
    no_header: bool = False
    """Whether the first row of CSV files is data already, instead of finding it out."""
    shares: Shares = Shares(0.8, 0.1, 0.1)
    """Parts of the rows that go to train, validation and test; they sum to 1, and 0 leaves a split empty."""
    seed: int = 0
    """What draws the splits: the same seed gives the same splits."""
    shortest_question: PositiveInt = 2
    """Characters under which a question is rejected."""
    longest_question: PositiveInt = 4_000
    """Characters above which a question is rejected."""
    shortest_answer: PositiveInt = 2
    """Characters under which an answer is rejected."""
    longest_answer: PositiveInt = 30_000
    """Characters above which an answer is rejected; training cuts what its context cannot hold."""
    near_question: Similarity = 0.9
    """Word similarity from which two questions are near, 0.5 to 1; a near duplicate needs both sides near."""
    near_answer: Similarity = 0.85
    """Word similarity from which two answers are near, 0.5 to 1; a near duplicate needs both sides near."""

    @property
    def limits(self) -> Limits:
        """The lengths as the cleaning takes them."""
        return Limits(**{name: getattr(self, name) for name in Limits.__dataclass_fields__})


def check_config(config: PrepareConfig) -> None:
    """Checks what no single type can say.

    Raises:
        InputError: no source, or shares that do not sum to 1.
    """
    if not config.sources:
        raise InputError(
            tr(
                "Aucune source donnée. Par exemple : causette prepare embedded --out data/embedded",
                "No source given. For example: causette prepare embedded --out data/embedded",
            )
        )
    # Said positively: every comparison with NaN is false.
    if not (min(config.shares) >= 0 and config.shares.train > 0 and abs(sum(config.shares) - 1) <= 1e-6):
        received = ",".join(f"{share:g}" for share in config.shares)
        raise InputError(
            tr(
                "--shares doit donner trois parts (train, validation, test) de somme 1, train au-dessus de 0.\n"
                f"Par exemple : 0.8,0.1,0.1. Reçu : {received}.",
                "--shares must give three parts (train, validation, test) that sum to 1, train above 0.\n"
                f"For example: 0.8,0.1,0.1. Received: {received}.",
            )
        )
