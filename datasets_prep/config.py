"""The options of `prepare`, each once, and what must hold among them."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.cleaning import Limits
from datasets_prep.languages import LANGUAGES
from datasets_prep.own_licence import declared
from datasets_prep.phrasing import RequestLanguage
from datasets_prep.questions.making import Maker, Making
from datasets_prep.spec import Shares

Similarity = Annotated[float, Field(ge=0.5, le=1)]


class PrepareConfig(BaseModel):
    """What to read, how to sift and split it, and where to write it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    sources: tuple[str, ...]
    """Sets or files to read, each with its part and its weight in training: embedded:boutique, medquad:2, faq.csv, code.pdf."""
    out: Path
    """Folder to write; it appears whole or not at all."""
    replace: bool = False
    """Whether a prepared set already in that folder is replaced."""
    from_file: Path | dict[str, Path] | None = None
    """File to read instead of downloading, for the one source that needs it; for several, name of each → its file."""
    columns: tuple[str, str] | None = None
    """Names (or numbers) of the question column and of the answer column of CSV files, instead of guessing them."""
    encoding: str | None = None
    """Encoding of the CSV and JSON files, instead of finding it out: utf-8, cp1252, utf-16."""
    separator: str | None = None
    """Separator of the columns of CSV files, instead of finding it out: a character, or tab."""
    no_header: bool = False
    """Whether the first row of CSV files is data already, instead of finding it out."""
    licence: str | None = None
    """Licence that the owner of the user's own files declares for them: cc-by-4.0, etalab-2.0, propriétaire…"""
    attribution: str = ""
    """Whom to name, under that licence."""
    requests: RequestLanguage | None = None
    """Language of the requests that Causette phrases, for sets without questions; by default that of their texts."""
    maker: Maker | None = None
    """What makes pairs from PDF and text files: rules (the default) or model."""
    max_calls: PositiveInt | None = None
    """Calls to the model at most, in one run."""
    max_cost: NonNegativeFloat | None = None
    """Money that the calls of one run may cost at most; needs the prices."""
    prices: tuple[NonNegativeFloat, NonNegativeFloat] | None = None
    """Prices of the model per million tokens read and written; else those of CAUSETTE_LLM_PRICES."""
    shares: Shares = Shares(0.8, 0.1, 0.1)
    """Parts of the rows that go to train, validation and test; they sum to 1, and 0 leaves a split empty."""
    seed: int = 0
    """What draws the splits: the same seed gives the same splits."""
    shortest_question: PositiveInt = Limits.shortest_question
    """Characters under which a question is rejected."""
    longest_question: PositiveInt = Limits.longest_question
    """Characters above which a question is rejected."""
    shortest_answer: PositiveInt = Limits.shortest_answer
    """Characters under which an answer is rejected."""
    longest_answer: PositiveInt = Limits.longest_answer
    """Characters above which an answer is rejected; training cuts what its context cannot hold."""
    near_question: Similarity = 0.9
    """Word similarity from which two questions are near, 0.5 to 1; a near duplicate needs both sides near."""
    near_answer: Similarity = 0.85
    """Word similarity from which two answers are near, 0.5 to 1; a near duplicate needs both sides near."""
    only_language: str = ""
    """Language of the dialogues kept (fr, en…), those of which it is not sure included; empty keeps all."""
    keep_personal: bool = False
    """Whether e-mail addresses, telephone, card, account and social-security numbers stay instead of being masked."""
    cut_boilerplate: bool = False
    """Whether sentences that come back under many questions are cut out of the answers instead of only counted."""
    show_leak: bool = False
    """Whether the test rows with a near neighbour in training are counted, here and in a split at random."""

    @property
    def said(self) -> dict[str, Any]:
        """What the user said about the sources that take it; None where nothing was said.

        Raises:
            InputError: a licence that is not known here.
        """
        making = self.model_dump(include={"maker", "max_calls", "max_cost", "prices"}, exclude_none=True)
        return {
            "columns": self.columns,
            "encoding": self.encoding,
            "separator": self.separator,
            "no_header": self.no_header or None,
            "licence": None if self.licence is None else declared(self.licence, self.attribution),
            "requests": self.requests,
            "making": Making(**making) if making else None,
        }


def check_config(config: PrepareConfig) -> None:
    """Checks what no single type can say.

    Raises:
        InputError: no source, shares that do not sum to 1, a language that is not told apart, or somebody to name without
            a licence.
    """
    if config.only_language not in ("", *LANGUAGES):
        known = ", ".join(LANGUAGES)
        raise InputError(
            tr(
                f"--only-language {config.only_language} : langue inconnue. Connues : {known}.",
                f"--only-language {config.only_language}: unknown language. Known: {known}.",
            )
        )
    if not config.sources:
        raise InputError(
            tr(
                "Aucune source donnée. Par exemple : causette prepare embedded --out data/embedded",
                "No source given. For example: causette prepare embedded --out data/embedded",
            )
        )
    if config.attribution and config.licence is None:
        raise InputError(
            tr(
                "--attribution dit qui citer sous une licence : donnez-la aussi, par exemple --licence cc-by-4.0",
                "--attribution says whom to name under a licence: give that too, for example --licence cc-by-4.0",
            )
        )
    if config.show_leak and not config.shares.test:
        raise InputError(
            tr(
                "--show-leak compare test à train, et la part de test est nulle. Donnez-lui une part : --shares 0.8,0.1,0.1",
                "--show-leak compares test with train, and the share of test is 0. Give it one: --shares 0.8,0.1,0.1",
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
