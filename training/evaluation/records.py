"""What an evaluation holds: values that go to JSON and come back, from which every number is computed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from chatbot.dialogue import Message
from chatbot.sampling import Sampling

Kind = Literal["model", "bm25", "copied_question"]
SEALED = ("validation", "test", "recall")  # their questions never become training data


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """What must be the same on all sides of a comparison.

    Args:
        split: split of the prepared set: test, recall, validation, train.
        questions: answers to generate at most; the same ones for every model, drawn by `seed`.
        scored: dialogues whose expected answers are scored for perplexity, at most.
        batch: questions answered at a time.
        sampling: how tokens are chosen.
        seed: which questions.
    """

    split: str = "test"
    questions: int = 40
    scored: int = 200
    batch: int = 20
    sampling: Sampling = field(default_factory=lambda: Sampling(max_new_tokens=96, seed=1))
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class AnswerRecord:
    """One answer beside the expected one, with all that is measured of it alone.

    Args:
        id, group: of the dialogue; groups are what a split never cuts, the unit that is resampled.
        categories: see `categories`.
        prompt: fingerprint of the messages that were asked.
        context: text that came with the question.
        history: the messages before that question, as `Message.to_json` gives them.
        finish: how it ended, see `chatbot.chat.Answer`.
        new_tokens, seconds: its size, and its share of its batch's time.
        bleu: see `metrics.bleu_counts`.
        repetition: None for an answer too short to repeat itself.
        language, wanted_language: of the answer, and of the question (else of the expected answer); "" where not sure.
        nearness: share of the answer's 4-grams of words that stand in the nearest training answer; None where not
            looked for, or for an answer of fewer words.
        nearest: id of that training dialogue.
        bertscore: see `similarity`; None where no encoder was asked for.
        label, wanted_label: for sets whose answers are labels; "" for an answer that is none of them.
    """

    id: str
    group: str = ""
    categories: Mapping[str, str] = field(default_factory=dict)
    prompt: str = ""
    question: str
    context: str = ""
    history: Sequence[Mapping[str, str]] = ()
    expected: str
    answer: str
    finish: str
    new_tokens: int
    seconds: float = 0.0
    words: int = 0
    token_f1: float
    exact_match: float = 0.0
    rouge_1: float = 0.0
    rouge_2: float = 0.0
    rouge_l: float
    chrf: float = 0.0
    bleu: Sequence[int] = ()
    repetition: float | None = None
    language: str = ""
    wanted_language: str = ""
    nearness: float | None = None
    nearest: str = ""
    bertscore: float | None = None
    label: str = ""
    wanted_label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "history", tuple(self.history))  # a list where it comes from JSON

    @property
    def drifted(self) -> bool | None:
        """Whether it is in another language than was asked in; None where one of the two is not known."""
        return self.language != self.wanted_language if self.language and self.wanted_language else None


@dataclass(frozen=True, kw_only=True)
class ScoreRecord:
    """What one expected answer costs a model, end token included: nats, over tokens, and bytes of the answer."""

    id: str
    group: str
    nats: float
    tokens: int
    octets: int


@dataclass(frozen=True, kw_only=True)
class WaitRecord:
    """How long a person alone waits for an answer: seconds to its first text, and in all."""

    id: str
    group: str
    first_seconds: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One model, or one baseline, on one split.

    Args:
        model: its name.
        kind: a model, or what it must be better than.
        weights: fingerprint of its weights; "" for a baseline.
        template: of its prompts.
        method: how it was fine-tuned; "" for a model that is no run.
        settings: as a dictionary, to be compared.
        answers, scores, waits: what was measured; a baseline has no scores.
        left_out: questions that do not fit into the model's context, so that no answer was asked for.
        scored_cut: scored answers that the context cut; what was cut off is in neither measure.
    """

    model: str
    kind: Kind = "model"
    weights: str = ""
    template: str = ""
    method: str = ""
    settings: dict[str, Any]
    answers: tuple[AnswerRecord, ...]
    scores: tuple[ScoreRecord, ...] = ()
    waits: tuple[WaitRecord, ...] = ()
    left_out: int = 0
    scored_cut: int = 0

    @property
    def prompts(self) -> str:
        """Fingerprint of all that was asked, in its order."""
        return fingerprint([[answer.id, answer.prompt] for answer in self.answers])

    def only(self, ids: Iterable[str]) -> "Evaluation":
        """The same, as far as these dialogues go."""
        kept = frozenset(ids)
        return replace(
            self,
            answers=tuple(one for one in self.answers if one.id in kept),
            scores=tuple(one for one in self.scores if one.id in kept),
            waits=tuple(one for one in self.waits if one.id in kept),
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Evaluation":
        """Reads `to_json`'s form, more keys or not."""
        fields = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        lists = {"answers": AnswerRecord, "scores": ScoreRecord, "waits": WaitRecord}
        return cls(
            **fields | {name: tuple(kind(**one) for one in fields.get(name, ())) for name, kind in lists.items()}
        )


def fingerprint(value: Any) -> str:
    """sha256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def prompt_fingerprint(messages: Sequence[Message]) -> str:
    """Fingerprint of what is asked, before any template: models of other tokenizers can be asked the same."""
    return fingerprint([message.to_json() for message in messages])[:16]
