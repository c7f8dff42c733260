"""How well a model answers: loss on the expected answers, and measures of the answers it writes itself."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.model import LanguageModel, weights_fingerprint
from chatbot.runner import Answer, ChatModel, fit_window
from chatbot.sampling import Sampling
from training import metrics
from training.loop import total_loss
from training.packing import Encoded, PackedRows, cut_to, encode, fit_length


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """What must be the same on both sides of a comparison.

    Args:
        split: split of the prepared set: test, recall, validation.
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
    """One generated answer beside the expected one."""

    id: str
    question: str
    expected: str
    answer: str
    finish: str
    new_tokens: int
    token_f1: float
    rouge_l: float


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The measures of one model on one split.

    Args:
        model: its name.
        weights: fingerprint of its weights.
        prompts: fingerprint of the token ids of all prompts.
        settings: as a dictionary, to be compared.
        measures: name → value; see `MEASURES`.
        answers: what was generated.
        left_out: questions that do not fit into the model's context, so that no answer was asked for.
        scored: expected answers that perplexity and bits per byte were measured on.
        scored_cut: those of them that the context cut; what was cut off is in neither measure.
    """

    model: str
    weights: str
    prompts: str
    settings: dict[str, Any]
    measures: dict[str, float]
    answers: tuple[AnswerRecord, ...]
    left_out: int = 0
    scored: int = 0
    scored_cut: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


# Name, is higher better (None: neither), digits shown, French and English label.
MEASURES: dict[str, tuple[bool | None, int, str, str]] = {
    "perplexity": (False, 1, "Perplexité par jeton de réponse", "Perplexity per response token"),
    "bits_per_byte": (False, 3, "Bits par octet de réponse", "Bits per byte of response"),
    "token_f1": (True, 3, "F1 des mots", "Word F1"),
    "exact_match": (True, 3, "Réponse exacte (part)", "Exact match (share)"),
    "rouge_l": (True, 3, "ROUGE-L", "ROUGE-L"),
    "chrf": (True, 3, "chrF", "chrF"),
    "distinct_1": (None, 3, "Distinct-1", "Distinct-1"),
    "distinct_2": (None, 3, "Distinct-2", "Distinct-2"),
    "ended": (True, 3, "Réponses qui se terminent d'elles-mêmes (part)", "Answers that end by themselves (share)"),
    "mean_words": (None, 1, "Mots par réponse", "Words per answer"),
    "tokens_per_second": (None, 0, "Jetons par seconde (par lots)", "Tokens per second (in batches)"),
}


class Evaluator:
    """Measures one model, on as many splits as wanted; what it compiles is compiled once.

    Args:
        model: with the template that the prompts are to be written in.
    """

    def __init__(self, model: LanguageModel):
        from training.packed_lm import PackedCausalLM

        self.model = model
        self._chat = ChatModel(model)
        self._scorer = PackedCausalLM(model.causal_lm, dtype=model.causal_lm.dtype_policy)
        self._scorer.compile(jit_compile=False)
        self._weights = weights_fingerprint(model.causal_lm)

    def evaluate(
        self,
        dialogues: Sequence[Dialogue],
        settings: EvaluationSettings,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Evaluation:
        """The measures on a split.

        Args:
            dialogues: the whole split; questions are drawn from it.
            settings: which questions, how they are answered.
            progress: called with (answers done, answers in all).

        Raises:
            InputError: the split is empty, or none of its questions fits into the context.
        """
        if not dialogues:
            raise InputError(
                tr(f"La partie « {settings.split} » est vide : rien à évaluer.",
                   f"The split `{settings.split}` is empty: nothing to evaluate.")
            )  # fmt: skip
        chosen = self._chosen(dialogues, settings)
        encoded, cut = self._scorable(drawn(dialogues, settings.scored, settings.seed))
        if not chosen or not encoded:
            raise InputError(
                tr(f"Aucune question de la partie « {settings.split} » ne tient dans le contexte "
                   f"({self.model.context} jetons).",
                   f"No question of the split `{settings.split}` fits into the context ({self.model.context} tokens).")
            )  # fmt: skip
        records, seconds = self._answers(chosen, settings, progress)
        scores = self._scores(encoded)
        speed = sum(record.new_tokens for record in records) / seconds
        return Evaluation(
            model=self.model.name,
            weights=self._weights,
            prompts=self._prompts_fingerprint(chosen, settings),
            settings=asdict(settings),
            measures={**scores, **text_measures(records), "tokens_per_second": speed},
            answers=tuple(records),
            left_out=min(settings.questions, len(dialogues)) - len(chosen),
            scored=len(encoded),
            scored_cut=cut,
        )

    def answer(
        self,
        dialogues: Sequence[Dialogue],
        settings: EvaluationSettings,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[AnswerRecord]:
        """The answers alone, to the questions that fit into the context; arguments as of `evaluate`."""
        chosen = self._chosen(dialogues, settings)
        return self._answers(chosen, settings, progress)[0] if chosen else []

    def _chosen(self, dialogues: Sequence[Dialogue], settings: EvaluationSettings) -> list[Dialogue]:
        drawn_ones = drawn(dialogues, settings.questions, settings.seed)
        return [dialogue for dialogue in drawn_ones if self._fits(dialogue, settings)]

    def _fits(self, dialogue: Dialogue, settings: EvaluationSettings) -> bool:
        try:
            fit_window(self.model, dialogue.messages[:-1], settings.sampling.max_new_tokens)
        except InputError:
            return False
        return True

    def _scorable(self, dialogues: Sequence[Dialogue]) -> tuple[Sequence[Encoded], int]:
        """The dialogues cut to the context, without those of which no answer is left, and how many were cut."""
        encoded = encode(dialogues, self.model.template, self.model.tokenizer)
        length = fit_length(encoded, self.model.context)
        answered = [dialogue for dialogue in encoded if dialogue.trainable[1 : length + 1].any()]
        return cut_to(answered, length) if answered else ([], 0)

    def _answers(self, chosen, settings: EvaluationSettings, progress) -> tuple[list[AnswerRecord], float]:
        """Answers to all questions, and the seconds they took without compiling."""
        records: list[AnswerRecord] = []
        seconds = 0.0
        # Questions of like length share a batch: the shortest row waits for the longest prompt.
        for batch in even_batches(sorted(chosen, key=lambda dialogue: len(dialogue.question)), settings.batch):
            prompts = [dialogue.messages[:-1] for dialogue in batch]
            self._chat.warm_up(prompts, settings.sampling)  # what is compiled in it is not timed
            for dialogue, answer in zip(batch, self._chat.answers(prompts, settings.sampling), strict=True):
                seconds += answer.seconds
                records.append(record_of(dialogue, answer))
            progress(len(records), len(chosen))
        return records, seconds

    def _scores(self, encoded: Sequence[Encoded]) -> dict[str, float]:
        """Perplexity per response token and bits per byte of response, end token included, over packed rows."""
        rows = PackedRows.of(encoded, fit_length(encoded, self.model.context))
        loss, tokens = total_loss(self._scorer, rows.batches(8))
        octets = sum(len(self.model.tokenizer.decode(d.ids[d.trainable].tolist()).encode()) for d in encoded)
        return {"perplexity": math.exp(min(loss / tokens, 700.0)), "bits_per_byte": loss / math.log(2) / octets}

    def _prompts_fingerprint(self, chosen: Sequence[Dialogue], settings: EvaluationSettings) -> str:
        longest = settings.sampling.max_new_tokens
        windows = [fit_window(self.model, dialogue.messages[:-1], longest)[0] for dialogue in chosen]
        return hashlib.sha256(json.dumps(windows).encode()).hexdigest()


def even_batches(dialogues: Sequence[Dialogue], size: int) -> list[Sequence[Dialogue]]:
    """Batches of at most `size`, of as equal sizes as can be: each new size costs a compilation."""
    count = -(-len(dialogues) // size)
    size = -(-len(dialogues) // count)
    return [dialogues[start : start + size] for start in range(0, len(dialogues), size)]


def record_of(dialogue: Dialogue, answer: Answer) -> AnswerRecord:
    """A generated answer beside the expected one, with its likeness to it."""
    return AnswerRecord(
        id=dialogue.id,
        question=dialogue.question,
        expected=dialogue.answer,
        answer=answer.text,
        finish=answer.finish,
        new_tokens=answer.new_tokens,
        token_f1=metrics.token_f1(answer.text, dialogue.answer),
        rouge_l=metrics.rouge_l(answer.text, dialogue.answer),
    )


def text_measures(answers: Sequence[AnswerRecord]) -> dict[str, float]:
    """Likeness to the expected answers, variety, and how answers end."""
    texts, expected = [a.answer for a in answers], [a.expected for a in answers]
    return {
        "token_f1": metrics.mean([a.token_f1 for a in answers]),
        "exact_match": metrics.mean([metrics.exact_match(a.answer, a.expected) for a in answers]),
        "rouge_l": metrics.mean([a.rouge_l for a in answers]),
        "chrf": metrics.chrf(texts, expected),
        "distinct_1": metrics.distinct(texts, 1),
        "distinct_2": metrics.distinct(texts, 2),
        "ended": metrics.mean([float(a.finish == "end") for a in answers]),
        "mean_words": metrics.mean([float(len(metrics.words(text))) for text in texts]),
    }
