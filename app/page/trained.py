"""What the tabs *Entraînement* and *À propos* show of a run and of its model, as values; see `exhibits`."""

from dataclasses import dataclass
from typing import Any

from app.page.exhibits import DataExhibit, Said


@dataclass(frozen=True, kw_only=True)
class Point:
    """A validation on the way; losses are means over the tokens of answers, in nats."""

    step: int
    epoch: float
    loss: float
    validation_loss: float
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One option of the training: its value, its default, and what it is for."""

    key: str
    value: Any
    default: Any
    doc: Said

    @property
    def changed(self) -> bool:
        return self.value != self.default


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the diagnosis told; `language` is that of the training where its words are known in that one alone."""

    step: int
    text: Said
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """One question that was asked again and again, and (step, answer) in the order of the steps."""

    question: str
    expected: str
    answers: tuple[tuple[int, str], ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A value with its 95% interval, and on how many dialogues."""

    value: float
    low: float | None
    high: float | None
    dialogues: int


@dataclass(frozen=True, kw_only=True)
class MeasureRow:
    """A measure of all sides, in the order of `Comparison.sides`; None where it was not taken.

    Args:
        name, label: its key, and its name.
        digits: shown.
        higher: whether higher is better; None: neither.
        values: of the sides.
        verdict: better, worse, different, unsure or "": the main model beside the reference.
        told: the verdict in words.
    """

    name: str
    label: Said
    digits: int
    higher: bool | None
    values: tuple[Measured | None, ...]
    verdict: str
    told: Said


@dataclass(frozen=True, kw_only=True)
class ComparedSplit:
    """What was found on one split.

    Args:
        split, title: its name, and what it asks.
        questions: asked.
        conclusion: the report's own sentences; Markdown's ** and ` stand in them.
        rows: the measures.
    """

    split: str
    title: Said
    questions: int
    conclusion: tuple[Said, ...]
    rows: tuple[MeasureRow, ...]


@dataclass(frozen=True, kw_only=True)
class Side:
    """A column of the comparison; its role is main, reference, other or baseline."""

    name: Said
    role: str


@dataclass(frozen=True, kw_only=True)
class ComparisonExhibit:
    """The comparison of the run with the generic model and the baselines, read from its file."""

    date: str
    sides: tuple[Side, ...]
    splits: tuple[ComparedSplit, ...]
    limits: tuple[Said, ...]


@dataclass(frozen=True, kw_only=True)
class TrainingExhibit:
    """A run.

    Args:
        name, base, method: of the run, of its base model, and how it was trained.
        date: ISO 8601; "" where it was not noted.
        curve: its validations.
        before, after: validation loss before the training, and of the weights kept.
        best_step, steps, planned_steps, epochs: how far it went.
        stopped: "patience", "nan" or "".
        seconds, tokens: of training.
        row_length, row_filled: tokens of a row, and the share of it that is used.
        truncated: dialogues cut by the length of the rows.
        weights_moved: relative change of the trained weights; None where it was not measured.
        device, precision, backend: where it ran.
        settings: all options.
        findings: of the diagnosis.
        samples: the same questions over the training.
        comparison: None where the run was not compared.
        measure_command: that compares it.
    """

    name: str
    base: str
    method: str
    date: str
    curve: tuple[Point, ...]
    before: float
    after: float
    best_step: int
    steps: int
    planned_steps: int
    epochs: float
    stopped: str
    seconds: float
    tokens: int
    row_length: int
    row_filled: float | None
    truncated: int
    weights_moved: float | None
    device: str
    precision: str
    backend: str
    settings: tuple[Setting, ...]
    findings: tuple[Finding, ...]
    samples: tuple[Sampled, ...]
    comparison: ComparisonExhibit | None
    measure_command: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of a model card: a heading, a paragraph, or a table whose first row is its head."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class AboutExhibit:
    """The model and what it is made with; what is not known is "" or None.

    Args:
        name: of the model on the page.
        base: that it was fine-tuned from.
        method: of the fine-tuning; "" for a model that is no run.
        data: name of its training set.
        data_licences: of that set's sources.
        attributions: whom to name.
        architecture, template: names.
        parameters, context, vocabulary, layers, width, heads: its sizes.
        versions: of what answers here.
        trained_with: versions noted by the training.
        card_of, card: the base model's own card, in English.
    """

    name: str
    base: str = ""
    method: str = ""
    data: str = ""
    data_licences: tuple[Said, ...] = ()
    attributions: tuple[str, ...] = ()
    architecture: str = ""
    template: str = ""
    parameters: int | None = None
    context: int | None = None
    vocabulary: int | None = None
    layers: int | None = None
    width: int | None = None
    heads: int | None = None
    versions: tuple[tuple[str, str], ...] = ()
    trained_with: tuple[tuple[str, str], ...] = ()
    card_of: str = ""
    card: tuple[Block, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Exhibits:
    """Of one model: all three tabs. What is None is so for the reason in `why`."""

    model: str
    data: DataExhibit | None = None
    training: TrainingExhibit | None = None
    about: AboutExhibit
    why: Said | None = None
