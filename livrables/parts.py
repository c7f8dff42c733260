"""What the reports speak of, as values: a set, a training, a comparison, a search, votes; `livrables.material` reads them."""

from dataclasses import dataclass
from pathlib import Path

from livrables.fact import Fact, Source


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure for the reports.

    Args:
        file: PNG.
        caption: in the current language.
        source: what it was drawn from.
    """

    file: Path
    caption: str
    source: Source | None


@dataclass(frozen=True, kw_only=True)
class OneSource:
    """A source of a prepared set: its name, revision, licence and what the ledger says of it (texts of the manifest)."""

    name: Fact
    title: Fact
    address: Fact
    revision: Fact
    licence: Fact
    licence_address: Fact
    terms: dict[str, Fact]
    """What the licence allows: "redistribution", "commercial", "derivatives", "attribution"… → yes, no, unknown (told)."""
    attribution: Fact
    personal: Fact
    read: Fact
    kept: Fact
    rejected: Fact
    declared: bool
    """Whether the licence is the team's own declaration."""


@dataclass(frozen=True, kw_only=True)
class SetFacts:
    """A prepared set."""

    folder: Path
    name: str
    sources: tuple[OneSource, ...]
    read: Fact
    kept: Fact
    rejected: Fact
    splits: dict[str, Fact]
    reasons: tuple[tuple[str, Fact], ...]
    """Reasons of rejection with their counts, most frequent first."""
    cleaning: tuple[tuple[str, Fact], ...]
    """What the cleaning did (masked e-mails, duplicates, repaired lines…), told, with counts."""
    languages: tuple[tuple[str, Fact], ...]
    strictest: Fact
    """What the mixture's licences together allow, told."""
    lengths: tuple[tuple[str, Fact], ...]
    """Of the atlas, where it was drawn: median and longest question, answer and dialogue in tokens."""
    words: tuple[tuple[str, Fact], ...]
    """Of the atlas: the most frequent words with their counts."""
    findings: tuple[str, ...]
    clouds: tuple[Picture, ...]
    figures: tuple[Picture, ...]
    """The atlas' other figures."""

    @property
    def measured(self) -> bool:
        """False where there is no prepared set yet."""
        return self.read.measured


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """A training."""

    folder: Path
    name: str
    base: Fact
    parameters: Fact
    trained_parameters: Fact
    method: Fact
    template: Fact
    data: Fact
    """Name of the prepared set."""
    date: Fact
    device: Fact
    precision: Fact
    backend: Fact
    versions: tuple[tuple[str, Fact], ...]
    settings: tuple[tuple[str, Fact], ...]
    """Epochs, rate, batch, row length…: name told, value."""
    steps: Fact
    epochs: Fact
    best_step: Fact
    stopped: Fact
    seconds: Fact
    tokens_per_second: Fact
    loss_before: Fact
    loss_after: Fact
    gain: Fact
    """Fall of the validation loss, in %."""
    perplexity_before: Fact
    perplexity_after: Fact
    truncated: Fact
    findings: tuple[str, ...]
    samples: tuple["SampleFacts", ...]
    curve: Picture | None
    """Drawn by `livrables` from `history.csv`."""

    @property
    def measured(self) -> bool:
        """False where there is no training yet."""
        return self.date.measured


@dataclass(frozen=True, kw_only=True)
class SampleFacts:
    """A question asked before and after the training."""

    question: str
    expected: str
    before: str
    after: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class MeasureFacts:
    """One measure of a comparison: sides in the comparison's order."""

    key: str
    """"token_f1"."""
    name: str
    """Told: "F1 des mots"."""
    better: str
    """"higher", "lower" or ""."""
    values: tuple[Fact, ...]
    difference: Fact
    """Of main and reference, with its interval."""
    verdict: str
    """Told: what the gap shows or does not show."""


@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """A comparison on one split."""

    split: str
    told: str
    """"test (questions jamais vues)"."""
    sealed: bool
    questions: Fact
    sides: tuple[str, ...]
    measures: tuple[MeasureFacts, ...]
    conclusion: str = ""
    """What the differences allow to say of the specialised model beside the generic one, in a sentence."""
    caution: str
    """What is to be said of so few groups of questions; "" for enough."""
    failures: tuple[tuple[str, tuple[Fact, ...]], ...]
    """Kind of failure, count per side."""
    categories_of: str
    """What the table of categories tells: "Origine, F1 des mots"; "" without one."""
    categories: tuple[tuple[str, tuple[Fact, ...]], ...]
    """Category, and the measure of the specialised and of the generic model, of the first table of categories."""
    side_by_side: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Question, expected answer, answers of the sides; a few, drawn by the comparison's seed."""
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class ComparisonFacts:
    """`causette compare`."""

    folder: Path
    date: Fact
    main: str
    reference: str
    remarks: tuple[str, ...]
    splits: tuple[SplitFacts, ...]

    @property
    def measured(self) -> bool:
        """False where nothing was compared yet."""
        return self.date.measured


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """What was tried after the comparison: searches, decoding sweeps, other runs side by side."""

    searches: tuple["SearchFacts", ...]
    sweeps: tuple["SweepFacts", ...]
    undone: tuple[Fact, ...] = ()
    """What of it nobody has tried yet: "not measured", each with the command."""


@dataclass(frozen=True, kw_only=True)
class SearchFacts:
    """`causette search`."""

    folder: Path
    trials: Fact
    finished: Fact
    pruned: Fact
    best: tuple[tuple[str, Fact], ...]
    """Best settings found."""
    best_value: Fact
    """Bits per byte of validation answers: what the search makes small."""
    recipe_value: Fact
    """The same of the starting recipe."""
    conclusion: str
    importance: tuple[tuple[str, Fact], ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class SweepFacts:
    """`causette sweep` of one run."""

    run: str
    tried: Fact
    best: Fact
    """The way of decoding found best, told."""
    best_value: Fact
    measure: str
    """Told: by which it is best."""
    gain: Fact
    """On greedy decoding."""
    conclusion: str


@dataclass(frozen=True, kw_only=True)
class VoteFacts:
    """Votes of the user test."""

    persons: Fact
    votes: Fact
    preference: Fact
    """Share for the specialised model among decided votes, with its interval."""
    ties: Fact
    conclusion: str
    thumbs_up: Fact
    thumbs_down: Fact


@dataclass(frozen=True, kw_only=True)
class TrialFacts:
    """One question put to a model before any training of the team's, as notebook 1 notes it (`livrables.first_steps`)."""

    model: Fact
    prompt: str
    answer: str
    sampling: Fact
    """Told: "température 0,8, top-p 0,9"."""
    tokens: Fact
    seconds: Fact
